"""The rows of a job: which, how often, and in which order.

The order is ours and laid out for the whole run, so that a run which goes on from a checkpoint takes the very rows that
it would have taken without the break, also in a later epoch, where TRL would begin its shuffling anew.
"""

import json
import random
from collections.abc import Sequence
from typing import Any

from ...data.prepared import Method, Prepared, Row, Side


def read(prepared: Prepared, method: Method, side: Side) -> list[Row]:
    """The rows of a side as TRL is to have them."""
    with prepared.file("trl", method, side).open("rb") as lines:
        return [json.loads(line) for line in lines]


def weights(prepared: Prepared) -> list[float] | None:
    """How much each training row counts; None where they count the same."""
    found = [float(row.get("weight", 1)) for row in prepared.rows("train")]
    return found if len(set(found)) > 1 else None


def order(count: int, weights: Sequence[float] | None, wanted: int, seed: int) -> list[int]:
    """Places of rows, pass after pass, each pass shuffled, as many as are wanted.

    TRL has no weights, so a row is drawn as often as it weighs: in each pass the whole part of `count` × its share of
    all weight, and once more with the chance of the rest (systematic sampling).
    """
    chance = random.Random(f"{seed}")
    places: list[int] = []
    while len(places) < wanted:
        drawn = _drawn(weights, chance) if weights else list(range(count))
        chance.shuffle(drawn)
        places += drawn
    return places[:wanted]


def _drawn(weights: Sequence[float], chance: random.Random) -> list[int]:
    total, point, reached = sum(weights), chance.random(), 0.0
    places = []
    for place, weight in enumerate(weights):
        reached += len(weights) * weight / total
        while point < reached:
            places.append(place)
            point += 1
    return places


def for_rewards(rows: Sequence[Row], offset: int = 0) -> list[dict[str, Any]]:
    """What TRL holds of the rows when a grader reads them: the prompt, and where the row is.

    A data set of the library `datasets` gives every nested object the keys of all others, as nulls; rows stay as they
    are.
    """
    return [{"prompt": row["prompt"], "row": offset + place} for place, row in enumerate(rows)]
