"""Mode `together`: a program and its tests in one process, for tests that can't be told apart from it.

job: {"source": text, "pieces": [test code, …], "first": …, "last": …, "stop": …}, and the result as in mode
`tester`. The program can write there, patch what the tests use, or return what equals everything: a verdict that
rests on this says so. Without a source it says how many tests there are, which a program could have made up.
"""

import sys
from typing import Any

from . import program
from .suite import SOLUTION, Suite, Unreadable, perform

_FAILED = 1


def run(job: dict[str, Any], result_fd: int, progress_fd: int) -> int:
    """The exit code: 0 unless the program or the tests can't be run. Raises `MemoryError`."""
    try:
        suite = Suite(job["pieces"])
        program.report(result_fd, {"tests": suite.count})
        return 0 if job["source"] is None else _run(suite, job, result_fd, progress_fd)
    except Unreadable as error:
        program.report(result_fd, {"unreadable": str(error)})
    return _FAILED


def _run(suite: Suite, job: dict[str, Any], result_fd: int, progress_fd: int) -> int:
    try:
        names = program.loaded(job["source"])
    except MemoryError:
        raise
    except BaseException as error:
        program.report(result_fd, {"program": program.told(error)})
        return _FAILED
    sys.modules[SOLUTION] = sys.modules[program.NAME]

    def tell(line: dict[str, Any]) -> bool:
        program.report(result_fd, line)
        program.done(progress_fd)
        return line["passed"] or not job["stop"]

    program.report(result_fd, {"loaded": True})
    perform(suite, names, range(job["first"], job["last"] or suite.count), tell)
    return 0
