"""TRL: every rank sends its batch at the same moment, and all wait for the last result.

What a burst costs at least is the work in it: its samples graded one after the other in this process, by the same
graders and without a cache, in seconds of CPU time. On so many cores the last result can't come before the work over
the cores (unless rollouts share a verdict); the ratio is what the service adds. Service and driver share the cores.
"""

import asyncio
import math
import statistics
import time
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from ..driver import Request, opened
from ..figures import Figure, over
from ..markdown import BURSTS, NEWCOMERS, duration
from ..rollouts import Rollout, batch, rollouts, single
from ..trial import Burst, Report, Trial, neighbours, percentile
from ..work import Work

RANKS = 8
REST_SECONDS = 8
"""Between two bursts. TRL's come every 30 s, which would measure nothing more."""
BESIDE = f"while {RANKS} batches of programs are graded"
NEWCOMERS_A_SECOND = 5
"""Programs of ten tests: a fiftieth of what two cores do."""
POISONED = "the mix, poisoned"
CONTENTS = {"exact": ["exact"], "math": ["math"], "code": ["code"], POISONED: []}


async def bursts(trial: Trial) -> Report:
    """8 batches of 128 at the same moment (TRL); the last result counts, against the work in them."""
    report = Report()
    async with Work() as work:
        for place, name in enumerate(CONTENTS):
            turns = range(1000 * place, 1000 * place + (1 if trial.short else 3))
            report.bursts += [await _burst(name, _samples(name, turn, trial), trial, work, report) for turn in turns]
    for name in CONTENTS:
        made = [burst for burst in report.bursts if burst.name == name]
        report.figures += _figures(name, made, trial)
        report.row(BURSTS, *_cells(name, made, trial))
    await _newcomer(trial, report)
    return report


async def _newcomer(trial: Trial, report: Report) -> None:
    """What another run's programs wait, sent one by one, alone and while a burst of programs goes on."""
    requests = _batches(_samples("code", 9000, trial), "code", "burst")
    singles = (single(rollout, "newcomer") for rollout in rollouts(9001, "code", poisoned=0))
    alone = await opened(trial.server, islice(singles, round(trial.spend(5, 40))), NEWCOMERS_A_SECOND)
    burst = asyncio.create_task(opened(trial.server, requests, math.inf, RANKS))
    beside = await opened(trial.server, takewhile(lambda _: not burst.done(), singles), NEWCOMERS_A_SECOND)
    for name, load in (("alone", alone), (BESIDE, beside)):
        report.count(load)
        report.timed(f"a newcomer, {name}", load)
        last = "" if load is alone else duration(max((await burst).latencies, default=0.0))
        report.row(NEWCOMERS, name, *(duration(percentile(neighbours(load), share) / 1e3) for share in (50, 99)), last)
    report.count(await burst)


def _samples(name: str, seed: int, trial: Trial) -> list[Rollout]:
    number = RANKS * (16 if trial.short else 128)
    poisoned = (16 if trial.short else 200) if name == POISONED else 0
    return list(islice(rollouts(seed, *CONTENTS[name], poisoned=poisoned), number))


def _batches(samples: Sequence[Rollout], name: str, run: str | None = None) -> list[Request]:
    size = len(samples) // RANKS
    return [batch(samples[begin : begin + size], name, run) for begin in range(0, len(samples), size)]


async def _burst(name: str, samples: Sequence[Rollout], trial: Trial, work: Work, report: Report) -> Burst:
    """One burst, after a rest in which its work is measured."""
    rest = asyncio.create_task(asyncio.sleep(trial.spend(0.2, REST_SECONDS)))
    least = 0.0 if name == POISONED else await work.seconds(samples)
    requests = _batches(samples, name)
    await rest
    driver = time.process_time()
    load, cpu = await trial.metered(opened(trial.server, requests, math.inf, RANKS))
    driver = time.process_time() - driver
    report.count(load)
    return Burst(name, max(load.latencies, default=load.seconds), least, cpu, driver)


def _figures(name: str, made: Sequence[Burst], trial: Trial) -> Iterator[Figure]:
    last = [burst.last for burst in made]
    yield Figure(f"{name}: the last result", [seconds * 1e3 for seconds in last], "ms")
    yield Figure(f"{name}: CPU, all processes", [burst.cpu * 1e3 for burst in made], "ms")
    yield Figure(f"{name}: CPU, the driver", [burst.driver * 1e3 for burst in made], "ms")
    if name != POISONED:
        least = [burst.work / trial.cores for burst in made]
        yield Figure(f"{name}: the work, over {trial.cores} cores", [seconds * 1e3 for seconds in least], "ms")
        yield Figure(f"{name}: the last result, in times of that", over(last, least), "×")


def _cells(name: str, made: Sequence[Burst], trial: Trial) -> Iterator[str]:
    size = 16 if trial.short else 128
    yield f"{RANKS} × {size} {name}"
    last, work, cpu, driver = (statistics.median(values) for values in list(zip(*made, strict=True))[1:])
    yield duration(last)
    yield duration(work / trial.cores) if work else ""
    yield f"{statistics.median(burst.last * trial.cores / burst.work for burst in made):.1f} ×" if work else ""
    yield from (duration(cpu), duration(driver))
