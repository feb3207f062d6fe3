"""fairmark's `length_penalty`: from 0 for nothing to 1 at a length and beyond, along a cosine or a straight line.

The cosine is that of the length-scaled reward of Yeo et al. 2025 (https://arxiv.org/abs/2502.03373), which
open-r1 and TRL have as `get_cosine_scaled_reward`. There a cosine goes from a reward for short right answers to one for
long ones: from 1.0 to 0.5 is `correct * (1 - 0.5 * length)` here. Beyond `max_len` the penalty stays 1.
"""

import math
from typing import Literal

from pydantic import Field

from .grader import Inline
from .shaping import LengthShaping
from .types import Case, Verdict


class LengthPenalty(LengthShaping, Inline):
    """Penalise length from the first token on."""

    type: Literal["length_penalty"]
    max_len: int = Field(gt=0)
    """The length from which on the penalty is 1."""
    schedule: Literal["cosine", "linear"] = "cosine"
    """`cosine` is lenient with short texts and steepest at half of `max_len`; `linear` is the share of `max_len`."""

    def judge(self, case: Case) -> Verdict:
        share = min(1.0, case.answer / self.max_len)
        penalty = share if self.schedule == "linear" else (1 - math.cos(math.pi * share)) / 2
        return Verdict(penalty, rule=f"length_penalty.{self.schedule}")
