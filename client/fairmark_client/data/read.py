"""The first step: every row once, from the source to a spool on disk, with what there is to know of it.

Of a row, memory keeps where it is in the spool and five numbers (48 bytes); its signature is in a file beside it. So a
source may be larger than memory.
"""

import difflib
import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from ..errors import DataError
from .format import Prompt, answer
from .near_duplicates import BYTES, Sketch
from .prepared import Row, Step
from .settings import Settings
from .source import Source

Advance = Callable[[str, int, int | None], object]
"""Told of what is going on, how far it is, and how far it goes."""

_EVERY = 256
"""Rows between two words on how far it is."""


class Column:
    """What a column holds."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()

    def add(self, value: Any) -> None:
        """Count one value; null and the empty text are missing."""
        if value is not None and value != "":
            self.types[_type(value)] += 1

    @property
    def present(self) -> int:
        """Rows that have a value."""
        return self.types.total()


class Rows:
    """The rows that were read: arrays with one entry for each, and the rows themselves on disk."""

    def __init__(self, folder: Path) -> None:
        self.columns: dict[str, Column] = {}
        self.names: list[str] = []
        """Labels, by the numbers that `labels` has."""
        self._spool, self._signatures = folder / "rows.jsonl", folder / "signatures"
        self._offsets, self._labels = array("q", [0]), array("q")
        self._whole, self._asked, self._answered, self._groups = array("Q"), array("Q"), array("Q"), array("Q")
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._labels)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Each row's class, as a number."""
        return np.frombuffer(self._labels, np.int64)

    @property
    def groups(self) -> NDArray[np.uint64]:
        """Each row's entity, hashed."""
        return np.frombuffer(self._groups, np.uint64)

    @property
    def asked(self) -> NDArray[np.uint64]:
        """What each row's prompt is made of, hashed."""
        return np.frombuffer(self._asked, np.uint64)

    def signatures(self) -> NDArray[np.uint8]:
        """What each row's prompt is made of, in 128 bytes; on disk until it is looked at."""
        return np.memmap(self._signatures, np.uint8, "r").reshape(-1, BYTES)

    def label(self, name: str) -> int:
        """The number of a label."""
        return self._numbers[name]

    def distinct(self) -> NDArray[np.int64]:
        """Rows that aren't the repetition of an earlier one."""
        return np.sort(np.unique(np.frombuffer(self._whole, np.uint64), return_index=True)[1])

    def contradictions(self, kept: NDArray[np.int64]) -> int:
        """Rows that have not the commonest answer to their prompt."""
        asked, answered = (
            np.unique(hashes[kept], return_inverse=True)[1]
            for hashes in (self.asked, np.frombuffer(self._answered, np.uint64))
        )
        counts = coo_array((np.ones(len(kept), np.int64), (asked, answered))).tocsr()
        return len(kept) - int(counts.max(axis=1).sum())

    def counted(self, rows: NDArray[np.int64]) -> dict[str, int]:
        """Rows of each label among these."""
        counts = np.bincount(self.labels[rows], minlength=len(self.names)).tolist()
        return dict(zip(self.names, counts, strict=True))

    def write(self, path: Path, rows: NDArray[np.int64], weights: NDArray[np.float64] | None, advance: Advance) -> None:
        """A side: these rows in this order, with their weights where there are any."""
        with self._spool.open("rb") as spool, path.open("wb") as file:
            for place, row in enumerate(rows.tolist()):
                if place % _EVERY == 0:
                    advance(f"writing {path.name}", place, len(rows))
                spool.seek(self._offsets[row])
                line = spool.read(self._offsets[row + 1] - self._offsets[row])
                file.write(
                    line if weights is None else b'%s, "weight": %r}\n' % (line[:-2], round(float(weights[place]), 6))
                )

    def fill(self, source: Source, settings: Settings, prompt: Prompt, advance: Advance) -> None:
        """Read the source to its end. Raises `DataError` for the first row that can't be used."""
        shape, sketch = Shape(settings, prompt), Sketch()
        with self._spool.open("wb") as spool, self._signatures.open("wb") as signatures:
            for number, row in source:
                try:
                    asked, line = self._take(shape, row)
                except DataError as error:
                    where = getattr(source, "path", source.name)
                    raise DataError(f"{where}: {source.unit} {number}: {error}") from None
                self._offsets.append(self._offsets[-1] + spool.write(line))
                signatures.write(sketch.signature(asked))
                if len(self) % _EVERY == 0:
                    advance("reading", source.done, source.total)
        if not len(self):
            raise DataError(f"{source.name}: no rows")

    def _take(self, shape: "Shape", row: Row) -> tuple[Row, bytes]:
        """What the row's prompt is made of, to be compared with others', and its line in a side."""
        for name, value in row.items():
            self.columns.setdefault(name, Column()).add(value)
        label, named = shape.label(row), shape.named(row)
        line, asked = shape.line(named), shape.asked(named)
        self._labels.append(self._number(label))
        self._whole.append(_hash(named))
        self._asked.append(_hash(asked))
        self._answered.append(_hash([label, named["reference_answer"]]))
        self._groups.append(shape.group(row, len(self._groups)))
        return asked, line

    def _number(self, label: str) -> int:
        if label not in self._numbers:
            self._numbers[label] = len(self.names)
            self.names.append(label)
        return self._numbers[label]


class Shape:
    """What a source's row becomes, and what it is called."""

    def __init__(self, settings: Settings, prompt: Prompt) -> None:
        self._settings, self._prompt = settings, prompt
        self._wanted = dict.fromkeys(settings.columns.values(), "--map") | {settings.label: "--label"}
        if settings.group is not None:
            self._wanted[settings.group] = "--group"
        self._moves = set(settings.columns.values()) - ({settings.label, settings.group} - {"weight"})
        # A conversation becomes the prompt; beside it, it would hide a system message from graders.
        self._replaced = {"prompt"} if settings.template else {"prompt", "messages"}

    def label(self, row: Row) -> str:
        """The class of a source's row, as text. Raises `DataError` for a row without one, or another column."""
        for column, option in self._wanted.items():
            if column not in row:
                raise DataError(f"no column {column!r} for {option}{meant(column, row)}")
        value = row[self._settings.label]
        if value is None or value == "":
            raise DataError(f"{self._settings.label}: missing; expected a label in every row")
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def named(self, row: Row) -> Row:
        """The row under its new names; the label and the group keep their own as well, save `weight`, which is ours."""
        named = {name: value for name, value in row.items() if name not in self._moves}
        for new, old in self._settings.columns.items():
            if new in named:
                raise DataError(f"{new}: the source has a column of that name, and --map {new}={old} makes another")
            named[new] = row[old]
        if "weight" in named:
            raise DataError("weight: fairmark's own column; rename the source's with --map NEW=weight")
        own = None if "reference_answer" in named else self._settings.label
        answers = ("reference_answer", self._settings.columns.get("reference_answer", own))
        if told := [name for name in answers if name in self._prompt.columns]:
            raise DataError(f"template: {{{{ item.{told[0]} }}}} is the answer, which no prompt may tell")
        if named.setdefault("reference_answer", row[self._settings.label]) in (None, ""):
            raise DataError("reference_answer: missing; expected the right answer")
        return named

    def group(self, row: Row, number: int) -> int:
        """The row's entity; one that has none stands alone."""
        value = row[self._settings.group] if self._settings.group else None
        return _hash([number] if value is None or value == "" else value)

    def asked(self, row: Row) -> Row:
        """What the prompt is made of, by which rows are held against each other: an id beside it makes no other row."""
        return self._prompt.fields(row)

    def line(self, row: Row) -> bytes:
        """The row as it stands in a side. Raises `DataError` when it has no prompt, or no answer to learn."""
        if "sft" in self._settings.methods:  # else it would fail in a file that the reader hasn't got yet
            answer(row, self._settings.response_format)
        columns = {name: value for name, value in row.items() if name not in self._replaced}
        return json.dumps({"prompt": self._prompt.messages(row), **columns}, ensure_ascii=False).encode() + b"\n"


def meant(name: str, there: Iterable[str]) -> str:
    """The end of a complaint about a name that isn't there."""
    names = list(there)
    close = difflib.get_close_matches(name, names, 1, 0.8)
    more = ", …" if len(names) > 12 else ""
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(map(repr, names[:12]))}{more}"


def _hash(value: Any) -> int:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _type(value: Any) -> str:
    if isinstance(value, str):
        return "numeric text" if _numeric(value) else "text"
    names = {bool: "boolean", int: "integer", float: "number", list: "list", dict: "object"}
    return names[type(value)]


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read(source: Source, settings: Settings, prompt: Prompt, folder: Path, advance: Advance) -> Rows:
    """Read every row. Raises `DataError` naming file, line and field."""
    rows = Rows(folder)
    rows.fill(source, settings, prompt, advance)
    if settings.rare not in rows.names:
        raise DataError(
            f"{source.name}: no row whose {settings.label!r} is {settings.rare!r}{meant(settings.rare, rows.names)}"
        )
    if len(rows.names) == 1:
        raise DataError(f"{source.name}: every row is {settings.rare!r}; expected another label beside the rare one")
    return rows


def step(rows: Rows, kept: NDArray[np.int64], settings: Settings) -> Step:
    """What was read, in words and numbers."""
    names, before = rows.names, np.bincount(rows.labels, minlength=len(rows.names))
    after = np.bincount(rows.labels[kept], minlength=len(names))
    repeated, contradictions, rare = len(rows) - len(kept), rows.contradictions(kept), rows.label(settings.rare)
    said = [f"{len(rows):,} rows, {before[rare]:,} of them {settings.rare!r}: {before[rare] / len(rows):.2%}"]
    if repeated:
        said.append(
            f"{repeated:,} rows repeat an earlier one in every column and are left out: they teach by heart and are "
            f"counted twice when measured; {len(kept):,} stay, {after[rare] / len(kept):.2%} of them {settings.rare!r}"
        )
    if contradictions:
        said.append(
            f"{contradictions:,} rows ask the same as others and have another answer than most of them; they are kept, "
            "on one side, and cap what any model can reach"
        )
    columns = {
        name: {"types": dict(column.types.most_common()), "missing": len(rows) - column.present}
        for name, column in rows.columns.items()
    }
    counts = {"rows": len(rows), "repeated": repeated, "contradictions": contradictions, "columns": columns}
    labels = {name: int(count) for name, count in zip(names, before, strict=True)}
    return Step(name="read", said=said, counts=counts | {"labels": labels})
