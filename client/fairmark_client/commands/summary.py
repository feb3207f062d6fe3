"""What a run of grades comes to: counts, scores, reasons; and how that looks."""

import math
import time
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fairmark_graders import Outcome

from .console import printable

STYLES: dict[Outcome, str] = {"graded": "green", "ungradable": "yellow", "invalid": "red", "grader_error": "magenta"}
_REASONS = 10_000
"""Distinct reasons counted; later ones are rare, or else they would have come sooner, and a file may bring millions."""
_BARS = 14
"""Cells of the longest bar: the whole table fits 80 columns."""
_BINS = 10
_NARROW = 65
"""Columns below which the histogram doesn't fit beside the counts."""


class Summary:
    """Counts as results come in: eight bytes for each score, nothing else that grows with the file."""

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.scores = array("d")
        self.reasons: Counter[tuple[Outcome, str]] = Counter()
        self._started = time.perf_counter()

    def add(self, result: Mapping[str, Any]) -> None:
        """Count one result. Only graded rows have a score that says something about the model."""
        outcome = result["outcome"]
        self.outcomes[outcome] += 1
        if outcome == "graded":
            self.scores.append(result["score"])
        if reason := result.get("reason"):
            key = (outcome, reason[:200])
            if key in self.reasons or len(self.reasons) < _REASONS:
                self.reasons[key] += 1

    @property
    def rows(self) -> int:
        """How many results there are."""
        return self.outcomes.total()

    def table(self, title: str, width: int) -> RenderableType:
        """The whole summary, to be printed on a terminal of that many columns."""
        seconds = time.perf_counter() - self._started
        head = Table.grid(padding=(0, 3))
        head.add_row(self._counts(seconds), *self._measures()[: 1 if width < _NARROW else 2])
        panel = Table(
            title=Text(title, style="bold"), box=box.ROUNDED, show_header=False, border_style="dim", padding=(0, 1)
        )
        panel.add_row(Group(head, *self._commonest()))
        return panel

    def _counts(self, seconds: float) -> Table:
        grid = _grid("rows", f"{self.rows:,}")
        for outcome, style in STYLES.items():
            count = self.outcomes[outcome]
            grid.add_row(Text(outcome, style), Text(f"{count:,}", style if count else "dim"))
        grid.add_row("rows/s", f"{self.rows / seconds:,.0f}")
        return grid

    def _measures(self) -> list[Table]:
        if not self.scores:
            return []
        return [_scores(self.scores), _histogram(self.scores)]

    def _commonest(self) -> list[RenderableType]:
        if not self.reasons:
            return []
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right")
        grid.add_column()
        grid.add_column(overflow="fold")
        for (outcome, reason), count in self.reasons.most_common(5):
            grid.add_row(f"{count:,}", Text(outcome, STYLES.get(outcome, "")), Text(printable(reason)))
        return [Text("\ncommonest reasons", "dim"), grid]


def _grid(name: str, value: str) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_row(name, Text(value, "bold"))
    return grid


def _scores(scores: Sequence[float]) -> Table:
    """Mean, spread and quantiles; the standard deviation is that of these rows, not an estimate for others."""
    count, mean, ordered = len(scores), math.fsum(scores) / len(scores), sorted(scores)
    spread = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / count)
    median = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    grid = _grid("mean", f"{mean:.4g}")
    for name, value in {"std": spread, "min": ordered[0], "median": median, "max": ordered[-1]}.items():
        grid.add_row(name, f"{value:.4g}")
    for value in (1.0, 0.0):
        share = sum(score == value for score in scores) / count
        grid.add_row(f"share of {value:g}", f"{share:.1%}")
    return grid


def _histogram(scores: Sequence[float]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True, style="dim")
    grid.add_column(no_wrap=True, style="cyan", width=_BARS)
    grid.add_column(justify="right", no_wrap=True, style="dim")
    bars = _bins(scores)
    most = max(count for _, count in bars)
    for label, count in bars:
        grid.add_row(label, _bar(count / most), f"{count:,}")
    return grid


def _bins(scores: Sequence[float]) -> list[tuple[str, int]]:
    """A few distinct scores are counted one by one, many in ten equal bins: over 0 to 1 where they all lie there."""
    values = set(scores)
    if len(values) <= 6:
        counts = Counter(scores)
        return [(f"{value:.3g}", counts[value]) for value in sorted(values)]
    low, high = min(0.0, *values), max(1.0, *values)
    width = (high - low) / _BINS
    places = Counter(min(int((score - low) / width), _BINS - 1) for score in scores)
    return [(f"{low + place * width:.2g}–{low + (place + 1) * width:.2g}", places[place]) for place in range(_BINS)]


def _bar(share: float) -> str:
    """A bar in eighths of a character; whatever is there shows."""
    eighths = max(round(share * _BARS * 8), int(share > 0))
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
