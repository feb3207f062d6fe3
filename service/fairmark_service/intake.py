"""Bodies: how many bytes of them are held at once, and how one is read.

A body's size is known from its header before a byte of it is read, so a request that finds no room is refused then.
The room is kept until the answer is made, since the samples live as long.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Self

from .errors import Overloaded, Refusal
from .metrics import Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
BODY_SECONDS = 60
"""How long a body may trickle in; a slower one would hold its room for nothing."""


class Gone(Exception):
    """The caller hung up; nobody is there to answer."""


class Intake:
    """Room for bodies, in bytes."""

    def __init__(self, most_bytes: int, metrics: Metrics) -> None:
        self._most, self._metrics, self._held = most_bytes, metrics, 0

    def room(self, headers: Mapping[bytes, bytes], limit: int) -> "Room":
        """Room for one body of at most `limit` bytes. Raises `Refusal`: 413, or 503 when too much is held already."""
        length = headers.get(b"content-length", b"0")
        room = Room(self, limit)
        room.take(int(length) if length.isdigit() and len(length) < 20 else limit + 1)
        return room

    def take(self, size: int) -> None:
        """Hold `size` more bytes."""
        if self._held and self._held + size > self._most:
            self._metrics.rejected("bytes")
            raise Overloaded(f"{self._held >> 20} MiB of bodies are held already")
        self._held += size
        self._metrics.holding(self._held)

    def give(self, size: int) -> None:
        """Hold `size` bytes less."""
        self._held -= size
        self._metrics.holding(self._held)


class Room:
    """The bytes that one request may hold."""

    __slots__ = ("_intake", "_limit", "_taken")

    def __init__(self, intake: Intake, limit: int) -> None:
        self._intake, self._limit, self._taken = intake, limit, 0

    def take(self, size: int) -> None:
        """Make sure of room for a body of `size` bytes."""
        if size > self._limit:
            raise Refusal(413, f"the body is larger than {self._limit} bytes", code="body_too_large")
        if size > self._taken:
            self._intake.take(size - self._taken)
            self._taken = size

    async def read(self, receive: Receive) -> bytes:
        """The whole body. Raises `Gone` when the caller hangs up before its end."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read(receive)
        except TimeoutError:
            raise Refusal(408, f"the body did not arrive within {BODY_SECONDS} s", code="timeout") from None

    async def _read(self, receive: Receive) -> bytes:
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise Gone
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            self.take(size)
            more = message.get("more_body", False)
        return b"".join(chunks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._intake.give(self._taken)
