"""The tables of docs/capacity.md, to be pasted there."""

import time
from collections.abc import Iterable, Mapping, Sequence

Columns = tuple[str, ...]

TRAFFIC: Columns = ("shape", "rate", "CPU time", "median", "99 %")
BURSTS: Columns = ("`c`, batches of", "last result", "work over the cores", "times", "service's CPU", "driver's CPU")
NEWCOMERS: Columns = ("`c`, another run's single samples", "median", "99 %", "the burst's last result")
CROWDS: Columns = (
    *("`e`", "memory at its peak", "accepted", "backlog at its peak"),
    *("`/healthz`, median / 99 %", "on the probe port", "driver's lag, 99 %", "answers"),
)


def measured(facts: Mapping[str, str | int]) -> str:
    """When, what and where."""
    return f"{time.strftime('%Y-%m-%d')}, commit {facts['commit']}, {facts['cores']} cores of {facts['processor']}:"


def head(columns: Columns) -> str:
    """The first two lines of a table."""
    return row(columns) + "\n" + "|---" * len(columns) + "|"


def row(cells: Iterable[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def table(columns: Columns, rows: Iterable[Sequence[str]]) -> str:
    """A whole table."""
    return "\n".join([head(columns), *map(row, rows)])


def duration(seconds: float) -> str:
    """In two or three digits: 1.7 ms, 68 ms, 12.3 s."""
    value, unit = (seconds * 1e3, "ms") if seconds < 1 else (seconds, "s")
    return f"{value:.0f} {unit}" if value >= 30 else f"{value:.1f} {unit}"
