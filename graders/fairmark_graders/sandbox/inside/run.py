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

from .child import OUT_OF_MEMORY, TICK, UNCONFINED, Limits, Part, live
from .clocks import Clock, Excess
from .walls import Walls

_NEARLY = 0.9
"""Of the memory limit: a program that crashes there, most often at the end of its stack, had no more to take."""
_OUT_OF_ROOM = (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT)


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
        self._clock = Clock(walls.look, limits.seconds, limits.seconds_per_test)
        for one in self._children:
            self._clock.watch(one.pid, one.pidfd)

    def outcome(self, control: socket.socket) -> dict[str, Any]:
        """What became of it, but for its output. Ends the process when the service has gone."""
        excess = self._watch(control)
        for one in self._children:
            one.end()
        return {
            **self._status(excess),
            "seconds": sum(one.seconds for one in self._children),
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
            for fd, _ in poll.poll(self._clock.wait_seconds() * 1000):
                if fd == control.fileno():
                    os._exit(0)  # the service has gone, and the kernel ends the children with their parent
                one = living[fd]
                if fd == last.pidfd:
                    return None
                if fd == one.pidfd:
                    self._clock.forget(fd)
                if fd == one.pidfd or not self._hear(one):
                    poll.unregister(fd)
                    del living[fd]
            if excess := self._clock.excess():
                return excess

    def _hear(self, one: "_Child") -> bool:
        """Hear what a child has to say; whether it may have more."""
        said = one.hear()
        if TICK in said and one is self._children[-1]:
            self._clock.next_test()
        return bool(said)

    def _status(self, excess: Excess | None) -> dict[str, Any]:
        if excess == "starved":
            return _ours("it got no processor")
        if excess == "time_limit":
            return {"status": "time_limit"}
        last = self._children[-1]
        if any(OUT_OF_MEMORY in one.said for one in self._children):
            return {"status": "memory_limit"}
        code = os.waitstatus_to_exitcode(last.wait_status)
        if code < 0:
            return self._signalled(-code, last)
        return {"status": "error" if code else "finished", "exit_code": code}

    def _signalled(self, number: int, last: "_Child") -> dict[str, Any]:
        """A program can't send itself SIGKILL; it was the kernel, or the child that could not be confined."""
        full = last.used.ru_maxrss << 10 >= _NEARLY * self._limits.memory_bytes
        if number == signal.SIGXFSZ:
            return {"status": "output_limit"}
        if number == signal.SIGXCPU or (number == signal.SIGKILL and last.seconds >= self._limits.seconds):
            return {"status": "time_limit"}
        if full and number in _OUT_OF_ROOM:
            return {"status": "memory_limit"}
        if number != signal.SIGKILL:
            return {"status": "signalled", "signal": number}
        if UNCONFINED in last.said:
            return _ours("it could not be confined, as its stderr says")
        return _ours("it was killed from outside, perhaps as the machine had no memory left")


class _Child:
    """One process of a run."""

    def __init__(self, part: Part, walls: Walls) -> None:
        self.progress, told = os.pipe2(os.O_CLOEXEC)
        zygote = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            live(part, told, walls, zygote)
        os.close(told)
        self.pidfd = os.pidfd_open(self.pid)
        self.said: set[bytes] = set()
        self.wait_status: int
        self.used: resource.struct_rusage

    @property
    def seconds(self) -> float:
        """Of processor time, once it has ended."""
        return self.used.ru_utime + self.used.ru_stime

    def hear(self) -> set[bytes]:
        """What it has to say, each word a byte; nothing when it has ended."""
        words = {bytes([word]) for word in os.read(self.progress, 4096)}
        self.said |= words
        return words

    def end(self) -> None:
        """Kill it, threads and all, and see how it ended."""
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        _, self.wait_status, self.used = os.wait4(self.pid, 0)
        while self.hear():
            pass
        os.close(self.progress)
        os.close(self.pidfd)


def _ours(detail: str) -> dict[str, Any]:
    return {"status": "sandbox_error", "detail": detail}
