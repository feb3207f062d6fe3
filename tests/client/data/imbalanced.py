"""Rows as they come: a machine's reports, 2 % of them anomalies."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairmark_client.data.prepare import prepare
from fairmark_client.data.prepared import Prepared, Row
from fairmark_client.data.settings import Settings

WORDS = [one + other for one in ("ka", "lo", "mi", "nu", "re", "sa", "to", "vi") for other in ("ba", "de", "fi", "go")]


def report(chance: random.Random, words: int = 20) -> str:
    """A text that has next to nothing in common with another."""
    return " ".join(chance.choices(WORDS, k=words))


def rows(count: int = 1000, rare: int = 20, seed: int = 0) -> list[Row]:
    """So many reports, so many of them anomalies, of fifty machines."""
    chance = random.Random(seed)
    labels = ["anomaly"] * rare + ["normal"] * (count - rare)
    chance.shuffle(labels)
    return [{"machine": f"m{chance.randrange(50)}", "text": report(chance), "label": label} for label in labels]


def jsonl(path: Path, rows: Iterable[Any]) -> Path:
    with path.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def prepared(source: Any, out: Path, **settings: Any) -> Prepared:
    """A data set for one platform and method, which is quicker."""
    chosen = {"label": "label", "rare": "anomaly", "targets": ("trl",), "methods": ("rft",)} | settings
    return prepare(source, Settings(**chosen), out)


def said(data: Prepared, step: str) -> str:
    """What a step said."""
    return "\n".join(next(found.said for found in data.manifest.steps if found.name == step))
