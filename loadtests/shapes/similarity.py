"""Short texts under `fuzzy_match`, 64 at a time: judged for the first time, and found in the cache."""

from .. import texts
from ..bench import Bench
from ..driver import closed, post
from ..figures import Figure

CONNECTIONS = 4
SAMPLES = 64
BATCHES = 24


async def similarity(bench: Bench) -> list[Figure]:
    """Samples per second, cold and cached."""
    cold, cached = [], []
    for turn in range(max(2, bench.rounds // 4)):
        seeds = range(turn * BATCHES, (turn + 1) * BATCHES)
        requests = [post("/v1/grade", texts.pairs(seed, SAMPLES, 80, "similarity")) for seed in seeds]
        cold.append((await closed(bench.service, iter(requests), CONNECTIONS, seconds=10)).answered())
        await bench.expect(requests[0], b'"cached":true')
        cached.append((await closed(bench.service, requests, CONNECTIONS, bench.seconds / 2)).answered())
    return [
        Figure("cold", [load.rate * SAMPLES for load in cold], "samples/s"),
        Figure("cached", [load.rate * SAMPLES for load in cached], "samples/s"),
        Figure("cold, server CPU", [load.cpu_each / SAMPLES * 1e6 for load in cold], "µs/sample"),
        Figure("cached, server CPU", [load.cpu_each / SAMPLES * 1e6 for load in cached], "µs/sample"),
    ]
