"""What runs in the children: the zygote, which imports and forks, and the workers it forks, which run tasks.

Messages are length-prefixed pickles, on one socket between parent and zygote and on another for each worker.
"""

import contextlib
import ctypes
import gc
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import sysconfig
from collections.abc import Iterable
from typing import Any, NoReturn

LENGTH = struct.Struct("!Q")
STARTED = b""
"""What a worker sends when it has imported the function and begins to run it."""

FORK, LEARN, BURY = "fork", "learn", "bury"

_PROBE_SECONDS = 60
_LIBRARIES = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_OURS = f"{__name__.partition('.')[0]}."


def zygote(fd: int, parent: int, memory: int) -> None:
    """The zygote's whole life: do what the parent asks until it closes the socket. It runs no task."""
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    control = socket.socket(fileno=fd)
    gc.freeze()
    while True:
        header, fds, _, _ = socket.recv_fds(control, LENGTH.size, 1)
        if not header:
            return
        what, about = pickle.loads(_exactly(control, *LENGTH.unpack(header)))
        _send(control, pickle.dumps(_done(control, what, about, fds, memory)))


def _done(control: socket.socket, what: str, about: Any, fds: list[int], memory: int) -> Any:
    """The result of one request; None where the system refuses."""
    try:
        if what == FORK:
            return _fork(control, fds[0], memory)
        return _learn(control, about, memory) if what == LEARN else os.waitpid(about, 0)[1]
    except OSError:
        return None


def _fork(control: socket.socket, channel: int, memory: int) -> int:
    try:
        pid = _forked(control, memory)
        if not pid:
            os.set_inheritable(channel, False)
            _live(channel)
        return pid
    finally:
        os.close(channel)


def _forked(control: socket.socket, memory: int) -> int:
    """The process id of a child; 0 in the child itself, which lives no longer than this process."""
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        _die_with(parent)
        control.close()
        _limit_memory(memory)
    return pid


def _learn(control: socket.socket, modules: list[str], memory: int) -> bool:
    """Import what a worker had to, for all that come after it.

    A child tries it first: what crashes, hangs, or starts threads, which no fork survives, must not get in here.
    """
    pid = _forked(control, memory)
    if not pid:
        signal.alarm(_PROBE_SECONDS)
        _import(modules)
        os._exit(_threads() > 1)
    if os.waitpid(pid, 0)[1]:
        return False
    _import(modules)
    gc.collect()
    gc.freeze()  # a collector's pass in a worker would touch, and so copy, every page
    return True


def _import(modules: Iterable[str]) -> None:
    """Ours first: they may import a library otherwise than it would be by its name, and leave a part of it out."""
    for module in sorted(modules, key=lambda name: not name.startswith(_OURS)):
        with contextlib.suppress(Exception):  # not every name in sys.modules is one to import by
            __import__(module)


def _threads() -> int:
    return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1


def _live(fd: int) -> NoReturn:
    """A worker's whole life: read a task, run it, answer, until the parent closes the socket."""
    _prefer_to_kill()
    known = set(sys.modules)
    with socket.socket(fileno=fd) as channel, channel.makefile("rwb") as stream:
        while header := stream.read(LENGTH.size):
            kind, value = _perform(stream, stream.read(*LENGTH.unpack(header)))
            _write(stream, _pickled(kind, value, _imported(known)))
    os._exit(0)


def _perform(stream: Any, message: bytes) -> tuple[str, Any]:
    try:
        function, args = pickle.loads(message)
        _write(stream, STARTED)
        return "value", function(*args)
    except MemoryError:
        return "memory", None
    except BaseException as error:
        return "raised", error


def _pickled(kind: str, value: Any, imported: list[str]) -> bytes:
    try:
        if isinstance(value, BaseException):
            return _raised(value, imported)
        return pickle.dumps((kind, value, imported))
    except MemoryError:
        return pickle.dumps(("memory", None, []))
    except Exception as error:
        return _raised(error, imported)


def _raised(error: BaseException, imported: list[str]) -> bytes:
    """The exception itself where it survives the journey, else its name and message."""
    try:
        if not isinstance(error, Exception):
            raise TypeError("not to be raised in a parent")
        answer = pickle.dumps(("raised", error, imported))
        pickle.loads(answer)
        return answer
    except Exception:
        return pickle.dumps(("raised", RuntimeError(f"{type(error).__name__}: {error}"), imported))


def _imported(known: set[str]) -> list[str]:
    """The libraries imported since the last time; a user's own code may change, and is nobody else's."""
    if len(sys.modules) == len(known):
        return []
    new = [name for name in sys.modules if name not in known]
    known.update(new)
    return [name for name in new if _is_library(name)]


def _is_library(name: str) -> bool:
    origin = getattr(getattr(sys.modules[name], "__spec__", None), "origin", None) or ""
    return name.startswith(_OURS) or origin == "built-in" or origin.startswith(_LIBRARIES)


def _exactly(channel: socket.socket, length: int) -> bytes:
    return channel.recv(length, socket.MSG_WAITALL)


def _send(channel: socket.socket, frame: bytes) -> None:
    channel.sendall(LENGTH.pack(len(frame)) + frame)


def _write(stream: Any, frame: bytes) -> None:
    stream.write(LENGTH.pack(len(frame)) + frame)
    stream.flush()


def _limit_memory(memory: int) -> None:
    """`memory` comes on top of what is there, or what one grader imports would take from what another's tasks may."""
    limit, most = _address_space() + memory, resource.getrlimit(resource.RLIMIT_AS)[1]
    if most != resource.RLIM_INFINITY:  # `ulimit -v`, as batch systems set it
        limit = min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _address_space() -> int:
    with contextlib.suppress(OSError), open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
    return 0


def _prefer_to_kill() -> None:
    """Where the whole machine runs out of memory, better a task ends than the service."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("500")


def _die_with(parent: int) -> None:
    """The kernel kills this process when the parent's thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
