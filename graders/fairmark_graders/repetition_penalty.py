"""fairmark's `repetition_penalty`: the share of n-grams that have been there before.

Yeo et al. 2025 (https://arxiv.org/abs/2502.03373, appendix C.2), as in open-r1 and TRL: 1 - different n-grams / all
n-grams. open-r1 counts words in lower case, as this does; TRL counts the tokens' ids, which a grader isn't sent.
"""

from typing import Literal

from pydantic import Field

from .errors import Ungradable
from .grader import Shared, Tools
from .sample import Sample
from .shaping import Shaping
from .template import LONGEST
from .types import Case, Item, Verdict
from .workers import OverLimit, WorkerLost

IN_PLACE = 24_000
"""Characters times `ngram_size`: up to that the slowest text takes 0.7 ms."""
CPU_SECONDS = 10.0

Unit = Literal["words", "characters"]


class RepetitionPenalty(Shaping, Shared):
    """Penalise what says the same thing again and again."""

    type: Literal["repetition_penalty"]
    ngram_size: int = Field(3, ge=1, le=20)
    unit: Unit = "words"
    """What an n-gram is made of; `characters`, with a larger size, for scripts without spaces."""

    def read(self, sample: Sample, item: Item) -> Case:
        return Case(self.text(sample, item)[: LONGEST + 1], None)

    def quick(self, case: Case) -> Verdict | None:
        if len(case.answer) > LONGEST:
            return self._verdict(1.0, f"over {LONGEST:,} characters long, counted as full of repetition")
        if len(case.answer) * self.ngram_size > IN_PLACE:
            return None
        return self._verdict(repeated(case.answer, self.ngram_size, self.unit))

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        try:
            share = await tools.workers.run(repeated, case.answer, self.ngram_size, self.unit, cpu_seconds=CPU_SECONDS)
        except OverLimit as error:
            return self._verdict(1.0, f"counting repetition {error}")._replace(error="limit", repeatable=False)
        except WorkerLost as error:
            raise Ungradable(str(error)) from None
        return self._verdict(share)

    def _verdict(self, penalty: float, reason: str | None = None) -> Verdict:
        return Verdict(penalty, reason=reason, rule=f"repetition_penalty.{self.unit}")


def repeated(text: str, size: int, unit: Unit) -> float:
    """The share of n-grams of a text that stand in it before; 0 where there are none."""
    pieces = text.lower().split() if unit == "words" else text.lower()
    total = len(pieces) - size + 1
    if total <= 0:
        return 0.0
    return 1 - len(set(zip(*(pieces[start:] for start in range(size)), strict=False))) / total
