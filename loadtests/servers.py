"""Servers under test: each a process of its own, pinned to one core while the driver has another."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from .backlog import queued
from .family import cpu_seconds, own_seconds, resident_bytes

KEY = "fake-key-for-load-tests-only"
START_SECONDS = 30
STOP_SECONDS = 10

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, DRIVER_CORE = CORES[0], CORES[-1]
"""The same core on a machine that has only one; ratios of rates mean little there, those of CPU time still do."""


class Server(NamedTuple):
    """A server under test: a process of ours on loopback, or whatever answers at an address."""

    name: str
    port: int
    pid: int | None = None
    """Of ours."""
    host: str = "127.0.0.1"
    tls: bool = False
    key: str = KEY
    probe_port: int | None = None

    @classmethod
    def at(cls, url: str, key: str) -> "Server":
        """Somebody's own service. Raises `ValueError`."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"expected an address such as http://127.0.0.1:8000, got {url!r}")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), None, parts.hostname, tls, key)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @property
    def probes(self) -> "Server | None":
        """Its probe port, where we have opened it."""
        return self._replace(port=self.probe_port) if self.probe_port else None

    @property
    def loopback(self) -> bool:
        return self.host == "127.0.0.1"

    @property
    def head(self) -> bytes:
        """The header lines of every request."""
        return f"Host: {self.host}\r\nAuthorization: Bearer {self.key}\r\n".encode()

    def cpu(self) -> float:
        """Seconds of CPU time its process has used, threads included and children not."""
        return 0.0 if self.pid is None else own_seconds(self.pid)

    def cpu_with_children(self) -> float:
        """Seconds of CPU time that it and all it has started have used."""
        return 0.0 if self.pid is None else cpu_seconds(self.pid)

    def backlog(self) -> int:
        """Connections made that it hasn't accepted yet, in the queues of all sockets that listen on its port."""
        return 0 if self.pid is None else queued(self.port)

    def resident(self) -> int:
        """Bytes that it and all it has started hold."""
        return 0 if self.pid is None else resident_bytes(self.pid)


@contextlib.contextmanager
def pinned(*cores: int) -> Iterator[None]:
    """Run on these cores, as do the processes started meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def service(*options: str, cores: Collection[int] = (SERVER_CORE,)) -> Iterator[Server]:
    """The service with its shipped catalog, keyed, with metrics on as always."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAIRMARK_")}
    environment |= {"FAIRMARK_KEY": KEY, "FAIRMARK_LOG_LEVEL": "warning"}
    port, probe_port = free_port(), free_port()
    command = ["fairmark_service", "--port", str(port), "--probe-port", str(probe_port), *options]
    with running("fairmark", command, port, environment, cores) as server:
        yield server._replace(probe_port=probe_port)


@contextlib.contextmanager
def bare() -> Iterator[Server]:
    """The bare application of bare.py."""
    port = free_port()
    with running("bare", ["loadtests.bare", str(port)], port, dict(os.environ)) as server:
        yield server


@contextlib.contextmanager
def running(
    name: str, module: list[str], port: int, environment: dict[str, str], cores: Collection[int] = (SERVER_CORE,)
) -> Iterator[Server]:
    """A module as a program that answers on this port."""
    with pinned(*cores):  # for its start alone: the driver stays where it is
        process = subprocess.Popen([sys.executable, "-m", *module], env=environment, stdout=subprocess.DEVNULL)
    try:
        _await_answer(name, process, port)
        yield Server(name, port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_answer(name: str, process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _ready(port):
        if process.poll() is not None:
            raise SystemExit(f"{name} ended with {process.returncode} before it answered")
        if time.monotonic() > deadline:
            raise SystemExit(f"{name} did not answer within {START_SECONDS} s")
        time.sleep(0.05)


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
