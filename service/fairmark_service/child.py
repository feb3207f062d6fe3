"""One HTTP process as its supervisor sees it."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairmark_graders import FairmarkError

from . import channel
from .settings import process_environment

START_SECONDS = 300
"""What it gets to be ready in: the imports of operators' functions may take minutes, and who hangs then never ends."""
RETRY_SECONDS = 0.005
"""When to try again to tell a process that takes no more for now."""
_SAFE = ["-P"] if sys.flags.safe_path else []


class Failed(FairmarkError):
    """The process wasn't ready in time, or ended before."""


class Child:
    """The process in one place; when it has ended, another can be started there."""

    def __init__(self, number: int, metrics: Path) -> None:
        self.number, self.ready = number, False
        self.unheard = 0
        """How often it was looked for, in vain, since it last said that its loop turns."""
        self._environment = process_environment(metrics)
        self._process: asyncio.subprocess.Process | None = None
        self._channel, self._theirs = channel.pair()
        self._untold: int | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs, or did last."""
        return self._process.pid if self._process else 0

    async def start(self, start: Any, seconds: float = START_SECONDS) -> None:
        """Start one and wait until it is ready. Raises `Failed`; what hangs is killed."""
        self._end_channel()
        self._channel, self._theirs = channel.pair()
        self._channel.setblocking(False)
        self.tell(start)  # before there is a process, so that no other news comes first
        try:
            self._process = await self._begun()
        except OSError as error:
            raise Failed(f"HTTP process {self.number} can't be started: {error.strerror}") from None
        try:
            said = await asyncio.wait_for(self._first_word(), seconds)
        except TimeoutError:
            self.kill()
            raise Failed(f"HTTP process {self.number} was not ready after {seconds} s, and is killed") from None
        if said != channel.READY:
            raise Failed(said.decode(errors="replace") or f"HTTP process {self.number} ended with {await self.ended()}")
        self.ready, self.unheard = True, 0
        asyncio.get_running_loop().add_reader(self._channel, self._hear)

    async def ended(self) -> int:
        """The exit code of the process, once it has ended; less than 0 is a signal's number."""
        assert self._process is not None
        code = await self._process.wait()
        self.ready = False
        return code

    def left(self) -> Iterator[int]:
        """The connections that it was dealt and hadn't picked up when it ended."""
        return channel.left(self._theirs)

    def deal(self, connection: int) -> bool:
        """Hand it a copy of the connection, or say that it takes none now."""
        if not self.ready or self._untold is not None:
            return False
        try:
            channel.send(self._channel, channel.CONNECTION, connection)
        except OSError:  # it is busy
            return False
        return True

    def tell(self, news: Any) -> None:
        """Hand it what has changed, at once or as soon as it takes it; until then it is dealt nothing."""
        self._forget()
        self._untold = channel.pack(news)
        self._flush()

    def kill(self) -> None:
        """End it at once."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def finish(self, seconds: float) -> None:
        """Have it end what it is at, and kill it when that takes longer."""
        if self._process is None:
            return
        if self.ready:
            self._channel.shutdown(socket.SHUT_WR)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), seconds)
        self.kill()
        await self.ended()
        self._end_channel()

    async def _begun(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *_SAFE,
            "-m",
            f"{__package__}.process",
            str(self._theirs.fileno()),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=[self._theirs.fileno()],
            env=self._environment,
            start_new_session=True,  # Ctrl-C in a terminal is for the supervisor, which ends the others in order
        )

    async def _first_word(self) -> bytes:
        """What it says first, which is nothing when it ends without a word."""
        hearing = asyncio.ensure_future(asyncio.get_running_loop().sock_recv(self._channel, channel.REASON_BYTES))
        ending = asyncio.ensure_future(self.ended())
        try:
            await asyncio.wait((hearing, ending), return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                self._theirs.shutdown(socket.SHUT_WR)
            return await hearing
        finally:
            hearing.cancel()
            ending.cancel()

    def _hear(self) -> None:
        self._channel.recv(channel.REASON_BYTES)
        self.unheard = 0

    def _flush(self) -> None:
        if self._untold is None:
            return
        try:
            channel.send(self._channel, channel.NEWS, self._untold)
        except OSError:  # it is busy, or no more: who comes in its place is told at its start
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._flush)
        else:
            self._forget()

    def _forget(self) -> None:
        if self._untold is not None:
            os.close(self._untold)
        self._untold = None

    def _end_channel(self) -> None:
        self._forget()
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()
        self._theirs.close()
