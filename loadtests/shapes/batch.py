"""A trainer's batch: 64 samples of 0.5 to 4 KB in one request, priced in times of parsing the body."""

import time

import orjson

from .. import texts
from ..bench import Bench, each
from ..driver import post
from ..figures import Figure, Target, over
from ..servers import SERVER_CORE, pinned

CONNECTIONS = 4
BODIES = 16
"""Together more than a core's caches keep from one to the next, as with real batches."""


async def batch(bench: Bench) -> list[Figure]:
    """`/v1/grade` with `string_check`, beside `orjson.loads` of the same bodies on the server's core."""
    bodies = [texts.batch(seed) for seed in range(BODIES)]
    requests = [post("/v1/grade", body) for body in bodies]
    await bench.expect(requests[0], b'"score":1.0')
    rounds = [(*pair, parse(bodies, bench.seconds / 4)) async for pair in bench.turns(requests, CONNECTIONS)]
    ours, bare, parsed = zip(*rounds, strict=True)
    return [
        Figure("server CPU time, in times of orjson.loads", over(each(ours), parsed), "×", Target(3, at_least=False)),
        Figure("what HTTP and parsing alone cost (bare)", over(each(bare), parsed), "×"),
        Figure("fairmark, server CPU", each(ours), "µs/request"),
        Figure("bare, server CPU", each(bare), "µs/request"),
        Figure("orjson.loads", parsed, "µs/body"),
        Figure("fairmark", [load.rate * 64 for load in ours], "samples/s"),
        Figure("body", [len(body) / 1024 for body in bodies], "KiB"),
    ]


def parse(bodies: list[bytes], seconds: float) -> float:
    """Microseconds of CPU time to parse a body and free the result."""
    with pinned(SERVER_CORE):
        count, began, deadline = 0, time.process_time(), time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            for body in bodies:
                orjson.loads(body)
            count += len(bodies)
        return (time.process_time() - began) / count * 1e6
