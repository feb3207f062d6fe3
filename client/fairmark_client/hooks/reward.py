"""What the reward functions of all trainers share: from a trainer's batch to the service's results.

A `Reward` belongs to one reward function in one process. Its settings come from the factory's arguments, or else from
the environment when it first grades.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .. import environment
from ..service import Client, Grader, Result, Row
from . import columns
from .guard import Guard

MAX_UNGRADABLE_SHARE = 0.2
SHOWN = 200
"""Characters of each text in the first row that are printed, so that a long completion doesn't hide the reference."""
MAX_NAME = 200
"""Characters of a run's name that the service takes."""


@dataclass(frozen=True)
class Settings:
    """What a factory was told; None leaves it to the environment."""

    grader: Grader | None = None
    url: str | None = None
    key: str | None = field(default=None, repr=False)
    columns: Mapping[str, str] | None = None
    max_ungradable_share: float | None = None
    name: str | None = None


class Batch(NamedTuple):
    """One call of a reward function, ready to send."""

    rows: list[Row]
    fields: dict[str, Any]
    log_extra: Any
    log_metric: Any

    @property
    def groups(self) -> list[str]:
        return [row["group"] for row in self.rows]


class Reward:
    """Batches to send and results to check, for one reward function."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.client = Client(settings.url, settings.key)
        self.grader = settings.grader or _grader() or "exact"
        self._columns = settings.columns
        if settings.columns is None and (named := environment.text("FAIRMARK_REFERENCE")):
            self._columns = {columns.REFERENCE: named}
        self._share = _share(settings.max_ungradable_share)
        self._explain = environment.flag("FAIRMARK_EXPLAIN", default=True)
        self._begin(None)
        self._shown = False

    def batch(self, prompts: Sequence[Any], completions: Sequence[Any], rest: dict[str, Any]) -> Batch:
        """What to send for a trainer's batch. Raises `AmbiguousColumn`."""
        completion_ids = rest.pop("completion_ids", None)
        state = rest.get("trainer_state")
        if state is not self._state:
            self._begin(state)
        rows = columns.rows(prompts, completions, completion_ids, rest, self._columns)
        self._show(rows)
        log_extra, log_metric = rest.get("log_extra"), rest.get("log_metric")
        fields = {"grader": self.grader, "run": run(state), "step": getattr(state, "global_step", None)}
        fields["explain"] = True if self._explain and log_extra is not None else None
        return Batch(rows, fields, log_extra, log_metric)

    def scores(self, batch: Batch, results: Sequence[Result]) -> list[float | None]:
        """The scores, logged where the trainer has a place for them. Raises `Ungraded` or `VersionChanged`."""
        self._guard.check([row.get("grader", self.grader) for row in batch.rows], results)
        if batch.log_extra is not None:
            for column, values in self._extra(results).items():
                batch.log_extra(f"{self.name}_{column}", values)
        if batch.log_metric is not None:
            for metric, value in _metrics(batch.groups, results).items():
                batch.log_metric(f"{self.name}/{metric}", value)
        return [result.score for result in results]

    def _begin(self, state: Any) -> None:
        """Another trainer state is another run, in which another version of a grader is no change."""
        self._state = state
        self._guard = Guard(self._share, environment.flag("FAIRMARK_ALLOW_VERSION_CHANGE"))

    def _show(self, rows: Sequence[Row]) -> None:
        """Prints the first row, once and on one rank: a wrong column is seen here before anything is trained on it."""
        if not self._shown and rows and os.environ.get("RANK", "0") == "0":
            text = json.dumps(_cut({"grader": self.grader, **rows[0]}), indent=2, ensure_ascii=False)
            print(f"fairmark: {self.name} grades rows such as\n{text}", file=sys.stderr, flush=True)
        self._shown = True

    def _extra(self, results: Sequence[Result]) -> dict[str, list[Any]]:
        """Columns for the trainer's table; the same on every rank, so sub-scores share one, as JSON."""
        extra: dict[str, list[Any]] = {
            "outcome": [result.outcome for result in results],
            "reason": [result.reason or "" for result in results],
            "sub_scores": [json.dumps(result.sub_scores) if result.sub_scores else "" for result in results],
        }
        if self._explain:
            extra["answer"] = [_answer(result) for result in results]
        return extra


def run(state: Any) -> str:
    """The run's name, the same on every rank: FAIRMARK_RUN, else the trial's or the job's, else the program's."""
    candidates = [
        environment.text("FAIRMARK_RUN"),
        getattr(state, "trial_name", None),
        environment.text("WANDB_NAME"),
        environment.text("SLURM_JOB_ID"),
        Path(sys.argv[0]).stem,
    ]
    return next((str(name)[:MAX_NAME] for name in candidates if name), "python")


def _grader() -> Grader | None:
    return columns.grader(environment.text("FAIRMARK_GRADER"), "FAIRMARK_GRADER")


def _share(given: float | None) -> float:
    name, share = "max_ungradable_share", given
    if share is None:
        name = "FAIRMARK_MAX_UNGRADABLE_SHARE"
        share = environment.number("FAIRMARK_MAX_UNGRADABLE_SHARE", MAX_UNGRADABLE_SHARE)
    if not 0 <= share <= 1:
        raise ValueError(f"{name}: expected a share from 0 to 1, got {share:g}")
    return share


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > SHOWN:
        return f"{value[:SHOWN]}… ({len(value):,} characters)"
    if isinstance(value, Mapping):
        return {key: _cut(inner) for key, inner in value.items()}
    return [_cut(inner) for inner in value] if isinstance(value, list) else value


def _answer(result: Result) -> str:
    """The extracted answer; of a multi those of its parts, as JSON; nothing where nothing could be read."""
    case = (result.explain or {}).get("case") or {}
    parts = {part: read["answer"] for part, read in case.items() if isinstance(read, Mapping) and "answer" in read}
    answer = parts or case.get("answer", "")
    return answer if isinstance(answer, str) else json.dumps(answer)


def _metrics(groups: Sequence[str], results: Sequence[Result]) -> dict[str, float]:
    """Shares of this rank's samples without a score, and of its groups whose scores are all the same."""
    by_group: dict[str, list[float]] = defaultdict(list)
    for group, result in zip(groups, results, strict=True):
        if result.score is not None:
            by_group[group].append(result.score)
    flat = [len(set(scores)) == 1 for scores in by_group.values() if len(scores) > 1]
    return {
        "ungradable": sum(result.score is None for result in results) / max(1, len(results)),
        "zero_variance": sum(flat) / max(1, len(flat)),
    }
