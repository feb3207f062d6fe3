"""Axolotl and Unsloth: one rollout after the other, so that a step waits for the sum of all latencies."""

from ..rollouts import singles
from ..trial import Report, Trial, closed_then_open


async def serial(trial: Trial) -> Report:
    """One caller, one sample at a time, a new connection for each (Axolotl, Unsloth); the median counts."""
    requests = singles(4, poisoned=trial.poisoned)
    return await closed_then_open(trial, "`d` one caller, new connections", requests, 1, trial.spend(1, 15), fresh=True)
