"""Estimates worked out by hand, and what is assumed where nothing is given."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fairmark_client.costs.assumptions import NAMES, Range, Rows
from fairmark_client.costs.estimate import GIVEN, Judge, Plan, estimate, measured, savings, set_by
from fairmark_client.costs.prices import Prices, TokenPrice
from fairmark_client.data.prepared import Manifest, Prepared
from fairmark_client.errors import DataError
from fairmark_client.jobs.job import Metrics, Spec

PRICES = Prices.shipped()
ROWS = Rows(train=640, validation=100, characters=640 * 400)
KNOWN: dict[str, Any] = {
    "n_epochs": 1.0,
    "batch_size": 32,
    "step_seconds": 600,
    "eval_interval": 5,
    "eval_samples": 100,
    "eval_seconds_per_row": 1,
}
JUDGE = Judge("a-judge", TokenPrice(prompt=1.1, completion=4.4))


def plan(provider: str = "openai", method: Any = "rft", rows: Rows = ROWS, **given: float) -> Plan:
    return Plan(rows, provider, method, PRICES, {name: Range.exactly(value) for name, value in given.items()})


def test_steps_evaluations_and_dollars_are_those_of_the_formula() -> None:
    expected = estimate(plan(**KNOWN)).expected
    assert (expected.steps, expected.evaluations) == (20, 4)
    assert expected.seconds == 20 * 600 + 4 * 100 * 1
    assert expected.dollars == pytest.approx(round(12_400 / 3600, 2) * 100)


def test_what_a_local_job_sets_is_known_by_our_names() -> None:
    batch = {"per_device_train_batch_size": 32, "gradient_accumulation_steps": 2, "num_generations": 8}
    others = {"num_train_epochs": 2, "eval_steps": 0.5, "batch_size": 3, "learning_rate": 1e-5}
    spec = Spec(provider="trl", method="rft", model="m", data="d", grader="exact", hyperparameters=batch | others)
    exactly = {name: found.expected for name, found in set_by(spec).items() if found == Range.exactly(found.expected)}
    assert exactly == {"n_epochs": 2, "rollouts": 8, "eval_interval": 0.5, "batch_size": 8}


def test_the_documented_step_costs_20_dollars_and_32_cents() -> None:
    every_step = plan(rows=Rows(3200, 200, 0), n_epochs=1, batch_size=32, eval_interval=1)
    expected = estimate(every_step).expected
    assert expected.seconds == pytest.approx(100 * 731.5)
    assert (expected.dollars or 0) / 100 == pytest.approx(20.32, abs=0.005)


def test_rows_and_their_text_are_counted_in_the_two_sides(tmp_path: Path) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    row = {
        "prompt": [{"role": "user", "content": [{"type": "text", "text": "CPU"}, image]}],
        "reference_answer": "high",
    }
    (tmp_path / "train.jsonl").write_text(f"{json.dumps(row)}\n" * 3)
    (tmp_path / "validation.jsonl").write_text(f"{json.dumps(row)}\n" * 2)
    assert Rows.of(Prepared(tmp_path, Manifest(fairmark="0", source={}, settings={}, files={}, targets={}))) == (
        3,
        2,
        21,
    )


def test_when_all_is_given_cheap_and_dear_are_the_same() -> None:
    found = estimate(plan(**KNOWN))
    assert found.low.dollars == found.expected.dollars == found.high.dollars


def test_when_nothing_is_given_dear_is_far_from_cheap() -> None:
    found = estimate(plan())
    assert (found.low.dollars or 0) * 5 < (found.expected.dollars or 0) * 2 < (found.high.dollars or 0)


@pytest.mark.parametrize("provider", ["openai", "azure", "trl"])
@pytest.mark.parametrize("method", ["sft", "rft"])
def test_every_assumption_has_a_name_in_words_a_range_and_a_source(provider: str, method: str) -> None:
    for each in estimate(plan(provider, method)).assumptions:
        assert each.name in NAMES
        assert len(each.source) > 3


def test_what_is_given_is_marked_so_and_wins() -> None:
    found = {each.name: each for each in estimate(plan(batch_size=8)).assumptions}
    assert found["batch_size"] == ("batch_size", Range(8, 8, 8), GIVEN)
    assert estimate(plan(batch_size=8, n_epochs=1)).expected.steps == 80


def test_what_has_no_part_in_a_job_is_not_among_its_assumptions() -> None:
    names = {each.name for each in estimate(plan(characters_per_token=3, judge_prompt_tokens=1)).assumptions}
    assert not names & {"characters_per_token", "judge_prompt_tokens"}


def test_a_range_may_be_given() -> None:
    ranged = plan(**KNOWN)._replace(given={**plan(**KNOWN).given, "step_seconds": Range(300, 600, 1200)})
    found = estimate(ranged)
    assert [point.seconds for point in (found.low, found.expected, found.high)] == [6400, 12_400, 24_400]


def test_more_compute_takes_more_time_and_more_grades() -> None:
    once, twice = (estimate(plan(**KNOWN, rollouts=8, compute_multiplier=by)).expected for by in (1, 2))
    assert (once.grades, twice.grades) == (640 * 8 + 400, 640 * 16 + 400)
    assert (twice.seconds or 0) - (once.seconds or 0) == 20 * 600


def test_a_judges_tokens_come_on_top() -> None:
    tokens: dict[str, Any] = {"rollouts": 8, "judge_prompt_tokens": 1000, "judge_completion_tokens": 100}
    judged = estimate(plan(**KNOWN, **tokens)._replace(judge=JUDGE)).expected
    grades = 640 * 8 + 4 * 100
    assert judged.judge_dollars == pytest.approx(grades * (1000 * 1.1 + 100 * 4.4) / 1e6)
    assert judged.dollars == pytest.approx((estimate(plan(**KNOWN)).expected.dollars or 0) + judged.judge_dollars)


def test_a_judge_without_a_price_is_named_as_unknown() -> None:
    found = estimate(plan()._replace(judge=Judge("new-judge", None)))
    assert found.unknown == ("the price of new-judge's tokens, which are left out: --judge-price",)
    assert found.expected.judge_dollars == 0


def test_hosted_sft_is_billed_by_tokens_whose_price_has_to_be_given() -> None:
    unpriced = estimate(plan(method="sft", n_epochs=2, characters_per_token=4))
    assert unpriced.expected.tokens == 640 * 400 / 4 * 2
    assert unpriced.expected.dollars is None
    assert unpriced.unknown == ("the price of openai's training tokens: --set dollars_per_million_tokens=DOLLARS",)
    priced = plan(method="sft", n_epochs=2, characters_per_token=4, dollars_per_million_tokens=25)
    assert estimate(priced).expected.dollars == pytest.approx(128_000 * 25 / 1e6)


def test_a_local_run_needs_a_timed_step() -> None:
    found = estimate(plan("trl"))
    assert (found.expected.seconds, found.expected.dollars) == (None, None)
    assert found.unknown == ("the time of a step: --step-seconds, or --like a job that has run for some steps",)


def test_a_local_run_costs_the_price_of_its_hours_unrounded() -> None:
    local = plan("trl", step_seconds=6, batch_size=2, dollars_per_hour=2.5, eval_seconds_per_row=0.5)
    expected = estimate(local).expected
    assert (expected.steps, expected.evaluations) == (320, 5)
    assert expected.seconds == 320 * 6 + 5 * 100 * 0.5
    assert expected.dollars == pytest.approx(2170 / 3600 * 2.5)


def test_ones_own_machine_is_free() -> None:
    found = estimate(plan("trl", step_seconds=6))
    assert found.expected.dollars == 0
    assert found.notes == ("an hour counts as $0; name the price of a rented machine with --dollars-per-hour",)
    assert estimate(plan("trl", step_seconds=6, dollars_per_hour=2)).notes == ()


@pytest.mark.parametrize(("interval", "evaluations"), [(0.2, 5), (0.5, 2), (1, 20), (7, 3), (100, 1)])
def test_an_interval_below_one_is_a_share_of_the_steps(interval: float, evaluations: int) -> None:
    assert estimate(plan(**KNOWN | {"eval_interval": interval})).expected.evaluations == evaluations


def test_savings_are_the_difference_to_the_changed_job() -> None:
    found = {saving.change: saving for saving in savings(plan(**KNOWN | {"n_epochs": 2}))}
    assert {change: saving.seconds for change, saving in found.items()} == {
        "half of the training rows": 20 * 600 + 4 * 100,
        "one epoch": 20 * 600 + 4 * 100,
        "half as many evaluations": 4 * 100,
        "50 rows an evaluation, good for ± 14 points": 8 * 50,
    }
    assert found["one epoch"].dollars == pytest.approx((6.89 - 3.44) * 100)


def test_nothing_can_be_saved_where_the_price_isnt_known() -> None:
    assert savings(plan("trl")) == []


def test_one_epoch_and_fifty_rows_are_no_saving_where_it_is_no_more() -> None:
    small = plan(rows=Rows(640, 50, 0), **KNOWN | {"eval_samples": 50})
    assert [saving.change for saving in savings(small)] == ["half of the training rows", "half as many evaluations"]


def test_azures_own_pause_and_hosting_are_told() -> None:
    notes = "; ".join(estimate(plan("azure")).notes)
    assert "paused once at $5,000" in notes
    assert "$1.70 an hour while deployed, $40.80 a day" in notes
    assert "paused" not in "; ".join(estimate(plan("azure", **KNOWN)).notes)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"epochs": 1}, "epochs: unknown; expected one of n_epochs"),
        ({"batch_size": 0}, "batch_size: expected more than 0, got 0"),
        ({"step_seconds": float("inf")}, "step_seconds: expected a finite number"),
    ],
)
def test_a_value_that_cant_be_is_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        estimate(plan(**given))


def test_a_data_set_without_training_rows_is_refused() -> None:
    with pytest.raises(DataError, match="no training rows"):
        estimate(plan(rows=Rows(0, 10, 0)))


def test_a_running_job_tells_a_step_from_an_evaluation() -> None:
    steps = [Metrics(step=number, step_seconds=seconds) for number, seconds in enumerate([6, 4, 5, 9], 1)]
    evaluated = [Metrics(step=5, step_seconds=25.5, valid_reward=0.5)]
    assert measured([*steps, *evaluated], 40) == {
        "step_seconds": Range(5, 5.5, 9),
        "eval_seconds_per_row": Range.exactly(20 / 40),
    }


def test_a_job_that_evaluates_at_every_step_has_it_in_its_steps() -> None:
    assert measured([Metrics(step=1, step_seconds=25, valid_loss=0.5)], 40) == {"step_seconds": Range(25, 25, 25)}


def test_a_job_that_tells_no_times_measures_nothing() -> None:
    assert measured([Metrics(step=1)], 40) == {}


def test_the_docs_name_every_quantity() -> None:
    page = (Path(__file__).parents[3] / "docs" / "costs.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(NAMES)
