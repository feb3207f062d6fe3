"""Figures: what a shape measured, beside what is asked of it."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.table import Table


class Target(NamedTuple):
    """A bound to reach."""

    bound: float
    at_least: bool
    """Whether more is better."""

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


class Figure(NamedTuple):
    """One quantity, measured once a round."""

    name: str
    values: Sequence[float]
    unit: str = ""
    target: Target | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The bounds of the middle half."""
        if len(self.values) < 2:
            return self.median, self.median
        first, _, third = statistics.quantiles(self.values, n=4, method="inclusive")
        return first, third

    def as_json(self) -> dict[str, Any]:
        low, high = self.quartiles
        row: dict[str, Any] = {"name": self.name, "unit": self.unit, "median": _short(self.median)}
        row |= {"quartiles": [_short(low), _short(high)], "rounds": len(self.values)}
        if self.target is not None:
            row |= {"target": str(self.target), "met": self.target.met(self.median)}
        return row


def over(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """The ratio of each round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def table(title: str, figures: Sequence[Figure]) -> Table:
    """The figures of one shape, for a person."""
    shown = Table(title=title, title_justify="left", title_style="bold")
    shown.add_column("figure")
    for column in ("median", "middle half", "target"):
        shown.add_column(column, justify="right")
    for figure in figures:
        shown.add_row(figure.name, f"{_plain(figure.median)} {figure.unit}", _middle_half(figure), _verdict(figure))
    return shown


def _middle_half(figure: Figure) -> str:
    return " – ".join(map(_plain, figure.quartiles)) if len(figure.values) > 1 else ""


def _verdict(figure: Figure) -> str:
    if figure.target is None:
        return ""
    met = figure.target.met(figure.median)
    return f"{figure.target} [{'green' if met else 'red'}]{'met' if met else 'missed'}[/]"


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
