"""How `--explain` shows one row: what was read, what decided, how long it took."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from .console import printable
from .summary import STYLES

_SHOWN = 2_000
"""Characters of one value: enough for an answer, and a long chain of thought doesn't bury the next row."""


def explained(place: str, result: Mapping[str, Any]) -> RenderableType:
    """One row of the file with its result, to be printed."""
    score, outcome = result["score"], result["outcome"]
    head = Text.assemble(
        (place, "bold"),
        "  ",
        ("no score" if score is None else f"{score:g}", "bold"),
        "  ",
        (outcome, STYLES.get(outcome, "")),
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in _lines(result, result.get("explain") or {}):
        grid.add_row(name, Text(printable(value)))
    return Group(Rule(head, align="left", style="dim"), grid)


def _lines(result: Mapping[str, Any], explain: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((name, _shown(value)) for name, value in _read(explain.get("case") or {}))
    yield from ((f"score of {name}", _shown(score)) for name, score in result["sub_scores"].items())
    for name, text in {"rule": explain.get("rule"), "reason": result["reason"], "version": result["version"]}.items():
        if text:
            yield name, text
    if seconds := explain.get("seconds"):
        cached = ", from the cache" if result["cached"] else ""
        yield "took", f"{_ms(seconds['total'])}, {_ms(seconds['read'])} of it reading{cached}"
    if prints := explain.get("prints"):
        yield "printed", prints


def _read(case: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Answer and reference; those of a multi's parts under the part's name."""
    for name, value in case.items():
        if isinstance(value, Mapping) and value.keys() == {"answer", "reference"}:
            yield from ((f"{name}.{inner}", read) for inner, read in value.items())
        else:
            yield name, value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"
