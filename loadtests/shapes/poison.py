"""Samples that burn a limit of 1 s of processor, one request in a hundred: does anybody else notice?

The service has all cores here, and a driver that shares one of them sends at a fixed rate, answered or not. Calm and
poisoned spells take turns. The poison is a `function` that never returns: no guard of sizes turns it away, it is never
cached, and no two requests share it. What is measured are the others' latencies.
"""

import asyncio
import contextlib
import json
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from fairmark_graders.grader_file import shipped_catalog

from .. import texts
from ..bench import Bench
from ..driver import Load, Request, opened, post
from ..figures import Figure, Target, over
from ..servers import CORES, Server, service

RATE = 100
"""Requests a second, of about 5 ms of processor each: half a core."""
CONNECTIONS = 64
KINDS = [
    "endpoint",
    "similarity",
    "exact",
    "similarity",
    "similarity",
    "endpoint",
    "similarity",
    "rouge",
    "similarity",
    "similarity",
]
"""What ten requests ask for: one rollout, 300 new short texts, 64 samples, a long text that takes a worker."""


async def poison(bench: Bench) -> list[Figure]:
    """Neighbours' latency with and without 1 % of requests that burn 1 s of processor each."""
    seconds = 5 * bench.seconds
    with poisonable() as server:
        await spell(server, 0, seconds, poisoned=False)
        spells = [
            await spell(server, number, seconds, poisoned=number % 2 == 0)
            for number in range(1, 2 * max(1, bench.rounds // 2) + 1)
        ]
    calm, poisoned = [load for load, _ in spells[::2]], [load for load, _ in spells[1::2]]
    return figures(calm, poisoned, [load for _, load in spells[1::2]])


async def spell(server: Server, number: int, seconds: float, *, poisoned: bool) -> tuple[Load, Load]:
    """The neighbours' load, and that of the poison; it ends when all are answered."""
    count = round(RATE * seconds)
    neighbours = opened(server, [neighbour(number * 100_000 + place) for place in range(count)], RATE, CONNECTIONS)
    if not poisoned:
        return (await neighbours).answered(), Load()
    body = orjson.dumps({"grader": "endless", "samples": [{"sample": "x", "item": {}}]})
    burning = opened(server, [post("/v1/grade", body)] * max(2, count // 100), RATE / 100, CONNECTIONS)
    calm, burnt = await asyncio.gather(neighbours, burning)
    return calm.answered(), burnt.answered()


def neighbour(seed: int) -> Request:
    """One request of normal traffic."""
    match KINDS[seed % len(KINDS)]:
        case "endpoint":
            return post("/endpoint/exact", texts.azure(seed))
        case "exact":
            return post("/v1/grade", texts.batch(seed))
        case "similarity":
            return post("/v1/grade", texts.pairs(seed, 300, 80, "similarity"))
        case _:
            return post("/v1/grade", texts.pairs(seed, 1, 6000, "rouge"))


@contextlib.contextmanager
def poisonable() -> Iterator[Server]:
    """A service on all cores whose catalog has one grader more, which never comes to an end."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = shutil.copytree(shipped_catalog(), Path(folder, "catalog"))
        Path(folder, "endless.py").write_text("def grade(sample, item):\n    while True:\n        pass\n")
        grader = {"type": "function", "function": "endless:grade", "packages": folder, "cpu_seconds": 1}
        (catalog / "endless.json").write_text(json.dumps(grader))
        with service("--catalog", str(catalog), "--functions", "endless", cores=CORES) as server:
            yield server


def figures(calm: Sequence[Load], poisoned: Sequence[Load], burnt: Sequence[Load]) -> list[Figure]:
    """What is asked, then what it is made of."""
    before, after = [percentile(load, 99) for load in calm], [percentile(load, 99) for load in poisoned]
    return [
        Figure("neighbours' 99 %, with poison over without", over(after, before), "×", Target(2, at_least=False)),
        Figure(
            "the same of their medians", over(*([percentile(x, 50) for x in loads] for loads in (poisoned, calm))), "×"
        ),
        Figure("99 % without poison, over the best spell's (noise)", [value / min(before) for value in before], "×"),
        Figure("median without poison", [percentile(load, 50) for load in calm], "ms"),
        Figure("median with poison", [percentile(load, 50) for load in poisoned], "ms"),
        Figure("99 % without poison", before, "ms"),
        Figure("99 % with poison", after, "ms"),
        Figure("service's own core in use without poison", [load.busy for load in calm]),
        Figure("service's own core in use with poison", [load.busy for load in poisoned]),
        Figure("poisoned requests", [len(load.latencies) for load in burnt]),
        Figure("poison's median", [percentile(load, 50) for load in burnt], "ms"),
    ]


def percentile(load: Load, share: int) -> float:
    """Milliseconds that so many per cent of the answers took at most."""
    return statistics.quantiles(load.latencies, n=100, method="inclusive")[share - 1] * 1e3
