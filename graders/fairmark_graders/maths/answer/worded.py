"""What a sentence says in words alone: "a hexagon has nine diagonals", "reduced by fifteen percent", "on Thursday"."""

import re

from ..reading.words import words_of

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
_TENS = "(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
_COUNT = rf"(?:{_TENS}(?:[-\s](?:{_ONES}))?|{_TEENS}|zero|{_ONES})(?![-\w])"
_LARGE = rf"(?:(?:{_COUNT}|an?)\s+(?:hundred|thousand|million|billion)(?:\s+and)?\s+)+{_COUNT}"
_SCALES = r"(?:\s+(?:hundred|thousand|million|billion|dozen))+"
_ROUND = rf"(?:{_COUNT}|an?){_SCALES}(?:(?:\s+and)?\s+{_COUNT}{_SCALES})*(?![-\w])"
_NUMBER = rf"(?:{_LARGE}|{_ROUND}|{_COUNT})"
_PARTS = rf"(?:{_COUNT}\s+and\s+)?(?:an?|one|three)[\s-](?:half|quarters?|third)|half|{_COUNT}\s+and\s+a\s+half"
_SPAN = "(?:hour|minute|second|day|week|month|year)"
_OTHERWISE = (
    r"(?:more|fewer|less|or|and|of|to|by|than|times|pairs?|sets?|dozens?|point|half|halves|thirds?|quarters?|\w+ths?"
    r"|below|above|over|under|short|away|off|too|squared|cubed|factorial)\b"
)
"""What makes another number of a count: `two more sides`, `two pairs of sides`, `nine hundredths`."""
_UNIT = (
    r"(?:percent|per\s+cent|degrees?(?:\s+(?:celsius|fahrenheit))?|dollars?|cents?|euros?|pounds?"
    r"|(?:sq|cu)\.?\s+(?:ft|in|m|cm|mm|km|yd|mi)|(?:square\s+|cubic\s+)?(?:(?:kilo|centi|milli)?met(?:re|er)s?|miles?|inch(?:es)?|feet|foot|yards?)"
    r"|(?:kilo)?grams?|lit(?:re|er)s?|gallons?|(?:hour|minute|second|day|week|month|year)s?(?:\s+old)?)"
    r"(?:\s+per\s+(?:hour|second|minute|day|gallon))?"
)
_SAYS = (
    r"(?:has|have|had|covers?|covered|walks?|walked|drove|ran|used?|uses|produced?|produces|burns|burned|scored?|sold|bought|needs?|takes?|took|contains?|makes?|measures?|weighs?|costs?|earns?|is|are|was|were|equals|lasts?"
    r"|lasted|(?:comes?|came|adds?|amounts?|works?)\s+(?:out\s+)?(?:up\s+)?to|travels?\s+at|moves?\s+at|runs?\s+at|drives?\s+at"
    r"|(?:goes|go|went|gone)\s+(?:up|down)\s+by|(?:gets?|got|pays?|paid|spends?|spent|saves?|saved|owes?|receives?|received|has|have)"
    r"(?:\s+(?:back|left))?|(?:has|have|had)\s+an?\s+[a-z]+(?:\s+[a-z]+)?\s+of"
    r"|(?:climbs|climbed|jumped|shrank|declined|increases|decreases|reduced|increased|decreased|discounted|raised|lowered|grew|grows?|fell|falls?|rose|rises|dropped|drops?)\s+by)"
)
_ORDINAL = (
    rf"(?:{_TENS}[-\s])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|tenth|eleventh|twelfth"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teenth|(?:twen|thir|for|fif|six|seven|eigh|nine)tieth|hundredth|\d+(?:st|nd|rd|th)"
)
_COUNTED = re.compile(
    rf"""(?: (?!.*\b(?:if|when)\b)[^;:]*\b{_SAYS}\s+(?:exactly\s+|only\s+|just\s+)?(?:her\s+|him\s+|them\s+|it\s+)?
             ((?:{_PARTS}|{_NUMBER})\s+{_UNIT}(?:\s+and\s+{_NUMBER}\s+(?:cents|minutes|seconds|inches))?)
           | [^,;:]*\b(?:has|have|had|needs?|takes?|contains?|makes?)\s+(?:exactly\s+|only\s+)?
             ({_NUMBER}(?:\s+(?!{_OTHERWISE})[a-z]+){{1,2}})
           | [^;:]*\b(?:is|are|equals|tends\s+to|converges\s+to|approaches)\s+(?:exactly\s+)?
             ((?:negative\s+|minus\s+)?{_NUMBER})
           | (infinitely\s+many)\s+such\s+[a-z]+
           | [^,;:]*\b(?:takes?|took|lasts?|lasted|needs?|is|was|for|in)\s+(?:about\s+)?
             (?P<span> half\s+an?\s+{_SPAN} | (?:an?|three|one)[\s-]quarters?\s+of\s+an?\s+{_SPAN}
             | (?:an?|{_COUNT})\s+{_SPAN}s?\s+and\s+a\s+half )
           | [^,;:]*\bon\s+(?:an?\s+)?((?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)
        )\W*""",
    re.VERBOSE | re.IGNORECASE,
)
_NTH = re.compile(
    rf"(?:(?P<number>[-−]?\d[\d,]*|it|this|that)\s+is|(?>[^,;:]*?\bterm\b)[^,;:]*\sis)\s+the\s+(?P<nth>{_ORDINAL})"
    r"(?:\s+(?:[a-z]+\s+)?(?:term|number|prime|element|entry|one|position|place|row)"
    r"(?:\s+(?:of|in)\s+(?:the|this)\s+[a-z]+(?:\s+[a-z]+)?)?)?\W*",
    re.IGNORECASE,
)
_FIRST = words_of(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth"
)
_TENTHS = {
    name: 20 + 10 * at
    for at, name in enumerate(
        words_of("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth hundredth")
    )
}
_NUMBERS = re.compile(rf"\b(?:{_NUMBER}|half|thirds?|quarters?|twice|point)\b", re.IGNORECASE)
_BASE = re.compile(r"\b(?:base\s+(?:ten|two|\w+)|in\s+decimal)\b", re.IGNORECASE)
_DAYS = re.compile(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day", re.IGNORECASE)


def counted(statement: str) -> str:
    """The one number that a statement without formulas says in words, with what it counts; or an empty text."""
    statement = _BASE.sub("", statement)
    found = _COUNTED.fullmatch(statement)
    if not found or len(_DAYS.findall(statement)) > 1:
        return ""
    said = next((said for said in found.groups() if said), "")
    others = statement.replace(said, "", 1)
    return "" if not found["span"] and _NUMBERS.search(others) else said


def nth(statement: str) -> str:
    """Which one a statement says that something is: `32nd` of "98 is the thirty-second term"; or an empty text."""
    found = _NTH.fullmatch(statement)
    if not found or found["nth"][0].isdigit():
        return found["nth"] if found else ""
    *tens, last = found["nth"].lower().replace("-", " ").split()
    return _nth(_TENTHS.get(last) or sum(_TENTHS[f"{ten[:-1]}ieth"] for ten in tens) + _FIRST.index(last) + 1)


def _nth(number: int) -> str:
    teens = number // 10 % 10 == 1
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
