"""The third step: how often each row stands in the training file, after the split, so that no copy is on another side.

Over- and under-sampling are imbalanced-learn's. Weights need a trainer that reads the column `weight`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .prepared import Step
from .settings import Settings

OFTEN = 4
"""Copies of a row from which on more teach it by heart: up to four passes over the same text are worth nearly as much
as new text, later ones less and less (Muennighoff et al. 2023, Scaling Data-Constrained Language Models)."""
MANY = 1_000
"""Distinct rare rows from which on none is much of the class, so that repeating all of them is no cause for alarm."""
NEAR = 0.01
"""How far a share may be off what was asked, which is a matter of whole rows."""
FEW = 50
"""Distinct rare rows below which a class is hardly described, however often they are repeated."""


class Resampled(NamedTuple):
    """The train side: which rows, a repeated one several times, and their weights where that is the way."""

    rows: NDArray[np.int64]
    weights: NDArray[np.float64] | None
    step: Step


def resample(
    train: NDArray[np.int64], rare: NDArray[np.bool_], groups: NDArray[np.int64], settings: Settings
) -> Resampled:
    """Bring the rare share of the train side to the ratio. `rare` and `groups` have an entry for each row of `train`.

    Raises `DataError` when the train side has only one of the two.
    """
    share = float(rare.mean())
    if share in (0, 1):
        which = "no" if share == 0 else "only"
        raise DataError(f"the train side has {which} {settings.rare!r} rows, so there is nothing to resample")
    if share >= settings.ratio:
        enough = f"nothing is done: {share:.1%} of the train side is {settings.rare!r}, {settings.ratio:.1%} was asked"
        return Resampled(train, None, _step([enough], train, rare, groups))
    if settings.sampling == "weights":
        return _weighted(train, rare, groups, settings)
    chosen = _chosen(rare, settings)
    rows, kept_rare = train[chosen], rare[chosen]
    reached = float(kept_rare.mean())
    asked = (
        "as asked" if abs(reached - settings.ratio) < NEAR else f"{settings.ratio:.1%} was asked: the rows are too few"
    )
    said = [f"{settings.sampling}-sampled: {share:.2%} {settings.rare!r} became {reached:.1%}, {asked}"]
    said += _said_of_copies(chosen, rare, groups, settings)
    return Resampled(rows, None, _step(said, rows, kept_rare, groups[chosen]))


def _chosen(rare: NDArray[np.bool_], settings: Settings) -> NDArray[np.int64]:
    """Places in the train side, repeated ones more than once."""
    # Four seconds to import, with scikit-learn: bad rows are named before that.
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import RandomUnderSampler

    odds = settings.ratio / (1 - settings.ratio)
    if settings.sampling == "over":
        sampler = RandomOverSampler(sampling_strategy={1: round((~rare).sum() * odds)}, random_state=settings.seed)
    else:
        wanted = max(1, round(rare.sum() / odds))
        sampler = RandomUnderSampler(sampling_strategy={0: wanted}, random_state=settings.seed)
    sampler.fit_resample(np.arange(len(rare))[:, None], rare.astype(int))
    return np.asarray(sampler.sample_indices_, np.int64)


def _weighted(
    train: NDArray[np.int64], rare: NDArray[np.bool_], groups: NDArray[np.int64], settings: Settings
) -> Resampled:
    share = rare.mean()
    weights = np.where(rare, settings.ratio / share, (1 - settings.ratio) / (1 - share))
    said = (
        f"weighted: each {settings.rare!r} row counts {settings.ratio / share:.3g}, each other "
        f"{(1 - settings.ratio) / (1 - share):.3g} (mean 1), in the column `weight`; OpenAI's trainers and TRL's don't "
        "read it, so it helps only where yours does"
    )
    return Resampled(train, weights, _step([said], train, rare, groups))


def _said_of_copies(
    chosen: NDArray[np.int64], rare: NDArray[np.bool_], groups: NDArray[np.int64], settings: Settings
) -> list[str]:
    places, copies = np.unique(chosen[rare[chosen]], return_counts=True)
    if settings.sampling == "under":
        left_out = len(rare) - len(chosen)
        return [f"{left_out:,} other rows are left out; {len(places):,} {settings.rare!r} rows stand once each"]
    said = [
        f"{len(places):,} {settings.rare!r} rows stand {copies.mean():.1f} times each on average, "
        f"{copies.min()} to {copies.max()} times, in every epoch"
    ]
    distinct = len(np.unique(groups[places]))
    if copies.mean() > OFTEN and distinct < MANY:
        said.append(
            f"warning: {distinct:,} distinct {settings.rare!r} rows, {copies.mean():.0f} times each, will be learned "
            f"by heart; up to {OFTEN} is harmless: gather more, ask for {_harmless(rare):.1%}, or leave others out "
            "(--sampling under)"
        )
    return said


def _harmless(rare: NDArray[np.bool_]) -> float:
    """The rare share that `OFTEN` copies of each rare row make."""
    return float(OFTEN * rare.sum() / (OFTEN * rare.sum() + (~rare).sum()))


def _step(said: Sequence[str], rows: NDArray[np.int64], rare: NDArray[np.bool_], groups: NDArray[np.int64]) -> Step:
    """`groups` are near-duplicates, which count as one distinct row."""
    _, copies = np.unique(rows[rare], return_counts=True)
    distinct = len(np.unique(groups[rare]))
    few = (
        [f"warning: {distinct} distinct rare rows are few to learn a class from; {FEW} is little"]
        if distinct < FEW
        else []
    )
    counts = {
        "rows": len(rows),
        "rare_rows": int(rare.sum()),
        "distinct_rare_rows": len(copies),
        "distinct_rare_groups": distinct,
        "copies": {str(times): int(count) for times, count in zip(*np.unique(copies, return_counts=True), strict=True)},
    }
    return Step(name="resample", said=[*said, *few], counts=counts)
