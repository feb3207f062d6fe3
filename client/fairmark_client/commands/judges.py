"""Who gives a verdict on a row: a grader in this process, or math-verify to be compared with.

Both judge in workers where that may take long; whoever makes the tools closes them.
"""

import asyncio
import importlib.metadata
import importlib.util
from collections.abc import Sequence
from itertools import chain
from typing import Any, Protocol

from fairmark_graders import AnyGrader, Sample, Tools, Verdict
from fairmark_graders.local import grade_with
from fairmark_graders.template import Variable
from fairmark_graders.workers import OverLimit, WorkerLost

from .catalog import label
from .console import fail
from .local import fault, read_case
from .math_verify import Texts, compare_all
from .rows import Row

MATH_VERIFY = "math-verify"
_CPU_SECONDS = 6.0
"""For one row under math-verify, whose own limit is 5 s; its import takes the first second of a cold worker."""
_TOGETHER = 32
"""Rows in one task: math-verify takes 4 ms for one where it is warm, and 100 to 500 in a fresh worker."""


class Judge(Protocol):
    """Gives verdicts."""

    name: str

    async def verdicts(self, rows: Sequence[Row]) -> list[Verdict]:
        """One for each row, in order."""
        ...

    def read(self, row: Row) -> Any:
        """What was compared, for a person; None where the verdict's reason says it."""
        ...


class Grading:
    """A grader in this process."""

    def __init__(self, named: str, grader: AnyGrader, tools: Tools) -> None:
        self.name = label(named, grader)
        self._grader, self._tools = grader, tools

    async def verdicts(self, rows: Sequence[Row]) -> list[Verdict]:
        return await asyncio.gather(*map(self._verdict, rows))

    def read(self, row: Row) -> Any:
        return None if fault(row) else read_case(self._grader, row)

    async def _verdict(self, row: Row) -> Verdict:
        return fault(row) or await grade_with(self._tools, self._grader, Sample(row.sample), row.item)


class MathVerify:
    """math-verify as it comes: it finds the answer in the whole text, and compares it with the boxed reference."""

    def __init__(self, reference: Variable, tools: Tools) -> None:
        if importlib.util.find_spec("math_verify") is None:
            fail("--baseline math-verify: it is not installed; pip install 'fairmark[math]'")
        self.name = f"{MATH_VERIFY} {importlib.metadata.version(MATH_VERIFY)}"
        self._reference, self._tools = reference, tools

    async def verdicts(self, rows: Sequence[Row]) -> list[Verdict]:
        read = [self._read(row) for row in rows]
        pairs = [found for found in read if not isinstance(found, Verdict)]
        chunks = [pairs[start : start + _TOGETHER] for start in range(0, len(pairs), _TOGETHER)]
        compared = chain.from_iterable(await asyncio.gather(*map(self._compared, chunks)))
        return [found if isinstance(found, Verdict) else next(compared) for found in read]

    def read(self, row: Row) -> Any:
        return None

    def _read(self, row: Row) -> Verdict | Texts:
        if found := fault(row):
            return found
        sample = Sample(row.sample)
        reference = self._reference.find(sample, row.item)
        if reference is None:
            return Verdict(None, "ungradable", f"the item has no '{self._reference}'")
        return str(reference), sample.get("output_text") or ""

    async def _compared(self, pairs: Sequence[Texts]) -> list[Verdict]:
        """The verdicts on some pairs; where one of them spoils a task, each gets a task of its own."""
        try:
            scores = await self._tools.workers.run(compare_all, pairs, cpu_seconds=_CPU_SECONDS)
        except (OverLimit, WorkerLost) as error:
            if len(pairs) == 1:
                return [_lost(error)]
            alone = await asyncio.gather(*(self._compared([pair]) for pair in pairs))
            return [verdict for verdicts in alone for verdict in verdicts]
        return [Verdict(score, "ungradable" if score is None else "graded", said) for score, said in scores]


def _lost(error: OverLimit | WorkerLost) -> Verdict:
    if isinstance(error, OverLimit):
        return Verdict(0.0, reason=f"comparing {error}")
    return Verdict(None, "ungradable", str(error))
