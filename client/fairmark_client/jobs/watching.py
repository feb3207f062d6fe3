"""Watching over a job: what it reports goes to the ledger, what it may cost is held against its cap.

Each round looks at the job once, notes what the rules have to say, and pauses the job where one of them has decided so.
A decision is in the ledger before the provider is asked, so a watch that is killed in between is followed by one that
asks again, and one that was heard isn't repeated. A provider that can't be reached ends no watch; meanwhile the cost
grows with the clock.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from ..costs.prices import Prices
from ..costs.spent import Spent, spent
from ..errors import JobError, JobRefused
from . import watchdog
from .budget import NAME as BUDGET
from .budget import budget
from .control import refresh
from .job import FINAL, Event, Job, Metrics
from .ledger import Decision, Ledger, measured
from .overfitting import overfitting
from .provider import Provider
from .providers import provider
from .remark import Remark

EVERY_SECONDS = 5.0
LONGEST_SECONDS = 60.0
"""Between two looks at a provider that can't be reached; each failure doubles the time until then."""
ASK_AGAIN_SECONDS = 60.0
"""A provider that has agreed to pause and hasn't paused by then is asked again."""
GIVE_UP_SECONDS = 3600.0
"""And one that hasn't by then won't: a step of a hosted job takes 12 to 22 minutes, and is ended first."""


class Rules(NamedTuple):
    """What is done without asking; the cap of a job's budget always holds."""

    pause_when_stuck: bool = False
    pause_when_overfitting: bool = False
    stuck_times: float = watchdog.TIMES
    stuck_floor_seconds: float = watchdog.FLOOR_SECONDS


class Seen(NamedTuple):
    """A job after one look."""

    job: Job
    events: list[Event]
    spent: Spent
    remarks: list[Remark]
    """What the rules have to say of it now."""
    decisions: list[Decision]
    """What they have ever said."""
    at: float
    trouble: str | None = None
    """Why the last look failed; the rest is as it was known before."""

    @property
    def metrics(self) -> list[Metrics]:
        """What was measured of each step that counts, in order."""
        return measured(self.events)

    @property
    def stopped(self) -> bool:
        """Whether there is nothing more to see until somebody does something."""
        return self.job.status in FINAL or self.job.status == "paused"


def watch(
    named: str,
    ledger: Ledger | None = None,
    rules: Rules = Rules(),  # noqa: B008
    every_seconds: float = EVERY_SECONDS,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[Seen]:
    """Look at a job again and again until it has ended or is paused.

    Raises `JobRefused` when there is no such job, or when its provider won't tell of it, however often it is asked.
    """
    ledger = ledger or Ledger()
    job, failures = ledger.job(named), 0
    at = provider(job.spec.provider)
    while True:
        seen = look(ledger, at, job, rules)
        yield seen
        if seen.stopped:
            return
        job, failures = seen.job, failures + 1 if seen.trouble else 0
        wait(_until_next(every_seconds, failures))


def look(ledger: Ledger, provider: Provider, job: Job, rules: Rules = Rules()) -> Seen:  # noqa: B008
    """Look at a job once, and do what the rules demand."""
    trouble = None
    try:
        job = refresh(ledger, provider, job)
    except JobRefused:
        raise
    except JobError as error:
        job, trouble = ledger.job(job.id), str(error)
    seen = known(ledger, job, rules)
    for remark in seen.remarks:
        ledger.decide(job.id, _decision(remark, rules, seen.at))
    try:
        job = _carry_out(ledger, provider, job)
    except JobError as error:
        trouble = str(error)
    return seen._replace(job=job, decisions=ledger.decisions(job.id), trouble=trouble)


def known(ledger: Ledger, job: Job, rules: Rules = Rules()) -> Seen:  # noqa: B008
    """A job as the ledger knows it; nobody is asked."""
    now, events = time.time(), ledger.events(job.id)
    metrics = measured(events)
    cost = spent(job, metrics, Prices.read(), now)
    return Seen(
        job, events, cost, list(_remarks(job, events, metrics, cost, rules, now)), ledger.decisions(job.id), now
    )


def _remarks(
    job: Job, events: Sequence[Event], metrics: Sequence[Metrics], cost: Spent, rules: Rules, now: float
) -> Iterator[Remark]:
    yield from budget(job.budget, cost)
    if silent := watchdog.stuck(job, events, now, rules.stuck_times, rules.stuck_floor_seconds):
        yield silent
    yield from overfitting(metrics)


def _decision(remark: Remark, rules: Rules, now: float) -> Decision:
    """What is done about a remark; where a rule may only speak, its word is another than where it may pause."""
    asked = {"stuck": rules.pause_when_stuck, "overfitting": rules.pause_when_overfitting, BUDGET: True}
    pauses = remark.grave and asked[remark.rule.replace(":", " ").split()[0]]
    rule = remark.rule if not remark.grave or pauses else f"{remark.rule}, said"
    return Decision(rule=rule, why=remark.why, action="pause" if pauses else "say", at=now)


def _carry_out(ledger: Ledger, provider: Provider, job: Job) -> Job:
    """Pause the job where that was decided; cancel it where its cap is reached and it can't be paused."""
    due = _due(ledger, job)
    if job.status not in ("queued", "running", "pausing") or not due:
        return job
    if any(decision.action == "cancel" for decision in due):
        return _cancel(ledger, provider, job)
    asked = _asked_at(due, job)
    waited = 0.0 if asked is None else time.time() - asked
    if waited >= GIVE_UP_SECONDS:
        return _unpausable(ledger, provider, job, due, f"it was to pause {waited:,.0f} s ago")
    if job.status == "pausing" or 0 < waited < ASK_AGAIN_SECONDS:
        return job
    with ledger.alone(job.id):
        return _pause(ledger, provider, ledger.job(job.id))


def _due(ledger: Ledger, job: Job) -> list[Decision]:
    """What was decided and is to be done; one that was paused and then resumed elsewhere is held to its cap alone."""
    stopped, decided = _stopped_at(job), ledger.decisions(job.id)
    open = [each for each in decided if each.action != "say" and not each.overruled]
    return [each for each in open if _capped(each) or each.asked_at is None or each.asked_at > stopped]


def _asked_at(due: Sequence[Decision], job: Job) -> float | None:
    """Since when the provider has been to pause the job, which has gone on ever since."""
    asked = [each.asked_at for each in due if each.asked_at is not None]
    return min((at for at in asked if at > _stopped_at(job)), default=None)


def _stopped_at(job: Job) -> float:
    return max((ended for _, ended in job.runs if ended is not None), default=0.0)


def _capped(decision: Decision) -> bool:
    return decision.rule.startswith(BUDGET)


def _pause(ledger: Ledger, provider: Provider, job: Job) -> Job:
    """Another process may have paused or resumed the job since it was decided."""
    due, now = _due(ledger, job), time.time()
    if job.status not in ("queued", "running") or not due:
        return job
    try:
        provider.pause(job)
    except JobRefused as error:
        job = refresh(ledger, provider, job)  # which may have ended meanwhile, or be about to pause
        if job.status not in ("queued", "running") or _asked_at(_due(ledger, job), job):
            return job
        return _unpausable(ledger, provider, job, due, f"it can't be paused ({error})")
    ledger.asked(job.id, now, since=_stopped_at(job))
    return refresh(ledger, provider, job)


def _unpausable(ledger: Ledger, provider: Provider, job: Job, due: Sequence[Decision], why: str) -> Job:
    """A job that won't pause is cancelled where its cap is reached, and only named for other reasons."""
    capped = next(filter(_capped, due), None)
    action: Literal["cancel", "say"] = "cancel" if capped else "say"
    rule = f"{(capped or due[0]).rule}, unpausable"
    ledger.decide(job.id, Decision(rule=rule, why=why, action=action, at=time.time()))
    return _cancel(ledger, provider, job) if capped else job


def _cancel(ledger: Ledger, provider: Provider, job: Job) -> Job:
    provider.cancel(job)
    return refresh(ledger, provider, job)


def _until_next(every_seconds: float, failures: int) -> float:
    """Longer after each failure, by chance, so that many watches don't come back at once."""
    longest = max(every_seconds, LONGEST_SECONDS)
    spread = random.uniform(0.5, 1.0) if failures else 1.0
    return min(every_seconds * float(2 ** min(failures, 10)), longest) * spread
