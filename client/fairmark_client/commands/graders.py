"""`fairmark graders`: list, show, validate."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

import typer
from rich import box
from rich.json import JSON
from rich.table import Table
from rich.text import Text

from fairmark_graders import AnyGrader, Fresh, Grader, Inline, InvalidGrader, Multi, Shared
from fairmark_graders.fixtures import try_out
from fairmark_graders.grader_file import grader_files, read_grader, shipped_catalog
from fairmark_graders.registry import AnyLeaf

from .catalog import load
from .console import bad, fail, out
from .remote import find, look

_RUNS = {Inline: "inline", Shared: "shared", Fresh: "fresh", Multi: "by part"}
_CLASSES: dict[str, type[Grader]] = {
    get_args(cls.model_fields["type"].annotation)[0]: cls for cls in (*get_args(get_args(AnyLeaf)[0]), Multi)
}


class Listed(NamedTuple):
    """One line of the list; a broken file has only its problems."""

    name: str
    type: str = ""
    runs: str = ""
    version: str = ""
    problems: Sequence[object] = ()


def list_(catalog: Path | None, url: str | None, key_env: str | None) -> None:
    """Print the table; exit code 1 when a file is broken."""
    if catalog and url:
        fail("--catalog and --url: expected one of them")
    lines = _served(url, key_env) if url else list(_read(catalog or shipped_catalog()))
    out.print(_table([line for line in lines if not line.problems]))
    broken = [(line.name, problem) for line in lines for problem in line.problems]
    for name, problem in broken:
        bad(name, problem)
    if broken:
        raise typer.Exit(1)


def show(named: str, openai: bool) -> None:
    """Print one grader; indented, and in colour on a terminal."""
    grader = load(named)
    configuration = grader.to_openai() if openai else _configuration(grader)
    text = json.dumps(configuration, ensure_ascii=False, indent=2)
    out.print(JSON(text, ensure_ascii=False) if out.is_terminal else text, soft_wrap=True)


def _configuration(grader: AnyGrader) -> dict[str, Any]:
    """All fields but those that are null; within `fairmark` null says something: the thinking stays."""
    fields = {name: value for name, value in grader.model_dump(mode="json").items() if value is not None}
    if isinstance(grader, Multi):
        fields["graders"] = {name: _configuration(part) for name, part in grader.graders.items()}
    return fields


def validate(files: Sequence[Path]) -> None:
    """One line per problem, or the version; exit code 1 when any file is bad."""
    bad = [file for file in files if not _valid(file)]
    if bad:
        raise typer.Exit(1)


def _valid(path: Path) -> bool:
    try:
        grader = read_grader(path)
        if path.suffix == ".py":
            try_out(grader, ())
        good = f"{path}: {grader.type} {grader.version}"
    except InvalidGrader as error:
        for problem in error.problems:
            bad(path, problem)
        return False
    out.print(Text.assemble(("✓ ", "bold green"), good), soft_wrap=True)
    return True


def _read(catalog: Path) -> Iterator[Listed]:
    try:
        files = grader_files(catalog)
    except OSError as error:
        fail(f"{catalog}: {error.strerror}")
    for path in files:
        try:
            grader = read_grader(path)
            yield Listed(path.stem, grader.type, _runs(grader.type), grader.version)
        except InvalidGrader as error:
            yield Listed(path.name, problems=error.problems)


def _served(url: str, key_env: str | None) -> list[Listed]:
    catalog = look(find(url, key_env), "/v1/graders", "graders", "broken")
    served = [
        Listed(grader["name"], grader["type"], _runs(grader["type"]), grader["version"].rpartition("@")[2])
        for grader in catalog["graders"]
    ]
    return served + [Listed(broken["file"], problems=broken["problems"]) for broken in catalog["broken"]]


def _runs(type: str) -> str:
    """Where a type is judged; a service may be newer than this client, and know more types."""
    return next((words for kind, words in _RUNS.items() if issubclass(_CLASSES.get(type, Grader), kind)), "")


def _table(lines: Sequence[Listed]) -> Table:
    table = Table(box=box.ROUNDED, border_style="dim", header_style="bold")
    for name in ("grader", "type", "runs", "version"):
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(Text(line.name, "bold"), line.type, Text(line.runs, "dim"), Text(line.version, "cyan"))
    return table
