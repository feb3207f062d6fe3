"""From a prepared row to the lines that each platform trains on.

    openai/rft   messages (the last one the user's, `developer` for `system`), reference_answer and the other columns
    openai/sft   messages, the last one the assistant's answer
    trl/rft      prompt (messages) and the columns, which a reward function gets
    trl/sft      prompt (messages), completion (the assistant's answer)

Azure takes OpenAI's files. The answer is the row's `reference_answer`; under a response format, it is the JSON object
that the schema asks for.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairmark_graders import Fault, Sample
from fairmark_graders.sample import kind
from fairmark_graders.template import Template

from ..errors import DataError
from ..hooks.columns import NOT_COLUMNS
from .prepared import File, Method, Row, Side

Messages = list[dict[str, Any]]

PLATFORM_SIDES: tuple[Side, ...] = ("train", "validation")
"""The test side belongs to no platform."""
RESPONSE_FORMAT = "openai/rft/response_format.json"
LEFT_OUT = {
    "openai": frozenset({"messages", "tools", "parallel_tool_calls", "weight"}),
    "trl": frozenset({"messages", "prompts", "completion", "completions", "completion_ids"} | NOT_COLUMNS),
}
"""Columns that can't reach a grader there: OpenAI reserves or adds the names, TRL has other things under them.

`messages` is the prompt's name in what a grader sees. OpenAI knows no weights of rows.
"""
_CONVERSATIONS = ("messages", "prompt")
_QUESTIONS = ("question", "problem", "instruction", "query", "input", "text")
"""Columns that data sets keep the prompt in, in the order they are looked for."""


class Prompt:
    """How a row becomes the chat messages that a model is asked with."""

    def __init__(self, template: str | None = None, system: str | None = None) -> None:
        """`template` reads the row as the graders' templates do: `{{ item.column }}`. Raises `DataError`."""
        self._system = system
        self._template = None if template is None else _compiled(template)

    def messages(self, row: Mapping[str, Any]) -> Messages:
        """The messages of one row; without a template, those of the first column that usually holds them.

        Raises `DataError` naming the field that is missing or isn't what was expected.
        """
        asked = self._rendered(row) if self._template else _found(row)
        if self._system is None:
            return asked
        if asked[0]["role"] in ("system", "developer"):
            raise DataError("system: the row's messages bring their own; leave one of the two out")
        return [{"role": "system", "content": self._system}, *asked]

    @property
    def columns(self) -> set[str]:
        """Those that the template names."""
        return {variable.name for variable in self._template.variables} if self._template else set()

    def fields(self, row: Mapping[str, Any]) -> Row:
        """What of a row its prompt is made of, without the words that every prompt has. Raises `DataError`."""
        if self._template is None:
            return {"messages": _found(row)}
        return {str(variable): variable.find(Sample(""), dict(row)) for variable in self._template.variables}

    def _rendered(self, row: Mapping[str, Any]) -> Messages:
        assert self._template is not None
        try:
            text = self._template.render(Sample(""), dict(row))
        except Fault as fault:
            raise DataError(f"template: {fault}; the row has {_names(row)}") from None
        return [{"role": "user", "content": text}]


def _compiled(source: str) -> Template:
    try:
        template = Template(source)
    except ValueError as error:
        raise DataError(f"template: {error}") from None
    if "sample" in template.namespaces:
        raise DataError(
            "template: expected only fields of the row, such as {{ item.question }}; there is no sample yet"
        )
    if not template.variables:
        raise DataError(
            "template: expected a field of the row, such as {{ item.question }}; else every prompt is the same"
        )
    return template


def _found(row: Mapping[str, Any]) -> Messages:
    for name in (*_CONVERSATIONS, *_QUESTIONS):
        value = row.get(name)
        if isinstance(value, str) and value.strip() and name != "messages":
            return [{"role": "user", "content": value}]
        if isinstance(value, list) and value and name in _CONVERSATIONS:
            return _conversation(name, value)
    expected = ", ".join((*_CONVERSATIONS, *_QUESTIONS))
    raise DataError(f"prompt: expected a column {expected}, or a template; the row has {_names(row)}")


def _conversation(name: str, messages: list[Any]) -> Messages:
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str) or "content" not in message:
            raise DataError(f"{name}[{place}]: expected an object with role and content, got {kind(message)}")
    if messages[-1]["role"] != "user":
        last = messages[-1]["role"]
        raise DataError(f"{name}: expected the last message to be the user's, got {last!r}; move an answer to a column")
    return messages


def _names(row: Mapping[str, Any]) -> str:
    there = [name for name, value in row.items() if value is not None]
    return ", ".join(there[:12]) + (", …" if len(there) > 12 else "") or "nothing"


def answer(row: Row, response_format: Mapping[str, Any] | None = None) -> str:
    """What the model should say: the reference, or the JSON object that the response format asks for.

    A property of the schema is taken from the reference where that is an object, else from the column of its name;
    the one property that neither has is the reference itself. Raises `DataError` naming what is missing.
    """
    reference = row.get("reference_answer")
    if reference is None:
        raise DataError("no reference_answer; expected the right answer")
    if response_format is None:
        return reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)
    return json.dumps(_object(row, reference, response_format), ensure_ascii=False)


def schema(response_format: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The JSON schema in a response format; None where there is none."""
    inner = (response_format or {}).get("json_schema")
    found = inner.get("schema") if isinstance(inner, dict) else None
    return found if isinstance(found, dict) else None


def _object(row: Row, reference: Any, response_format: Mapping[str, Any]) -> Any:
    asked = schema(response_format) or {}
    names, required = list(asked.get("properties", {})), set(asked.get("required", []))
    if not names:
        return reference
    if isinstance(reference, dict):
        found = {name: reference[name] for name in names if name in reference}
    elif len(names) == 1:
        found = {names[0]: reference}
    else:
        found = {name: row[name] for name in names if name in row}
        found |= dict.fromkeys([name for name in names if name in required - found.keys()][:1], reference)
    if missing := sorted(required - found.keys()):
        raise DataError(f"the response format requires {missing[0]!r}, which neither the reference nor a column holds")
    return {name: found[name] for name in names if name in found}


def openai_rft(row: Row) -> Row:
    """A line of OpenAI's and Azure's reinforcement fine-tuning."""
    return {"messages": [_developer(message) for message in row["prompt"]], **_columns(row, "openai")}


def _columns(row: Row, platform: str) -> Row:
    return {name: value for name, value in row.items() if name != "prompt" and name not in LEFT_OUT[platform]}


def _developer(message: dict[str, Any]) -> dict[str, Any]:
    return message | {"role": "developer"} if message["role"] == "system" else message


def openai_sft(row: Row, response_format: Mapping[str, Any] | None = None) -> Row:
    """A line of OpenAI's and Azure's supervised fine-tuning."""
    return {"messages": [*row["prompt"], _assistant(row, response_format)]}


def trl_rft(row: Row) -> Row:
    """A line for TRL's GRPO: every column but the prompt goes to the reward function."""
    return {"prompt": row["prompt"], **_columns(row, "trl")}


def trl_sft(row: Row, response_format: Mapping[str, Any] | None = None) -> Row:
    """A line for TRL's SFT, conversational."""
    return {"prompt": row["prompt"], "completion": [_assistant(row, response_format)]}


def _assistant(row: Row, response_format: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"role": "assistant", "content": answer(row, response_format)}


def targets(
    folder: Path,
    targets: Sequence[str],
    methods: Sequence[Method],
    response_format: dict[str, Any] | None = None,
) -> tuple[dict[str, dict[Method, dict[Side, str]]], dict[str, File]]:
    """Write each platform's files from the sides that are in the folder, a row at a time.

    Returns the manifest's `targets`, and its `files` for what was written. Raises `DataError` naming file, line and
    field, or a platform that there is no format for.
    """
    made: dict[str, dict[Method, dict[Side, str]]] = {}
    files: dict[str, File] = {}
    for platform in targets:
        for method in methods:
            line = _line(platform, method, response_format)
            for side in PLATFORM_SIDES:
                path = f"{platform}/{method}/{side}.jsonl"
                files[path] = _write(folder / path, _lines(folder / f"{side}.jsonl", line))
                made.setdefault(platform, {}).setdefault(method, {})[side] = path
    if response_format is not None and "rft" in made.get("openai", {}):
        text = json.dumps(response_format, ensure_ascii=False, indent=2) + "\n"
        files[RESPONSE_FORMAT] = _write(folder / RESPONSE_FORMAT, iter([text.encode()]), rows=False)
    return made, files


def _line(platform: str, method: Method, response_format: dict[str, Any] | None) -> Callable[[Row], Row]:
    match platform, method:
        case "openai", "rft":
            return openai_rft
        case "openai", "sft":
            return lambda row: openai_sft(row, response_format)
        case "trl", "rft":
            return trl_rft
        case "trl", "sft":
            return lambda row: trl_sft(row, response_format)
    raise DataError(f"targets: no format for {platform!r}; expected openai (which Azure takes too) or trl")


def _lines(side: Path, line: Callable[[Row], Row]) -> Iterator[bytes]:
    with side.open("rb") as rows:
        for number, row in enumerate(rows, 1):
            try:
                yield json.dumps(line(json.loads(row)), ensure_ascii=False).encode() + b"\n"
            except DataError as error:
                raise DataError(f"{side}: line {number}: {error}") from None


def _write(path: Path, lines: Iterator[bytes], rows: bool = True) -> File:
    path.parent.mkdir(parents=True, exist_ok=True)
    count, size, sha256 = 0, 0, hashlib.sha256()
    with path.open("wb") as file:
        for line in lines:
            file.write(line)
            sha256.update(line)
            count, size = count + 1, size + len(line)
    return File(rows=count if rows else None, bytes=size, sha256=sha256.hexdigest())
