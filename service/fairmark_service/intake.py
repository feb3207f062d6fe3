"""Bodies: how many bytes of them are held at once, and how one is read.

A body's size is known from its header, so a request that finds no room is refused before its body is read. It takes
its room with its first bytes (a caller who only promises some takes nobody's place) and keeps it until the answer is
made, since the samples live as long.
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
        declared = int(length) if length.isdigit() and len(length) < 20 else limit + 1
        if declared > limit:
            raise too_large(limit)
        self.check(declared)
        return Room(self, limit, declared)

    def check(self, size: int) -> None:
        """Raise `Overloaded` unless `size` more bytes fit; where nothing is held, any one body does."""
        if self._held and self._held + size > self._most:
            self._metrics.rejected("bytes")
            raise Overloaded(f"{self._held >> 20} MiB of bodies are held already")

    def take(self, size: int) -> None:
        """Hold `size` more bytes."""
        self.check(size)
        self._held += size
        self._metrics.holding(self._held)

    def give(self, size: int) -> None:
        """Hold `size` bytes less."""
        self._held -= size
        self._metrics.holding(self._held)


def too_large(limit: int) -> Refusal:
    """The refusal of a body over its protocol's limit."""
    return Refusal(413, f"the body is larger than {limit} bytes", code="body_too_large")


class Room:
    """The bytes that one request may hold."""

    __slots__ = ("_declared", "_intake", "_limit", "_taken")

    def __init__(self, intake: Intake, limit: int, declared: int) -> None:
        self._intake, self._limit, self._declared, self._taken = intake, limit, declared, 0

    async def read(self, receive: Receive) -> bytes:
        """The whole body. Raises `Gone` when the caller hangs up before its end."""
        body, more = await self._chunk(receive)
        if not more:
            self._take(len(body))
            return body
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._rest(body, receive)
        except TimeoutError:
            raise Refusal(408, f"the body did not arrive within {BODY_SECONDS} s", code="timeout") from None

    async def _rest(self, body: bytes, receive: Receive) -> bytes:
        self._take(self._declared)
        chunks, size, more = [body], len(body), True
        while more:
            body, more = await self._chunk(receive)
            chunks.append(body)
            size += len(body)
            self._take(size)
        return b"".join(chunks)

    async def _chunk(self, receive: Receive) -> tuple[bytes, bool]:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        return message.get("body", b""), message.get("more_body", False)

    def _take(self, size: int) -> None:
        """Hold `size` bytes in all."""
        if size > self._limit:
            raise too_large(self._limit)
        if size > self._taken:
            self._intake.take(size - self._taken)
            self._taken = size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._intake.give(self._taken)
