"""From a configuration to a grader, or to an error that names each field that is wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from .errors import InvalidGrader, Problem
from .multi import Multi
from .registry import AnyLeaf

AnyGrader = Annotated[AnyLeaf | Multi, Field(discriminator="type")]
"""Every grader there is, as OpenAI's configurations spell it."""

_ADAPTER: TypeAdapter[AnyGrader] = TypeAdapter(AnyGrader)
TYPES: tuple[str, ...] = tuple(
    get_args(cls.model_fields["type"].annotation)[0] for cls in (*get_args(get_args(AnyLeaf)[0]), Multi)
)


def parse_grader(configuration: Any, directory: Path | None = None) -> AnyGrader:
    """The grader of a configuration in OpenAI's grader JSON. Raises `InvalidGrader`.

    `directory` is where the configuration's relative paths start; without it they are refused.
    """
    try:
        return _ADAPTER.validate_python(configuration, context={"directory": directory})
    except ValidationError as error:
        raise InvalidGrader([_problem(details) for details in error.errors(include_url=False)]) from None
    except RecursionError:
        raise InvalidGrader([Problem("", "nested too deeply")]) from None


def _problem(details: ErrorDetails) -> Problem:
    field = ".".join(map(str, _path(details["loc"])))
    match details["type"]:
        case "union_tag_invalid":
            return Problem(_join(field, "type"), f"unknown grader type {details['input'].get('type')!r}; {_expected()}")
        case "union_tag_not_found":
            return Problem(_join(field, "type"), f"missing; {_expected()}")
        case "model_attributes_type" | "model_type" | "dict_type":
            return Problem(field, f"expected an object, got {type(details['input']).__name__}")
        case "extra_forbidden":
            return Problem(field, "unknown field")
        case "missing":
            return Problem(field, "missing")
        case "value_error":
            return _raised(field, str(details["ctx"]["error"]))
        case _:
            message = details["msg"]
            return Problem(field, message[0].lower() + message[1:])


def _raised(field: str, message: str) -> Problem:
    """A whole-grader check names its field itself, at the head of its message."""
    head, colon, rest = message.partition(": ")
    if colon and head.isidentifier():
        return Problem(_join(field, head), rest)
    return Problem(field, message)


def _join(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _expected() -> str:
    return f"expected one of {', '.join(TYPES)}"


def _path(location: Sequence[int | str]) -> list[int | str]:
    """Pydantic's path less the type tags that a union puts in: `multi.graders.a.string_check.input`."""
    path = list(location)
    if path and path[0] in TYPES:
        del path[0]
    if len(path) > 2 and path[0] == "graders" and path[2] in TYPES:
        del path[2]
    return path
