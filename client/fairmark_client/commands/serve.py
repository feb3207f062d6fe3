"""`fairmark serve`: becomes the service's own process."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from .console import fail

_NEEDS = ("fastapi", "prometheus_client", "uvicorn")
"""What the service extra brings and no other; the client itself may import none of it, nor the service."""


def serve(options: Sequence[str]) -> None:
    """Replace this process by the service's, which gets all the options; signals then reach it directly."""
    missing = [name for name in _NEEDS if find_spec(name) is None]
    if missing:
        fail(f"the service needs {', '.join(missing)}: pip install 'fairmark[service]'")
    os.execv(sys.executable, [sys.executable, "-m", "fairmark_service", *options])
