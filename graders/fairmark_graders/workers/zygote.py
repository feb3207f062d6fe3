"""The process that workers are forked from, seen from the parent.

Started by exec (a fork of a service that has threads isn't safe) with one socket and nothing else of its parent's. It
has imported what any worker had to import before, so that a worker is forked ready within milliseconds.
"""

import asyncio
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from .child import BURY, FORK, LEARN, LENGTH
from .faults import Interrupted

_PATIENCE = 180.0
"""Wall time for one request: 5 ms for a fork on an idle core, seconds to learn a large library."""


class Zygote:
    """Forks workers; starts when first needed, and anew when it died."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket
        self._turn = asyncio.Lock()
        self._seen: set[str] = set()
        self._learned: list[str] = []
        self._closed = False

    @property
    def knowledge(self) -> int:
        """Grows with what it has imported: a worker forked at less lacks something."""
        return len(self._learned)

    async def fork(self, channel: socket.socket) -> int:
        """The process id of a new worker at that end of a socket. Raises `Interrupted`."""
        try:
            pid: int | None = await self._ask(FORK, None, channel.fileno())
        except (OSError, EOFError) as error:
            raise Interrupted("a worker could not start") from error
        if pid is None:
            raise Interrupted("a worker could not start: the system has no room for one")
        return pid

    async def learn(self, modules: Iterable[str]) -> bool:
        """Import modules for all workers to come; whether that was news."""
        new = [module for module in modules if module not in self._seen]
        self._seen.update(new)
        if not new or not await self._ask(LEARN, new):
            return False
        self._learned += new
        return True

    async def bury(self, pid: int) -> int | None:
        """The wait status of a worker that was killed; until this is asked for, nobody else gets its id."""
        status: int | None = await self._ask(BURY, pid)
        return status

    def close(self) -> None:
        """Kill it for good, and with it all workers."""
        self._closed = True
        if self._process is not None:
            self._process.kill()

    async def gone(self) -> None:
        """Wait until it is gone, once it was killed; polled, since a wait would need a thread."""
        if self._process is not None:
            while self._process.poll() is None:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            self._control.close()

    async def _ask(self, what: str, about: Any, *fds: int) -> Any:
        async with self._turn:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._start()
                    return await self._exchange((what, about), *fds)
            except BaseException:
                self._give_up()  # what it would answer next, nobody can tell
                raise

    async def _start(self) -> None:
        if self._closed:
            raise EOFError
        if self._process is not None:
            if self._control.fileno() >= 0 and self._process.poll() is None:
                return
            await self.gone()
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        with theirs:
            self._process = _popen(theirs.fileno(), self._memory)
        if self._learned:
            await self._exchange((LEARN, self._learned))

    async def _exchange(self, request: tuple[str, Any], *fds: int) -> Any:
        message = pickle.dumps(request)
        loop = asyncio.get_running_loop()
        socket.send_fds(self._control, [LENGTH.pack(len(message))], fds)
        await loop.sock_sendall(self._control, message)
        return pickle.loads(await self._receive(*LENGTH.unpack(await self._receive(LENGTH.size))))

    async def _receive(self, length: int) -> bytes:
        received = b""
        while len(received) < length:
            part = await asyncio.get_running_loop().sock_recv(self._control, length - len(received))
            if not part:
                raise EOFError
            received += part
        return received

    def _give_up(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._control.close()


def _popen(fd: int, memory: int) -> "subprocess.Popen[bytes]":
    code = f"from {__package__}.child import zygote; zygote({fd}, {os.getpid()}, {memory})"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[fd],
        env=_environment(),
        # A Ctrl-C in the terminal is for the parent, which may want its work finished. Not a session of its own: the
        # kernel's autogroups would share processors between the sessions first, and priorities would mean nothing.
        process_group=0,
    )


def _environment() -> dict[str, str]:
    """None of the parent's (keys may be in there) but where libraries lie; one thread; the same hashes everywhere."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    return kept | {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
