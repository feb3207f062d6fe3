"""Intervals and tests for prompts that were answered by several models under several seeds.

The prompt is what is sampled: its outputs under different seeds resemble each other, so whole prompts are resampled,
with all their seeds, and the same ones for every model. The models' outputs are paired by prompt in the tests as well.

    interval   bias-corrected and accelerated bootstrap (Efron 1987, J. Am. Stat. Assoc. 82:171), 95 %
    swap test  a permutation test: if two models are equal, exchanging their outputs to a prompt changes nothing; p is
               the share of random exchanges that part them at least as far (Phipson & Smyth 2010: never 0)
    McNemar    its exact form for one seed: of the prompts that just one model gets right, is half each model's?
    Holm       step-down p-values (Holm 1979), for as many pairs of models as are compared
    rows       n rows with a standard error s of the difference d would have to be n ((1.96 + 0.84) s / d)² rows for the
               test at 5 % to find a difference of d four times in five, since s shrinks with the root of n
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .measures import Array

RESAMPLES = 4_000
"""100 of them lie beyond each end of an interval: the ends waver by about a twentieth of its length."""
SWAPS = 9_999
LEVEL = 0.95
"""Of every interval, and what a test has to reach."""
POWER = 0.8
_CHUNK = 250
"""Resamples drawn at a time: 10 MB for 5,000 prompts."""
_CLOSE = 1e-9
"""Sums of the same numbers in another order differ by about 1e-15."""


class Range(NamedTuple):
    """The ends of an interval."""

    low: float
    high: float


def resampled(tallies: Array, seed: int = 0, count: int = RESAMPLES) -> Array:
    """Sums over resampled prompts: from models × prompts × columns to models × resamples × columns, paired."""
    draw, prompts = np.random.default_rng(seed), tallies.shape[1]
    chunks = [_times(draw.integers(0, prompts, (size, prompts))) @ tallies for size in _sizes(count)]
    return np.concatenate(chunks, axis=1)


def _times(drawn: NDArray[np.int64]) -> Array:
    """How often each prompt was drawn, for each resample; a tenth of the time of a multinomial draw."""
    return np.stack([np.bincount(row, minlength=len(row)) for row in drawn]).astype(float)


def left_out(tallies: Array) -> Array:
    """Sums without one prompt, for each: models × prompts × columns."""
    return np.asarray(tallies.sum(axis=1, keepdims=True) - tallies)


def interval(value: float, resampled: Array, left_out: Array) -> Range | None:
    """The BCa interval of a value; None where too few resamples have one."""
    known = resampled[np.isfinite(resampled)]
    if not math.isfinite(value) or len(known) < len(resampled) / 2:
        return None
    same = np.abs(known - value) < _CLOSE
    bias = stats.norm.ppf(np.clip(((known < value) & ~same).mean() + same.mean() / 2, 1e-6, 1 - 1e-6))
    ends = bias + stats.norm.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    places = stats.norm.cdf(bias + ends / (1 - _acceleration(left_out) * ends))
    low, high = np.quantile(known, places)
    return Range(float(low), float(high))


def _acceleration(left_out: Array) -> float:
    known = left_out[np.isfinite(left_out)]
    apart = known.mean() - known
    spread = float((apart**2).sum())
    return float((apart**3).sum()) / (6 * spread**1.5) if spread > _CLOSE**2 else 0.0


def bounds(share: float, size: float) -> Range:
    """Clopper and Pearson's interval of a share that every prompt agrees on, which a bootstrap would call certain."""
    count = max(1, math.floor(size + _CLOSE))
    found = stats.binomtest(round(share * count), count).proportion_ci(LEVEL)
    return Range(float(found.low), float(found.high))


def effective(weights: Sequence[float]) -> float:
    """How many equal rows tell as much as these weighted ones, as a share of them (Kish 1965)."""
    array = np.asarray(weights)
    return float(array.sum() ** 2 / (array**2).sum() / len(array))


def swapped(first: Array, second: Array, seed: int = 0, count: int = SWAPS) -> Iterator[tuple[Array, Array]]:
    """Sums of two models' tallies (prompts × columns) after exchanging a random half of the prompts; in chunks."""
    draw = np.random.default_rng(seed)
    moved = second - first
    for size in _sizes(count):
        shift = draw.integers(0, 2, (size, len(first)), np.int8).astype(float) @ moved
        yield first.sum(0) + shift, second.sum(0) - shift


def swap_p(difference: float, swapped: Array) -> float:
    """The share of exchanges that part the models at least as far as they are; one without a value counts as such."""
    closer = np.abs(swapped) < abs(difference) - _CLOSE
    return float((1 + np.count_nonzero(~closer)) / (1 + len(swapped)))


def mcnemar_p(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Exact, two-sided; from whether each prompt is answered right."""
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    apart = only_first + only_second
    return float(stats.binomtest(only_first, apart, 0.5).pvalue) if apart else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value as it counts when this many questions are asked."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def rows_needed(rows: int, difference: float, error: float) -> int | None:
    """Rows that would show this difference four times in five; None where there is no difference to show."""
    if abs(difference) < _CLOSE or error < _CLOSE:
        return None
    return math.ceil(rows * (_REACH * error / difference) ** 2)


def detectable(error: float) -> float:
    """The difference that these rows show four times in five."""
    return _REACH * error


_REACH: float = float(stats.norm.ppf((1 + LEVEL) / 2) + stats.norm.ppf(POWER))


def _sizes(count: int) -> Iterator[int]:
    for begun in range(0, count, _CHUNK):
        yield min(_CHUNK, count - begun)
