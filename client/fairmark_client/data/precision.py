"""How exactly a validation side measures, and what is missing from it."""

import math

import numpy as np
from numpy.typing import NDArray

from .settings import Settings
from .split import LEAST_RARE, LEAST_ROWS

Z = 1.96
"""Of a normal distribution's middle 95 %."""


def half_width(rows: float) -> float:
    """Half the 95 % interval of a share measured on so many rows, at its widest, at one half.

    The normal approximation, 1.96 × √(0.25 / n): 0.139 for 50 rows. A share near 0 or 1 is known better.
    """
    return Z * math.sqrt(0.25 / rows)


def effective(weights: NDArray[np.float64]) -> float:
    """How many unweighted rows measure as exactly (Kish 1965): (Σw)² / Σw²."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def table(rows: int, weights: NDArray[np.float64] | None) -> list[dict[str, float]]:
    """What more rows would buy: rows, half the interval, and how many times as long each evaluation takes."""
    worth = rows if weights is None else effective(weights)
    return [{"rows": rows * times, "half_width": half_width(worth * times), "times": times} for times in (1, 2, 4)]


def said(rare: NDArray[np.bool_], share: float, settings: Settings, weights: NDArray[np.float64] | None) -> list[str]:
    """What a validation side is worth. `rare` has an entry for each of its rows; `share` is the natural one."""
    return [*_drawn(rare, share, settings, weights), _buys(rare, settings, weights), *_missing(rare, share, settings)]


def said_of_test(rare: NDArray[np.bool_], settings: Settings) -> list[str]:
    """What is left for the end, and whether that can tell anything of the rare class."""
    said = [f"test: {len(rare):,} rows as they came, for the end"]
    if len(rare) > 0 and rare.sum() < LEAST_RARE:
        few = f"test has {rare.sum()} of at least {LEAST_RARE} {settings.rare!r} rows"
        said.append(f"warning: {few}: a comparison at the end can hardly tell how well they are found")
    return said


def _drawn(rare: NDArray[np.bool_], share: float, settings: Settings, weights: NDArray[np.float64] | None) -> list[str]:
    if weights is None:
        enough = ["it has enough of both, so nothing is enriched"] if settings.enrich else []
        return [f"validation: {len(rare):,} rows as they came, {rare.mean():.2%} of them {settings.rare!r}", *enough]
    return [
        f"validation: enriched, {rare.mean():.1%} of its {len(rare):,} rows are {settings.rare!r}, {share:.2%} by "
        "nature; the column `weight` takes a measure back to that: weight each row's score by it, then average"
    ]


def _buys(rare: NDArray[np.bool_], settings: Settings, weights: NDArray[np.float64] | None) -> str:
    worth = len(rare) if weights is None else effective(weights)
    weighted = "" if weights is None else f" (weighted, they are worth {worth:,.0f})"
    points = f"{100 * half_width(worth):.2g} points"
    recall = f", recall of {settings.rare!r} to about ± {100 * half_width(rare.sum()):.2g}" if rare.any() else ""
    return (
        f"{len(rare):,} rows{weighted} measure a share to about ± {points}{recall} (95 %, normal approximation at one "
        "half, 1.96·√(0.25/n)); half of that takes 4 times the rows, and 4 times as long at every evaluation"
    )


def _missing(rare: NDArray[np.bool_], share: float, settings: Settings) -> list[str]:
    lacking = [
        f"{least - count} of at least {least} {what}"
        for count, least, what in (
            (len(rare), LEAST_ROWS, "rows"),
            (int(rare.sum()), LEAST_RARE, f"{settings.rare!r} rows"),
        )
        if count < least
    ]
    if not lacking:
        return []
    needed = max(LEAST_ROWS, math.ceil(LEAST_RARE / share))
    way = "gather more" if settings.enrich else "give it a larger share, or enrich and re-weight it (--enrich)"
    return [
        f"warning: validation lacks {' and '.join(lacking)}; where {share:.2%} are {settings.rare!r}, that takes "
        f"{needed:,} rows: {way}"
    ]
