"""Watching over a real process: what it reports, what it costs, and when it is stopped."""

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairmark_client import jobs
from fairmark_client.errors import JobError, JobRefused
from fairmark_client.jobs import control, watching
from fairmark_client.jobs.creating import estimated, make_spec
from fairmark_client.jobs.job import Budget, Job
from fairmark_client.jobs.ledger import Decision, Ledger
from fairmark_client.jobs.providers import provider
from fairmark_client.jobs.watching import Rules, Seen, _until_next, watch

QUICK = 0.02
DEAR = 36_000.0
"""Dollars an hour: ten a second, so that a cap is reached within a test."""
FOREVER = {"steps": 100_000, "seconds": 0.01}

Create = Callable[..., Job]


@pytest.fixture
def create(ledger: Ledger, prepared: Path) -> Create:
    """A job that walks, with these hyperparameters."""

    def make(budget: Budget | None = None, **hyperparameters: Any) -> Job:
        return jobs.create(prepared, "trl", "sft", "tiny", hyperparameters=hyperparameters, budget=budget)

    return make


def capped(cap: float, warn_share: float = 0.5) -> Budget:
    return Budget(dollars_per_hour=DEAR, cap_dollars=cap, warn_share=warn_share)


def end(job: Job, rules: Rules = Rules()) -> Seen:  # noqa: B008
    """The last that a watch sees."""
    *_, last = watch(job.id, rules=rules, every_seconds=QUICK)
    return last


def rules_said(seen: Seen) -> list[str]:
    return [decision.rule for decision in seen.decisions]


def reported(job: Job) -> list[str]:
    """The steps as the job itself wrote them."""
    assert job.place
    return [json.loads(line)["key"] for line in Path(job.place, "events.jsonl").read_text().splitlines()]


def test_a_job_is_followed_to_its_end(create: Create, ledger: Ledger) -> None:
    job = create(steps=8)
    last = end(job)
    assert (last.job.status, last.trouble, last.decisions) == ("succeeded", None, [])
    assert [metrics.step for metrics in last.metrics] == list(range(1, 9))
    assert [checkpoint.step for checkpoint in ledger.checkpoints(job.id)] == [8]
    assert last.job.model_made == f"{job.place}/model"


def test_a_job_costs_the_time_that_it_ran(create: Create) -> None:
    last = end(create(Budget(dollars_per_hour=DEAR), steps=8))
    ((began, ended),) = last.job.runs
    assert ended
    assert ended - began >= 8 * 0.02
    assert last.spent.dollars == pytest.approx((ended - began) * 10)


def test_a_failed_job_has_its_error(create: Create) -> None:
    last = end(create(steps=1, fails=True))
    assert (last.job.status, last.job.error) == ("failed", "it fell")


def test_a_job_is_paused_at_its_cap(create: Create) -> None:
    last = end(create(capped(2), **FOREVER))
    assert last.job.status == "paused"
    assert "budget 2" in rules_said(last)
    assert 2 <= last.spent.upper_dollars < 100


def test_a_job_is_warned_about_once_at_a_share_of_its_cap(create: Create) -> None:
    last = end(create(capped(1e6, warn_share=1e-6), steps=10, seconds=0.05))
    assert last.job.status == "succeeded"
    assert rules_said(last).count("budget 1000000 near") == 1


def test_a_cap_holds_when_nothing_is_reported(create: Create) -> None:
    last = end(create(capped(2), steps=100_000, seconds=0.01, silent_from=1))
    assert (last.job.status, last.events) == ("paused", [])


def test_a_job_that_can_not_be_paused_is_cancelled_at_its_cap(create: Create) -> None:
    last = end(create(capped(2), unpausable=True, **FOREVER))
    assert last.job.status == "cancelled"
    assert (last.decisions[-1].why, last.decisions[-1].action) == (
        "it can't be paused (walks can't be paused)",
        "cancel",
    )


def test_a_job_that_agrees_to_pause_and_never_does_is_cancelled(
    create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ASK_AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(watching, "GIVE_UP_SECONDS", 0.3)
    last = end(create(capped(1), deaf=True, **FOREVER))
    assert last.job.status == "cancelled"
    assert "it was to pause" in last.decisions[-1].why


def test_a_stuck_job_that_can_not_be_paused_is_only_named(create: Create) -> None:
    job = create(silent_from=5, unpausable=True, **FOREVER)
    seen = watch(job.id, rules=Rules(pause_when_stuck=True, stuck_floor_seconds=0.2), every_seconds=QUICK)
    assert any(len(look.decisions) == 2 for look in itertools.islice(seen, 2000))
    later = [next(seen) for _ in range(10)][-1]
    assert later.job.status == "running"
    assert [decision.action for decision in later.decisions] == ["pause", "say"]


def test_a_decision_is_carried_out_by_the_next_watch_and_not_taken_again(create: Create, ledger: Ledger) -> None:
    job = create(steps=100_000, seconds=0.01, silent_from=1)
    decided = Decision(rule="budget 2", why="the cap is reached", action="pause", at=time.time())
    ledger.decide(job.id, decided)
    last = end(job)
    assert last.job.status == "paused"
    assert [decision.model_copy(update={"asked_at": None}) for decision in last.decisions] == [decided]
    assert last.decisions[0].asked_at


def test_a_job_that_is_being_paused_by_hand_is_not_cancelled_at_its_cap(create: Create, ledger: Ledger) -> None:
    """The provider has agreed to the user's pause, which takes a while, and refuses the watch's."""
    job = create(capped(1), unpausable=True, steps=400, seconds=0.01)
    by_hand = Decision(rule="by hand", why="", action="pause", at=time.time(), asked_at=time.time())
    ledger.decide(job.id, by_hand)
    last = end(job)
    assert last.job.status == "succeeded"
    assert "budget 1" in rules_said(last)


def test_a_pause_by_hand_is_known_to_watches(create: Create, ledger: Ledger) -> None:
    job = create(**FOREVER)
    control.pause(ledger, provider("trl"), job)
    assert [decision.why for decision in ledger.decisions(job.id)] == ["paused by hand"]


def test_a_later_cap_holds_where_an_earlier_pause_was_agreed_to(create: Create, ledger: Ledger) -> None:
    """The provider paused it once, and refuses to at the next cap."""
    job = create(capped(1), unpausable=True, steps=400, seconds=0.01)
    before = {"rule": "budget 0.5", "why": "", "action": "pause", "at": 1, "asked_at": 1, "overruled": True}
    ledger.decide(job.id, Decision.model_validate(before))
    assert end(job).job.status == "cancelled"


def test_a_job_that_was_resumed_elsewhere_is_paused_again_at_its_cap(
    create: Create, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> None:
    """And not cancelled, however long ago the provider was asked to pause it."""
    paused = end(create(capped(1), **FOREVER))
    monkeypatch.setattr(watching, "GIVE_UP_SECONDS", 0.1)
    wait_until(lambda: time.time() > paused.at + 0.2)
    provider("trl").resume(paused.job)
    last = end(paused.job)
    assert last.job.status == "paused"
    assert last.spent.dollars > paused.spent.dollars


def test_a_job_that_was_paused_by_hand_may_be_resumed_elsewhere(
    create: Create, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "ASK_AGAIN_SECONDS", 0)
    job = control.pause(ledger, provider("trl"), create(steps=400, seconds=0.01))
    assert job.status == "paused"
    provider("trl").resume(job)
    assert end(job).job.status == "succeeded"


def test_a_decision_to_cancel_is_carried_out_by_the_next_watch(create: Create, ledger: Ledger) -> None:
    job = create(unpausable=True, **FOREVER)
    for rule, action in (("budget 2", "pause"), ("budget 2, unpausable", "cancel")):
        ledger.decide(job.id, Decision.model_validate({"rule": rule, "why": "", "action": action, "at": 1}))
    assert end(job).job.status == "cancelled"


def test_a_capped_job_is_resumed_under_a_higher_cap_only(create: Create, ledger: Ledger) -> None:
    job = end(create(capped(2), **FOREVER)).job
    with pytest.raises(JobRefused, match=r"has cost up to \$\S+ of \$2\.00: name a higher cap"):
        control.resume(ledger, provider("trl"), job)
    resumed = control.resume(ledger, provider("trl"), job, cap_dollars=60)
    assert (resumed.status, resumed.budget.cap_dollars) == ("running", 60)
    last = end(resumed)
    assert last.job.status == "paused"
    assert last.spent.upper_dollars >= 60
    assert [metrics.step for metrics in last.metrics] == list(range(1, len(last.metrics) + 1))


def test_the_time_of_a_pause_costs_nothing(create: Create, ledger: Ledger, wait_until: Callable[..., None]) -> None:
    job = create(Budget(dollars_per_hour=DEAR), **FOREVER)
    paused = control.pause(ledger, provider("trl"), job)
    cost = control.cost(ledger, paused).dollars
    wait_until(lambda: time.time() > (paused.runs[-1][1] or 0) + 0.3)
    assert control.cost(ledger, paused).dollars == cost
    resumed = control.resume(ledger, provider("trl"), paused)
    assert control.cost(ledger, resumed).dollars < cost + 10 * (time.time() - resumed.runs[-1][0]) + 0.01


@pytest.mark.parametrize(
    ("do", "problem"),
    [
        (control.pause, "can't be paused: it has succeeded"),
        (control.resume, "can't be resumed: it has succeeded"),
        (control.cancel, "can't be cancelled: it has succeeded"),
    ],
)
def test_a_job_that_is_over_is_left_alone(create: Create, ledger: Ledger, do: Any, problem: str) -> None:
    job = end(create(steps=1)).job
    with pytest.raises(JobRefused, match=problem):
        do(ledger, provider("trl"), job)


def test_a_paused_job_can_be_cancelled(create: Create, ledger: Ledger) -> None:
    job = control.pause(ledger, provider("trl"), create(**FOREVER))
    with pytest.raises(JobRefused, match="can't be paused: it is paused"):
        control.pause(ledger, provider("trl"), job)


@pytest.mark.parametrize(("order", "status"), [(control.pause, "paused"), (control.cancel, "cancelled")])
def test_an_order_that_is_obeyed_a_moment_later_is_seen_to_be(
    create: Create, ledger: Ledger, order: Any, status: str
) -> None:
    assert order(ledger, provider("trl"), create(lingers=0.1, **FOREVER)).status == status


def test_an_order_that_takes_its_time_is_not_waited_for(
    create: Create, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "OBEYS_SECONDS", 0.1)
    assert control.cancel(ledger, provider("trl"), create(lingers=600, **FOREVER)).status == "running"


def test_a_provider_that_is_away_ends_no_watch(create: Create) -> None:
    job = create(steps=30)
    assert job.place
    away = Path(job.place, "away")
    away.touch()
    seen = watch(job.id, every_seconds=QUICK)
    assert [next(seen).trouble, next(seen).trouble] == ["nobody answers"] * 2
    away.unlink()
    *_, last = seen
    assert (last.job.status, last.trouble, len(last.metrics)) == ("succeeded", None, 30)


def test_a_cap_holds_when_the_provider_tells_no_more(create: Create) -> None:
    job = create(capped(30), **FOREVER)
    assert job.place
    seen = watch(job.id, every_seconds=QUICK)
    while next(seen).job.status != "running":
        pass
    Path(job.place, "away").touch()
    while "budget 30" not in rules_said(next(seen)):
        pass
    Path(job.place, "away").unlink()
    *_, last = seen
    assert last.job.status == "paused"


def test_a_silent_job_is_named_once_and_paused_where_that_is_asked_for(create: Create) -> None:
    job = create(steps=100_000, seconds=0.01, silent_from=5)
    patient = Rules(stuck_floor_seconds=0.3)
    seen = watch(job.id, rules=patient, every_seconds=QUICK)
    while not (named := next(seen).decisions):
        pass
    assert [decision.action for decision in named] == ["say"]
    assert next(seen).decisions == named
    last = end(job, patient._replace(pause_when_stuck=True))
    assert last.job.status == "paused"


def test_a_job_that_learns_by_heart_is_paused_where_that_is_asked_for(create: Create) -> None:
    """The walk's validation reward is half its train reward: too far apart from about step 25 on."""
    job = create(**FOREVER)
    last = end(job, Rules(pause_when_overfitting=True))
    assert last.job.status == "paused"
    assert rules_said(last)[-1] == "overfitting: gap beyond 0.10"
    assert len(last.metrics) >= 20


def test_a_resumed_job_is_not_paused_for_the_same_again(create: Create, ledger: Ledger) -> None:
    rules = Rules(pause_when_overfitting=True)
    job = end(create(steps=300, seconds=0.01), rules).job
    assert job.status == "paused"
    control.resume(ledger, provider("trl"), job)
    assert end(job, rules).job.status == "succeeded"


def test_a_job_that_was_not_taken_is_created_by_its_watch(create: Create, ledger: Ledger) -> None:
    with pytest.raises(JobError, match="isn't created yet: the line is busy; fairmark jobs watch trl-"):
        create(steps=2, refused="once")
    (job,) = ledger.jobs()
    assert (job.status, job.place) == ("creating", None)
    assert end(job).job.status == "succeeded"


def test_a_job_that_is_refused_for_good_has_failed(create: Create, ledger: Ledger) -> None:
    with pytest.raises(JobRefused, match="no more training"):
        create(refused="for good")
    (job,) = ledger.jobs()
    assert job.status == "failed"
    assert job.error
    assert "training_not_available" in job.error
    assert end(job).job.status == "failed"
    with pytest.raises(JobRefused, match="can't be cancelled: it has failed"):
        control.cancel(ledger, provider("trl"), job)


def test_two_watches_see_the_same_and_double_nothing(create: Create, ledger: Ledger) -> None:
    job = create(steps=20)
    one, other = (watch(job.id, every_seconds=QUICK) for _ in range(2))
    for _ in zip(one, other, strict=False):
        pass
    assert [event.key for event in ledger.events(job.id)] == reported(job) == [str(step) for step in range(1, 21)]


def test_a_watch_waits_longer_after_each_failure_and_a_minute_at_most() -> None:
    assert _until_next(5, 0) == 5
    assert all(5 <= _until_next(5, 1) <= 10 for _ in range(50))
    assert all(30 <= _until_next(5, failures) <= 60 for failures in (9, 100, 10_000))


SECRETS = [
    ({"options": {"api_key": "x"}}, "options.api_key"),
    ({"options": {"hub_token": "x"}}, "options.hub_token"),
    ({"options": {"base_url": "https://me:word@example.com"}}, "options.base_url"),
    ({"options": {"base_url": "https://example.com?code=1"}}, "options.base_url"),
    ({"hyperparameters": {"run": "sk-example-made-up"}}, "hyperparameters.run"),
]


@pytest.mark.parametrize(("given", "where"), SECRETS, ids=[where for _, where in SECRETS])
def test_a_secret_is_refused_and_not_kept(ledger: Ledger, prepared: Path, given: Any, where: str) -> None:
    with pytest.raises(JobRefused, match=f"{where} holds a secret"):
        jobs.create(prepared, "trl", "sft", "tiny", **given)
    assert ledger.jobs() == []


@pytest.mark.parametrize(("value", "refused"), [("Bearer x", True), ("x", True), ("Bearer ${GRADER_KEY}", False)])
def test_a_header_names_the_variable_of_its_secret(ledger: Ledger, prepared: Path, value: str, refused: bool) -> None:
    endpoint = {"type": "endpoint", "url": "https://example.com", "headers": {"Authorization": value}}
    multi = {"type": "multi", "graders": {"mine": endpoint}, "calculate_output": "mine"}
    try:
        end(jobs.create(prepared, "trl", "rft", "tiny", grader=multi, hyperparameters={"steps": 1}))
        told = ""
    except JobRefused as error:
        told = str(error)
    assert ("grader.graders.mine.headers.Authorization holds a secret" in told) == refused


def test_names_that_only_sound_like_secrets_are_taken(create: Create, prepared: Path) -> None:
    job = jobs.create(prepared, "trl", "sft", "tiny", hyperparameters={"steps": 1}, options={"key_env": "MY_KEY"})
    assert end(job).job.status == "succeeded"


@pytest.mark.parametrize(
    ("where", "named", "model"),
    [("trl", "tuned", "{here}/tuned"), ("trl", "hub/name", "hub/name"), ("openai", "tuned", "tuned"), ("trl", "", "")],
)
def test_only_on_this_machine_a_model_may_be_a_folder(
    prepared: Path, monkeypatch: pytest.MonkeyPatch, where: str, named: str, model: str
) -> None:
    monkeypatch.chdir(prepared.parent)
    Path("tuned").mkdir()
    assert make_spec(prepared, where, "sft", named).model == model.format(here=Path.cwd())


def test_data_that_changed_since_it_was_prepared_is_refused(ledger: Ledger, prepared: Path) -> None:
    (prepared / "train.jsonl").write_text("{}\n")
    with pytest.raises(JobRefused, match=r"train\.jsonl changed after it was prepared"):
        jobs.create(prepared, "trl", "sft", "tiny")
    assert ledger.jobs() == []


def estimate(prepared: Path, method: str = "rft", price: float | None = None, **known: Any) -> Any:
    spec = make_spec(prepared, "openai", method, "o4-mini", grader="exact" if method == "rft" else None)
    budget = Budget(dollars_per_hour=price, cap_dollars=None, warn_share=0.8)
    return estimated(spec.model_copy(update={"hyperparameters": known}), budget)


def test_an_estimate_goes_by_what_the_job_sets(prepared: Path) -> None:
    low, expected, high = estimate(prepared)
    assert 0 < low < expected < high
    assert estimate(prepared, n_epochs=1)[1] < expected
    assert estimate(prepared, n_epochs="auto") == (low, expected, high)
    assert estimate(prepared, price=50)[1] == pytest.approx(expected / 2)


def test_without_a_price_there_is_no_estimate(prepared: Path) -> None:
    assert estimate(prepared, method="sft") is None
