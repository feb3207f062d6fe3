"""The statistics against numbers worked by hand, against scipy and scikit-learn, and against what they promise."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from fairmark_client.compare import statistics
from fairmark_client.compare.measures import Layout, Sums, measures

Array = NDArray[np.float64]
CLASSES = ["normal", "anomaly", "fault"]


def tally(expected: Array, found: Array, classes: int) -> Array:
    """One output a prompt; `found` may be a number that is no class."""
    table = np.zeros((len(expected), Layout(classes, 0).columns))
    sums = Sums(table, Layout(classes, 0))
    sums.outputs[:], sums.right[:] = 1, expected == found
    for label in range(classes):
        sums.expected[:, label], sums.found[:, label] = expected == label, found == label
        sums.hit[:, label] = (expected == label) & (found == label)
    return table


def measured(table: Array, classes: list[str], rare: str | None = None) -> dict[str, float]:
    sums = Sums(table.sum(axis=0), Layout(len(classes), 0))
    return {measure.name: float(measure.of(sums).value) for measure in measures(classes, rare, [])}


def test_the_measures_of_a_rare_class_are_those_worked_by_hand() -> None:
    # 10 anomalies of 100: 6 found, 3 called normal, 1 unreadable; 90 normal: 2 false alarms, 88 right.
    expected = np.array([1] * 10 + [0] * 90)
    found = np.array([1] * 6 + [0] * 3 + [9] + [1] * 2 + [0] * 88)
    assert measured(tally(expected, found, 2), ["normal", "anomaly"], "anomaly") == pytest.approx(
        {
            "accuracy": 94 / 100,
            "precision of anomaly": 6 / 8,
            "recall of anomaly": 6 / 10,
            "F1 of anomaly": 12 / 18,
            "false-positive rate of anomaly": 2 / 90,
            "without a label": 1 / 100,
        }
    )


def test_the_measures_are_those_of_scikit_learn() -> None:
    draw = np.random.default_rng(1)
    expected, found = (draw.choice(3, 300, p=p).astype(float) for p in ([0.7, 0.2, 0.1], [0.6, 0.4, 0.0]))
    over, of = measured(tally(expected, found, 3), CLASSES), measured(tally(expected, found, 3), CLASSES, "anomaly")
    for average, got in (("macro", over), (None, of)):
        theirs = metrics.precision_recall_fscore_support(expected, found, average=average, zero_division=0)
        for name, value in zip(("precision", "recall", "F1"), theirs, strict=False):
            ours = next(number for key, number in got.items() if key.startswith(name))
            assert ours == pytest.approx(value if average else value[1])
    assert over["accuracy"] == pytest.approx(metrics.accuracy_score(expected, found))


def test_what_nobody_says_has_no_precision() -> None:
    table = tally(np.array([0, 1]), np.array([0, 0]), 2)
    assert math.isnan(measured(table, CLASSES[:2], "anomaly")["precision of anomaly"])


def shares(right: Array) -> Array:
    """Tallies of models from the share of seeds that is right on each prompt: models × prompts × columns."""
    return np.stack([np.column_stack([np.ones(len(own)), own]) for own in right])


def accuracy(table: Array) -> Array:
    return np.asarray(table[..., 1] / table[..., 0])


def test_an_interval_is_that_of_scipy() -> None:
    right = np.random.default_rng(2).random(80) ** 3
    table = shares(right[None])
    ours = statistics.interval(
        float(right.mean()), accuracy(statistics.resampled(table)[0]), accuracy(statistics.left_out(table)[0])
    )
    theirs = stats.bootstrap((right,), np.mean, n_resamples=4_000, method="BCa", rng=3).confidence_interval
    assert ours == pytest.approx(theirs, abs=0.008)


def covered(share: float, prompts: int, seeds: int, trials: int) -> float:
    """How often the interval holds the truth, where the seeds of a prompt resemble each other."""
    draw = np.random.default_rng(4)
    held = 0
    for trial in range(trials):
        chances = draw.beta(2 * share, 2 * (1 - share), prompts)
        table = shares(draw.binomial(seeds, chances)[None] / seeds)
        again = statistics.resampled(table, trial, 500)[0]
        ends = statistics.interval(accuracy(table.sum(1))[0], accuracy(again), accuracy(statistics.left_out(table)[0]))
        held += ends is not None and ends.low <= share <= ends.high
    return held / trials


def test_nineteen_of_twenty_intervals_hold_the_truth_with_several_seeds() -> None:
    assert 0.92 <= covered(0.8, prompts=80, seeds=3, trials=400) <= 0.98


def test_an_interval_of_single_outputs_would_be_too_short() -> None:
    # The same outputs with each taken for a prompt of its own: the reason to resample prompts.
    draw, held = np.random.default_rng(5), 0
    for trial in range(200):
        right = draw.binomial(8, draw.beta(1.6, 0.4, 40))
        table = shares((np.arange(8) < right[:, None]).astype(float).reshape(1, -1))
        again = accuracy(statistics.resampled(table, trial, 500)[0])
        low, high = np.quantile(again, [0.025, 0.975])
        held += low <= 0.8 <= high
    assert held / 200 < 0.85


def test_an_interval_of_f1_holds_the_truth_with_a_rare_class() -> None:
    draw, layout = np.random.default_rng(6), Layout(2, 0)
    f1 = next(measure for measure in measures(CLASSES[:2], "anomaly", []) if measure.name.startswith("F1"))
    truth = 2 * 0.7 * 0.15 / (0.15 + 0.15 * 0.7 + 0.85 * 0.05)
    held = 0
    for trial in range(300):
        expected = (draw.random(250) < 0.15).astype(float)
        found = (draw.random(250) < np.where(expected == 1, 0.7, 0.05)).astype(float)
        table = tally(expected, found, 2)[None]
        again, without = statistics.resampled(table, trial, 500)[0], statistics.left_out(table)[0]
        value, values, others = (f1.of(Sums(each, layout)).value for each in (table.sum(1)[0], again, without))
        ends = statistics.interval(float(value), values, others)
        held += ends is not None and ends.low <= truth <= ends.high
    assert 0.91 <= held / 300 <= 0.98


def test_a_share_that_all_prompts_agree_on_is_not_taken_for_certain() -> None:
    # Clopper and Pearson: nothing in 50 rows leaves up to 1 - 0.025 ** (1 / 50) = 7.1 %.
    assert statistics.bounds(0.0, 50) == pytest.approx((0, 1 - 0.025 ** (1 / 50)))
    assert statistics.bounds(1.0, 50) == pytest.approx((0.025 ** (1 / 50), 1))


def swap_p(first: Array, second: Array, seed: int = 0, count: int = statistics.SWAPS) -> float:
    tables = shares(np.stack([first, second]))
    apart = [accuracy(b) - accuracy(a) for a, b in statistics.swapped(tables[0], tables[1], seed, count)]
    return statistics.swap_p(float(second.mean() - first.mean()), np.concatenate(apart))


def test_mcnemar_is_the_binomial_of_the_prompts_they_part_on() -> None:
    first = np.array([True] * 2 + [False] * 9 + [True] * 30)
    second = np.array([False] * 2 + [True] * 9 + [True] * 30)
    # 2 of 11 by a fair coin: 2 * (1 + 11 + 55) / 2048
    assert statistics.mcnemar_p(first, second) == pytest.approx(134 / 2048)
    assert statistics.mcnemar_p(first, first) == 1


def test_with_one_seed_the_swap_test_is_mcnemars() -> None:
    first = np.array([1.0] * 2 + [0] * 9 + [1] * 30)
    second = np.array([0.0] * 2 + [1] * 9 + [1] * 30)
    assert swap_p(first, second) == pytest.approx(134 / 2048, abs=0.01)


def test_equal_models_differ_in_one_comparison_of_twenty() -> None:
    draw, shown = np.random.default_rng(7), 0
    for trial in range(400):
        chances = draw.beta(1.2, 0.8, 60)
        first, second = (draw.binomial(3, chances) / 3 for _ in range(2))
        shown += swap_p(first, second, trial, 399) < 0.05
    assert 0.02 <= shown / 400 <= 0.08


def test_holm_asks_more_of_the_first_than_of_the_last() -> None:
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_the_rows_said_to_be_needed_show_the_difference_four_times_in_five() -> None:
    draw, difference = np.random.default_rng(8), 0.1
    # Of 100 prompts one model is right on 60 %, the other on 70 %, independently: s² = 0.24 + 0.21.
    rows = statistics.rows_needed(100, difference, math.sqrt((0.24 + 0.21) / 100))
    assert rows == math.ceil(0.45 * ((1.959964 + 0.841621) / 0.1) ** 2) == 354
    found = 0
    for trial in range(150):
        first, second = ((draw.random(rows) < share).astype(float) for share in (0.6, 0.7))
        found += swap_p(first, second, trial, 399) < 0.05
    assert 0.7 <= found / 150 <= 0.9


def test_a_seed_decides_everything() -> None:
    table = shares(np.random.default_rng(9).random((2, 40)))
    assert np.array_equal(statistics.resampled(table), statistics.resampled(table))
    assert swap_p(*table[..., 1]) == swap_p(*table[..., 1])


def test_unequal_weights_cost_rows() -> None:
    assert statistics.effective([1, 1, 1, 1]) == 1
    assert statistics.effective([3, 1]) == pytest.approx(16 / 10 / 2)
