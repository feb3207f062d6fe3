"""slime: a session of 64 connections that are kept."""

from ..rollouts import singles
from ..trial import Report, Trial, closed_then_open

CALLERS = 64


async def kept_connections(trial: Trial) -> Report:
    """64 callers with one sample each, on connections that are kept (slime)."""
    requests = singles(2, poisoned=trial.poisoned)
    return await closed_then_open(
        trial, "`b` 64 callers, kept connections", requests, CALLERS, trial.spend(1, 20), fresh=False
    )
