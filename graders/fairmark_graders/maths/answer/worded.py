"""What a sentence says in words alone: "a hexagon has nine diagonals", "they meet on a Thursday"."""

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
_SPAN = "(?:hour|minute|second|day|week|month|year)"
_COUNTED = re.compile(
    rf"""(?: [^,;:]*\b(?:has|have|had|needs?|takes?|contains?|makes?)\s+(?:exactly\s+|only\s+)?
             ({_COUNT}(?:\s+(?!{_OTHERWISE})[a-z]+){{1,2}})
           | [^,;:]*\b(?:is|are|equals)\s+(?:exactly\s+)?({_COUNT})
           | (infinitely\s+many)\s+such\s+[a-z]+
           | [^,;:]*\b(?:takes?|took|lasts?|lasted|needs?|is|was|for|in)\s+(?:about\s+)?
             (?P<span> half\s+an?\s+{_SPAN} | (?:an?|three|one)[\s-]quarters?\s+of\s+an?\s+{_SPAN}
             | (?:an?|{_COUNT})\s+{_SPAN}s?\s+and\s+a\s+half )
           | [^,;:]*\bon\s+(?:an?\s+)?((?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)
        )\W*""",
    re.VERBOSE | re.IGNORECASE,
)
_NUMBERS = re.compile(rf"\b(?:{_COUNT}|half|thirds?|quarters?|twice|zero|hundred|thousand|million)\b", re.IGNORECASE)
_DAYS = re.compile(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day", re.IGNORECASE)


def counted(statement: str) -> str:
    """The one number that a statement without formulas says in words, with what it counts; or an empty text."""
    found = _COUNTED.fullmatch(statement)
    if not found or not found["span"] and len(_NUMBERS.findall(statement)) > 1 or len(_DAYS.findall(statement)) > 1:
        return ""
    return next((said for said in found.groups() if said), "")
