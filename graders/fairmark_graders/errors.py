"""What can go wrong, and whose fault it is.

    FairmarkError
    ├── InvalidGrader   a configuration that is refused when it is loaded: the caller's fault, before any work
    ├── InvalidSample   one sample or item that isn't one: the caller's fault, for that sample alone
    └── Fault           a case that can't be read or judged; carries the verdict it becomes
        ├── ModelFault  nothing readable where the model should have answered, or a limit passed: score 0
        └── Ungradable  the reference, the judge or this process is to blame: score None

A grader raises `ModelFault` or `Ungradable`; `Leaf.start` and whoever awaits `judge` turn them into verdicts.
"""

from typing import NamedTuple

from .types import ErrorCode, Verdict


class FairmarkError(Exception):
    """The root of every error that fairmark raises on purpose."""


class Problem(NamedTuple):
    """One thing wrong with a configuration: the field's dotted path and what was expected there."""

    field: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: {self.expected}" if self.field else self.expected


class InvalidGrader(FairmarkError):
    """A grader's configuration is refused; `problems` names every field that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class InvalidSample(FairmarkError):
    """A sample or item that can't be one; the message names the field and what was expected."""


class Fault(FairmarkError):
    """A case that has no ordinary verdict; `verdict` is the one it gets."""

    verdict: Verdict


class ModelFault(Fault):
    """The model is to blame: score 0, with the reason."""

    def __init__(self, reason: str, error: ErrorCode = "sample_parse", *, repeatable: bool = True) -> None:
        super().__init__(reason)
        self.verdict = Verdict(0.0, reason=reason, error=error, repeatable=repeatable)


class Ungradable(Fault):
    """The model is not to blame: no score, with the reason."""

    def __init__(self, reason: str, error: ErrorCode = "other", *, repeatable: bool = False) -> None:
        super().__init__(reason)
        self.verdict = Verdict(None, "ungradable", reason=reason, error=error, repeatable=repeatable)
