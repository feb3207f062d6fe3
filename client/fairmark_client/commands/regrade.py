"""`fairmark regrade`: which verdicts of a verdict log would flip under a changed grader.

The log holds cases as they were read, and a changed grader judges those anew; what it would read otherwise shows only
where the log has the samples too (the service's setting `verdict_log_samples`). Equal cases are judged once, so a log
of a million lines takes seconds; what is kept grows with the different ones, some 300 bytes each.
"""

import asyncio
import hashlib
import json
import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from fairmark_graders import AnyGrader, Case, InvalidSample, Leaf, Multi, Sample, Tools, Ungradable, Verdict
from fairmark_graders.local import grade_with, judge_with
from fairmark_graders.workers import Workers

from . import streams
from .catalog import label, load
from .console import err, fail, out, printable

_FIELDS = {"case", "score", "outcome", "reason", "version"}
_EXAMPLES = 10_000
"""Different flips that are counted one by one; those that come later are rare, or else they would have come sooner."""
_COMMONEST = 20
_SHOWN = 40


class Options(NamedTuple):
    """What the command line asks for."""

    log: str
    grader: str
    name: str | None
    out: str | None
    limit: int | None


class Line(NamedTuple):
    """One verdict of the log, and what can be judged anew: the sample where it was logged, else the case."""

    number: int
    row: Mapping[str, Any]
    material: Any
    key: bytes


def regrade(options: Options) -> None:
    """Print what flips; exits with 1 when anything does, with 2 when nothing can be compared."""
    run = Run(options, load(options.grader))
    streams.run(run.regrade, options.out, run.show)
    if not run.counts:
        fail(f"{run.name} has no verdicts")
    run.show()
    if not run.compared:
        fail(f"{run.name} has no case of a grader called {run.of!r}; --name says whose verdicts to look at{run.others}")
    if run.compared > run.counts["same"]:
        raise typer.Exit(1)


class Run:
    """One log on its way through a grader."""

    def __init__(self, options: Options, grader: AnyGrader) -> None:
        self.name = streams.titled(options.log)
        self.counts: Counter[str] = Counter()
        self.compared = 0
        self._options, self._grader = options, grader
        self._version = label(options.grader, grader)
        self.of = options.name or self._version.rpartition("@")[0]
        self._flips: Counter[tuple[str, ...]] = Counter()
        self._before, self._after = array("d"), array("d")
        self._read_before = 0
        self._others: set[str] = set()
        self._console = err if options.out == "-" else out
        self._broken = streams.Complaints(self.name)
        self._sink: BinaryIO | None = None

    async def regrade(self, files: ExitStack) -> None:
        """Judge every case of the log anew."""
        source = streams.source(self._options.log, files)
        self._sink = streams.sink(self._options.out, self._options.log, files)
        judge = Regrader(self._grader, Tools(Workers()))
        read = 0
        try:
            with streams.progress() as progress:
                task = progress.add_task("", total=None if self._options.limit else streams.size(source))
                for batch in streams.batches(enumerate(islice(source, self._options.limit), 1)):
                    lines = [line for number, text in batch if (line := self._line(number, text))]
                    for line, verdict in zip(lines, await judge.verdicts(lines), strict=True):
                        self._take(line, verdict)
                    read += sum(len(text) for _, text in batch)
                    progress.update(task, completed=read, description=f"{self.counts.total():,} verdicts")
        finally:
            await judge.tools.close()

    def show(self) -> None:
        """Print the counts, the mean scores and the commonest flips."""
        self._console.print(Text(f"{self.name} · {self._version}", "bold"), soft_wrap=True)
        table = Table(box=box.ROUNDED, border_style="dim", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for kind, count in self.counts.most_common():
            table.add_row(kind, f"{count:,}")
        if self._before:
            before, after = (math.fsum(scores) / len(scores) for scores in (self._before, self._after))
            table.add_row("mean score", f"{before:.4g} → {after:.4g}")
        if self.counts:
            self._console.print(table)
        if self._flips:
            self._console.print(self._commonest())
        if self._read_before:
            remark = f"{self._read_before:,} were logged without their samples: a change in what is read doesn't show"
            self._console.print(remark, soft_wrap=True)

    @property
    def others(self) -> str:
        """The first names of other graders in the log, as the end of a sentence."""
        return f": {', '.join(map(printable, sorted(self._others)[:_COMMONEST]))}" if self._others else ""

    def _commonest(self) -> Table:
        table = Table(box=box.ROUNDED, border_style="dim", header_style="bold")
        table.add_column("verdicts", justify="right")
        for name in ("was", "now", "answer", "reference", "because"):
            table.add_column(name, overflow="fold")
        for flip, count in self._flips.most_common(_COMMONEST):
            table.add_row(f"{count:,}", *(Text(printable(cell)) for cell in flip))
        return table

    def _line(self, number: int, text: bytes) -> Line | None:
        """A verdict that can be judged anew; what is none is counted here."""
        if not text.strip():
            return None
        row = _verdict(text)
        if row is None:
            self.counts["no verdict"] += 1
            self._broken.add(number, f"expected a verdict, with {', '.join(sorted(_FIELDS))}")
            return None
        name = row["version"].rpartition("@")[0]
        if name != self.of:
            self.counts["of other graders"] += 1
            self._others.add(name)
            return None
        material = self._material(row)
        if material is None:
            self.counts["no case in the log"] += 1
            return None
        return Line(number, row, material, hashlib.blake2b(json.dumps(material).encode(), digest_size=16).digest())

    def _material(self, row: Mapping[str, Any]) -> Any:
        """What can be judged anew; None where a part of it could not be read, whoever's fault that was."""
        if "sample" in row:
            return [row["sample"], row.get("item")]
        case, grader = row["case"], self._grader
        if not isinstance(case, dict):
            return None
        parts = [case.get(name) for name in grader.graders] if isinstance(grader, Multi) else [case]
        whole = all(isinstance(part, dict) and part.keys() >= {"answer", "reference"} for part in parts)
        return case if whole else None

    def _take(self, line: Line, now: Verdict) -> None:
        was, kind = line.row["score"], _kind(line.row, now)
        self.compared += 1
        self._read_before += "sample" not in line.row
        self.counts[kind] += 1
        if was is not None and now.score is not None:
            self._before.append(was)
            self._after.append(now.score)
        if kind == "same":
            return
        if self._sink:
            found = {"line": line.number, "was": was, "now": now.score, "outcome": now.outcome, "reason": now.reason}
            self._sink.write(json.dumps({**found, "verdict": line.row}).encode() + b"\n")
        flip = (
            _said(was, line.row["outcome"]),
            _said(now.score, now.outcome),
            *_sides(line.row["case"]),
            now.reason or "",
        )
        if flip in self._flips or len(self._flips) < _EXAMPLES:
            self._flips[flip] += 1


class Regrader:
    """Judges what is in a log; each case once."""

    def __init__(self, grader: AnyGrader, tools: Tools) -> None:
        self.tools = tools
        self._grader = grader
        self._known: dict[bytes, Verdict] = {}

    async def verdicts(self, lines: Sequence[Line]) -> list[Verdict]:
        """The verdicts in order."""
        new = {line.key: line for line in lines if line.key not in self._known}
        found = await asyncio.gather(*map(self._verdict, new.values()))
        self._known.update(zip(new, found, strict=True))
        return [self._known[line.key] for line in lines]

    async def _verdict(self, line: Line) -> Verdict:
        grader, material = self._grader, line.material
        try:
            if "sample" in line.row:
                return await grade_with(self.tools, grader, Sample(material[0]), material[1] or {})
            if isinstance(grader, Multi):
                parts = {name: await self._judged(part, material[name]) for name, part in grader.graders.items()}
                return grader.combine(parts)
            return await self._judged(grader, material)
        except (InvalidSample, LookupError, TypeError, ValueError, AttributeError) as error:
            # A log of another type of grader, whose cases hold other things; or one that somebody has edited.
            return Ungradable(f"the grader can't take what the log has: {type(error).__name__}: {error}").verdict

    async def _judged(self, grader: Leaf, case: Mapping[str, Any]) -> Verdict:
        return await judge_with(self.tools, grader, Case(case["answer"], case["reference"]))


def _verdict(text: bytes) -> dict[str, Any] | None:
    """The verdict in a line of the log; None where it is something else."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not row.keys() >= _FIELDS:
        return None
    score, words = row["score"], (row["version"], row["outcome"])
    known = type(score) in (int, float, type(None)) and all(isinstance(word, str) for word in words)
    return row if known else None


def _kind(row: Mapping[str, Any], verdict: Verdict) -> str:
    was, now = row["score"], verdict.score
    if was is None and now is not None:
        return "a score now"
    if was is not None and now is None:
        return "no score any more"
    if was is not None and now is not None and not math.isclose(was, now, abs_tol=1e-6):
        return "higher" if now > was else "lower"
    return "same" if row["outcome"] == verdict.outcome else "another outcome"


def _said(score: float | None, outcome: str) -> str:
    """`0.5`, `ungradable`, `0 (grader_error)`."""
    if score is None:
        return outcome
    return f"{score:g}" if outcome == "graded" else f"{score:g} ({outcome})"


def _sides(case: Any) -> tuple[str, str]:
    """Answer and reference; a multi's case as a whole."""
    if isinstance(case, dict) and "answer" in case:
        return _short(case["answer"]), _short(case.get("reference"))
    return _short(case), ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
