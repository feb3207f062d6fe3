"""`fairmark grade`: rows in, results and a summary out; in order, a few batches at a time."""

import asyncio
import json
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .. import environment
from ..errors import ServiceError
from .console import complain, err, fail, out
from .explain import explained
from .local import Local
from .remote import Remote
from .rows import Broken, Result, Row, Rows
from .summary import Summary

BATCH = 128
"""Rows handed over at a time; the service is sent as many in one request."""
_COMPLAINTS = 20
"""Broken lines that are named one by one; a file of something else altogether has nothing but such."""

Graded = tuple[Row | Broken, Result]


class Options(NamedTuple):
    """What the command line asks for."""

    source: str
    grader: str
    field: str | None
    url: str | None
    key_env: str | None
    out: str | None
    explain: bool
    limit: int | None


def grade(options: Options) -> None:
    """Grade a file; exits with 1 when a row has no true score."""
    try:
        with ExitStack() as files:
            run = _run(options, files)
    except BrokenPipeError:
        raise
    except OSError as error:  # a disk that is full, a file that can't be read to its end
        fail(f"{error.filename or options.out}: {error.strerror}")
    if not run.summary.rows:
        fail(f"{run.name} has no rows")
    run.show()
    if run.summary.outcomes["graded"] < run.summary.rows:
        raise typer.Exit(1)


def _run(options: Options, files: ExitStack) -> "Run":
    source = _source(options.source, files)
    backend = _backend(options)
    run = Run(options, Rows(source, options.field), backend, _sink(options, files))
    # asyncio's own handler only cancels at an await, and reading from a terminal or a pipe is none.
    signal.signal(signal.SIGINT, _interrupt)
    try:
        asyncio.run(run.grade(source))
    except ServiceError as error:
        fail(f"{error} ({run.summary.rows:,} rows were graded before)")
    except KeyboardInterrupt:
        complain("stopped; this is what came before")
        run.show()
        raise typer.Exit(130) from None
    return run


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


class Run:
    """One file on its way through a backend."""

    def __init__(self, options: Options, rows: Rows, backend: Local | Remote, sink: BinaryIO | None) -> None:
        self.summary = Summary()
        self.name = "stdin" if options.source == "-" else options.source
        self._options, self._rows, self._backend, self._sink = options, rows, backend, sink
        self._console = err if options.out == "-" else out
        self._broken = 0

    async def grade(self, source: BinaryIO) -> None:
        """Take every result where it belongs, in the order of the rows. Raises `ServiceError`."""
        limit = self._options.limit
        rows = islice(self._rows, limit)
        with _progress(self._options.explain) as progress:
            task = progress.add_task("", total=limit or _size(source))
            async for row, result in _ordered(rows, self._backend):
                self._take(row, result)
                done = self.summary.rows if limit else self._rows.bytes_read
                progress.update(task, completed=done, description=f"{self.summary.rows:,} rows")

    def show(self) -> None:
        """Print the summary."""
        title = f"{self.name} · {self._backend.where}"
        self._console.print(self.summary.table(title, self._console.width))

    def _take(self, row: Row | Broken, result: Result) -> None:
        self.summary.add(result)
        if isinstance(row, Broken):
            self._complain(row)
        if self._sink:
            self._sink.write(json.dumps(result, default=str).encode() + b"\n")
        if self._options.explain:
            self._console.print(explained(f"{self.name}:{row.line}", result))

    def _complain(self, row: Broken) -> None:
        self._broken += 1
        if self._broken <= _COMPLAINTS:
            complain(f"{self.name}: line {row.line}: {row.reason}")
        elif self._broken == _COMPLAINTS + 1:
            complain("further broken lines are counted, not shown")


def _backend(options: Options) -> Local | Remote:
    if options.url is None and not environment.text("FAIRMARK_URL"):
        return Local(options.grader, options.explain)
    try:
        remote = Remote(options.grader, options.url, options.key_env, options.explain)
    except ValueError as error:
        fail(error)
    if options.url is None:
        complain(f"grading on {remote.url}, as FAIRMARK_URL says")
    return remote


def _source(source: str, files: ExitStack) -> BinaryIO:
    if source == "-":
        return sys.stdin.buffer
    return files.enter_context(Path(source).open("rb"))


def _sink(options: Options, files: ExitStack) -> BinaryIO | None:
    if options.out is None:
        return None
    if options.out == "-":
        return sys.stdout.buffer
    path = Path(options.out)
    if options.source != "-" and path.exists() and path.samefile(options.source):
        fail(f"--out: {path} is the file of rows itself")
    return files.enter_context(path.open("wb"))


def _size(source: BinaryIO) -> int | None:
    """Bytes of the whole file; a pipe's are not known."""
    return os.fstat(source.fileno()).st_size or None


def _progress(hidden: bool) -> Progress:
    """A bar over the bytes read, or over --limit, on stderr; for people only."""
    bar = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*bar, console=err, transient=True, disable=hidden or not sys.stderr.isatty())


async def _ordered(rows: Iterable[Row | Broken], backend: Local | Remote) -> AsyncIterator[Graded]:
    """The results in the order of the rows, while the backend is busy with as many batches as it takes."""
    flying: deque[asyncio.Task[list[Graded]]] = deque()
    try:
        for batch in _batches(rows):
            flying.append(asyncio.create_task(_graded(batch, backend)))
            if len(flying) >= backend.batches:
                for graded in await flying.popleft():
                    yield graded
        while flying:
            for graded in await flying.popleft():
                yield graded
    finally:
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)


def _batches(rows: Iterable[Row | Broken]) -> Iterator[list[Row | Broken]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


async def _graded(batch: list[Row | Broken], backend: Local | Remote) -> list[Graded]:
    rows = [row for row in batch if isinstance(row, Row)]
    results = iter(await backend.grade(rows) if rows else [])
    return [(row, next(results) if isinstance(row, Row) else _invalid(row)) for row in batch]


def _invalid(row: Broken) -> Result:
    """The result of a line that holds no row; no grader has seen it, so there is no version."""
    fault = {"score": None, "outcome": "invalid", "reason": row.reason}
    return {**fault, "sub_scores": {}, "cached": False, "version": None}
