"""What is wrong with a prepared data set, one thing at a time."""

from typing import NamedTuple


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

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.message}" if self.field is None else f"{where}: {self.field}: {self.message}"
