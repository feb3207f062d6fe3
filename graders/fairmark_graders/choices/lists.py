"""Lines that begin with a choice, and lists of options, which choose none."""

import re

from .claims import COPULA, PLAIN, claim_at, opened, whole_choice
from .held import HEAD
from .options import Claim, Options

_GOES_ON = re.compile(
    r".?(?:\s*\Z|[\s)\]*_}]*[).:,;!\u2012-\u2015*-]|\s*\(|\s+(?:because|since|as|for[ ]sure)\b)|[)\]*}:.]"
)
_RETAKEN = re.compile(
    r"[\W_]*(?:(?:no|wait|actually|hmm+|sorry|oops|then|or|maybe|perhaps|possibly|rather|instead|i mean)\b[\W_]*){0,4}",
    re.IGNORECASE,
)
"""What stands between a choice and the next one that replaces or doubts it."""
_FORM = re.compile(r"[^\W_]{1,2}[*_]*(?P<mark>[).:=\u2012-\u2015-]?)")
"""How a line names its option: bare, or with a mark between label and text."""
ENTRY = re.compile(r"(?<![\w'])(?P<label>[^\W_]{1,2})(?P<mark>[):=])(?!\s*(?:is|was)\b)")
"""An option in a list of them."""
_UNLISTED = re.compile(r"[.!?](?:\s|\Z)|\b(?:is|are|not|rather|than|over|while|whereas|because|since|unlike|but)\b")
"""What a list of options doesn't hold between two of them."""


def claim_of_line(line: str, options: Options) -> Claim | None:
    """The choice a line begins with, such as `B) 42` or `**B**. Because …`, and the one right behind it."""
    claim = claim_at(line, 0, options)
    if claim is None or not _GOES_ON.match(line, max(0, claim.end - 1)) or enumerates(line[claim.start :], options):
        return None
    behind = claim_at(line, opened(line, claim.end, _RETAKEN), options, opening=PLAIN)
    if behind is None or COPULA.match(line, behind.end) or line.startswith(" (", behind.end):
        return claim
    return claim._replace(places=claim.places | behind.places, end=behind.end)


def begins_list(window: str, marked: int, claim: Claim, options: Options) -> bool:
    """Whether a claim only begins a list of options, be it in one line or in several."""
    end = window.find("\n", claim.start)
    line, following = (window[claim.start :], "") if end < 0 else (window[claim.start : end], window[end + 1 :])
    if enumerates(line[:HEAD], options):
        return True
    return "\n" in window[marked : claim.start] and goes_on_to(line, following.partition("\n")[0][:HEAD], options)


def enumerates(line: str, options: Options) -> bool:
    """Whether a sentence goes on from its first option to the next, as `A) 1 B) 2` and `A: 0.4, B: 0.6` do."""
    first = ENTRY.match(line)
    place = options.place(first["label"]) if first else None
    if first is None or place is None:
        return False
    ends = _UNLISTED.search(line, first.end())
    listed = ENTRY.finditer(line, first.end(), ends.start() if ends else len(line))
    entries = (entry for entry in listed if entry["mark"] == first["mark"])
    return any(options.place(entry["label"]) == place + 1 for entry in entries)


def goes_on_to(line: str, following: str, options: Options) -> bool:
    """Whether the second line goes on to the next option, or both are bare."""
    pair = alike(line, following, options)
    if pair is None:
        return False
    bare = whole_choice(line, options) and whole_choice(following, options)
    return bool(bare) or min(pair[1].places) == min(pair[0].places) + 1


def alike(line: str, other: str, options: Options) -> tuple[Claim, Claim] | None:
    """The different options that two lines name in the same form, as those of a list do."""
    one, two = claim_of_line(line, options), claim_of_line(other, options)
    if one is None or two is None or one.places == two.places:
        return None
    forms = _FORM.match(line, one.start), _FORM.match(other, two.start)
    return (one, two) if len({form and form["mark"] for form in forms}) == 1 else None
