"""OpenRLHF, verl and miles: every rollout is a request, and every request opens a connection."""

from ..rollouts import singles
from ..trial import Report, Trial, closed_then_open

CALLERS = 256


async def new_connections(trial: Trial) -> Report:
    """256 callers with one sample each, a new connection for every request (OpenRLHF, verl, miles)."""
    requests = singles(1, poisoned=trial.poisoned)
    return await closed_then_open(
        trial, "`a` 256 callers, new connections", requests, CALLERS, trial.spend(1, 20), fresh=True
    )
