"""The plots of the report: matplotlib's SVG, in colours that the page sets, so that they follow light and dark."""

import io
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import wording
from .measures import Measure
from .results import Comparison, Estimate, Model

INK = "#010101"
"""Stands for the text colour of the page."""
MODELS = ("#0100a0", "#0100a1", "#0100a2", "#0100a3", "#0100a4")
"""Stand for the colours of the models, which repeat after five; every mark has its model's name beside it."""
MOST_CLASSES = 8
"""Classes up to which a confusion matrix can be read."""
_DISTINCT = 6
"""Rewards up to which each has a bar of its own."""
_BINS = 10
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "fairmark",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "text.parse_math": False,
}


def confusion(model: Model, place: int) -> str:
    """Rows expected, columns found: outputs and their share of the row."""
    expected, found = list(model.confusion), list(next(iter(model.confusion.values())))
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(1.5 + 0.8 * len(found), 1.1 + 0.6 * len(expected))
        for y, label in enumerate(expected):
            whole = sum(model.confusion[label].values())
            for x, name in enumerate(found):
                _cell(axes, x, y, model.confusion[label][name], whole, MODELS[place % len(MODELS)])
        axes.set(xlim=(-0.5, len(found) - 0.5), ylim=(len(expected) - 0.5, -0.5), xlabel="found", ylabel="expected")
        axes.set_xticks(range(len(found)), map(_short, found))
        axes.set_yticks(range(len(expected)), map(_short, expected))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(_short(model.name, 40), fontweight="bold")
        return _svg(figure, f"Confusion matrix of {model.name}")


def _cell(axes: Axes, x: int, y: int, count: float, whole: float, colour: str) -> None:
    share = count / whole if whole else 0.0
    axes.bar(x, 0.94, 0.94, bottom=y - 0.47, color=colour, alpha=0.06 + 0.44 * share)
    axes.text(x, y - 0.1, f"{count:,.0f}", ha="center", va="center", fontweight="bold")
    axes.text(x, y + 0.25, f"{share:.0%}", ha="center", va="center", fontsize=9)


def rewards(comparison: Comparison, grader: int) -> str:
    """The share of outputs at each reward, for every model."""
    own = [[answer.scores[grader] for answer in answers.all] for answers in comparison.answers]
    scores = [[score for score in each if score is not None] for each in own]
    names, counts = _binned(scores)
    shares = [[count / max(len(each), 1) for count in bins] for each, bins in zip(scores, counts, strict=True)]
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(6.4, 2.9)
        _grouped(axes, comparison, names, [[Estimate(value=share) for share in each] for each in shares])
        axes.set(ylabel="share of outputs", xlabel=f"reward by {comparison.graders[grader]}")
        return _svg(figure, f"Rewards by {comparison.graders[grader]}")


def _binned(scores: Sequence[Sequence[float]]) -> tuple[list[str], list[list[int]]]:
    values = sorted({score for each in scores for score in each})
    if len(values) <= _DISTINCT:
        return [f"{value:.3g}" for value in values], [[Counter(each)[value] for value in values] for each in scores]
    low, high = min(0.0, values[0]), max(1.0, values[-1])
    edges = [low + (high - low) * place / _BINS for place in range(_BINS + 1)]
    places = [Counter(min(int((score - low) / (high - low) * _BINS), _BINS - 1) for score in each) for each in scores]
    return [f"{a:.2g}–{b:.2g}" for a, b in pairwise(edges)], [[each[bin] for bin in range(_BINS)] for each in places]


def by_class(comparison: Comparison) -> str:
    """The share that is right, of each class, with its interval."""
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(6.4, 2.9)
        values = [[model.by_class[label] for label in comparison.classes] for model in comparison.models]
        _grouped(axes, comparison, comparison.classes, values)
        axes.set(ylabel="right", xlabel="class expected")
        return _svg(figure, "Accuracy by class")


def _grouped(axes: Axes, comparison: Comparison, names: Sequence[str], values: Sequence[Sequence[Estimate]]) -> None:
    """A group of bars for each name, a bar for each model, with the model's name at the first group that has room."""
    wide = 0.8 / len(values)
    for place, (model, own) in enumerate(zip(comparison.models, values, strict=True)):
        at = [x + (place - (len(values) - 1) / 2) * wide for x in range(len(names))]
        heights = [each.value or 0.0 for each in own]
        axes.bar(at, heights, wide * 0.9, color=MODELS[place % len(MODELS)], label=_short(model.name))
        for x, each in zip(at, own, strict=True):
            if each.low is not None and each.high is not None:
                axes.plot([x, x], [each.low, each.high], color=INK, linewidth=1.2)
    axes.set_xticks(range(len(names)), map(_short, names))
    axes.yaxis.set_major_formatter(_percent)
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, ncols=len(values), loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)


def quality(comparison: Comparison) -> str:
    """The headline with its interval, against what training cost where that is known."""
    measure = comparison.measure
    priced = all(model.cost.dollars is not None for model in comparison.models[1:])
    with mpl.rc_context(_STYLE):
        figure, axes = _figure(6.4, 2.9)
        for place, model in enumerate(comparison.models):
            x = model.cost.dollars or 0.0 if priced else float(place)
            _point(axes, x, model, measure, MODELS[place % len(MODELS)])
        if measure.kind == "share":
            axes.yaxis.set_major_formatter(_percent)
        axes.set(ylabel=measure.name, xlabel="dollars of training" if priced else "")
        axes.margins(x=0.14, y=0.12)
        if not priced:
            axes.set_xticks([])
        return _svg(figure, f"{measure.name} of each model" + " against its cost" * priced)


def _point(axes: Axes, x: float, model: Model, measure: Measure, colour: str) -> None:
    found = model.measures[measure.name]
    if found.value is None:
        return
    if found.low is not None and found.high is not None:
        axes.plot([x, x], [found.low, found.high], color=colour, linewidth=2.5, solid_capstyle="round")
    axes.plot([x], [found.value], "o", color=colour, markersize=9)
    said = f"{_short(model.name)} {wording.value(measure.kind, found.value)}"
    axes.annotate(said, (x, found.value), (9, 0), textcoords="offset points", va="center")


def _percent(value: float, _: Any) -> str:
    return f"{value:.0%}"


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _figure(wide: float, high: float) -> tuple[Figure, Axes]:
    """Inches; the page scales it."""
    figure = Figure((wide, high), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Figure, title: str) -> str:
    """Inline SVG without matplotlib's head, identifiers and style, in the page's colours."""
    file = io.StringIO()
    with warnings.catch_warnings():
        # The browser has the letters that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s+id="\w+?_\d+"', "", svg)
    svg = re.sub(
        r'^<svg[^>]*?viewBox="([^"]+)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{_plain(title)}">', svg
    )
    svg = svg.replace("xlink:href", "href").replace(INK, "currentColor")
    for place, colour in enumerate(MODELS):
        svg = svg.replace(colour, f"var(--model-{place})")
    return re.sub(r"\n\s*", "\n", svg)


def _plain(text: str) -> str:
    """What may stand in an attribute."""
    return re.sub(r"[^\w .,:()/+-]", "", text)
