"""An engine whose one slow grader judges when a test lets it."""

import asyncio
from typing import ClassVar, Literal

import pytest

from fairmark_graders import Case, Item, Sample, Shared, Tools, Ungradable, Verdict
from fairmark_graders.workers import Workers
from fairmark_service.admission import Admission
from fairmark_service.cache import VerdictCache
from fairmark_service.engine import Engine
from fairmark_service.metrics import Metrics


class Gated(Shared):
    """A grader that judges when the gate opens, and knows what it has judged."""

    type: Literal["gated"] = "gated"
    repeatable: bool = True
    fails: bool = False
    judged: ClassVar[list[str]] = []
    gate: ClassVar[asyncio.Event]

    def read(self, sample: Sample, item: Item) -> Case:
        return Case(sample.get("output_text"), None)

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        self.judged.append(case.answer)
        await self.gate.wait()
        if self.fails:
            raise RuntimeError("a secret of ours")
        if case.answer == "no":
            raise Ungradable("not today")
        return Verdict(1.0, repeatable=self.repeatable)


@pytest.fixture
async def engine() -> Engine:
    Gated.judged.clear()
    Gated.gate = asyncio.Event()
    metrics = Metrics()
    cache = VerdictCache(1 << 20, None, "test", 60, metrics)
    return Engine(Tools(Workers(1)), cache, Admission({"workers": 2}, 6, metrics), metrics, None)


async def judging(count: int) -> None:
    """Wait until that many judgements have begun."""
    for _ in range(10_000):
        if len(Gated.judged) == count:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"began {Gated.judged}")
