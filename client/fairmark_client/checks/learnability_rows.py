"""Which rows are looked at, what class each is of, and which are worth keeping."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..data.prepared import MANIFEST, Prepared, Row, item
from .learnability import Prompt

Placed = tuple[int, Row]
MOST_CLASSES = 12
"""References of more kinds than this are answers, not classes."""


def chosen(rows: Sequence[Placed], count: int, labels: Mapping[int, str], seed: int = 0) -> list[Placed]:
    """So many rows at random: each once, and of each class the share it has of all rows, with their copies."""
    of_class: dict[str | None, dict[str, Placed]] = defaultdict(dict)
    for place, row in random.Random(seed).sample(rows, len(rows)):
        of_class[labels.get(place)].setdefault(_key(row), (place, row))
    sizes = Counter(labels.get(place) for place, _ in rows)
    turns = [
        ((turn + 0.5) / sizes[label], own)
        for label, distinct in of_class.items()
        for turn, own in enumerate(distinct.values())
    ]
    return [own for _, own in sorted(turns, key=lambda pair: pair[0])[:count]]


def classes(data: Path, rows: Iterable[Placed]) -> dict[int, str]:
    """The class of each row: its label, as the manifest names it; else its reference, where there are few."""
    label = Prepared.open(data).manifest.settings.get("label") if (data / MANIFEST).exists() else None
    field = label or "reference_answer"
    found = {place: _text(row[field]) for place, row in rows if field in row}
    return found if label or len(set(found.values())) <= MOST_CLASSES else {}


def kept(rows: Sequence[Placed], prompts: Iterable[Prompt], low: float, high: float) -> list[Row]:
    """Rows with signal whose mean reward lies between both, either included; with every copy, in their order."""
    within = {prompt.row for prompt in prompts if prompt.signal and low <= prompt.mean <= high}
    keys = {_key(row) for place, row in rows if place in within}
    return [row for _, row in rows if _key(row) in keys]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _key(row: Row) -> str:
    return json.dumps(item(row), sort_keys=True)
