"""A job that says it runs and reports nothing any more.

OpenAI's and Azure's jobs have hung for more than a day, in a validation after the last step, without an error.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from .job import Event, Job
from .remark import Remark

TIMES = 5.0
"""How many median steps a job may take over one: evaluations take several times a plain step."""
FLOOR_SECONDS = 300.0
"""Steps of a second each don't make six seconds suspicious: a checkpoint is being written."""
FIRST_STEP_SECONDS = 3600.0
"""Before the first step, while weights are fetched and nothing tells how long a step takes."""


def stuck(
    job: Job, events: Sequence[Event], now: float, times: float = TIMES, floor_seconds: float = FLOOR_SECONDS
) -> Remark | None:
    """Whether a running job has been silent for `times` its median step, and at least `floor_seconds`.

    And for twice as long as ever before in this run: evaluations come again.
    """
    if job.status != "running" or not job.runs:
        return None
    began = job.runs[-1][0]
    heard = [began, *(event.at for event in events if event.at > began)]
    step, silent = step_seconds(events), now - max(heard)
    longest = max((after - before for before, after in pairwise(heard[1:])), default=0.0)
    patience = FIRST_STEP_SECONDS if step is None else max(times * step, floor_seconds, 2 * longest)
    if silent < patience:
        return None
    usual = "no step has ended yet" if step is None else f"a step takes {step:,.1f} s"
    return Remark(f"stuck after {len(events)} events", f"nothing reported for {silent:,.0f} s; {usual}", grave=True)


def step_seconds(events: Sequence[Event]) -> float | None:
    """The median step's: as reported, else from the times between reports; None while neither is known."""
    steps = [event for event in events if event.metrics]
    said = [event.metrics.step_seconds for event in steps if event.metrics and event.metrics.step_seconds is not None]
    between = [
        (after.at - before.at) / (after.metrics.step - before.metrics.step)
        for before, after in pairwise(steps)
        if before.metrics and after.metrics and after.metrics.step > before.metrics.step
    ]
    return median(said or between) if said or between else None
