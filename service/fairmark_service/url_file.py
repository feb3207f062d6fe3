"""A file that says where the service answers and with which key: on a job's nodes neither is known beforehand.

It holds two lines, which a shell can source and systemd can read as an EnvironmentFile:

    FAIRMARK_URL=http://127.0.0.1:40213
    FAIRMARK_KEY=…

Where callers have keys of their own (`--keys`) there is no second line. The file is there while the service answers:
a stale one is taken away before the service warms up, since by now somebody else may listen where it leads.
"""

import os
import shlex
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit


def claim(path: Path) -> None:
    """Take away a stale file, and find out before the service starts whether one can be written. Raises `OSError`."""
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from None


def write(path: Path, url: str, key: str | None) -> None:
    """Write the address and the key where nobody reads half of them, and only the owner reads any. Raises `OSError`."""
    try:
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # has mode 600 from the start
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(_text(url, key))
            os.replace(beside, path)
        except OSError:
            os.unlink(beside)
            raise
    except OSError as error:
        raise _refused(path, error) from None


def remove(path: Path, url: str, key: str | None) -> None:
    """Take the file away if it still holds what `write` was given, and not what another service has written since."""
    with suppress(OSError, UnicodeDecodeError):
        if path.read_text() == _text(url, key):
            path.unlink()


def _text(url: str, key: str | None) -> str:
    lines = {"FAIRMARK_URL": _from_other_nodes(url)} | ({"FAIRMARK_KEY": key} if key else {})
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in lines.items())


def _from_other_nodes(url: str) -> str:
    """Who listens on all addresses is called by this node's name: `0.0.0.0` leads each caller to his own node."""
    parts = urlsplit(url)
    if parts.hostname not in ("0.0.0.0", "::"):
        return url
    return parts._replace(netloc=f"{socket.gethostname()}:{parts.port}").geturl()


def _refused(path: Path, error: OSError) -> OSError:
    return OSError(f"--url-file: can't write {path.name} in {path.parent}: {error.strerror}")
