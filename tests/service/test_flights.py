"""One judgement per key at a time."""

import asyncio

import pytest

from fairmark_graders import Verdict
from fairmark_service.admission import Admission, Turn
from fairmark_service.flights import Flights
from fairmark_service.line import Line
from fairmark_service.metrics import Metrics

pytestmark = pytest.mark.anyio


class Judge:
    """Judges when it is let; counts how often it began and ended."""

    def __init__(self, starts: bool = True) -> None:
        self.began, self.ended, self.starts = 0, 0, starts
        self.go = asyncio.Event()

    async def __call__(self, turn: Turn) -> Verdict:
        self.began += 1
        if self.starts:
            turn.end()
        await self.go.wait()
        self.ended += 1
        return Verdict(float(self.began))


@pytest.fixture
def admission() -> Admission:
    return Admission({"workers": 1}, 10, Metrics())


@pytest.fixture
def flights(admission: Admission) -> Flights:
    return Flights(admission.turn)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_of_one_key_share_one_judgement(flights: Flights) -> None:
    judge = Judge()
    callers = [asyncio.create_task(flights.join({"k": judge}, [Line()])) for _ in range(10)]
    await settle()
    judge.go.set()
    assert {verdicts["k"].score for verdicts in await asyncio.gather(*callers)} == {1.0}
    assert judge.began == 1


async def test_other_keys_are_judged_apart(flights: Flights) -> None:
    judge = Judge()
    judge.go.set()
    await flights.join({"a": judge, "b": judge}, [Line()])
    assert judge.began == 2


async def test_those_that_wait_for_their_slot_are_counted(flights: Flights, admission: Admission) -> None:
    starts, waits = Judge(), Judge(starts=False)
    callers = [asyncio.create_task(flights.join({"a": starts, place: waits}, [Line()])) for place in "bcd"]
    await settle()
    assert admission.waiting == 3
    callers[0].cancel()
    await settle()
    assert admission.waiting == 2
    waits.go.set()
    starts.go.set()
    await asyncio.gather(*callers[1:])
    assert admission.waiting == 0


async def test_a_started_judgement_lands_though_its_only_caller_hung_up(flights: Flights) -> None:
    judge = Judge()
    caller = asyncio.create_task(flights.join({"k": judge}, [Line()]))
    await settle()
    caller.cancel()
    await settle()
    assert "k" in flights
    judge.go.set()
    await flights.drain()
    assert judge.ended == 1


async def test_one_caller_hanging_up_leaves_the_others_their_verdict(flights: Flights) -> None:
    judge = Judge(starts=False)
    first, second = (asyncio.create_task(flights.join({"k": judge}, [Line()])) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    judge.go.set()
    assert (await second)["k"].score == 1.0


async def test_a_queued_judgement_nobody_waits_for_is_dropped(flights: Flights) -> None:
    judge = Judge(starts=False)
    caller = asyncio.create_task(flights.join({"k": judge}, [Line()]))
    await settle()
    caller.cancel()
    await settle()
    judge.go.set()
    await settle()
    assert ("k" in flights, judge.ended) == (False, 0)


async def test_who_comes_after_a_drop_gets_a_judgement_of_its_own(flights: Flights) -> None:
    judge = Judge(starts=False)
    caller = asyncio.create_task(flights.join({"k": judge}, [Line()]))
    await settle()
    caller.cancel()
    again = asyncio.create_task(flights.join({"k": judge}, [Line()]))
    judge.go.set()
    assert (await again)["k"].score is not None


async def test_a_failure_reaches_every_caller_and_is_not_kept(flights: Flights) -> None:
    async def fail(turn: Turn) -> Verdict:
        raise RuntimeError("no")

    results = await asyncio.gather(
        flights.join({"k": fail}, [Line()]), flights.join({"k": fail}, [Line()]), return_exceptions=True
    )
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]
    assert "k" not in flights
