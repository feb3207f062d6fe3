"""NeMo Gym's own acceptance test: thousands of requests open at a time.

Gym calls /verify, which is not served yet: these are rollouts of one sample at /v1/grade, for as many callers. Being
told to come again is an answer here; anything else but a right one is a finding. Meanwhile /healthz is asked ten times
a second, and the memory of the service and all it started is read as often. All latencies hold the driver's own lag.
"""

import asyncio
import time

from ..driver import OVERLOADED, Load, closed, get, opened
from ..figures import Figure
from ..rollouts import singles
from ..trial import Curve, Report, Trial, percentile

OFTEN = 10
"""Times a second that the service is looked at."""


async def crowd(trial: Trial) -> Report:
    """2,000 and then 10,000 requests open at a time, a new connection for each (NeMo Gym, here at /v1/grade)."""
    report = Report()
    for turn, callers in enumerate([200, 500] if trial.short else [2_000, 10_000]):
        await _crowd(trial, report, turn, callers)
    return report


async def _crowd(trial: Trial, report: Report, turn: int, callers: int) -> None:
    seconds = trial.spend(1, 20)
    requests = singles(100 + turn, poisoned=trial.poisoned)
    crowding = asyncio.create_task(closed(trial.server, requests, callers, seconds, fresh=True))
    (held, late), health = await asyncio.gather(_watched(trial, crowding), _asked(trial, crowding))
    load = await crowding
    name = f"{callers:,} open"
    report.count(load, *OVERLOADED)
    report.count(health)
    report.timed(name, load)
    answered = [answer for answer in load.answers if answer.status == 200]
    report.figures += [
        Figure(f"{name}: answered with 200", [len(answered) / load.seconds], "requests/s"),
        Figure(f"{name}: the crowd connected", [_connections_a_second(load, callers)], "connections/s"),
        Figure(f"{name}: all answers", [load.rate], "requests/s"),
        Figure(f"{name}: memory at its peak", [max(held.values)], "MiB"),
        Figure(f"{name}: /healthz meanwhile, median", [percentile(_milliseconds(health), 50)], "ms"),
        Figure(f"{name}: /healthz meanwhile, 99 %", [percentile(_milliseconds(health), 99)], "ms"),
        Figure(f"{name}: the driver's own lag, 99 %", [percentile(late, 99)], "ms"),
    ]
    report.held.append(held._replace(name=name))


def _connections_a_second(load: Load, callers: int) -> float:
    """How fast the callers' first connections were taken, all asked for at once."""
    first = load.connected[:callers]
    return len(first) / (first[-1] - load.began) if first else 0.0


def _milliseconds(load: Load) -> list[float]:
    return [seconds * 1e3 for seconds in load.latencies]


async def _watched(trial: Trial, task: asyncio.Task[Load]) -> tuple[Curve, list[float]]:
    """MiB held by the service and all it started, while the task goes on; and the milliseconds each look was late."""
    began, at, held, late = time.perf_counter(), [], [], []
    while not task.done():
        held.append(trial.server.resident() / (1 << 20))
        now = time.perf_counter()
        at.append(now - began)
        await asyncio.wait({task}, timeout=1 / OFTEN)
        late.append(max(0.0, time.perf_counter() - now - 1 / OFTEN) * 1e3)
    return Curve("", held, at), late


async def _asked(trial: Trial, task: asyncio.Task[Load]) -> Load:
    """/healthz, asked at a steady rate while the task goes on."""
    asked = Load(began=time.perf_counter())
    while not task.done():
        second = await opened(trial.server, [get("/healthz")] * OFTEN, OFTEN)
        asked.answers += second.answers
        asked.odd = asked.odd or second.odd
    return asked
