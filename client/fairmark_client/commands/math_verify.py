"""What runs in a worker to hear math-verify's opinion; nothing here is imported before that."""

import logging
from collections.abc import Sequence
from typing import Any

_SHOWN = 200

Texts = tuple[str, str]
"""A reference and what the model said."""


def compare_all(pairs: Sequence[Texts]) -> list[tuple[float | None, str]]:
    """What `compare` says of each pair."""
    return [compare(*pair) for pair in pairs]


def compare(reference: str, text: str) -> tuple[float | None, str]:
    """The score (None where the reference can't be read) and what was read of either side.

    Its own timeouts need signals, so they are off: a worker can be killed. A bare reference is put in a box, since
    math-verify reads LaTeX only where something marks it as such.
    """
    from math_verify import parse, verify

    logging.disable()
    marked = reference if "$" in reference or "\\boxed" in reference else f"\\boxed{{{reference}}}"
    right = parse(marked, parsing_timeout=None)
    if not right:
        return None, f"reads nothing in the reference {marked[:_SHOWN]!r}"
    found = parse(text, parsing_timeout=None)
    score = float(verify(right, found, timeout_seconds=None))
    return score, f"reads {_shown(found)}; the reference is {_shown(right)}"


def _shown(parsed: list[Any]) -> str:
    """What was read, and of which words."""
    if not parsed:
        return "no answer"
    try:
        value = str(parsed[0])
    except ValueError:  # an integer of more digits than Python prints
        value = type(parsed[0]).__name__
    words = str(parsed[-1])
    return f"{value[:_SHOWN]} (from {words[:_SHOWN]!r})" if words != value else value[:_SHOWN]
