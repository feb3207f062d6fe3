"""A running job that reports nothing any more."""

import pytest

from fairmark_client.jobs.job import Event, Job, Metrics, Spec, Status
from fairmark_client.jobs.watchdog import FIRST_STEP_SECONDS, step_seconds, stuck

SPEC = Spec(provider="trl", method="rft", model="tiny", data="/data")


def job(status: Status = "running", began: float = 0) -> Job:
    return Job(id="a", spec=SPEC, created_at=0, status=status, runs=[(began, None)])


def walked(*times: float, seconds: float | None = None) -> list[Event]:
    """A step at each of these times."""
    return [
        Event(key=str(step), at=at, metrics=Metrics(step=step, step_seconds=seconds))
        for step, at in enumerate(times, 1)
    ]


STEADY = walked(100, 200, 300, 400, 550)
"""Steps of 100 s, and one of 150."""


@pytest.mark.parametrize(("now", "is_stuck"), [(551, False), (1049, False), (1050, True), (9999, True)])
def test_five_median_steps_of_silence_are_too_many(now: float, is_stuck: bool) -> None:
    assert (stuck(job(), STEADY, now) is not None) == is_stuck


def test_it_says_how_long_and_how_long_a_step_takes() -> None:
    remark = stuck(job(), STEADY, 1150)
    assert remark
    assert (remark.why, remark.grave) == ("nothing reported for 600 s; a step takes 100.0 s", True)


def test_the_next_silence_is_another() -> None:
    first, second = stuck(job(), STEADY, 9e3), stuck(job(), [*STEADY, *walked(1e4)], 9e4)
    assert first
    assert second
    assert first.rule != second.rule


def test_fast_steps_have_a_floor() -> None:
    quick = walked(1, 2, 3)
    assert stuck(job(), quick, 3 + 299) is None
    assert stuck(job(), quick, 3 + 300)
    assert stuck(job(), quick, 3 + 10, floor_seconds=6)


def test_a_message_is_a_sign_of_life() -> None:
    assert stuck(job(), [*STEADY, Event(key="said", at=1000, message="evaluating")], 1060) is None


def test_an_evaluation_may_last_twice_as_long_as_the_last_one() -> None:
    evaluated = walked(100, 200, 300, 1300, 1400)
    assert stuck(job(), evaluated, 1400 + 1999) is None
    assert stuck(job(), evaluated, 1400 + 2000)


def test_a_pause_is_no_measure_of_silence() -> None:
    resumed = walked(100, 200, 9100, 9200, 9300)
    assert stuck(job(began=9000), resumed, 9300 + 500)


def test_the_first_step_has_an_hour() -> None:
    assert stuck(job(began=50), [], 50 + FIRST_STEP_SECONDS - 1) is None
    assert stuck(job(began=50), [], 50 + FIRST_STEP_SECONDS)


def test_the_time_of_a_pause_is_no_silence() -> None:
    assert stuck(job(began=9000), STEADY, 9001) is None


@pytest.mark.parametrize("status", ["queued", "pausing", "paused", "succeeded"])
def test_a_job_that_does_not_run_is_not_stuck(status: Status) -> None:
    assert stuck(job(status), STEADY, 1e6) is None


def test_what_a_trainer_says_of_a_step_comes_before_the_time_between_reports() -> None:
    assert step_seconds(walked(1, 2, 3, seconds=7.0)) == 7
    assert step_seconds(walked(10, 30, 40)) == 15
    assert step_seconds(walked(10)) is None


def test_steps_that_were_not_reported_shorten_the_time_of_one() -> None:
    skipped = [Event(key=str(step), at=step * 2.0, metrics=Metrics(step=step)) for step in (10, 20, 30)]
    assert step_seconds(skipped) == 2
