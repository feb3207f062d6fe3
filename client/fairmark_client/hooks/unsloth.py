"""Reward functions for Unsloth and TRL 0.22, which takes sync functions only and has no `None`.

    from fairmark_client.hooks.unsloth import exact

The names are those of `hooks.trl`, without the async ones. What could not be graded gets a neutral reward, since a 0
would teach that an answer nobody judged is wrong. Neutral is the mean of the graded scores of its own prompt: GRPO
rewards a sample by its distance from that mean, so this one's advantage is 0 and the mean stays where it was. (The
standard deviation of the group shrinks, which scales its other advantages up: by 22 % with one of four ungraded.) A
prompt without any graded score gets one number for all of its samples, which again is an advantage of 0: the mean of
the batch's scores, so that the logged reward stays put, or 0 in a batch without any. A warning counts what was filled
in, and the run stops when that is too much.
"""

import logging as _logging
from collections.abc import Mapping as _Mapping
from collections.abc import Sequence as _Sequence
from statistics import fmean as _mean
from typing import Any as _Any

from ..service import Grader as _Grader
from . import functions as _functions
from .reward import Settings as _Settings

__all__ = ["reward", "reward_func"]

_log = _logging.getLogger("fairmark")


def _never_none(lazy: _functions.Lazy) -> _functions.Function:
    def grade(prompts: list[_Any], completions: list[_Any], **columns: _Any) -> list[float]:
        reward = lazy()
        batch = reward.batch(prompts, completions, columns)
        scores = reward.scores(batch, reward.client.grade_rows(batch.rows, **batch.fields))
        if None in scores:
            _log.warning(
                "%s: %d of %d samples could not be graded; neutral rewards stand in for them",
                reward.name,
                scores.count(None),
                len(scores),
            )
        return _filled(batch.groups, scores)

    return grade


def _filled(groups: _Sequence[str], scores: _Sequence[float | None]) -> list[float]:
    graded = [score for score in scores if score is not None]
    by_group = {
        group: [score for other, score in zip(groups, scores, strict=True) if other == group and score is not None]
        for group in set(groups)
    }
    neutral = {group: _mean(own or graded or [0.0]) for group, own in by_group.items()}
    return [neutral[group] if score is None else score for group, score in zip(groups, scores, strict=True)]


def reward_func(
    grader: _Grader,
    *,
    name: str | None = None,
    url: str | None = None,
    key: str | None = None,
    columns: _Mapping[str, str] | None = None,
    max_ungradable_share: float | None = None,
) -> _functions.Function:
    """A reward function for one grader, by name or configuration; arguments as in `hooks.trl.reward_func`."""
    settings = _Settings(grader, url, key, columns, max_ungradable_share, name)
    return _functions.made(__name__, "reward_func", _never_none, settings)


def __getattr__(name: str) -> _functions.Function:
    return _functions.found(__name__, name, {"": _never_none})


reward = _functions.named(__name__, "reward", _never_none, _Settings())
