"""One zygote, seen from the service: a warm interpreter behind walls that forks a child for each run.

Started by exec (a fork of a service that has threads isn't safe), with one socket and nothing else of the service's. A
run's input and output are files in memory that the service makes and reads: nothing has to be drained while it runs,
and no byte of a job passes through the zygote, whose memory every later run can read.
"""

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .outcome import Limits, Outcome, SandboxUnavailable

_START_SECONDS = 60.0
"""Wall time for 0.15 s of work."""
_LONGEST = 1 << 16
_START = "import sys; sys.path.insert(0, {folder!r}); from inside.main import main; main()"


class ZygoteLost(Exception):
    """The zygote is gone, or makes no sense any more; what it was doing can be done by another."""


class Zygote:
    """A process that does one run at a time."""

    def __init__(self, python: Path | None = None) -> None:
        """Start one, to be closed whatever becomes of it. Raises `SandboxUnavailable`."""
        self._process, self._control, self._complaints = _spawned(python)
        self._turn = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None
        self.report: dict[str, Any] = {}

    async def begin(self) -> None:
        """Wait until its walls are up. Raises `SandboxUnavailable` or `ZygoteLost`."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                self.report = await self._receive()
        except TimeoutError:
            raise ZygoteLost(f"a sandbox didn't start within {_START_SECONDS:g} s") from None
        if reason := self.report.get("unavailable"):
            raise SandboxUnavailable(str(reason))

    @property
    def pid(self) -> int:
        """Of the guard, the parent of the zygote itself."""
        return self._process.pid

    @property
    def waits(self) -> bool:
        """Whether it waits to be asked; one that has something to say, or has ended, makes no sense any more."""
        if self._ending:
            return False
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        return not poll.poll(0)

    async def run(self, mode: str, jobs: Sequence[bytes], limits: Limits) -> Outcome:
        """What becomes of a run. Raises `ZygoteLost`."""
        with ExitStack() as files:
            outputs = [_file(files, name) for name in ("stdout", "stderr", "result")]
            inputs = [_file(files, "job", job) for job in jobs]
            request = json.dumps({"mode": mode, "limits": asdict(limits)}).encode()
            try:
                socket.send_fds(self._control, [request], [*outputs, *inputs])
            except OSError as error:
                raise ZygoteLost(f"a sandbox is gone: {error.strerror}") from None
            said = await self._receive()
            return _outcome(said, [os.pread(fd, limits.output_bytes + 1, 0) for fd in outputs], limits)

    async def close(self) -> None:
        """End it and all that runs in it; nothing is left when this returns, nor soon after when it is cancelled."""
        self._ending = self._ending or asyncio.ensure_future(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        self._process.terminate()
        while self._process.poll() is None:  # noqa: ASYNC110 - polled, since a wait would need a thread
            await asyncio.sleep(0.002)
        async with self._turn:  # who listens hears its end first; from a closed socket nobody hears anything
            self._control.close()
            os.close(self._complaints)

    async def _receive(self) -> dict[str, Any]:
        try:
            async with self._turn:
                message = await asyncio.get_running_loop().sock_recv(self._control, _LONGEST)
            said = json.loads(message)
        except (OSError, ValueError, RecursionError) as error:
            raise ZygoteLost(f"a sandbox is gone{self._last_words()}") from error
        if not isinstance(said, dict):
            raise ZygoteLost("a sandbox made no sense")
        return said

    def _last_words(self) -> str:
        lines = os.pread(self._complaints, _LONGEST, 0).decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


def _spawned(python: Path | None) -> "tuple[subprocess.Popen[bytes], socket.socket, int]":
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    complaints = os.memfd_create("stderr")
    try:
        with theirs:
            return _process(python, theirs.fileno(), complaints), ours, complaints
    except OSError as error:
        ours.close()
        os.close(complaints)
        raise SandboxUnavailable(f"its interpreter can't be started: {error}") from None


def _process(python: Path | None, control: int, complaints: int) -> "subprocess.Popen[bytes]":
    code = _START.format(folder=str(Path(__file__).parent))
    return subprocess.Popen(
        [*_interpreter(python), "-c", code, str(control), str(os.getpid())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=complaints,
        pass_fds=[control],
        env=_environment(),
        cwd="/",
        # As for workers: out of reach of a terminal's Ctrl-C, and in the service's session, or the kernel's
        # autogroups would make priorities mean nothing.
        process_group=0,
    )


def _interpreter(python: Path | None) -> list[str]:
    """By default the one that the service's virtual environment was made of, without its libraries."""
    base = getattr(sys, "_base_executable", sys.executable)
    return [base, "-s", "-P", "-B", "-S"] if python is None else [str(python), "-s", "-P", "-B"]


def _environment() -> dict[str, str]:
    """None of the service's (keys may be in there); one thread a program; the same hashes and texts everywhere."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
    python = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    return (
        kept | threads | python | {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin", "HOME": "/home/program"}
    )


def _file(files: ExitStack, name: str, content: bytes = b"") -> int:
    fd = os.memfd_create(name)
    files.callback(os.close, fd)
    with open(fd, "wb", closefd=False, buffering=0) as file:
        left = memoryview(content)
        while left:
            left = left[file.write(left) :]
    return fd


def _outcome(said: Mapping[str, Any], outputs: Sequence[bytes], limits: Limits) -> Outcome:
    stdout, stderr, result = (output[: limits.output_bytes] for output in outputs)
    try:
        outcome = Outcome(stdout=stdout, stderr=stderr, result=result, **said)
    except TypeError as error:
        raise ZygoteLost("a sandbox made no sense") from error
    if outcome.status in ("finished", "error") and max(map(len, outputs)) > limits.output_bytes:
        return replace(outcome, status="output_limit", exit_code=None)
    return outcome
