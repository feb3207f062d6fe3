"""One of several HTTP processes: `python -m fairmark_service.process CHANNEL`, started by the supervisor alone.

Settings, graders and keys come over the channel, where neither a list of processes nor the environment shows them.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import uvicorn

from fairmark_graders import FairmarkError

from . import channel, logs, server
from .app import Service
from .loading import Handed, Loaded
from .probes import TURN_SECONDS
from .settings import Settings

log = logging.getLogger("fairmark.process")


class News(NamedTuple):
    """All that may change while a process runs."""

    loaded: Loaded
    draining: bool = False
    """Whether no new caller should come."""


class Start(NamedTuple):
    """What a process is started with."""

    settings: Settings
    shared: Path
    news: News


class Server(uvicorn.Server):
    """Serves the connections it is dealt, until no more can come."""

    def __init__(
        self,
        config: uvicorn.Config,
        supervisor: socket.socket,
        family: socket.AddressFamily,
        rules: Handed,
        news: News,
        stopping: Callable[[], None],
    ) -> None:
        """`stopping` is called when no new caller should come."""
        super().__init__(config)
        self._family = family
        self._supervisor, self._rules, self._stopping = supervisor, rules, stopping
        self._news, self._draining = news, False
        self._opening: set[asyncio.Task[object]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        self._take_up(self._news)
        self._supervisor.setblocking(False)
        asyncio.get_running_loop().add_reader(self._supervisor, self._receive)
        self._say_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Nothing: who signals all processes signals the supervisor, and that stops dealing first."""

    def _say_ready(self) -> None:
        with contextlib.suppress(OSError):  # it hasn't read what was said before, or is gone
            self._supervisor.send(channel.READY)
        asyncio.get_running_loop().call_later(TURN_SECONDS, self._say_ready)

    def _receive(self) -> None:
        """Take one message up: the loop comes back for the next, and has looked at its other connections by then."""
        try:
            message = channel.receive(self._supervisor)
        except OSError as error:
            log.error("%s", error)
            return
        if message.kind == channel.CONNECTION:
            self._open(message.descriptor)
        elif message.kind == channel.NEWS:
            self._read(message.descriptor)
        else:
            self._finish()

    def _read(self, news: int) -> None:
        """Take news up; without them a key that is revoked would go on opening this process."""
        if news < 0:
            log.error("news was lost: this process has too many open files, and ends for another that is told all")
            self._finish()
        else:
            self._take_up(channel.unpack(news))

    def _finish(self) -> None:
        """Take nothing more: what is still dealt goes to others when this process has ended."""
        asyncio.get_running_loop().remove_reader(self._supervisor)
        self._drain()
        self.should_exit = True

    def _take_up(self, news: News) -> None:
        self._rules.take_up(news.loaded)
        if news.draining:
            self._drain()

    def _drain(self) -> None:
        if not self._draining:
            self._draining = True
            self._stopping()
            server.end_connections(self)

    def _open(self, descriptor: int) -> None:
        if descriptor < 0:
            log.error("a connection was lost: this process has too many open files")
            return
        loop = asyncio.get_running_loop()
        # Told what it is, Python doesn't ask the kernel in three calls.
        connection = socket.socket(self._family, socket.SOCK_STREAM, 0, descriptor)
        opening = loop.create_task(loop.connect_accepted_socket(lambda: server.protocol(self), connection))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)


def serve(supervisor: socket.socket, start: Start) -> None:
    """Serve until the channel ends. Raises what keeps it from starting."""
    rules = Handed(start.settings, start.news.loaded)
    service = Service(start.settings, rules, start.shared)
    family = server.family(start.settings.host)
    config = server.serving(service.gateway)
    Server(config, supervisor, family, rules, start.news, service.stopping).run()


def main() -> None:
    """Serve what the supervisor deals."""
    supervisor = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(supervisor.fileno(), False)
    message = channel.receive(supervisor)
    if not message.kind:  # the supervisor is gone
        return
    start: Start = channel.unpack(message.descriptor)
    logs.set_up(start.settings.log_level)
    try:
        serve(supervisor, start)
    except (FairmarkError, OSError, ValueError) as error:
        supervisor.send(str(error).encode()[: channel.REASON_BYTES])
        sys.exit(1)


if __name__ == "__main__":
    main()
