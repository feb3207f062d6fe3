"""Mode `tests`: a program once for each input, each time as if started anew, in one process.

job: {"source": text, "inputs": [text, …], "stop": whether to end at the first input that it fails on}

Of each run that ended, a line of JSON goes to the result: {"output": where its output ends in stdout, "exit": its exit
code, "error": what it raised}. stdin is a file that each input is written over. Left from one input to the next: the
modules that the program imported, with what it changed in them.
"""

import builtins
import gc
import os
import sys
import traceback
from types import CodeType
from typing import Any, TextIO

from . import program
from .ending import end

_STDIN, _STDOUT, _STDERR = range(3)
_FAILED = 1


def run(job: dict[str, Any], result_fd: int, progress_fd: int) -> int:
    """The exit code: 0 unless the program is none. Raises `MemoryError`."""
    try:
        code = program.compiled(job["source"])
    except (SyntaxError, ValueError, OverflowError, RecursionError) as error:
        program.report(result_fd, {"refused": program.told(error)})
        return _FAILED
    place = _Place()
    for text in job["inputs"]:
        place.prepare(text)
        exit_code, raised = _run(code)
        program.report(result_fd, {"output": place.output(), "exit": exit_code, "error": raised})
        program.done(progress_fd)
        if exit_code and job["stop"]:
            break
    return 0


class _Place:
    """What a program finds when it starts, put back before each run."""

    def __init__(self) -> None:
        self._streams = [os.dup(fd) for fd in (_STDIN, _STDOUT, _STDERR)]
        self._builtins = dict(vars(builtins))
        self._recursion, self._directory, self._path = sys.getrecursionlimit(), os.getcwd(), [*sys.path]

    def prepare(self, text: str) -> None:
        for kept, fd in zip(self._streams, (_STDIN, _STDOUT, _STDERR), strict=True):
            os.dup2(kept, fd)
        self._write_over(text.encode("utf-8", "surrogatepass"))
        sys.stdin = sys.__stdin__ = _text(_STDIN, "r")  # type: ignore[misc, assignment]
        sys.stdout = sys.__stdout__ = _text(_STDOUT, "w")  # type: ignore[misc, assignment]
        sys.stderr = sys.__stderr__ = _text(_STDERR, "w")  # type: ignore[misc, assignment]
        self._put_back_builtins()
        if fileinput := sys.modules.get("fileinput"):
            fileinput._state = None  # type: ignore[attr-defined]
        sys.argv, sys.path[:] = [program.FILE], [self._directory, *self._path]
        sys.setrecursionlimit(self._recursion)
        os.chdir(self._directory)

    def _put_back_builtins(self) -> None:
        names = vars(builtins)
        for added in names.keys() - self._builtins.keys():
            del names[added]
        names.update(self._builtins)

    def _write_over(self, content: bytes) -> None:
        os.ftruncate(_STDIN, 0)
        os.lseek(_STDIN, 0, os.SEEK_SET)
        while content:
            content = content[os.write(_STDIN, content) :]
        os.lseek(_STDIN, 0, os.SEEK_SET)

    def output(self) -> int:
        return os.fstat(self._streams[_STDOUT]).st_size


def _text(fd: int, mode: str) -> TextIO:
    """A stream as Python opens it at its start; the descriptor outlives it."""
    errors = "backslashreplace" if fd == _STDERR else "strict"
    return open(fd, mode, encoding="utf-8", errors=errors, closefd=False)  # type: ignore[return-value]


def _run(code: CodeType) -> tuple[int, str | None]:
    """The exit code of one run and what it raised."""
    main = program.module("__main__")
    try:
        exec(code, main.__dict__)
        result: tuple[int, str | None] = 0, None
    except SystemExit as request:
        result = _asked(request.code)
    except MemoryError:
        raise
    except BaseException as error:
        traceback.print_exception(type(error), error, error.__traceback__ and error.__traceback__.tb_next)
        result = _FAILED, program.told(error)
    end()
    main.__dict__.clear()
    gc.collect(0)
    return result


def _asked(code: Any) -> tuple[int, str | None]:
    """What `sys.exit` takes: a number, nothing, or something to print."""
    if code is None or isinstance(code, int):
        return int(code or 0) & 0xFF, None
    print(code, file=sys.stderr)
    return _FAILED, None
