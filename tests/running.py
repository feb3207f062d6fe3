"""A real service in a process of its own, as users run it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Queue
from urllib.parse import urlsplit

import httpx
import pytest

START_SECONDS = 60


class Running:
    """One service process; `url` is where it answers, `log` what it has logged so far."""

    def __init__(self, *options: str, before: Sequence[str] = (), **environment: str) -> None:
        """`before` is a command that starts the service in its own place."""
        command = [*before, sys.executable, "-m", "fairmark_service", "--port", "0", *options]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={key: value for key, value in os.environ.items() if not key.startswith("FAIRMARK_")} | environment,
        )
        self.log: list[str] = []
        self.printed: list[str] = []
        addresses: Queue[str] = Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.printed, addresses)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.log, addresses)),
        ]
        for reader in self._readers:
            reader.start()
        try:
            self.url = addresses.get(timeout=START_SECONDS)
        except BaseException:  # whoever ends the run now has nothing to stop
            self.process.kill()
            raise
        if not self.url:
            self.stop()
        assert self.url, "".join(self.log)

    def _read(self, stream: object, lines: list[str], addresses: "Queue[str]") -> None:
        for line in stream:  # type: ignore[attr-defined]
            lines.append(line)
            if found := re.match(r"  fairmark +(http\S+)", line):
                addresses.put(found[1])
        addresses.put("")

    @property
    def probes(self) -> str:
        """Where its second port answers."""
        found = re.search(r"^  probes +(http://[^/]+)", "".join(self.printed), re.MULTILINE)
        assert found, self.printed
        return found[1]

    @property
    def listens(self) -> bool:
        """Whether it takes new connections."""
        address = urlsplit(self.url)
        with socket.socket() as probe:
            return probe.connect_ex((address.hostname, address.port)) == 0

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """The answer to one JSON body."""
        return httpx.post(self.url + path, json=body, headers=headers, timeout=60)

    def metric(self, line: str) -> float:
        """The value of one line of the metrics, 0 while there is none."""
        found = re.search(rf"^{re.escape(line)} (\S+)$", httpx.get(f"{self.url}/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20) -> int:
        """End the process; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()
        return code


Serve = Callable[..., Running]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts services that end with the test; options as on the command line, variables as keywords."""
    started: list[Running] = []

    def start(*options: str | Path, before: Sequence[str] = (), **environment: str) -> Running:
        started.append(Running(*map(str, options), before=before, **environment))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    """One service with the shipped catalog, shared by every test that doesn't change it."""
    running = Running()
    yield running
    running.stop()
