"""`fairmark check grader`: does a grader read the references of a data set, and can it be fooled?"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from fairmark_graders import Tools
from fairmark_graders.workers import Workers

from ..checks.answers import quantile, said, shown
from ..checks.exploits import EXPLOITS
from ..checks.grader import ALIKE, CHECKS, GraderCheck, Looked
from ..checks.trials import Constant, Tried
from ..data import format
from ..data.prepared import Prepared, Side, item
from ..errors import DataError
from . import streams
from .catalog import label, load
from .console import bad, err, fail, out, printable
from .references import reference
from .rows import Broken, Items, Row

_FORMS = ("as it is", "\\boxed{…}", "The answer is …")
"""Named in any case; the others where they suffice."""
_NAMED = 20
"""Rows that are named for each check; a file of other data has nothing but such. --out has them all."""
_FOUND = {
    "fine": ("fine", "green"),
    "lenient": ("lenient", "yellow"),
    "pays": ("pays", "bold red"),
    "ungradable": ("ungradable", "bold red"),
}

_FAILS = ("pays", "ungradable")


class Options(NamedTuple):
    """What the command line asks for."""

    grader: str
    data: str
    side: Side
    reference: str | None
    out: str | None
    limit: int | None


class Source(NamedTuple):
    """Where the rows are: a file, or the side of a prepared folder."""

    path: str
    prepared: bool = False
    schema: Mapping[str, Any] | None = None
    """Of the JSON that the prompts ask for."""


def check(options: Options) -> None:
    """Check every row and try the exploits; exits with 1 when a row fails or an exploit pays."""
    run = Run(options, _source(options))
    streams.run(run.check, options.out, run.show)
    if not run.check_rows.rows:
        fail(f"{run.name} has no rows")
    run.show()
    if run.fails:
        raise typer.Exit(1)


def _source(options: Options) -> Source:
    if not Path(options.data).is_dir():
        return Source(options.data)
    try:
        manifest = Prepared.open(options.data).manifest
    except DataError as error:
        fail(error)
    path = Path(options.data) / f"{options.side}.jsonl"
    return Source(str(path), True, format.schema(manifest.response_format))


class Run:
    """One file on its way past one grader."""

    def __init__(self, options: Options, source: Source) -> None:
        self.name = streams.titled(source.path)
        self._options, self._source, self._grader = options, source, load(options.grader)
        self._reference, self._tools = reference(self._grader, options.reference), Tools(Workers())
        self.check_rows = GraderCheck(self._grader, self._reference, self._tools)
        self._console = err if options.out == "-" else out
        self._constant: Constant | None = None
        self._tried: list[Tried] = []
        self._about = ""
        self._sink: BinaryIO | None = None

    async def check(self, files: ExitStack) -> None:
        """Look at every row, and try the exploits on a sample of them."""
        source = streams.source(self._source.path, files)
        self._sink = streams.sink(self._options.out, self._source.path, files)
        try:
            await self._look(source)
            if self.check_rows.made["other"]:
                await self._try()
        finally:
            await self._tools.close()

    async def _look(self, source: BinaryIO) -> None:
        limit, items = self._options.limit, Items(source)
        with streams.progress() as progress:
            task = progress.add_task("", total=limit or streams.size(source))
            for row in islice(items, limit):
                self._take(row, await self._looked(row))
                done = self.check_rows.rows if limit else items.bytes_read
                progress.update(task, completed=done, description=f"{self.check_rows.rows:,} rows")

    async def _try(self) -> None:
        trials = self.check_rows.trials(self._source.schema)
        with streams.progress() as progress:
            task = progress.add_task("exploits", total=len(EXPLOITS) + 1)
            self._constant = await trials.constant()
            async for tried in trials.exploits():
                self._tried.append(tried)
                if tried.found in _FAILS:
                    self._write(tried.line, "exploit", _example(tried))
                progress.advance(task)
        weights = f", each of {trials.classes} references counting the same" if trials.classes else ""
        self._about = f"on {len(trials.rows)} rows{weights}; who only guesses earns {trials.baseline:.3g}"

    @property
    def fails(self) -> bool:
        """Whether anything is wrong, be it with a row or with what an exploit earns."""
        pays = any(tried.found in _FAILS for tried in self._tried)
        return pays or any(map(self.check_rows.fails, CHECKS)) or (self._constant or _NOBODY).found == "pays"

    def show(self) -> None:
        """Print what was found."""
        title = f"{self.name} · {label(self._options.grader, self._grader)} · {self._reference}"
        self._console.print(Text(title, "bold"), soft_wrap=True)
        if self.check_rows.rows:
            self._console.print(self._checks())
        for remark in self._remarks():
            self._console.print(remark, soft_wrap=True)
        if self._tried:
            self._show_exploits()

    def _checks(self) -> Table:
        table, checked = _table("check", "rows", "failed"), self.check_rows
        for name, words in CHECKS.items():
            style = "bold red" if checked.fails(name) else "green"
            if checked.made[name]:
                table.add_row(words, f"{checked.made[name]:,}", Text(f"{checked.failed[name]:,}", style))
        return table

    def _remarks(self) -> Iterator[str]:
        checked = self.check_rows
        if graded := checked.made["full"]:
            forms = dict.fromkeys([*_FORMS, *checked.forms])
            yield "full score: " + ", ".join(f"{form} {checked.forms[form] / graded:.1%}" for form in forms)
        if checked.seconds:
            middle, last = (quantile(checked.seconds, share) * 1000 for share in (0.5, 0.99))
            yield f"milliseconds a row: p50 {middle:.3g}, p99 {last:.3g}"
        if checked.failed["other"] and not checked.fails("other"):
            yield f"up to {ALIKE:.0%} of references may say the same as another row's in other words"
        if checked.made["full"] and not checked.made["other"]:
            yield "the references are all the same: none could be swapped, and no exploit be told from a right answer"

    def _show_exploits(self) -> None:
        self._console.print()
        self._console.print(Text(f"exploits {self._about}"), soft_wrap=True)
        earning = [tried for tried in self._tried if tried.mean > 0 or tried.found != "fine"]
        if earning:
            self._console.print(_exploits(earning))
        if rest := len(self._tried) - len(earning):
            self._console.print(f"{rest} {'other ' if earning else ''}exploits earn nothing")
        for tried in self._tried:
            if tried.found in _FAILS:
                bad(f"{self.name}:{tried.line}", _example(tried), self._console)
            elif tried.found == "lenient":
                self._warn(f"{self.name}:{tried.line}: {_example(tried)}")
        if self._constant and (advice := _advice(self._constant)):
            self._warn(advice)

    def _warn(self, message: str) -> None:
        self._console.print(Text.assemble(("! ", "bold yellow"), printable(message)), soft_wrap=True)

    async def _looked(self, row: Row | Broken) -> Looked:
        if isinstance(row, Broken):
            return self._broken(row.reason)
        if not self._source.prepared:
            return await self.check_rows.look(row.line, row.item)
        weight = row.item.get("weight", 1)
        if type(weight) not in (int, float) or weight <= 0:
            return self._broken(f"weight: expected a number above 0, got {shown(weight)}")
        return await self.check_rows.look(row.line, item(row.item), weight)

    def _broken(self, reason: str) -> Looked:
        looked = Looked({"row": reason})
        self.check_rows.count(looked)
        return looked

    def _take(self, row: Row | Broken, looked: Looked) -> None:
        for name, problem in looked.checks.items():
            if problem:
                self._tell(row.line, name, problem)

    def _tell(self, line: int, name: str, problem: str) -> None:
        self._write(line, name, problem)
        if self.check_rows.failed[name] <= _NAMED:
            bad(f"{self.name}:{line}", problem, self._console)
        elif self.check_rows.failed[name] == _NAMED + 1:
            bad(self.name, f"more rows fail '{CHECKS[name]}'; they are counted, and listed with --out", self._console)

    def _write(self, line: int, name: str, problem: str) -> None:
        if self._sink:
            self._sink.write(json.dumps({"line": line, "check": name, "problem": problem}).encode() + b"\n")


def _exploits(earning: Iterable[Tried]) -> Table:
    table = _table("exploit", "mean", "full", "verdict")
    for tried in sorted(earning, key=lambda tried: (tried.found == "fine", -tried.mean)):
        words, style = _FOUND[tried.found]
        table.add_row(tried.exploit.name, f"{tried.mean:.3g}", f"{tried.full:.0%}", Text(words, style))
    return table


_NOBODY = Constant("", 0.0, 0.0, "fine")


def _table(first: str, *numbers: str) -> Table:
    table = Table(box=box.ROUNDED, border_style="dim", header_style="bold")
    table.add_column(first)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _example(tried: Tried) -> str:
    if tried.found == "ungradable":
        return f"{tried.exploit.name}: some rows can't be graded any more, such as with {shown(tried.said)}"
    return f"{tried.exploit.name}: {shown(tried.said)} scores {said(tried.verdict)}"


def _advice(constant: Constant) -> str | None:
    """What to do about an answer that pays without a look at the question."""
    earned = f"always answering {shown(constant.answer)} earns {constant.earns:.3g} on average"
    if constant.found == "pays":
        return f"{earned}, though only {constant.share:.1%} of the rows have that reference"
    if constant.found == "lopsided":
        return (
            f"{earned}, since {constant.share:.1%} of the rows have that reference, and may soon be all that is said; "
            "give each mistake its cost (docs/classification.md: frequencies), or resample the train side"
        )
    return None
