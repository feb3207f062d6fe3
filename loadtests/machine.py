"""What figures depend on and a reader may know: no host name, no path."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

_LIBRARIES = (
    *("uvicorn", "uvloop", "httptools", "orjson", "msgspec", "pydantic"),
    *("math-verify", "sympy", "python-flint"),
)


def facts() -> dict[str, str | int]:
    """The machine, the versions and the commit."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in _LIBRARIES},
        "commit": _commit(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")


def _commit() -> str:
    """The commit, with a + when the tree differs from it."""
    asked = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(
            asked, capture_output=True, text=True, check=True, cwd=Path(__file__).parent
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
