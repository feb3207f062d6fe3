"""Rows where they are: JSONL, CSV, Parquet, a folder of `datasets`, or anything in Python that gives dicts.

Each is read a row at a time. Texts of a CSV file stay texts, since `007` is no 7; what JSON has no word for becomes
text (dates, decimals) or null (a NaN in a table, which is how pandas writes a missing number), or is refused.
"""

import csv
import datetime
import decimal
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from ..errors import DataError
from .line import parsed
from .prepared import Row, digest

_BATCH = 1024
"""Rows of a Parquet file that are Python objects at a time."""
_LONGEST_FIELD = 16 << 20
"""Characters in a field of CSV. Above it is a quote that nobody closed, which takes in the rest of the file."""


class Source(Protocol):
    """Rows, each with the number of its line, or of the row where there are no lines; both from 1."""

    name: str
    unit: str
    total: int | None
    """What `done` comes to at the end: bytes or rows; None where nobody knows before."""
    done: int

    def __iter__(self) -> Iterator[tuple[int, Row]]: ...

    def sha256(self) -> str:
        """Of the file, or of the rows as they were read where there is none."""
        ...


def opened(source: Any) -> Source:
    """The rows of a path, or of an iterable of dicts such as a `datasets.Dataset`. Raises `DataError`."""
    if not isinstance(source, str | Path):
        return Objects(source, type(source).__name__)
    path = Path(source)
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    match path.suffix.lower():
        case ".jsonl" | ".ndjson" | ".json":
            return Jsonl(path)
        case ".csv":
            return Csv(path)
        case ".parquet":
            return Parquet(path)
    raise DataError(f"{path}: expected .jsonl, .csv, .parquet, or a folder that datasets' save_to_disk made")


class _File:
    unit = "line"

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self.total: int | None = path.stat().st_size
        self.done = 0

    def sha256(self) -> str:
        return digest(self.path) or ""

    def _lines(self, file: BinaryIO) -> Iterator[bytes]:
        """The lines as bytes, less the mark that some editors put in front."""
        for number, line in enumerate(file):
            self.done += len(line)
            yield line if number else line.removeprefix(b"\xef\xbb\xbf")

    def _wrong(self, number: int, problem: object) -> DataError:
        return DataError(f"{self.path}: {self.unit} {number}: {problem}")


class Jsonl(_File):
    """One JSON object a line; blank lines don't count."""

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        with self.path.open("rb") as file:
            for number, line in enumerate(self._lines(file), 1):
                if line.strip():
                    try:
                        yield number, parsed(line)
                    except ValueError as error:
                        raise self._wrong(number, error) from None


class Csv(_File):
    """RFC 4180: a head with the names of the columns, commas, quotes. An empty field is missing."""

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        csv.field_size_limit(_LONGEST_FIELD)
        with self.path.open("rb") as file:
            reader = csv.reader(self._texts(file), strict=True)
            names: list[str] = []
            for number, fields in self._numbered(reader):
                if not names:
                    names = self._head(number, fields)
                elif len(fields) != len(names):
                    raise self._wrong(number, self._ragged(names, fields))
                else:
                    yield number, {name: field or None for name, field in zip(names, fields, strict=True)}

    def _numbered(self, reader: Any) -> Iterator[tuple[int, list[str]]]:
        """The rows that hold something, with the line that each begins on: a quoted field may go over several."""
        began = 1
        try:
            for fields in reader:
                if fields:
                    yield began, fields
                began = reader.line_num + 1
        except csv.Error as error:
            raise self._wrong(began, f"expected CSV: {error}") from None

    def _texts(self, file: BinaryIO) -> Iterator[str]:
        for number, line in enumerate(self._lines(file), 1):
            try:
                yield line.decode()
            except UnicodeDecodeError as error:
                byte = f"0x{line[error.start]:02x} at byte {error.start + 1}"
                raise self._wrong(number, f"expected UTF-8, got the byte {byte}") from None

    def _head(self, number: int, names: list[str]) -> list[str]:
        for place, name in enumerate(names):
            if not name.strip():
                raise self._wrong(number, f"column {place + 1} has no name")
            if name in names[:place]:
                raise self._wrong(number, f"two columns are called {name!r}")
        return names

    def _ragged(self, names: list[str], fields: list[str]) -> str:
        counted = f"expected {len(names)} fields, got {len(fields)}"
        return f"{counted}; {names[len(fields)]!r} is missing" if len(fields) < len(names) else counted


class Parquet(_File):
    """Read by row groups."""

    unit = "row"

    def __init__(self, path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        super().__init__(path)
        try:
            self._file = pyarrow.parquet.ParquetFile(path)
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{path}: expected Parquet: {error}") from None
        names = self._file.schema_arrow.names
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise DataError(f"{path}: two columns are called {twice!r}")
        self.total = self._file.metadata.num_rows

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        import pyarrow

        try:
            for batch in self._file.iter_batches(_BATCH):
                for row in batch.to_pylist():
                    self.done += 1
                    yield self.done, plain_row(row, f"{self.path}: row {self.done}")
        except (pyarrow.ArrowException, OSError) as error:
            raise self._wrong(self.done + 1, f"expected Parquet: {error}") from None


class Objects:
    """Dicts from Python, a `datasets.Dataset` among them."""

    unit = "row"

    def __init__(self, rows: Iterable[Any], name: str) -> None:
        self.name, self._rows = name, rows
        self.total = len(rows) if isinstance(rows, Sized) else None
        self.done = 0
        self._sha256 = hashlib.sha256()

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        for row in self._rows:
            self.done += 1
            if not isinstance(row, dict):
                raise DataError(f"{self.name}: row {self.done}: expected a dict, got {type(row).__name__}")
            plain = plain_row(row, f"{self.name}: row {self.done}")
            self._sha256.update(json.dumps(plain).encode() + b"\n")
            yield self.done, plain

    def sha256(self) -> str:
        return self._sha256.hexdigest()


def _folder(path: Path) -> Objects:
    """A data set as `save_to_disk` leaves it."""
    try:
        from datasets import Dataset, load_from_disk
    except ModuleNotFoundError:
        raise DataError(f"{path}: a folder of datasets takes pip install 'fairmark[trl]'") from None
    try:
        found = load_from_disk(str(path))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected a folder that datasets' save_to_disk made: {error}") from None
    if not isinstance(found, Dataset):
        raise DataError(f"{path}: holds several data sets; name one: {', '.join(str(path / name) for name in found)}")
    return Objects(found, path.name)


def plain_row(row: Row, where: str) -> Row:
    """The row as JSON has it. Raises `DataError` naming the field that can't be."""
    plain: Row = {}
    for name, value in row.items():
        try:
            plain[str(name)] = _plain(value)
        except ValueError as error:
            raise DataError(f"{where}: {name}: {error}") from None
        except RecursionError:
            raise DataError(f"{where}: {name}: nested too deeply") from None
    return plain


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _unicode(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return _plain(value.tolist())
    raise ValueError(f"expected what JSON can carry, got {type(value).__name__}")


def _number(value: float) -> float | None:
    if math.isinf(value):
        raise ValueError("expected a finite number, got an infinite one")
    return None if math.isnan(value) else value


def _unicode(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("expected Unicode text, got half of a surrogate pair") from None
    return value
