"""Accepts connections and deals them out to HTTP processes in turn.

Processes that accept for themselves get what the kernel gives them: of eight connections that come together, one of two
processes may get all, and one that dies loses what waited in a queue of its own.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from .server import BACKLOG

FULL_SECONDS = 0.005
"""When to try again while no process takes more: each has room for some 250 that it hasn't looked at yet."""
EXHAUSTED_SECONDS = 0.1
"""When to try again where the system gives us no more descriptors."""

log = logging.getLogger("fairmark.dealer")


class Hand(Protocol):
    """Whoever may be dealt connections."""

    def deal(self, connection: int) -> bool:
        """Take a copy of the descriptor, or say that it can't now."""


class Dealer:
    """Deals what a socket accepts. What nobody takes waits: one connection here, the others in the kernel's queue.

    Connections are bare descriptors: made into sockets, each would cost 10 µs more.
    """

    def __init__(self, listener: socket.socket, hands: Sequence[Hand]) -> None:
        self._listener, self._hands, self._turn = listener, hands, 0
        self._waiting: deque[int] = deque()
        self._retry: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Listen, accept and deal from now on."""
        self._listener.setblocking(False)
        self._listener.listen(BACKLOG)
        self._go_on()

    def close(self) -> None:
        """Deal what has come, and listen no more."""
        self._pause()
        with contextlib.suppress(OSError):
            while self._deal(self._next()):
                pass
        self._listener.close()
        for connection in self._waiting:
            os.close(connection)

    def deal_again(self, connections: Iterable[int]) -> None:
        """Deal those that were dealt to somebody who didn't pick them up."""
        self._waiting.extend(connections)
        self._pause(0)

    def _one(self) -> None:
        """The loop comes back for the next. Asking the kernel until it has none costs 10 µs where they come singly."""
        try:
            if not self._deal(self._next()):
                self._pause(FULL_SECONDS)
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            log.error("connections wait", extra={"reason": error.strerror})
            self._pause(EXHAUSTED_SECONDS)

    def _next(self) -> int:
        return self._waiting.popleft() if self._waiting else self._listener._accept()[0]  # type: ignore[attr-defined]

    def _deal(self, connection: int) -> bool:
        """Hand it to the next in turn who takes it, else keep it."""
        for _ in self._hands:
            self._turn = (self._turn + 1) % len(self._hands)
            if self._hands[self._turn].deal(connection):
                os.close(connection)
                return True
        self._waiting.appendleft(connection)
        return False

    def _go_on(self) -> None:
        self._retry = None
        asyncio.get_running_loop().add_reader(self._listener, self._one)
        while self._waiting and self._retry is None:
            self._one()

    def _pause(self, seconds: float | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        if self._retry is not None:
            self._retry.cancel()
        self._retry = loop.call_later(seconds, self._go_on) if seconds is not None else None
