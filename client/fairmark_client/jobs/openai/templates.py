"""What a grader's templates read, held against the rows: where it is missing, rollouts teach nothing and are billed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairmark_graders import Sample
from fairmark_graders.template import Template, Variable

from ...data.format import PLATFORM_SIDES
from ...data.prepared import Prepared
from ...errors import JobRefused
from ..job import Spec
from .graders import Configuration
from .rules import file

ADDED = ("tools", "parallel_tool_calls")
"""What the platform puts into every item."""
_NO_SAMPLE = Sample("")


def check(grader: Configuration, spec: Spec) -> None:
    """Raises `JobRefused`, naming the first row that lacks what is read. A python grader's source isn't looked into."""
    read = set(_variables(grader))
    if Prepared.open(spec.data).manifest.response_format is None:
        for variable in read:
            if (variable.namespace, variable.name) == ("sample", "output_json"):
                raise JobRefused(
                    f"grader: reads {variable}, which is there under a response format only; prepare the data with one"
                )
    wanted = [variable for variable in read if variable.namespace == "item" and variable.name not in ADDED]
    for side in PLATFORM_SIDES:
        if wanted and (path := file(spec, side)):
            _check_rows(path, wanted)


def _check_rows(path: Path, wanted: list[Variable]) -> None:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            for variable in _missing(wanted, json.loads(line)):
                raise JobRefused(f"{path}:{number}: {variable} is missing; the grader reads it")


def _missing(wanted: list[Variable], row: dict[str, Any]) -> Iterator[Variable]:
    return (variable for variable in wanted if variable.find(_NO_SAMPLE, row) is None)


def _variables(value: Any) -> Iterator[Variable]:
    match value:
        case str():
            yield from _template(value).variables
        case list():
            for inner in value:
                yield from _variables(inner)
        case dict():
            for name, inner in value.items():
                if name not in ("source", "headers", "calculate_output"):
                    yield from _variables(inner)


def _template(text: str) -> Template:
    try:
        return Template(text)
    except ValueError as error:
        raise JobRefused(f"grader: {error}") from None
