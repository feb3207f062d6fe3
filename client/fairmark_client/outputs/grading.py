"""Outputs through a grader, in this process or on a service: one result each, in order."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from fairmark_graders import AnyGrader, Inline, InvalidSample, Sample, Verdict, agrade, invalid, local

from ..service import Client, Grader, Result
from .output import Output

_BATCH = 512
"""Outputs handed over at a time: four requests to a service, and a step of the bar."""


class Grading(ABC):
    """One grader, and where it runs."""

    name: str
    """As people know it: `exact@3f9c…`, or a name and the service it is on."""

    def grade(self, outputs: Sequence[Output], progress: Callable[[int], object] = lambda done: None) -> list[Result]:
        """One result for each output, in order; `progress` is told how many there are so far.

        Raises a `ServiceError` when a service can't be reached or refuses.
        """
        results: list[Result] = []
        for start in range(0, len(outputs), _BATCH):
            results += self._batch(outputs[start : start + _BATCH])
            progress(len(results))
        return results

    @abstractmethod
    def _batch(self, outputs: Sequence[Output]) -> list[Result]: ...


class InProcess(Grading):
    """Grades here, without a cache; long judgements go to worker processes."""

    def __init__(self, grader: AnyGrader, name: str) -> None:
        self.name, self._grader = name, grader

    def _batch(self, outputs: Sequence[Output]) -> list[Result]:
        if isinstance(self._grader, Inline):  # 20 times the pace of a hop to the loop that judges the others
            return [self._result(_inline(self._grader, output)) for output in outputs]
        return local.run(self._all(outputs))

    async def _all(self, outputs: Sequence[Output]) -> list[Result]:
        return list(await asyncio.gather(*map(self._one, outputs)))

    async def _one(self, output: Output) -> Result:
        try:
            verdict = await agrade(self._grader, output.sample, output.item)
        except InvalidSample as error:
            verdict = invalid(str(error))
        return self._result(verdict)

    def _result(self, verdict: Verdict) -> Result:
        return Result(
            score=verdict.score,
            outcome=verdict.outcome,
            reason=verdict.reason,
            sub_scores=dict(verdict.sub_scores),
            version=self.name,
        )


def _inline(grader: Inline, output: Output) -> Verdict:
    try:
        return grader.start(Sample(output.sample), output.item)
    except InvalidSample as error:
        return invalid(str(error))


class OnService(Grading):
    """Grades on a service: a name in its catalog, or a configuration that is sent along."""

    def __init__(self, grader: Grader, name: str, client: Client) -> None:
        self.name, self._grader, self._client = name, grader, client

    def _batch(self, outputs: Sequence[Output]) -> list[Result]:
        samples, items = [output.sample for output in outputs], [output.item for output in outputs]
        return self._client.grade(self._grader, samples, items)
