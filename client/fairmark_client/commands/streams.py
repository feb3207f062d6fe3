"""What every command that goes through a file shares: opening it, the bar, complaints, and Ctrl-C."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .console import complain, err, fail

T = TypeVar("T")

BATCH = 128
"""Rows handed over at a time; a service is sent as many in one request."""
_COMPLAINTS = 20
"""Broken lines that are named one by one; a file of something else altogether has nothing but such."""


def run(
    work: Callable[[ExitStack], Coroutine[Any, Any, T]], out: str | None, stopped: Callable[[], object] = lambda: None
) -> T:
    """What `work` returns; the files it opens are closed after it. Exits with 2 for those that can't be used.

    Ctrl-C calls `stopped` and exits with 130. asyncio's own handler only cancels at an await, and reading from a
    terminal or a pipe is none.
    """
    signal.signal(signal.SIGINT, _interrupt)
    try:
        with ExitStack() as files:
            return asyncio.run(work(files))
    except BrokenPipeError:
        raise
    except OSError as error:  # a disk that is full, a file that can't be read to its end
        fail(f"{error.filename or out}: {error.strerror}")
    except KeyboardInterrupt:
        complain("stopped; this is what came before")
        stopped()
        raise typer.Exit(130) from None


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def source(name: str, files: ExitStack) -> BinaryIO:
    """The file of that name, or standard input for `-`."""
    return sys.stdin.buffer if name == "-" else files.enter_context(Path(name).open("rb"))


def sink(name: str | None, source: str, files: ExitStack) -> BinaryIO | None:
    """Where results go: a file, standard output for `-`, or nowhere."""
    if name is None:
        return None
    if name == "-":
        return sys.stdout.buffer
    path = Path(name)
    if source != "-" and path.exists() and path.samefile(source):
        fail(f"--out: {path} is the file of rows itself")
    return files.enter_context(path.open("wb"))


def size(source: BinaryIO) -> int | None:
    """Bytes of the whole file; a pipe's are not known."""
    return os.fstat(source.fileno()).st_size or None


def titled(name: str) -> str:
    """How a file is called in what is printed."""
    return "stdin" if name == "-" else name


def progress(hidden: bool = False) -> Progress:
    """A bar on stderr; for people only."""
    bar = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*bar, console=err, transient=True, disable=hidden or not sys.stderr.isatty())


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    """The rows, `BATCH` at a time."""
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


class Complaints:
    """Broken lines, named until there are too many; the rest is counted."""

    def __init__(self, file: str) -> None:
        self._file, self.count = file, 0

    def add(self, line: int, reason: str) -> None:
        """Name one line, if it is among the first."""
        self.count += 1
        if self.count <= _COMPLAINTS:
            complain(f"{self._file}: line {line}: {reason}")
        elif self.count == _COMPLAINTS + 1:
            complain("further broken lines are counted, not shown")
