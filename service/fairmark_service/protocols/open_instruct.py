"""`POST /test_program` and `/test_program_stdio`: open-instruct's code server.

Every test has a process of its own, and its own time. The client scores a completion 0 after any error and never asks
again; tests that nobody can read, or a sandbox that broke, are answered with an error all the same, which its log has.
"""

import time
from typing import Annotated, Any

import msgspec

from fairmark_graders import Case, ModelFault, Tools, Ungradable
from fairmark_graders.code import forms
from fairmark_graders.code.packed import Unpackable, unpacked
from fairmark_graders.code_tests import CodeTests
from fairmark_graders.workers import OverLimit, WorkerLost

from ..errors import Refusal
from .protocol import MiB, Running

FAILED = -1.0
"""The runtime of a test that failed."""
UNPACK_SECONDS = 10.0


class TestProgram(msgspec.Struct):
    """A program and its tests."""

    program: str
    tests: list[Any] | str
    """A list; or it as JSON; or it pickled, compressed and in base64, of which only plain data is read."""
    max_execution_time: Annotated[float, msgspec.Meta(gt=0, le=600)] = 1.0
    """Seconds of processor time, or asleep, for each test."""


class TestProgramAnswer(msgspec.Struct):
    """What became of each test, in order."""

    results: list[int]
    """1 for one that passed."""
    runtimes: list[float]
    """Seconds, or -1 for one that failed."""


async def _run(body: TestProgram, tools: Tools) -> bytes:
    tests = await _tests(body.tests, tools)
    grader = CodeTests.model_validate(
        {
            "type": "code_tests",
            "input": "{{ sample.output_text }}",
            "tests": "{{ item.tests }}",
            "seconds_per_test": body.max_execution_time,
            "seconds": body.max_execution_time,
        }
    )
    # One is read when it is run: all at once could take the loop seconds.
    runtimes = [await _runtime(grader, Case(body.program, _suite(*test)), tools) for test in enumerate(tests)]
    return msgspec.json.encode(TestProgramAnswer([int(seconds >= 0) for seconds in runtimes], runtimes))


async def _tests(tests: list[Any] | str, tools: Tools) -> list[Any]:
    if isinstance(tests, list):
        return tests
    try:
        found = await tools.workers.run(unpacked, tests, cpu_seconds=UNPACK_SECONDS)
    except (Unpackable, OverLimit) as error:
        raise _unreadable("tests", error) from None
    except WorkerLost as error:
        raise Refusal(503, str(error), code="ungradable", retry_after=1) from None
    if not isinstance(found, list):
        raise _unreadable("tests", "expected a list")
    return found


def _suite(place: int, test: Any) -> dict[str, Any]:
    try:
        return forms.suite([test], None)
    except forms.Unreadable as error:
        raise _unreadable(f"tests[{place}]", error) from None


def _unreadable(field: str, why: object) -> Refusal:
    return Refusal(422, f"{field}: {why}", param=field, code="invalid_body")


async def _runtime(grader: CodeTests, case: Case, tools: Tools) -> float:
    """Seconds that a test took to pass; `FAILED` for one that didn't."""
    began = time.perf_counter()
    try:
        passed = (await grader.judge(case, tools)).score == 1
    except ModelFault:
        return FAILED
    except Ungradable as fault:
        raise Refusal(503, f"ungradable: {fault}", code="ungradable", retry_after=1) from None
    return time.perf_counter() - began if passed else FAILED


def _patience(body: TestProgram) -> float:
    """The client waits 30 s, or ten times the limit up to 300; the answer takes the rest."""
    return max(0.0, min(300, 10 * body.max_execution_time) - 30)


def _protocol(path: str, tests: str) -> Running[TestProgram]:
    return Running(
        path=path,
        summary=f"Run a program against {tests}, as open-instruct's code server does",
        request=TestProgram,
        answer=TestProgramAnswer,
        run=_run,
        timeouts=_patience,
        patience_seconds=28,
        body_bytes=64 * MiB,
        patient=True,
    )


TEST_PROGRAM = _protocol("/test_program", "assertions")
TEST_PROGRAM_STDIO = _protocol("/test_program_stdio", "inputs and outputs")
