"""Grading in the process of the command itself; results are those of `POST /v1/grade`."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from fairmark_graders import AnyGrader, Fault, Inline, InvalidSample, Leaf, Multi, Sample, Verdict, agrade, invalid
from fairmark_graders.sample import kind

from .catalog import label, load
from .rows import Result, Row


class Local:
    """Grades in this process, without a cache; long judgements go to worker processes."""

    batches = 2
    """One may wait for its last long judgement while the workers begin the next."""

    def __init__(self, grader: str, explain: bool) -> None:
        self._grader, self._explain = load(grader), explain
        self._version = label(grader, self._grader)
        self.where = f"{self._version} in this process"

    async def grade(self, rows: Sequence[Row]) -> list[Result]:
        if self._explain:
            return await self._explained(rows)
        if isinstance(self._grader, Inline):  # 20 times the pace of a hop to the loop that judges the others
            return [self._result(_inline(self._grader, row)) for row in rows]
        return [self._result(verdict) for verdict in await asyncio.gather(*map(self._verdict, rows))]

    async def _explained(self, rows: Sequence[Row]) -> list[Result]:
        """One after the other, so that a row's time is its own."""
        results = []
        for row in rows:
            began = time.perf_counter()
            case = None if fault(row) else read_case(self._grader, row)
            read = time.perf_counter()
            verdict = await self._verdict(row)
            seconds = {"read": read - began, "total": time.perf_counter() - began}
            explain = {"case": case, "rule": verdict.rule, "prints": verdict.prints, "seconds": seconds}
            results.append({**self._result(verdict), "explain": explain})
        return results

    async def _verdict(self, row: Row) -> Verdict:
        return fault(row) or await agrade(self._grader, row.sample, row.item)

    def _result(self, verdict: Verdict) -> Result:
        return {
            "score": verdict.score,
            "outcome": verdict.outcome,
            "reason": verdict.reason,
            "sub_scores": dict(verdict.sub_scores),
            "cached": False,
            "version": self._version,
        }


def _inline(grader: Inline, row: Row) -> Verdict:
    return fault(row) or grader.start(Sample(row.sample), row.item)


def fault(row: Row) -> Verdict | None:
    """The verdict on a row whose sample or item isn't one."""
    if not isinstance(row.item, dict):
        return invalid(f"item: expected an object, got {kind(row.item)}")
    try:
        Sample(row.sample)
    except InvalidSample as error:
        return invalid(str(error))
    return None


def read_case(grader: AnyGrader, row: Row) -> Any:
    """The case as read, of a multi by part; None where there is nothing to read."""
    if isinstance(grader, Multi):
        return {name: read_case(part, row) for name, part in grader.graders.items()}
    assert isinstance(grader, Leaf)
    try:
        return grader.read(Sample(row.sample), row.item)._asdict()
    except Fault:
        return None
