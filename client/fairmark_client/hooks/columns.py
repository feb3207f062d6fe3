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
from collections.abc import Mapping, Sequence
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

    Raises `AmbiguousColumn`, and a `ValueError` for completions that are neither texts nor lists of messages.
    """
    for name, values in {"completions": completions, "completion_ids": completion_ids}.items():
        if values is not None and len(values) != len(prompts):
            raise ValueError(f"{name}: expected {len(prompts)}, one for each prompt, got {len(values)}")
    batched = {name: values for name, values in columns.items() if _is_column(name, values, len(prompts))}
    items = [_item(prompt, {name: batched[name][place] for name in batched}) for place, prompt in enumerate(prompts)]
    mapping = _reference(items) if mapping is None else _checked(mapping, items)
    samples = [_sample(place, completion) for place, completion in enumerate(completions)]
    if completion_ids is not None:
        for sample, ids in zip(samples, completion_ids, strict=True):
            sample["completion_tokens"] = len(ids)
    return [_row(_mapped(item, mapping), sample) for item, sample in zip(items, samples, strict=True)]


def group(item: Mapping[str, Any]) -> str:
    """A name for an item's prompt, the same on every rank and in every process.

    The reference tells prompts apart that differ in what isn't sent. Other fields don't: a rollout may add its own.
    """
    text = json.dumps([item.get(name) for name in ("prompt", "messages", REFERENCE)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def grader(value: Any, source: str = "grader") -> Grader | None:
    """The grader that a `grader` column or FAIRMARK_GRADER names: a name, a configuration, or one as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(
                f"{source}: expected a name, or a configuration as JSON ({error}), got {value[:200]!r}"
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
    array = type(values).__module__ == "numpy" and getattr(values, "ndim", 0) > 0
    return name not in NOT_COLUMNS and (isinstance(values, list | tuple) or array) and len(values) == length


def _item(prompt: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    item = dict(plain(row))
    item["prompt" if isinstance(prompt, str) else "messages"] = plain(prompt)
    return {name: value for name, value in item.items() if value is not _DROPPED}


def _reference(items: Sequence[dict[str, Any]]) -> Columns:
    """The usual column that the reference comes from; none when it needs no mapping, or there is no such column."""
    present = [name for name in [REFERENCE, *USUAL] if any(_at(item, name) not in (None, _DROPPED) for item in items)]
    if not present or present[0] == REFERENCE:
        return {}
    if len(present) > 1:
        raise AmbiguousColumn(
            f"columns {' and '.join(map(repr, present))} could each hold the reference; choose one: "
            f"FAIRMARK_REFERENCE={present[0]}, or reward_func(…, columns={{'{REFERENCE}': '{present[0]}'}}), "
            "or columns={} when the grader names its own fields"
        )
    return {REFERENCE: present[0]}


def _checked(mapping: Columns, items: Sequence[dict[str, Any]]) -> Columns:
    for field, column in mapping.items():
        if items and all(_at(item, column) is _DROPPED for item in items):
            raise AmbiguousColumn(
                f"{field}: expected a column {column!r} to take it from; there are {', '.join(sorted(items[0]))}"
            )
    return mapping


def _mapped(item: dict[str, Any], mapping: Columns) -> dict[str, Any]:
    found = {field: _at(item, column) for field, column in mapping.items()}
    return item | {field: value for field, value in found.items() if value is not _DROPPED}


def _sample(place: int, completion: Any) -> dict[str, Any]:
    if isinstance(completion, str):
        return {"output_text": completion}
    if not isinstance(completion, list | tuple):
        raise ValueError(f"completions[{place}]: expected a text or a list of messages, got {_kind(completion)}")
    if odd := [message for message in completion if not isinstance(message, Mapping)]:
        raise ValueError(f"completions[{place}]: expected a text or a list of messages, got a list of {_kind(odd[0])}")
    messages = plain(completion)
    for message, carried in zip(completion, messages, strict=True):
        if lost := message.keys() & {"content", "tool_calls"} - carried.keys():
            raise ValueError(f"completions[{place}]: {min(lost)}: expected what JSON can carry")
    return {"messages": messages}


def _kind(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _row(item: dict[str, Any], sample: dict[str, Any]) -> Row:
    chosen = grader(item.pop("grader", None))
    row: Row = {"sample": sample, "item": item, "group": group(item)}
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
