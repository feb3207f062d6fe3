"""fairmark's `overlong_penalty`: 0 up to a length, 1 beyond the longest, and a straight line between.

DAPO's soft overlong punishment (Yu et al. 2025, https://arxiv.org/abs/2503.14476, equation 13), whose -1 to 0 is the
penalty's 1 to 0; the parameters are named as in TRL's `get_soft_overlong_punishment`.
"""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from .grader import Inline
from .shaping import LengthShaping
from .types import Case, Verdict


class OverlongPenalty(LengthShaping, Inline):
    """Penalise what comes near to the longest completion, and not what is merely long."""

    type: Literal["overlong_penalty"]
    max_completion_len: int = Field(gt=0)
    """The length from which on the penalty is 1."""
    soft_punish_cache: int = Field(ge=0)
    """How far below that it begins; 0 for a step."""

    @model_validator(mode="after")
    def _begins_somewhere(self) -> Self:
        if self.soft_punish_cache > self.max_completion_len:
            raise ValueError("soft_punish_cache: expected at most max_completion_len")
        return self

    def judge(self, case: Case) -> Verdict:
        over = case.answer - (self.max_completion_len - self.soft_punish_cache)
        if over <= 0:
            return Verdict(0.0, rule="overlong_penalty")
        penalty = min(1.0, over / self.soft_punish_cache) if self.soft_punish_cache else 1.0
        length = "too many" if math.isinf(case.answer) else f"{case.answer:,}"
        reason = f"{length} {self.unit}, {self.max_completion_len:,} is the limit"
        return Verdict(penalty, reason=reason, rule="overlong_penalty")
