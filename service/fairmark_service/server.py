"""uvicorn and uvloop as we run them: the sockets, the configuration, the one server of a service with one process."""

import asyncio
import contextlib
import ctypes
import os
import resource
import signal
import socket
import struct
import time
from collections.abc import Callable
from types import FrameType
from typing import NamedTuple

import uvicorn

from . import url_file
from .gateway import Gateway
from .http import BoundedHead, configuration
from .probes import Probes
from .settings import Settings

STOP_SECONDS = 6
"""What requests in flight get to finish in; with what follows, the whole stop takes under ten."""
KEEP_ALIVE_SECONDS = 75
"""Longer than a trainer thinks between two batches on one connection."""
BACKLOG = 4096
"""Connections that may wait to be accepted; the kernel allows no more (net.core.somaxconn). Beyond it callers take
themselves for connected whom the kernel doesn't know any more: their request is reset seconds later."""
LISTENERS = 4
"""Sockets on one port, each with such a queue of its own, so that 10,000 callers at once have room in them."""
SO_ATTACH_REUSEPORT_CBPF = 51
DESCRIPTORS = 1 << 16
"""Files and connections one process may hold. Many systems start it with 1,024, and some allow it a billion, which
programs that look at each take long for."""


class Sockets(NamedTuple):
    """What a service listens on, bound and not listening yet, so that addresses are known before anything starts."""

    main: socket.socket
    probes: socket.socket | None


class Announcement:
    """Where the service is: printed for people, and in the file that was asked for."""

    def __init__(self, settings: Settings, sockets: Sockets) -> None:
        """Made last, when nothing else keeps the service from starting: from here on the file is its own.

        Raises `OSError` when the file can't be written.
        """
        self._address, self._guarded = address(sockets.main), settings.guarded
        self._probes = address(sockets.probes) if sockets.probes else None
        self._file, self._key = settings.url_file, settings.key.get_secret_value() if settings.key else None
        if self._file is not None:
            url_file.claim(self._file)

    def make(self) -> None:
        """The service answers from now on. Raises `OSError` when the file can't be written any more."""
        if self._file is not None:
            url_file.write(self._file, self._address, self._key)
        print(banner(self._address, self._probes, self._guarded), flush=True)

    def withdraw(self) -> None:
        """The service takes no new connections."""
        if self._file is not None:
            url_file.remove(self._file, self._address, self._key)


class Server(uvicorn.Server):
    """The server of a service with one process."""

    def __init__(
        self,
        config: uvicorn.Config,
        announcement: Announcement,
        probes: Probes | None,
        stopping: Callable[[], None],
        drain_seconds: float,
    ) -> None:
        """`stopping` is called when no new caller should come, before those that are here or come yet are finished."""
        super().__init__(config)
        self._announcement, self._probes, self._stopping = announcement, probes, stopping
        self._drain_seconds, self._hurried = drain_seconds, False
        self._failure: OSError | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super().serve(sockets)
        if self._failure:
            raise self._failure

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._probes:
            await self._probes.start()
        await super().startup(sockets)
        for listener in sockets or []:
            await self._listen_beside(listener)
        try:
            self._announcement.make()
        except OSError as error:  # raised when all has stopped; now it would leave what was started where it is
            self._failure, self.should_exit, self._hurried = error, True, True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        self._announcement.withdraw()
        await self._drain()
        await super().shutdown(sockets)
        if self._probes:
            await self._probes.stop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain after a SIGTERM alone: a person at a keyboard doesn't want to wait."""
        self._hurried = self.should_exit or sig != signal.SIGTERM
        super().handle_exit(sig, frame)

    async def _listen_beside(self, first: socket.socket) -> None:
        """Not before the first listens, alone: a program that came between would be dealt connections as one of us."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # where the system can't, one queue has to do
            for listener in beside(first):
                self.servers.append(await loop.create_server(lambda: protocol(self), sock=listener, backlog=BACKLOG))
            keep_to_the_first(first)

    async def _drain(self) -> None:
        end_connections(self)
        end = time.monotonic() + self._drain_seconds
        while not self._hurried and time.monotonic() < end:  # noqa: ASYNC110 - what ends it is a signal handler
            await asyncio.sleep(0.05)


def end_connections(server: uvicorn.Server) -> None:
    """Have every connection end with its next answer, so that its caller opens another, elsewhere."""
    header = (b"connection", b"close")
    server.server_state.default_headers.append(header)
    server.config.encoded_headers.append(header)  # of which the former are made anew each second


def serving(app: Gateway) -> uvicorn.Config:
    """How every process serves the application."""
    return configuration(
        app,
        BoundedHead,
        loop="uvloop",
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def bind(settings: Settings) -> Sockets:
    """The sockets that the settings ask for. Raises `OSError`."""
    probes = None if settings.probe_port is None else _bound(settings.host, settings.probe_port)
    return Sockets(_bound(settings.host, settings.port), probes)


def protocol(server: uvicorn.Server) -> asyncio.Protocol:
    """What speaks on one connection."""
    made: asyncio.Protocol = server.config.http_protocol_class(  # type: ignore[call-arg]
        config=server.config, server_state=server.server_state, app_state=server.lifespan.state
    )
    return made


def beside(listener: socket.socket) -> list[socket.socket]:
    """Others on the port of a socket that listens. Raises `OSError`."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    host, port = listener.getsockname()[:2]
    return [_bound(host, port, shared=True) for _ in range(LISTENERS - 1)]


def keep_to_the_first(listener: socket.socket) -> None:
    """Deal connections to the first `LISTENERS` sockets on its port, by a die. Raises `OSError`.

    Any program of the same user may put another one there by SO_REUSEPORT, without an error: vLLM does, and has our
    port by default. The kernel would deal it a share of our callers; now it gets none.
    """
    program = (
        struct.pack("=HBBI", 0x20, 0, 0, 0xFFFFF000 + 56)  # load a random number: BPF_LD | BPF_ABS, SKF_AD_RANDOM
        + struct.pack("=HBBI", 0x94, 0, 0, LISTENERS)  # modulo: BPF_ALU | BPF_MOD
        + struct.pack("=HBBI", 0x16, 0, 0, 0)  # that is the socket: BPF_RET | BPF_A
    )
    memory = ctypes.create_string_buffer(program)
    sock_fprog = struct.pack("@HP", len(program) // 8, ctypes.addressof(memory))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, sock_fprog)


def _bound(host: str, port: int, *, shared: bool = False) -> socket.socket:
    listener = socket.socket(family(host), socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"can't listen on {host} port {port}: {os.strerror(error.errno or 0)}") from None
    return listener


def family(host: str) -> socket.AddressFamily:
    """What connections to this host are."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def address(listener: socket.socket) -> str:
    """The URL of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def banner(address: str, probes: str | None, guarded: bool) -> str:
    """What a person sees: the address, the docs, and a line to try."""
    key = " -H 'Authorization: Bearer '$FAIRMARK_KEY" if guarded else ""
    body = '{"grader": "exact", "samples": [{"sample": "42", "item": {"reference_answer": "42"}}]}'
    beside = f"  probes     {probes}/readyz\n" if probes else ""
    return (
        f"\n  fairmark   {address}\n  docs       {address}/docs\n{beside}\n"
        f"  curl {address}/v1/grade -H 'Content-Type: application/json'{key} \\\n    -d '{body}'\n"
    )


def raise_descriptor_limit() -> None:
    """Let this process and those it starts hold as many connections as the system allows, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
