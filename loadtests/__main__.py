"""`python -m loadtests`: measure the shapes and print them; see README.md."""

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import uvloop
from rich.console import Console

from . import machine, servers
from .bench import Bench
from .driver import LoadError
from .figures import Figure, table
from .shapes import SHAPES

RESULTS = Path(__file__).parent / "results"
Results = Mapping[str, Sequence[Figure]]


def main() -> None:
    """Measure what the command line asks for."""
    asked = _parser().parse_args()
    console = Console()
    rounds, seconds = (5, 0.25) if asked.short else (20, 0.8)
    facts = machine.facts()
    os.sched_setaffinity(0, {servers.DRIVER_CORE})
    with servers.service() as service, servers.bare() as bare:
        try:
            results = uvloop.run(_measure(Bench(service, bare, rounds, seconds), asked.shapes, console))
        except LoadError as error:
            raise SystemExit(f"loadtest: {error}") from None
    if asked.save:
        console.print(f"saved as {_save(asked.save, facts, results).name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "loadtest", description="Ratios measured side by side, service and driver on a core each."
    )
    parser.add_argument(
        "shapes", nargs="*", type=_shape, default=list(SHAPES), help=f"of {', '.join(SHAPES)}; all by default"
    )
    parser.add_argument("--short", action="store_true", help="a rough look in 40 seconds instead of four minutes")
    parser.add_argument(
        "--save",
        nargs="?",
        type=Path,
        const=RESULTS,
        metavar="FOLDER",
        help="keep the figures as JSON, in loadtests/results by default",
    )
    return parser


def _shape(name: str) -> str:
    if name not in SHAPES:
        raise argparse.ArgumentTypeError(f"no shape is called {name!r}")
    return name


async def _measure(bench: Bench, names: Sequence[str], console: Console) -> Results:
    results = {}
    for name in names:
        shape = SHAPES[name]
        with console.status(f"measuring {name}"):
            results[name] = await shape(bench)
        console.print(table(f"{name}: {(shape.__doc__ or '').strip()}", results[name]))
    return results


def _save(folder: Path, facts: Mapping[str, str | int], results: Results) -> Path:
    shapes = {name: [figure.as_json() for figure in figures] for name, figures in results.items()}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time.strftime('%Y-%m-%d')}-{str(facts['commit']).rstrip('+')}.json"
    path.write_bytes(
        orjson.dumps({"machine": facts, "shapes": shapes}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    return path


if __name__ == "__main__":
    main()
