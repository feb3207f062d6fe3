"""JSON in a text, and when two JSON values are the same: what `json_schema` and `tool_calls` agree on.

A key that stands twice in an object counts with its last value, as in `sample.output_json` and most parsers. NaN,
infinities and half surrogate pairs are not JSON. `null` on its own counts as no value, as everywhere in fairmark.
"""

import json
import re
from collections.abc import Hashable
from typing import Any, NamedTuple

from .sample import LONGEST_JSON, parsed

DEEPEST = 100
"""Levels of objects and lists: a tenth of what Python's parser can take, whatever else is on its stack."""

MOST_FENCES = 2_000
MOST_PIECES = 200
"""Places of a text where a piece of JSON may begin, those inside others apart: each costs its attempt."""

_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)  # tells where a piece ends, whatever its numbers are
_OPENING = re.compile(r'\{\s*["}]')

# A fence stands at the head of a line; a string of JSON can't hold a line break, so no fence is inside one.
_BLOCK = re.compile(r"^ {0,3}```[ \t]*(\w*)[^\n]*\n(.*?)(?:^ {0,3}```|\Z)", re.MULTILINE | re.DOTALL)


class TooLarge(ValueError):
    """A value with more characters, values or levels than are looked at."""


class Size(NamedTuple):
    """How large a JSON value is."""

    values: int
    """Objects, lists and what is in them, keys apart."""
    characters: int
    """Characters of strings and keys, and one for every value."""


class Piece(NamedTuple):
    """JSON in a text."""

    start: int
    end: int
    value: Any


def document(text: str) -> Any:
    """The JSON value that a text is or holds; None where that isn't clear.

    The whole text; else the last block fenced as ```json, be it JSON or not; else the last one fenced without a
    language, where that is JSON; else the only piece of JSON in the text. Blocks that are never closed end with it.
    """
    value = parsed(text)
    if value is not None or text.count("```") > MOST_FENCES:
        return value
    blocks = {language.lower(): body for language, body in _BLOCK.findall(text)}
    if "json" in blocks:
        return parsed(blocks["json"])
    value = parsed(blocks.get(""))
    return _only_piece(text) if value is None else value


def _only_piece(text: str) -> Any:
    try:
        found = pieces(text)
    except TooLarge:
        return None
    return found[0].value if len(found) == 1 else None


def pieces(text: str) -> list[Piece]:
    """The objects and lists of objects in a text, whatever stands around them, those inside others apart.

    Linear: what is no JSON is left where the parser gave up. Raises `TooLarge`.
    """
    found, end = list[Piece](), 0
    for _ in range(MOST_PIECES):
        opening = _OPENING.search(text, end)
        if opening is None:
            return found
        before = text[end : opening.start()].rstrip()
        start = end + len(before) - 1 if before.endswith("[") else opening.start()
        try:
            length = _DECODER.raw_decode(text[start : start + LONGEST_JSON])[1]
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated string"):
                return found  # no quotation mark is left, so nothing is that could be an object with a key
            end = start + max(1, error.pos)
            continue
        except RecursionError:
            raise TooLarge(f"nested more than {DEEPEST} deep") from None
        end = start + length
        value = parsed(text[start:end])
        if value is not None:
            found.append(Piece(start, end, value))
    raise TooLarge(f"in more than {MOST_PIECES} pieces")


def size(value: Any, most: int = LONGEST_JSON) -> Size:
    """The size of a value. Raises `TooLarge` for more than `most` values, too many characters or too deep nesting."""
    values, characters, level = 0, 0, [value]
    for _ in range(DEEPEST):
        objects = [v for v in level if type(v) is dict]
        values += len(level)
        characters += sum([len(v) for v in level if type(v) is str]) + sum([sum(map(len, o)) for o in objects])
        if values > most:
            raise TooLarge(f"of more than {most:,} values")
        if values + characters > LONGEST_JSON:
            raise TooLarge(f"over {LONGEST_JSON:,} characters long")
        level = [inner for v in level if type(v) is list for inner in v]
        level += [inner for o in objects for inner in o.values()]
        if not level:
            return Size(values, values + characters)
    raise TooLarge(f"nested more than {DEEPEST} deep")


def canonical(value: Any) -> Hashable:
    """Equal, with equal hashes, for two JSON values that are the same.

    Numbers are the same when their values are, exactly: 1 and 1.0, not 1 and 1.0000001; never a number and a string or
    a boolean. The order of keys doesn't count, that of a list does.
    """
    if isinstance(value, dict):
        return frozenset((name, canonical(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(map(canonical, value))
    return (bool, value) if isinstance(value, bool) else value
