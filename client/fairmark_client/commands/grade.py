"""`fairmark grade`: rows in, results and a summary out; in order, a few batches at a time."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO, NamedTuple

import typer

from .. import environment
from ..errors import ServiceError
from . import streams
from .console import complain, err, fail, out
from .explain import explained
from .local import Local
from .remote import Remote
from .rows import Broken, Result, Row, Rows
from .summary import Summary

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
    run = Run(options, _backend(options))
    try:
        streams.run(run.grade, options.out, run.show)
    except ServiceError as error:
        fail(f"{error} ({run.summary.rows:,} rows were graded before)")
    if not run.summary.rows:
        fail(f"{run.name} has no rows")
    run.show()
    if run.summary.outcomes["graded"] < run.summary.rows:
        raise typer.Exit(1)


class Run:
    """One file on its way through a backend."""

    def __init__(self, options: Options, backend: Local | Remote) -> None:
        self.summary = Summary()
        self.name = streams.titled(options.source)
        self._options, self._backend = options, backend
        self._console = err if options.out == "-" else out
        self._broken = streams.Complaints(self.name)
        self._sink: BinaryIO | None = None

    async def grade(self, files: ExitStack) -> None:
        """Take every result where it belongs, in the order of the rows. Raises `ServiceError`."""
        options = self._options
        source = streams.source(options.source, files)
        self._sink = streams.sink(options.out, options.source, files)
        rows = Rows(source, options.field)
        with streams.progress(options.explain) as progress:
            task = progress.add_task("", total=options.limit or streams.size(source))
            async for row, result in _ordered(islice(rows, options.limit), self._backend):
                self._take(row, result)
                done = self.summary.rows if options.limit else rows.bytes_read
                progress.update(task, completed=done, description=f"{self.summary.rows:,} rows")

    def show(self) -> None:
        """Print the summary."""
        title = f"{self.name} · {self._backend.where}"
        self._console.print(self.summary.table(title, self._console.width))

    def _take(self, row: Row | Broken, result: Result) -> None:
        self.summary.add(result)
        if isinstance(row, Broken):
            self._broken.add(row.line, row.reason)
        if self._sink:
            self._sink.write(json.dumps(result, default=str).encode() + b"\n")
        if self._options.explain:
            self._console.print(explained(f"{self.name}:{row.line}", result))


def _backend(options: Options) -> Local | Remote:
    if options.url is None and not environment.text("FAIRMARK_URL"):
        return Local(options.grader, options.explain)
    remote = Remote(options.grader, options.url, options.key_env, options.explain)
    if options.url is None:
        complain(f"grading on {remote.url}, as FAIRMARK_URL says")
    return remote


async def _ordered(rows: Iterable[Row | Broken], backend: Local | Remote) -> AsyncIterator[Graded]:
    """The results in the order of the rows, while the backend is busy with as many batches as it takes."""
    flying: deque[asyncio.Task[list[Graded]]] = deque()
    try:
        for batch in streams.batches(rows):
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


async def _graded(batch: list[Row | Broken], backend: Local | Remote) -> list[Graded]:
    rows = [row for row in batch if isinstance(row, Row)]
    results = iter(await backend.grade(rows) if rows else [])
    return [(row, next(results) if isinstance(row, Row) else _invalid(row)) for row in batch]


def _invalid(row: Broken) -> Result:
    """The result of a line that holds no row; no grader has seen it, so there is no version."""
    fault = {"score": None, "outcome": "invalid", "reason": row.reason}
    return {**fault, "sub_scores": {}, "cached": False, "version": None}
