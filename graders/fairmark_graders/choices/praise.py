"""Choices that are called correct: `B is the right answer`, `only (B) remains`."""

import re
from collections.abc import Iterator
from itertools import islice

from .claims import GOOD
from .markers import HYPOTHESIS, last_matches
from .options import Claim, Options

_CORRECT = re.compile(
    rf"\s?(?:(?:is|are|(?:must|has to|(?:would|could)(?: also)?|should) be|(?:seems|looks|appears)(?: to be)?)"
    rf"\s+{GOOD}"
    r"|it is\b(?! not)|makes the most sense\b|satisfies all\b|remains?\b|(?:is|are) left\b|正[确確])",
    re.IGNORECASE,
)
_PRAISING_WORDS = (
    " is ", " are ", " must be ", " has to be ", " seems ", " looks ", " appears ", " would be ", " would also be ",
    " could also be ", " it is", " makes the most ", " satisfies all ", " remain", "正确", "正確",
)  # fmt: skip
_BEFORE = re.compile(
    r"(?:(?<![\w'-])|(?<=[\u3040-\u9fff])(?=[(A-Za-z]))(?P<denied>(?:not|nor|neither|if|whether)\s+)?(?:(?:option|choice|answer|letter)\s+)?"
    r"[(\[*_`]*(?P<label>[^\W_]{1,2})[)\]*_`.]*\s*\Z",
    re.IGNORECASE,
)
_JOINED = re.compile(r"(?P<label>[^\W_]{1,2})[)\]*_`]*\s*(?:,|/|&|\bor\b|\band\b|\bnor\b)\s*\Z", re.IGNORECASE)


def called_correct(window: str, options: Options) -> Iterator[Claim]:
    """The last two choices that are called correct, each with the one that `and` joins to it."""
    praises = last_matches(_CORRECT, _PRAISING_WORDS, window)
    return islice(filter(None, (_praised(window, praise, options) for praise in praises)), 2)


def _praised(window: str, praise: re.Match[str], options: Options) -> Claim | None:
    end = praise.start()
    named = _BEFORE.search(window, max(0, end - 30), end)
    place = options.place(named["label"]) if named else None
    if named is None or place is None or named["denied"]:
        return None
    if HYPOTHESIS.search(window, max(0, named.start() - 40), named.start()):
        return None
    joined = _JOINED.search(window, max(0, named.start() - 20), named.start())
    other = options.place(joined["label"]) if joined else None
    return Claim(frozenset({place} if other is None else {place, other}), named.start(), praise.end())
