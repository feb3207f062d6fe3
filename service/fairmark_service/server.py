"""uvicorn and uvloop as we run them: the socket, the configuration, the one server of a service with one process."""

import os
import resource
import socket
from pathlib import Path

import uvicorn

from . import url_file
from .gateway import Gateway
from .http import BoundedHead
from .settings import Settings

STOP_SECONDS = 6
"""What requests in flight get to finish in; with what follows, the whole stop takes under ten."""
KEEP_ALIVE_SECONDS = 75
"""Longer than a trainer thinks between two batches on one connection."""
BACKLOG = 4096
DESCRIPTORS = 1 << 16
"""Files and connections one process may hold; many systems start it with 1,024."""


class Server(uvicorn.Server):
    """The server of a service with one process, which says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, at: "Announcement") -> None:
        super().__init__(config)
        self._announcement = at

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announcement.make()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._announcement.withdraw()
        await super().shutdown(sockets)


class Announcement:
    """Where the service is, for people and in the file that was asked for."""

    def __init__(self, settings: Settings, address: str) -> None:
        self._address, self._guarded = address, settings.guarded
        self._file: Path | None = settings.url_file
        self._key = settings.key.get_secret_value() if settings.key is not None else None

    def make(self) -> None:
        """Say it: the service answers from now on."""
        if self._file is not None:
            url_file.write(self._file, self._address, self._key)
        print(banner(self._address, self._guarded), flush=True)

    def withdraw(self) -> None:
        """Take the file away: the service answers no more."""
        if self._file is not None:
            url_file.remove(self._file, self._address, self._key)


def banner(address: str, guarded: bool) -> str:
    """What a person sees: the address, the docs, and a line to try."""
    key = " -H 'Authorization: Bearer '$FAIRMARK_KEY" if guarded else ""
    body = '{"grader": "exact", "samples": [{"sample": "42", "item": {"reference_answer": "42"}}]}'
    return (
        f"\n  fairmark   {address}\n  docs       {address}/docs\n\n"
        f"  curl {address}/v1/grade -H 'Content-Type: application/json'{key} \\\n    -d '{body}'\n"
    )


def configuration(app: Gateway) -> uvicorn.Config:
    """How uvicorn serves the application, in every process."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHead,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, so that it is known before anything starts. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise OSError(f"can't listen on {host} port {port}: {os.strerror(error.errno or 0)}") from None
    return listener


def address(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def raise_descriptor_limit() -> None:
    """Let this process and those it starts hold as many connections as the system allows, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
