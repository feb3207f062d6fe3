"""Times of day: `3:30 pm`, 15:30."""

import re

from ..tree import Node, Number, Ratio, Words

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?: (am|pm))?")
_DAY = 24 * 60


def minutes(node: Node) -> int | None:
    """Minutes after midnight; None for anything else. `15:30` is read as a ratio, which only another time makes one."""
    match = _CLOCK.fullmatch(node.text if type(node) is Words else _written(node))
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2]), match[3]
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    return 60 * hour + minute if minute < 60 and 60 * hour < _DAY else None


def _written(node: Node) -> str:
    if type(node) is not Ratio or len(node.parts) != 2 or any(type(part) is not Number for part in node.parts):
        return ""
    hour, minute = (part.value for part in node.parts if type(part) is Number)
    return f"{hour}:{minute}" if isinstance(minute, int) else ""
