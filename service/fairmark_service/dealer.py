"""Accepts connections and deals them out to HTTP processes in turn.

Processes that accept for themselves get what the kernel gives them: of eight connections that come together, one of two
processes may get all, and one that dies loses what waited in a queue of its own.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Sequence
from typing import Protocol

from .server import BACKLOG

AT_ONCE = 256
"""Connections accepted before anything else gets its turn."""
FULL_SECONDS = 0.005
"""When to try again while no process takes more: each has room for some 250 that it hasn't looked at yet."""
EXHAUSTED_SECONDS = 0.1
"""When to try again where the system gives us no more descriptors."""

log = logging.getLogger("fairmark.dealer")


class Hand(Protocol):
    """Whoever may be dealt connections."""

    def deal(self, connection: socket.socket) -> bool:
        """Take a copy of the connection, or say that it can't now."""


class Dealer:
    """Deals what a socket accepts. What nobody takes waits: one connection here, the others in the kernel's queue."""

    def __init__(self, listener: socket.socket, hands: Sequence[Hand]) -> None:
        self._listener, self._hands, self._turn = listener, hands, 0
        self._refused: socket.socket | None = None
        self._retry: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Listen, accept and deal from now on."""
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited by what it accepts
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

    def _some(self) -> None:
        try:
            for _ in range(AT_ONCE):
                if not self._deal(self._next()):
                    self._pause(FULL_SECONDS)
                    return
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            log.error("connections wait", extra={"reason": error.strerror})
            self._pause(EXHAUSTED_SECONDS)

    def _next(self) -> socket.socket:
        refused, self._refused = self._refused, None
        return refused or self._listener.accept()[0]

    def _deal(self, connection: socket.socket) -> bool:
        """Hand it to the next in turn who takes it, else keep it."""
        for _ in self._hands:
            self._turn = (self._turn + 1) % len(self._hands)
            if self._hands[self._turn].deal(connection):
                connection.close()
                return True
        self._refused = connection
        return False

    def _go_on(self) -> None:
        self._retry = None
        asyncio.get_running_loop().add_reader(self._listener, self._some)
        if self._refused is not None:
            self._some()

    def _pause(self, seconds: float | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        if self._retry is not None:
            self._retry.cancel()
        self._retry = loop.call_later(seconds, self._go_on) if seconds is not None else None
