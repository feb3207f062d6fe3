"""HTTP processes, and the servers they could have been: what a request costs, and where connections land.

    python -m loadtests.processes [--seconds 4] [--rounds 5]

Servers take turns in short rounds on one core, the driver has another. What is compared is processor time, of
everything that a server has started; rates are told where one process has the core to itself.
"""

import argparse
import asyncio
import os
import statistics
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from fairmark_service.app import Service
from fairmark_service.gateway import Gateway
from fairmark_service.loading import Files
from fairmark_service.settings import Settings

from . import texts
from .driver import Request, closed, post
from .machine import facts
from .servers import DRIVER_CORE, KEY, Server, free_port, pinned, running, service

WARM_SECONDS = 0.5
BURSTS = {8: 20, 64: 5}
"""Connections that are opened together, and how often."""
_UVICORN = ["uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error"]
_GRANIAN = ["granian", "--interface", "asgi", "--loop", "uvloop", "--no-ws", "--no-log"]
_HERE = "loadtests.processes"


class Traffic(NamedTuple):
    """What a server is asked."""

    name: str
    requests: list[Request]
    connections: int
    fresh: bool


def ours() -> Gateway:
    """The application itself, for a server that isn't ours."""
    settings = Settings()
    return Service(settings, Files(settings)).gateway


async def who(
    scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> None:
    """An application that answers with its process, where the service puts its request ids."""
    if scope["type"] == "http":
        headers = [(b"x-request-id", b"%d-0" % os.getpid()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def traffics() -> Iterator[Traffic]:
    """One rollout a request, on kept connections and on new ones, and batches of 64."""
    rollouts = [post("/endpoint/exact", texts.azure(seed)) for seed in range(64)]
    yield Traffic("endpoint, kept", rollouts, 16, fresh=False)
    yield Traffic("endpoint, new", rollouts, 16, fresh=True)
    yield Traffic("grade of 64", [post("/v1/grade", texts.batch(seed)) for seed in range(16)], 4, fresh=False)


@contextmanager
def foreign(name: str, command: list[str]) -> Iterator[Server]:
    """Another server, on the core of ours."""
    port = free_port()
    environment = dict(os.environ) | {"FAIRMARK_KEY": KEY}
    with running(name, [*command, "--port", str(port)], port, environment) as server:
        yield server


async def cost(servers: Mapping[str, Server], traffic: Traffic, rounds: int, seconds: float) -> None:
    """Print the processor time and the rate of each server, the median of the rounds."""
    cpu, rate = defaultdict(list), defaultdict(list)
    for number in range(rounds + 1):
        for name, server in servers.items():
            before = server.cpu_with_children()
            load = await closed(
                server, traffic.requests, traffic.connections, seconds if number else WARM_SECONDS, fresh=traffic.fresh
            )
            if number:
                cpu[name].append((server.cpu_with_children() - before) / len(load.answered().answers) * 1e6)
                rate[name].append(load.rate)
    for name in servers:
        print(
            f"{traffic.name:<16} {name:<28} {statistics.median(cpu[name]):8.1f} µs"
            f" {min(cpu[name]):8.1f} … {max(cpu[name]):.1f}   {statistics.median(rate[name]):8.0f}/s"
        )


async def spread(name: str, server: Server) -> None:
    """Print how bursts of connections fall on two processes: the larger part of each."""
    request = post("/endpoint/exact", texts.azure(0)).bytes_for(server)
    for size, times in BURSTS.items():
        larger = [max(Counter(await _burst(server, request, size)).values()) for _ in range(times)]
        print(f"burst of {size:<7} {name:<28} larger part {statistics.median(larger):g}, at most {max(larger)}")


async def _burst(server: Server, request: bytes, size: int) -> list[bytes]:
    """Who answered each of so many connections that were opened together."""
    pairs = await asyncio.gather(*(asyncio.open_connection(server.host, server.port) for _ in range(size)))
    for _, writer in pairs:
        writer.write(request)
    heads = await asyncio.gather(*(reader.readuntil(b"\r\n\r\n") for reader, _ in pairs))
    for _, writer in pairs:
        writer.close()
    return [head.lower().partition(b"x-request-id: ")[2].partition(b"-")[0] for head in heads]


async def costs(rounds: int, seconds: float) -> None:
    """One and two HTTP processes, and granian, with the same application and with the bare one."""
    with ExitStack() as up:
        servers = {
            "uvicorn, fairmark": up.enter_context(service()),
            "two processes, fairmark": up.enter_context(service("--workers", "2")),
            "granian, fairmark": up.enter_context(foreign("granian", [*_GRANIAN, "--factory", f"{_HERE}:ours"])),
            "uvicorn, bare": up.enter_context(foreign("uvicorn", [*_UVICORN, "--lifespan=off", "loadtests.bare:app"])),
            "granian, bare": up.enter_context(
                foreign("granian", [*_GRANIAN, "--interface=asginl", "loadtests.bare:app"])
            ),
        }
        for traffic in traffics():
            await cost(servers, traffic, rounds, seconds)


async def spreads() -> None:
    """Dealing, one listening socket that two processes share, and one for each by SO_REUSEPORT."""
    with service("--workers", "2") as server:
        await spread("dealt", server)
    with foreign("uvicorn", [*_UVICORN, "--workers", "2", "--lifespan=off", f"{_HERE}:who"]) as server:
        await spread("one socket shared (uvicorn)", server)
    with foreign("granian", [*_GRANIAN, "--interface=asginl", "--workers", "2", f"{_HERE}:who"]) as server:
        await spread("SO_REUSEPORT (granian)", server)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m loadtests.processes", description=__doc__)
    options.add_argument("--seconds", type=float, default=4.0, help="of one load (4)")
    options.add_argument("--rounds", type=int, default=5, help="of which the median is told (5)")
    given = options.parse_args()
    print(" ".join(f"{name}={value}" for name, value in facts().items() if name in ("cores", "processor", "commit")))
    with pinned(DRIVER_CORE):
        asyncio.run(costs(given.rounds, given.seconds))
        asyncio.run(spreads())


if __name__ == "__main__":
    main()
