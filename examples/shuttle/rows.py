"""Real rows with few anomalies: readings of the space shuttle's radiators, as river carries them (pip install river).

    python examples/shuttle/rows.py 2000 > rows.jsonl

Of 49,097 readings 7 % are anomalies (Statlog's classes other than 1; class 4 is left out); they are thinned to 2 %.
"""

import csv
import gzip
import json
import random
import sys
from importlib.util import find_spec
from pathlib import Path

SENSORS = [f"f{number}" for number in range(1, 10)]
SHARE = 0.02


def readings() -> list[dict[str, str]]:
    """All rows, without importing river, which takes seconds."""
    found = find_spec("river")
    if found is None or found.origin is None:
        sys.exit("pip install river")
    with gzip.open(Path(found.origin).parent / "datasets" / "shuttle.csv.gz", "rt") as file:
        return list(csv.DictReader(file))


def text(reading: dict[str, str]) -> str:
    """A reading as a line of nine numbers."""
    return " ".join(reading[sensor] for sensor in SENSORS)


def main(count: int) -> None:
    """Print that many rows, always the same ones."""
    chance, rows = random.Random(0), readings()
    rare, common = ([row for row in rows if row["anomaly"] == flag] for flag in "10")
    chosen = chance.sample(rare, round(count * SHARE)) + chance.sample(common, count - round(count * SHARE))
    chance.shuffle(chosen)
    for row in chosen:
        print(json.dumps({"reading": text(row), "label": "anomaly" if row["anomaly"] == "1" else "normal"}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
