"""What every test may use."""

import gc
import os
import signal
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

# However long a busy machine takes for an example. In CI it is Hypothesis' own profile: the same examples each time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if "CI" not in os.environ:
    settings.load_profile("patient")

# What another imports comes before it, or its asserts say nothing when they fail.
pytest_plugins = ["tests.gated", "tests.processes", "tests.running", "tests.valkey", "tests.prometheus"]


def pytest_configure() -> None:
    """A run in a shell's background ignores Ctrl-C, and so would every program that a test starts and interrupts.

    SIGTERM to the run alone would leave behind the services that its tests have started.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Spares every collection of garbage the million objects of what is imported and collected by now: 0.5 s each."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def wait_until() -> Callable[..., None]:
    """Waits for a condition to hold; fails when it doesn't within a minute."""

    def wait(condition: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    return wait
