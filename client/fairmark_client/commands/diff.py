"""`fairmark graders diff`: where a grader and a baseline disagree on the same rows, and why either says so."""

import json
import math
from collections import Counter
from contextlib import ExitStack
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import typer
from rich import box
from rich.console import Group
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fairmark_graders import Sample, Tools, Verdict
from fairmark_graders.template import Variable
from fairmark_graders.workers import Workers

from . import streams
from .catalog import load
from .console import err, fail, out, printable
from .judges import MATH_VERIFY, Grading, Judge, MathVerify
from .references import lone_reference, reference
from .rows import Broken, Row, Rows

_TAIL = 300
"""Characters of a sample's end, where its answer is."""


class Options(NamedTuple):
    """What the command line asks for."""

    grader: str
    baseline: str
    source: str
    field: str | None
    reference: str | None
    out: str | None
    limit: int | None


class Pair(NamedTuple):
    """Two verdicts on one row."""

    row: Row
    ours: Verdict
    theirs: Verdict

    @property
    def kind(self) -> str:
        """`agree`, or who scores higher, or who gives no score."""
        ours, theirs = self.ours.score, self.theirs.score
        if ours is None or theirs is None:
            return "agree" if ours is theirs else "ours gives no score" if ours is None else "theirs gives no score"
        if math.isclose(ours, theirs, abs_tol=1e-6):
            return "agree"
        return "ours is higher" if ours > theirs else "theirs is higher"


def diff(options: Options) -> None:
    """Print every disagreement and a summary; exits with 1 when there is one."""
    run = Run(options)
    streams.run(run.diff, options.out, run.show)
    if not run.kinds:
        fail(f"{run.name} has no rows")
    run.show()
    if run.kinds.total() > run.kinds["agree"]:
        raise typer.Exit(1)


class Run:
    """One file under two judges."""

    def __init__(self, options: Options) -> None:
        self.name = streams.titled(options.source)
        self.kinds: Counter[str] = Counter()
        self._options = options
        self._tools = Tools(Workers())
        grader = load(options.grader)
        self._ours = Grading(options.grader, grader, self._tools)
        self._reference = lone_reference(grader, options.reference)
        self._theirs: Judge
        if options.baseline == MATH_VERIFY:
            self._theirs = MathVerify(reference(grader, options.reference), self._tools)
        else:
            self._theirs = Grading(options.baseline, load(options.baseline), self._tools)
        self._console = err if options.out == "-" else out
        self._broken = streams.Complaints(self.name)
        self._sink: BinaryIO | None = None

    async def diff(self, files: ExitStack) -> None:
        """Have both judge every row."""
        limit = self._options.limit
        source = streams.source(self._options.source, files)
        self._sink = streams.sink(self._options.out, self._options.source, files)
        rows = Rows(source, self._options.field)
        try:
            with streams.progress(hidden=self._sink is None) as progress:
                task = progress.add_task("", total=limit or streams.size(source))
                for batch in streams.batches(islice(rows, limit)):
                    await self._take(batch)
                    done = self.kinds.total()
                    progress.update(task, completed=done if limit else rows.bytes_read, description=f"{done:,} rows")
        finally:
            await self._tools.close()

    def show(self) -> None:
        """Print the summary."""
        self._console.print(
            Text(f"{self.name} · ours {self._ours.name} · theirs {self._theirs.name}", "bold"), soft_wrap=True
        )
        table = Table(box=box.ROUNDED, border_style="dim", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        table.add_column(justify="right", style="dim")
        for kind, count in self.kinds.most_common():
            table.add_row(kind, Text(f"{count:,}", "bold"), f"{count / self.kinds.total():.2%}")
        if self.kinds:
            self._console.print(table)

    async def _take(self, batch: list[Row | Broken]) -> None:
        rows = [row for row in batch if isinstance(row, Row)]
        for broken in (row for row in batch if isinstance(row, Broken)):
            self.kinds["no row"] += 1
            self._broken.add(broken.line, broken.reason)
        ours, theirs = await self._ours.verdicts(rows), await self._theirs.verdicts(rows)
        for pair in map(Pair, rows, ours, theirs):
            self.kinds[pair.kind] += 1
            if pair.kind != "agree":
                self._tell(pair)

    def _tell(self, pair: Pair) -> None:
        record = {
            "line": pair.row.line,
            "kind": pair.kind,
            "reference": self._reference and _found(self._reference, pair.row),
            "ours": {"read": self._ours.read(pair.row), **_told(pair.ours)},
            "theirs": {"read": self._theirs.read(pair.row), **_told(pair.theirs)},
        }
        if self._sink:
            self._sink.write(json.dumps(record, default=str).encode() + b"\n")
        else:
            self._console.print(_block(f"{self.name}:{pair.row.line}", record, pair.row))


def _told(verdict: Verdict) -> dict[str, Any]:
    return {"score": verdict.score, "outcome": verdict.outcome, "rule": verdict.rule, "reason": verdict.reason}


def _found(variable: Variable, row: Row) -> Any:
    return variable.find(Sample(""), row.item) if isinstance(row.item, dict) else None


def _block(place: str, record: dict[str, Any], row: Row) -> Group:
    """One disagreement, to be printed."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    text = Sample(row.sample).get("output_text") or ""
    grid.add_row("sample", Text(printable(text if len(text) <= _TAIL else f"…{text[-_TAIL:]}")))
    if record["reference"] is not None:
        grid.add_row("reference", Text(printable(json.dumps(record["reference"], ensure_ascii=False))))
    for name in ("ours", "theirs"):
        grid.add_row(name, Text(printable(_line(record[name]))))
    return Group(Rule(Text.assemble((place, "bold"), f"  {record['kind']}"), align="left", style="dim"), grid)


def _line(told: dict[str, Any]) -> str:
    """A verdict with what stands behind it, in one paragraph."""
    score = told["outcome"] if told["score"] is None else f"{told['score']:g}"
    read = told["read"] and json.dumps(told["read"], ensure_ascii=False, default=str)
    return "; ".join(filter(None, [score, told["rule"], told["reason"], read]))
