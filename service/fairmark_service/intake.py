"""Bodies: how many bytes of them are held at once, and how one is read.

A body's size is known from its header, so a request that finds no room is refused before its body is read; a patient
caller's waits for room instead, and the rest of its body in its socket. What is here of those that wait is bounded by
as many bytes again: past that they are refused too, since a process that is killed for its memory fails them all.

A body takes its room with its first bytes (a caller who only promises some takes nobody's place) and keeps it until the
answer is made, since the samples live as long. The room is shared between keys as `Room` says; which run asks, nobody
knows before the body is read.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from .errors import Overloaded, Refusal
from .metrics import Metrics
from .room import Room

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
BODY_SECONDS = 60
"""How long a body may trickle in; a slower one would hold its room for nothing."""
UNREAD_BYTES = 512 * 1024
"""The most that is here of a body that waits: what was read of it, and what uvicorn reads before it stops."""


class Gone(Exception):
    """The caller hung up; nobody is there to answer."""


class Sender(msgspec.Struct, frozen=True, gc=False):
    """Who sends a body."""

    key: str
    """The name of the caller's key."""
    waits_until: float | None = None
    """How long a patient one waits for room, by `time.perf_counter`; others are refused at once."""


class Intake:
    """Room for bodies, in bytes.

    The handler that reads a body gives its bytes back when it has answered. A body that comes in one piece, as nearly
    all do, costs a few calls.
    """

    def __init__(self, most_bytes: int, metrics: Metrics) -> None:
        self._metrics, self._room = metrics, Room(most_bytes)
        self._most, self._waiting = most_bytes, 0
        metrics.watch_bodies(lambda: self._room.held + self._waiting)

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive, limit: int, sender: Sender) -> bytes:
        """The whole body of at most `limit` bytes, which are held from now on.

        Raises `Refusal` (413; 408 when it trickles; 503 when there is no room) or `Gone`.
        """
        length = headers.get(b"content-length", b"0")
        declared = int(length) if length.isdigit() and len(length) < 20 else limit + 1
        self._check(declared, limit)
        if sender.waits_until is None and not self._room.fits(sender.key, declared):
            raise self._full()
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            return await self._rest(body, max(declared, len(body)), receive, limit, sender)
        self._check(len(body), limit)
        if not self._fits(sender, len(body)):
            await self._wait(sender, len(body), receive)
        return body

    def give(self, body: bytes, sender: Sender) -> None:
        """Hold a body no longer."""
        self._room.give(sender.key, len(body))

    def _check(self, size: int, limit: int) -> None:
        if size > limit:
            raise Refusal(413, f"the body is larger than {limit} bytes", code="body_too_large")

    def _full(self) -> Overloaded:
        self._metrics.rejected("bytes")
        return Overloaded(f"{self._room.held >> 20} MiB of bodies are held already")

    def _fits(self, sender: Sender, size: int) -> bool:
        """Take it if it fits, patient senders after those of the same key that wait."""
        room = self._room
        return (room.take if sender.waits_until is None else room.take_in_turn)(sender.key, size)

    async def _wait(self, sender: Sender, size: int, *hear: Receive) -> None:
        """Take it as soon as it fits, if the sender waits, unless it hangs up: `hear` tells, once its body is here.

        Raises `Overloaded` or `Gone`.
        """
        here = min(size, UNREAD_BYTES)
        if sender.waits_until is None or self._waiting + here > self._most:
            raise self._full()
        room = asyncio.ensure_future(self._room.wait(sender.key, size))
        gone = [asyncio.ensure_future(listen()) for listen in hear]
        self._waiting += here
        try:
            seconds = sender.waits_until - time.perf_counter()
            await asyncio.wait((room, *gone), timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
            if room.done():
                return
        finally:
            self._waiting -= here
            for future in (room, *gone):
                future.cancel()
        raise Gone if any(future.done() for future in gone) else self._full()

    async def _rest(self, body: bytes, taken: int, receive: Receive, limit: int, sender: Sender) -> bytes:
        """A body in pieces: all it declares is taken with the first, and what it turns out to be with the last."""
        if not self._fits(sender, taken):
            await self._wait(sender, taken)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                chunks, size, more = [body], len(body), True
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise Gone
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    self._check(size, limit)
                    if size > taken:
                        if not self._fits(sender, size - taken):
                            await self._wait(sender, size - taken)
                        taken = size
                    more = message.get("more_body", False)
        except TimeoutError:
            self._room.give(sender.key, taken)
            raise Refusal(408, f"the body did not arrive within {BODY_SECONDS} s", code="timeout") from None
        except BaseException:
            self._room.give(sender.key, taken)
            raise
        self._room.give(sender.key, taken - size)
        return b"".join(chunks)
