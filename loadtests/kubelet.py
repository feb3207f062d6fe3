"""`python -m loadtests.kubelet URL…`: asks /healthz ten times a second until its input ends, and prints what it got.

A process of its own, as a kubelet is, with a new connection for each question: what it waits for is the service's doing
and the kernel's, and not that of a driver which is busy with a crowd.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from .driver import Request, get, opened
from .servers import Server

OFTEN = 10
"""Times a second."""


async def healthz(ports: Mapping[str, Server], task: asyncio.Task[Any]) -> dict[str, list[tuple[int, float]]]:
    """Status and seconds of each question to these ports while the task goes on."""
    urls = [server.url for server in ports.values()]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, *urls, stdin=PIPE, stdout=PIPE)
    await asyncio.wait({task})
    printed, _ = await process.communicate(b"")
    return dict(zip(ports, orjson.loads(printed), strict=True))


async def ask(server: Server, ended: asyncio.Event) -> list[tuple[int, float]]:
    """Status and seconds of each question, asked when it is due whether or not those before it are answered."""
    asked = await opened(server, _questions(ended), OFTEN)
    return [(answer.status, answer.seconds) for answer in asked.answers]


def _questions(ended: asyncio.Event) -> Iterator[Request]:
    yield get("/healthz")
    while not ended.is_set():
        yield get("/healthz")


async def _ask_all(servers: list[Server]) -> list[list[tuple[int, float]]]:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    return await asyncio.gather(*(ask(server, ended) for server in servers))


if __name__ == "__main__":
    answers = asyncio.run(_ask_all([Server.at(url, "") for url in sys.argv[1:]]))
    sys.stdout.buffer.write(orjson.dumps(answers))
