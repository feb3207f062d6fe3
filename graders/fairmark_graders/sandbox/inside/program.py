"""A program that is run in this process: as a module whose functions are called, or over and over as `__main__`."""

import builtins
import json
import linecache
import os
import sys
import types
from types import CodeType
from typing import Any

FILE = "main.py"
NAME = "program"
"""What a program is called whose functions are tested, so that `if __name__ == "__main__":` isn't entered."""


def report(result_fd: int, line: dict[str, Any]) -> None:
    """Write one line of JSON. A write that passes the limit stops short, and the next one ends the process."""
    left = json.dumps(line).encode() + b"\n"
    while left:
        left = left[os.write(result_fd, left) :]


def done(progress_fd: int) -> None:
    """Say that a test is done, so that the next one has its own limit."""
    os.write(progress_fd, b".")


def compiled(source: str) -> CodeType:
    """Raises `SyntaxError` and what else Python has against a text."""
    linecache.cache[FILE] = len(source), None, source.splitlines(keepends=True), FILE
    return compile(source, FILE, "exec", dont_inherit=True)


def module(name: str) -> types.ModuleType:
    """A fresh one, found under its name: dataclasses and the like look there."""
    fresh = types.ModuleType(name)
    fresh.__dict__.update(__file__=FILE, __builtins__=builtins)
    sys.modules[name] = fresh
    return fresh


def loaded(source: str) -> dict[str, Any]:
    """The names of a program that ran to its end. Raises whatever it raises."""
    names = module(NAME).__dict__
    exec(compiled(source), names)
    return names


def told(error: BaseException) -> str:
    """The class of an error and the line of the program where it came up, in words: `ValueError in line 3`."""
    line = error.lineno if isinstance(error, SyntaxError) else _line(error)
    name = type(error).__name__[:80]
    return f"{name} in line {line}" if line else name


def _line(error: BaseException) -> int | None:
    frame, line = error.__traceback__, None
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == FILE:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line
