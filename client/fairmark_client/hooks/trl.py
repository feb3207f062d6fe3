"""Reward functions for TRL (GRPO, RLOO, AsyncGRPO) and whatever takes TRL's reward functions.

    trl grpo --reward_funcs fairmark_client.hooks.trl.reward …

    from fairmark_client.hooks.trl import exact, reward_func
    GRPOTrainer(…, reward_funcs=[exact, reward_func({"type": "string_check", …}, name="strict")])

`reward` grades with what FAIRMARK_GRADER names, by default `exact`; any other name is a grader of the service's
catalog: `exact`, and `exact_async` for TRL 0.27 and newer, which runs async functions side by side. Each returns one
float for each completion, or `None` where it could not be graded, and raises rather than hand out a wrong reward.
Settings and the mapping of columns are in docs/trl.md.
"""

from collections.abc import Mapping as _Mapping
from typing import Any as _Any

from ..service import Grader as _Grader
from . import functions as _functions
from .reward import Settings as _Settings

__all__ = ["reward", "reward_async", "reward_func", "reward_func_async"]


def _sync(lazy: _functions.Lazy) -> _functions.Function:
    def grade(prompts: list[_Any], completions: list[_Any], **columns: _Any) -> list[float | None]:
        reward = lazy()
        batch = reward.batch(prompts, completions, columns)
        return reward.scores(batch, reward.client.grade_rows(batch.rows, **batch.fields))

    return grade


def _async(lazy: _functions.Lazy) -> _functions.Function:
    async def grade(prompts: list[_Any], completions: list[_Any], **columns: _Any) -> list[float | None]:
        reward = lazy()
        batch = reward.batch(prompts, completions, columns)
        return reward.scores(batch, await reward.client.agrade_rows(batch.rows, **batch.fields))

    return grade


def reward_func(
    grader: _Grader,
    *,
    name: str | None = None,
    url: str | None = None,
    key: str | None = None,
    columns: _Mapping[str, str] | None = None,
    max_ungradable_share: float | None = None,
) -> _functions.Function:
    """A reward function for one grader, by name or configuration.

    name     of the metric, `rewards/{name}/mean`; else the grader's
    url      of the service; else FAIRMARK_URL, else a private one is started
    key      for the service; else FAIRMARK_KEY, which also reaches the child process of AsyncGRPO
    columns  item fields and the dataset columns they come from; says it all, so `{}` maps nothing
    max_ungradable_share  of the last 256 samples that may lack a true score before the run is stopped
    """
    settings = _Settings(grader, url, key, columns, max_ungradable_share, name)
    return _functions.made(__name__, "reward_func", _sync, settings)


def reward_func_async(
    grader: _Grader,
    *,
    name: str | None = None,
    url: str | None = None,
    key: str | None = None,
    columns: _Mapping[str, str] | None = None,
    max_ungradable_share: float | None = None,
) -> _functions.Function:
    """The same as an async function."""
    settings = _Settings(grader, url, key, columns, max_ungradable_share, name)
    return _functions.made(__name__, "reward_func_async", _async, settings)


def __getattr__(name: str) -> _functions.Function:
    return _functions.found(__name__, name, {"": _sync, "_async": _async})


reward = _functions.named(__name__, "reward", _sync, _Settings())
reward_async = _functions.named(__name__, "reward_async", _async, _Settings())
