"""Problems with right programs, read from problems/*.toml, with their tests in every form that data sets have."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.graders.sandbox.mutants import mutants

FOLDER = Path(__file__).parent / "problems"
MOST_MUTANTS = 6

_CHECK_EACH = """
for test in {tests!r}:
    try:
        print(bool(eval(test)))
    except BaseException:
        print(False)
"""


@dataclass(frozen=True)
class Problem:
    """A task with a right program and its tests."""

    name: str
    solution: str
    forms: Mapping[str, Any]
    """What an item holds, by the name of the form."""

    @property
    def mutants(self) -> list[str]:
        """The right program with one mistake each, which may or may not show in the tests."""
        return _mutants(self.solution)


@dataclass(frozen=True)
class FunctionProblem(Problem):
    """A task that asks for a function."""

    tests: tuple[str, ...]

    def as_script(self, source: str) -> str:
        """A program that prints for each test whether it holds: what an honest program passes without any grader."""
        return source + _CHECK_EACH.format(tests=self.tests)


@dataclass(frozen=True)
class ProgramProblem(Problem):
    """A task that asks for a program."""

    tests: tuple[tuple[str, str], ...]


def _functions() -> Iterator[FunctionProblem]:
    for entry in _read("functions"):
        name, tests = entry["entry"], tuple(entry["tests"].strip().splitlines())
        yield FunctionProblem(name, entry["solution"], dict(_forms(name, tests)), tests)


def _forms(name: str, tests: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    yield "assertions", {"tests": [f"assert {test}" for test in tests]}
    lines = [f"    assert {test.replace(name, 'candidate', 1)}" for test in tests]
    yield "check", {"tests": "\n".join(["def check(candidate):", *lines]), "function": name}
    pairs = [test.rsplit(" == ", 1) for test in tests]
    calls = [{"call": call, "expected": eval(expected)} for call, expected in pairs]
    if json.loads(json.dumps(calls, default=str)) == calls:
        yield "calls", {"tests": calls}


def _programs() -> Iterator[ProgramProblem]:
    for entry in _read("programs"):
        tests = tuple((given, wanted) for given, wanted in entry["tests"])
        forms = {
            "pairs": {"tests": [{"input": given, "output": wanted} for given, wanted in tests]},
            "lists": {"tests": {"inputs": [given for given, _ in tests], "outputs": [wanted for _, wanted in tests]}},
        }
        yield ProgramProblem(entry["name"], entry["solution"], forms, tests)


def _read(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads((FOLDER / f"{name}.toml").read_text())["problem"]
    return entries


@cache
def _mutants(solution: str) -> list[str]:
    return mutants(solution, MOST_MUTANTS)


FUNCTIONS, PROGRAMS = tuple(_functions()), tuple(_programs())
