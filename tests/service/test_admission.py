"""How much is judged at a time, and how much may wait."""

import asyncio
import re
import time

import pytest

from fairmark_service.admission import Admission, Slot
from fairmark_service.errors import Overloaded
from fairmark_service.metrics import Metrics

pytestmark = pytest.mark.anyio


async def held(admission: Admission, count: int, holders: list[Slot]) -> list["asyncio.Task[None]"]:
    """Tasks that hold a slot, and are among the holders then, or wait for one until they are cancelled."""

    async def hold() -> None:
        async with admission.slot("g", "workers") as slot:
            holders.append(slot)
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(hold()) for _ in range(count)]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def release(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_no_more_run_than_there_are_slots() -> None:
    admission, running, most = Admission({"workers": 2}, 10, Metrics()), 0, 0

    async def work() -> None:
        nonlocal running, most
        async with admission.slot("g", "workers"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(work() for _ in range(20)))
    assert most == 2


async def test_a_full_line_refuses_with_a_time_to_come_back() -> None:
    with pytest.raises(Overloaded, match="3 judgements are waiting") as refused:
        Admission({"workers": 1}, 3, Metrics()).check(1, waiting=3)
    assert refused.value.status == 503
    assert refused.value.retry_after


async def test_a_request_is_refused_whole() -> None:
    admission = Admission({"workers": 1}, 3, Metrics())
    admission.check(1, waiting=2)
    with pytest.raises(Overloaded):
        admission.check(2, waiting=2)


async def test_an_empty_line_takes_one_request_of_any_size() -> None:
    Admission({"workers": 1}, 3, Metrics()).check(1000, waiting=0)


async def test_an_overfull_line_takes_who_brings_nothing_new() -> None:
    Admission({"workers": 1}, 3, Metrics()).check(0, waiting=1000)


async def test_a_slot_that_is_handed_on_is_the_next_ones_while_its_judgement_goes_on() -> None:
    metrics = Metrics()
    admission = Admission({"workers": 1}, 3, metrics)
    async with admission.slot("g", "workers") as slot:
        slot.hand_on()
        slot.hand_on()  # a judgement may have several slow tasks
        holders: list[Slot] = []
        next_ones = await held(admission, 2, holders)
        assert (gauge(metrics, "fairmark_slow_judgements"), len(holders)) == (1, 1)
    await asyncio.sleep(0)
    assert (gauge(metrics, "fairmark_slow_judgements"), len(holders)) == (0, 1)
    await release(next_ones)


async def test_who_gives_up_waiting_takes_no_slot_with_it() -> None:
    admission, holders = Admission({"workers": 1}, 3, Metrics()), list[Slot]()
    first, given_up, last = await held(admission, 3, holders)
    await release([given_up])
    await release([first])
    assert len(holders) == 2
    await release([last])


async def test_waiting_is_measured_apart_from_work() -> None:
    metrics = Metrics()
    admission = Admission({"workers": 1}, 3, metrics)
    began = time.perf_counter()
    holder = await held(admission, 1, [])
    waiter = asyncio.create_task(through(admission))
    await asyncio.sleep(0.05)  # the wait that is to be measured, not a wait for something to happen
    await release(holder)
    await waiter
    elapsed = time.perf_counter() - began
    assert 0.05 <= seconds(metrics, "fairmark_queue_seconds") <= elapsed
    assert 0.05 <= seconds(metrics, "fairmark_work_seconds") <= elapsed
    assert seconds(metrics, "fairmark_queue_seconds", grader="waits") >= 0.05
    assert seconds(metrics, "fairmark_work_seconds", grader="waits") < 0.05


async def through(admission: Admission) -> None:
    async with admission.slot("waits", "workers"):
        pass


def gauge(metrics: Metrics, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", metrics.expose().decode(), re.MULTILINE)
    assert found
    return float(found[1])


def seconds(metrics: Metrics, name: str, grader: str | None = None) -> float:
    """What a histogram has added up, for one grader or for all."""
    sums = re.findall(rf'^{name}_sum{{grader="(\w+)"}} (\S+)$', metrics.expose().decode(), re.MULTILINE)
    return sum(float(value) for label, value in sums if grader in (None, label))
