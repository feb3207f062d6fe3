"""`fairmark data`: prepare, show."""

import json
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich import box
from rich.console import RenderableType
from rich.panel import Panel
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from fairmark_graders import AnyGrader

from ..data.prepared import MANIFEST, SIDES, Prepared, Step
from ..data.settings import Settings
from ..errors import DataError
from . import streams
from .catalog import load
from .console import bad, complain, fail, out, printable

_COLUMNS = 40
"""Columns that are shown; what a file of embeddings has is counted."""
_WARNING = "warning: "
_OPTIONS = {"near_duplicates": "near-duplicates", "targets": "target", "methods": "method"}
"""Settings whose option is called otherwise."""
_SHOWN = 600
"""Characters of the example."""


def prepare(
    rows: Path,
    folder: Path,
    settings: dict[str, Any],
    prompt: str | None,
    renamed: Sequence[str],
    response_format: Path | None,
    grader: str | None,
) -> None:
    """Run the five steps; exits with 1 when a platform or the grader would refuse something."""
    read = {
        "columns": dict(map(_renamed, renamed)),
        "template": prompt and _text(prompt),
        "response_format": response_format and _json(response_format),
    }
    chosen = _settings(settings | read)
    made = _prepared(rows, chosen, folder, load(grader) if grader else None)
    files = ", ".join([*(f"{side}.jsonl" for side in SIDES), MANIFEST])
    out.print(Text.assemble(("✓ ", "bold green"), f"{folder}: {files}"), soft_wrap=True)
    if made.manifest.steps[-1].counts["fatal"]:
        raise typer.Exit(1)


def _prepared(rows: Path, settings: Settings, folder: Path, grader: AnyGrader | None) -> Prepared:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background has it ignored
    try:
        from ..data.prepare import prepare

        with streams.progress() as progress:
            bar = Bar(progress)
            return prepare(rows, settings, folder, grader, bar.tell, bar.advance)
    except ModuleNotFoundError as error:
        fail(f"preparing data takes {error.name}: pip install 'fairmark[data]'")
    except DataError as error:
        fail(error)
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror}")
    except KeyboardInterrupt:
        complain("stopped; nothing was written")
        raise typer.Exit(130) from None


def show(folder: Path) -> None:
    """Print what a folder holds; exits with 1 when a file is no longer what the manifest says."""
    try:
        prepared = Prepared.open(folder)
    except DataError as error:
        fail(error)
    for step in prepared.manifest.steps:
        _say(step)
    changed = prepared.changed()
    for name in changed:
        bad(folder / name, "missing, or not what was written")
    if changed:
        raise typer.Exit(1)


class Bar:
    """The bar of whatever is going on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def advance(self, what: str, done: int, total: int | None) -> None:
        """Show how far it is."""
        self._progress.update(self._task, description=what, completed=done, total=total)

    def tell(self, step: Step) -> None:
        """Print a step. While there is a bar on stderr, rich would send stdout there too, even one that is a file."""
        self._progress.stop()
        _say(step)
        self._progress.start()


def _settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        fail(f"--{_OPTIONS.get(name, name)}: {first['msg'].removeprefix('Value error, ')}, got {first['input']!r}")


def _renamed(pair: str) -> tuple[str, str]:
    new, equals, old = pair.partition("=")
    if not (new and equals and old):
        fail(f"--map: expected NEW=COLUMN, such as reference_answer=label, got {pair!r}")
    return new, old


def _text(given: str) -> str:
    """The template itself, or what the file of that name holds, less the end of its last line."""
    if "{{" in given:
        return given
    try:
        return Path(given).read_text("utf-8-sig").removesuffix("\n")
    except OSError as error:
        fail(f"--prompt: {given}: {error.strerror}; expected a file, or a text such as 'Judge: {{{{ item.text }}}}'")
    except ValueError as error:
        fail(f"--prompt: {given}: {error}")


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        fail(f"--response-format: {path}: {error}")
    if not isinstance(found, dict):
        fail(f'--response-format: {path}: expected an object, such as {{"type": "json_schema", …}}')
    return found


def _say(step: Step) -> None:
    out.print(Text(step.name, "bold"))
    sentences = Table.grid(padding=(0, 1))
    for sentence in step.said:
        sentences.add_row(_mark(step, sentence), printable(sentence.removeprefix(_WARNING)))
    out.print(sentences)
    for shown in _SHOWN_WITH[step.name](step.counts) if step.name in _SHOWN_WITH else ():
        out.print(shown)


def _mark(step: Step, sentence: str) -> Text:
    if sentence.startswith(_WARNING):
        return Text("!", "bold yellow")
    return Text("✗", "bold red") if step.counts.get("fatal") else Text("·", "dim")


def _read(counts: Mapping[str, Any]) -> Iterable[RenderableType]:
    table = _table("column", "types", "missing")
    for name, column in list(counts["columns"].items())[:_COLUMNS]:
        types = ", ".join(f"{kind} {count:,}" for kind, count in column["types"].items())
        table.add_row(printable(name), types, f"{column['missing']:,}")
    yield table
    if (more := len(counts["columns"]) - _COLUMNS) > 0:
        yield f"  and {more:,} more columns"


def _split(counts: Mapping[str, Any]) -> Iterable[RenderableType]:
    labels = list(counts["sides"]["train"])
    table = _table("side", *map(printable, labels[:_COLUMNS]), "rows")
    for side, rows in counts["sides"].items():
        table.add_row(side, *(f"{rows[label]:,}" for label in labels[:_COLUMNS]), f"{sum(rows.values()):,}")
    yield table


def _resample(counts: Mapping[str, Any]) -> Iterable[RenderableType]:
    table = _table("validation rows", "95 % interval", "time of each evaluation")
    for row in counts["validation"]:
        table.add_row(f"{row['rows']:,}", f"± {100 * row['half_width']:.1f} points", f"× {row['times']}")
    yield table


def _format(counts: Mapping[str, Any]) -> Iterable[RenderableType]:
    for message in counts["example"]["prompt"]:
        yield Panel(_short(message["content"]), title=str(message["role"]), title_align="left", border_style="dim")
    yield Panel(
        _short(counts["example"]["reference_answer"]),
        title="reference_answer",
        title_align="left",
        border_style="green",
    )


_SHOWN_WITH = {"read": _read, "split": _split, "resample": _resample, "format": _format}


def _short(value: Any) -> Text:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Text(printable(text if len(text) <= _SHOWN else text[:_SHOWN] + "…"))


def _table(*names: str) -> Table:
    table = Table(box=box.ROUNDED, border_style="dim", header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold", justify="left" if name in ("column", "types", "side") else "right")
    return table
