"""A bounded sample of a data set's rows, drawn while they go by, in which rare references count as much as others."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from fairmark_graders import Item

from .answers import folded

ROWS = 100
"""Rows of a sample."""
FEW = 20
"""References that are told apart as classes; of more, rows are drawn as they come."""
_COUNTED = 10_000
"""Different references that are counted; later ones are not, so that a file larger than memory can be looked at."""


class Asked(NamedTuple):
    """One row of the sample."""

    line: int
    item: Item
    reference: Any
    weight: float
    """Its share of the sample when every reference counts the same."""
    natural: float
    """Its share when references count as often as they occur, by the rows' weights."""


class Reservoir:
    """So many rows, each as likely to be among them as any other."""

    def __init__(self, size: int, rng: random.Random) -> None:
        self.rows: list[tuple[int, Item, Any]] = []
        self._size, self._seen, self._rng = size, 0, rng

    def add(self, row: tuple[int, Item, Any]) -> None:
        """Take the row, in place of another one where there is no room, or not."""
        self._seen += 1
        if len(self.rows) < self._size:
            self.rows.append(row)
        elif (place := self._rng.randrange(self._seen)) < self._size:
            self.rows[place] = row


class Sampling:
    """Rows on their way by; the same rows give the same sample."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """Rows by reference; case and spaces make no difference."""
        self.weights: defaultdict[str, float] = defaultdict(float)
        """The same, each by its weight."""
        self.rows = 0
        self._weight = 0.0
        self._rng = random.Random(0)
        self._any = Reservoir(ROWS, self._rng)
        self._each: dict[str, Reservoir] = {}

    def add(self, line: int, item: Item, reference: Any, weight: float = 1.0) -> None:
        """Count a row, and perhaps keep it."""
        key, row = folded(reference), (line, item, reference)
        self.rows += 1
        if key in self.counts or len(self.counts) < _COUNTED:
            self.counts[key] += 1
            self.weights[key] += weight
        self._weight += weight
        self._any.add(row)
        if key in self._each or len(self._each) < FEW:
            self._each.setdefault(key, Reservoir(ROWS // 2, self._rng)).add(row)

    @property
    def few(self) -> bool:
        """Whether the references are classes, each of which many rows have."""
        return len(self.counts) <= FEW and self.rows > len(self.counts)

    def share(self, key: str) -> float:
        """Of all rows, by their weight, the share that has a reference."""
        return self.weights[key] / self._weight

    def drawn(self) -> list[Asked]:
        """The sample."""
        if not self.few:
            size = len(self._any.rows)
            return [Asked(*row, 1 / size, 1 / size) for row in self._any.rows]
        most = max(5, ROWS // len(self.counts))
        classes = {key: self._some(reservoir.rows, most) for key, reservoir in self._each.items()}
        return [
            Asked(*row, 1 / len(classes) / len(rows), self.share(key) / len(rows))
            for key, rows in classes.items()
            for row in rows
        ]

    def _some(self, rows: Sequence[tuple[int, Item, Any]], most: int) -> Sequence[tuple[int, Item, Any]]:
        return rows if len(rows) <= most else self._rng.sample(rows, most)
