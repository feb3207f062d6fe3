"""From requests to verdicts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Literal

import pytest
from tests.gated import Gated, judging

from fairmark_graders import Case, Item, ModelFault, Sample, Shared, Tools, Verdict, invalid, parse_grader
from fairmark_service.catalog import Entry
from fairmark_service.engine import Engine, GradeRequest
from fairmark_service.errors import Overloaded

pytestmark = pytest.mark.anyio

EXACT = {
    "type": "string_check",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.answer }}",
    "operation": "eq",
}
SIMILAR = {
    "type": "text_similarity",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.answer }}",
    "evaluation_metric": "fuzzy_match",
}
MULTI = {
    "type": "multi",
    "graders": {"a": EXACT, "b": {**EXACT, "operation": "ilike"}},
    "calculate_output": "(a + b) / 2",
}


class Hasty(Shared):
    """Decides at once unless it is to think; thinks with a worker, for so many seconds of processor."""

    type: Literal["hasty"] = "hasty"
    decided: ClassVar[list[str]] = []

    def read(self, sample: Sample, item: Item) -> Case:
        return Case(sample.get("output_text"), None)

    def quick(self, case: Case) -> Verdict | None:
        self.decided.append(case.answer)
        if case.answer == "bad":
            raise ModelFault("unreadable")
        if case.answer == "broken":
            raise RuntimeError("a secret of ours")
        return None if case.answer.startswith("think") else Verdict(1.0)

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        burn = (
            f"import time\nend = time.process_time() + {case.answer.split()[1]}\nwhile time.process_time() < end: pass"
        )
        await tools.workers.run(exec, burn, cpu_seconds=60)
        return Verdict(0.5)


@pytest.fixture
async def hasty(engine: Engine) -> AsyncIterator[Hasty]:
    Hasty.decided.clear()
    yield Hasty()
    await engine.tools.workers.close()


def entry(grader: Any) -> Entry:
    return Entry("g", parse_grader(grader) if isinstance(grader, dict) else grader, "g@1")


def requests(grader: Any, *texts: str, **item: str) -> list[GradeRequest]:
    return [GradeRequest(entry(grader), Sample(text), item) for text in texts]


async def test_inline_graders_are_done_without_waiting(engine: Engine) -> None:
    batch = engine.begin(requests(EXACT, "6", "7", answer="6"))
    assert batch.done
    assert [result.verdict.score for result in batch.results()] == [1, 0]


async def test_results_come_in_the_order_of_the_requests(engine: Engine) -> None:
    Gated.gate.set()
    mixed = requests(EXACT, "6", answer="6") + requests(Gated(), "a") + requests(MULTI, "6 or so", answer="6")
    assert [result.verdict.score for result in await engine.grade_all(mixed * 3)] == [1, 1, 0.5] * 3


async def test_a_sample_that_is_none_is_left_alone(engine: Engine) -> None:
    broken = GradeRequest(entry(MULTI), Sample(""), {}, invalid("sample: missing"))
    good = requests(MULTI, "6", answer="6")
    results = await engine.grade_all([broken, *good])
    assert [(result.verdict.outcome, result.verdict.score) for result in results] == [("invalid", None), ("graded", 1)]


async def test_equal_cases_of_one_batch_are_judged_once(engine: Engine) -> None:
    Gated.gate.set()
    await engine.grade_all(requests(Gated(), *"aabab"))
    assert sorted(Gated.judged) == ["a", "b"]


async def test_equal_cases_of_two_callers_are_judged_once(engine: Engine) -> None:
    callers = [asyncio.create_task(engine.grade_all(requests(Gated(), "a"))) for _ in range(3)]
    await judging(1)
    Gated.gate.set()
    assert [results[0].verdict.score for results in await asyncio.gather(*callers)] == [1, 1, 1]
    assert Gated.judged == ["a"]


async def test_a_verdict_that_repeats_is_cached(engine: Engine) -> None:
    Gated.gate.set()
    first, second = [(await engine.grade_all(requests(Gated(), "a")))[0] for _ in range(2)]
    assert (first.cached, second.cached) == (False, True)
    assert first.verdict == second.verdict


async def test_a_verdict_that_does_not_repeat_is_judged_anew(engine: Engine) -> None:
    Gated.gate.set()
    for _ in range(2):
        assert not (await engine.grade_all(requests(Gated(repeatable=False), "a")))[0].cached
    assert Gated.judged == ["a", "a"]


async def test_equal_cases_are_decided_at_once_once_and_cached(engine: Engine, hasty: Hasty) -> None:
    results = await engine.grade_all(requests(hasty, *"aabab"))
    assert [result.verdict.score for result in results] == [1] * 5
    assert hasty.decided == ["a", "b"]
    assert (await engine.grade_all(requests(hasty, "a")))[0].cached


async def test_what_cannot_be_decided_at_once_is_judged(engine: Engine, hasty: Hasty) -> None:
    results = await engine.grade_all(requests(hasty, "a", "think 0", "b", "think 0"))
    assert [result.verdict.score for result in results] == [1, 0.5, 1, 0.5]


async def test_what_is_decided_at_once_needs_no_room(engine: Engine, hasty: Hasty) -> None:
    full = asyncio.create_task(engine.grade_all(requests(Gated(), *"abcdef")))
    await judging(2)
    assert len(await engine.grade_all(requests(hasty, *map(str, range(100))))) == 100
    Gated.gate.set()
    await full


async def test_a_fault_in_deciding_is_a_verdict_of_its_own_sample(engine: Engine, hasty: Hasty) -> None:
    results = await engine.grade_all(requests(hasty, "a", "bad", "broken"))
    assert [result.verdict.outcome for result in results] == ["graded", "graded", "ungradable"]
    assert results[1].verdict.reason == "unreadable"
    assert "secret" not in str(results[2].verdict)


async def test_slow_judgements_hold_no_slots(engine: Engine, hasty: Hasty) -> None:
    slow = [asyncio.create_task(engine.grade_all(requests(hasty, f"think 50.{n}"))) for n in range(2)]
    for n in range(20):
        await engine.grade_all(requests(hasty, f"think 0.{n:05}"))
    assert not any(task.done() for task in slow)
    await engine.tools.workers.close()
    assert [results[0].verdict.outcome for results in await asyncio.gather(*slow)] == ["ungradable"] * 2


async def test_a_fault_in_judging_is_a_verdict_of_its_own_sample(engine: Engine) -> None:
    Gated.gate.set()
    results = await engine.grade_all(requests(Gated(), "a", "no"))
    assert [(r.verdict.score, r.verdict.reason) for r in results] == [(1.0, None), (None, "not today")]


async def test_a_grader_that_breaks_is_nobodys_score_and_tells_nothing(engine: Engine) -> None:
    Gated.gate.set()
    verdict = (await engine.grade_all(requests(Gated(fails=True), "a")))[0].verdict
    assert (verdict.score, verdict.outcome) == (None, "ungradable")
    assert "secret" not in str(verdict)


async def test_a_request_without_room_is_refused_before_any_of_it_begins(engine: Engine) -> None:
    first = asyncio.create_task(engine.grade_all(requests(Gated(), *"abcd")))
    await judging(2)
    with pytest.raises(Overloaded):
        await engine.grade_all(requests(Gated(), *"efg"))
    Gated.gate.set()
    await first
    assert sorted(Gated.judged) == list("abcd")


async def test_requests_that_come_at_once_do_not_all_find_the_line_empty(engine: Engine) -> None:
    callers = [asyncio.create_task(engine.grade_all(requests(Gated(), f"{n}a", f"{n}b", f"{n}c"))) for n in range(5)]
    await judging(2)
    Gated.gate.set()
    ends = await asyncio.gather(*callers, return_exceptions=True)
    assert [isinstance(end, Overloaded) for end in ends] == [False, True, True, True, True]


async def test_joining_a_judgement_under_way_needs_no_room(engine: Engine) -> None:
    full = [asyncio.create_task(engine.grade_all(requests(Gated(), *"abcdef"))) for _ in range(2)]
    await judging(2)
    Gated.gate.set()
    assert [len(results) for results in await asyncio.gather(*full)] == [6, 6]
    assert sorted(Gated.judged) == list("abcdef")


async def test_a_caller_who_hangs_up_finds_what_had_started_done(engine: Engine) -> None:
    caller = asyncio.create_task(engine.grade_all(requests(Gated(), *"abc")))
    await judging(2)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    Gated.gate.set()
    await engine.flights.drain()
    results = await engine.grade_all(requests(Gated(), *"abc"))
    assert [result.cached for result in results] == [True, True, False]


async def test_a_multi_holds_no_slot_while_its_parts_wait(engine: Engine) -> None:
    multi = {"type": "multi", "graders": dict.fromkeys("abcd", SIMILAR), "calculate_output": "a + b + c + d"}
    results = await asyncio.wait_for(engine.grade_all(requests(multi, *"xyz", answer="x")), 20)
    assert results[0].verdict.score == 4


async def test_a_part_shares_its_verdict_with_the_same_grader_standing_alone(engine: Engine) -> None:
    multi = {"type": "multi", "graders": {"a": SIMILAR}, "calculate_output": "a"}
    await engine.grade_all(requests(multi, "x", answer="x"))
    assert (await engine.grade_all(requests(SIMILAR, "x", answer="x")))[0].cached


async def test_an_explanation_shows_the_case_the_rule_and_the_time(engine: Engine) -> None:
    explanation = (await engine.explain(requests(MULTI, "6", answer="6")))[0].explanation
    assert explanation is not None
    assert explanation["case"] == {name: {"answer": "6", "reference": "6"} for name in "ab"}
    assert explanation["rule"] == "multi"
    assert 0 < explanation["seconds"]["read"] <= explanation["seconds"]["total"]
