"""Which options a text chooses; __init__.py says what counts."""

import re

from ..errors import FairmarkError
from .claims import whole_choice
from .conclusions import Mode, concluded
from .held import HEAD, TAIL, between_tags, last_box
from .lists import claim_of_line
from .options import Options, folded

_RUN = re.compile(r"\b(?=[A-J]{2})A?B?C?D?E?F?G?H?I?J?\b")


class Unclear(FairmarkError):
    """The text chooses nothing that can be read; the message says what was found."""


def chosen(text: str, options: Options, mode: Mode, *, several: bool = False) -> frozenset[int]:
    """The places a text chooses: several where it names several side by side, or where `ABD` may stand for them.

    Raises `Unclear`.
    """
    text = between_tags(text)
    spelled = _spread if several else folded
    if (boxed := last_box(text)) is not None:
        begins = claim_of_line(spelled(boxed), options)
        return _told(whole_choice(spelled(boxed), options) or (begins and begins.places), "the box holds no choice")
    whole = whole_choice(spelled(text), options) if len(text) <= HEAD else None
    if whole is not None or mode == "strict":
        return _told(whole, "the text is no choice and nothing else")
    windows = [text] if len(text) <= TAIL + HEAD else [text[-TAIL:], text[:HEAD]]
    for window in map(spelled, windows):
        if places := concluded(window, options, mode):
            return places
    raise Unclear("the text chooses nothing")


def _spread(text: str) -> str:
    """The text with letters in order, such as `ABD`, apart from one another."""
    return _RUN.sub(lambda run: ", ".join(run[0]), folded(text))


def _told(places: frozenset[int] | None, otherwise: str) -> frozenset[int]:
    if places is None:
        raise Unclear(otherwise)
    return places
