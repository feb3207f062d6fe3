"""What a text concludes: behind a marker, in its last or first line, or by calling a choice correct."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

from .claims import claim_at, whole_choice
from .held import BETWEEN, HEAD
from .lists import alike, begins_list, claim_of_line, goes_on_to
from .markers import (
    BESIDES,
    CHOOSES,
    CHOOSING_WORDS,
    HYPOTHESIS,
    MARKER,
    MARKER_WORDS,
    MARKER_WORDS_BEYOND,
    last_matches,
)
from .mentions import mentioned
from .options import Claim, Options
from .praise import called_correct

Mode = Literal["strict", "marked", "anywhere"]
_ALSO = re.compile(rf"\b(?:{BESIDES}|equally|as well|too)\b", re.IGNORECASE)
_RETRACTED = re.compile(
    r"\b(?:wait|actually|no|hmm+|however|but|instead|rather|correction|mistaken?|sorry|oops|reconsider\w*"
    r"|second thought)\b",
    re.IGNORECASE,
)
"""What may take a conclusion back."""
_SENTENCE = re.compile(r"(?<=[.!?;])(?<!\d\.)\s+|[。！？]")


def concluded(window: str, options: Options, mode: Mode) -> frozenset[int] | None:
    """The last conclusion of a stretch of text, together with what contradicts it at once."""
    plain = window.isascii()
    claims = _after(MARKER, MARKER_WORDS if plain else MARKER_WORDS + MARKER_WORDS_BEYOND, window, options)
    if mode == "anywhere":
        marked = claims[0] if claims else None
        claims += [*_after(CHOOSES, CHOOSING_WORDS, window, options, weak=True), *_last_line(window, options)]
        last = max(claims, key=lambda claim: claim.start, default=None)
        claims += [praise for praise in called_correct(window, options) if _counts(window, praise, marked, last)]
    if claims:
        return _last(window, sorted(set(claims), key=lambda claim: (claim.end, -claim.start)))
    if mode == "anywhere":
        return _first_line(window, options) or mentioned(window, options)
    return None


def _counts(window: str, praise: Claim, marked: Claim | None, last: Claim | None) -> bool:
    """Whether praise is more than a part of the reasoning before a conclusion, or of the explanation behind it."""
    if last and praise.end <= last.start:
        return _ALSO.search(window, last.start, last.end) is not None
    return not marked or bool(_RETRACTED.search(window, marked.end, praise.start) or _beside(window, marked, praise))


def _after(
    marker: re.Pattern[str], words: Iterable[str], window: str, options: Options, *, weak: bool = False
) -> list[Claim]:
    """The last two claims that follow a marker, or the one there is."""
    marks = last_matches(marker, words, window)
    return list(islice(filter(None, (_behind(window, mark, options, weak=weak) for mark in marks)), 2))


def _behind(window: str, mark: re.Match[str], options: Options, *, weak: bool) -> Claim | None:
    """What is chosen behind a marker, unless that is only supposed, or begins a list of the options."""
    claim = claim_at(window, mark.end(), options, weak=weak)
    if claim is None or HYPOTHESIS.search(window, max(0, mark.start() - 60), mark.start()):
        return None
    return None if begins_list(window, mark.end(), claim, options) else claim._replace(start=mark.start())


def _last(window: str, claims: list[Claim]) -> frozenset[int]:
    """What the last claim says, with the one before it where no word stands between or the last is `also` right."""
    last = claims[-1]
    places = last.places
    for claim in claims[-4:-1]:
        if claim.end > last.start or _beside(window, claim, last):
            places |= claim.places
    return places


def _beside(window: str, claim: Claim, other: Claim) -> bool:
    """Whether a claim adds to the one before it instead of replacing it."""
    return bool(BETWEEN.fullmatch(window, claim.end, other.start) or _ALSO.search(window, other.start, other.end))


def _last_line(window: str, options: Options) -> Iterator[Claim]:
    """The choice that the last line begins with, or that its last sentence is."""
    lines = window.rsplit("\n", 2)
    line = lines[-1][-HEAD:]
    start = len(window) - len(line)
    begins = claim_of_line(line, options)
    if begins and not (len(lines) > 1 and alike(lines[-2][:HEAD], line, options)):
        yield begins._replace(start=start + begins.start, end=start + begins.end)
    *before, sentence = _SENTENCE.split(line)
    places = whole_choice(sentence, options) if before else None
    if places and not whole_choice(before[-1], options) and not _labels(before[-1], places, options):
        yield Claim(places, len(window) - len(sentence), len(window))


def _labels(sentence: str, places: frozenset[int], options: Options) -> bool:
    """Whether a sentence ends with the label of what follows, as `D.` does before `Madrid`."""
    label = options.place(sentence.split(" ")[-1].strip("(.)"))
    return label in places


def _first_line(window: str, options: Options) -> frozenset[int] | None:
    line, _, rest = window.partition("\n")
    begins = claim_of_line(line[:HEAD], options)
    if begins is None or goes_on_to(line[:HEAD], rest.partition("\n")[0][:HEAD], options):
        return None
    return begins.places
