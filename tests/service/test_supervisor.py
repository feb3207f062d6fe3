"""A process that hangs is ended, and one that only seems to isn't; one that loses what it is told ends itself."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.waiting import wait_until

from fairmark_service.child import Child, Failed
from fairmark_service.loading import Files
from fairmark_service.process import News, Start
from fairmark_service.settings import Settings
from fairmark_service.supervisor import end_hung

pytestmark = pytest.mark.anyio


@pytest.fixture
def start(tmp_path: Path) -> Start:
    (tmp_path / "metrics").mkdir()
    settings = Settings(_env_prefix="NOBODYS_")
    return Start(settings, tmp_path, News(Files(settings).loaded))


@pytest.fixture
async def child(start: Start) -> AsyncIterator[Child]:
    """One HTTP process that is looked for every second and may be missed twice."""
    child = Child(1, start.shared / "metrics")
    await child.start(start)
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


async def test_a_process_that_hangs_while_it_starts_is_killed(start: Start) -> None:
    child = Child(1, start.shared / "metrics")
    with pytest.raises(Failed, match="not ready after 0.1 s"):
        await child.start(start, seconds=0.1)
    assert await child.ended() == -signal.SIGKILL
    await child.finish(10)


@contextlib.contextmanager
def no_more_files(pid: int) -> Iterator[None]:
    """A process that can open none, as long as it closes none."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    held = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min({*range(before[0])} - held), before[1]))
    yield
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


async def test_a_process_that_loses_news_ends_for_another_that_is_told_all(child: Child, start: Start) -> None:
    with no_more_files(child.pid):
        child.tell(start.news)
        assert await asyncio.wait_for(child.ended(), 10) == 0


async def test_a_connection_that_is_lost_costs_the_next_one_nothing(child: Child) -> None:
    with no_more_files(child.pid):
        assert await answer(child) == b""
    assert (await answer(child)).startswith(b"HTTP/1.1 200")


async def answer(child: Child) -> bytes:
    """To a request on a connection that the process is dealt; nothing where it hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        with listener.accept()[0] as connection:
            assert child.deal(connection.fileno())
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
