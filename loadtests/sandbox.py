"""`python -m loadtests.sandbox`: what a run in the sandbox costs, beside plain `python -I -S` subprocesses.

Both take turns in short rounds, pinned to one core, with a program that does nothing. Processor time is that of all
processes: the service's share, guard, zygote and children. Isolation is on; the report that is kept says which walls.
"""

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from fairmark_graders.sandbox import Limits, Sandbox

from . import machine
from .family import cpu_seconds

RESULT = Path(__file__).parent / "results" / "sandbox.json"
_CALLERS = 128
_TRIVIAL = "pass"
_ENDLESS = Limits(seconds=0.5)
_PER_CORE_SECOND, _P50_MS, _QUEUE, _LATE_MS = 200, 5.0, 2.0, 100.0


def main() -> None:
    """Measure, print, and keep the figures if asked to."""
    parser = argparse.ArgumentParser("sandbox")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--runs", type=int, default=60, help="in each round")
    parser.add_argument("--save", action="store_true")
    asked = parser.parse_args()
    facts = machine.facts()
    figures = asyncio.run(_measure(asked.rounds, asked.runs))
    text = orjson.dumps({"machine": facts, **figures}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    print(text.decode(), end="")
    if asked.save:
        RESULT.write_bytes(text)


async def _measure(rounds: int, runs: int) -> dict[str, Any]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    sandbox = Sandbox(size=1)
    try:
        await sandbox.start()
        figures = {"walls": sandbox.report(), **await _side_by_side(sandbox, rounds, runs)}
        figures |= {"endless": await _endless(sandbox)}
    finally:
        await sandbox.close()
    os.sched_setaffinity(0, cores)
    return figures | {"queue": await _queue(len(cores))}


async def _side_by_side(sandbox: Sandbox, rounds: int, runs: int) -> dict[str, Any]:
    ours, theirs, per_core_second, plain = [], [], [], []
    await sandbox.program(_TRIVIAL)
    for _ in range(rounds):
        began = cpu_seconds(os.getpid())
        ours += [await _timed(sandbox) for _ in range(runs)]
        per_core_second.append(runs / (cpu_seconds(os.getpid()) - began))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        theirs += [_plain() for _ in range(runs // 3)]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        plain.append(runs // 3 / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return {
        "sandbox": _shown(ours, per_core_second)
        | {"target": f">= {_PER_CORE_SECOND} a core-second, p50 <= {_P50_MS:g} ms"},
        "python -I -S": _shown(theirs, plain),
    }


async def _timed(sandbox: Sandbox) -> float:
    began = time.perf_counter()
    outcome = await sandbox.program(_TRIVIAL)
    assert outcome.status == "finished", outcome
    return time.perf_counter() - began


def _plain() -> float:
    began = time.perf_counter()
    subprocess.run([getattr(sys, "_base_executable", sys.executable), "-I", "-S", "-c", _TRIVIAL], check=True)
    return time.perf_counter() - began


async def _endless(sandbox: Sandbox) -> dict[str, Any]:
    """How long after its limit an endless loop is over; on a crowded core the limit itself takes longer by the wall."""
    late = []
    for _ in range(5):
        began = time.perf_counter()
        outcome = await sandbox.program("while True: pass", limits=_ENDLESS)
        late.append((time.perf_counter() - began - _ENDLESS.seconds) * 1000)
        assert outcome.status == "time_limit", outcome
    return {"late_ms": _middle(late), "best_ms": round(min(late), 1), "target": f"<= {_LATE_MS:g} ms"}


async def _queue(places: int) -> dict[str, Any]:
    """All callers at once: the last is to wait no longer than twice what the queue before it takes by itself.

    Queue-free is the median time of one run with as many callers as places, times the runs that each place has to do.
    """
    sandbox = Sandbox(size=places)
    try:
        await asyncio.gather(*(_timed(sandbox) for _ in range(4 * places)))
        alone = [seconds for _ in range(40) for seconds in await asyncio.gather(*_some(sandbox, places))]
        crowd = [seconds for _ in range(5) for seconds in await asyncio.gather(*_some(sandbox, _CALLERS))]
    finally:
        await sandbox.close()
    free = statistics.median(alone) * _CALLERS / places
    worst = sorted(crowd)[int(len(crowd) * 0.99)]
    times = {"p99_ms": round(worst * 1e3, 1), "free_ms": round(free * 1e3, 1), "ratio": round(worst / free, 2)}
    return {"callers": _CALLERS, "places": places, **times, "target": f"<= {_QUEUE:g}"}


def _some(sandbox: Sandbox, number: int) -> list[Any]:
    return [_timed(sandbox) for _ in range(number)]


def _shown(seconds: list[float], per_core_second: list[float]) -> dict[str, Any]:
    ordered = sorted(seconds)
    return {
        "p50_ms": _middle([s * 1e3 for s in seconds]),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1e3, 2),
        "per_core_second": _middle(per_core_second),
        "best_round": round(max(per_core_second), 1),
    }


def _middle(values: list[float]) -> float:
    return round(statistics.median(values), 2)


if __name__ == "__main__":
    main()
