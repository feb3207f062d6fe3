"""What a job has spent, on the examples of OpenAI's and Azure's billing pages and around their edges."""

from typing import Any

import pytest

from fairmark_client.costs.prices import Prices, TokenPrice
from fairmark_client.costs.spent import Spent, billed_dollars, spent
from fairmark_client.jobs.job import Budget, Job, Metrics, Spec

HOUR = 3600.0
PRICES = Prices.shipped()
JUDGE = "a-judge"
WITH_JUDGE = PRICES.model_copy(update={"judges": {JUDGE: TokenPrice(prompt=1.1, cached=0.275, completion=4.4)}})


def job(provider: str = "openai", method: Any = "rft", ran: float | None = None, **fields: Any) -> Job:
    """A job that has been running for `ran` seconds since second 0."""
    runs = [(0.0, None)] if ran is None else [(0.0, ran)]
    spec = Spec(provider=provider, method=method, model="m", data="d")
    return Job(**{"id": "j", "spec": spec, "created_at": 0.0, "status": "running", "runs": runs} | fields)


def steps(*seconds: float | None, total: int | None = None, validated: tuple[int, ...] = ()) -> list[Metrics]:
    return [
        Metrics(step=number, total_steps=total, step_seconds=time, valid_reward=0.5 if number in validated else None)
        for number, time in enumerate(seconds, 1)
    ]


def at(hours: float, job: Job, metrics: list[Metrics], prices: Prices = PRICES) -> Spent:
    return spent(job, metrics, prices, hours * HOUR)


def test_six_hours_of_wall_clock_with_four_in_the_loop_cost_400_dollars() -> None:
    done = job(ran=6 * HOUR, status="succeeded")
    found = at(6, done, steps(*[HOUR / 2] * 8))
    assert (found.dollars, found.upper_dollars) == (400.0, 600.0)


def test_what_the_provider_bills_is_the_last_word_on_both_bounds() -> None:
    done = job(ran=6 * HOUR, status="succeeded", billed_seconds=4 * HOUR)
    found = at(9, done, steps(HOUR, HOUR))
    assert (found.dollars, found.upper_dollars, found.seconds) == (400.0, 400.0, 4 * HOUR)


def test_what_is_billed_is_rounded_the_same_way_on_both_bounds() -> None:
    found = at(9, job(ran=6 * HOUR, status="succeeded", billed_seconds=9190), [])
    assert found.dollars == found.upper_dollars == pytest.approx(255.0)


def test_an_upper_bound_rounds_hours_up() -> None:
    assert at(1, job(ran=9190), []).upper_dollars == pytest.approx(256.0)


def test_what_was_billed_before_a_job_was_resumed_holds_nothing_back() -> None:
    resumed = job(runs=[(0.0, HOUR), (2 * HOUR, None)], billed_seconds=HOUR)
    assert at(5, resumed, steps(HOUR)).upper_dollars == 400.0
    assert at(5, job(ran=2 * HOUR, status="paused", billed_seconds=HOUR), steps(HOUR)).upper_dollars == 100.0


def test_steps_without_a_time_leave_the_time_it_ran() -> None:
    found = at(2, job(), steps(None, None, total=4))
    assert (found.dollars, found.upper_dollars, found.projected_dollars) == (200.0, 200.0, 400.0)


def test_an_hour_lost_after_a_checkpoint_at_two_hours_is_not_billed() -> None:
    failed = job(ran=3 * HOUR, status="failed")
    found = at(3, failed, steps(HOUR, HOUR, HOUR, validated=(2,)))
    assert (found.dollars, found.upper_dollars) == (200.0, 300.0)
    assert "a failure of the provider's is billed up to the last checkpoint" in found.note


def test_a_job_that_fails_before_its_first_checkpoint_is_expected_to_cost_nothing() -> None:
    assert at(1, job(ran=HOUR, status="failed"), steps(HOUR)).dollars == 0


@pytest.mark.parametrize("status", ["cancelled", "paused"])
def test_a_job_that_was_cancelled_or_paused_is_billed(status: str) -> None:
    assert at(2, job(ran=2 * HOUR, status=status), steps(HOUR, HOUR)).dollars == 200.0


@pytest.mark.parametrize(("seconds", "dollars"), [(2.55 * HOUR, 255.0), (9194, 255.0), (9200, 256.0), (0, 0.0)])
def test_hours_are_rounded_to_two_decimals(seconds: float, dollars: float) -> None:
    assert billed_dollars(seconds, 100.0) == pytest.approx(dollars)


def test_the_documented_step_costs_20_dollars_and_32_cents() -> None:
    found = at(1, job(), steps(*[731.5] * 100))
    assert found.dollars / 100 == pytest.approx(20.32, abs=0.005)


def test_a_judges_tokens_come_on_top_as_in_azures_example() -> None:
    tokens = {JUDGE: {"prompt": 5_000_000, "cached": 0, "completion": 4_900_000}}
    report = Metrics(step=1, step_seconds=4 * HOUR, grader_tokens=tokens, grader_tokens_so_far=True)
    found = at(4, job("azure", status="succeeded", billed_seconds=4 * HOUR), [report], WITH_JUDGE)
    assert found.judge_dollars == pytest.approx(27.06)
    assert found.dollars == found.upper_dollars == pytest.approx(427.06)


def test_tokens_so_far_are_counted_once_and_tokens_of_steps_add_up() -> None:
    def reports(so_far: bool) -> list[Metrics]:
        return [
            Metrics(
                step=n,
                step_seconds=1,
                grader_tokens={JUDGE: {"prompt": n * 1_000_000}},
                grader_tokens_so_far=so_far,
            )
            for n in (2, 1, 2)
        ]

    assert at(1, job(), reports(True), WITH_JUDGE).judge_dollars == pytest.approx(2.2)
    assert at(1, job(), reports(False), WITH_JUDGE).judge_dollars == pytest.approx(3.3)


def test_cached_tokens_cost_their_own_price() -> None:
    assert WITH_JUDGE.judges[JUDGE].dollars(1e6, 0, cached=1e6) == pytest.approx(0.275)
    assert TokenPrice(prompt=1.1, completion=4.4).dollars(1e6, 0, cached=1e6) == pytest.approx(1.1)


def test_a_judge_without_a_price_is_named_and_left_out() -> None:
    found = at(
        1, job(), [Metrics(step=1, step_seconds=36, grader_tokens={"new-judge": {"prompt": 1400, "completion": 100}})]
    )
    assert found.judge_dollars == 0
    assert found.note == "no price is known for the judge new-judge: its 1,500 tokens are left out"


def test_the_upper_bound_grows_when_metrics_stop_coming() -> None:
    running, heard = job(), steps(HOUR, total=10)
    assert at(1, running, heard).upper_dollars == 100.0
    later = at(37, running, heard)
    assert (later.dollars, later.upper_dollars) == (100.0, 3700.0)


def test_time_before_the_first_metrics_counts_for_the_upper_bound_alone() -> None:
    found = at(0.5, job(), [])
    assert (found.dollars, found.upper_dollars, found.projected_dollars) == (0.0, 50.0, None)


def test_judges_may_have_gone_on_since_they_were_last_heard_of() -> None:
    heard = [Metrics(step=1, step_seconds=HOUR, grader_tokens={JUDGE: {"prompt": 10_000_000}})]
    found = at(3, job(), heard, WITH_JUDGE)
    assert found.upper_dollars == pytest.approx(300 + 3 * 11)


def test_a_job_in_the_queue_costs_nothing() -> None:
    assert at(5, job(status="queued", runs=[]), []).upper_dollars == 0


def test_pauses_cost_nothing() -> None:
    resumed = job(runs=[(0.0, HOUR), (100 * HOUR, None)])
    assert at(101, resumed, steps(HOUR)).upper_dollars == 200.0


def test_a_step_that_is_reported_twice_counts_once() -> None:
    assert at(1, job(), [*steps(HOUR), *steps(HOUR)]).seconds == HOUR


def test_a_step_that_was_never_reported_counts_as_the_median() -> None:
    heard = [Metrics(step=5, step_seconds=100), Metrics(step=10, step_seconds=200)]
    assert at(1, job(), heard).seconds == 300 + 8 * 150


def test_the_end_is_projected_from_the_median_step() -> None:
    found = at(2, job(), steps(HOUR, HOUR, total=5))
    assert (found.projected_dollars, found.projected_seconds) == (500.0, 5 * HOUR)


def test_judges_are_projected_by_the_share_of_steps_done() -> None:
    heard = [Metrics(step=2, total_steps=8, step_seconds=36, grader_tokens={JUDGE: {"prompt": 1_000_000}})]
    found = at(1, job(), heard, WITH_JUDGE)
    assert found.projected_dollars == pytest.approx(8 * 1 + 4 * 1.1)


def test_a_job_that_is_over_has_no_projection() -> None:
    assert at(2, job(ran=HOUR, status="cancelled"), steps(HOUR, total=5)).projected_dollars is None


def test_a_local_run_costs_all_the_time_it_ran_at_the_price_of_its_budget() -> None:
    local = job("trl", "sft", budget=Budget(dollars_per_hour=2.5))
    found = at(2, local, steps(600, total=20))
    assert (found.dollars, found.upper_dollars) == (5.0, 5.0)
    assert found.projected_dollars == pytest.approx((2 * HOUR + 19 * 600) / HOUR * 2.5)


def test_a_local_run_without_a_price_is_free() -> None:
    found = at(2, job("trl"), steps(600))
    assert (found.dollars, found.note) == (0.0, "")


def test_a_method_without_an_hourly_price_says_so() -> None:
    found = at(2, job(method="sft"), steps(600))
    assert found.dollars == 0
    assert "no price by the hour is known for sft on openai" in found.note


def test_the_budgets_price_wins_over_the_tables() -> None:
    assert at(2, job(budget=Budget(dollars_per_hour=50)), steps(HOUR)).dollars == 50.0


def test_azures_own_pause_is_foreseen() -> None:
    found = at(1, job("azure"), steps(HOUR, total=60))
    assert found.note == "azure pauses a job once by itself, at $5,000"
    assert at(1, job("azure"), steps(HOUR, total=50)).note == ""
    assert at(1, job("openai"), steps(HOUR, total=60)).note == ""
