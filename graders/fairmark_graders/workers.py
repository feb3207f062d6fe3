"""Warm child processes that can be killed, for work that may be slow on a hostile input.

A worker is a fresh Python started by exec (never a fork of a process that has threads), with one socket, a memory
limit and nothing else of its parent's. It does one task at a time; a task is a function it can import and arguments
that can be pickled. A task that fails, fails alone:

    the function raises                         the same exception in the caller
    more CPU seconds, or memory, than allowed   `OverLimit`: the task is to blame
    asleep until the backstop                   `OverLimit`: the task is to blame
    the process is gone, or cannot start        `WorkerLost`: the task isn't to blame
    no processor to be had until the backstop   `WorkerLost`: the task isn't to blame

The limit is CPU time, from the moment the worker has imported the function, so a task that passes on an idle machine
passes on a crowded one. CPU time is read from outside through the process's CPU clock; where there is no such clock
(outside Linux), wall time stands in for it.

No worker outlives its parent: an idle one reads the end of its socket, a busy one is killed by the kernel
(PR_SET_PDEATHSIG, Linux only). docs/decisions/0004-workers.md says why this isn't a library.
"""

import asyncio
import contextlib
import ctypes
import os
import pickle
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_LENGTH = struct.Struct("!Q")
_STARTED = b""
"""The frame a worker sends when it has imported the function and begins to run it."""

_START_SECONDS = 60.0
"""Wall time for a worker to come up, or to import a function: 0.3 s on an idle core, much more on a crowded machine."""


class OverLimit(Exception):
    """The task is to blame: it used more processor or memory than allowed, or slept."""


class WorkerLost(Exception):
    """The task isn't to blame: its worker is gone, could not start, or got no processor."""


class Workers:
    """Up to `size` workers, started when first needed, each replaced when it dies.

    Belongs to the event loop that first uses it.
    """

    def __init__(self, size: int | None = None, memory: int = 1 << 30) -> None:
        """`size` defaults to the processors this process may use.

        `memory` is one worker's address space in bytes.
        """
        self.size = size or _processors()
        self._free: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._all = [_Worker(memory) for _ in range(self.size)]
        self._tasks: set[asyncio.Task[Any]] = set()
        for worker in self._all:
            self._free.put_nowait(worker)

    async def start(self) -> None:
        """Start every worker now. Raises `WorkerLost` when one can't."""
        await asyncio.gather(*(worker.start() for worker in self._all))

    async def close(self) -> None:
        """Kill every worker; whoever waits for one gets `WorkerLost`. None is left when this returns."""
        for worker in self._all:
            worker.retire()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.reap() for worker in self._all))

    async def run(self, function: Callable[..., T], *args: Any, cpu_seconds: float) -> T:
        """What `function(*args)` returns, or what it raises. Raises `OverLimit` or `WorkerLost` too.

        Waits for a free worker. A caller that is cancelled while waiting leaves the queue; one that is cancelled later
        leaves its task running, to its end or its limit.
        """
        message = pickle.dumps((function, args))
        worker = await self._free.get()
        result: T = await asyncio.shield(self._spawn(self._dispatch(worker, message, cpu_seconds)))
        return result

    async def _dispatch(self, worker: "_Worker", message: bytes, cpu_seconds: float) -> Any:
        try:
            return await worker.run(message, cpu_seconds)
        finally:
            self._spawn(self._offer(worker)) if worker.dead else self._free.put_nowait(worker)

    async def _offer(self, worker: "_Worker") -> None:
        """Bring a worker up before it is offered again; where that fails, the next task tries once more and is told."""
        with contextlib.suppress(WorkerLost):
            await worker.start()
        self._free.put_nowait(worker)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        """A failure is looked at here, or asyncio logs it when the caller is gone."""
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()


class _Worker:
    """One child process at a time, and the parent's end of its socket."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._starting = asyncio.Lock()
        self._killed, self._retired = True, False

    @property
    def dead(self) -> bool:
        return self._killed or self._process is None or self._process.poll() is not None

    async def start(self) -> None:
        """Bring the process up unless it is; one killed a moment ago needs another to be gone."""
        async with self._starting:
            if not self.dead:
                return
            await self.reap()
            if self._retired:
                raise WorkerLost("the workers are closed")
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await self._connect()
            except (OSError, EOFError) as error:
                self.kill()
                raise WorkerLost("a worker could not start") from error
            except BaseException:
                self.kill()
                raise

    async def _connect(self) -> None:
        ours, theirs = socket.socketpair()
        self._reader, self._writer = await asyncio.open_unix_connection(sock=ours)
        with theirs:
            if self._retired:
                raise EOFError
            self._process = _popen(theirs.fileno(), self._memory)
        await self._receive()
        self._killed = False

    async def run(self, message: bytes, cpu_seconds: float) -> Any:
        await self.start()
        try:
            answer = await self._answer(message, cpu_seconds)
        except (OSError, EOFError) as error:
            self.kill()
            await self.reap()
            raise WorkerLost(f"a worker was lost: {self._end()}") from error
        except BaseException:
            self.kill()
            raise
        kind, value = pickle.loads(answer)
        if kind == "memory":
            self.kill()
            raise OverLimit(f"needed more than {self._memory >> 20} MiB of memory")
        if kind == "raised":
            raise value
        return value

    async def _answer(self, message: bytes, cpu_seconds: float) -> bytes:
        assert self._writer
        async with asyncio.timeout(_START_SECONDS):
            self._writer.write(_LENGTH.pack(len(message)) + message)
            await self._writer.drain()
            first = await self._receive()
        return first if first != _STARTED else await self._within(cpu_seconds)

    async def _within(self, cpu_seconds: float) -> bytes:
        assert self._process
        limit = _Limit(self._process.pid, cpu_seconds)
        answer = asyncio.ensure_future(self._receive())
        try:
            while not (await asyncio.wait({answer}, timeout=limit.pause()))[0]:
                limit.check()
            return answer.result()
        finally:
            answer.cancel()

    async def _receive(self) -> bytes:
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        return await self._reader.readexactly(length)

    def kill(self) -> None:
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def retire(self) -> None:
        """Kill the process for good."""
        self._retired = True
        self.kill()

    async def reap(self) -> None:
        """Wait until a killed process is gone, and close its socket; polled, since a wait would need a thread."""
        while self._process is not None and self._process.poll() is None:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _end(self) -> str:
        code = self._process.returncode if self._process else None
        return f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"


class _Limit:
    """The clocks of one task: processor used, wall, and time spent waiting for a processor."""

    BACKSTOP = 3.0
    """A task may sleep (disk, swap) for this many times its CPU limit, and a second; four times as long if starved."""

    def __init__(self, pid: int, cpu_seconds: float) -> None:
        self._pid, self._cpu_seconds = pid, cpu_seconds
        self._wall_seconds = 1.0 + self.BACKSTOP * cpu_seconds
        self._cpu, self._waited, self._began = _cpu_time(pid), _wait_time(pid), time.monotonic()

    def pause(self) -> float:
        """How long until the limit can be reached: one thread uses no more than a second in a second."""
        return max(0.02, self._cpu_seconds - self._used())

    def check(self) -> None:
        """Raises `OverLimit` or `WorkerLost` when the time is up."""
        if self._used() >= self._cpu_seconds:
            raise OverLimit(f"needed more than {self._cpu_seconds:g} s of processor time")
        wall = time.monotonic() - self._began
        if _state(self._pid) == "S" and wall - self._starved(wall) >= self._wall_seconds:
            raise OverLimit(f"slept for more than {self._wall_seconds:g} s")
        if wall >= 4 * self._wall_seconds:
            raise WorkerLost(f"got no processor for {wall:.0f} s")

    def _used(self) -> float:
        return _cpu_time(self._pid) - self._cpu

    def _starved(self, wall: float) -> float:
        """Where the kernel doesn't tell, all of it: a sleeper goes free rather than a starved task be blamed."""
        waited = _wait_time(self._pid)
        return wall if waited is None or self._waited is None else waited - self._waited


def _cpu_time(pid: int) -> float:
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


def _state(pid: int) -> str:
    """The letter of proc(5): R when running or ready to, S when asleep of its own will, D when waiting for a disk."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(") ")[2][:1]
    return ""


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _popen(fd: int, memory: int) -> "subprocess.Popen[bytes]":
    code = f"from fairmark_graders.workers import serve; serve({fd}, {memory})"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[fd],
        env=_environment(),
        start_new_session=True,  # a Ctrl-C in the terminal is for the parent, which may want its work finished
    )


def _environment() -> dict[str, str]:
    """None of the parent's (keys may be in there) but where libraries lie; one thread; the same hashes everywhere."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    return kept | {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


def serve(fd: int, memory: int) -> None:
    """A worker's whole life: read a task, run it, answer, until the parent closes the socket."""
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with socket.socket(fileno=fd) as channel, channel.makefile("rwb") as stream:
        _send(stream, _STARTED)
        while header := stream.read(_LENGTH.size):
            _send(stream, _perform(stream, stream.read(_LENGTH.unpack(header)[0])))


def _perform(stream: Any, message: bytes) -> bytes:
    try:
        function, args = pickle.loads(message)
        _send(stream, _STARTED)
        return pickle.dumps(("value", function(*args)))
    except MemoryError:
        return pickle.dumps(("memory", None))
    except BaseException as error:
        return _raised(error)


def _raised(error: BaseException) -> bytes:
    """The exception itself where it survives the journey, else its name and message."""
    try:
        if not isinstance(error, Exception):
            raise TypeError("not to be raised in a parent")
        answer = pickle.dumps(("raised", error))
        pickle.loads(answer)
        return answer
    except Exception:
        return pickle.dumps(("raised", RuntimeError(f"{type(error).__name__}: {error}")))


def _send(stream: Any, frame: bytes) -> None:
    stream.write(_LENGTH.pack(len(frame)) + frame)
    stream.flush()


def _die_with_parent() -> None:
    """The kernel kills this process when the parent's thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
