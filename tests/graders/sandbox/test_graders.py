"""Zygotes of users' graders: shut in before they import, in every world; nothing of theirs is left."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import wait_until

from fairmark_graders.sandbox import Graders, Limits, NotLoaded, Outcome

from .conftest import SYSTEM_PYTHON, WORLDS

pytestmark = pytest.mark.anyio
JOB: dict[str, Any] = {"answer": {"sample": {"output_text": "x"}}, "item": {}}


@pytest.fixture(params=WORLDS)
async def anywhere(request: pytest.FixtureRequest, python_in: Callable[[str], Path | None]) -> AsyncIterator[Graders]:
    """Graders in each of the worlds; what is left of them would keep this from ending."""
    made = Graders(1, python_in(request.param) or Path(SYSTEM_PYTHON))
    yield made
    async with asyncio.timeout(20):
        await made.close()


async def called(graders: Graders, source: str, seconds: float = 5.0) -> Outcome:
    return await graders.call(source, JOB, Limits(seconds))


def returning(expression: str) -> str:
    return f"\ndef grade(sample, item):\n    return {expression}\n"


async def test_a_grader_is_called_anywhere(anywhere: Graders) -> None:
    for _ in range(2):
        outcome = await called(anywhere, returning("len(sample['output_text']) / 2"))
        assert (outcome.status, json.loads(outcome.result)) == ("finished", {"score": 0.5})


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('/proc/self/environ')",
        "open('/tmp/left', 'w')",
        "os.kill(os.getppid(), 0) if os.getppid() else os.kill(2, 0)",
        "signal.pidfd_send_signal(os.pidfd_open(os.getppid() or 2), 0)",
        "socket.socket()",
        "os.execv('/bin/true', ['true'])",
        "os.setuid(0 if os.getuid() else 1)",
        "resource.prlimit(os.getppid() or 2, resource.RLIMIT_CPU)",
        "os.setpriority(os.PRIO_PROCESS, os.getppid() or 2, 19)",
    ],
)
async def test_importing_it_gets_nowhere_anywhere(anywhere: Graders, attempt: str) -> None:
    with pytest.raises(NotLoaded, match=r"line 2: (PermissionError|FileNotFoundError|ProcessLookupError|OSError)"):
        await called(anywhere, f"import os, resource, signal, socket\n{attempt}" + returning("1.0"))


@pytest.mark.parametrize("attempt", ["os.fork()", "os.kill(os.getppid(), 9)", "open('/etc/passwd')", "socket.socket()"])
async def test_nor_does_a_call(anywhere: Graders, attempt: str) -> None:
    source = "import os, socket" + returning(f"[{attempt}] and 1.0")
    said = json.loads((await called(anywhere, source)).result)
    assert "Error" in said["failed"]
    assert "score" not in said


async def test_what_importing_forks_ends_with_the_grader(anywhere: Graders) -> None:
    source = "import os, time\nfor _ in range(20):\n    if not os.fork():\n        time.sleep(1e6)" + returning("1.0")
    assert json.loads((await called(anywhere, source)).result) == {"score": 1.0}


BUSY_THEN_ASLEEP = "[0 for _ in range(3 * 10**6)] and __import__('time').sleep(1e6)"


@pytest.mark.parametrize(
    "way", ["__import__('time').sleep(1e6)", "[0 for _ in iter(int, 1)]", "sum(range(10**12))", BUSY_THEN_ASLEEP]
)
async def test_a_call_ends_at_its_limit_asleep_or_busy(anywhere: Graders, way: str) -> None:
    async with asyncio.timeout(60):
        outcome = await called(anywhere, returning(way), seconds=0.4)
    assert outcome.status == "time_limit"
    assert json.loads((await called(anywhere, returning("1.0"))).result) == {"score": 1.0}


async def test_a_grader_that_stops_its_own_zygote_does_so_to_itself_alone(anywhere: Graders) -> None:
    source = "import os, threading\nthreading.Timer(0.3, os._exit, [3]).start()" + returning("1.0")
    first = await called(anywhere, source)
    second = await called(anywhere, returning("1.0"))
    assert first.status in ("finished", "sandbox_error")
    assert json.loads(second.result) == {"score": 1.0}


async def test_closing_ends_a_call_under_way_and_begins_no_other() -> None:
    graders = Graders(1)
    await called(graders, returning("1.0"))
    waiting = asyncio.ensure_future(called(graders, returning("__import__('time').sleep(1e6)"), seconds=600))
    await wait_until(graders._places.locked)
    async with asyncio.timeout(30):
        await graders.close()
        assert (await waiting).status == "sandbox_error"
    assert (await called(graders, returning("1.0"))).status == "sandbox_error"


async def test_calls_of_many_graders_at_once_are_all_answered() -> None:
    graders = Graders(2)
    outcomes = await asyncio.gather(*(called(graders, returning(f"{number % 4}.0")) for number in range(40)))
    assert [json.loads(outcome.result)["score"] for outcome in outcomes] == [float(number % 4) for number in range(40)]
    await graders.close()
