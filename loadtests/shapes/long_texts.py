"""Long texts under `rouge_l`, which take workers: does the service answer others meanwhile?

The workers share the server's core here, so what /healthz waits for is also the kernel's turn-taking.
"""

import asyncio
import statistics

from .. import texts
from ..bench import Bench
from ..driver import closed, get, post
from ..figures import Figure

CONNECTIONS = 2
SAMPLES = 4
CHARACTERS = 20_000


async def long_texts(bench: Bench) -> list[Figure]:
    """Samples per second, and the latency of /healthz alone and meanwhile."""
    seconds = max(1, bench.seconds * bench.rounds / 4)
    probe = [get("/healthz")]
    alone = await closed(bench.service, probe, 1, bench.seconds)
    bodies = (texts.pairs(seed, SAMPLES, CHARACTERS, "rouge") for seed in range(1_000_000))
    requests = [post("/v1/grade", next(bodies)) for _ in range(200)]
    load, meanwhile = await asyncio.gather(
        closed(bench.service, iter(requests), CONNECTIONS, seconds), closed(bench.service, probe, 1, seconds)
    )
    load, meanwhile = load.answered(), meanwhile.answered()
    return [
        Figure("rouge_l", [load.rate * SAMPLES], "samples/s"),
        Figure("/healthz alone, median", [statistics.median(alone.latencies) * 1e3], "ms"),
        Figure("/healthz meanwhile, median", [statistics.median(meanwhile.latencies) * 1e3], "ms"),
        Figure("/healthz meanwhile, 99 %", [statistics.quantiles(meanwhile.latencies, n=100)[98] * 1e3], "ms"),
        Figure("/healthz meanwhile, worst", [max(meanwhile.latencies) * 1e3], "ms"),
    ]
