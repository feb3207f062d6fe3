"""One rollout a request, as OpenAI and Azure call an endpoint grader, priced beside a bare application."""

from .. import texts
from ..bench import Bench, each
from ..driver import post
from ..figures import Figure, Target, over

CONNECTIONS = 16
HALF = Target(0.5, at_least=True)


async def endpoint(bench: Bench) -> list[Figure]:
    """`/endpoint/exact` beside the same bodies parsed and answered with a constant."""
    requests = [post("/endpoint/exact", texts.azure(seed)) for seed in range(64)]
    await bench.expect(requests[0], b'{"score":1.0}')
    ours, bare = zip(*[pair async for pair in bench.turns(requests, CONNECTIONS)], strict=True)
    rates, bare_rates = [load.rate for load in ours], [load.rate for load in bare]
    return [
        Figure("requests per second, fairmark's over the bare application's", over(rates, bare_rates), "×", HALF),
        Figure("server CPU time, the bare application's over fairmark's", over(each(bare), each(ours)), "×", HALF),
        Figure("fairmark", rates, "requests/s"),
        Figure("bare", bare_rates, "requests/s"),
        Figure("fairmark, server CPU", each(ours), "µs/request"),
        Figure("bare, server CPU", each(bare), "µs/request"),
        Figure("fairmark, core in use", [load.busy for load in ours]),
        Figure("bare, core in use", [load.busy for load in bare]),
    ]
