"""The nouns every part shares: item, case and verdict. The sample has a file of its own."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Item = Mapping[str, Any]
"""The dataset row a sample answers: prompt, reference and whatever else the row carries."""

Outcome = Literal["graded", "ungradable", "invalid", "grader_error"]
"""How grading ended.

graded        a score, be it 0 for an answer nobody can read
ungradable    no score, and not the model's fault: a missing reference, a lost worker
invalid       no score: the caller's sample isn't one
grader_error  score 0: the user's own grader raised on this sample; counted apart
"""

ErrorCode = Literal[
    "sample_parse", "invalid_variable", "formula_parse", "limit", "grader_runtime", "grader_server", "other"
]
"""The kind of fault behind a verdict, in the grain of the error flags OpenAI's graders/run reports."""

_NO_PARTS: Mapping[str, float | None] = {}


class Case(NamedTuple):
    """What is compared, as `read` found it; nothing else may reach the judgement, since the cache key is made of it."""

    answer: Any
    reference: Any


class Cell(NamedTuple):
    """Where one answer falls in a confusion matrix."""

    expected: str
    found: str
    """A label, or one of `(none)`, `(several)` and `(abstained)`."""
    part: str = ""
    """The part of a `multi` that found it."""


class Verdict(NamedTuple):
    """The record of one judgement."""

    score: float | None
    """Normally 0 to 1; `None` means it could not be graded, and never that the answer is wrong."""
    outcome: Outcome = "graded"
    reason: str | None = None
    """Why, in words for a person, where the score alone doesn't say it."""
    rule: str | None = None
    """The rule that decided, such as `string_check.eq`."""
    error: ErrorCode | None = None
    sub_scores: Mapping[str, float | None] = _NO_PARTS
    """Scores of the parts of a `multi`, by name."""
    repeatable: bool = True
    """Whether the same case always gets this verdict; limits, crashes and infrastructure don't repeat."""
    prints: str | None = None
    """What a user's own grader printed, with its traceback where it raised."""
    cells: tuple[Cell, ...] = ()
    """Of a `classification`, or of those among the parts of a `multi`; only counted."""


def invalid(reason: str) -> Verdict:
    """The verdict on a sample that isn't one."""
    return Verdict(None, "invalid", reason=reason, error="other", repeatable=False)
