"""Sandboxes in the worlds that they have to stand in."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from fairmark_graders.sandbox import Sandbox

SYSTEM_PYTHON = "/usr/bin/python3"
"""One that every user may execute; the tests' own may lie in a home that is closed to others."""
WORLDS = {"own": None, "user": ("user", 1000), "pod": ("pod", 1000), "root's pod": ("pod", 0)}
"""As these tests run; an ordinary user; an ordinary user and root in a pod without capabilities."""


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def python_in(tmp_path: Path) -> Callable[[str], Path | None]:
    """An interpreter that starts in one of the worlds."""

    def wrapped(world: str) -> Path | None:
        if (how := WORLDS[world]) is None:
            return None
        if os.geteuid():
            pytest.skip("only root can become somebody else")
        script = tmp_path / "python"
        launcher = Path(__file__).with_name("pod.py")
        script.write_text(f'#!/bin/sh\nexec {SYSTEM_PYTHON} {launcher} {how[0]} {how[1]} {SYSTEM_PYTHON} "$@"\n')
        script.chmod(0o755)
        return script

    return wrapped


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(size=1)
    yield made
    await made.close()


@pytest.fixture(params=WORLDS)
async def anywhere(request: pytest.FixtureRequest, python_in: Callable[[str], Path | None]) -> AsyncIterator[Sandbox]:
    """A sandbox in each of the worlds."""
    made = Sandbox(size=1, python=python_in(request.param))
    yield made
    await made.close()
