"""The driver: keep-alive HTTP/1.1 on raw asyncio, request bytes made beforehand, one request at a time a connection.

It reads a status and a Content-Length and nothing else, so that one core of driver saturates one core of server. It
ends by itself: at its deadline, when the requests run out, or with an error when a server stops answering.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import cast

from .servers import KEY, Server

MOST = 200_000
"""Requests of one load, at most."""
GRACE_SECONDS = 30
"""How long the last answers may take."""


class LoadError(Exception):
    """A server answered with an error, hung up or fell silent; its figures would mean nothing."""


@dataclass
class Load:
    """What one load did."""

    began: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    """Seconds of the server's CPU time."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from each request's first byte to its answer's last."""

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    @property
    def cpu_each(self) -> float:
        """Seconds of the server's CPU time per request."""
        return self.cpu / len(self.latencies)

    @property
    def busy(self) -> float:
        """The share of the time that the server had a core; below about 0.9 it was not what held the load back."""
        return self.cpu / self.seconds


def post(path: str, body: bytes) -> bytes:
    """The bytes of a keyed POST of JSON."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


async def closed(server: Server, requests: Iterable[bytes], connections: int, seconds: float) -> Load:
    """A closed loop: each connection sends its next request when it has its answer. Raises `LoadError`.

    Endless over a list (its requests come round again), to its end over an iterator.
    """
    source = cycle(requests) if isinstance(requests, list) else iter(requests)
    load = Load()
    lines = [await _Line.open(server, source, load) for _ in range(connections)]
    async with _measured(server, lines, load, seconds):
        for line in lines:
            line.start(load.began + seconds)
        await asyncio.gather(*(line.done for line in lines))
    return load


async def opened(server: Server, requests: Sequence[bytes], rate: float, connections: int) -> Load:
    """An open loop: so many requests a second, answered or not; a latency counts from when its request was due.

    Raises `LoadError`.
    """
    load = Load()
    lines = [await _Line.open(server, iter(()), load) for _ in range(connections)]
    for line in lines:
        line.done.set_result(None)
    free: asyncio.LifoQueue[_Line] = asyncio.LifoQueue()
    for line in lines:
        free.put_nowait(line)

    async def send(request: bytes, due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        line = await free.get()
        if line.closed:  # by the server, which keeps no idle connection for long
            line = await _Line.open(server, iter(()), load)
            lines.append(line)
        await line.exchange(request, due)
        free.put_nowait(line)

    async with _measured(server, lines, load, len(requests) / rate):
        await asyncio.gather(*(send(request, load.began + place / rate) for place, request in enumerate(requests)))
    return load


@asynccontextmanager
async def _measured(server: Server, lines: Sequence["_Line"], load: Load, seconds: float) -> AsyncIterator[None]:
    """Times a load and what the server takes for it, and closes its lines. Raises `LoadError` when it doesn't end."""
    cpu, load.began = server.cpu(), time.perf_counter()
    try:
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            yield
        load.cpu, load.ended = server.cpu() - cpu, time.perf_counter()
    except TimeoutError:
        raise LoadError(f"{server.name} left requests unanswered for {GRACE_SECONDS} s") from None
    finally:
        for line in lines:
            line.close()


async def ask(server: Server, request: bytes) -> bytes:
    """The body of one answer. Raises `LoadError`."""
    line = await _Line.open(server, iter([request]), Load())
    line.start(time.perf_counter() + 1)
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await line.done
    except TimeoutError:
        raise LoadError(f"{server.name} left a request unanswered for {GRACE_SECONDS} s") from None
    finally:
        line.close()
    return line.answer


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, name: str, source: Iterator[bytes], load: Load) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answer = b""
        self._name, self._source, self._load = name, source, load
        self._deadline = self._sent = 0.0
        self._buffer = b""

    @classmethod
    async def open(cls, server: Server, source: Iterator[bytes], load: Load) -> "_Line":
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: cls(server.name, source, load), "127.0.0.1", server.port)
        return line

    def start(self, deadline: float) -> None:
        self._deadline = deadline
        self._next(time.perf_counter())

    async def exchange(self, request: bytes, due: float) -> None:
        """Send one request that was due then, and wait for its answer."""
        self._source, self.done = iter([request]), asyncio.get_running_loop().create_future()
        self.start(math.inf)
        self._sent = due
        await self.done

    @property
    def closed(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self.done.cancel()
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer = data if not self._buffer else self._buffer + data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or len(self._buffer) < (whole := end + 4 + _length(self._buffer[:end])):
            return
        if self._buffer[9:12] != b"200":
            self._fail(f"{self._name} answered {self._buffer[:500]!r}")
            return
        now = time.perf_counter()
        self._load.latencies.append(now - self._sent)
        self.answer, self._buffer = self._buffer[end + 4 : whole], b""
        self._next(now)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"{self._name} hung up")

    def _next(self, now: float) -> None:
        request = next(self._source, None) if now < self._deadline and len(self._load.latencies) < MOST else None
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent = now
        self._transport.write(request)

    def _fail(self, message: str) -> None:
        if not self.done.done():
            self.done.set_exception(LoadError(message))


def _length(head: bytes) -> int:
    place = head.lower().index(b"content-length:") + 15
    return int(head[place:].split(b"\r\n", 1)[0])
