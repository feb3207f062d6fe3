"""Which Python programs run on: its release, and its libraries', may decide a verdict."""

import platform
import subprocess
from functools import cache
from pathlib import Path

_ASK = """
import importlib.metadata, platform
print(platform.python_version(), *sorted({f"{d.name}=={d.version}" for d in importlib.metadata.distributions()}))
"""
_SECONDS = 60.0


@cache
def release(python: Path | None) -> str:
    """The releases of an interpreter and its libraries; None is this process's without any.

    Empty where it can't be asked, and then it can't run anything either. Takes some tenths of a second, once.
    """
    if python is None:
        return platform.python_version()
    try:
        asked = subprocess.run(
            [python, "-c", _ASK], cwd="/", capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout
