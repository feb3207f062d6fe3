"""Three models that were never trained, and what they say: rows with a rare class, and outputs of a known quality."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairmark_client.data.prepared import Row, item
from fairmark_client.outputs.output import Decoding, Output, write

RECALLS = {"base": (0.45, 0.15), "sft": (0.7, 0.06), "rft": (0.9, 0.03)}
"""By model: how likely it finds an anomaly, and how likely it takes a normal row for one."""
CODES = ("0x1A", "0x2F", "0x30", "0x77")


def held_out(count: int = 120, rare: int = 5, seed: int = 0) -> list[Row]:
    """Rows of which each `rare`th is an anomaly."""
    draw = random.Random(seed)
    return [_row(place, "anomaly" if place % rare == 0 else "normal", draw) for place in range(count)]


def _row(place: int, label: str, draw: random.Random) -> Row:
    said = f"Event {place}: user{draw.randrange(40)} ran code {draw.choice(CODES)} at {draw.randrange(24):02}:00."
    prompt = [
        {"role": "system", "content": "You read logs. Answer with normal or anomaly."},
        {"role": "user", "content": said},
    ]
    return {"prompt": prompt, "reference_answer": label, "label": label}


def outputs(rows: list[Row], model: str, seeds: int = 3, **fields: Any) -> list[Output]:
    """What a model says to every row; its seeds resemble each other."""
    draw = random.Random(f"{model} {len(rows)}")
    found = []
    for place, row in enumerate(rows):
        finds, alarms = RECALLS[model]
        chance = draw.betavariate(*_around(finds if row["label"] == "anomaly" else alarms))
        for seed in range(seeds):
            text = _text(model, "anomaly" if draw.random() < chance else "normal", draw)
            known = {
                "model": f"models/{model}",
                "decoding": Decoding(max_tokens=64),
                "completion_tokens": len(text) // 4,
            }
            found.append(Output(sample=text, item=item(row), row=place, seed=seed, **known | fields))
    return found


def _around(mean: float) -> tuple[float, float]:
    return 1.5 * mean, 1.5 * (1 - mean)


def _text(model: str, label: str, draw: random.Random) -> str:
    if model == "rft":
        return f"Label: {label}"
    if draw.random() < 0.04:
        return "I can't say what this is."
    why = draw.choice(["the hour is odd", "the code is rare", "this user does so daily", "nothing stands out"])
    return f"I looked at the code and at the hour, and {why}.\nLabel: {label}"


def folder(path: Path, rows: list[Row], models: Iterable[str] = RECALLS, seeds: int = 3) -> Path:
    """A folder with `rows.jsonl` and the outputs of each model."""
    path.mkdir(exist_ok=True)
    (path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for model in models:
        write(path / f"{model}.jsonl", outputs(rows, model, seeds))
    return path
