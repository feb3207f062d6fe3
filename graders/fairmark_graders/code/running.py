"""A program under its tests, in the sandbox: one run for all of them, and another from where a test has ended a run.

What comes out of a run is outputs; here they are compared with what was expected, which no run ever holds. Only tests
that are code of their own bring their verdicts along: from a process that the program isn't in (`tester`), or, where
they can't be told apart from the program, from its own (`together`), and then the verdict says so.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import ModelFault, Ungradable
from ..grader import Tools
from ..sandbox.inside import plain
from ..sandbox.outcome import Limits, Outcome
from ..workers import OverLimit, WorkerLost
from .rules import OutputRule, Tolerance, ValueRule

IN_PLACE = 10_000
"""Bytes of outputs that are compared here, in a millisecond however hostile they are; more go to a worker."""
VALUES_IN_PLACE = 2_000
"""Bytes of returned values: 10,000 take 14 ms where they are a set of decimals."""
CPU_SECONDS = 5.0
"""For comparing what is longer: 10 MB of words take 2 s."""
_SHOWN = 500
"""Characters of an output that `explain` shows."""
_OF_ALL_TESTS = ("memory_limit", "output_limit")
"""How a test may end a run by what earlier ones have left: it gets a run of its own."""


class Result(NamedTuple):
    """What became of one test."""

    passed: bool
    reason: str | None = None
    """Why not, without anything of what was expected."""
    detail: str | None = None
    """More of it, for the author of the tests."""
    repeatable: bool = True
    asked: bool = False
    """Whether the program itself compared objects of its own."""


class TogetherNeeded(Exception):
    """The tests have to share a process with the program; the message says why."""


class Tests(ABC):
    """Tests as they are run. Numbers count from 0."""

    mode: str
    count: int | None
    """How many there are, once that is known."""
    in_place: float = IN_PLACE
    """Bytes of what a run gave up to which `results` takes no longer than a millisecond or two."""

    @abstractmethod
    def job(self, source: str, first: int, last: int | None, stop: bool) -> dict[str, Any]:
        """What a run gets: the program and the tests from `first` up to and without `last`."""

    @abstractmethod
    def finished(self, outcome: Outcome, first: int, last: int | None) -> list[Result]:
        """Of the tests that a run came to the end of. Raises `ModelFault` for a program that can't be run at all."""

    def ended(self, outcome: Outcome, number: int) -> Result:
        """Of the test that a run ended in."""
        return _ended(outcome)

    def results(self, outcome: Outcome, first: int, last: int | None, stop: bool) -> list[Result]:
        """What became of the tests in a run, the one that it ended in last. Raises what `finished` raises."""
        found = self.finished(outcome, first, last)
        missing = (self.count or 0 if last is None else last) - first - len(found)
        if missing <= 0 or (stop and _any_failed(found)) or (found and outcome.status in _OF_ALL_TESTS):
            return found
        return [*found, self.ended(outcome, first + len(found))]


@dataclass
class InputTests(Tests):
    """Inputs, and what the program should print for each."""

    inputs: list[str]
    outputs: list[str]
    rule: OutputRule
    tolerance: Tolerance | None
    mode = "tests"

    def __post_init__(self) -> None:
        self.count = len(self.inputs)

    def job(self, source: str, first: int, last: int | None, stop: bool) -> dict[str, Any]:
        return {"source": source, "inputs": self.inputs[first:last], "stop": stop}

    def finished(self, outcome: Outcome, first: int, last: int | None) -> list[Result]:
        begin, found = 0, list[Result]()
        for line, expected in zip(self._ends(outcome), self.outputs[first:last], strict=False):
            found.append(self._result(line, outcome.stdout[begin : line["output"]], expected))
            begin = line["output"]
        return found

    def ended(self, outcome: Outcome, number: int) -> Result:
        if outcome.status != "finished":
            return super().ended(outcome, number)
        begin = max((line["output"] for line in self._ends(outcome)), default=0)  # it left by os._exit
        return self._result({"exit": 0}, outcome.stdout[begin:], self.outputs[number])

    def _ends(self, outcome: Outcome) -> list[dict[str, Any]]:
        """How the program ended for each input, and where its output did."""
        lines = list(_lines(outcome))
        _check(lines)
        return [line for line in lines if isinstance(line.get("output"), int)]

    def _result(self, line: dict[str, Any], output: bytes, expected: str) -> Result:
        if line.get("exit") != 0:
            why = line.get("error") or f"exit code {line.get('exit')}"
            return Result(False, f"error: {_words(why)}")
        wanted = expected.encode("utf-8", "surrogatepass")
        if self.rule.same(output, wanted, self.tolerance):
            return Result(True)
        return Result(False, "wrong output", f"expected {_shown(wanted)}\ngot      {_shown(output)}")


@dataclass
class CallTests(Tests):
    """Calls, and what each should return."""

    calls: list[dict[str, Any]]
    rule: ValueRule
    mode = "calls"
    in_place = VALUES_IN_PLACE

    def __post_init__(self) -> None:
        self.count = len(self.calls)

    def job(self, source: str, first: int, last: int | None, stop: bool) -> dict[str, Any]:
        calls = [{name: call[name] for name in ("function", "args", "kwargs")} for call in self.calls[first:last]]
        return {"source": source, "calls": calls, "stop": stop}

    def finished(self, outcome: Outcome, first: int, last: int | None) -> list[Result]:
        lines = _after_loading(outcome)
        return [self._result(line, call) for line, call in zip(lines, self.calls[first:last], strict=False)]

    def _result(self, line: dict[str, Any], call: dict[str, Any]) -> Result:
        if "object" in line:
            return self._of_object(line, call)
        if "value" not in line:
            return Result(False, f"error: {_words(line.get('error'))}")
        try:
            value = plain.decode(line["value"])
        except (ValueError, RecursionError):
            return Result(False, "error: returned no plain data")
        if self._holds(value, call):
            return Result(True)
        wanted = f"{call['relation']} {plain.decode(call['expected'])!r}"[:_SHOWN]
        return Result(False, "wrong value", f"expected {call['function']}(…) {wanted}\ngot      {_shown_value(value)}")

    def _of_object(self, line: dict[str, Any], call: dict[str, Any]) -> Result:
        """Of a call that returned no plain data: that is true or not, and equals no literal."""
        holds = {"true": line.get("truth") is True, "false": line.get("truth") is False, "!=": True}
        if holds.get(call["relation"], False):
            return Result(True)
        return Result(False, f"error: returned {_words(line['object'])}")

    def _holds(self, value: Any, call: dict[str, Any]) -> bool:
        expected = plain.decode(call["expected"])
        match call["relation"]:
            case "true" | "false" as wanted:
                return bool(value) is (wanted == "true")
            case "is":
                return value is expected
            case "!=":
                return not self.rule.same(value, expected)
        return self.rule.same(value, expected) or ("or" in call and self.rule.same(value, plain.decode(call["or"])))


@dataclass
class CodeTests(Tests):
    """Test code, run where the program isn't."""

    pieces: list[str]
    function: str | None
    together: bool
    """Whether the program is there after all."""
    count: int | None = None

    def __post_init__(self) -> None:
        self.mode = "together" if self.together else "tester"
        self.in_place = IN_PLACE if self.together else math.inf  # what the tests' own process wrote is short

    def question(self) -> dict[str, Any]:
        """The job of a run without the program, which says what the tests are."""
        return self.job(None, 0, None, stop=True)

    def answered(self, outcome: Outcome) -> None:
        """Take note of how many tests there are. Raises `Ungradable`, or `TogetherNeeded`."""
        for line in _lines(outcome):
            if "unreadable" in line:
                raise Ungradable(f"the tests can't be read: {line['unreadable']}", repeatable=True)
            if "beside" in line:
                raise TogetherNeeded(str(line["beside"]))
            if "tests" in line:
                self.count = line["tests"]
        if self.count is None:
            raise Ungradable(f"the tests can't be read within the limits: {outcome.status}")

    def job(self, source: str | None, first: int, last: int | None, stop: bool) -> dict[str, Any]:
        tests = {"pieces": self.pieces, "function": self.function, "first": first, "last": last, "stop": stop}
        return {"source": source, **tests} if self.together else {"program": {"source": source}, "tests": tests}

    def finished(self, outcome: Outcome, first: int, last: int | None) -> list[Result]:
        if not self.together:
            self.answered(outcome)
        found = [self._result(line) for line in _after_loading(outcome) if "passed" in line]
        return found[: (self.count or 0 if last is None else last) - first]

    def _result(self, line: dict[str, Any]) -> Result:
        asked = self.together or bool(line.get("asked"))
        if line["passed"] is True:
            return Result(True, asked=asked)
        error, message = _words(line.get("error")), _words(line.get("message"), 200)
        reason = "an assertion doesn't hold" if error == "AssertionError" else f"error: {error}"
        return Result(False, reason, f"{error}: {message}" if message else None, asked=asked)


class Way(NamedTuple):
    """How tests are run."""

    seconds_per_test: float
    seconds: float
    """Of all tests together."""
    memory_bytes: int
    output_bytes: int
    apart: bool
    """Whether each test gets a process of its own."""
    stop: bool
    """Whether one failure decides."""


async def run(tools: Tools, tests: Tests, source: str, way: Way) -> list[Result]:
    """What became of the tests, in their order; up to the first failure where that decides.

    Raises `ModelFault` for a program that can't be loaded, `Ungradable`, and `TogetherNeeded`.
    """
    found, left = list[Result](), way.seconds
    if isinstance(tests, CodeTests) and tests.together:
        tests.answered(await _outcome(tools, tests.mode, tests.question(), _limits(way, left)))
    while (tests.count is None or len(found) < tests.count) and not (way.stop and _any_failed(found)):
        if left <= 0:
            found.append(Result(False, "time_limit, of all tests together", repeatable=False))
            continue
        first = len(found)
        last = first + 1 if way.apart else None
        limits = _limits(way, left)
        outcome = await _outcome(tools, tests.mode, tests.job(source, first, last, way.stop), limits)
        left -= _spent(outcome, limits)
        found += await _compared(tools, tests, outcome, first, last, way.stop)
    return found


def _limits(way: Way, left: float) -> Limits:
    return Limits(left, min(way.seconds_per_test, left), way.memory_bytes, way.output_bytes)


async def _outcome(tools: Tools, mode: str, job: dict[str, Any], limits: Limits) -> Outcome:
    """What became of a run. Raises `Ungradable` where the sandbox is at fault."""
    outcome = await tools.sandbox.run(mode, job, limits)
    if outcome.status == "sandbox_error":
        raise Ungradable(f"the program couldn't be run: {outcome.detail or 'the sandbox failed'}")
    return outcome


async def _compared(tools: Tools, tests: Tests, outcome: Outcome, *which: Any) -> list[Result]:
    """What a run's outputs are worth, found by a worker where they are long."""
    if len(outcome.result) + len(outcome.stdout) <= tests.in_place:
        return tests.results(outcome, *which)
    try:
        results: list[Result] = await tools.workers.run(tests.results, outcome, *which, cpu_seconds=CPU_SECONDS)
    except OverLimit as error:
        raise ModelFault(f"comparing the outputs {error}", "limit", repeatable=False) from None
    except WorkerLost as error:
        raise Ungradable(str(error)) from None
    return results


def _spent(outcome: Outcome, limits: Limits) -> float:
    """Seconds of a run; one that slept until its limit used no processor, and all of its time."""
    least = (limits.seconds_per_test or 0.0) if outcome.status == "time_limit" else 0.0
    return max(outcome.seconds, least, 0.001)


def _ended(outcome: Outcome) -> Result:
    """Of the test that a run ended in."""
    match outcome.status:
        case "finished":
            reason = "error: the program ended itself"
        case "error":
            reason = f"error: exit code {outcome.exit_code}"
        case "signalled":
            reason = f"signalled: {outcome.signal}"
        case limit:
            reason = limit
    return Result(False, reason, outcome.detail, repeatable=outcome.status in ("finished", "error"))


def _after_loading(outcome: Outcome) -> list[dict[str, Any]]:
    """Lines of tests. Raises `ModelFault` where the program never got to one."""
    lines = list(_lines(outcome))
    _check(lines)
    loaded = next((place for place, line in enumerate(lines) if "loaded" in line), None)
    if loaded is None:
        ended = _ended(outcome)
        raise ModelFault(f"loading the program: {ended.reason}", "limit", repeatable=ended.repeatable)
    return lines[loaded + 1 :]


def _lines(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """Lines of JSON, up to the first that is none: where a run was ended, or the program wrote one of its own."""
    for text in outcome.result.split(b"\n"):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(line, dict):
            return
        yield line


def _check(lines: Sequence[dict[str, Any]]) -> None:
    for line in lines[:2]:
        if why := line.get("refused") or line.get("program"):
            raise ModelFault(f"the program can't be run: {_words(why)}")


def _words(told: Any, longest: int = 120) -> str:
    """What the program may have written, as text that can leave in a response: without half surrogate pairs."""
    return str(told)[:longest].encode(errors="backslashreplace").decode()


def _any_failed(results: Sequence[Result]) -> bool:
    return not all(result.passed for result in results)


def _shown(output: bytes) -> str:
    return repr(output[:_SHOWN].decode("utf-8", "replace")) + ("…" if len(output) > _SHOWN else "")


def _shown_value(value: Any) -> str:
    try:
        return repr(value)[:_SHOWN]
    except ValueError:  # an integer of more digits than Python prints
        return "an integer of very many digits"
