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

KEY = "fake-key-for-load-tests-only"
START_SECONDS = 30
STOP_SECONDS = 10

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, DRIVER_CORE = CORES[0], CORES[-1]
"""The same core on a machine that has only one; ratios of rates mean little there, those of CPU time still do."""


class Server(NamedTuple):
    """A server that answers on a loopback port."""

    name: str
    pid: int
    port: int

    def cpu(self) -> float:
        """Seconds of CPU time its process has used, threads included and children not."""
        return time.clock_gettime(
            (~self.pid << 3) | 2
        )  # Linux's id of another process's CPU clock, as in clock_getcpuclockid(3)


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
    port = _free_port()
    command = ["fairmark_service", "--port", str(port), *options]
    with pinned(*cores), _running("fairmark", command, port, environment) as server:
        yield server


@contextlib.contextmanager
def bare() -> Iterator[Server]:
    """The bare application of bare.py."""
    port = _free_port()
    with pinned(SERVER_CORE), _running("bare", ["loadtests.bare", str(port)], port, dict(os.environ)) as server:
        yield server


@contextlib.contextmanager
def _running(name: str, module: list[str], port: int, environment: dict[str, str]) -> Iterator[Server]:
    process = subprocess.Popen([sys.executable, "-m", *module], env=environment, stdout=subprocess.DEVNULL)
    try:
        _await_answer(name, process, port)
        yield Server(name, process.pid, port)
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
