"""What each platform asks of one line of a file; numbers and names are OpenAI's and Azure's, where not said otherwise.

A rule yields what breaks it: the field, what is wrong and what was expected, and whether the platform refuses it or it
is only likely to hurt.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeGuard

from fairmark_graders.sample import content_text, kind

from .format import LEFT_OUT
from .prepared import Method, Row

MOST_ROWS = {"train": 50_000, "validation": 1_000}
"""Of OpenAI's reinforcement fine-tuning."""
FEWEST_ROWS = 10
"""In each file (Azure)."""
MOST_BYTES = 512_000_000
"""Of one file, by the Files API; its page doesn't say whether a megabyte is 1,000,000 bytes or 1,048,576."""
_ROLES = ("developer", "user", "assistant", "tool")
_CONTENT = ("text", "image_url")
_FILTERED = ("chain of thought", "chain-of-thought")
"""What Azure's safety screening has been seen to trip over."""


class Broken(NamedTuple):
    """A rule that a line breaks."""

    field: str
    message: str
    fatal: bool = True


Rules = Callable[[Row], Iterator[Broken]]


def rules(platform: str, method: Method) -> Rules:
    """The rules for one line of a platform's file."""
    return {"openai": {"rft": openai_rft, "sft": openai_sft}, "trl": {"rft": trl_rft, "sft": trl_sft}}[platform][method]


def openai_rft(line: Row) -> Iterator[Broken]:
    """OpenAI's and Azure's reinforcement fine-tuning."""
    yield from _openai_messages(line.get("messages"), _ROLES, "user")
    if "tools" in line and not _functions(line["tools"]):
        yield Broken("tools", "reserved for the functions that a model may call: expected a list of objects")
    if "parallel_tool_calls" in line:
        yield Broken("parallel_tool_calls", "the server adds a field of this name: rename it")
    if not line.keys() - LEFT_OUT["openai"]:
        yield Broken("reference_answer", "missing; expected at least one field beside messages for the grader to read")


def openai_sft(line: Row) -> Iterator[Broken]:
    """OpenAI's and Azure's supervised fine-tuning."""
    messages = line.get("messages")
    yield from _openai_messages(messages, (*_ROLES, "system"), "assistant")
    if _is_messages(messages) and messages[-1].get("content") == "":
        yield Broken(f"messages[{len(messages) - 1}].content", "expected the answer to learn, got an empty text")


def trl_rft(line: Row) -> Iterator[Broken]:
    """TRL's GRPO."""
    yield from _trl_prompt(line.get("prompt"))
    for name in sorted(line.keys() & LEFT_OUT["trl"]):
        yield Broken(name, "a grader can't get a column of this name from TRL: rename it")


def trl_sft(line: Row) -> Iterator[Broken]:
    """TRL's SFT."""
    yield from _trl_prompt(line.get("prompt"))
    completion = line.get("completion")
    if not _is_messages(completion):
        yield Broken("completion", f"expected a list of messages, got {_shown(completion)}")
    elif not content_text(completion[-1].get("content")):
        yield Broken("completion", "expected the answer to learn, got an empty text")


def _openai_messages(messages: Any, roles: tuple[str, ...], last: str) -> Iterator[Broken]:
    if not _is_messages(messages):
        yield Broken("messages", f"expected a list of messages with at least one, got {_shown(messages)}")
        return
    for place, message in enumerate(messages):
        field = f"messages[{place}]"
        yield from _role(f"{field}.role", message.get("role"), roles)
        yield from _content(f"{field}.content", message)
    if messages[-1].get("role") != last:
        yield Broken("messages", f"expected the last message to be the {last}'s, got {messages[-1].get('role')!r}")


def _role(field: str, role: Any, roles: tuple[str, ...]) -> Iterator[Broken]:
    if role == "system" and "system" not in roles:
        yield Broken(field, "expected 'developer' instead of 'system'")
    elif role not in roles:
        yield Broken(field, f"expected one of {', '.join(roles)}, got {role!r}")


def _content(field: str, message: dict[str, Any]) -> Iterator[Broken]:
    content = message.get("content")
    if content is None and message.get("tool_calls"):
        return
    if isinstance(content, list) and content:
        for place, part in enumerate(content):
            found = part.get("type") if isinstance(part, dict) else kind(part)
            if found not in _CONTENT:
                yield Broken(f"{field}[{place}]", f"expected text or an image ({', '.join(_CONTENT)}), got {found!r}")
    elif not isinstance(content, str):
        yield Broken(field, f"expected text or a list of parts, got {_shown(content)}")
    text = (content_text(content) or "").casefold()
    if phrase := next((phrase for phrase in _FILTERED if phrase in text), None):
        yield Broken(field, f"'{phrase}' may trip Azure's safety filter", fatal=False)


def _trl_prompt(prompt: Any) -> Iterator[Broken]:
    if not _is_messages(prompt):
        yield Broken("prompt", f"expected a list of messages with at least one, got {_shown(prompt)}")
    elif prompt[-1].get("role") != "user":
        yield Broken("prompt", f"expected the last message to be the user's, got {prompt[-1].get('role')!r}")


def _is_messages(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and bool(value) and all(isinstance(message, dict) for message in value)


def _functions(tools: Any) -> bool:
    return isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools)


def _shown(value: Any) -> str:
    return "an empty list" if value == [] else kind(value)
