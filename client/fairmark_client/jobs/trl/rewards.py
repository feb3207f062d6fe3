"""The reward function of a job: rows looked up, graded by the service, and what is worth knowing of them kept."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import fmean, stdev
from typing import Any

from ...data.prepared import Row, item
from ...service import Grader

REPORTED = ("trainer_state", "log_extra", "log_metric")


class Rewards:
    """What TRL calls is `function`."""

    def __init__(self, grader: Grader, rows: Sequence[Row], validation_from: int, unsloth: bool) -> None:
        if unsloth:
            from ...hooks.unsloth import reward_func
        else:
            from ...hooks.trl import reward_func
        self._grade = reward_func(grader, columns={})
        self.name = self._grade.__name__
        self._rows, self._validation_from = rows, validation_from
        self.validation_rows = len(rows) - validation_from
        self._validated: list[tuple[float, float]] = []
        self._spreads: list[float] = []

    @property
    def function(self) -> Callable[..., list[float | None]]:
        """A plain function, which is what every TRL takes; its name is the metric's."""

        def reward(prompts: Any, completions: Any, row: Sequence[int], **rest: Any) -> list[float | None]:
            return self._reward(completions, row, rest)

        reward.__name__ = self.name
        return reward

    def validated(self) -> float | None:
        """The mean reward of the validation rows since it was last asked for, each counted as it weighs.

        TRL's own is a mean of batches' means, the last and smaller one's included.
        """
        validated, self._validated = self._validated, []
        return fmean(*zip(*validated, strict=True)) if validated else None

    def spread(self) -> float | None:
        """The standard deviation inside a group, averaged since it was last asked for; TRL's is that of the batch."""
        spreads, self._spreads = self._spreads, []
        return fmean(spreads) if spreads else None

    def _reward(self, completions: Any, places: Sequence[int], rest: dict[str, Any]) -> list[float | None]:
        rows = [item(self._rows[place]) for place in places]
        names = {name: None for row in rows for name in row if name != "messages"}
        columns = {name: [row.get(name) for row in rows] for name in names}
        reported = {name: rest[name] for name in REPORTED if rest.get(name) is not None}
        if "log_extra" in reported and "log_metric" in reported:
            reported["log_extra"] = _with_parts(reported["log_extra"], reported["log_metric"])
        scores: list[float | None] = self._grade(
            prompts=[row["messages"] for row in rows],
            completions=completions,
            completion_ids=rest.get("completion_ids"),
            **columns,
            **reported,
        )
        if places[0] >= self._validation_from:
            weights = [float(self._rows[place].get("weight", 1)) for place in places]
            pairs = zip(scores, weights, strict=True)
            self._validated += [(score, weight) for score, weight in pairs if score is not None]
        else:
            self._spreads += _spreads(places, scores)
        return scores


def _spreads(places: Sequence[int], scores: Sequence[float | None]) -> list[float]:
    by_place: dict[int, list[float]] = defaultdict(list)
    for place, score in zip(places, scores, strict=True):
        if score is not None:
            by_place[place].append(score)
    return [stdev(group) for group in by_place.values() if len(group) > 1]


def _with_parts(log_extra: Callable[..., None], log_metric: Callable[..., None]) -> Callable[..., None]:
    """Logs the mean score of each part of a multi as `parts/NAME`, beside what is logged anyway."""

    def log(column: str, values: list[Any]) -> None:
        log_extra(column, values)
        if column.endswith("_sub_scores"):
            for part, scores in _by_part(values).items():
                log_metric(f"parts/{part}", fmean(scores))

    return log


def _by_part(columns: Sequence[str]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for text in columns:
        for part, score in (json.loads(text) if text else {}).items():
            if score is not None:
                found[part].append(score)
    return found
