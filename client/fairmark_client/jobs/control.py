"""What one does with a job that there is: look how it is, pause it, let it go on, end it."""

import re
import time
from collections.abc import Collection
from pathlib import Path

from ..costs.prices import Prices
from ..costs.spent import Spent, spent
from ..errors import JobRefused
from .creating import start
from .job import FINAL, Job, Status
from .ledger import Decision, Ledger
from .provider import Provider
from .providers import PROVIDERS, provider

OBEYS_SECONDS = 5.0
"""How long an order is given to show; a pause that waits for the end of a step shows as `pausing`."""
LOOK_SECONDS = 0.2
_ID = re.compile(f"({'|'.join(PROVIDERS)})-[0-9a-f]{{6}}")


def refresh(ledger: Ledger, provider: Provider, job: Job) -> Job:
    """The job as its provider says it is now, with all that it reported in the ledger.

    One that was left half created is created first. Its status is asked before its events, so that of a job which is
    over none are missed. Raises `JobError`; what was learnt until then is kept.
    """
    if job.place is None and job.status == "creating":
        job = start(ledger, provider, job)
    if job.place is None:  # refused, and nowhere to be looked at
        return job
    job = ledger.saw(job.id, provider.look(job), time.time())
    new = provider.events(job, known=ledger.count_events(job.id))
    if ledger.add_events(job.id, new) or job.status in FINAL:
        ledger.keep_checkpoints(job.id, provider.checkpoints(job))
    return job


def pause(ledger: Ledger, provider: Provider, job: Job) -> Job:
    """Ask a job to save and stop. Raises `JobRefused` where its state doesn't allow it."""
    job = refresh(ledger, provider, job)
    with ledger.alone(job.id):
        if job.status not in ("queued", "running"):
            raise JobRefused(f"{job.id} can't be paused: {_state(job)}")
        now = time.time()
        provider.pause(job)
        # A watch that wants it paused too then knows why the provider refuses it, and doesn't cancel.
        rule = f"by hand {now:.3f}"
        ledger.decide(job.id, Decision(rule=rule, why="paused by hand", action="pause", at=now, asked_at=now))
    return _once(FINAL | {"pausing", "paused"}, ledger, provider, job)


def resume(ledger: Ledger, provider: Provider, job: Job, cap_dollars: float | None = None) -> Job:
    """Let a paused job go on, under a new cap if one is given. Raises `JobRefused` where it would be paused again."""
    job = refresh(ledger, provider, job)
    with ledger.alone(job.id):
        if job.status != "paused":
            raise JobRefused(f"{job.id} can't be resumed: {_state(job)}")
        job = _under(ledger, job, cap_dollars or job.budget.cap_dollars)
        ledger.overrule(job.id)
        provider.resume(job)
    return refresh(ledger, provider, job)


def cancel(ledger: Ledger, provider: Provider, job: Job) -> Job:
    """End a job for good. Raises `JobRefused` when it is over."""
    job = refresh(ledger, provider, job)
    with ledger.alone(job.id):
        if job.status in FINAL:
            raise JobRefused(f"{job.id} can't be cancelled: {_state(job)}")
        provider.cancel(job)
    return _once(FINAL, ledger, provider, job)


def _once(obeyed: Collection[Status], ledger: Ledger, provider: Provider, job: Job) -> Job:
    """The job as soon as an order shows, or as it is when that takes too long: a trainer obeys a moment later."""
    deadline = time.monotonic() + OBEYS_SECONDS
    while (job := refresh(ledger, provider, job)).status not in obeyed and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    return job


def made_by(named: str) -> str:
    """The model that a job has made, where that is a job's id; any other text as it is.

    Raises `JobRefused` when the job has made none, and `JobError` when its provider can't be asked.
    """
    if not is_id(named):
        return named
    ledger = Ledger()
    job = ledger.job(named)
    if job.model_made is None:
        job = refresh(ledger, provider(job.spec.provider), job)
    if job.model_made is None:
        raise JobRefused(f"{job.id} has made no model: {_state(job)}")
    return job.model_made


def is_id(text: str) -> bool:
    """Whether that names a job, and no file or folder."""
    return bool(_ID.fullmatch(text)) and not Path(text).exists()


def _under(ledger: Ledger, job: Job, cap_dollars: float | None) -> Job:
    """The job with that cap. Raises `JobRefused` when it has been reached."""
    most = cost(ledger, job).upper_dollars
    if cap_dollars is not None and most >= cap_dollars:
        raise JobRefused(f"{job.id} has cost up to ${most:,.2f} of ${cap_dollars:,.2f}: name a higher cap")
    budget = job.budget.model_copy(update={"cap_dollars": cap_dollars})
    return ledger.change(job.id, lambda kept: kept.model_copy(update={"budget": budget}))


def cost(ledger: Ledger, job: Job) -> Spent:
    """What a job has cost by now, by the table of prices and what its budget says."""
    return spent(job, ledger.metrics(job.id), Prices.read(), time.time())


def _state(job: Job) -> str:
    return f"it {'is' if job.status not in ('succeeded', 'failed') else 'has'} {job.status}"
