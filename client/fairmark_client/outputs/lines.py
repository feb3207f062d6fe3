"""JSONL line by line, with errors that name file, line and field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from ..data.line import parsed
from ..errors import DataError

Model = TypeVar("Model", bound=BaseModel)


def lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with the numbers of their lines; blank lines are none. Raises `DataError`."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _object(path, number, line)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def shaped(kind: type[Model], fields: dict[str, Any], path: Path, line: int) -> Model:
    """The object of a line as what it should be. Raises `DataError` naming the first field that is wrong."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "line"
        _wrong(path, line, f"{field}: {first['msg'].removeprefix('Value error, ')}")


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        return parsed(line)
    except ValueError as error:
        _wrong(path, number, str(error))


def _wrong(path: Path, line: int, problem: str) -> NoReturn:
    raise DataError(f"{path}: line {line}: {problem}")
