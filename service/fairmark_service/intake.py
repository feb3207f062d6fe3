"""Bodies: how many bytes of them are held at once, and how one is read.

A body's size is known from its header, so a request that finds no room is refused before its body is read; a patient
caller's waits for room instead, and the rest of its body in its socket. It takes its room with its first bytes (a
caller who only promises some takes nobody's place) and keeps it until the answer is made, since the samples live as
long. The room is shared between keys as `Room` says; which run asks, nobody knows before the body is read.
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
        metrics.watch_bodies(lambda: self._room.held)

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
        if sender.waits_until is not None or not self._room.take(sender.key, len(body)):
            await self._wait(sender, len(body))
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

    async def _wait(self, sender: Sender, size: int) -> None:
        """Take it as soon as it fits, after what the same key's callers wait for already, if the sender waits.

        Raises `Overloaded`.
        """
        if sender.waits_until is None:
            raise self._full()
        try:
            async with asyncio.timeout(sender.waits_until - time.perf_counter()):
                await self._room.wait(sender.key, size)
        except TimeoutError:
            raise self._full() from None

    async def _rest(self, body: bytes, taken: int, receive: Receive, limit: int, sender: Sender) -> bytes:
        """A body in pieces: all it declares is taken with the first, and what it turns out to be with the last."""
        if sender.waits_until is not None or not self._room.take(sender.key, taken):
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
                        if not self._room.take(sender.key, size - taken):
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
