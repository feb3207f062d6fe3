"""`fairmark graders test`: the fixtures beside graders, run as a service does before it serves them."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from fairmark_graders import InvalidGrader
from fairmark_graders.fixtures import complaint, fixtures_file, read_fixtures, try_out
from fairmark_graders.grader_file import grader_files, read_grader, shipped_catalog
from fairmark_graders.sandbox import SandboxUnavailable

from .catalog import find
from .console import bad, fail, out


class Tested(NamedTuple):
    """One grader and what came of its fixtures; without a count where they could not be run."""

    path: Path
    fixtures: int | None
    seconds: float
    problems: Sequence[str] = ()

    @property
    def passed(self) -> Text:
        """How many fixtures passed, in colour."""
        if self.fixtures is None:
            return Text("✗", "bold red")
        return Text(str(self.fixtures - len(self.problems)), "bold red" if self.problems else "green")


def test(named: str | None) -> None:
    """Print a line for each grader and one for each problem; exits with 1 when there is any, with 2 for no fixtures."""
    directory = shipped_catalog() if named is None else Path(named)
    paths = _paths(directory) if directory.is_dir() else [find(str(named))]
    tested = [_tested(path) for path in paths]
    if not any(grader.fixtures or grader.problems for grader in tested):
        fail(f"no fixtures: expected {fixtures_file(paths[0])}" if paths else f"{named} has no graders")
    out.print(_table(tested))
    broken = [(grader.path, problem) for grader in tested for problem in grader.problems]
    strays = sorted({*directory.glob("*.tests.jsonl")} - {*map(fixtures_file, paths)})
    broken += [(path, "fixtures of no grader: none of that name lies beside them") for path in strays]
    for path, problem in broken:
        bad(path, problem)
    if broken:
        raise typer.Exit(1)


def _paths(directory: Path) -> list[Path]:
    try:
        return grader_files(directory)
    except OSError as error:
        fail(f"{directory}: {error.strerror}")


def _tested(path: Path) -> Tested:
    began = time.perf_counter()
    try:
        fixtures = read_fixtures(fixtures_file(path))
        pairs = zip(fixtures, try_out(read_grader(path), fixtures), strict=True)
        said = [(fixture.line, complaint(fixture, verdict)) for fixture, verdict in pairs]
    except InvalidGrader as error:
        return Tested(path, None, time.perf_counter() - began, [str(problem) for problem in error.problems])
    except SandboxUnavailable as error:
        return Tested(path, None, time.perf_counter() - began, [f"programs can't be run here: {error}"])
    problems = [f"fixture on line {line}: {problem}" for line, problem in said if problem]
    return Tested(path, len(fixtures), time.perf_counter() - began, problems)


def _table(tested: Sequence[Tested]) -> Table:
    table = Table(box=box.ROUNDED, border_style="dim", header_style="bold")
    table.add_column("grader", overflow="fold")
    for name in ("fixtures", "passed", "seconds"):
        table.add_column(name, justify="right")
    for grader in tested:
        title = Text(grader.path.stem, "bold")
        if grader.fixtures == 0:
            table.add_row(title, Text("none", "dim"))
        else:
            table.add_row(title, str(grader.fixtures or ""), grader.passed, Text(f"{grader.seconds:.2f}", "dim"))
    return table
