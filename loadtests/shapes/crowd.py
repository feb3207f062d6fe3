"""NeMo Gym's own acceptance test: thousands of requests open at a time.

Gym calls /verify, which is not served yet: these are rollouts of one sample at /v1/grade, for as many callers. Being
told to come again is an answer here; anything else but a right one is a finding. Meanwhile another process asks for
/healthz as a kubelet does, on the port of the callers and on the probe port, and the memory of the service and all it
started is read. The crowd's latencies hold the driver's own lag.
"""

import asyncio
import time

from .. import kubelet
from ..driver import OVERLOADED, Load, closed
from ..figures import Figure
from ..markdown import CROWDS, duration
from ..rollouts import singles
from ..servers import Server
from ..trial import Curve, Report, Trial, percentile

OFTEN = 10
"""Times a second that memory is looked at."""
MAIN, PROBES = "/healthz", "/healthz on the probe port"


async def crowd(trial: Trial) -> Report:
    """2,000 and then 10,000 requests open at a time, a new connection for each (NeMo Gym, here at /v1/grade)."""
    report = Report()
    for turn, callers in enumerate([200, 500] if trial.short else [2_000, 10_000]):
        await _crowd(trial, report, turn, callers)
    return report


async def _crowd(trial: Trial, report: Report, turn: int, callers: int) -> None:
    seconds = trial.spend(1, 20)
    requests = singles(100 + turn, poisoned=trial.poisoned)
    crowding = asyncio.create_task(trial.metered(closed(trial.server, requests, callers, seconds, fresh=True)))
    (held, late), asked = await asyncio.gather(_watched(trial, crowding), _asked(trial.server, crowding, report))
    load, cpu = await crowding
    name = f"{callers:,} open"
    report.count(load, *OVERLOADED)
    report.timed(name, load)
    report.figures += [
        Figure(f"{name}: answered with 200", [load.statuses[200] / load.seconds], "requests/s"),
        Figure(f"{name}: all answers", [load.rate], "requests/s"),
        Figure(f"{name}: the crowd connected", [_connections_a_second(load, callers)], "connections/s"),
        Figure(f"{name}: memory at its peak", [max(held.values)], "MiB"),
        Figure(f"{name}: the driver's own lag, 99 %", [percentile(late, 99)], "ms"),
    ]
    for port, times in asked.items():
        report.figures += [
            Figure(f"{name}: {port} meanwhile, median", [percentile(times, 50)], "ms"),
            Figure(f"{name}: {port} meanwhile, 99 %", [percentile(times, 99)], "ms"),
            Figure(f"{name}: {port} meanwhile, worst", [max(times, default=0)], "ms"),
        ]
    each = f"{duration(cpu / len(load.answers))} a request"
    report.traffic(f"`e` {name}", load, f"{load.statuses[200] / load.seconds:,.0f} requests/s", each)
    report.row(
        CROWDS,
        name,
        f"{max(held.values):,.0f} MiB",
        f"{_connections_a_second(load, callers):,.0f}/s",
        *(_spread(asked.get(port, [])) for port in (MAIN, PROBES)),
        duration(percentile(late, 99) / 1e3),
        ", ".join(f"{status} × {times:,}" for status, times in sorted(load.statuses.items())),
    )
    report.held.append(held._replace(name=name))


def _connections_a_second(load: Load, callers: int) -> float:
    """How fast the callers' first connections were taken, all asked for at once."""
    first = load.connected[:callers]
    return len(first) / (first[-1] - load.began) if first else 0.0


def _spread(times: list[float]) -> str:
    return " / ".join(duration(percentile(times, share) / 1e3) for share in (50, 99))


async def _watched(trial: Trial, task: asyncio.Task[tuple[Load, float]]) -> tuple[Curve, list[float]]:
    """MiB held by the service and all it started, while the task goes on; and the milliseconds each look was late."""
    began, at, held, late = time.perf_counter(), [], [], []
    while not task.done():
        held.append(trial.server.resident() / (1 << 20))
        now = time.perf_counter()
        at.append(now - began)
        await asyncio.wait({task}, timeout=1 / OFTEN)
        late.append(max(0.0, time.perf_counter() - now - 1 / OFTEN) * 1e3)
    return Curve("", held, at), late


async def _asked(server: Server, task: asyncio.Task[tuple[Load, float]], report: Report) -> dict[str, list[float]]:
    """Milliseconds of every /healthz while the task goes on, by port; any answer but 200 is a finding."""
    ports = {MAIN: server} | ({PROBES: server.probes} if server.probes else {})
    asked = await kubelet.healthz(ports, task)
    for port, answers in asked.items():
        if wrong := {status for status, _ in answers if status != 200}:
            report.findings.append(f"{port} was asked {len(answers)} times and answered with {sorted(wrong)}")
    return {port: [seconds * 1e3 for _, seconds in answers] for port, answers in asked.items()}
