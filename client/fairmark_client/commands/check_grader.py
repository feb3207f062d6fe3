"""`fairmark check grader`: does a grader read the references of a data set, and can it be fooled?"""

import json
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import BinaryIO, NamedTuple

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from fairmark_graders import AnyGrader, Tools
from fairmark_graders.workers import Workers

from ..checks.answers import quantile
from ..checks.grader import ALIKE, CHECKS, Looked, Probe
from . import streams
from .catalog import label, load
from .console import bad, err, fail, out
from .references import reference
from .rows import Broken, Items, Row

_FORMS = ("as it is", "\\boxed{…}", "The answer is …")
"""Named in any case; the others where they suffice."""
_NAMED = 20
"""Rows that are named for each check; a file of other data has nothing but such. --out has them all."""


class Options(NamedTuple):
    """What the command line asks for."""

    grader: str
    source: str
    reference: str | None
    out: str | None
    limit: int | None


def check(options: Options) -> None:
    """Check every row; exits with 1 when one fails."""
    run = Run(options, load(options.grader))
    streams.run(run.check, options.out, run.show)
    if not run.rows:
        fail(f"{run.name} has no rows")
    run.show()
    if any(map(run.fails, CHECKS)):
        raise typer.Exit(1)


class Run:
    """One file on its way past one grader."""

    def __init__(self, options: Options, grader: AnyGrader) -> None:
        self.name, self.rows = streams.titled(options.source), 0
        self.failed: Counter[str] = Counter()
        self._options, self._grader = options, grader
        self._reference = reference(grader, options.reference)
        self._console = err if options.out == "-" else out
        self._made: Counter[str] = Counter()
        self._forms: Counter[str] = Counter()
        self._seconds = array("d")
        self._sink: BinaryIO | None = None

    async def check(self, files: ExitStack) -> None:
        """Look at every row."""
        limit = self._options.limit
        source = streams.source(self._options.source, files)
        self._sink = streams.sink(self._options.out, self._options.source, files)
        items, tools = Items(source), Tools(Workers())
        probe = Probe(self._grader, self._reference, tools)
        try:
            with streams.progress() as progress:
                task = progress.add_task("", total=limit or streams.size(source))
                for row in islice(items, limit):
                    self._take(row, await _looked(probe, row))
                    done = self.rows if limit else items.bytes_read
                    progress.update(task, completed=done, description=f"{self.rows:,} rows")
        finally:
            await tools.close()

    def fails(self, name: str) -> bool:
        """Whether too many rows fail a check: any at all, but for references that say the same in other words."""
        return self.failed[name] > (self._made[name] * ALIKE if name == "other" else 0)

    def show(self) -> None:
        """Print what was found."""
        title = f"{self.name} · {label(self._options.grader, self._grader)} · {self._reference}"
        self._console.print(Text(title, "bold"), soft_wrap=True)
        table = Table(box=box.ROUNDED, border_style="dim", header_style="bold")
        table.add_column("check")
        table.add_column("rows", justify="right")
        table.add_column("failed", justify="right")
        for name, words in CHECKS.items():
            style = "bold red" if self.fails(name) else "green"
            if self._made[name]:
                table.add_row(words, f"{self._made[name]:,}", Text(f"{self.failed[name]:,}", style))
        if self.rows:
            self._console.print(table)
        for remark in self._remarks():
            self._console.print(remark, soft_wrap=True)

    def _remarks(self) -> Iterator[str]:
        if graded := self._made["full"]:
            forms = dict.fromkeys([*_FORMS, *self._forms])
            yield "full score: " + ", ".join(f"{form} {self._forms[form] / graded:.1%}" for form in forms)
        if self._seconds:
            middle, last = (quantile(self._seconds, share) * 1000 for share in (0.5, 0.99))
            yield f"milliseconds a row: p50 {middle:.3g}, p99 {last:.3g}"
        if self.failed["other"] and not self.fails("other"):
            yield f"up to {ALIKE:.0%} of references may say the same as another row's in other words"
        if self._made["full"] and not self._made["other"]:
            yield "the references are all the same, so none could be swapped"

    def _take(self, row: Row | Broken, looked: Looked) -> None:
        self.rows += 1
        self._made.update(looked.checks.keys())
        self._forms.update(looked.forms)
        if looked.seconds is not None:
            self._seconds.append(looked.seconds)
        for name, problem in looked.checks.items():
            if problem:
                self._tell(row.line, name, problem)

    def _tell(self, line: int, name: str, problem: str) -> None:
        self.failed[name] += 1
        if self._sink:
            self._sink.write(json.dumps({"line": line, "check": name, "problem": problem}).encode() + b"\n")
        if self.failed[name] <= _NAMED:
            bad(f"{self.name}:{line}", problem, self._console)
        elif self.failed[name] == _NAMED + 1:
            bad(self.name, f"more rows fail '{CHECKS[name]}'; they are counted, and listed with --out", self._console)


async def _looked(probe: Probe, row: Row | Broken) -> Looked:
    return Looked({"row": row.reason}) if isinstance(row, Broken) else await probe.look(row.line, row.item)
