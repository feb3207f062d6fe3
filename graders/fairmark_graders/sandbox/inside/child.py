"""What a child does: take its place, its job and its files, confine itself, run one mode."""

import base64
import fcntl
import gc
import json
import os
import signal
import traceback
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

from . import kernel
from .walls import Walls

TICK, OUT_OF_MEMORY, UNCONFINED = b".", b"M", b"X"

_STDERR, _RESULT, _PROGRESS, _TALK = 2, 3, 4, 5
_ABOVE_ALL = 100
"""Descriptors are moved up here first, so that none is overwritten on its way to its place."""
_FAILED = 1


class Limits(NamedTuple):
    """What a child may use; as in the service's request."""

    seconds: float
    seconds_per_test: float | None
    memory_bytes: int
    output_bytes: int


class Part(NamedTuple):
    """What one child of a run is to do."""

    mode: ModuleType
    role: str | None
    limits: Limits
    outputs: Sequence[int]
    """The descriptors of stdout, stderr and the result."""
    job: int
    talk: int


def live(part: Part, progress: int, walls: Walls, zygote: int) -> NoReturn:
    """A child's whole life. One that can't be confined kills itself, which no program can do."""
    try:
        job, longest = _read(part.job)
        _take_place((_stdin(job), *part.outputs, progress, part.talk), walls)
        progress = _PROGRESS
        walls.change_user(zygote)
        _put_files(job.get("files", {}))
        walls.confine(part.limits.seconds, part.limits.memory_bytes, max(part.limits.output_bytes + 1, longest))
        gc.enable()
    except BaseException:
        os.write(_STDERR, traceback.format_exc().encode())
        os.write(progress, UNCONFINED)
        os.kill(os.getpid(), signal.SIGKILL)
    code = _FAILED
    try:
        code = _performed(part, job)
    finally:  # whatever a program does to the words below, nothing of it gets into the zygote's own loop
        os._exit(code)


def _performed(part: Part, job: Mapping[str, Any]) -> int:
    try:
        if part.role is None:
            return int(part.mode.run(job, _RESULT, _PROGRESS))
        return int(part.mode.run(part.role, job, _RESULT, _PROGRESS, _TALK))
    except MemoryError:
        os.write(_PROGRESS, OUT_OF_MEMORY)
    except BaseException:
        traceback.print_exc()
    return _FAILED


def _read(fd: int) -> tuple[dict[str, Any], int]:
    """The job, and how long it is."""
    length = os.fstat(fd).st_size
    with open(fd, "rb", closefd=False, buffering=0) as file:
        file.seek(0)
        return json.loads(file.read(length)), length


def _stdin(job: Mapping[str, Any]) -> int:
    """A file in memory that holds the job's stdin, in base64; a mode may write over it."""
    fd = os.memfd_create("stdin")
    if given := job.get("stdin"):
        with open(fd, "wb", closefd=False) as file:
            file.write(base64.b64decode(given))
        os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _take_place(descriptors: Sequence[int], walls: Walls) -> None:
    """Descriptors 0 to 5, in this order, and what the walls need until they stand; no other."""
    above = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _ABOVE_ALL) for fd in (*descriptors, *walls.descriptors)]
    for number, fd in enumerate(above):
        os.dup2(fd, number, inheritable=False)
    walls.descriptors = [*range(len(descriptors), len(above))]
    kernel.close_from(len(above))


def _put_files(files: Mapping[str, str]) -> None:
    """Files of the job, in base64, in the private directory."""
    for name, content in files.items():
        if os.path.isabs(name) or ".." in name.split("/"):
            raise ValueError(f"a file's name leads out of its directory: {name!r}")
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "xb") as file:
            file.write(base64.b64decode(content))
