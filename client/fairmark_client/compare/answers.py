"""The outputs of one model, lined up with the rows and graded."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from fairmark_graders import InvalidSample, Sample

from ..data.prepared import Row, item
from ..errors import DataError
from ..outputs.grading import Grading
from ..outputs.output import Decoding, Output
from .labels import Reader
from .measures import Array, Layout, Sums

FULL = 1 - 1e-9
"""Of a score that counts as right where answers aren't classes."""
_NAMED = 5


class Answer(NamedTuple):
    """One output and what was found of it."""

    output: Output
    text: str
    expected: str | None
    """None where answers are no classes."""
    found: str | None
    """A class, or `(none)`, `(several)`, `(abstained)`."""
    right: bool
    scores: tuple[float | None, ...]
    """By grader; None for what could not be graded."""

    @property
    def says(self) -> str:
        """What two outputs must share to give the same answer."""
        return self.found or " ".join(self.text.split())


class Answers:
    """What one model answered: for each row, under each of its seeds."""

    def __init__(self, name: str, by_row: Sequence[Sequence[Answer]], weights: Sequence[float]) -> None:
        self.name, self.by_row, self.weights = name, by_row, weights

    @cached_property
    def all(self) -> list[Answer]:
        """Every answer, row by row."""
        return [answer for answers in self.by_row for answer in answers]

    @property
    def model(self) -> str:
        """What the outputs say they come from."""
        return self.all[0].output.model

    @cached_property
    def seeds(self) -> int:
        """The most outputs that a row has."""
        return max(map(len, self.by_row))

    @property
    def decodings(self) -> list[Decoding | None]:
        """The different ones, of which there should be one."""
        found: list[Decoding | None] = []
        for answer in self.all:
            if answer.output.decoding not in found:
                found.append(answer.output.decoding)
        return found

    def ungraded(self, grader: int) -> int:
        return sum(answer.scores[grader] is None for answer in self.all)

    def tally(self, classes: Sequence[str], graders: int) -> Array:
        """What each prompt adds to the sums (measures.py): prompts × columns."""
        layout = Layout(len(classes), graders)
        table = np.zeros((len(self.by_row), layout.columns))
        sums = Sums(table, layout)
        places = {label: place for place, label in enumerate(classes)}
        for row, (answers, weight) in enumerate(zip(self.by_row, self.weights, strict=True)):
            for answer in answers:
                _count(answer, weight / len(answers), row, sums, places)
        return table

    def right(self) -> list[bool]:
        """Whether each row's first output is right."""
        return [answers[0].right for answers in self.by_row]


def _count(answer: Answer, weight: float, row: int, sums: Sums, places: dict[str, int]) -> None:
    """Add one answer to the columns of its row."""
    sums.outputs[row] += weight
    sums.right[row] += weight * answer.right
    if answer.expected is not None:
        sums.expected[row, places[answer.expected]] += weight
        sums.hit[row, places[answer.expected]] += weight * answer.right
    if answer.found in places:
        sums.found[row, places[answer.found]] += weight
    for grader, score in enumerate(answer.scores):
        if score is not None:
            sums.graded[row, grader] += weight
            sums.reward[row, grader] += weight * score


def aligned(name: str, rows: Sequence[tuple[int, Row]], outputs: Sequence[Output]) -> list[list[Output]]:
    """The outputs by row. Raises `DataError` when some answer other rows, or twice, or a row has none."""
    items = {place: item(row) for place, row in rows}
    if others := [output for output in outputs if items.get(output.row) not in (output.item, None)]:
        named = _places(output.row for output in others)
        raise DataError(f"{name}: {len(others):,} of {len(outputs):,} outputs answer other rows than these: {named}")
    by_row: dict[int, list[Output]] = {place: [] for place, _ in rows}
    for output in outputs:
        by_row.get(output.row, []).append(output)
    if missing := [place for place, found in by_row.items() if not found]:
        raise DataError(f"{name}: {len(missing):,} of {len(rows):,} rows have no output: {_places(missing)}")
    twice = [output for output, count in Counter((o.row, o.seed) for o in outputs).items() if count > 1]
    if twice:
        raise DataError(f"{name}: row {twice[0][0]} has several outputs under seed {twice[0][1]}")
    return [sorted(found, key=lambda output: output.seed) for found in by_row.values()]


def _places(rows: Iterable[int]) -> str:
    places = sorted(set(rows))
    shown = ", ".join(map(str, places[:_NAMED]))
    return f"row{'s' * (len(places) > 1)} {shown}" + (", …" if len(places) > _NAMED else "")


def graded(
    name: str,
    rows: Sequence[tuple[int, Row]],
    outputs: Sequence[Output],
    graders: Sequence[Grading],
    reader: Reader | None,
    progress: Callable[[int], object],
) -> Answers:
    """The outputs of a model through every grader. Raises `DataError` or a `ServiceError`."""
    by_row = aligned(name, rows, outputs)
    flat = [output for found in by_row for output in found]
    results = [grader.grade(flat, progress) for grader in graders]
    scores = list(zip(*([result.score for result in each] for each in results), strict=True))
    answers = (_answer(output, own, reader) for output, own in zip(flat, scores, strict=True))
    return Answers(name, [[next(answers) for _ in found] for found in by_row], [_weight(*row) for row in rows])


def _weight(place: int, row: Row) -> float:
    weight = row.get("weight", 1)
    if type(weight) not in (int, float) or not 0 < weight < math.inf:
        raise DataError(f"row {place}: weight: expected a number above 0, got {weight!r}")
    return float(weight)


def _answer(output: Output, scores: tuple[float | None, ...], reader: Reader | None) -> Answer:
    """Right is the right label where there are classes, else full marks by the last grader, which wasn't trained on."""
    text = _text(output)
    if reader is None:
        return Answer(output, text, None, None, (scores[-1] or 0.0) >= FULL, scores)
    cell = reader.read(output)
    return Answer(output, text, cell.expected, cell.found, cell.expected == cell.found, scores)


def _text(output: Output) -> str:
    try:
        return Sample(output.sample).get("output_text") or ""
    except InvalidSample as error:
        raise DataError(f"row {output.row}: {error}") from None
