"""Texts that are something as a whole: a choice, a time of day, a date, an ordinal."""

import re
from collections.abc import Callable

from ..errors import Unreadable
from ..tree import Based, Choice, Node, Words
from .substances import reaction, substance
from .words import BASES, words_of

_FONTS = r"(?:\\(?:text|textbf|textrm|textit|mathrm|mathbf|rm|bf|boxed|textsf|bm|boldsymbol)\s?\{?\s?){0,3}"
_CHOICE = re.compile(
    rf"(?s)(?:(?i:answer|option|choice|choose|letter|alternative)s?\s?:?\s+)?\$?{_FONTS}"
    r"(?:\(\s?([A-Ja-e])\s?\)|([A-J])\s?[).:]|([a-e])\))[.:]?(?:\s?\}){0,3}\$?"
    r"(?=$|[.:,]|\s|\\|~)[.:,]?(?:\\[ ,;:!]|\\quad|~|\s)*(.*)"
)
_GOES_ON = tuple(words_of("and or ( , & = + - * / ^ _ \\cdot \\times \\in \\cup \\cap \\pm \\to"))
_TAKES_BACK = re.compile(
    r"(?:is|are)\s+(?:wrong|incorrect|false|not)\b|(?:maybe|perhaps|possibly|unless|but|vs|versus|if)\b"
    r"|(?:.*\s)?[A-J][).]\s"
)
"""What stands behind the letter of a choice that isn't the choice made, or not the only one."""
_NAMED_CHOICE = re.compile(
    rf"(?i)(?:option|choice|letter|alternative|answer)s?\s?:?\s+{_FONTS}\(?([A-J])\)?(?:\s?\}}){{0,3}}[.]?"
)
_CLOCK = re.compile(
    r"(?i)([0-9]{1,2})(?::([0-9]{2}))?(?::([0-9]{2}))?\s?(?:\\[,; ]|~)?\s?(?:\\(?:text|mathrm)\s?\{\s?)?"
    r"(a|p)\.?\s?m\.?\s?\}?"
)
_CLOCK_24 = re.compile(
    r"([01]?[0-9]|2[0-3]):(0[0-9])(?::([0-5][0-9]))?|(0[0-9]):([0-5][0-9])|([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])"
)
_MONTHS = words_of("january february march april may june july august september october november december")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DATES = (
    re.compile(
        rf"(?i)(?:[a-z]{{3,6}}day,?\s)?{_MONTH}\s(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<year>[0-9]{{3,4}}))?"
    ),
    re.compile(
        rf"(?i)(?:the\s)?(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH}(?:,?\s(?P<year>[0-9]{{3,4}}))?"
    ),
)
_ISO_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}")
_ORDINAL = re.compile(
    r"(?i)(?:the\s)?([0-9]{1,9})\s?(?:\^?\s?\{?\s?(?:\\(?:text|mathrm|textrm)\s?\{)?\s?)(st|nd|rd|th)\s?\}{0,2}(?:\s(?:place|term|position|one))?"
)
_ROMAN = r"(?:I{1,3}|IV)"
_STATEMENTS = re.compile(
    rf"(?:(?:[Oo]nly|[Bb]oth|[Ss]tatements?)\s+)*((?:II|III)|{_ROMAN}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_ROMAN}){{1,3}})"
    r"(?:\s+(?:only|alone|(?:is|are)\s+(?:both\s+)?(?:true|correct)))?"
)
"""Which of several numbered statements hold: `I and III only`; IV alone may be a product."""
_NULL = r"(?:the\s+)?(?:null(?:\s+hypothesis)?|(?:null\s+hypothesis\s+)?\$?H_?\{?[0₀]\}?\$?)"
_REJECTS = re.compile(
    rf"""(?P<not>\bfail(?:s|ed)?\s+to\s+|(?:\bnot|n['’]t|\bcannot|\bnever)\s+
            |\b(?:insufficient|no|(?:not|n['’]t)\s+(?:enough|sufficient))\s+(?:evidence|reason|grounds)\s+to\s+)?
        reject\s+{_NULL}(?![\w])
      | {_NULL}\s+(?:(?:is|was|should\s+be|must\s+be|can\s+be)
            |(?P<passive>(?:is|was|should|can|could)\s*(?:not|n['’]t)(?:\s+be)?))\s+rejected""",
    re.VERBOSE | re.IGNORECASE,
)
_OPEN = re.compile(r"\b(?:if|or|whether|unless|might|may|either|depends)\b|\?", re.IGNORECASE)
_LONGEST_VERDICT = 200
_REMAINDER = re.compile(r"([0-9]{1,20})\s?(?:\\text\s?\{\s?)?(?:R|[Rr]emainder|rem)\s?\}?\.?\s?([0-9]{1,20})")
_IN_BASE = re.compile(r"(?i)\(?([0-9][0-9a-f]{0,60})\)?\s?,?\s?\(?(?:in\s)?base[\s-]?([0-9]{1,2}|[a-z]{3,9})\)?")

_UPRIGHT_IN_BASE = re.compile(r"\\(?:text|texttt|textrm|mathrm)\s?\{([0-9A-F]{2,60})\}_\{?(16)\}?")


def label(text: str, read: Callable[[str], Node]) -> Node | None:
    """The text as one of these, or None; `read` reads the text of a choice's option."""
    first = text[0]
    if "reject" in text.lower() and (verdict := on_hypothesis(text)):
        return Words(verdict)
    if "→" in text or "->" in text or "\\to" in text or "arrow" in text:
        return reaction(text)
    if statements := _STATEMENTS.fullmatch(text):
        return Words(" ".join(sorted(re.findall(r"[IV]+", statements[1].upper()))).lower())
    if first.isdigit():
        if match := _REMAINDER.fullmatch(text):
            return Words(f"{match[1]} remainder {match[2]}")
        return _time(text) or _date(text) or _ordinal(text) or _in_base(text)
    if first.isalpha() or first in "(\\$":
        return (
            _choice(text, read)
            or (_in_base(text) if first == "\\" else None)
            or substance(text)
            or (_date(text) if first.isalpha() else None)
            or (_ordinal(text) if first in "tT" else None)
        )
    return None


def on_hypothesis(text: str) -> str:
    """What a sentence decides about the null hypothesis, in one spelling; or an empty text."""
    found = _REJECTS.search(text) if len(text) <= _LONGEST_VERDICT else None
    if not found or text.lower().count("reject") > 1 or _OPEN.search(text):
        return ""
    return f"{'not ' if found['not'] or found['passive'] else ''}reject null hypothesis"


def _choice(text: str, read: Callable[[str], Node]) -> Choice | None:
    if match := _NAMED_CHOICE.fullmatch(text):
        return Choice(match[1].upper())
    match = _CHOICE.fullmatch(text)
    if match is None:
        return None
    rest = match[4].strip()
    if rest.startswith(_GOES_ON) or _TAKES_BACK.match(rest):
        return None
    return Choice((match[1] or match[2] or match[3]).upper(), _option(rest, read))


def _option(rest: str, read: Callable[[str], Node]) -> Node | None:
    if not rest or rest.lower().startswith(("because", "since", "as ")):
        return None
    try:
        return read(rest)
    except Unreadable:
        return None


def _time(text: str) -> Words | None:
    if match := _CLOCK.fullmatch(text):
        return Words(f"{int(match[1])}:{match[2] or '00'}{':' + match[3] if match[3] else ''} {match[4].lower()}m")
    return Words(text.lstrip("0") if text[1] != ":" else text) if _CLOCK_24.fullmatch(text) else None


def _date(text: str) -> Words | None:
    if _ISO_DATE.fullmatch(text):
        return Words(text)
    for pattern in _DATES:
        if match := pattern.fullmatch(text):
            month = next(index for index, name in enumerate(_MONTHS, 1) if name.startswith(match["month"][:3].lower()))
            return Words(_iso(match["year"], month, int(match["day"])))
    return None


def _iso(year: str | None, month: int, day: int) -> str:
    return f"{year}-{month:02}-{day:02}" if year else f"{_MONTHS[month - 1]} {day}"


def _ordinal(text: str) -> Words | None:
    match = _ORDINAL.fullmatch(text)
    return Words(f"{int(match[1])}{match[2].lower()}") if match else None


def _in_base(text: str) -> Based | None:
    match = _IN_BASE.fullmatch(text) or _UPRIGHT_IN_BASE.fullmatch(text)
    base = match and (BASES.get(match[2].lower()) or (int(match[2]) if match[2].isdecimal() else 0))
    if not match or not base or not 2 <= base <= 36 or any(int(digit, 36) >= base for digit in match[1]):
        return None
    return Based(match[1].upper(), base)
