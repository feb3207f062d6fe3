r"""Tool calls that a model wrote into its text, in any of the forms where a call is JSON.

A call is any JSON object with a name and arguments, wherever it stands: the whole text, in lines, in a list, between
`<tool_call>` tags (Hermes, Qwen), behind `<|python_tag|>` (Llama 3) or `[TOOL_CALLS]` (Mistral), in fenced blocks, in
prose. All of them count, so that none can be hidden beside another. Two forms have the name before the JSON:

    <function=name>{…}</function>                       Llama 3.1
    [TOOL_CALLS]name[ARGS]{…}, [TOOL_CALLS]name{…}      Mistral

A marker that no JSON follows is a call that can't be read, and so is any call in a form without JSON (XML, Python).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .json_text import Piece, TooLarge, pieces, size

ARGUMENTS = ("arguments", "parameters", "args", "input")
"""What the arguments of a call are called: OpenAI, Llama 3, LangChain and Gemini, Anthropic."""

_HEADS = (
    "<tool_call>",
    "[TOOL_CALLS]",
    "<|python_tag|>",
    "<function=",
    "<invoke ",
    "<｜tool▁call▁begin｜>",
    "<|tool_call_begin|>",
)
"""How a marker begins. Mostly there is none, which a search for each sees in a tenth of the pattern's time."""
_NAME = r"[\w.-]{1,200}"
# What stands between a marker and the JSON it announces; `here` where that is all that stands there.
_MARKER = re.compile(
    rf"""(?: (?P<tag><tool_call>)
           | <function=(?P<llama>{_NAME})>
           | \[TOOL_CALLS\]\s*(?P<mistral>{_NAME})\s*(?:\[CALL_ID\]\s*\w+\s*)?(?:\[ARGS\])?
           | {"|".join(map(re.escape, _HEADS))} )
         \s* (?:```\w*\s*)? (?P<here>\Z)?""",
    re.VERBOSE,
)
_CLOSED = re.compile(r"[\s,;`]*</tool_call>")


class Unreadable(ValueError):
    """What should be a tool call isn't one."""


def written(text: str) -> list[dict[str, Any]]:
    """The calls written into a text, in their order. Raises `Unreadable` or `TooLarge`."""
    calls, end, tagged = list[dict[str, Any]](), 0, False
    try:
        found = pieces(text)
        size([piece.value for piece in found])
    except TooLarge as error:
        raise TooLarge(f"the JSON in the text is {error}") from None
    for start, stop, value in [*found, Piece(len(text), len(text), None)]:
        between = text[end:start]
        if tagged and "</tool_call>" in between and not _CLOSED.match(between):
            raise Unreadable(f"call {len(calls)} has text behind its JSON")
        marker = _announcing(between)
        if marker and (value is None or marker["here"] is None):
            raise Unreadable(f"call {len(calls) + 1} isn't JSON with the name of a tool")
        calls += _called(value, marker)
        end, tagged = stop, marker is not None and marker["tag"] is not None
    return calls


def _is_call(value: Any) -> bool:
    """Whether an object has the name of a tool and arguments."""
    function = value.get("function", value) if isinstance(value, dict) else None
    return isinstance(function, dict) and "name" in function and any(name in function for name in ARGUMENTS)


def _announcing(between: str) -> re.Match[str] | None:
    """The last marker of a text, or the first one that announces nothing."""
    marker = None
    if not any(head in between for head in _HEADS):
        return None
    for marker in _MARKER.finditer(between):
        if marker["here"] is None:
            break
    return marker


def _called(value: Any, marker: re.Match[str] | None) -> Iterable[dict[str, Any]]:
    """The calls that a piece of JSON is, given what announces it."""
    if marker is None:
        return _calls_in(value)
    if name := marker["llama"] or marker["mistral"]:
        return [{"name": name, "arguments": value}]
    return value if isinstance(value, list) else [value]


def _calls_in(value: Any) -> Iterator[dict[str, Any]]:
    """The calls in a JSON value, such as `{"tool_calls": […]}`; what a call's own arguments hold is none."""
    if _is_call(value):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _calls_in(inner)
