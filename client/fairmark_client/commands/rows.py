"""Rows to grade, one JSON object a line, read as they are needed: a file may be larger than memory."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fairmark_graders.sample import kind

from ..data.line import parsed
from ..outputs.output import Output

_FIELDS = ("sample", "item", "group")
"""The fields of a sample in `POST /v1/grade`, less the grader."""
_RECORDED = Output.model_fields.keys() - _FIELDS
"""What a file of outputs says besides."""

Result = dict[str, Any]
"""What became of a row, with the fields of `POST /v1/grade`."""


class Row(NamedTuple):
    """One sample and the item it answers."""

    line: int
    sample: Any
    item: Any


class Broken(NamedTuple):
    """A line that holds no row, and why."""

    line: int
    reason: str


class Rows:
    """The rows of a stream; blank lines are none."""

    def __init__(self, stream: Iterable[bytes], field: str | None = None) -> None:
        """Rows as `POST /v1/grade` has them; with `field`, dataset rows whose sample is in that column."""
        self._stream, self._field = stream, field
        self.bytes_read = 0

    def __iter__(self) -> Iterator[Row | Broken]:
        for number, line in enumerate(self._stream, 1):
            self.bytes_read += len(line)
            if line.strip():
                yield self._row(number, line)

    def _row(self, number: int, line: bytes) -> Row | Broken:
        try:
            return self._shaped(number, parsed(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line))
        except ValueError as error:
            return Broken(number, str(error))

    def _shaped(self, number: int, row: dict[str, Any]) -> Row:
        return _column(number, row, self._field) if self._field is not None else _pair(number, row)


class Items(Rows):
    """The items of a stream: dataset rows, or those of rows as `POST /v1/grade` has them. Samples are not looked at."""

    def _shaped(self, number: int, row: dict[str, Any]) -> Row:
        item = row["item"] if "item" in row and row.keys() <= {*_FIELDS, *_RECORDED} else row
        if not isinstance(item, dict):
            raise ValueError(f"item: expected an object, got {kind(item)}")
        return Row(number, "", item)


def _pair(number: int, row: dict[str, Any]) -> Row:
    if "sample" not in row:
        raise ValueError(f'no "sample" here, only {_names(row)}; for dataset rows name the column with --sample')
    if "grader" in row:
        raise ValueError("grader: expected none in a row, since --grader grades them all")
    if unknown := row.keys() - _FIELDS - _RECORDED:
        raise ValueError(f"{min(unknown)}: unknown field; expected {', '.join(_FIELDS)}")
    return Row(number, row["sample"], row.get("item", {}))


def _column(number: int, row: dict[str, Any], field: str) -> Row:
    if field not in row:
        raise ValueError(f'no "{field}" here, only {_names(row)}')
    return Row(number, row[field], row)


def _names(row: dict[str, Any]) -> str:
    shown = ", ".join(f'"{name}"' for name in list(row)[:8])
    return (shown + ", …" if len(row) > 8 else shown) or "nothing"
