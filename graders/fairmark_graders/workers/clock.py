"""The clocks of a task, read from outside its process; where there are none (outside Linux) wall time stands in."""

import asyncio
import contextlib
import os
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from .faults import OverLimit, WorkerLost

_LEAST_WAIT = 0.02
"""Seconds between two looks at a clock that should have reached its mark: no more than 50 looks a second."""


class Limit:
    """How long one task may go on: processor time it used, and wall time less what it waited for a processor."""

    BACKSTOP = 3.0
    """A task may sleep (disk, swap) for this many times its CPU limit, and a second.

    Four times as long without a thousandth of a processor is ours.
    """

    def __init__(self, pid: int, cpu_seconds: float) -> None:
        self._pid, self._cpu_seconds = pid, cpu_seconds
        self._wall_seconds = 1.0 + self.BACKSTOP * cpu_seconds
        self._cpu, self._waited, self._began = cpu_time(pid), _wait_time(pid), time.monotonic()
        self._moved = 0.0, 0.0

    async def outlasts(self, answer: "asyncio.Future[Any]", cpu_seconds: float) -> bool:
        """Whether the task uses so much processor before its answer comes.

        Raises `OverLimit`, `WorkerLost`, or `EOFError` when the process has ended.
        """
        while not (await asyncio.wait({answer}, timeout=max(_LEAST_WAIT, cpu_seconds - self._used)))[0]:
            used = self._used  # read once: a mark passed between two readings would be passed unseen
            self._check(used)
            if used >= cpu_seconds:
                return True
        return False

    @contextlib.contextmanager
    def standing(self) -> Iterator[None]:
        """While the process is stopped none of its time runs."""
        began, used = time.monotonic(), self._used
        try:
            yield
        finally:
            self._began += time.monotonic() - began
            self._cpu += self._used - used

    @property
    def _used(self) -> float:
        return cpu_time(self._pid) - self._cpu

    def _check(self, used: float) -> None:
        wall = time.monotonic() - self._began
        if gone(self._pid):  # told by the end of its socket, unless a child of its own has that open
            raise EOFError
        if used >= self._cpu_seconds:
            raise OverLimit(f"needed more than {self._cpu_seconds:g} s of processor time")
        if state(self._pid) == "S" and wall - self._starved(wall) >= self._wall_seconds:
            raise OverLimit(f"slept for more than {self._wall_seconds:g} s")
        self._check_progress(used, wall)

    def _check_progress(self, used: float, wall: float) -> None:
        """However crowded the machine, a task that gets a thousandth of a processor will reach its end or its limit."""
        patience = 4 * self._wall_seconds
        used_then, wall_then = self._moved
        if used - used_then >= patience / 1000:
            self._moved = used, wall
        elif wall - wall_then >= patience:
            raise WorkerLost(f"got no processor for {wall - wall_then:.0f} s")

    def _starved(self, wall: float) -> float:
        """Where the kernel doesn't tell, all of it: a sleeper goes free rather than a starved task be blamed."""
        waited = _wait_time(self._pid)
        return wall if waited is None or self._waited is None else waited - self._waited


def cpu_time(pid: int) -> float:
    """Processor seconds of a process; the clock's id is the kernel's encoding of a process id."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return time.monotonic()


def _wait_time(pid: int) -> float | None:
    """Seconds a process was ready to run and had no processor, as far as the kernel tells.

    A wait is added when it ends, so this is all of them only while the process isn't in one.
    """
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return None


def state(pid: int) -> str:
    """The letter of proc(5): R when running or ready to, S when asleep of its own will, D when waiting for a disk."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(") ")[2][:1]
    return ""


def gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked for its exit status yet."""
    if sys.platform == "linux":
        return state(pid) in ("", "Z", "X")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def resident(pid: int) -> int:
    """Bytes of memory that a process has in use."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0
