"""The clock of a run, read from outside its processes: processor time, and sleep apart from starvation.

A run that sleeps is to blame, one that waits for a processor isn't. The kernel says how long each thread was ready to
run and had no processor (schedstat), so wall time less that is what the run spent computing or asleep.
"""

import contextlib
import os
import time
from typing import Literal, NamedTuple

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

    def __init__(self, proc: int | None, seconds: float, seconds_per_test: float | None) -> None:
        """`proc` is a descriptor of /proc, be it an outer pid namespace's; None where it is out of sight."""
        self._proc = proc
        self._processes: list[_Process] = []
        start = _Mark(time.monotonic(), {}, 0.0)
        self._marks = [(seconds, start)]
        self._per_test = seconds_per_test
        if seconds_per_test is not None:
            self._marks.append((seconds_per_test, start))
        self._patience = 4 * (1.0 + _BACKSTOP * seconds)
        self._moved = 0.0, start.wall

    def watch(self, pid: int, pidfd: int) -> None:
        """Count a process in."""
        self._processes.append(_Process(pid, pidfd))

    def forget(self, pidfd: int) -> None:
        """A process has ended."""
        self._processes = [process for process in self._processes if process.pidfd != pidfd]

    def next_test(self) -> None:
        """The limit of one test counts from here."""
        if self._per_test is not None:
            cpu = {process.pid: _cpu(process.pid) for process in self._processes}
            self._marks[1] = self._per_test, _Mark(time.monotonic(), cpu, self._threads()[1])

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
        if any(self._passed(limit, mark, wall) for limit, mark in self._marks):
            return "time_limit"
        return self._starved(wall)

    def _used(self, mark: _Mark) -> float:
        """Processor time since then, of the process that used most."""
        return max((_cpu(pid) - mark.cpu.get(pid, 0.0) for pid, _ in self._processes), default=0.0)

    def _passed(self, limit: float, mark: _Mark, wall: float) -> bool:
        if self._used(mark) >= limit:
            return True
        if wall - mark.wall < limit:
            return False
        asleep, waited = self._threads()
        return asleep and wall - mark.wall - (waited - mark.waited) >= limit

    def _starved(self, wall: float) -> Excess | None:
        """Less than a thousandth of a processor for long; what gets more reaches its end or its limit."""
        cpu, (cpu_then, wall_then) = self._used(self._marks[0][1]), self._moved
        if cpu - cpu_then >= self._patience / 1000:
            self._moved = cpu, wall
            return None
        return "starved" if wall - wall_then >= self._patience else None

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
        _, start = self._marks[0]
        return self._used(start) < (time.monotonic() - start.wall) / 100

    def _listed(self) -> list[str]:
        found: list[str] = []
        for process in self._processes:
            with contextlib.suppress(OSError):
                folder = f"{self._outer_pid(process.pidfd)}/task"
                tasks = os.open(folder, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._proc)
                try:
                    found += [f"{folder}/{name}" for name in os.listdir(tasks)]
                finally:
                    os.close(tasks)
        return found

    def _outer_pid(self, pidfd: int) -> int:
        """The number of a child in the /proc that is at hand."""
        lines = self._read(f"self/fdinfo/{pidfd}").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(b"Pid:"))

    def _read(self, path: str) -> bytes:
        file = os.open(path, os.O_RDONLY, dir_fd=self._proc)
        try:
            return os.read(file, 4096)
        finally:
            os.close(file)


def _cpu(pid: int) -> float:
    """Processor seconds of all threads; the clock's number is the kernel's encoding of a process number."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0
