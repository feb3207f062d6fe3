"""The second step: which row goes to which side.

Rows that belong together (one entity, near-duplicates) go together, as one group. Groups are dealt out, those that hold
most of a label first, each to a side drawn with chances in proportion to what the sides still lack of its labels: every
label ends with its share on every side, to a row where groups allow it, and large groups aren't all on one side.
Why not scikit-learn's StratifiedGroupKFold: docs/decisions/0011.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .prepared import SIDES, Side, Step

LEAST_ROWS, LEAST_RARE = 50, 10
"""What validation should hold: below, a reward is noise, and one rare row more or less moves recall by ten points."""

Targets = NDArray[np.float64]
"""Rows wanted, by side and label."""


def wanted(labels: NDArray[np.int64], shares: Sequence[float]) -> Targets:
    """Every label by the shares."""
    return np.outer(shares, np.bincount(labels)).astype(float)


def enrich(targets: Targets, rare: int) -> bool:
    """Want at least `LEAST_RARE` of the rare label and `LEAST_ROWS` in validation, taken from the train side.

    At most half of what train has is taken; the test side isn't touched. False when there was enough.
    """
    train, validation = targets[0], targets[1]
    others = np.arange(targets.shape[1]) != rare
    moved_rare = min(LEAST_RARE - validation[rare], train[rare] / 2)
    moved_rows = min(LEAST_ROWS - max(LEAST_RARE, validation[rare]) - validation[others].sum(), train[others].sum() / 2)
    moved = np.where(others, max(0, moved_rows) * train * others / train[others].sum(), max(0, moved_rare))
    train -= moved
    validation += moved
    return bool(moved.any())


def split(labels: NDArray[np.int64], groups: NDArray[np.int64], targets: Targets, seed: int) -> NDArray[np.int64]:
    """The side of each row: 0 train, 1 validation, 2 test. Groups are numbers from 0.

    Labels count alike: of one with a thousand rows, each row counts a thousandth.
    """
    worth = 1 / targets.sum(axis=0)
    weights = np.bincount(groups, worth[labels])
    order = np.random.default_rng(seed).permutation(len(weights))
    order = order[np.argsort(-weights[order], kind="stable")]
    lacking, per_row, chance = targets.tolist(), worth.tolist(), random.Random(seed)
    sides = np.zeros(len(weights), np.int64)
    for group, members in zip(order, _members(labels, groups, order), strict=True):
        sides[group] = side = _side(members, lacking, per_row, chance)
        for label, count in members.items():
            lacking[side][label] -= count
    return sides[groups]


def _members(labels: NDArray[np.int64], groups: NDArray[np.int64], order: NDArray[np.int64]) -> Iterator[Counter[int]]:
    """The labels of each group, counted one group at a time: a Counter for each would outweigh all else in memory."""
    grouped = labels[np.argsort(groups, kind="stable")]
    ends = np.cumsum(np.bincount(groups))
    for group in order:
        yield Counter(grouped[ends[group - 1] if group else 0 : ends[group]].tolist())


def _side(
    group: Counter[int], lacking: Sequence[Sequence[float]], worth: Sequence[float], chance: random.Random
) -> int:
    """Drawn from the sides that the group brings closer to what they should have; else where most is lacking."""
    needs = [sum(count * worth[label] ** 2 * side[label] for label, count in group.items()) for side in lacking]
    fits = [
        place for place, side in enumerate(lacking) if all(count <= 2 * side[label] for label, count in group.items())
    ]
    if not fits:
        return max(range(len(lacking)), key=needs.__getitem__)
    return chance.choices(fits, [needs[place] for place in fits])[0]


def step(
    sides: NDArray[np.int64],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    names: Sequence[str],
    targets: Targets,
    said: Sequence[str],
) -> Step:
    """What came of it; `said` is of the groups. Raises `DataError` when a side that should have rows has none."""
    table = np.zeros(targets.shape, int)
    np.add.at(table, (sides, labels), 1)
    sizes = np.bincount(groups)
    for side, want, got in zip(SIDES, targets.sum(axis=1), table.sum(axis=1), strict=True):
        if want > 0 and not got:
            raise DataError(f"{side}: no rows are left for it; {_why(sizes)}")
    reached = f"{_percent(table.sum(axis=1))} of {len(labels):,} rows on {_listed(SIDES)}, stratified by label"
    return Step(name="split", said=[*said, reached, *_missed(table, targets)], counts=_counts(table, names, sizes))


def _why(sizes: NDArray[np.int64]) -> str:
    if sizes.max() == 1:
        return f"{sizes.sum():,} rows are too few for the shares"
    return (
        f"of {sizes.sum():,} rows the largest group that must stay together has {sizes.max():,} "
        "(--group, --near-duplicates, the same prompt)"
    )


def _missed(table: NDArray[np.int64], targets: Targets) -> list[str]:
    """What groups cost: two rows are what rounding may come to, and 2 % of a label are hardly worth a word."""
    if (np.abs(table - targets) <= np.maximum(2, 0.02 * targets.sum(axis=0))).all():
        return []
    want, got = (_percent(rows) for rows in (targets.sum(axis=1), table.sum(axis=1)))
    return [f"groups don't divide as wanted: {want} became {got}; labels are in the table"]


def _counts(table: NDArray[np.int64], names: Sequence[str], sizes: NDArray[np.int64]) -> dict[str, object]:
    sides = {side: dict(zip(names, row, strict=True)) for side, row in zip(SIDES, table.tolist(), strict=True)}
    return {"sides": sides, "groups": int((sizes > 1).sum()), "largest_group": int(sizes.max())}


def _percent(rows: NDArray[Any]) -> str:
    return " / ".join(f"{share:.1%}" for share in rows / rows.sum())


def _listed(sides: Sequence[Side]) -> str:
    return ", ".join(sides[:-1]) + f" and {sides[-1]}"
