"""NeMo Gym's own acceptance test: thousands of requests open at a time.

Gym calls /verify, which is not served yet: these are rollouts of one sample at /v1/grade, for as many callers. Being
told to come again is an answer here; anything else but a right one is a finding. Meanwhile another process asks for
/healthz as a kubelet does, on the port of the callers and on the probe port, and the memory of the service and all it
started is read. The crowd's latencies hold the driver's own lag.
"""

import asyncio
import time
from bisect import bisect
from collections.abc import Iterator
from typing import NamedTuple

from .. import kubelet
from ..driver import OVERLOADED, Load, closed
from ..figures import Figure
from ..markdown import CROWDS, duration
from ..rollouts import singles
from ..servers import Server
from ..trial import Curve, Report, Trial, percentile

OFTEN = 10
"""Times a second that memory is looked at."""
LOOKS = 50
"""Times a second that the queues are."""
MAIN, PROBES = "/healthz", "/healthz on the probe port"


async def crowd(trial: Trial) -> Report:
    """2,000 and then 10,000 requests open at a time, a new connection for each (NeMo Gym, here at /v1/grade)."""
    report = Report()
    for turn, callers in enumerate([200, 500] if trial.short else [2_000, 10_000]):
        _count(await _crowd(trial, report, turn, callers), report)
    return report


class Watched(NamedTuple):
    """What was seen of the service while it had a crowd."""

    held: Curve
    """MiB of the service and all it started."""
    late: list[float]
    """Milliseconds that each look came late."""
    queued: list[tuple[float, int]]
    """When, and how many connections weren't accepted yet; none of a service that isn't ours."""


class Crowd(NamedTuple):
    """What became of one."""

    name: str
    callers: int
    load: Load
    cpu: float
    watched: "Watched"
    health: dict[str, list[float]]
    """Milliseconds of every /healthz, by port."""


async def _crowd(trial: Trial, report: Report, turn: int, callers: int) -> Crowd:
    requests = singles(100 + turn, poisoned=trial.poisoned)
    crowding = asyncio.create_task(
        trial.metered(closed(trial.server, requests, callers, trial.spend(1, 20), fresh=True))
    )
    name = f"{callers:,} open"
    watched, health = await asyncio.gather(_watched(name, trial, crowding), _asked(trial.server, crowding, report))
    return Crowd(name, callers, *await crowding, watched, health)


def _count(crowd: Crowd, report: Report) -> None:
    report.count(crowd.load, *OVERLOADED)
    report.timed(crowd.name, crowd.load)
    report.figures += _figures(crowd)
    report.held.append(crowd.watched.held)
    rate, cpu = f"{_graded_a_second(crowd):,.0f} requests/s", duration(crowd.cpu / len(crowd.load.answers))
    report.traffic(f"`e` {crowd.name}", crowd.load, rate, f"{cpu} a request")
    report.row(CROWDS, *_cells(crowd))


def _figures(crowd: Crowd) -> Iterator[Figure]:
    name = crowd.name
    yield Figure(f"{name}: answered with 200", [_graded_a_second(crowd)], "requests/s")
    yield Figure(f"{name}: all answers", [crowd.load.rate], "requests/s")
    if crowd.watched.queued:
        yield Figure(f"{name}: accepted", [_accepted_a_second(crowd)], "connections/s")
        yield Figure(f"{name}: backlog at its peak", [_deepest(crowd)], "connections")
    yield Figure(f"{name}: memory at its peak", [max(crowd.watched.held.values)], "MiB")
    yield Figure(f"{name}: the driver's own lag, 99 %", [percentile(crowd.watched.late, 99)], "ms")
    for port, times in crowd.health.items():
        yield Figure(f"{name}: {port} meanwhile, median", [percentile(times, 50)], "ms")
        yield Figure(f"{name}: {port} meanwhile, 99 %", [percentile(times, 99)], "ms")
        yield Figure(f"{name}: {port} meanwhile, worst", [max(times)], "ms")


def _cells(crowd: Crowd) -> Iterator[str]:
    yield crowd.name
    yield f"{max(crowd.watched.held.values):,.0f} MiB"
    yield f"{_accepted_a_second(crowd):,.0f}/s" if crowd.watched.queued else ""
    yield f"{_deepest(crowd):,}" if crowd.watched.queued else ""
    for port in (MAIN, PROBES):
        times = crowd.health.get(port, [])
        yield " / ".join(duration(percentile(times, share) / 1e3) for share in (50, 99) if times)
    yield duration(percentile(crowd.watched.late, 99) / 1e3)
    yield ", ".join(f"{status or 'none'} × {times:,}" for status, times in sorted(crowd.load.statuses.items()))


def _graded_a_second(crowd: Crowd) -> float:
    return crowd.load.statuses[200] / crowd.load.seconds


def _accepted_a_second(crowd: Crowd) -> float:
    """How fast the service accepted until it had accepted the whole crowd: what was connected, less what was queued.

    The kernel completes a connection by itself and puts it into a queue; a driver that connects slowly makes it less.
    """
    connected = sorted(crowd.load.connected)
    accepted = [(at, bisect(connected, at) - queued) for at, queued in crowd.watched.queued]
    at, number = next(((at, number) for at, number in accepted if number >= crowd.callers), accepted[-1])
    return max(0, number) / (at - crowd.load.began)


def _deepest(crowd: Crowd) -> int:
    return max(queued for _, queued in crowd.watched.queued)


async def _watched(name: str, trial: Trial, task: asyncio.Task[tuple[Load, float]]) -> Watched:
    """What is seen while the task goes on; the queues by a thread, since the driver is busy while it connects."""
    began, at, held, late = time.perf_counter(), [], [], []
    queues = asyncio.create_task(asyncio.to_thread(_queues, trial.server, task))
    while not task.done():
        held.append(trial.server.resident() / (1 << 20))
        now = time.perf_counter()
        at.append(now - began)
        await asyncio.wait({task}, timeout=1 / OFTEN)
        late.append(max(0.0, time.perf_counter() - now - 1 / OFTEN) * 1e3)
    return Watched(Curve(name, held, at), late, await queues)


def _queues(server: Server, task: asyncio.Task[tuple[Load, float]]) -> list[tuple[float, int]]:
    looks = []
    while server.pid is not None and not task.done():
        looks.append((time.perf_counter(), server.backlog()))
        time.sleep(1 / LOOKS)
    return looks


async def _asked(server: Server, task: asyncio.Task[tuple[Load, float]], report: Report) -> dict[str, list[float]]:
    """Milliseconds of every /healthz while the task goes on, by port; any answer but 200 is a finding."""
    ports = {MAIN: server} | ({PROBES: server.probes} if server.probes else {})
    asked = await kubelet.healthz(ports, task)
    for port, answers in asked.items():
        if wrong := {status for status, _ in answers if status != 200}:
            report.findings.append(f"{port} was asked {len(answers)} times and answered with {sorted(wrong)}")
    return {port: [seconds * 1e3 for _, seconds in answers] for port, answers in asked.items()}
