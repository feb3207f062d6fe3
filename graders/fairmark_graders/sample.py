"""What the model produced, under OpenAI's names, whatever shape the caller had it in.

A caller hands over a string, chat messages (the completion of a conversational trainer, tool calls included) or
OpenAI's sample object. `Sample` answers for the same fields in every case:

    output_text        text of the last assistant message that has any
    output_json        output_text parsed as JSON, when it parses
    output_tools       every tool call, in order
    choices            one choice holding the last assistant message
    finish_reason      of the first choice
    completion_tokens  the model's own count, where the caller knows it

A field the caller sent wins over one made from the others; `null` counts as not sent.
"""

import json
from collections.abc import Callable
from typing import Any

from .errors import InvalidSample

LONGEST_JSON = 100_000
"""Characters of a text that is looked at as JSON: 1 ms of strings and numbers, 18 ms of brackets at the worst."""

RawSample = str | list[Any] | dict[str, Any]
"""A text, chat messages, or OpenAI's sample object."""


class Sample:
    """The fields of one sample; each missing one is made from the others when first asked for."""

    __slots__ = ("fields", "made", "text", "unfinished")

    def __init__(self, raw: RawSample) -> None:
        self.made: dict[str, Any] | None = None
        self.unfinished = False
        """Whether the text is thinking that never ends, so that no output_text may be made from the messages."""
        if isinstance(raw, str):
            self.fields: dict[str, Any] = {}
            self.text: str | None = raw
        elif isinstance(raw, dict):
            self.fields = raw
            self.text = raw.get("output_text")
            if "messages" in raw:
                _check_messages(raw["messages"], "sample.messages")
            if self.text is not None and not isinstance(self.text, str):
                raise InvalidSample(f"sample.output_text: expected a string, got {kind(self.text)}")
        elif isinstance(raw, list):
            _check_messages(raw, "sample")
            self.fields = {"messages": raw}
            self.text = None
        else:
            raise InvalidSample(f"sample: expected a string, a list of messages or an object, got {kind(raw)}")

    def get(self, name: str) -> Any:
        """The field called `name`, or None."""
        value = self.text if name == "output_text" else self.fields.get(name)
        if value is not None or name not in _MADE:
            return value
        if self.made is None:
            self.made = {"output_text": None} if self.unfinished else {}
        if name not in self.made:
            self.made[name] = _MADE[name](self)
        return self.made[name]

    @property
    def raw(self) -> dict[str, Any]:
        """What the caller sent, as one object."""
        return self.fields if self.text is None else {**self.fields, "output_text": self.text}

    def with_text(self, text: str | None) -> "Sample":
        """The same sample with another output_text; None for one that never came to an answer."""
        changed = Sample.__new__(Sample)
        changed.fields, changed.text, changed.made, changed.unfinished = self.fields, text, None, text is None
        return changed


def _check_messages(messages: Any, field: str) -> None:
    if messages is None:
        return
    if not isinstance(messages, list):
        raise InvalidSample(f"{field}: expected a list of messages, got {kind(messages)}")
    for place, message in enumerate(messages):
        if not isinstance(message, dict):
            raise InvalidSample(f"{field}[{place}]: expected a message, got {kind(message)}")


def kind(value: Any) -> str:
    """The JSON name of a value's type."""
    names = {
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        list: "an array",
        dict: "an object",
    }
    return "null" if value is None else names.get(type(value), type(value).__name__)


def parsed(text: str | None) -> Any:
    """The value `text` holds as JSON, integers exact and of any size; None when it holds none.

    What only Python's parser takes for JSON (NaN, half a surrogate pair) isn't, nor is a text over `LONGEST_JSON`.
    """
    if text is None or len(text) > LONGEST_JSON:
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
        if "\\ud" in text.casefold():
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _text(sample: Sample) -> str | None:
    for message in reversed(_assistant(sample)):
        if text := content_text(message.get("content")):
            return text
    return "" if _assistant(sample) else None


def content_text(content: Any) -> str | None:
    """The text of a message's content: itself, or its text parts joined."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return "".join(texts) if texts else None


def _assistant(sample: Sample) -> list[dict[str, Any]]:
    return [m for m in _messages(sample) if isinstance(m, dict) and m.get("role", "assistant") == "assistant"]


def _messages(sample: Sample) -> list[Any]:
    messages = sample.fields.get("messages")
    if isinstance(messages, list):
        return messages
    choices = sample.fields.get("choices")
    return [c.get("message") for c in choices[:1] if isinstance(c, dict)] if isinstance(choices, list) else []


def _tools(sample: Sample) -> list[Any]:
    calls = [message.get("tool_calls") for message in _assistant(sample)]
    return [call for made in calls if isinstance(made, list) for call in made]


def _choices(sample: Sample) -> list[Any]:
    messages = _assistant(sample)
    message = messages[-1] if messages else {"role": "assistant", "content": sample.get("output_text")}
    return [{"index": 0, "message": message, "finish_reason": sample.fields.get("finish_reason")}]


def _finish_reason(sample: Sample) -> str | None:
    choices = sample.fields.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("finish_reason") if isinstance(first, dict) else None


_MADE: dict[str, Callable[[Sample], Any]] = {
    "output_text": _text,
    "output_json": lambda sample: parsed(sample.get("output_text")),
    "output_tools": _tools,
    "choices": _choices,
    "finish_reason": _finish_reason,
}
