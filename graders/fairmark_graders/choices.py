r"""Which of some options a text chooses.

An option has a place, a label (`A`, or what the item calls it) and, where the item says so, a text. A letter of any
script stands for the place it has in its own alphabet: B, b, Ｂ, ⓑ, Б, Β, ب, খ, イ and 乙 are all the second. Letters
of the labels' own script must be labels.

What counts as choosing, the strongest first:

1. the last box, or the last `<answer>`, which then is the whole text
2. a text that is a choice and nothing else
3. what follows `the answer is`, `Answer:`, `答案是` and the like; the last one counts
4. only where anything counts: `I choose B`, `so B`, `B is correct`, a first or last line that is a choice, and the only
   choice that is mentioned in brackets, in bold or by its text

A choice is read where it can be nothing else: in `the answer is a prime` the letter is an article, in `C major` and
`B-cells` part of a name. What is denied (`not A`, `B is wrong`) or only supposed isn't chosen. Choices side by side
(`A or B`) are several.

Looked at are the last `TAIL` characters and the first `HEAD`, so a text of any length costs the same.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from .choice_words import (
    AFTER,
    ALSO,
    BEFORE,
    BETWEEN,
    BOX,
    BRACE,
    CHOOSES,
    CHOOSING_WORDS,
    CJK,
    CLOSE,
    COPULA,
    CORRECT,
    DENIED,
    ENTRY,
    FORM,
    GOES_ON,
    HYPOTHESIS,
    JOINED,
    MARKER,
    MARKER_WORDS,
    MARKER_WORDS_BEYOND,
    MARKS,
    MENTION,
    OPEN,
    OTHERS,
    PLAIN,
    POSITIVE,
    PRAISING_WORDS,
    RETAKEN,
    RETRACTED,
    RUN,
    SENTENCE,
    SEPARATOR,
    SPACE,
    UNLISTED,
    WRONG,
)
from .errors import FairmarkError
from .options import MARKUP, MOST, Claim, Options, ends, folded

Mode = Literal["strict", "marked", "anywhere"]

TAIL = 3_000
HEAD = 500
_TRIES = 40
"""Markers that are looked at, from the end."""
_WORDS_BEFORE = 4
"""Words before a choice with which the text of an option may begin instead, such as both in `Both A and C`."""


class Unclear(FairmarkError):
    """The text chooses nothing that can be read; the message says what was found."""


def chosen(text: str, options: Options, mode: Mode, *, several: bool = False) -> frozenset[int]:
    """The places a text chooses: several where it names several side by side, or where `ABD` may stand for them.

    Raises `Unclear`.
    """
    text = _between_tags(text)
    spelled = _spread if several else folded
    if (boxed := _last_box(text)) is not None:
        begins = _line(spelled(boxed), options)
        return _told(_whole(spelled(boxed), options) or (begins and begins.places), "the box holds no choice")
    whole = _whole(spelled(text), options) if len(text) <= HEAD else None
    if whole is not None or mode == "strict":
        return _told(whole, "the text is no choice and nothing else")
    windows = [text] if len(text) <= TAIL + HEAD else [text[-TAIL:], text[:HEAD]]
    for window in map(spelled, windows):
        if places := _concluded(window, options, mode):
            return places
    raise Unclear("the text chooses nothing")


def _spread(text: str) -> str:
    """The text with letters in order, such as `ABD`, apart from one another."""
    return RUN.sub(lambda run: ", ".join(run[0]), folded(text))


def _told(places: frozenset[int] | None, otherwise: str) -> frozenset[int]:
    if places is None:
        raise Unclear(otherwise)
    return places


def _between_tags(text: str) -> str:
    """What stands in the last `<answer>` and the one beside it, or the text itself."""
    start = text.rfind("<answer>", max(0, len(text) - TAIL))
    if start < 0:
        return text
    held = text[start + len("<answer>") :].partition("</answer>")[0]
    _, _, earlier = text[max(0, start - HEAD) : start].rpartition("<answer>")
    return _joined(*earlier.partition("</answer>")[::2], held)


def _last_box(text: str) -> str | None:
    """What the last box holds, and the one that stands beside it; None where there is none."""
    boxes = list(BOX.finditer(text, max(0, len(text) - TAIL)))[-2:]
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
    depth = 1
    for brace in BRACE.finditer(text, start, start + HEAD):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start : brace.start()]
    return text[start : start + HEAD]


def _whole(text: str, options: Options) -> frozenset[int] | None:
    """The places of a text that is a choice, or several, and says no more than the option's own words."""
    if exact := options.of_text(text):
        return exact
    claim = _claim(text, 0, options, opening=PLAIN)
    return claim.places if claim and not re.search(r"\w", text[claim.end :]) else None


def _concluded(window: str, options: Options, mode: Mode) -> frozenset[int] | None:
    """The last conclusion of a stretch of text, together with what contradicts it at once."""
    plain = window.isascii()
    claims = _after(MARKER, MARKER_WORDS if plain else MARKER_WORDS + MARKER_WORDS_BEYOND, window, options)
    if mode == "anywhere":
        marked = claims[0] if claims else None
        claims += [*_after(CHOOSES, CHOOSING_WORDS, window, options, weak=True), *_last_line(window, options)]
        last = max(claims, key=lambda claim: claim.start, default=None)
        claims += [praise for praise in _called_correct(window, options) if _counts(window, praise, marked, last)]
    if claims:
        return _last(window, sorted(set(claims), key=lambda claim: (claim.end, -claim.start)))
    if mode == "anywhere":
        return _first_line(window, options) or _mentioned(window, options)
    return None


def _counts(window: str, praise: Claim, marked: Claim | None, last: Claim | None) -> bool:
    """Whether praise is more than a part of the reasoning before a conclusion, or of the explanation behind it."""
    if last and praise.end <= last.start:
        return ALSO.search(window, last.start, last.end) is not None
    return not marked or bool(RETRACTED.search(window, marked.end, praise.start) or _beside(window, marked, praise))


def _after(
    marker: re.Pattern[str], words: Iterable[str], window: str, options: Options, *, weak: bool = False
) -> list[Claim]:
    """The last two claims that follow a marker, or the one there is."""
    found: list[Claim] = []
    for mark in _found(marker, words, window):
        claim = _claim(window, mark.end(), options, weak=weak)
        if claim is None or HYPOTHESIS.search(window, max(0, mark.start() - 60), mark.start()):
            continue
        if _lists(window, mark.end(), claim, options):
            continue
        found.append(claim._replace(start=mark.start()))
        if len(found) == 2:
            break
    return found


def _found(marker: re.Pattern[str], words: Iterable[str], window: str) -> Iterator[re.Match[str]]:
    """What begins with one of some words, the last first: to look for each costs a tenth of looking for all at once."""
    lower = window.lower()
    if len(lower) != len(window):
        lower = window
    starts = {start for word in words if word in lower for start in _starts(lower, word)}
    matches = (marker.match(window, start) for start in sorted(starts, reverse=True)[:_TRIES])
    return filter(None, matches)


def _starts(text: str, word: str) -> Iterator[int]:
    """The last places of a word."""
    start = len(text)
    for _ in range(_TRIES):
        start = text.rfind(word, 0, start)
        if start < 0:
            return
        yield start


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
    return bool(BETWEEN.fullmatch(window, claim.end, other.start) or ALSO.search(window, other.start, other.end))


def _lists(window: str, marked: int, claim: Claim, options: Options) -> bool:
    """Whether a claim only begins a list of options, be it in one line or in several."""
    end = window.find("\n", claim.start)
    line, following = (window[claim.start :], "") if end < 0 else (window[claim.start : end], window[end + 1 :])
    if _enumerates(line[:HEAD], options):
        return True
    return "\n" in window[marked : claim.start] and _next(line, following.partition("\n")[0][:HEAD], options)


def _enumerates(line: str, options: Options) -> bool:
    """Whether a sentence goes on from its first option to the next, as `A) 1 B) 2` and `A: 0.4, B: 0.6` do."""
    first = ENTRY.match(line)
    place = options.place(first["label"]) if first else None
    if first is None or place is None:
        return False
    ends = UNLISTED.search(line, first.end())
    listed = ENTRY.finditer(line, first.end(), ends.start() if ends else len(line))
    entries = (entry for entry in listed if entry["mark"] == first["mark"])
    return any(options.place(entry["label"]) == place + 1 for entry in entries)


def _next(line: str, following: str, options: Options) -> bool:
    """Whether the second line goes on to the next option, or both are bare."""
    pair = _alike(line, following, options)
    if pair is None:
        return False
    bare = _whole(line, options) and _whole(following, options)
    return bool(bare) or min(pair[1].places) == min(pair[0].places) + 1


def _alike(line: str, other: str, options: Options) -> tuple[Claim, Claim] | None:
    """The different options that two lines name in the same form, as those of a list do."""
    one, two = _line(line, options), _line(other, options)
    if one is None or two is None or one.places == two.places:
        return None
    forms = FORM.match(line, one.start), FORM.match(other, two.start)
    return (one, two) if len({form and form["mark"] for form in forms}) == 1 else None


def _claim(
    text: str, at: int, options: Options, *, weak: bool = False, opening: re.Pattern[str] | None = None
) -> Claim | None:
    """The choice, or the choices side by side, that a stretch of text begins with."""
    start = _opened(text, at, opening or OPEN)
    lettered = _lettered(text, start, options, weak=weak)
    named = _text_from(text, _opened(text, at, MARKS), start, options)
    if named is None or (lettered is not None and lettered.end > named.end):
        return lettered
    return _named(text, named, options)


def _text_from(text: str, low: int, high: int, options: Options) -> Claim | None:
    """The option whose text begins at one of the words up to `high`: what may stand before a choice may be its own."""
    if not options.texts:
        return None
    spaces = [space.end() for space in SPACE.finditer(text, low, high)]
    found = (options.text_at(text, start) for start in [low, *spaces[-_WORDS_BEFORE:], high])
    return next(filter(None, found), None)


def _named(text: str, named: Claim, options: Options) -> Claim | None:
    """Options side by side of which the first is named by its text, with the letter that may stand behind it."""
    places, end = named.places, named.end
    for _ in range(MOST):
        closing = _opened(text, end, CLOSE)
        letter = (
            _lettered(text, _opened(text, closing, PLAIN), options) if text[closing : closing + 2] == " (" else None
        )
        separator = SEPARATOR.match(text, end)
        following = letter or (separator and options.text_at(text, separator.end()))
        if not following:
            break
        places, end = places | following.places, following.end
    return None if WRONG.match(text, end) else Claim(places, named.start, end)


def _opened(text: str, at: int, opening: re.Pattern[str]) -> int:
    """Where what may stand before or behind a choice has ended."""
    opened = opening.match(text, at, at + 120)
    return opened.end() if opened else at


def _lettered(text: str, start: int, options: Options, *, weak: bool = False) -> Claim | None:
    """Labels side by side, with the text of the option where it follows."""
    places: set[int] = set()
    end = at = start
    for _ in range(MOST):
        label = _label(text, at, options, weak=weak, more=bool(places))
        if label is None and OTHERS.match(text, at):
            return None
        if label is None:
            break
        place, end = label
        places.add(place)
        if own := _own_text(text, end, options):
            places |= own.places
            end = max(end, own.end)
        separator = SEPARATOR.match(text, end)
        if separator is None:
            break
        at = separator.end()
    if not places or WRONG.match(text, end) or (COPULA.match(text, end) and not POSITIVE.match(text, end)):
        return None
    return Claim(frozenset(places), start, end)


def _own_text(text: str, end: int, options: Options) -> Claim | None:
    """The text behind a label, unless a sentence on another option begins there: `B. Paris (A) is in France`."""
    own = options.text_at(text, _opened(text, end, OPEN))
    return None if own and text.startswith(". ", end) and text.startswith(" (", own.end) else own


def _label(text: str, at: int, options: Options, *, weak: bool, more: bool) -> tuple[int, int] | None:
    """The label there, and where its brackets end, if it can be nothing but a label."""
    found = options.label_at(text, at)
    if found is None:
        return None
    place, end = found
    closing = CLOSE.match(text, end)
    closed = closing.end() if closing else end
    if text[closed : closed + 1] == "?":
        return None
    bracketed = closed > end and text[at - 1 : at] in ("(", "[", "*", "{", "_", "`")
    if more and COPULA.match(text, closed) and not POSITIVE.match(text, closed):
        return None
    if bracketed and not weak:
        return place, closed
    if AFTER.match(text, end) or COPULA.match(text, end) or CJK.match(text, end) and text[at].isascii():
        return place, closed
    return (place, closed) if options.text_at(text, _opened(text, closed, OPEN)) else None


def _called_correct(window: str, options: Options) -> Iterator[Claim]:
    """The last two choices that are called correct, each with the one that `and` joins to it."""
    claims = 0
    for praise in _found(CORRECT, PRAISING_WORDS, window):
        end = praise.start()
        named = BEFORE.search(window, max(0, end - 30), end)
        place = options.place(named["label"]) if named else None
        if named is None or place is None or named["denied"]:
            continue
        if HYPOTHESIS.search(window, max(0, named.start() - 40), named.start()):
            continue
        joined = JOINED.search(window, max(0, named.start() - 20), named.start())
        other = options.place(joined["label"]) if joined else None
        yield Claim(frozenset({place} if other is None else {place, other}), named.start(), praise.end())
        claims += 1
        if claims == 2:
            return


def _last_line(window: str, options: Options) -> Iterator[Claim]:
    """The choice that the last line begins with, or that its last sentence is."""
    lines = window.rsplit("\n", 2)
    line = lines[-1][-HEAD:]
    start = len(window) - len(line)
    begins = _line(line, options)
    if begins and not (len(lines) > 1 and _alike(lines[-2][:HEAD], line, options)):
        yield begins._replace(start=start + begins.start, end=start + begins.end)
    *before, sentence = SENTENCE.split(line)
    places = _whole(sentence, options) if before else None
    if places and not _whole(before[-1], options) and not _labels(before[-1], places, options):
        yield Claim(places, len(window) - len(sentence), len(window))


def _labels(sentence: str, places: frozenset[int], options: Options) -> bool:
    """Whether a sentence ends with the label of what follows, as `D.` does before `Madrid`."""
    label = options.place(sentence.split(" ")[-1].strip("(.)"))
    return label in places


def _first_line(window: str, options: Options) -> frozenset[int] | None:
    line, _, rest = window.partition("\n")
    begins = _line(line[:HEAD], options)
    if begins is None or _next(line[:HEAD], rest.partition("\n")[0][:HEAD], options):
        return None
    return begins.places


def _line(line: str, options: Options) -> Claim | None:
    """The choice a line begins with, such as `B) 42` or `**B**. Because …`, and the one right behind it."""
    claim = _claim(line, 0, options)
    if claim is None or not GOES_ON.match(line, max(0, claim.end - 1)) or _enumerates(line[claim.start :], options):
        return None
    behind = _claim(line, _opened(line, claim.end, RETAKEN), options, opening=PLAIN)
    if behind is None or COPULA.match(line, behind.end) or line.startswith(" (", behind.end):
        return claim
    return claim._replace(places=claim.places | behind.places, end=behind.end)


def _mentioned(window: str, options: Options) -> frozenset[int] | None:
    """The only choice that is mentioned in a way that can be nothing else, less those that are denied."""
    places: set[int] = set()
    for mention in MENTION.finditer(window):
        place = options.place(mention[mention.lastgroup or 0])
        if place is not None and place not in places and not _denied(window, mention.start(), mention.end()):
            places.add(place)
    line = window.rstrip().rpartition("\n")[2]
    entry = ENTRY.search(line)
    if places or _line(line, options) or (entry and _enumerates(line[entry.start() :], options)):
        return frozenset(places) or None
    return _mentioned_by_text(line, options)


def _mentioned_by_text(line: str, options: Options) -> frozenset[int] | None:
    """The options whose texts stand in a line, the longest first, each in its own words."""
    said = " ".join(MARKUP.sub("", line.casefold()).split())
    places: set[int] = set()
    for option, place in options.texts:
        start = said.find(option)
        end = start + len(option)
        if (
            start < 0
            or said[start - 1 : start].isalnum()
            or not (ends(said[start:], option) or COPULA.match(said, end) or options.text_at(said, end + 1))
        ):
            continue
        if len(option) > 2 and not _denied(said, start, end):
            places.add(place)
        said = said.replace(option, "\0")
    return frozenset(places) or None


def _denied(text: str, start: int, end: int) -> bool:
    return bool(WRONG.match(text, end) or DENIED.search(text, max(0, start - 40), start))
