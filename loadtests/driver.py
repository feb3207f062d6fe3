"""The driver: HTTP/1.1 on raw asyncio, one request at a time on a connection, kept or new for each.

It reads a status and a Content-Length and little else, so that one core of driver saturates one core of server. A load
ends by itself: at its deadline, when its requests run out, or when what is still unanswered has had `GRACE_SECONDS`.
Every request ends as one answer in the load, whatever became of it.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import NamedTuple, cast

from .poisons import PREFIX
from .servers import Server

MOST = 200_000
"""Requests of one load, at most."""
GRACE_SECONDS = 120
"""How long the last answers may take."""
NO_ANSWER = 0
"""The status of a request whose connection failed or was closed, or that was still unanswered at the end."""
OVERLOADED = {429, 503, 504}
RETRY_SECONDS = 1
_SOURCES = [f"127.0.0.{last}" for last in range(2, 34)]
"""On loopback: 28,000 ports each, and one that was closed rests for a minute."""
_turn = count()


class LoadError(Exception):
    """A server answered with an error, hung up or fell silent; its figures would mean nothing."""


class Request(NamedTuple):
    """What is sent, and what the answer has to hold to be right."""

    path: str
    body: bytes | None = None
    """JSON to post; a GET without."""
    kind: str = ""
    """What its answer is counted under."""
    part: bytes = b""
    times: int = 0
    """How often the answer's body has to hold `part`."""

    def bytes_for(self, server: Server) -> bytes:
        """The request on the wire."""
        start = f"{'GET' if self.body is None else 'POST'} {self.path} HTTP/1.1\r\n".encode()
        if self.body is None:
            return b"%s%s\r\n" % (start, server.head)
        entity = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(self.body), self.body)
        return start + server.head + entity


class Answer(NamedTuple):
    """What became of one request."""

    kind: str
    status: int
    right: bool
    due: float
    ended: float

    @property
    def poison(self) -> bool:
        return self.kind.startswith(PREFIX)

    @property
    def seconds(self) -> float:
        """From when the request was due (in a closed loop: sent) to its answer's last byte."""
        return self.ended - self.due


@dataclass
class Load:
    """What one load did."""

    began: float = 0.0
    ended: float = 0.0
    cpu: float = 0.0
    """Seconds of CPU time of the server's own process."""
    answers: list[Answer] = field(default_factory=list)
    connected: list[float] = field(default_factory=list)
    """When each connection was made."""
    odd: str = ""
    """The first answer that wasn't right, for people."""

    @property
    def latencies(self) -> list[float]:
        """Seconds, of the requests that were answered with 200."""
        return [answer.seconds for answer in self.answers if answer.status == 200]

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered."""
        return Counter(answer.status for answer in self.answers)

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.answers) / self.seconds

    @property
    def cpu_each(self) -> float:
        """Seconds of the server's CPU time per request."""
        return self.cpu / len(self.answers)

    @property
    def busy(self) -> float:
        """The share of the time that the server had a core; below about 0.9 it was not what held the load back."""
        return self.cpu / self.seconds

    def only(self, *kinds: str) -> "Load":
        """The part of the load that is of these kinds."""
        answers = [answer for answer in self.answers if answer.kind in kinds]
        return Load(self.began, self.ended, self.cpu, answers)

    def answered(self) -> "Load":
        """This load, if every answer was right. Raises `LoadError`."""
        if self.odd or not self.answers:
            raise LoadError(self.odd or "nothing was asked")
        return self

    def end(self, request: Request, status: int, due: float, body: bytes) -> None:
        """Note what became of a request."""
        right = status == 200 and body.count(request.part) >= request.times
        answer = Answer(request.kind, status, right, due, time.perf_counter())
        self.answers.append(answer)
        if not right and not self.odd:
            said = f"{status or 'nothing'} after {answer.seconds:.3g} s"
            self.odd = f"{request.path} was answered with {said}: {body[:300].decode(errors='replace')}"


def post(path: str, body: bytes) -> Request:
    """A POST of JSON."""
    return Request(path, body)


def get(path: str) -> Request:
    """A GET."""
    return Request(path)


async def closed(
    server: Server, requests: Iterable[Request], connections: int, seconds: float, *, fresh: bool = False
) -> Load:
    """A closed loop of so many callers: each sends its next request when it has its answer.

    Endless over a list (its requests come round again), to its end over an iterator; `fresh`, each on a new connection.
    """
    source = islice(cycle(requests) if isinstance(requests, list) else iter(requests), MOST)
    load = Load()
    async with _measured(server, load) as patience:
        patience.reschedule(_in(seconds + GRACE_SECONDS))
        deadline = load.began + seconds
        await asyncio.gather(*(_call(server, source, load, deadline, fresh) for _ in range(connections)))
    return load


async def _call(server: Server, source: Iterator[Request], load: Load, deadline: float, fresh: bool) -> None:
    """One caller; on new connections it comes again a while after it was told that there is no room."""
    while time.perf_counter() < deadline and (request := next(source, None)):
        due = time.perf_counter()
        line = await _reached(_Line.open(server, load), request, due, load)
        if line is None:
            continue
        try:
            await line.exchange(request, due, () if fresh else source, deadline)
        finally:
            line.close()
        if fresh and line.status in OVERLOADED:
            await asyncio.sleep(RETRY_SECONDS)


async def _reached(connecting: Awaitable["_Line"], request: Request, due: float, load: Load) -> "_Line | None":
    """The connection; without one the request has ended."""
    try:
        return await connecting
    except OSError as error:
        load.end(request, NO_ANSWER, due, str(error).encode())
        return None
    except asyncio.CancelledError:
        load.end(request, NO_ANSWER, due, b"it was never sent")
        raise


async def opened(server: Server, requests: Iterable[Request], rate: float, connections: int | None = None) -> Load:
    """An open loop: so many requests a second, answered or not; a latency counts from when its request was due.

    It sends until there are no more requests; an iterator may end when something else has.
    Kept connections, so many at most (one that waits for one of them goes on ageing), or a new one for each request.
    """
    load = Load()
    pool = None if connections is None else _Pool(server, load, connections)
    async with _measured(server, load) as patience, asyncio.TaskGroup() as sent:
        for place, request in enumerate(islice(requests, MOST)):
            due = load.began + place / rate
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            # A timer of uvloop's may be a millisecond early, which would be taken off the latency.
            sent.create_task(_send(server, request, load, min(due, time.perf_counter()), pool))
        patience.reschedule(_in(GRACE_SECONDS))
    if pool is not None:
        pool.close()
    return load


async def _send(server: Server, request: Request, load: Load, due: float, pool: "_Pool | None") -> None:
    connecting = _Line.open(server, load) if pool is None else pool.take()
    line = await _reached(connecting, request, due, load)
    if line is None:
        return
    try:
        await line.exchange(request, due)
    finally:
        line.close() if pool is None else pool.give(line)


@asynccontextmanager
async def _measured(server: Server, load: Load) -> AsyncIterator[asyncio.Timeout]:
    """Times a load and what the server takes for it; when the timeout comes, whatever is unanswered ends without."""
    cpu, load.began = server.cpu(), time.perf_counter()
    try:
        async with asyncio.timeout(None) as patience:
            yield patience
    except TimeoutError:
        load.odd = load.odd or f"{server.name} left requests unanswered for {GRACE_SECONDS} s"
    load.cpu, load.ended = server.cpu() - cpu, time.perf_counter()


def _in(seconds: float) -> float:
    """That much later, by the loop's clock."""
    return asyncio.get_running_loop().time() + seconds


async def ask(server: Server, request: Request) -> bytes:
    """The body of one answer. Raises `LoadError`."""
    load = Load()
    line = await _Line.open(server, load)
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await line.exchange(request, time.perf_counter())
    except TimeoutError:
        raise LoadError(f"{server.name} left a request unanswered for {GRACE_SECONDS} s") from None
    finally:
        line.close()
    load.answered()
    return line.answer


class _Pool:
    """Kept connections, the one used last first; opened when they are first needed."""

    def __init__(self, server: Server, load: Load, connections: int) -> None:
        self._server, self._load = server, load
        self._idle: list[_Line] = []
        self._free = asyncio.Semaphore(connections)

    async def take(self) -> "_Line":
        """A connection for one exchange. Raises `OSError`."""
        await self._free.acquire()
        while self._idle:
            if not (line := self._idle.pop()).closed:  # by the server, which keeps no idle connection for long
                return line
        try:
            return await _Line.open(self._server, self._load)
        except BaseException:
            self._free.release()
            raise

    def give(self, line: "_Line") -> None:
        self._idle.append(line)
        self._free.release()

    def close(self) -> None:
        for line in self._idle:
            line.close()


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: Server, load: Load) -> None:
        self.status, self.answer = NO_ANSWER, b""
        self._server, self._load = server, load
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done.set_result(None)
        self._request: Request | None = None
        self._rest: Iterator[Request] = iter(())
        self._deadline = self._due = 0.0
        self._buffer = b""

    @classmethod
    async def open(cls, server: Server, load: Load) -> "_Line":
        """Connect, on loopback from one source address after the other. Raises `OSError`."""
        source = (_SOURCES[next(_turn) % len(_SOURCES)], 0) if server.loopback else None
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(
            lambda: cls(server, load), server.host, server.port, ssl=server.tls or None, local_addr=source
        )
        load.connected.append(time.perf_counter())
        return line

    async def exchange(
        self, request: Request, due: float, rest: Iterable[Request] = (), deadline: float = math.inf
    ) -> None:
        """Send a request that was due then, wait for its answer, and go on with the rest until the deadline."""
        self._rest, self._deadline = iter(rest), deadline
        self._done = asyncio.get_running_loop().create_future()
        self._write(request, due)
        try:
            await self._done
        except asyncio.CancelledError:
            self._lost(b"no answer in time")
            raise

    @property
    def closed(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer = data if not self._buffer else self._buffer + data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or len(self._buffer) < (whole := end + 4 + _length(self._buffer[:end])):
            return
        self.status, self.answer, self._buffer = int(self._buffer[9:12]), self._buffer[end + 4 : whole], b""
        if self._request is not None:
            self._load.end(self._request, self.status, self._due, self.answer)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(b"the connection was closed")
        self._finish()

    def _next(self) -> None:
        self._request = None
        now = time.perf_counter()
        request = next(self._rest, None) if now < self._deadline and not self.closed else None
        if request is None:
            self._finish()
        else:
            self._write(request, now)

    def _write(self, request: Request, due: float) -> None:
        self._request, self._due = request, due
        if self.closed:
            self.connection_lost(None)
        else:
            self._transport.write(request.bytes_for(self._server))

    def _lost(self, reason: bytes) -> None:
        if self._request is not None:
            self._load.end(self._request, NO_ANSWER, self._due, reason)
            self._request = None

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)


def _length(head: bytes) -> int:
    """What Content-Length says; 0 where there is none, as no answer to these requests should be."""
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0] or 0)
