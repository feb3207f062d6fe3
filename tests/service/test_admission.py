"""How much is judged at a time, and how much may wait."""

import asyncio
import re
import time

import pytest
from tests.cpu import cpu_at_most

from fairmark_service.admission import Admission, Slot, Turn
from fairmark_service.errors import Overloaded
from fairmark_service.line import Line
from fairmark_service.metrics import Metrics

pytestmark = pytest.mark.anyio

LINE, OTHER = Line("a", "run"), Line("b")


def fill(admission: Admission, line: Line, count: int) -> None:
    """Judgements that wait in a line, and of whom nothing more is heard."""
    for _ in range(count):
        admission.turn(line)


async def judge(
    admission: Admission, line: Line, judged: list[str], name: str | None = None, turn: Turn | None = None
) -> None:
    """One judgement, which writes its name, or its line's, among those judged."""
    async with admission.slot("g", "workers", turn or admission.turn(line)):
        judged.append(name or line.key)
        await asyncio.sleep(0)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def held(admission: Admission, count: int, holders: list[Slot]) -> list["asyncio.Task[None]"]:
    """Tasks that hold a slot, and are among the holders then, or wait for one until they are cancelled."""

    async def hold() -> None:
        async with admission.slot("g", "workers", admission.turn(LINE)) as slot:
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
        async with admission.slot("g", "workers", admission.turn(LINE)):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(work() for _ in range(20)))
    assert most == 2


async def test_a_line_that_holds_its_share_is_refused_with_a_time_to_come_back() -> None:
    admission = Admission({"workers": 1}, 6, Metrics())
    fill(admission, LINE, 4)
    with pytest.raises(Overloaded, match="4 judgements are waiting") as refused:
        admission.check(1, LINE)
    assert refused.value.status == 503
    assert refused.value.retry_after


async def test_a_line_beside_one_that_holds_its_share_is_let_in() -> None:
    admission = Admission({"workers": 1}, 6, Metrics())
    fill(admission, LINE, 4)
    admission.check(1, OTHER)


async def test_a_request_is_refused_whole() -> None:
    admission = Admission({"workers": 1}, 6, Metrics())
    fill(admission, LINE, 3)
    admission.check(1, LINE)
    with pytest.raises(Overloaded):
        admission.check(2, LINE)


async def test_empty_lines_take_one_request_of_any_size() -> None:
    Admission({"workers": 1}, 3, Metrics()).check(1000, LINE)


async def test_an_overfull_line_takes_who_brings_nothing_new() -> None:
    admission = Admission({"workers": 1}, 3, Metrics())
    fill(admission, LINE, 1000)
    admission.check(0, LINE)


async def test_patient_callers_are_neither_refused_nor_counted() -> None:
    admission = Admission({"workers": 1}, 3, Metrics())
    patient = Line("a", patient=True)
    fill(admission, patient, 1000)
    admission.check(1000, patient)
    assert admission.waiting == 0


async def test_lines_take_turns() -> None:
    judged: list[str] = []
    admission = Admission({"workers": 1}, 20, Metrics())
    lines = [LINE] * 4 + [OTHER] * 2 + [Line("c")]
    await asyncio.gather(*(judge(admission, line, judged) for line in lines))
    assert judged == [*"aabc", *"aba"]


async def test_a_key_with_many_runs_gets_no_more_turns_than_one_with_a_single_run() -> None:
    judged: list[str] = []
    admission = Admission({"workers": 1}, 100, Metrics())
    lines = [Line("a", f"run {n}") for n in range(20)] + [Line("b", "run")] * 3
    await asyncio.gather(*(judge(admission, line, judged, line.key) for line in lines))
    assert judged[:7] == [*"aababab"]


async def test_the_runs_of_one_key_take_turns() -> None:
    judged: list[str] = []
    admission = Admission({"workers": 1}, 100, Metrics())
    lines = [Line("a", "x")] * 3 + [Line("a", "y")] * 2 + [OTHER] * 3
    await asyncio.gather(*(judge(admission, line, judged, line.run or "-") for line in lines))
    assert judged == ["x", "x", "-", "y", "-", "x", "-", "y"]


async def test_joining_from_thousands_of_lines_costs_as_much_for_the_last_as_for_the_first() -> None:
    admission = Admission({"workers": 1}, 100, Metrics())
    [holder] = await held(admission, 1, [])
    turn = admission.turn(LINE)
    waiting = asyncio.create_task(judge(admission, LINE, [], "shared", turn))
    await settle()
    with cpu_at_most(0.5):
        for number in range(5000):
            turn.join([Line("a", str(number))])
    await release([holder])
    await waiting


async def test_one_line_alone_goes_in_order_of_arrival() -> None:
    judged: list[str] = []
    admission = Admission({"workers": 1}, 20, Metrics())
    await asyncio.gather(*(judge(admission, LINE, judged, name) for name in "abcdefg"))
    assert judged == [*"abcdefg"]


async def test_a_judgement_that_another_line_joins_comes_in_its_turn_too() -> None:
    judged: list[str] = []
    admission = Admission({"workers": 1}, 20, Metrics())
    [holder] = await held(admission, 1, [])
    turn = admission.turn(LINE)
    burst = [judge(admission, LINE, judged, name) for name in ("first", "second", "third")]
    waiting = asyncio.gather(*burst, judge(admission, LINE, judged, "shared", turn))
    await settle()
    turn.join([OTHER])
    await release([holder])
    await waiting
    assert judged == ["first", "shared", "second", "third"]


async def test_a_judgement_that_goes_on_under_another_name_goes_to_the_head_of_its_line() -> None:
    judged: list[str] = []
    admission = Admission({"workers": 1}, 20, Metrics())
    turn = admission.turn(LINE)
    turn.join([LINE], ahead=True)
    names = ["first", "second", "third"]
    await asyncio.gather(
        *(judge(admission, LINE, judged, n) for n in names), judge(admission, LINE, judged, "on", turn)
    )
    assert judged == ["first", "on", "second", "third"]


async def test_a_slot_granted_to_a_judgement_that_is_dropped_at_that_moment_goes_to_the_next() -> None:
    admission, holders = Admission({"workers": 1}, 20, Metrics()), list[Slot]()
    first, dropped, last = await held(admission, 3, holders)
    first.cancel()
    await asyncio.sleep(0)  # the slot is handed to the second, which has not yet run again
    await release([first, dropped])
    await settle()
    assert len(holders) == 2
    await release([last])


async def test_a_slot_that_is_handed_on_is_the_next_ones_while_its_judgement_goes_on() -> None:
    metrics = Metrics()
    admission = Admission({"workers": 1}, 3, metrics)
    async with admission.slot("g", "workers", admission.turn(LINE)) as slot:
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
    await asyncio.sleep(0)
    await asyncio.sleep(0.3)  # the wait that is to be measured, not a wait for something to happen
    await release(holder)
    await waiter
    elapsed = time.perf_counter() - began
    assert 0.3 <= seconds(metrics, "fairmark_queue_seconds") <= elapsed
    assert 0.3 <= seconds(metrics, "fairmark_work_seconds") <= elapsed
    assert seconds(metrics, "fairmark_queue_seconds", grader="waits") >= 0.3
    assert seconds(metrics, "fairmark_work_seconds", grader="waits") < 0.3


async def through(admission: Admission) -> None:
    async with admission.slot("waits", "workers", admission.turn(LINE)):
        pass


def gauge(metrics: Metrics, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", metrics.expose().decode(), re.MULTILINE)
    assert found
    return float(found[1])


def seconds(metrics: Metrics, name: str, grader: str | None = None) -> float:
    """What a histogram has added up, for one grader or for all."""
    sums = re.findall(rf'^{name}_sum{{grader="(\w+)"}} (\S+)$', metrics.expose().decode(), re.MULTILINE)
    return sum(float(value) for label, value in sums if grader in (None, label))
