"""Fine-tuning jobs on one's own machine or elsewhere: one interface, one ledger, one watch.

from fairmark_client import jobs

job = jobs.create("prepared/", provider="trl", method="rft", model="HuggingFaceTB/SmolLM2-135M", grader="exact")
for seen in jobs.watch(job.id):
    print(seen.job.status, seen.spent.dollars)
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.prepared import Method
from .job import Budget, Job

if TYPE_CHECKING:
    from .watching import Rules, Seen

__all__ = ["Budget", "Job", "create", "watch"]


def create(
    data: str | Path,
    provider: str,
    method: Method,
    model: str,
    grader: str | Mapping[str, Any] | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    budget: Budget | None = None,
) -> Job:
    """Check a job, write it into the ledger and start it; what the arguments mean stands with `Spec`.

    `model` may also be the id of a job, for the model that it has made.

    Raises `JobRefused` or `DataError` when it can't work, before anything is sent, and `JobError` when the provider
    didn't take it: the job is in the ledger then, and is created by whoever watches it.
    """
    from . import control, creating
    from .ledger import Ledger

    rest = {"grader": grader, "hyperparameters": hyperparameters or {}, "options": options or {}, "seed": seed}
    spec = creating.make_spec(data, provider, method, control.made_by(model), **rest)
    return creating.create(spec, budget or Budget.model_validate({}), Ledger())


def watch(job: str, rules: "Rules | None" = None, every_seconds: float = 5.0) -> "Iterator[Seen]":
    """Look at a job again and again, holding it to its budget, until it has ended or is paused.

    Raises `JobRefused` when there is no such job, or when its provider won't tell of it.
    """
    from . import watching

    return watching.watch(job, rules=rules or watching.Rules(), every_seconds=every_seconds)
