"""Formulas between delimiters, what stands side by side, and the marks around an answer."""

import re
from typing import NamedTuple

from ..errors import TooComplex, Unreadable
from ..reader import read
from ..tree import Words
from .errors import SHORT

_JOINER = re.compile(
    r"""(?: \s | [-.,;$&*/()\[\]] | \d+[.)] | \\[()\[\],;:!\ ] | \\q?quad
        | \\(?:text|mathrm|textbf)\s*\{[\s,]*(?:and|or)\s*\}
        | \b(?:and|or)\s+(?:on|at|in)(?:\s+the\s+interval)?\b | i\.e\.
        | \b(?:and|or|also|maybe|perhaps|possibly|alternatively)\b | \\(?:land|lor|vee|wedge)\b
        )*+
        (?:(?P<name>[A-Za-z](?:_\w)?)\s*=\s*)? \$?\s*""",
    re.VERBOSE,
)
_OR = re.compile(r"or\b|vee")
_NAME = re.compile(r"(?<![A-Za-z0-9\\])([A-Za-z](?:_\w)?)\s*=\s*\$?\s*\Z")
_DELIMITER = re.compile(r"\\\$|\$\$?|\\[()\[\]]")
CLOSES = {"$": "$", "$$": "$$", r"\(": r"\)", r"\[": r"\]"}
_SPACES = re.compile(r"\A(?:\\[,;:! ]\s*)+|(?:\s*\\[,;:!](?!\\))+\Z")
_PROSE = re.compile(r"(?<![\\A-Za-z{])[a-z]{3,}")
NUMBER = re.compile(
    r"""(?<![\w.)\]}^_]) (?:[-−–+]\s?)? \\?[$€£]?
        (?: \\[dt]?frac\s*\{\s*-?[\d.]+\s*\}\s*\{\s*[\d.]+\s*\}
          | (?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\s?/\s?\d+(?:\.\d+)?|[eE][-+]?\d+)? | \.\d+ )
        (?:\s*(?:\\times|×|\*)\s*10\s*(?:\^|\*\*)\s*\{?[-−+]?\d+\}?)? (?:\s?\\?%)?""",
    re.VERBOSE,
)


class Span(NamedTuple):
    """A box or a formula: where it begins and ends in its text, delimiters included, and what it holds."""

    start: int
    end: int
    content: str


def formulas(text: str) -> list[Span]:
    """The formulas of a sentence, between `$`, `$$`, `\\(` or `\\[`; a `$` before an amount opens none."""
    spans: list[Span] = []
    opening: re.Match[str] | None = None
    for mark in _DELIMITER.finditer(text):
        if opening is None or mark[0] != CLOSES[opening[0]]:
            if mark[0] in CLOSES and (opening is None or mark[0] != "$"):
                opening = mark
            continue
        content = text[opening.end() : mark.start()]
        if mark[0] == "$" and (text[mark.end() : mark.end() + 1].isdigit() or _PROSE.search(content)):
            opening = mark  # "$5 and $6" are amounts
            continue
        spans.append(Span(opening.start(), mark.end(), content))
        opening = None
    return spans


def groups(text: str, spans: list[Span]) -> list[list[Span]]:
    """Formulas that stand side by side, together."""
    found: list[list[Span]] = []
    for span in spans:
        if found and joint(text, found[-1][-1], span):
            found[-1].append(span)
        else:
            found.append([span])
    return found


def joint(text: str, left: Span, right: Span) -> re.Match[str] | None:
    """What stands between two boxes or formulas, where that joins them into one list: marks, "and", "or", no more."""
    return _JOINER.fullmatch(text, left.end, right.start)


def joined(text: str, spans: list[Span]) -> str:
    """One list of what stands side by side; what is said twice counts once."""
    if len(spans) == 1:
        return spans[0].content
    said = spans[0].content
    between = [joint(text, left, right) for left, right in zip(spans, spans[1:], strict=False)]
    if any(found and found["name"] for found in between) and (name := _NAME.search(text, 0, spans[0].start)):
        said = f"{name[1]} = {said}"
    seen = {_unnamed(said)}
    for span, found in zip(spans[1:], between, strict=True):
        assert found
        if found["name"] or _unnamed(span.content) not in seen:
            named = f"{found['name']} = " if found["name"] else ""
            by = " or " if _OR.search(found[0]) else ", i.e. " if "i.e." in found[0] else ", "
            said += f"{by}{named}{span.content}"
            seen.add(_unnamed(span.content))
    return said


def _unnamed(content: str) -> str:
    return content.rpartition("=")[2].strip()


def says_something(text: str) -> bool:
    """Whether a text is mathematics as a whole, or words that name no number; a long one may well be."""
    if len(text) > 2 * SHORT:
        return True
    try:
        return not isinstance(read(text), Words) or not any(map(str.isdigit, text))
    except Unreadable:
        return False
    except TooComplex:
        return True


def tidy(text: str) -> str:
    """In one line, without the delimiters of formulas, emphasis, and a full stop at the end."""
    text = " ".join(text.split())
    if "$" in text or "\\(" in text or "\\[" in text:
        text = _undelimited(text)
    text = text.strip(" *`_" if text[:1] in "*`_" else " ")
    if "\\" in text:
        text = _SPACES.sub("", text)
    if text[-1:] in ".,;。" and text[-2:] != "..":
        text = text[:-1].rstrip(" *`" if "*" in text or "`" in text else " ")
    return text


def _undelimited(text: str) -> str:
    parts, end = [], 0
    for formula in formulas(text):
        parts += [text[end : formula.start], formula.content]
        end = formula.end
    return " ".join("".join([*parts, text[end:]]).split())
