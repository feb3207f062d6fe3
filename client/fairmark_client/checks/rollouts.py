"""Bodies as OpenAI's and Azure's platform posts them to an endpoint grader, made of the rows of a data set.

The shape is that of Microsoft's samples: every key of `sample` is there, with `output_json` null where no JSON was
asked for; messages of the item have a `name`, which is null; `tools` and `parallel_tool_calls` are added; `trace_id` is
the same for what comes again. Nothing but the answer is made up: it is the reference, another row's, or nothing.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..data import format
from ..errors import DataError

LARGEST = 1_000_000
"""Bytes of a body: what Azure documents as the most that it sends."""


class Rollout(NamedTuple):
    """One row with its right answer."""

    line: int
    item: Mapping[str, Any]
    answer: str
    json: bool = False
    """Whether the answer is the JSON of a response format."""

    def body(self, answer: str | None = None) -> dict[str, Any]:
        """What is posted; another answer than the right one where it is given."""
        text = self.answer if answer is None else answer
        return {"sample": _sample(text, self.json), "item": dict(self.item), "trace_id": f"trace_{uuid.uuid4().hex}"}


def of_row(line: int, row: Mapping[str, Any], field: str) -> Rollout:
    """The rollout of a plain row. Raises `DataError` where the field with the right answer is missing."""
    value: Any = row.get(field)
    if value is None:
        raise DataError(f"{field}: missing; expected the right answer (--reference names its field)")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Rollout(line, _item({**row, "messages": _messages(row)}), text)


def of_prepared(line: int, row: dict[str, Any], response_format: Mapping[str, Any] | None) -> Rollout:
    """The rollout of a prepared row. Raises `DataError` where it has no right answer."""
    return Rollout(
        line, _item(format.openai_rft(row)), format.answer(row, response_format), response_format is not None
    )


def large(rollout: Rollout) -> dict[str, Any]:
    """A body of nearly the most that is sent, with an answer of that length."""
    left = LARGEST - len(json.dumps(rollout.body(""), ensure_ascii=False).encode())
    words = rollout.answer.encode("ascii", "replace").decode() or "word"
    # The text is in the body twice, and once more where it is JSON; quotes and backslashes take two bytes.
    plain = words.replace('"', "'").replace("\\", "/") + " "
    return rollout._replace(json=False).body((plain * (max(left, 0) // 2 // len(plain)))[: max(left, 0) // 2 - 100])


def _sample(text: str, asked_json: bool) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "tool_calls": []}
    return {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "output_text": text,
        "output_json": _parsed(text) if asked_json else None,
        "output_tools": [],
        "output_reasoning_summary": None,
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    named = [{"name": None, **message} for message in row["messages"]]
    return {**row, "messages": named, "tools": row.get("tools"), "parallel_tool_calls": True}


def _messages(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The row's prompt; rows without one can be graded all the same."""
    try:
        return format.Prompt().messages(row)
    except DataError:
        return [{"role": "user", "content": ""}]
