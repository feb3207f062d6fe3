"""From what a trainer hands its reward functions to what goes over the wire.

    prompts       -> item.prompt, or item.messages for a conversation
    completions   -> sample.output_text, or sample.messages
    completion_ids-> sample.completion_tokens: their number; the ids stay here
    grader        -> the row's grader, by name or configuration
    other columns -> the item's fields, under their own names

`item.reference_answer`, which the graders of the catalog read, comes from the column that is named for it, or else from
the one column with a usual name. What JSON can't carry (images, tensors, functions, NaN) stays here.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import AmbiguousColumn
from ..service import Grader, Row

REFERENCE = "reference_answer"
USUAL = [
    "solution",
    "answer",
    "ground_truth",
    "label",
    "labels",
    "target",
    "gold",
    "expected_answer",
    "reward_model.ground_truth",
]
"""What datasets call the reference."""
NOT_COLUMNS = {"trainer_state", "log_extra", "log_metric", "environments"}

Columns = Mapping[str, str]
"""Item fields, and the dataset columns (or dotted paths into them) that they come from."""

_DROPPED = object()


def rows(
    prompts: Sequence[Any],
    completions: Sequence[Any],
    completion_ids: Sequence[Sequence[int]] | None,
    columns: Mapping[str, Any],
    mapping: Columns | None,
) -> list[Row]:
    """One row for each completion; the reference's column is looked for when there is no mapping.

    Raises `AmbiguousColumn`.
    """
    batched = {name: values for name, values in columns.items() if _is_column(name, values, len(prompts))}
    items = [_item(prompt, {name: batched[name][place] for name in batched}) for place, prompt in enumerate(prompts)]
    mapping = _reference(items) if mapping is None else _checked(mapping, items)
    counts: Iterable[int | None] = map(len, completion_ids) if completion_ids is not None else [None] * len(items)
    return [
        _row(_mapped(item, mapping), completion, count)
        for item, completion, count in zip(items, completions, counts, strict=True)
    ]


def group(prompt: Any) -> str:
    """A name for the prompt, the same on every rank and in every process."""
    text = json.dumps(plain(prompt), sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def grader(value: Any) -> Grader | None:
    """The grader that a `grader` column or FAIRMARK_GRADER names: a name, a configuration, or one as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(
                f"grader: expected a name, or a configuration as JSON ({error}), got {value[:200]!r}"
            ) from None
    return _without_null(value) if isinstance(value, dict) else value or None


def plain(value: Any) -> Any:
    """The value as JSON carries it. What it can't carry is left out of a mapping, and takes a list along."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _DROPPED
    if isinstance(value, Mapping):
        kept = {key: plain(inner) for key, inner in value.items() if isinstance(key, str)}
        return {key: inner for key, inner in kept.items() if inner is not _DROPPED}
    if isinstance(value, list | tuple):
        elements = [plain(inner) for inner in value]
        return elements if all(inner is not _DROPPED for inner in elements) else _DROPPED
    if type(value).__module__ == "numpy":
        return plain(value.tolist())
    return _DROPPED


def _is_column(name: str, values: Any, length: int) -> bool:
    return name not in NOT_COLUMNS and isinstance(values, list | tuple) and len(values) == length


def _item(prompt: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    item = dict(plain(row))
    item["prompt" if isinstance(prompt, str) else "messages"] = plain(prompt)
    return {name: value for name, value in item.items() if value is not _DROPPED}


def _reference(items: Sequence[dict[str, Any]]) -> Columns:
    """The usual column that the reference comes from; none when it needs no mapping, or there is no such column."""
    present = [name for name in USUAL if _present(items, name)]
    if not present or _present(items, REFERENCE):
        return {}
    if len(present) > 1:
        raise AmbiguousColumn(
            f"columns {' and '.join(map(repr, present))} could each hold the reference; choose one: "
            f"FAIRMARK_REFERENCE={present[0]}, or reward_func(…, columns={{'{REFERENCE}': '{present[0]}'}})"
        )
    return {REFERENCE: present[0]}


def _checked(mapping: Columns, items: Sequence[dict[str, Any]]) -> Columns:
    for field, column in mapping.items():
        if items and not _present(items, column):
            raise AmbiguousColumn(
                f"{field}: expected a column {column!r} to take it from; there are {', '.join(sorted(items[0]))}"
            )
    return mapping


def _present(items: Sequence[dict[str, Any]], column: str) -> bool:
    return any(_at(item, column) is not _DROPPED for item in items)


def _mapped(item: dict[str, Any], mapping: Columns) -> dict[str, Any]:
    found = {field: _at(item, column) for field, column in mapping.items()}
    return item | {field: value for field, value in found.items() if value is not _DROPPED}


def _row(item: dict[str, Any], completion: Any, count: int | None) -> Row:
    sample = {"output_text" if isinstance(completion, str) else "messages": plain(completion)}
    if count is not None:
        sample["completion_tokens"] = count
    chosen = grader(item.pop("grader", None))
    row: Row = {"sample": sample, "item": item}
    if chosen is not None:
        row["grader"] = chosen
    return row


def _at(item: Mapping[str, Any], path: str) -> Any:
    """The value under a column's name, or under a dotted path into one."""
    if path in item:
        return item[path]
    name, dot, rest = path.partition(".")
    inner = item.get(name)
    return _at(inner, rest) if dot and isinstance(inner, Mapping) else _DROPPED


def _without_null(value: Any) -> Any:
    """Datasets give every row the keys of all rows, null where a row has none; a configuration has no null fields."""
    if isinstance(value, Mapping):
        return {key: _without_null(inner) for key, inner in value.items() if inner is not None}
    return [_without_null(inner) for inner in value] if isinstance(value, list) else value
