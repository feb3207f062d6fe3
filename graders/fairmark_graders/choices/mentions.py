"""The only choice that a text mentions, where it concludes nothing."""

import re

from .claims import COPULA, WRONG
from .lists import ENTRY, claim_of_line, enumerates
from .options import MARKUP, Options, ends

_MENTION = re.compile(
    r"""\((?P<bracketed>[^\W_]{1,2})\) | \*\*\(?(?P<bold>[^\W_]{1,2})[).:]{0,2}\*\*
      | \b(?:option|choice)\s+\(?(?P<named>[^\W_]{1,2})\b""",
    re.VERBOSE | re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|nor|neither|never|none|n't|rule[sd]? out|eliminat\w+|exclud\w+|unlike|except|(?:any|every)thing but)"
    r"\b[^.;\n]{0,20}\Z"
)


def mentioned(window: str, options: Options) -> frozenset[int] | None:
    """The only choice that is mentioned in a way that can be nothing else, less those that are denied."""
    places: set[int] = set()
    for mention in _MENTION.finditer(window):
        place = options.place(mention[mention.lastgroup or 0])
        if place is not None and place not in places and not _denied(window, mention.start(), mention.end()):
            places.add(place)
    line = window.rstrip().rpartition("\n")[2]
    entry = ENTRY.search(line)
    if places or claim_of_line(line, options) or (entry and enumerates(line[entry.start() :], options)):
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
    return bool(WRONG.match(text, end) or _DENIED.search(text, max(0, start - 40), start))
