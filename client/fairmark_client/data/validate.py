"""Does a prepared data set keep the rules of the platforms it was made for, and can its grader grade it?"""

from collections.abc import Iterator
from typing import NamedTuple

from fairmark_graders import AnyGrader

from .prepared import Prepared


class Problem(NamedTuple):
    """One thing that a platform refuses, or that is likely to hurt."""

    file: str
    """Relative to the folder."""
    line: int | None
    """From 1; None where it is the file as a whole."""
    field: str | None
    message: str
    fatal: bool = True
    """Whether a platform refuses it, or the grader can't grade it; else it is a warning."""


def problems(prepared: Prepared, grader: AnyGrader | None = None) -> Iterator[Problem]:
    """What is wrong with the files, platform by platform, then with the rows under the grader."""
    yield from ()
