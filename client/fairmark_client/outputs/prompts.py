"""The rows whose prompts a model is to answer: a side of a prepared folder, or a file of such rows."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ..data.prepared import Prepared, Row, Side
from ..errors import DataError
from .lines import lines, shaped


class _Message(BaseModel):
    model_config = ConfigDict(extra="allow")

    role: str
    content: Any = None


class _Prompted(BaseModel):
    """What a row must have for a model to answer it."""

    model_config = ConfigDict(extra="allow")

    prompt: list[_Message] = Field(min_length=1)


def prompts(path: str | Path, side: Side = "train") -> list[tuple[int, Row]]:
    """The rows with their places, from 0. Raises `DataError` naming file, line and field."""
    file = Prepared.open(path).folder / f"{side}.jsonl" if Path(path).is_dir() else Path(path)
    rows = [_checked(file, line, row) for line, row in lines(file)]
    if not rows:
        raise DataError(f"{file}: no rows")
    return list(enumerate(rows))


def _checked(file: Path, line: int, row: Row) -> Row:
    shaped(_Prompted, row, file, line)
    return row
