"""`python -m loadtests`: measure the shapes and print them; see README.md."""

import argparse
import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import uvloop
from rich.console import Console

from . import machine, markdown, servers
from .bench import Bench
from .driver import LoadError
from .figures import Figure, table
from .plot import plot
from .shapes import RATIOS, TRAINERS
from .trial import Report, Trial

RESULTS = Path(__file__).parent / "results"
SHAPES = [*TRAINERS, *RATIOS]
KEY_VARIABLE = "FAIRMARK_KEY"


def main() -> None:
    """Measure what the command line asks for; exit code 1 where something was found that should not happen."""
    asked = _parser().parse_args()
    console, facts = Console(), machine.facts() | {"workers": asked.workers}
    names = asked.shape or (list(TRAINERS) if asked.url else SHAPES)
    try:
        reports = _as_trainers([name for name in names if name in TRAINERS], asked, console)
        reports |= _side_by_side([name for name in names if name in RATIOS], asked, console)
    except LoadError as error:
        raise SystemExit(f"loadtest: {error}") from None
    for columns, rows in _rows(reports).items():
        print(f"\nMeasured {markdown.measured(facts)}\n\n{markdown.table(columns, rows)}")
    if asked.save:
        console.print(f"saved as {_save(asked.save, facts, reports).name}")
    if findings := [f"{name}: {finding}" for name, report in reports.items() for finding in report.findings]:
        raise SystemExit("loadtest: " + "\nloadtest: ".join(findings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "loadtest",
        description="The traffic of trainers (a to f), and ratios measured side by side (the others). "
        "`scripts/loadtest costs` prints what a grade of each type costs.",
    )
    parser.add_argument(
        "--shape", nargs="+", action="extend", choices=SHAPES, metavar="SHAPE", help=f"of {', '.join(SHAPES)}; or all"
    )
    parser.add_argument("--short", action="store_true", help="a rough look, in a minute and a half")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="HTTP processes, for a to f; 1 by default")
    parser.add_argument("--url", help="ask the service that runs there, a to f only")
    parser.add_argument(
        "--key-env", default=KEY_VARIABLE, metavar="NAME", help=f"the variable with its key, {KEY_VARIABLE} by default"
    )
    parser.add_argument(
        "--save",
        nargs="?",
        type=Path,
        const=RESULTS,
        metavar="FOLDER",
        help="keep the figures as JSON and a plot, in loadtests/results by default",
    )
    return parser


def _as_trainers(names: Sequence[str], asked: argparse.Namespace, console: Console) -> dict[str, Report]:
    if not names:
        return {}
    with _asked_service(asked) as server:
        if server.pid is not None:
            console.print(f"memory at rest: {server.resident() >> 20} MiB, cores: {len(servers.CORES)}")
        trial = Trial(server, len(servers.CORES), asked.short)
        return {name: _trainer(name, trial, console) for name in names}


def _trainer(name: str, trial: Trial, console: Console) -> Report:
    shape = TRAINERS[name]
    with console.status(f"measuring {name}"):
        report: Report = uvloop.run(shape(trial))  # type: ignore[arg-type]
    console.print(table(f"{name}: {shape.__doc__}", report.figures))
    for group, statuses in report.statuses.items():
        console.print(f"{group}: " + ", ".join(f"{status} × {times:,}" for status, times in statuses.items()))
    return report


@contextlib.contextmanager
def _asked_service(asked: argparse.Namespace) -> Iterator[servers.Server]:
    """Somebody's own, or one of ours on all cores, which the driver shares."""
    if asked.url is None:
        with servers.service("--workers", str(asked.workers), cores=servers.CORES) as server:
            yield server
        return
    try:
        yield servers.Server.at(asked.url, os.environ.get(asked.key_env, ""))
    except ValueError as error:
        raise SystemExit(f"loadtest: --url: {error}") from None


def _side_by_side(names: Sequence[str], asked: argparse.Namespace, console: Console) -> dict[str, Report]:
    if not names:
        return {}
    if asked.url:
        raise SystemExit(f"loadtest: --url: expected shapes of {', '.join(TRAINERS)} with it, got {names[0]}")
    rounds, seconds = (2, 0.25) if asked.short else (15, 0.8)
    with servers.pinned(servers.DRIVER_CORE), servers.service() as service, servers.bare() as bare:
        bench = Bench(service, bare, rounds, seconds)
        return {name: _ratio(name, bench, console) for name in names}


def _ratio(name: str, bench: Bench, console: Console) -> Report:
    shape = RATIOS[name]
    with console.status(f"measuring {name}"):
        figures: list[Figure] = uvloop.run(shape(bench))  # type: ignore[arg-type]
    console.print(table(f"{name}: {shape.__doc__}", figures))
    return Report(figures)


def _rows(reports: Mapping[str, Report]) -> dict[markdown.Columns, list[Sequence[str]]]:
    """Of all reports, by table."""
    tables: dict[markdown.Columns, list[Sequence[str]]] = {}
    for report in reports.values():
        for columns, rows in report.tables.items():
            tables.setdefault(columns, []).extend(rows)
    return tables


def _save(folder: Path, facts: Mapping[str, str | int], reports: Mapping[str, Report]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time.strftime('%Y-%m-%dT%H%M')}-{str(facts['commit']).rstrip('+')}.json"
    saved: dict[str, Any] = {"machine": facts, "shapes": {name: report.as_json() for name, report in reports.items()}}
    path.write_bytes(orjson.dumps(saved, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    plot(reports, path.with_suffix(".png"))
    return path


if __name__ == "__main__":
    main()
