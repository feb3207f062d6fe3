"""A process that hangs is ended, and one that only seems to isn't."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.waiting import wait_until

from fairmark_service.child import Child
from fairmark_service.loading import Files
from fairmark_service.process import News, Start
from fairmark_service.settings import Settings
from fairmark_service.supervisor import end_hung

pytestmark = pytest.mark.anyio


@pytest.fixture
async def child(tmp_path: Path) -> AsyncIterator[Child]:
    """One HTTP process that is looked for every second and may be missed twice."""
    (tmp_path / "metrics").mkdir()
    settings = Settings(_env_prefix="NOBODYS_")
    child = Child(1, tmp_path / "metrics")
    await child.start(Start(settings, tmp_path, News(Files(settings).loaded)))
    looking = asyncio.create_task(end_hung([child], looks=2))
    yield child
    looking.cancel()
    await child.finish(10)


async def test_a_process_whose_loop_stands_still_is_killed(child: Child) -> None:
    os.kill(child.pid, signal.SIGSTOP)
    assert await child.ended() == -signal.SIGKILL


async def test_a_process_whose_loop_turns_is_let_live(child: Child) -> None:
    looks: list[int] = []

    def heard_five_times() -> bool:
        if looks[-1:] != [child.unheard]:
            looks.append(child.unheard)
        return looks.count(0) > 5

    await wait_until(heard_five_times, 30)
    assert child.ready
