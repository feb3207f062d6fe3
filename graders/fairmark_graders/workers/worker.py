"""One worker, seen from the parent."""

import asyncio
import contextlib
import os
import signal
import socket
from typing import Self

from .child import LENGTH, STARTED
from .clock import gone, resident
from .faults import Crashed, Interrupted, WorkerLost
from .zygote import Zygote

_IMPORT_SECONDS = 60.0
"""Wall time for a worker to take a task and import its function."""
_NICER = 10
"""A tenth of a quick task's share where both want the same processor. Nicer still, and its own wait grows as much."""
_SENT = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
"""What ends a process from outside: the kernel's want of memory, an operator, a terminal."""
_MOST_TASKS = 1000
_MOST_GROWTH = 128 << 20


class Worker:
    """A process that does one task at a time."""

    def __init__(
        self, zygote: Zygote, pid: int, knowledge: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self._zygote, self._knowledge, self._reader, self._writer = zygote, knowledge, reader, writer
        self._tasks, self._size, self._ruined, self._begun = 0, resident(pid), False, False
        self._buried, self._funeral = False, asyncio.Lock()
        self._code: int | None = None

    @classmethod
    async def fork(cls, zygote: Zygote) -> Self:
        """A new one. Raises `WorkerLost`."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                knowledge = zygote.knowledge
                pid = await zygote.fork(theirs)
            except BaseException:
                ours.close()
                raise
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        return cls(zygote, pid, knowledge, reader, writer)

    @property
    def alive(self) -> bool:
        return not gone(self.pid)

    @property
    def worn(self) -> bool:
        """Whether a fresh one should take its place: disturbed, old, grown, or without what others have imported."""
        return (
            self._ruined
            or self._tasks >= _MOST_TASKS
            or self._knowledge < self._zygote.knowledge
            or resident(self.pid) > self._size + _MOST_GROWTH
        )

    async def begin(self, message: bytes) -> bytes | None:
        """Hand it a task; the answer if it couldn't even import the function.

        Raises `OSError` or `EOFError` when it has gone, `WorkerLost` when that takes too long.
        """
        self._tasks, self._begun = self._tasks + 1, False
        try:
            async with asyncio.timeout(_IMPORT_SECONDS):
                self._writer.write(LENGTH.pack(len(message)) + message)
                await self._writer.drain()
                first = await self.receive()
        except TimeoutError:
            raise WorkerLost(f"importing the function took longer than {_IMPORT_SECONDS:g} s") from None
        self._begun = True
        return None if first == STARTED else first

    async def receive(self) -> bytes:
        """The next it has to say. Raises `EOFError` when it has gone."""
        (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
        return await self._reader.readexactly(length)

    def stop(self) -> None:
        """Have it stand still, and go on slowly after that; only the privileged could undo that for its next task."""
        self._ruined = True
        os.kill(self.pid, signal.SIGSTOP)
        os.setpriority(os.PRIO_PROCESS, self.pid, os.getpriority(os.PRIO_PROCESS, self.pid) + _NICER)

    def go_on(self) -> None:
        """Let it run again."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it now, stopped or not."""
        self._ruined = True
        if self._buried:
            return  # the process id may be another's by now
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def lost(self) -> WorkerLost:
        """Bury one that has gone; what its task fails with."""
        code = await self.bury()
        if not self._begun:
            return Interrupted(f"a worker was lost before it began: {_told(code)}")
        if code is None:
            return Interrupted(f"a worker was lost: {_told(code)}")
        if -code in _SENT:
            return WorkerLost(f"a worker was lost: {_told(code)}")
        return Crashed(_told(code))

    async def bury(self) -> int | None:
        """Kill it, wait until it has ended, and give its exit code: less than 0 for a signal, None if nobody knows."""
        self.kill()
        self._writer.close()
        async with self._funeral:  # asked for twice, its id might be another's the second time
            if not self._buried:
                while not gone(self.pid):  # noqa: ASYNC110 - polled, since it is no child of ours
                    await asyncio.sleep(0.002)
                self._code, self._buried = await self._exit_code(), True
        return self._code

    async def _exit_code(self) -> int | None:
        try:
            status = await self._zygote.bury(self.pid)
        except (OSError, EOFError):
            return None
        return None if status is None else os.waitstatus_to_exitcode(status)


def _told(code: int | None) -> str:
    if code is None:
        return "the process it was forked from is gone"
    return f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit status {code}"
