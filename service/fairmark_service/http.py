"""uvicorn's HTTP protocol, with a bound on what callers may send before anybody knows who they are, and a softer end.

uvicorn bounds the heads of requests for h11 alone; with httptools one header without end would fill the memory, and who
opens connections and says nothing would have them all. When it stops, it closes every connection on which it has no
request yet, be it that one is just on its way.

An event loop reads from all connections that have sent something before any of their requests is looked at: of 10,000
with 120 KB each, 1.2 GB at a time, whatever bound there is on the bodies held.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""The most of a request's line and headers, to within one read of the socket."""
HEAD_SECONDS = 60
"""How long a head may take, or a body until it begins, and up to twice that: they are looked at together."""
LAST_SECONDS = 1.0
"""How long a connection without a request stays open when the service stops, for what is on its way; a proxy on a full
machine may get no processor for half of it."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

TURN_BYTES = 32 << 20
"""Read from all connections in one turn of the event loop, to within one read."""
SMALL_READ = 4096
"""Not counted: 10,000 such are 40 MB, and a call for each would cost a short request 2 %."""
TURN_CONNECTIONS = 64
"""Read from again in each turn after one that read too much."""


class Reading:
    """What is read in one turn of the event loop; beyond its bound, all other connections wait for theirs."""

    def __init__(self) -> None:
        self._bytes = 0
        self._paused: deque[HttpToolsProtocol] = deque()

    def read(self, size: int, connection: HttpToolsProtocol) -> None:
        """So much has been read."""
        if not self._bytes and not self._paused:
            connection.loop.call_soon(self._next_turn, connection.loop)
        self._bytes += size
        if self._bytes > TURN_BYTES:
            self._pause(connection.connections)

    def _pause(self, connections: Iterable[Any]) -> None:
        reading = [connection for connection in connections if not connection.flow.read_paused]
        for connection in reading:
            connection.flow.pause_reading()
        self._paused.extend(reading)

    def _next_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._bytes = 0
        for _ in range(min(TURN_CONNECTIONS, len(self._paused))):
            connection = self._paused.popleft()
            if not connection.transport.is_closing():
                connection.flow.resume_reading()
        if self._paused:
            loop.call_soon(self._next_turn, loop)


class Heads:
    """Closes connections that send nothing of what they owe for too long: one timer for all, not one for each."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def watch(self, connection: HttpToolsProtocol) -> None:
        """Look after all connections of its server from now on, as long as there are any."""
        if self._loop is not connection.loop:
            self._loop = connection.loop
            self._loop.call_later(HEAD_SECONDS, self._look, connection.connections)

    def _look(self, connections: Iterable[Any]) -> None:
        loop, self._loop = self._loop, None
        for connection in list(connections):
            if connection.late:
                connection.transport.close()
            connection.late = connection.silent
            self._loop = loop
        if self._loop:
            self._loop.call_later(HEAD_SECONDS, self._look, connections)


class Answer:
    """What one answer is written to. Its head waits for its body: a process that is killed sends both or neither.

    uvicorn writes them one by one. A proxy that has seen the head has passed it on, and can't ask another replica.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._head = transport, b""
        self._begun = False

    def write(self, data: bytes) -> None:
        if data == _CONTINUE:
            self._transport.write(data)
        elif not self._begun:
            self._begun, self._head = True, data
        else:
            self._transport.writelines([self._head, data])
            self._head = b""

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        """After a failure between head and body, without either."""
        self._transport.close()


class BoundedHead(HttpToolsProtocol):
    """Answers 431 and hangs up when a request's head grows too long; answers what is on its way when it is to stop."""

    head_bytes = 0
    in_head = True
    late = False
    """Whether it was silent already when that was last looked at."""
    stopping = False
    reading = Reading()
    """Of all connections of the process."""
    heads = Heads()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.heads.watch(self)

    def data_received(self, data: bytes) -> None:
        if len(data) > SMALL_READ:
            self.reading.read(len(data), self)
        self.head_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_headers_complete(self) -> None:
        self.in_head = self.late = False
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":
            self.cycle.transport = Answer(self.transport)  # type: ignore[assignment]
        if self.stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self.in_head, self.head_bytes = True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.cycle.response_complete:
            self.cycle.body = bytearray()  # a refused request's, unread: 100 KB of thousands, for as long as they stay
        super().on_response_complete()

    def shutdown(self) -> None:
        """Take one more request at most."""
        self.stopping = True
        if self._idle:
            self.loop.call_later(LAST_SECONDS, self._end)
        else:
            super().shutdown()

    @property
    def silent(self) -> bool:
        """Whether it has to send the rest of a head, its first, or a body of which nothing waits to be read.

        uvicorn itself counts the time between requests.
        """
        if self.flow.read_paused:
            return False
        if self._idle:
            return self.cycle is None or self.head_bytes > 0
        return self.cycle.more_body and not self.cycle.body

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _end(self) -> None:
        if self._idle:
            self.transport.close()


def configuration(app: Any, protocol: type[BoundedHead], **others: Any) -> uvicorn.Config:
    """uvicorn as the main port and the probes have it: no logs of its own, nothing believed of proxies' headers."""
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        **others,
    )
