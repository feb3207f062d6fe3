"""What lies outside the sandbox and is to stay as it is: files, listeners, a stranger's process, a secret."""

import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import fairmark_graders

_UNTOUCHED = "untouched"


class Outside:
    """Everything here is open to every user of this machine, so that walls keep programs off it and not file modes."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.secret = secrets.token_hex(16)
        self._folder = folder
        self._file, self._secret_file = folder / "file", folder / "secret"
        self._file.write_text(_UNTOUCHED)
        self._secret_file.write_text(self.secret)
        for path in (folder, self._file, self._secret_file):
            path.chmod(0o777)
        self._stranger = subprocess.Popen(["sleep", "3600"])
        stack.callback(_end, self._stranger)
        self._listeners = {
            "TCP_PORT": _listener(stack, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "UDP_PORT": _listener(stack, socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "SOCKET": _listener(stack, socket.AF_UNIX, socket.SOCK_STREAM, f"{folder}/stream"),
            "SOCKET_DATAGRAM": _listener(stack, socket.AF_UNIX, socket.SOCK_DGRAM, f"{folder}/datagram"),
            "ABSTRACT": _listener(stack, socket.AF_UNIX, socket.SOCK_STREAM, f"\0fairmark-{self.secret[:8]}"),
        }
        self._names_there = set(os.listdir(folder))

    def names(self) -> dict[str, object]:
        """What an attack is told, so that it knows where to aim."""
        return {
            "OUTSIDE": str(self._folder),
            "OUTSIDE_FILE": str(self._file),
            "SECRET": str(self._secret_file),
            "SERVICE_SOURCE": fairmark_graders.__file__,
            "SERVICE": os.getpid(),
            "STRANGER": self._stranger.pid,
            **{name: _address(listener) for name, listener in self._listeners.items()},
        }

    def disturbed(self) -> list[str]:
        """What is no longer as it was."""
        state = Path(f"/proc/{self._stranger.pid}/stat").read_text().rpartition(") ")[2][0]
        facts = {
            "a file was changed": self._file.read_text() != _UNTOUCHED,
            "files were made or removed": set(os.listdir(self._folder)) != self._names_there,
            "the stranger's process was ended or stopped": state != "S",
            **{f"{name} was reached": _reached(listener) for name, listener in self._listeners.items()},
        }
        return [fact for fact, holds in facts.items() if holds]


@contextmanager
def outside() -> Iterator[Outside]:
    """Not below pytest's temporary directory, which other users can't enter."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="outside-"))
        yield Outside(Path(folder), stack)


def _listener(
    stack: ExitStack, family: socket.AddressFamily, kind: socket.SocketKind, address: str | tuple[str, int]
) -> socket.socket:
    listener = stack.enter_context(socket.socket(family, kind))
    listener.bind(address)
    if kind == socket.SOCK_STREAM:
        listener.listen()
    if isinstance(address, str) and address.startswith("/"):
        os.chmod(address, 0o777)
    listener.setblocking(False)
    return listener


def _address(listener: socket.socket) -> str | int:
    """A port, a path, or an abstract name without its zero byte."""
    address = listener.getsockname()
    if isinstance(address, tuple):
        port: int = address[1]
        return port
    return address.decode().lstrip("\0") if isinstance(address, bytes) else str(address)


def _reached(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(1)
    except BlockingIOError:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
