"""Which label an output says: read by the classification grader at hand, else by one made of the rows' labels."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from fairmark_graders import AnyGrader, InvalidGrader, InvalidSample, Sample, parse_grader
from fairmark_graders.classification import Classification
from fairmark_graders.types import Cell

from ..data.prepared import Row, item
from ..errors import DataError
from ..outputs.output import Output

MOST_CLASSES = 20
"""Different labels up to which a column holds classes; a matrix of more can't be read."""


class Reader(NamedTuple):
    """Finds the label that a row expects and the one that an output says."""

    grader: Classification
    field: str | None
    """The column of the label, where the grader doesn't say it."""
    by: str
    """How labels are read, for the report."""
    rare: str | None = None
    """The class that matters."""

    @property
    def classes(self) -> tuple[str, ...]:
        return self.grader.labels

    def read(self, output: Output) -> Cell:
        """Raises `DataError` for a row whose own label is none of the classes, or a sample that is none."""
        asked = output.item if self.field is None else {"label": _spelled(output.item[self.field])}
        try:
            verdict = self.grader.start(Sample(output.sample), asked)
        except InvalidSample as error:
            raise DataError(f"row {output.row}: {error}") from None
        if not verdict.cells:
            raise DataError(f"row {output.row}: {verdict.reason}; expected one of {', '.join(self.classes)}")
        return verdict.cells[0]


def reader(
    graders: Iterable[AnyGrader], rows: Sequence[tuple[int, Row]], label: str | None = None, rare: str | None = None
) -> Reader | None:
    """The first classification among the graders or their parts, else a plain match of the values of `label`.

    None where neither is there: answers are no classes then. Raises `DataError` when the column can't hold classes, or
    `rare` is none of them; it needn't be in the rows.
    """
    found = _reader(graders, rows, label, rare)
    classes = found.classes if found else ()
    if rare is not None and rare not in classes:
        raise DataError(f"rare: expected one of the labels ({', '.join(classes) or 'there are none'}), got {rare!r}")
    return found


def _reader(
    graders: Iterable[AnyGrader], rows: Sequence[tuple[int, Row]], label: str | None, rare: str | None
) -> Reader | None:
    for grader in graders:
        for leaf in grader.leaves():
            if isinstance(leaf, Classification):
                return Reader(leaf, None, f"the {leaf.name or 'classification'} grader", rare)
    if label is None:
        return None
    return Reader(_matching(rows, label, rare), label, f"a plain match of the values of {label}", rare)


def _matching(rows: Sequence[tuple[int, Row]], label: str, rare: str | None) -> Classification:
    found = sorted({_label(place, row, label) for place, row in rows} | ({rare} if rare else set()))
    if not 2 <= len(found) <= MOST_CLASSES:
        raise DataError(f"{label}: expected 2 to {MOST_CLASSES} different labels, got {len(found)}")
    configuration = {
        "type": "classification",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.label }}",
        "labels": found,
    }
    try:
        made = parse_grader(configuration)
    except InvalidGrader as error:
        raise DataError(f"{label}: {error.problems[0].expected}") from None
    assert isinstance(made, Classification)
    return made


def _label(place: int, row: Row, label: str) -> str:
    value = item(row).get(label)
    if value is None:
        raise DataError(f"row {place}: {label}: expected a label, got {'null' if label in row else 'no such field'}")
    return _spelled(value)


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
