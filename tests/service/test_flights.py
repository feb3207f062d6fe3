"""One judgement per key at a time."""

import asyncio

import pytest

from fairmark_graders import Verdict
from fairmark_service.flights import Flight, Flights

pytestmark = pytest.mark.anyio


class Judge:
    """Judges when it is let; counts how often it began and ended."""

    def __init__(self, starts: bool = True) -> None:
        self.began, self.ended, self.starts = 0, 0, starts
        self.go = asyncio.Event()

    async def __call__(self, flight: Flight) -> Verdict:
        self.began += 1
        if self.starts:
            flight.start()
        await self.go.wait()
        self.ended += 1
        return Verdict(float(self.began))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_of_one_key_share_one_judgement() -> None:
    flights, judge = Flights(), Judge()
    callers = [asyncio.create_task(flights.join({"k": judge})) for _ in range(10)]
    await settle()
    judge.go.set()
    assert {verdicts["k"].score for verdicts in await asyncio.gather(*callers)} == {1.0}
    assert judge.began == 1


async def test_other_keys_are_judged_apart() -> None:
    flights, judge = Flights(), Judge()
    judge.go.set()
    await flights.join({"a": judge, "b": judge})
    assert judge.began == 2


async def test_those_that_wait_for_their_slot_are_counted() -> None:
    flights, starts, waits = Flights(), Judge(), Judge(starts=False)
    callers = [asyncio.create_task(flights.join({"a": starts, place: waits})) for place in "bcd"]
    await settle()
    assert flights.waiting == 3
    callers[0].cancel()
    await settle()
    assert flights.waiting == 2
    waits.go.set()
    starts.go.set()
    await asyncio.gather(*callers[1:])
    assert flights.waiting == 0


async def test_a_started_judgement_lands_though_its_only_caller_hung_up() -> None:
    flights, judge = Flights(), Judge()
    caller = asyncio.create_task(flights.join({"k": judge}))
    await settle()
    caller.cancel()
    await settle()
    assert "k" in flights
    judge.go.set()
    await flights.drain()
    assert judge.ended == 1


async def test_one_caller_hanging_up_leaves_the_others_their_verdict() -> None:
    flights, judge = Flights(), Judge(starts=False)
    first, second = (asyncio.create_task(flights.join({"k": judge})) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    judge.go.set()
    assert (await second)["k"].score == 1.0


async def test_a_queued_judgement_nobody_waits_for_is_dropped() -> None:
    flights, judge = Flights(), Judge(starts=False)
    caller = asyncio.create_task(flights.join({"k": judge}))
    await settle()
    caller.cancel()
    await settle()
    judge.go.set()
    await settle()
    assert ("k" in flights, judge.ended) == (False, 0)


async def test_who_comes_after_a_drop_gets_a_judgement_of_its_own() -> None:
    flights, judge = Flights(), Judge(starts=False)
    caller = asyncio.create_task(flights.join({"k": judge}))
    await settle()
    caller.cancel()
    again = asyncio.create_task(flights.join({"k": judge}))
    judge.go.set()
    assert (await again)["k"].score is not None


async def test_a_failure_reaches_every_caller_and_is_not_kept() -> None:
    flights = Flights()

    async def fail(flight: Flight) -> Verdict:
        raise RuntimeError("no")

    results = await asyncio.gather(flights.join({"k": fail}), flights.join({"k": fail}), return_exceptions=True)
    assert [type(result) for result in results] == [RuntimeError, RuntimeError]
    assert "k" not in flights
