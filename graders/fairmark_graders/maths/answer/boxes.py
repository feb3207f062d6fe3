"""What the last box holds, and the boxes beside it."""

import re

from .errors import LONGEST, NoAnswer, TooLong
from .spans import Span, formulas, joined, joint

_AFTER_BOX = 20_000
"""Characters that may follow a box: what is said long after it takes it back."""
_BESIDE = 1_000
"""Characters between the beginnings of two boxes that may stand side by side."""
_BOX = re.compile(r"\\?(?:[b\x08]oxed|fbox)\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_LEFT = re.compile(r"(?:[-−+±*/^<>≤≥≠]|\\(?:pm|mp|neq?|[gl]eq?|[gl]t|cdot|times|(?:[dt]?frac|sqrt)\s*\{))\s*\Z")
_RIGHT = re.compile(r"\s*(?:[-−+±*/^!(\w]|\\(?:pm|cdot|times|pi|sqrt|[dt]?frac)\b)")
"""What makes a box a part of its formula, before and behind it."""
_BEFORE_BOX = 20
_OTHER = re.compile(r"\$?\s*(?:[,(]\s*)?\bor\s+(\$?[-−]?(?:\d|\\[dt]?frac|\\sqrt)[^\n.;()]{0,40}(?:\.\d+)?)")
_TOKEN = re.compile(r"(?:[^\s${}\\]|\\[a-zA-Z]+|\\.)+")


def last_box(text: str) -> Span | None:
    """What the last box holds, with those that stand beside it; None where there is no box."""
    start = _box_start(text, max(0, len(text) - _AFTER_BOX), len(text))
    if start < 0:
        return None
    last = _box_at(text, start)
    spans = [last]
    while (start := _box_start(text, max(0, spans[0].start - _BESIDE), spans[0].start)) >= 0:
        try:
            before = _box_at(text, start)
        except (NoAnswer, TooLong):
            break
        if joint(text, before, spans[0]) is None:
            break
        spans.insert(0, before)
    box = Span(spans[0].start, last.end, joined(text, spans))
    return box._replace(content=_in_its_formula(text, box) if len(spans) == 1 else box.content)


def _in_its_formula(text: str, box: Span) -> str:
    """What a box holds, with what makes it a part of its formula, `$-\\boxed{5}$`, or one of two: `\\boxed{5}` or 6."""
    if _LEFT.search(text, max(0, box.start - _BEFORE_BOX), box.start) or _RIGHT.match(text, box.end):
        begin, end = text.rfind("\n", max(0, box.start - LONGEST), box.start) + 1, text.find("\n", box.end)
        line = text[begin : end if end >= 0 else box.end + LONGEST]
        for span in formulas(line):
            if span.start < box.start - begin and box.end - begin < span.end:
                return span.content
    other = _OTHER.match(text, box.end)
    return f"{box.content} or {other[1].replace('$', '')}" if other else box.content


def _box_start(text: str, low: int, high: int) -> int:
    """Where the last box of a stretch begins, or -1."""
    start = text.rfind("\\boxed", low, high)
    start = max(start, text.rfind("\\fbox", max(start, low), high))
    if start < 0 and text.rfind("oxed{", low, high) >= 0:
        start = text.rfind("boxed{", low, high)  # its backslash lost
        start = max(start, text.rfind("\x08oxed{", low, high))  # eaten with the b by JSON
    return start


def _box_at(text: str, start: int) -> Span:
    command = _BOX.match(text, start)
    assert command
    at = command.end()
    if text[at : at + 1] != "{":
        token = _TOKEN.match(text, at)
        if not token:
            raise NoAnswer("the box is unfinished")
        return Span(start, token.end(), token[0])
    end = _closing(text, at)
    return Span(start, end, text[at + 1 : end - 1])


def _closing(text: str, start: int) -> int:
    """Where the braces that open at `start` have closed. Raises `NoAnswer` or `TooLong`."""
    end = text.find("}", start)
    if end > 0 and text[end - 1] != "\\" and text.find("{", start + 1, end) < 0:
        return end + 1
    depth = 0
    for brace in _BRACE.finditer(text, start, start + LONGEST + 2):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.end()
    if len(text) - start > LONGEST:
        raise TooLong
    raise NoAnswer("the box is never closed")
