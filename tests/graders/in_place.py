"""Asking a grader for the verdict it gives in place, without a worker."""

from collections.abc import Mapping
from typing import Any

from fairmark_graders import Case, Sample, Verdict, parse_grader
from fairmark_graders.grader import Awaited


def in_place(configuration: Mapping[str, Any], text: str) -> Verdict | None:
    """The verdict on a text; None where that takes a worker."""
    grader = parse_grader(configuration)
    assert isinstance(grader, Awaited)
    case = grader.start(Sample(text), {})
    assert isinstance(case, Case)
    return grader.quick(case)
