"""The clock of a run, read from outside its processes: processor time, and sleep apart from starvation.

A run that sleeps is to blame, one that waits for a processor isn't. The kernel says how long each thread was ready to
run and had no processor, so wall time less that is what the run spent computing or asleep.
"""

import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from .threads import Seen

_LEAST_WAIT = 0.005
"""Seconds between two looks at a clock that should have reached its mark."""
_SLEEPER_WAIT = 0.05
"""And at a run that has had its time by the wall."""
_BACKSTOP = 3.0

Excess = Literal["time_limit", "starved"]


class _Process(NamedTuple):
    pid: int
    pidfd: int


class _Mark(NamedTuple):
    """A moment, and what the clocks showed."""

    wall: float
    cpu: dict[int, float]
    waited: float


class Clock:
    """How long a run takes, and each test of it; the limits are for each process."""

    def __init__(self, look: Callable[[Sequence[int]], Seen], seconds: float, seconds_per_test: float | None) -> None:
        """`look` sees the threads of processes, by their pidfds."""
        self._look = look
        self._processes: list[_Process] = []
        start = _Mark(time.monotonic(), {}, 0.0)
        self._marks = [(seconds, start)]
        self._per_test = seconds_per_test
        if seconds_per_test is not None:
            self._marks.append((seconds_per_test, start))
        self._patience = 4 * (1.0 + _BACKSTOP * seconds)
        self._moved = 0.0, start.wall
        self._waited, self._looked = 0.0, (0.0, start.wall)

    def watch(self, pid: int, pidfd: int) -> None:
        """Count a process in."""
        self._processes.append(_Process(pid, pidfd))

    def forget(self, pidfd: int) -> None:
        """A process has ended."""
        self._processes = [process for process in self._processes if process.pidfd != pidfd]

    def next_test(self) -> None:
        """The limit of one test counts from here."""
        if self._per_test is not None:
            cpu, wall = {process.pid: _cpu(process.pid) for process in self._processes}, time.monotonic()
            self._count_waits(self._threads(), wall)
            self._marks[1] = self._per_test, _Mark(wall, cpu, self._waited)

    def wait_seconds(self) -> float:
        """When to look again, if nothing happens."""
        now = time.monotonic()
        waits = (
            min(limit - self._used(mark), max(limit - now + mark.wall, _SLEEPER_WAIT)) for limit, mark in self._marks
        )
        return max(_LEAST_WAIT, min(waits))

    def excess(self) -> Excess | None:
        """Whether a limit has passed."""
        wall = time.monotonic()
        if any(self._used(mark) >= limit for limit, mark in self._marks):
            return "time_limit"
        if all(wall - mark.wall < limit for limit, mark in self._marks):
            return None
        threads = self._threads()
        if threads.ready:
            return self._starved(wall)
        self._count_waits(threads, wall)
        return "time_limit" if self._overslept(wall, threads.blocked) else None

    def _used(self, mark: _Mark) -> float:
        """Processor time since then, of the process that used most."""
        return max((_cpu(pid) - mark.cpu.get(pid, 0.0) for pid, _ in self._processes), default=0.0)

    def _threads(self) -> Seen:
        return self._look([process.pidfd for process in self._processes])

    def _count_waits(self, threads: Seen, wall: float) -> None:
        """Of several threads that waited at once the sum says too much, but no more than the time since the last look.

        A wait is added when it ends, so the sum is complete while no thread is ready.
        """
        waited_then, then = self._looked
        self._waited += min(max(threads.waited - waited_then, 0.0), wall - then)
        self._looked = threads.waited, wall

    def _overslept(self, wall: float, blocked: bool) -> bool:
        """A thread that the kernel blocks may wait for a slow disk; programs find ways to be blocked, too."""
        return any(
            wall - mark.wall - (self._waited - mark.waited) >= (self._patience if blocked else limit)
            for limit, mark in self._marks
        )

    def _starved(self, wall: float) -> Excess | None:
        """Less than a thousandth of a processor for long, though ready; what gets more reaches its end or its limit."""
        cpu, (cpu_then, wall_then) = self._used(self._marks[0][1]), self._moved
        if cpu - cpu_then >= self._patience / 1000:
            self._moved = cpu, wall
            return None
        return "starved" if wall - wall_then >= self._patience else None


def _cpu(pid: int) -> float:
    """Processor seconds of all threads; the clock's number is the kernel's encoding of a process number."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0
