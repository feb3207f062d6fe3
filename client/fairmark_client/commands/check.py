"""`fairmark graders check`: does a grader read the references of a data set, before anybody trains on them?

Each row's reference is graded as if a model had answered it: as it is, boxed, and in a sentence. It passes when one of
these scores full, again when graded again, while an empty answer and another row's reference don't. Rows are graded one
after the other, so that a row's time is its own.
"""

import json
import time
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from fairmark_graders import AnyGrader, Item, Sample, Tools, Verdict
from fairmark_graders.local import grade_with
from fairmark_graders.template import Variable
from fairmark_graders.workers import Workers

from . import streams
from .catalog import label, load
from .console import bad, err, fail, out
from .references import reference
from .rows import Broken, Items, Row

CHECKS = {
    "row": "the line holds an item",
    "readable": "the grader can read the reference",
    "full": "the reference scores full",
    "again": "graded again, it scores the same",
    "empty": "an empty answer doesn't score full",
    "other": "another row's reference doesn't",
}
_ALIKE = 0.01
"""The share of rows for which another row's reference may score full: `1/2` and `0.5` may stand in one data set."""
_NAMED = 20
"""Rows that are named for each check; a file of other data has nothing but such. --out has them all."""
_SHOWN = 100
"""Characters of a reference."""


class Options(NamedTuple):
    """What the command line asks for."""

    grader: str
    source: str
    reference: str | None
    out: str | None
    limit: int | None


class Looked(NamedTuple):
    """What came of one row: each check that was made, with what is wrong where something is."""

    checks: dict[str, str | None]
    forms: Iterable[str] = ()
    """The forms in which the reference scores full."""
    seconds: float | None = None
    """What grading the best of them took."""


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
                    self._take(row, await probe.look(row))
                    done = self.rows if limit else items.bytes_read
                    progress.update(task, completed=done, description=f"{self.rows:,} rows")
        finally:
            await tools.close()

    def fails(self, name: str) -> bool:
        """Whether too many rows fail a check: any at all, but for references that say the same in other words."""
        return self.failed[name] > (self._made[name] * _ALIKE if name == "other" else 0)

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
            forms = dict.fromkeys([*_forms(""), *self._forms])
            yield "full score: " + ", ".join(f"{form} {self._forms[form] / graded:.1%}" for form in forms)
        if self._seconds:
            middle, last = (_quantile(self._seconds, share) * 1000 for share in (0.5, 0.99))
            yield f"milliseconds a row: p50 {middle:.3g}, p99 {last:.3g}"
        if self.failed["other"] and not self.fails("other"):
            yield f"up to {_ALIKE:.0%} of references may say the same as another row's in other words"
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


class Probe:
    """Puts references to a grader, as answers."""

    def __init__(self, grader: AnyGrader, reference: Variable, tools: Tools) -> None:
        self._grader, self._reference, self._tools = grader, reference, tools
        marks = [part.pass_threshold for part in (grader, *grader.leaves()) if part.pass_threshold is not None]
        self._full = marks[0] if marks else 1.0
        self._earlier: list[tuple[int, Any]] = []
        """Two different references of earlier rows: one of them differs from any other."""

    async def look(self, row: Row | Broken) -> Looked:
        """Make every check that this row allows."""
        if isinstance(row, Broken):
            return Looked({"row": row.reason})
        value = self._reference.find(Sample(""), row.item)
        if value is None:
            return Looked({"row": None, "readable": f"the item has no '{self._reference}'"})
        timed = {form: await self._timed(text, row.item) for form, text in _forms(value).items()}
        best = max(timed, key=lambda form: _rank(timed[form][0]))
        verdict, seconds = timed[best]
        if verdict.score is None:
            return Looked({"row": None, "readable": f"{_shown(value)}: {verdict.reason}"})
        checks = {"row": None, "readable": None} | await self._checks(row, value, best, verdict)
        return Looked(checks, [form for form, (found, _) in timed.items() if self._scores_full(found)], seconds)

    async def _checks(self, row: Row, value: Any, form: str, verdict: Verdict) -> dict[str, str | None]:
        checks: dict[str, str | None] = {"full": None, "again": None, "empty": None}
        if not self._scores_full(verdict):
            checks["full"] = f"{_shown(value)} scores {_said(verdict)}"
        again = await self._grade(_forms(value)[form], row.item)
        if (again.score, again.outcome) != (verdict.score, verdict.outcome):
            checks["again"] = f"{_shown(value)} scores {_said(verdict)}, then {_said(again)}"
        if self._scores_full(empty := await self._grade("", row.item)):
            checks["empty"] = f"an empty answer to {_shown(value)} scores {_said(empty)}"
        if other := self._other(row.line, value):
            line, swapped = other
            found = await self._grade(_forms(swapped)[form], row.item)
            full = self._scores_full(found)
            checks["other"] = (
                f"{_shown(swapped)} of line {line} scores {_said(found)} for {_shown(value)}" if full else None
            )
        return checks

    def _other(self, line: int, value: Any) -> tuple[int, Any] | None:
        """A different reference of an earlier row; case and spaces make no difference."""
        other = next((earlier for earlier in self._earlier if _folded(earlier[1]) != _folded(value)), None)
        if not self._earlier or other is not None:
            self._earlier = [(line, value), *([other] if other else [])]
        return other

    async def _timed(self, text: str, item: Item) -> tuple[Verdict, float]:
        began = time.perf_counter()
        return await self._grade(text, item), time.perf_counter() - began

    async def _grade(self, text: str, item: Item) -> Verdict:
        return await grade_with(self._tools, self._grader, Sample(text), item)

    def _scores_full(self, verdict: Verdict) -> bool:
        return verdict.outcome == "graded" and verdict.score is not None and verdict.score >= self._full - 1e-9


def _rank(verdict: Verdict) -> tuple[bool, float]:
    return verdict.outcome == "graded", verdict.score if verdict.score is not None else -1e300


def _forms(value: Any) -> dict[str, str]:
    """A reference as a model would answer it."""
    several = isinstance(value, list) and value and not isinstance(value[0], list | dict)
    one = _text(value[0] if several else value)
    forms = {"as it is": _text(value), "\\boxed{…}": f"\\boxed{{{one}}}", "The answer is …": f"The answer is {one}."}
    return forms | ({"the first of several": one} if several else {})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _folded(value: Any) -> str:
    return "".join(_text(value).split()).casefold()


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _said(verdict: Verdict) -> str:
    score = verdict.outcome if verdict.score is None else f"{verdict.score:g}"
    return f"{score} ({verdict.reason})" if verdict.reason else score


def _quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
