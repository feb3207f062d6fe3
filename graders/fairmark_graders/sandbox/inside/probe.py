"""Mode `probe`: tries what no program may do, so that a sandbox that lets it is refused at its start.

The result lists what succeeded, as JSON; it should be empty.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any


def run(job: dict[str, Any], result_fd: int, progress_fd: int) -> int:
    """0; what could be done that shouldn't is in the result."""
    attempts: dict[str, Callable[[], object]] = {
        "read /etc/passwd": lambda: _open("/etc/passwd"),
        "read /proc/self/environ": lambda: _open("/proc/self/environ"),
        "write to /dev/shm": lambda: _open("/dev/shm/fairmark-probe", os.O_CREAT | os.O_WRONLY),
        "open a socket": socket.socket,
        "start a process": os.fork,
        "send a signal": lambda: os.kill(os.getppid(), 0),
    }
    done = [name for name, attempt in attempts.items() if _succeeds(attempt)]
    done += [] if _imports() else ["not import its own standard library"]
    os.write(result_fd, json.dumps(done).encode())
    return 0


def _open(path: str, flags: int = os.O_RDONLY) -> None:
    os.close(os.open(path, flags))


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _imports() -> bool:
    """Whether a module can be found that the zygote hasn't loaded."""
    sys.modules.pop("colorsys", None)
    try:
        __import__("colorsys")
    except (ImportError, OSError):
        return False
    return True
