"""Models held against each other on the same rows: what each measures, and how sure the differences are."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ..data.prepared import Row
from ..errors import DataError
from ..outputs.grading import Grading
from ..outputs.output import Output
from . import statistics
from .answers import Answers, graded
from .diversity import diversity
from .labels import Reader
from .measures import Array, Layout, Measure, Share, Sums, measures
from .results import Comparison, Cost, Difference, Estimate, Model, Pair


def compare(
    rows: Sequence[tuple[int, Row]],
    outputs: Mapping[str, Sequence[Output]],
    graders: Sequence[Grading],
    reader: Reader | None = None,
    *,
    cost: Mapping[str, Cost] | None = None,
    progress: Callable[[str, int], object] = lambda name, done: None,
) -> Comparison:
    """The models in the order given, the untrained one first.

    rows     places and prepared rows, as `prompts` reads them; each model must have answered every one
    graders  the one that was trained on, then others
    reader   how a label is read from an output, and which is the rare one: the verdict is about its F1, else about
             accuracy; without a reader answers are no classes, and right is full marks by the last grader

    Raises `DataError` for outputs that don't belong to the rows, and a `ServiceError` where a grader is out of reach.
    """
    if len(outputs) < 2:
        raise DataError(f"expected at least two models to compare, got {len(outputs)}")
    classes, rare = (reader.classes, reader.rare) if reader else ((), None)
    answers = [
        graded(name, rows, own, graders, reader, lambda done, name=name: progress(name, done))  # type: ignore[misc]
        for name, own in outputs.items()
    ]
    names = _names([grader.name for grader in graders])
    table = _Table(answers, classes, names, rare)
    return Comparison(
        rows=len(rows),
        weighted=len(set(answers[0].weights)) > 1,
        headline=f"F1 of {rare}" if rare else "accuracy",
        classes=list(classes),
        rare=rare,
        labels_read=f"labels are read by {reader.by}" if reader else f"right is full marks by {names[-1]}",
        graders=names,
        versions=[grader.name for grader in graders],
        models=[_model(place, table, (cost or {}).get(own.name, Cost())) for place, own in enumerate(answers)],
        pairs=_pairs(table),
        answers=answers,
    )


def _names(versions: Sequence[str]) -> list[str]:
    """The graders' names without their versions, where that tells them apart."""
    if len({*versions}) < len(versions):
        raise DataError(f"expected different graders, got {', '.join(versions)}")
    names = [version.partition("@")[0] for version in versions]
    return names if len({*names}) == len(names) else list(versions)


class _Table:
    """The tallies of all models, resampled once, so that every measure and every pair is about the same resamples."""

    def __init__(self, answers: Sequence[Answers], classes: Sequence[str], graders: Sequence[str], rare: str | None):
        self.answers, self.classes, self.graders = answers, classes, graders
        self.measures = measures(classes, rare, graders)
        self.layout = Layout(len(classes), len(graders))
        self.tallies = np.stack([own.tally(classes, len(graders)) for own in answers])
        self.totals = self.tallies.sum(axis=1)
        self.resampled = statistics.resampled(self.tallies)
        self.left_out = statistics.left_out(self.tallies)
        self.rows = self.tallies.shape[1]
        self.telling = self.rows * statistics.effective(answers[0].weights)
        """Rows, less what unequal weights cost."""

    def values(self, measure: Measure, place: int) -> "_Values":
        of = [
            measure.of(Sums(table[place], self.layout)).value for table in (self.totals, self.resampled, self.left_out)
        ]
        return _Values(float(of[0]), of[1], of[2])

    def size(self, measure: Measure, place: int) -> float:
        """How many of the rows a share is one of: for a recall, those of the class."""
        sums = Sums(self.totals[place], self.layout)
        return float(measure.of(sums).whole / sums.outputs * self.telling)


class _Values(NamedTuple):
    """One measure of one model: as it is, over resamples, and without each prompt."""

    value: float
    resampled: Array
    left_out: Array

    def __sub__(self, other: "_Values") -> "_Values":
        return _Values(self.value - other.value, self.resampled - other.resampled, self.left_out - other.left_out)

    @property
    def interval(self) -> statistics.Range | None:
        return statistics.interval(*self)

    @property
    def error(self) -> float:
        return float(np.nanstd(self.resampled)) if np.isfinite(self.resampled).any() else math.nan


def _model(place: int, table: _Table, cost: Cost) -> Model:
    own = table.answers[place]
    return Model(
        name=own.name,
        model=own.model,
        seeds=own.seeds,
        outputs=len(own.all),
        decodings=own.decodings,
        cost=cost,
        measures={measure.name: _estimate(measure, place, table) for measure in table.measures},
        by_class={label: _estimate(_recall_of(i), place, table) for i, label in enumerate(table.classes)},
        confusion=_confusion(table, place),
        ungraded={name: own.ungraded(grader) for grader, name in enumerate(table.graders)},
        diversity=diversity(own),
    )


def _recall_of(place: int) -> Measure:
    return Measure("", "share", "higher", lambda sums: Share(sums.hit[..., place], sums.expected[..., place]))


def _estimate(measure: Measure, place: int, table: _Table) -> Estimate:
    values = table.values(measure, place)
    if not math.isfinite(values.value):
        return Estimate(value=None)
    ends = values.interval
    if values.error < 1e-9 and 0 <= values.value <= 1:
        ends = statistics.bounds(values.value, table.size(measure, place))
    low, high = ends or (None, None)
    return Estimate(value=values.value, low=low, high=high)


def _confusion(table: _Table, place: int) -> dict[str, dict[str, float]]:
    """Outputs by what was expected and what was found, each counted by its row's weight; the same cells for all."""
    other = {answer.found for own in table.answers for answer in own.all if answer.found} - {*table.classes}
    cells = {expected: dict.fromkeys([*table.classes, *sorted(other)], 0.0) for expected in table.classes}
    own = table.answers[place]
    for answers, weight in zip(own.by_row, own.weights, strict=True):
        for answer in answers:
            if answer.expected and answer.found:
                cells[answer.expected][answer.found] += weight
    return cells


def _pairs(table: _Table) -> list[Pair]:
    """Every pair of models, the later one second; p-values are adjusted for how many pairs there are."""
    pairs = [_pair(first, second, table) for first, second in combinations(range(len(table.answers)), 2)]
    for measure in table.measures:
        tested = [each for pair in pairs if (each := pair.differences[measure.name]).p is not None]
        for each, p in zip(tested, statistics.holm([each.p or 0.0 for each in tested]), strict=True):
            each.p_adjusted = p
    return pairs


def _pair(first: int, second: int, table: _Table) -> Pair:
    swapped: list[list[Array]] = [[] for _ in table.measures]
    for tables in statistics.swapped(table.tallies[first], table.tallies[second]):
        sums = [Sums(each, table.layout) for each in tables]
        for measure, apart in zip(table.measures, swapped, strict=True):
            apart.append(measure.of(sums[1]).value - measure.of(sums[0]).value)
    names = table.answers[first].name, table.answers[second].name
    differences = {
        measure.name: _difference(measure, first, second, table, np.concatenate(apart))
        for measure, apart in zip(table.measures, swapped, strict=True)
    }
    return Pair(first=names[0], second=names[1], differences=differences)


def _difference(measure: Measure, first: int, second: int, table: _Table, swapped: Array) -> Difference:
    apart = table.values(measure, second) - table.values(measure, first)
    if not math.isfinite(apart.value):
        return Difference(value=None)
    ends, error = apart.interval, apart.error
    if error < 1e-9 and abs(apart.value) <= 1:
        # They agree on every prompt: how often they may differ elsewhere is bounded, not known to be never.
        size = min(table.size(measure, first), table.size(measure, second))
        most = statistics.bounds(0.0, size).high
        ends = statistics.Range(max(apart.value - most, -1.0), min(apart.value + most, 1.0))
    p, test = statistics.swap_p(apart.value, swapped), "swap"
    if measure.name == "accuracy" and _plain(table):
        right = [np.array(table.answers[place].right()) for place in (first, second)]
        p, test = statistics.mcnemar_p(*right), "McNemar"
    fields: dict[str, Any] = {
        "low": ends and ends.low,
        "high": ends and ends.high,
        "error": error,
        "p": p,
        "test": test,
    }
    needed = statistics.rows_needed(table.rows, apart.value, error)
    return Difference(value=apart.value, **fields, rows_needed=needed, detectable=statistics.detectable(error))


def _plain(table: _Table) -> bool:
    """One output for each row and all rows alike, as McNemar's test has it."""
    return all(len(own.all) == table.rows and len(set(own.weights)) == 1 for own in table.answers)
