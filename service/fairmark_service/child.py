"""One HTTP process as its supervisor sees it."""

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import Any

from fairmark_graders import FairmarkError

from . import channel
from .settings import process_environment

RETRY_SECONDS = 0.005
"""When to try again to tell a process that takes no more for now."""
_SAFE = ["-P"] if sys.flags.safe_path else []


class Failed(FairmarkError):
    """The process ended before it was ready."""


class Child:
    """The process in one place; when it has ended, another can be started there."""

    def __init__(self, number: int, metrics: Path) -> None:
        self.number, self.ready = number, False
        self._environment = process_environment(metrics)
        self._process: asyncio.subprocess.Process | None = None
        self._channel: socket.socket | None = None
        self._untold: Any = None

    @property
    def pid(self) -> int:
        """Of the process that runs, or did last."""
        return self._process.pid if self._process else 0

    async def start(self, start: Any) -> None:
        """Start one and wait until it is ready. Raises `Failed`."""
        self._channel, theirs = channel.pair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *_SAFE,
                "-m",
                f"{__package__}.process",
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=self._environment,
                start_new_session=True,  # Ctrl-C in a terminal is for the supervisor, which ends the others in order
            )
        self._channel.setblocking(False)
        self.tell(start)
        said = await self._hear(self._channel)
        if said != channel.READY:
            raise Failed(said.decode() or f"HTTP process {self.number} ended with {await self.ended()}")
        self.ready = True

    async def ended(self) -> int:
        """The exit code of the process, once it has ended; less than 0 is a signal's number."""
        assert self._process is not None
        assert self._channel is not None
        code = await self._process.wait()
        self.ready = False
        self._channel.close()
        return code

    def deal(self, connection: socket.socket) -> bool:
        """Hand it a copy of the connection, or say that it takes none now."""
        if not self.ready or self._untold is not None or self._channel is None:
            return False
        try:
            channel.send(self._channel, channel.CONNECTION, connection.fileno())
        except OSError:  # it is busy, or it is no more
            return False
        return True

    def tell(self, news: Any) -> None:
        """Hand it what has changed, at once or as soon as it takes it; until then it is dealt nothing."""
        self._untold = news
        self._flush()

    def drain(self) -> None:
        """Tell it that the service is about to stop. One that is too busy to take it stops without having known."""
        if self.ready and self._channel is not None:
            with contextlib.suppress(OSError):
                self._channel.send(channel.DRAIN)

    async def finish(self, seconds: float) -> None:
        """Have it end what it is at, and kill it when that takes longer."""
        if self._process is None or self._channel is None:
            return
        if self.ready:
            with contextlib.suppress(OSError):
                self._channel.shutdown(socket.SHUT_WR)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), seconds)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.ended()

    async def _hear(self, theirs: socket.socket) -> bytes:
        try:
            return await asyncio.get_running_loop().sock_recv(theirs, channel.REASON_BYTES)
        except OSError:
            return b""

    def _flush(self) -> None:
        if self._untold is None or self._channel is None:
            return
        memory = channel.pack(self._untold)
        try:
            channel.send(self._channel, channel.NEWS, memory)
        except (BrokenPipeError, ConnectionResetError):  # it is no more
            self._untold = None
        except OSError:
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._flush)
        else:
            self._untold = None
        finally:
            os.close(memory)
