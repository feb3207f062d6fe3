"""The plot of a saved run: how latencies are spread, last results against work, memory over time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .trial import Report

Drawing = Callable[[Any, Report], None]


def plot(reports: Mapping[str, Report], path: Path) -> None:
    """Draw what there is to draw; where matplotlib is missing, which comes with the extra `compare`, say so."""
    drawn = [(name, report, draw) for name, report in reports.items() for draw in _drawings(report)]
    if not drawn:
        return
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no plot: matplotlib is missing; scripts/test installs it")
        return
    rows = -(-len(drawn) // 2)
    figure = Figure(figsize=(12, 4 * rows), layout="constrained")
    for place, (name, report, draw) in enumerate(drawn, 1):
        axes = figure.add_subplot(rows, 2, place)
        draw(axes, report)
        axes.set_title(f"{name}: {TITLES[draw]}", loc="left", fontsize=10)
    figure.savefig(path, dpi=100)


def _drawings(report: Report) -> Sequence[Drawing]:
    held: dict[Drawing, Sequence[Any]] = {_latencies: report.latencies, _bursts: report.bursts, _memory: report.held}
    return [draw for draw, values in held.items() if values]


def _latencies(axes: Any, report: Report) -> None:
    for curve in filter(lambda curve: curve.values, report.latencies):
        axes.ecdf(curve.values, label=curve.name)
    axes.set(xscale="log", xlabel="ms", ylabel="share answered")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def _bursts(axes: Any, report: Report) -> None:
    places = range(len(report.bursts))
    axes.bar(places, [burst.last for burst in report.bursts], width=0.4, label="last result", align="edge")
    axes.bar(places, [burst.work for burst in report.bursts], width=-0.4, label="work (CPU seconds)", align="edge")
    axes.set_xticks(places, [burst.name for burst in report.bursts], rotation=30, ha="right", fontsize=8)
    axes.set(ylabel="s")
    axes.legend(fontsize=8)


def _memory(axes: Any, report: Report) -> None:
    for curve in report.held:
        axes.plot(curve.at, curve.values, label=curve.name)
    axes.set(xlabel="s", ylabel="MiB", ylim=(0, None))
    axes.legend(fontsize=8)


TITLES: dict[Drawing, str] = {_latencies: "latency", _bursts: "bursts", _memory: "memory of all processes"}
