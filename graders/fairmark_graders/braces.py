"""Where a brace is closed, in texts that may hold any number of them."""

import re

_BRACE = re.compile(r"[{}]")


def closing(text: str, start: int, end: int) -> int:
    """Where the brace that was opened before `start` is closed; `end` where it isn't before that."""
    depth = 1
    for brace in _BRACE.finditer(text, start, end):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    return end
