"""Bodies: how many bytes of them are held at once, and how one is read.

A body's size is known from its header, so a request that finds no room is refused before its body is read. It takes
its room with its first bytes (a caller who only promises some takes nobody's place) and keeps it until the answer is
made, since the samples live as long.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from .errors import Overloaded, Refusal
from .metrics import Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
BODY_SECONDS = 60
"""How long a body may trickle in; a slower one would hold its room for nothing."""


class Gone(Exception):
    """The caller hung up; nobody is there to answer."""


class Intake:
    """Room for bodies, in bytes; `held` of them are taken.

    The handler that reads a body gives its bytes back when it has answered. A body that comes in one piece, as nearly
    all do, costs two calls.
    """

    def __init__(self, most_bytes: int, metrics: Metrics) -> None:
        self._most, self._metrics, self.held = most_bytes, metrics, 0
        metrics.watch_bodies(lambda: self.held)

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
        """The whole body of at most `limit` bytes, which are held from now on.

        Raises `Refusal` (413; 408 when it trickles; 503 when too much is held already) or `Gone`.
        """
        length = headers.get(b"content-length", b"0")
        declared = int(length) if length.isdigit() and len(length) < 20 else limit + 1
        self._check(declared, limit)
        self._make_sure(declared)
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            return await self._rest(body, max(declared, len(body)), receive, limit)
        self._check(len(body), limit)
        self._make_sure(len(body))
        self.held += len(body)
        return body

    def give(self, body: bytes) -> None:
        """Hold a body no longer."""
        self.held -= len(body)

    def _check(self, size: int, limit: int) -> None:
        if size > limit:
            raise Refusal(413, f"the body is larger than {limit} bytes", code="body_too_large")

    def _make_sure(self, size: int) -> None:
        """Raise `Overloaded` unless `size` more bytes fit; where nothing is held, any one body does."""
        if self.held and self.held + size > self._most:
            self._metrics.rejected("bytes")
            raise Overloaded(f"{self.held >> 20} MiB of bodies are held already")

    async def _rest(self, body: bytes, taken: int, receive: Receive, limit: int) -> bytes:
        """A body in pieces: all it declares is taken with the first, and what it turns out to be with the last."""
        self._make_sure(taken)
        self.held += taken
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
                        self._make_sure(size - taken)
                        self.held, taken = self.held + size - taken, size
                    more = message.get("more_body", False)
        except TimeoutError:
            self.held -= taken
            raise Refusal(408, f"the body did not arrive within {BODY_SECONDS} s", code="timeout") from None
        except BaseException:
            self.held -= taken
            raise
        self.held += size - taken
        return b"".join(chunks)
