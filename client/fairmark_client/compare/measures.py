"""Measures as functions of sums over prompts, so that resampling prompts means summing other rows of one table.

A tally is a table with a row for each prompt and, in its columns, what the outputs of that prompt add to the sums:
means over its seeds, times the row's weight. `Sums` names the columns; a measure is a function of it that works on one
set of sums and on thousands at a time.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Layout(NamedTuple):
    """How many classes and graders a tally has columns for."""

    classes: int
    graders: int

    @property
    def columns(self) -> int:
        return 2 + 3 * self.classes + 2 * self.graders


class Sums:
    """Columns by name; each has the leading axes of the table."""

    def __init__(self, table: Array, layout: Layout) -> None:
        classes, graders = layout
        ends = np.cumsum([1, 1, classes, classes, classes, graders, graders])[:-1]
        outputs, right, *rest = np.split(table, ends, axis=-1)
        self.outputs, self.right = outputs[..., 0], right[..., 0]
        self.expected, self.found, self.hit, self.graded, self.reward = rest
        """By class: outputs whose row has it, that say it, and both; by grader: outputs with a score, and their sum."""


class Share(NamedTuple):
    """Numerator and denominator of a measure; a mean of rewards is one, too."""

    part: Array
    whole: Array

    @property
    def value(self) -> Array:
        """NaN where nothing is there to take a share of."""
        nothing = np.abs(self.whole) < 1e-12
        return np.where(nothing, np.nan, self.part / np.where(nothing, 1.0, self.whole))


class Measure(NamedTuple):
    """One number about a model's outputs."""

    name: str
    """As the tables show it: `F1 of anomaly`."""
    kind: Literal["share", "reward"]
    """Shares lie in 0 to 1 and are told in points of a hundred; rewards are what the grader gives."""
    better: Literal["higher", "lower"]
    of: Callable[[Sums], Share]


def measures(classes: Sequence[str], rare: str | None, graders: Sequence[str]) -> list[Measure]:
    """What is measured, in the order of the tables; of two classes or a rare one, its own, else means over classes."""
    found: list[Measure] = [Measure("accuracy", "share", "higher", lambda sums: Share(sums.right, sums.outputs))]
    if classes:
        name, pick = (f"of {rare}", _one(classes.index(rare))) if rare else ("over classes", _macro)
        found += [
            Measure(f"precision {name}", "share", "higher", pick(_precision)),
            Measure(f"recall {name}", "share", "higher", pick(_recall)),
            Measure(f"F1 {name}", "share", "higher", pick(_f1)),
            Measure(f"false-positive rate {name}", "share", "lower", pick(_false_positives)),
            Measure("without a label", "share", "lower", _unread),
        ]
    return found + [Measure(f"reward by {grader}", "reward", "higher", _reward(i)) for i, grader in enumerate(graders)]


ByClass = Callable[[Sums], Share]


def _precision(sums: Sums) -> Share:
    return Share(sums.hit, sums.found)


def _recall(sums: Sums) -> Share:
    return Share(sums.hit, sums.expected)


def _f1(sums: Sums) -> Share:
    return Share(sums.hit, (sums.expected + sums.found) / 2)


def _false_positives(sums: Sums) -> Share:
    return Share(sums.found - sums.hit, sums.outputs[..., None] - sums.expected)


def _unread(sums: Sums) -> Share:
    return Share(sums.outputs - sums.found.sum(-1), sums.outputs)


def _reward(grader: int) -> Callable[[Sums], Share]:
    return lambda sums: Share(sums.reward[..., grader], sums.graded[..., grader])


def _one(place: int) -> Callable[[ByClass], Callable[[Sums], Share]]:
    def pick(measure: ByClass) -> Callable[[Sums], Share]:
        def of(sums: Sums) -> Share:
            part, whole = measure(sums)
            return Share(part[..., place], whole[..., place])

        return of

    return pick


def _macro(measure: ByClass) -> Callable[[Sums], Share]:
    """The plain mean over classes; a class that nobody says counts as 0, as in scikit-learn."""
    return lambda sums: Share(np.nan_to_num(measure(sums).value).mean(-1) * sums.outputs, sums.outputs)
