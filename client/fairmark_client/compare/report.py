"""The report: one HTML file that needs nothing else, opens from a disk, and runs no script but its own.

Whatever a model wrote is text: the template escapes everything, and the page's policy allows one script, by its hash.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fairmark_graders.sample import content_text

from . import plots, wording
from .answers import Answer, Answers
from .results import Comparison
from .statistics import RESAMPLES, SWAPS
from .verdict import dollars_per_point, notes, settings, verdict

HERE = Path(__file__).parent
ROWS = 300
"""Rows that are shown of those on which the models differ: some 1 MB where outputs are long."""
CHARACTERS = 1_500
"""Of one text that is shown; the ends of long ones, where the answer is."""


class Said(NamedTuple):
    """One text of a model to a prompt, and how many of its seeds said it."""

    text: str
    times: int
    found: str | None
    right: bool
    scores: list[str]


class Own(NamedTuple):
    """What one model says to a prompt."""

    name: str
    right: int
    seeds: int
    said: list[Said]


class Differing(NamedTuple):
    """A row on which the models differ."""

    row: int
    expected: str | None
    prompt: str
    models: list[Own]

    @property
    def shares(self) -> str:
        """The share that is right, of each model, for the filter."""
        return " ".join(f"{own.right / own.seeds:.3f}" for own in self.models)


def write(path: Path, comparison: Comparison) -> None:
    """Write the report. Raises `OSError`."""
    path.write_bytes(html(comparison).encode("utf-8", "replace"))


def html(comparison: Comparison) -> str:
    """The whole page."""
    script = (HERE / "report.js").read_text()
    shown, differing = _differing(comparison)
    template = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template("report.html.jinja")
    return template.render(
        comparison=comparison,
        verdict=verdict(comparison),
        notes=notes(comparison),
        wording=wording,
        per_point={model.name: dollars_per_point(comparison, model) for model in comparison.models},
        settings=settings,
        resamples=RESAMPLES,
        swaps=SWAPS,
        plots={name: Markup(svg) for name, svg in _plots(comparison).items()},
        confusions=[Markup(plots.confusion(*each)) for each in _confusions(comparison)],
        rows=shown,
        differing=differing,
        style=Markup((HERE / "report.css").read_text()),
        script=Markup(script),
        policy=f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'",
    )


def _plots(comparison: Comparison) -> dict[str, str]:
    """By caption."""
    found = {"What each model reaches, and what it cost": plots.quality(comparison)}
    if 0 < len(comparison.classes) <= plots.MOST_CLASSES:
        found["Right, by class"] = plots.by_class(comparison)
    trained = {0: " (trained on)"}
    for place, name in enumerate(comparison.graders):
        found[f"Rewards by {name}{trained.get(place, ' (not trained on)')}"] = plots.rewards(comparison, place)
    return found


def _confusions(comparison: Comparison) -> list[tuple[Any, int]]:
    readable = 0 < len(comparison.classes) <= plots.MOST_CLASSES
    return [(model, place) for place, model in enumerate(comparison.models)] if readable else []


def _differing(comparison: Comparison) -> tuple[list[Differing], int]:
    """The rows on which models differ most, and how many differ at all."""
    rows = list(zip(*(own.by_row for own in comparison.answers), strict=True))
    apart = [(_apart(row), place) for place, row in enumerate(rows)]
    found = sorted(((size, place) for size, place in apart if size), key=lambda each: (-each[0], each[1]))
    return [_row(comparison.answers, rows[place]) for _, place in found[:ROWS]], len(found)


def _apart(row: Sequence[Sequence[Answer]]) -> float:
    """How far apart the models are: in the share that is right, else in their mean rewards, else in what they say."""
    right = [sum(answer.right for answer in own) / len(own) for own in row]
    scores = [sum(answer.scores[0] or 0.0 for answer in own) / len(own) for own in row]
    labels = {frozenset(answer.found for answer in own) for own in row}
    return max(max(right) - min(right), min(1e-3, max(scores) - min(scores)), 1e-6 * (len(labels) - 1))


def _row(answers: list[Answers], row: Sequence[Sequence[Answer]]) -> Differing:
    first = row[0][0]
    models = [_own(own.name, said) for own, said in zip(answers, row, strict=True)]
    return Differing(first.output.row, _expected(first), _prompt(first.output.item), models)


def _own(name: str, answers: Sequence[Answer]) -> Own:
    times = Counter(answer.text for answer in answers)
    first = {answer.text: answer for answer in reversed(answers)}
    said = [_said(first[text], count) for text, count in times.most_common()]
    return Own(name, sum(answer.right for answer in answers), len(answers), said)


def _said(answer: Answer, times: int) -> Said:
    scores = ["no score" if score is None else f"{score:.3g}" for score in answer.scores]
    return Said(_cut(answer.text), times, answer.found, answer.right, scores)


def _expected(answer: Answer) -> str | None:
    """The class, or else the reference."""
    if answer.expected is not None:
        return answer.expected
    reference = answer.output.item.get("reference_answer")
    return None if reference is None else _cut(str(reference))


def _prompt(item: Mapping[str, Any]) -> str:
    messages = [(message.get("role", ""), content_text(message.get("content"))) for message in item["messages"]]
    return _cut("\n\n".join(f"{role}: {text}" for role, text in messages))


def _cut(text: str) -> str:
    if len(text) <= CHARACTERS:
        return text
    half = CHARACTERS // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters left out …]\n{text[-half:]}"
