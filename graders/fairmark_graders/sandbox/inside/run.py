"""One run: its children, from the fork to the last one's end.

A mode is a module with `run(job, result_fd, progress_fd) -> exit code`, called in the confined child. It writes what
the service is to know to `result_fd`, and `TICK` to `progress_fd` when a test is done, so that the next has its own
limit.

A mode with `ROLES = (first, last)` gets a child for each, with a job and walls of its own; its `run(role, job,
result_fd, progress_fd, talk_fd)` has a stream socket to the other. The run ends when the last has ended; its
streams and result are the run's.
"""

import os
import resource
import select
import signal
import socket
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from .child import OUT_OF_MEMORY, TICK, Limits, Part, live
from .clocks import Clock, Excess
from .walls import Walls

_NEARLY = 0.9
"""Of the memory limit: a program that crashes there, most often at the end of its stack, had no more to take."""


class Run:
    """The children of one run, watched from outside."""

    def __init__(self, mode: ModuleType, limits: Limits, descriptors: Sequence[int], walls: Walls) -> None:
        """`descriptors` are those of stdout, stderr, the result, and a job for each role."""
        self._limits = limits
        roles: Sequence[str | None] = getattr(mode, "ROLES", (None,))
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        talks = [end.detach() for end in socket.socketpair()] if len(roles) > 1 else [nowhere]
        outputs = [*[[nowhere] * 3] * (len(roles) - 1), list(descriptors[:3])]
        try:
            self._children = [
                _Child(Part(mode, role, limits, output, job, talk), walls)
                for role, output, job, talk in zip(roles, outputs, descriptors[3:], talks, strict=True)
            ]
        finally:
            for fd in {nowhere, *talks}:
                os.close(fd)

    def outcome(self, control: socket.socket) -> dict[str, Any]:
        """What became of it, but for its output. Ends the process when the service has gone."""
        excess = self._watch(control)
        for one in self._children:
            one.end()
        return {
            **self._status(excess),
            "seconds": sum(one.used.ru_utime + one.used.ru_stime for one in self._children),
            "memory_bytes": max(one.used.ru_maxrss for one in self._children) << 10,
        }

    def _watch(self, control: socket.socket) -> Excess | None:
        """Wait until the last child has ended, or any has passed a limit."""
        poll, living, last = select.poll(), {}, self._children[-1]
        poll.register(control, select.POLLIN)
        for one in self._children:
            living[one.pidfd] = living[one.progress] = one
            poll.register(one.pidfd, select.POLLIN)
            poll.register(one.progress, select.POLLIN)
        while True:
            clocks = [one.clock for fd, one in living.items() if fd == one.pidfd]
            for fd, _ in poll.poll(min(clock.wait_seconds() for clock in clocks) * 1000):
                if fd == control.fileno():
                    os._exit(0)  # the service has gone, and the kernel ends the children with their parent
                one = living[fd]
                if fd == last.pidfd:
                    return None
                if fd == one.pidfd or not self._progress(one):
                    poll.unregister(fd)
                    del living[fd]
            for clock in clocks:
                if excess := clock.excess():
                    return excess

    def _progress(self, one: "_Child") -> bool:
        """Hear what a child has to say; whether it may have more."""
        said = os.read(one.progress, 4096)
        one.out_of_memory |= OUT_OF_MEMORY in said
        if TICK in said and one is self._children[-1]:
            for each in self._children:
                each.clock.next_test()
        return bool(said)

    def _status(self, excess: Excess | None) -> dict[str, Any]:
        if excess == "starved":
            return _ours("it got no processor")
        if excess == "time_limit":
            return {"status": "time_limit"}
        last = self._children[-1]
        if any(one.out_of_memory for one in self._children):
            return {"status": "memory_limit"}
        code = os.waitstatus_to_exitcode(last.wait_status)
        if code < 0:
            return self._signalled(-code, last.used)
        return {"status": "error" if code else "finished", "exit_code": code}

    def _signalled(self, number: int, used: resource.struct_rusage) -> dict[str, Any]:
        """A program can't send itself SIGKILL; it was the kernel, or the child that could not confine itself."""
        seconds, full = used.ru_utime + used.ru_stime, (used.ru_maxrss << 10) >= _NEARLY * self._limits.memory_bytes
        if number == signal.SIGXFSZ:
            return {"status": "output_limit"}
        if number == signal.SIGXCPU or (number == signal.SIGKILL and seconds >= self._limits.seconds):
            return {"status": "time_limit"}
        if full and number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT):
            return {"status": "memory_limit"}
        if number == signal.SIGKILL:
            return _ours("it was killed from outside, perhaps as the machine had no memory left")
        return {"status": "signalled", "signal": number}


class _Child:
    """One process of a run."""

    def __init__(self, part: Part, walls: Walls) -> None:
        self.progress, told = os.pipe2(os.O_CLOEXEC)
        zygote = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            live(part, told, walls, zygote)
        os.close(told)
        self.pidfd = os.pidfd_open(self._pid)
        self.clock = Clock(self._pid, self.pidfd, walls.proc, part.limits.seconds, part.limits.seconds_per_test)
        self.out_of_memory = False
        self.wait_status: int
        self.used: resource.struct_rusage

    def end(self) -> None:
        """Kill it, threads and all, and see how it ended."""
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        _, self.wait_status, self.used = os.wait4(self._pid, 0)
        while said := os.read(self.progress, 4096):
            self.out_of_memory |= OUT_OF_MEMORY in said
        os.close(self.progress)
        os.close(self.pidfd)


def _ours(detail: str) -> dict[str, Any]:
    return {"status": "sandbox_error", "detail": detail}
