"""The work that samples contain: graded one after the other in this process, by the graders the service has."""

import os
from collections.abc import Sequence
from functools import cache
from types import TracebackType
from typing import Self

from fairmark_graders.grader import Tools
from fairmark_graders.grader_file import read_grader, shipped_catalog
from fairmark_graders.load import AnyGrader
from fairmark_graders.local import grade_with
from fairmark_graders.sample import Sample
from fairmark_graders.sandbox import Sandbox
from fairmark_graders.workers import Workers

from .family import cpu_seconds
from .rollouts import Rollout


class Work:
    """One worker and one sandbox, warm once they have graded; without a cache."""

    async def __aenter__(self) -> Self:
        self._tools = Tools(Workers(1), Sandbox(1))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tools.close()

    async def seconds(self, samples: Sequence[Rollout]) -> float:
        """CPU time of this process and all it has started, to grade honest samples."""
        await self._grade(samples[:4])
        before = cpu_seconds(os.getpid())
        await self._grade(samples)
        return cpu_seconds(os.getpid()) - before

    async def _grade(self, samples: Sequence[Rollout]) -> None:
        for rollout in samples:
            item = {"reference_answer": rollout.reference}
            verdict = await grade_with(self._tools, _grader(rollout.grader), Sample(rollout.said), item)
            assert rollout.score in (None, verdict.score), (rollout, verdict)


@cache
def _grader(name: str) -> AnyGrader:
    (path,) = (path for path in shipped_catalog().glob(f"{name}.*") if ".tests." not in path.name)
    return read_grader(path)
