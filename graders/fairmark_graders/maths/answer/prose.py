"""The answer of a last sentence that marks none."""

import re

from .errors import NoAnswer
from .spans import NUMBER, Span, formulas, groups, joined, says_something, tidy

ENDS = re.compile(r"""[.!?](?:\*\*|[)"'”])*(?:\s+(?=[^\sa-z\d])|\s*\Z)|[。！？]""")
_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|then|finally|consequently|and)\b,?\s*)*"
    r"(?:(?:we (?:get|have|find|obtain)|it (?:is|follows that)|there (?:is|are)|this (?:is|gives|means))\b:?\s*)*",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\s?(?:\\?%|°|[a-zA-Zµ²³/^]+(?:\s(?:square|cubic|per)?\s?[a-zA-Z]+)?)(?=[\s.]*\Z)")
_DENIED = re.compile(r"\b(?:not|never|neither|cannot)\b|n['’]t\b", re.IGNORECASE)


def unmarked(sentence: str) -> str:
    """The answer of a last sentence that marks none."""
    found = groups(sentence, formulas(sentence))
    if found:
        agree([span.content for group in found for span in group])
        return with_unit(sentence, found[-1])
    said = _LEAD.sub("", sentence, count=1)
    return only_number(said.rpartition("=")[2]) or only_number(said) or said


def only_number(sentence: str) -> str:
    """The one number of a sentence with its unit, empty where there is none. Raises `NoAnswer` when there are several.

    Units that nobody knows (`5 apples`) are left out.
    """
    numbers = list(NUMBER.finditer(sentence))
    if not numbers:
        return ""
    agree([number[0] for number in numbers])
    if _DENIED.search(sentence):
        raise NoAnswer(f"the last sentence says what the answer is not: {sentence[:100]}")
    unit = _UNIT.match(sentence, numbers[-1].end())
    measured = tidy(numbers[-1][0] + unit[0]) if unit else ""
    return measured if measured and says_something(measured) else numbers[-1][0]


def agree(said: list[str]) -> None:
    """Refuse to choose between different numbers."""
    different = list(dict.fromkeys(text.strip(" $").replace(",", "") for text in said))
    if len(different) > 1 and all(NUMBER.fullmatch(text) for text in different):
        named = ", ".join(different[:5])
        raise NoAnswer(f"the last sentence names {named} and doesn't say which is the answer")


def with_unit(sentence: str, group: list[Span]) -> str:
    """A formula, or several side by side, with the unit that stands behind."""
    unit = _UNIT.match(sentence, group[-1].end)
    said = joined(sentence, group)
    return said + unit[0] if unit and says_something(tidy(said + unit[0])) else said


def last_sentence(text: str) -> str:
    text = text.rstrip(" \t\n*_`.")
    for closing, opening in (("$$", "$$"), (r"\]", r"\[")):
        if text.endswith(closing) and (start := text.rfind(opening, 0, -2)) >= 0:
            return text[start:]
    line = text.rpartition("\n")[2]
    starts = [0, *(end.end() for end in ENDS.finditer(line, 0, len(line) - 1))]
    return line[starts[-1] :].strip(" *_`")
