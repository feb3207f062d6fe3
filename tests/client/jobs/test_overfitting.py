"""The signs of a job that learns something else than the task."""

from collections.abc import Sequence
from typing import Any

import pytest

from fairmark_client.jobs.job import Metrics
from fairmark_client.jobs.overfitting import collapse, gap, growth, overfitting, rising_loss, widening


def told(**values: Sequence[float | None]) -> list[Metrics]:
    """One step for each place of the values."""
    length = max(map(len, values.values()))
    rows: list[dict[str, Any]] = [
        {name: column[place] for name, column in values.items() if place < len(column)} for place in range(length)
    ]
    return [Metrics(step=step, **row) for step, row in enumerate(rows, 1)]


@pytest.mark.parametrize(
    ("train", "valid", "rule"),
    [
        ([0.5], [0.46], None),
        ([0.5], [0.45], None),
        ([0.5], [0.44], "overfitting: gap beyond 0.05"),
        ([0.5], [0.4], "overfitting: gap beyond 0.05"),
        ([0.5], [0.39], "overfitting: gap beyond 0.10"),
        ([0.5], [0.9], None),
        ([0.5], [None], None),
    ],
)
def test_a_gap_is_a_word_beyond_5_points_and_grave_beyond_10(
    train: list[float], valid: list[float | None], rule: str | None
) -> None:
    remark = gap(told(train_reward=train, valid_reward=valid))
    assert (remark.rule if remark else None) == rule
    assert remark is None or remark.grave == (rule == "overfitting: gap beyond 0.10")


def test_a_gap_is_that_of_the_last_evaluation_against_the_five_steps_before_it() -> None:
    train = [0.0, 0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9]
    remark = gap(told(train_reward=train, valid_reward=[0.0, None, None, None, None, None, 0.2, None]))
    assert remark
    assert remark.why == "train reward is +0.20 from validation at step 7, +0.00 at step 1; 0.10 is too much"


def test_a_gap_that_widens_from_below_is_grave() -> None:
    """The training side has 20 % anomalies, the validation side 2 %: who says `normal` scores 0.8 and 0.98."""
    steps = told(train_reward=[0.8, 0.85, 0.99, 0.99, 0.99, 0.99, 0.99], valid_reward=[0.98, *[None] * 5, 0.97])
    remark = widening(steps)
    assert remark
    assert remark.why == "train minus validation reward went from -0.18 (step 1) to +0.02 (step 7)"
    assert gap(steps) is None


def test_a_gap_that_is_there_already_is_not_named_twice() -> None:
    steps = told(train_reward=[0.5] * 5 + [0.9] * 5, valid_reward=[0.5, *[None] * 8, 0.5])
    assert gap(steps)
    assert widening(steps) is None


def test_groups_of_one_reward_teach_nothing() -> None:
    assert collapse(told(zero_variance=[0.1, 0.9, 0.8, 0.8, 0.8, 0.8]))
    assert collapse(told(zero_variance=[0.9, 0.9, 0.8, 0.8, 0.5])) is None
    assert collapse(told(zero_variance=[1.0] * 4)) is None


@pytest.mark.parametrize(("last", "named"), [(0.2, False), (0.11, False), (0.1, True), (0.0, True)])
def test_a_spread_that_falls_to_a_quarter_is_named(last: float, named: bool) -> None:
    assert (collapse(told(reward_std=[0.4] * 5 + [last] * 5)) is not None) == named


def test_a_spread_that_was_never_there_does_not_fall() -> None:
    assert collapse(told(reward_std=[0.0] * 12)) is None


@pytest.mark.parametrize(
    ("tokens", "reward", "named"), [(160, 0.5, True), (150, 0.5, False), (300, 0.56, False), (300, 0.2, True)]
)
def test_answers_that_grow_without_reward_are_named(tokens: float, reward: float, named: bool) -> None:
    steps = told(completion_tokens=[100] * 5 + [tokens] * 5, train_reward=[0.5] * 5 + [reward] * 5)
    assert (growth(steps) is not None) == named


def test_a_validation_loss_that_rises_again_is_named() -> None:
    remark = rising_loss(told(valid_loss=[2.0, None, 1.0, 1.2, 1.3]))
    assert remark
    assert remark.why == "the validation loss rose from 1.000 (step 3) to 1.300 (step 5)"
    assert rising_loss(told(valid_loss=[2.0, 1.0, 1.02, 1.03])) is None
    assert rising_loss(told(valid_loss=[1.0, 2.0])) is None
    assert rising_loss(told(valid_loss=[2.0, 1.0, 1.3, 1.04])) is None
    assert rising_loss(told(valid_loss=[3.23, 2.53, 2.22])) is None


def test_a_healthy_job_and_one_that_says_nothing_have_no_signs() -> None:
    rising = [step / 20 for step in range(20)]
    healthy = told(train_reward=rising, valid_reward=rising, reward_std=[0.3] * 20, completion_tokens=[100] * 20)
    assert list(overfitting(healthy)) == []
    assert list(overfitting(told(loss=[1.0] * 20))) == []
    assert list(overfitting([])) == []
