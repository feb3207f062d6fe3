"""Chance, which validation doesn't draw from."""

from typing import Any

import torch
from transformers import TrainerCallback


class Chance(TrainerCallback):  # type: ignore[misc]
    """Sets the random state back after each validation.

    So a run trains as it would without one, and one that is paused at a validation, which it then leaves out, goes on
    as if it had not been.
    """

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._before = torch.get_rng_state(), torch.cuda.get_rng_state_all()

    def on_evaluate(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        here, devices = self._before
        torch.set_rng_state(here)
        torch.cuda.set_rng_state_all(devices)
