"""What a sentence counts in words: "a hexagon has nine diagonals", "infinitely many such primes"."""

import re

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_COUNT = (
    rf"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-(?:{_ONES}))?|{_ONES}|ten|eleven|twelve"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen)(?![-\w])"
)
_OTHERWISE = (
    r"(?:more|fewer|less|or|and|of|to|by|than|times|pairs?|sets?|dozens?|point|half|halves|thirds?|quarters?|\w+ths?)\b"
)
"""What makes another number of a count: `two more sides`, `two pairs of sides`, `nine hundredths`."""
_COUNTED = re.compile(
    rf"""(?: [^,;:]*\b(?:has|have|had|needs?|takes?|contains?|makes?)\s+(?:exactly\s+|only\s+)?
             ({_COUNT}(?:\s+(?!{_OTHERWISE})[a-z]+){{1,2}})
           | (infinitely\s+many)\s+such\s+[a-z]+
        )\W*""",
    re.VERBOSE | re.IGNORECASE,
)
_NUMBERS = re.compile(rf"\b(?:{_COUNT}|half|thirds?|quarters?|twice|zero|hundred|thousand|million)\b", re.IGNORECASE)


def counted(statement: str) -> str:
    """The one number that a statement without formulas says in words, with what it counts; or an empty text."""
    found = _COUNTED.fullmatch(statement)
    return found[1] or found[2] if found and len(_NUMBERS.findall(statement)) <= 1 else ""
