"""What a text holds as its answer: in its last box, or between its last `<answer>` tags."""

import re

from ..braces import closing

TAIL, HEAD = 3_000, 500
"""Characters at the end and at the beginning of a text that are looked at."""
BETWEEN = re.compile(
    r"[\W_]*(?:(?:or|and|also|alternatively|maybe|perhaps|possibly|the|final|correct|my|our|i|so|first|second|option)"
    r"\b[\W_]*){0,4}",
    re.IGNORECASE,
)
"""What stands between two choices that are side by side."""
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")


def between_tags(text: str) -> str:
    """What stands in the last `<answer>` and the one beside it, or the text itself."""
    start = text.rfind("<answer>", max(0, len(text) - TAIL))
    if start < 0:
        return text
    held = text[start + len("<answer>") :].partition("</answer>")[0]
    _, _, earlier = text[max(0, start - HEAD) : start].rpartition("<answer>")
    return _joined(*earlier.partition("</answer>")[::2], held)


def last_box(text: str) -> str | None:
    """What the last box holds, and the one that stands beside it; None where there is none."""
    boxes = list(_BOX.finditer(text, max(0, len(text) - TAIL)))[-2:]
    if not boxes:
        return None
    held = _braced(text, boxes[-1].end())
    if len(boxes) == 1:
        return held
    before = _braced(text, boxes[0].end())
    return _joined(before, text[boxes[0].end() + len(before) + 1 : boxes[1].start()], held)


def _joined(before: str, between: str, held: str) -> str:
    """Two things held as one, where nothing is said between them."""
    return f"{before}, {held}" if before and len(between) < 40 and BETWEEN.fullmatch(between) else held


def _braced(text: str, start: int) -> str:
    """What a brace holds that was opened before `start`, if it is closed soon enough."""
    return text[start : closing(text, start, start + HEAD)]
