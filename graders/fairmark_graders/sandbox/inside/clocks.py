"""The clocks of a child, read from outside its process: processor time, and sleep apart from starvation.

A process that sleeps is to blame, one that waits for a processor isn't. The kernel says how long each thread was ready
to run and had no processor (schedstat), so wall time less that is what the process spent running or asleep.
"""

import contextlib
import os
import time
from typing import Literal, NamedTuple

LEAST_WAIT = 0.005
"""Seconds between two looks at a clock that should have reached its mark."""
_BACKSTOP = 3.0

Excess = Literal["time_limit", "starved"]


class _Start(NamedTuple):
    wall: float
    cpu: float
    waited: float


class Clock:
    """How long one child has run, and how long one test of it."""

    def __init__(self, pid: int, pidfd: int, proc: int | None, seconds: float, seconds_per_test: float | None) -> None:
        self._pid, self._pidfd, self._proc = pid, pidfd, proc
        self._seconds, self._per_test = seconds, seconds_per_test
        self._run = self._test = _Start(time.monotonic(), 0.0, 0.0)
        self._patience = 4 * (1.0 + _BACKSTOP * seconds)
        self._moved = 0.0, self._run.wall

    def next_test(self) -> None:
        """The limit of one test counts from here."""
        if self._per_test is not None:
            self._test = _Start(time.monotonic(), self._cpu(), self._threads()[1])

    def wait_seconds(self) -> float:
        """When to look again, if nothing happens."""
        cpu = self._cpu()
        left = self._seconds - cpu
        if self._per_test is not None:
            left = min(left, self._per_test - (cpu - self._test.cpu))
        return max(LEAST_WAIT, left)

    def excess(self) -> Excess | None:
        """Whether a limit has passed."""
        wall, cpu = time.monotonic(), self._cpu()
        if self._passed(self._run, self._seconds, wall, cpu):
            return "time_limit"
        if self._per_test is not None and self._passed(self._test, self._per_test, wall, cpu):
            return "time_limit"
        return self._starved(wall, cpu)

    def _passed(self, start: _Start, limit: float, wall: float, cpu: float) -> bool:
        if cpu - start.cpu >= limit:
            return True
        if wall - start.wall < limit:
            return False
        asleep, waited = self._threads()
        return asleep and wall - start.wall - (waited - start.waited) >= limit

    def _starved(self, wall: float, cpu: float) -> Excess | None:
        """Less than a thousandth of a processor for long; what gets more reaches its end or its limit."""
        cpu_then, wall_then = self._moved
        if cpu - cpu_then >= self._patience / 1000:
            self._moved = cpu, wall
        return "starved" if wall - self._moved[1] >= self._patience else None

    def _cpu(self) -> float:
        """Of all threads; the clock's number is the kernel's encoding of a process number."""
        try:
            return time.clock_gettime((~self._pid << 3) | 2)
        except OSError:
            return 0.0

    def _threads(self) -> tuple[bool, float]:
        """Whether all threads sleep (stopped ones do, too), and for how long they waited for processors.

        A wait is added when it ends, so it is all of it while they sleep. Several threads' waits may have been at once:
        the sum leaves a sleeper more time rather than a starved thread less.
        """
        if self._proc is None:
            return self._slept(), 0.0
        asleep, waited = True, 0.0
        for thread in self._listed():
            with contextlib.suppress(OSError, IndexError):
                asleep = asleep and self._read(f"{thread}/stat").rpartition(b") ")[2][:1] in (b"S", b"T", b"t")
                waited += int(self._read(f"{thread}/schedstat").split()[1]) / 1e9
        return asleep, waited

    def _slept(self) -> bool:
        """A guess, where threads can't be looked at: less than a hundredth of a processor since the start."""
        return self._cpu() < (time.monotonic() - self._run.wall) / 100

    def _listed(self) -> list[str]:
        folder = f"{self._outer_pid()}/task"
        try:
            tasks = os.open(folder, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._proc)
        except OSError:
            return []
        try:
            return [f"{folder}/{name}" for name in os.listdir(tasks)]
        finally:
            os.close(tasks)

    def _outer_pid(self) -> int:
        """The number of the child in the /proc that is at hand, which may be that of an outer pid namespace."""
        lines = self._read(f"self/fdinfo/{self._pidfd}").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith(b"Pid:")), 0)

    def _read(self, path: str) -> bytes:
        file = os.open(path, os.O_RDONLY, dir_fd=self._proc)
        try:
            return os.read(file, 4096)
        finally:
            os.close(file)
