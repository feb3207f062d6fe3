"""What a job has spent so far, and what it will have spent at its end.

No provider says it while a job runs. OpenAI's and Azure's reinforcement fine-tuning bills the training loop alone, per
second, in hours of two decimals (OpenAI's help page on RFT billing): rollouts, grading, updates, validation. So

- what is *expected* is the time that the steps report. Of a job that failed, only the steps up to its last checkpoint,
  which is made at each validation: work lost to the provider isn't billed. A job that was paused or cancelled is.
- the *upper* bound is the time since it began to run, pauses left out: metrics may stop coming, the bill doesn't.
- what the provider says it bills, once it does, is the last word on both.

On one's own machine all the time that the job ran counts, at the price of its budget. A judge's tokens come on top.
"""

import math
from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from ..jobs.job import FINAL, Job, Metrics
from .prices import Prices

_STILL = FINAL | {"paused"}
"""Where what the provider says it bills stays true; of a job that was resumed it is old."""


class Spent(NamedTuple):
    """Dollars and seconds of one job; what isn't known is named in the note and counted as 0."""

    dollars: float
    """Expected so far, the judges' tokens included."""
    upper_dollars: float
    """At most so far: what a cap is held against."""
    seconds: float
    """Of the training loop, as far as `dollars` counts them."""
    judge_dollars: float
    """Of the judges' tokens alone."""
    projected_dollars: float | None
    """Expected at the end; None while the number of steps, or the time of one, isn't known."""
    projected_seconds: float | None
    """Of the training loop at the end."""
    note: str
    """What is not known, or a rule that will matter; empty where there is nothing to say."""


class Tokens(NamedTuple):
    """A judge's tokens; `cached` is a part of `prompt`."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0


def spent(job: Job, metrics: Sequence[Metrics], prices: Prices, now: float) -> Spent:
    """What a job has spent by `now` (seconds since 1970), from what its steps reported, in any order."""
    steps, rate = _by_step(metrics), _rate(job, prices)
    loop, most = _seconds(job, steps, now)
    judges, unpriced = _judges(judge_tokens(metrics), prices)
    dollars = _billed(job, loop, rate) + judges
    upper = _billed(job, most, rate, up=most > loop) + judges * _unreported(job, loop, most)
    ahead, projected = _ahead(job, steps, loop), None
    if ahead is not None:
        projected = max(_billed(job, loop + ahead, rate) + judges * _times_over(steps), dollars)
    notes = [*_notes(job, prices, rate, projected), *unpriced]
    at_end = None if ahead is None else loop + ahead
    return Spent(dollars, max(upper, dollars), loop, judges, projected, at_end, "; ".join(notes))


def billed_dollars(seconds: float, dollars_per_hour: float) -> float:
    """What OpenAI and Azure bill for seconds of the training loop: hours rounded to two decimals."""
    return round(seconds / 3600, 2) * dollars_per_hour


def judge_tokens(metrics: Sequence[Metrics]) -> dict[str, Tokens]:
    """Tokens by judge model: the latest count where a trainer reports them so far, else the sum over steps."""
    found: dict[str, Tokens] = {}
    for report in _by_step(metrics).values():
        for model, counts in report.grader_tokens.items():
            said = Tokens(**{name: counts.get(name, 0) for name in Tokens._fields})
            before = Tokens() if report.grader_tokens_so_far else found.get(model, Tokens())
            found[model] = Tokens(*(a + b for a, b in zip(before, said, strict=True)))
    return found


def _by_step(metrics: Sequence[Metrics]) -> dict[int, Metrics]:
    """The last report of each step, in the order of steps."""
    return {report.step: report for report in sorted(metrics, key=lambda report: report.step)}


def _rate(job: Job, prices: Prices) -> float | None:
    own = job.budget.dollars_per_hour
    return own if own is not None else prices.per_hour(job.spec.provider, job.spec.method)


def _billed(job: Job, seconds: float, rate: float | None, up: bool = False) -> float:
    if job.spec.provider == "trl" or rate is None:
        return seconds / 3600 * (rate or 0)
    return math.ceil(round(seconds / 36, 6)) / 100 * rate if up else billed_dollars(seconds, rate)


def _seconds(job: Job, steps: dict[int, Metrics], now: float) -> tuple[float, float]:
    """Seconds that are expected to be billed, and those that may be."""
    if job.billed_seconds is not None and job.status in _STILL:
        return job.billed_seconds, job.billed_seconds
    ran, loop = job.running_seconds(now), _loop(steps)
    if job.spec.provider == "trl" or loop is None:
        return ran, ran
    kept = _loop(_captured(steps)) if job.status == "failed" else loop
    return kept or 0.0, max(ran, loop)


def _loop(steps: dict[int, Metrics]) -> float | None:
    """The time of all steps up to the last, None where none was timed; one that wasn't counts as the median."""
    if not steps:
        return 0.0
    times = [report.step_seconds for report in steps.values() if report.step_seconds is not None]
    return math.fsum(times) + median(times) * max(max(steps) - len(times), 0) if times else None


def _captured(steps: dict[int, Metrics]) -> dict[int, Metrics]:
    """The steps up to the last checkpoint; OpenAI makes one at each validation."""
    last = max((number for number, report in steps.items() if report.valid_reward is not None), default=0)
    return {number: report for number, report in steps.items() if number <= last}


def _judges(tokens: dict[str, Tokens], prices: Prices) -> tuple[float, list[str]]:
    dollars, notes = 0.0, []
    for model, used in tokens.items():
        price = prices.judges.get(model)
        if price is None:
            notes.append(
                f"no price is known for the judge {model}: its {used.prompt + used.completion:,} tokens are left out"
            )
        else:
            dollars += price.dollars(used.prompt, used.completion, used.cached)
    return dollars, notes


def _unreported(job: Job, loop: float, most: float) -> float:
    """By how much the judges' bill may be larger: while a job runs, they may go on at the pace last heard of."""
    return most / loop if job.status not in FINAL and 0 < loop < most else 1.0


def _ahead(job: Job, steps: dict[int, Metrics], loop: float) -> float | None:
    """Seconds until the last step; None where that can't be told."""
    if job.status in FINAL or not steps:
        return None
    last = max(steps)
    times = [report.step_seconds for report in steps.values() if report.step_seconds is not None]
    pace = median(times) if times else (loop / last if last else None)
    total = next(
        (steps[number].total_steps for number in sorted(steps, reverse=True) if steps[number].total_steps), None
    )
    return None if total is None or pace is None else max(total - last, 0) * pace


def _times_over(steps: dict[int, Metrics]) -> float:
    """How many times what was done so far all steps together are."""
    last = max(steps)
    return (steps[last].total_steps or last) / last if last else 1.0


def _notes(job: Job, prices: Prices, rate: float | None, projected: float | None) -> Iterator[str]:
    provider, limit = job.spec.provider, prices.of(job.spec.provider).pause_at_dollars
    if rate is None:
        yield f"no price by the hour is known for {job.spec.method} on {provider}, so time counts as $0"
    if job.status == "failed" and provider != "trl" and job.billed_seconds is None:
        yield "a failure of the provider's is billed up to the last checkpoint, one of yours may be billed whole"
    if limit is not None and projected is not None and projected > limit:
        yield f"{provider} pauses a job once by itself, at ${limit:,.0f}"
