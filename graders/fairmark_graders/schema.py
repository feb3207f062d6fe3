"""JSON Schemas of draft 2020-12 on jsonschema-rs: what is wrong with one, with a document, and what applying one costs.

A schema is handed around as its JSON text: it is hashed, cached and sent to a worker as such.
"""

import json
import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PATTERN_BYTES = 1 << 20
"""Memory for one compiled pattern, and as much for its automaton."""
MOST_VALUES = 1_000_000
"""Values of a schema with what it refers to in its place: each may be looked at for every value of a document."""
DEEPEST_EXPLAINED = 5
"""Levels of a document whose error is looked for where branches may hold branches: the work doubles with each."""

_LINEAR = " that runs in linear time, without look-around and back-references"
_INVALID = "not valid under the schema"
_COUNT = re.compile(r"\{(?:\d*,)?(\d+),?\}")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")


class Weight(NamedTuple):
    """What applying a schema costs, to be multiplied by the size of a document."""

    values: float
    """Values in the schema once what it refers to stands in its place; infinite when that never ends."""
    patterns: float
    """Instructions that its patterns unroll to, at the most."""

    def __add__(self, other: "Weight") -> "Weight":  # type: ignore[override]
        return Weight(self.values + other.values, self.patterns + other.patterns)


def validator(schema: str) -> Any:
    """The validator of a schema. A ValueError names the path of what is wrong with it.

    Nothing is fetched. Formats are annotations. Patterns run on an engine that takes time linear in the text.
    """
    read = _read(schema)
    if isinstance(read, str):
        raise ValueError(read)
    return read


@lru_cache(128)
def _read(schema: str) -> Any:
    """The validator of a schema, or what is wrong with it: a bad schema comes with every sample of its item, too."""
    from jsonschema_rs import ValidationError

    loaded = json.loads(schema)
    draft = loaded.get("$schema", DRAFT) if isinstance(loaded, dict) else DRAFT
    if draft not in (DRAFT, f"{DRAFT}#"):
        return f"$['$schema']: expected '{DRAFT}', got {str(draft)[:100]!r}"
    try:
        built = _built(loaded, mask="the value")
    except ValidationError:
        return _refusal(loaded)
    if MOST_VALUES < weight(schema).values < math.inf:
        return f"its references unroll to more than {MOST_VALUES:,} values"
    return built


def patterns(schema: Any) -> int:
    """How many patterns a schema holds, at the most."""
    if isinstance(schema, list):
        return sum(map(patterns, schema))
    if not isinstance(schema, dict):
        return 0
    named = schema.get("patternProperties")
    own = ("pattern" in schema) + (len(named) if isinstance(named, dict) else 0)
    return own + sum(map(patterns, schema.values()))


def _built(schema: Any, mask: str | None) -> Any:
    """A validator; masked, since an error that quotes the document costs the document's length at every level."""
    from jsonschema_rs import Draft202012Validator, RegexOptions

    patterns = RegexOptions(size_limit=PATTERN_BYTES, dfa_size_limit=PATTERN_BYTES)
    return Draft202012Validator(schema, mask=mask, pattern_options=patterns, validate_formats=False, offline=True)


def _refusal(schema: Any) -> str:
    """What is wrong with a schema, quoting it."""
    from jsonschema_rs import ValidationError

    try:
        _built(schema, mask=None)
    except ValidationError as error:
        refusal = f"{path(error.instance_path)}: {error.message[:300]}"
        return refusal + _LINEAR if refusal.endswith('is not a "regex"') else refusal
    return "not a schema"


def complaint(schema: str, document: Any) -> str | None:
    """What is wrong with a document, with its path; None for one that is valid.

    Whether it is valid is cheap to say. What is wrong isn't where `anyOf` and `oneOf` stand inside themselves: the
    errors of every branch of every level are made, so there only shallow documents are told more than that they aren't.
    """
    from jsonschema_rs import ValidationError

    applied = validator(schema)
    try:
        if applied.is_valid(document):
            return None
        if _branches_without_end(schema) and _levels(document) > DEEPEST_EXPLAINED:
            return _INVALID
        applied.validate(document)
    except ValidationError as error:
        return f"{path(error.instance_path)}: {error.message}"[:500]
    except UnicodeEncodeError:
        return "the JSON holds half a surrogate pair"
    return _INVALID


def _branches_without_end(schema: str) -> bool:
    return math.isinf(weight(schema).values) and ('"anyOf"' in schema or '"oneOf"' in schema)


@lru_cache(128)
def weight(schema: str) -> Weight:
    """The cost of a schema, infinite where it refers to itself or by a name that isn't a JSON pointer."""
    root, known = json.loads(schema), dict[str, Weight]()
    endless = Weight(math.inf, math.inf)

    def target(pointer: str) -> Weight:
        if pointer not in known:
            known[pointer] = endless  # while it is being weighed: whatever leads back here never ends
            known[pointer] = weigh(_resolve(root, pointer))
        return known[pointer]

    def weigh(value: Any, keyword: str = "") -> Weight:
        if isinstance(value, list):
            return sum(map(weigh, value), Weight(1, 0))
        if isinstance(value, dict):
            names = Weight(1, sum(map(_instructions, value)) if keyword == "patternProperties" else 0)
            return sum((weigh(inner, name) for name, inner in value.items() if name != "$defs"), names)
        if isinstance(value, str) and keyword in ("$ref", "$dynamicRef"):
            return target(value)
        return Weight(1, _instructions(value) if isinstance(value, str) and keyword == "pattern" else 0)

    try:
        return weigh(root)
    except (LookupError, TypeError, ValueError, RecursionError):
        return endless


def _instructions(pattern: str) -> float:
    """The length of a pattern once its repetitions are unrolled: counts add up, unless a group is repeated."""
    counts = [int(count[:9]) for count in _COUNT.findall(pattern)]
    return len(pattern) * min(1e9, math.prod(counts)) if "){" in pattern else len(pattern) + sum(counts)


def _resolve(root: Any, pointer: str) -> Any:
    """What a JSON pointer in a URI fragment leads to (RFC 6901, section 6)."""
    if not re.fullmatch("#(/.*)?", pointer):
        raise LookupError(pointer)
    value = root
    for step in unquote(pointer).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def _levels(document: Any) -> int:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return 1 + max(map(_levels, inner), default=0)


def path(steps: Iterable[str | int]) -> str:
    """A place in a document, as JSONPath writes it (RFC 9535)."""
    return "$" + "".join(
        f".{step}" if isinstance(step, str) and _PLAIN_NAME.fullmatch(step) else f"[{step!r}]" for step in steps
    )
