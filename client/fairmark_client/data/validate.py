"""Does a prepared data set keep the rules of the platforms it was made for, and can its grader grade it?

Files as a whole first (there, unchanged, not too large), then each line under its platform's rules, then what only all
lines together show: rows in both files, columns of mixed types. Then the grader: that each row has the fields it reads,
and its self-test (`self_test.py`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from fairmark_graders import AnyGrader, Leaf, Sample
from fairmark_graders.sample import kind
from fairmark_graders.template import Template, Variable

from . import rules
from .format import LEFT_OUT, PLATFORM_SIDES, RESPONSE_FORMAT, schema
from .line import parsed
from .prepared import Method, Prepared, Row, Side, item
from .problem import Problem
from .self_test import self_test

__all__ = ["Problem", "problems", "variables"]

_NO_SAMPLE = Sample("")


def problems(prepared: Prepared, grader: AnyGrader | None = None) -> Iterator[Problem]:
    """What is wrong with the files, platform by platform, then with the rows under the grader; none where all is well.

    Found as they are asked for, and there may be one for every line. Without a grader nothing is said of grading.
    """
    manifest, gone = prepared.manifest, prepared.changed()
    for name in gone:
        yield Problem(name, None, None, "missing, or changed since the manifest was written; prepare the data again")
    for platform, methods in manifest.targets.items():
        for method, sides in methods.items():
            yield from _Target(prepared, platform, method, sides, grader).problems()
    if manifest.response_format is not None:
        yield from _response_format(manifest.response_format)
    if any(f"{side}.jsonl" in gone for side in PLATFORM_SIDES):
        return
    yield from _left_out(prepared)
    if grader is not None:
        yield from self_test(prepared, grader)


def variables(grader: AnyGrader) -> list[Variable]:
    """What a grader reads of the item and the sample, by its templates; defaults that may be missing are left out."""
    found = {variable: None for leaf in grader.leaves() for variable in _read(leaf)}
    return list(found)


def _read(leaf: Leaf) -> Iterator[Variable]:
    for name in sorted(leaf.model_fields_set):
        value = getattr(leaf, name)
        for template in value if isinstance(value, tuple | list) else (value,):
            if isinstance(template, Template):
                yield from template.variables


class _Target:
    """The files of one method on one platform."""

    def __init__(
        self, prepared: Prepared, platform: str, method: Method, sides: Mapping[Side, str], grader: AnyGrader | None
    ) -> None:
        self._folder, self._response_format = prepared.folder, prepared.manifest.response_format
        self._openai, self._method, self._sides = platform == "openai", method, sides
        self._rules = rules.rules(platform, method)
        self._variables = variables(grader) if grader is not None and method == "rft" else []
        self._types: dict[str, tuple[str, str]] = {}
        """By column: the type that it had first, and where."""
        self._trained_on: dict[bytes, int] = {}
        """The training file's lines by their hash."""

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong with them."""
        for side in PLATFORM_SIDES:
            path = self._sides.get(side)
            if path is None:
                yield Problem("manifest.json", None, None, f"no {side} file of {self._method}; both are required")
            elif (self._folder / path).is_file():
                yield from self._file(path, side)
        if self._openai:
            yield from self._never_sampled()

    def _file(self, path: str, side: Side) -> Iterator[Problem]:
        rows = 0
        with (self._folder / path).open("rb") as lines:
            for line in lines:
                rows += 1
                yield from self._line(path, rows, line, side)
        if self._openai:
            yield from self._size(path, side, rows)

    def _size(self, path: str, side: Side, rows: int) -> Iterator[Problem]:
        size = (self._folder / path).stat().st_size
        if rows < rules.FEWEST_ROWS:
            yield Problem(path, None, None, f"expected at least {rules.FEWEST_ROWS} rows, got {rows}")
        if self._method == "rft" and rows > rules.MOST_ROWS[side]:
            yield Problem(
                path, None, None, f"expected at most {rules.MOST_ROWS[side]:,} rows, got {rows:,}; change --shares"
            )
        if size > rules.MOST_BYTES:
            yield Problem(path, None, None, f"expected at most {rules.MOST_BYTES:,} bytes, got {size:,}")

    def _line(self, path: str, number: int, text: bytes, side: Side) -> Iterator[Problem]:
        try:
            line = parsed(text)
        except ValueError as error:
            yield Problem(path, number, None, str(error))
            return
        for broken in self._rules(line):
            yield Problem(path, number, *broken)
        yield from self._twice(path, number, line, side)
        yield from self._unread(path, number, line)
        if not self._openai:
            yield from self._mixed(path, number, line)

    def _twice(self, path: str, number: int, line: Row, side: Side) -> Iterator[Problem]:
        mark = hashlib.sha256(json.dumps(line, sort_keys=True).encode()).digest()
        if side == "train":
            self._trained_on.setdefault(mark, number)
        elif first := self._trained_on.get(mark):
            where = f"{self._sides['train']}:{first}"
            yield Problem(path, number, None, f"the same row as {where}; a row may be in one of the two only")

    def _unread(self, path: str, number: int, line: Row) -> Iterator[Problem]:
        seen = line if self._openai else item({"prompt": None, **line})
        for variable in self._variables:
            if variable.namespace == "item" and variable.find(_NO_SAMPLE, seen) is None:
                yield Problem(path, number, str(variable), "missing; the grader reads it")

    def _mixed(self, path: str, number: int, line: Row) -> Iterator[Problem]:
        """Most read TRL's rows into an Arrow table, whose columns hold one type each; null goes with any."""
        for name, value in line.items():
            if value is not None:
                first, where = self._types.setdefault(name, (kind(value), f"{path}:{number}"))
                if kind(value) != first:
                    message = f"{kind(value)}, and {first} in {where}: an Arrow table refuses it, fairmark's jobs don't"
                    yield Problem(path, number, name, message, fatal=False)

    def _never_sampled(self) -> Iterator[Problem]:
        """Fields of the model's answer as JSON, which OpenAI fills under a response format only."""
        properties = (schema(self._response_format) or {}).get("properties", {})
        for variable in self._variables:
            if (variable.namespace, variable.name) != ("sample", "output_json"):
                continue
            if self._response_format is None:
                message = "the grader reads it, and OpenAI fills it under a response format only; give one"
                yield Problem(RESPONSE_FORMAT, None, str(variable), message)
            elif variable.steps and properties and variable.steps[0] not in properties:
                message = f"the grader reads it, and the response format has {', '.join(properties)}"
                yield Problem(RESPONSE_FORMAT, None, str(variable), message)


def _response_format(response_format: dict[str, Any]) -> Iterator[Problem]:
    if response_format.get("type") != "json_schema":
        found = response_format.get("type")
        yield Problem(RESPONSE_FORMAT, None, "type", f"expected 'json_schema', got {found!r}")
        return
    inner = response_format.get("json_schema")
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        yield Problem(RESPONSE_FORMAT, None, "json_schema.name", "missing; expected a text")
    if (schema(response_format) or {}).get("type") != "object":
        yield Problem(RESPONSE_FORMAT, None, "json_schema.schema", "expected the schema of an object")


def _left_out(prepared: Prepared) -> Iterator[Problem]:
    """Columns that a platform's files don't have, each said once."""
    told = set[tuple[str, str]]()
    for side in PLATFORM_SIDES:
        for number, row in enumerate(prepared.rows(side), 1):
            for platform in prepared.manifest.targets:
                for name in sorted(row.keys() & LEFT_OUT[platform] - {"messages"}):
                    if (platform, name) not in told:
                        told.add((platform, name))
                        yield Problem(f"{side}.jsonl", number, name, _why(platform, name), fatal=False)


def _why(platform: str, name: str) -> str:
    if name == "weight":
        return f"left out of the files for {platform}, which knows no weights: there every row counts the same"
    return f"left out of the files for {platform}, where it means something else"
