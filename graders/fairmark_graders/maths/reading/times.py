"""Times of day as people say them: `half past ten in the morning`, `a quarter to nine`, `seven o'clock`."""

import re

from .words import SPOKEN

_ONE = "one|two|three|four|five|six|seven|eight|nine"
_COUNT = rf"(?:(?:twenty|thirty|forty|fifty)(?:[-\s](?:{_ONE}))?|{_ONE}|ten|eleven|twelve|[a-z]{{3,5}}teen|[1-5]?\d)"
_TIME = re.compile(
    rf"""\b(?: (?P<part>half|(?:an?\s+)?quarter|{_COUNT}\s+minutes?|{_COUNT}(?=\s+past))
            \s+(?P<side>past|after|to|before)\s+ )?
        (?P<hour>{_ONE}|ten|eleven|twelve|1[0-2]|0?[1-9])(?::(?P<minute>[0-5]\d))?\b(?P<clock>\s*o['’]?\s?clock\b)?
        (?:\s+(?:in\s+the\s+(?P<day>morning|afternoon|evening)|at\s+(?P<night>night)|(?P<half>[ap])\.?m\b\.?))?""",
    re.VERBOSE | re.IGNORECASE,
)  # fmt: skip
_MAY_BE_TIME = re.compile(
    r"\b(?:past|quarter|minutes?|o['’]?\s?clock|morning|afternoon|evening|night)\b", re.IGNORECASE
)
_ARC = re.compile(
    r"(?P<degrees>\d+)\s+degrees?,?\s+(?:and\s+)?(?P<minutes>[0-5]?\d)\s+(?:arc)?minutes?\b"
    r"(?:,?\s+(?:and\s+)?(?P<seconds>[0-5]?\d)\s+(?:arc)?seconds?\b)?",
    re.IGNORECASE,
)
_BELOW_ZERO = re.compile(
    rf"(?P<count>\d+(?:\.\d+)?|{_COUNT}(?=\s+degrees?\b))\$?\s*(?:degrees?|°|\\?\^\\circ)?\s*(?P<scale>celsius|fahrenheit|°?[CF]\b)?\$?"
    r"\s+below\s+(?:zero|0)\b(?!\s*[.,]?\d)",
    re.IGNORECASE,
)
_PARTS = {"half": 30, "quarter": 15}


def with_digits(text: str) -> str:
    """A text with its times of day as `10:30 am`, or as `10:30` where nothing says which half of the day is meant; and
    with the minus of degrees below zero."""
    text = _ARC.sub(_in_marks, text) if "egree" in text else text
    text = _BELOW_ZERO.sub(_negative, text) if "below" in text else text
    return _TIME.sub(_in_digits, text) if _MAY_BE_TIME.search(text) else text


def _in_marks(angle: re.Match[str]) -> str:
    """`22° 45'` of "22 degrees 45 minutes"."""
    seconds = f" {angle['seconds']}''" if angle["seconds"] else ""
    return f"{angle['degrees']}° {angle['minutes']}'{seconds}"


def _negative(temperature: re.Match[str]) -> str:
    count, scale = temperature["count"], temperature["scale"] or ""
    return f"-{count if count[0].isdigit() else _number(count)} {scale}".strip()


def _in_digits(time: re.Match[str]) -> str:
    if not (time["part"] or time["clock"] or time["day"] or time["night"]):
        return time[0]
    minutes = 60 * _number(time["hour"]) + (int(time["minute"]) if time["minute"] else 0)
    if part := time["part"]:
        name = part.lower().split()[0 if part[:2].lower() not in ("a ", "an") else 1]
        shift = _PARTS.get(name) or _number(part.lower().removesuffix("s").removesuffix(" minute"))
        minutes += shift if time["side"].lower() in ("past", "after") else -shift
    hour, minute = divmod(minutes, 60)
    return f"{(hour - 1) % 12 + 1}:{minute:02}{_half(time, hour % 12)}"


def _half(time: re.Match[str], hour: int) -> str:
    if time["half"]:
        return f" {time['half'].lower()}m"
    if time["night"]:
        return " pm" if hour > 5 else " am"
    return "" if not time["day"] else " am" if time["day"].lower() == "morning" else " pm"


def _number(words: str) -> int:
    """`9`, `nine`, `twenty-five`."""
    return int(words) if words.isdigit() else sum(SPOKEN[word][1] for word in re.split(r"[-\s]", words.lower()))
