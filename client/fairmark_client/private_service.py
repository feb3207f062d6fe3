"""One private service for all the programs of a user on this machine, when no URL is configured.

Whoever needs it calls `address()`. The first caller starts it, the others find it, and it ends when the last of them
has ended, however that ended. Three files in a folder that only the user can enter keep this straight, by locks that
the kernel drops with the process that holds them:

    users    every program that uses the service shares this lock for as long as it lives; the service waits to have
             it alone, and then ends. A program that comes while the service is ending waits, and starts the next one.
    starter  held while looking for the service or starting it, so that one is started however many ranks ask
    address  URL and key, mode 0600; the service holds its lock, so an address without one is stale

`serve(FOLDER)` is the service's process: it runs `fairmark_service` as a program, and watches `users` in a thread.
A different Python, fairmark or setting of the service has a folder of its own.
"""

import fcntl
import hashlib
import json
import os
import runpy
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import httpx

from fairmark_graders import __version__

from . import environment
from .address import Address
from .errors import NoService

START_SECONDS = 120.0
"""A start takes seconds; a minute where all the ranks of a node load their models at the same time."""
STOP_SECONDS = 15.0
LOG_TAIL = 2_000
OUR_OWN = {
    "FAIRMARK_ALLOW_VERSION_CHANGE",
    "FAIRMARK_EXPLAIN",
    "FAIRMARK_GRADER",
    "FAIRMARK_KEY",
    "FAIRMARK_MAX_UNGRADABLE_SHARE",
    "FAIRMARK_REFERENCE",
    "FAIRMARK_RUN",
    "FAIRMARK_TIMEOUT_SECONDS",
    "FAIRMARK_URL",
}
"""Variables that say nothing about the service: programs that differ in them share one."""

PROGRAM = "import sys; from fairmark_client.private_service import serve; serve(sys.argv[1])"


_started: list[subprocess.Popen[bytes]] = []


def address() -> Address:
    """Where the private service is ready; started when there is none. Raises `NoService` when it can't be."""
    folder = _folder()
    _join(folder)
    with _locked(folder / "starter"):
        if _running(folder) is None:
            _start(folder)
        return _ready(folder)


def serve(path: str) -> None:
    """Runs the service of a folder in this process, until nobody holds `users` any more."""
    folder = Path(path)
    with (folder / "address").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        port, key = _free_port(), secrets.token_urlsafe(32)
        file.write(json.dumps(Address(f"http://127.0.0.1:{port}", key)))
        file.flush()
        for name in ("FAIRMARK_KEYS", "FAIRMARK_OPEN", "FAIRMARK_PROBE_PORT", "FAIRMARK_URL_FILE"):
            os.environ.pop(name, None)
        os.environ.update(FAIRMARK_HOST="127.0.0.1", FAIRMARK_PORT=str(port), FAIRMARK_KEY=key)
        threading.Thread(target=_end_with_users, args=[folder], daemon=True).start()
        sys.argv = ["fairmark_service"]
        runpy.run_module("fairmark_service", run_name="__main__", alter_sys=True)


def _end_with_users(folder: Path) -> None:
    with (folder / "users").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os._exit(1)


@cache
def _join(folder: Path) -> IO[bytes]:
    """The lock that keeps the service up; the cache holds it until this process is gone."""
    file = (folder / "users").open("ab")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _running(folder: Path) -> Address | None:
    """The address of a process that is alive, if not ready yet."""
    with open(folder / "address", "a+", opener=partial(os.open, mode=0o600)) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            text = file.read()
            return Address(*json.loads(text)) if text else Address("", None)
    return None


def _start(folder: Path) -> None:
    missing = [name for name in ("fastapi", "msgspec", "uvicorn") if find_spec(name) is None]
    if missing:
        raise NoService(
            f"no service to grade with: set FAIRMARK_URL to a running one, or pip install 'fairmark[service]' so that "
            f"a private one can be started here ({', '.join(missing)} is missing)"
        )
    # Empty until its service writes it: what stands there may be another program's port by now.
    os.truncate(folder / "address", 0)
    # -P: a file of the trainer's folder must not stand in for a module of the service. The session of its own keeps
    # Ctrl-C in a terminal from ending the service before the trainers that still grade with it.
    command = [sys.executable, "-P", "-c", PROGRAM, str(folder)]
    with (folder / "log").open("wb") as log:
        _started.append(
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        )


def _ready(folder: Path) -> Address:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = _running(folder)
        if found and found.url and _answers(found):
            return found
        if found is None and (not _started or _started[-1].poll() is not None):
            break
        time.sleep(0.05)
    tail = (folder / "log").read_text(errors="replace")[-LOG_TAIL:]
    raise NoService(f"the private service didn't start; its log, {folder / 'log'}, ends with:\n{tail}")


def _answers(found: Address) -> bool:
    try:
        return httpx.get(f"{found.url}/readyz", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _folder() -> Path:
    """The folder for this Python, fairmark and settings, made if missing, and closed to everybody else."""
    names = {name for name in os.environ if name.startswith("FAIRMARK_")} - OUR_OWN
    settings = {name: os.environ[name] for name in names}
    if catalog := environment.text("FAIRMARK_CATALOG"):
        settings["FAIRMARK_CATALOG"] = os.path.abspath(catalog)
    identity = json.dumps([__version__, sys.executable, settings], sort_keys=True)
    base = _base()
    base.mkdir(mode=0o700, exist_ok=True)
    found = base.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077 or not base.is_dir() or base.is_symlink():
        raise NoService(f"{base}: expected a folder of yours that nobody else can enter (mode 700)")
    folder = base / hashlib.sha256(identity.encode()).hexdigest()[:16]
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _base() -> Path:
    runtime = environment.text("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / "fairmark"
    return Path(tempfile.gettempdir()) / f"fairmark-{os.getuid()}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
