"""Verdicts don't depend on how crowded the machine is."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import ClassVar, Literal

import pytest

from fairmark_graders import Case, Item, Sample, Shared, Tools, Ungradable, Verdict, parse_grader
from fairmark_graders.errors import ModelFault
from fairmark_graders.grader import Leaf
from fairmark_graders.local import judge_with
from fairmark_graders.workers import OverLimit, WorkerLost, Workers

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CROWD = 4
"""Busy processes for each processor."""
BURN = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass"


class Work(Shared):
    """Runs what the sample says, under a limit of 0.4 s of processor."""

    type: Literal["work"] = "work"
    limit: ClassVar[float] = 0.4

    def read(self, sample: Sample, item: Item) -> Case:
        return Case(sample.get("output_text"), None)

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        try:
            await tools.workers.run(exec, case.answer, cpu_seconds=self.limit)
        except OverLimit as error:
            raise ModelFault(f"it {error}", "limit", repeatable=False) from None
        except WorkerLost as error:
            raise Ungradable(str(error)) from None
        return Verdict(1.0)


def compared(metric: str) -> Leaf:
    templates = {"input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}
    grader = {"type": "text_similarity", "evaluation_metric": metric} if metric != "eq" else {"type": "string_check"}
    operation = {"operation": "eq"} if metric == "eq" else {}
    leaf = parse_grader({**grader, **operation, **templates})
    assert isinstance(leaf, Leaf)
    return leaf


def words(length: int) -> str:
    return " ".join(str(n * 7919 % 997) for n in range(length))[:length]


ROWS: list[tuple[Leaf, str, str]] = [
    *((compared("eq"), "x" * length, "x") for length in (1, 250_000, 250_001)),
    *((compared("fuzzy_match"), words(length), words(length)[:10_000][::-1]) for length in (400, 401, 2000, 10_001)),
    *((compared("rouge_l"), words(length), words(length // 2)) for length in (2000, 2001, 20_000, 100_001)),
    *((Work(), BURN.format(seconds=seconds), "") for seconds in (0.01, 0.1, 0.18, 1.0, 100)),
    (Work(), "import time; time.sleep(0.3)", ""),
    (Work(), "import time; time.sleep(600)", ""),
]
"""Cases on either side of every limit: of places to be decided in, of sizes, of processor time, of sleep."""


async def verdict(grader: Leaf, text: str, reference: str, tools: Tools) -> Verdict:
    case = grader.start(Sample(text), {"answer": reference})
    return case if isinstance(case, Verdict) else await judge_with(tools, grader, case)


async def verdicts() -> list[Verdict]:
    workers = Workers()
    try:
        await workers.start()
        return await asyncio.gather(*(verdict(*row, Tools(workers)) for row in ROWS))
    finally:
        await workers.close()


@contextmanager
def crowd() -> Iterator[None]:
    """Busy processes, which end by themselves after two minutes."""
    burn = "import time\nend = time.monotonic() + 120\nwhile time.monotonic() < end: pass"
    with ExitStack() as stack:
        for _ in range(CROWD * len(os.sched_getaffinity(0))):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", burn]))
            stack.callback(process.kill)
        yield


async def test_a_corpus_gets_the_same_verdicts_idle_and_at_four_times_its_processors() -> None:
    idle = await verdicts()
    with crowd():
        assert await verdicts() == idle
    scores = [verdict.score for verdict in idle]
    assert None not in scores
    assert scores[-7:] == [1, 1, 1, 0, 0, 1, 0]
