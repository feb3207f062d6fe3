"""What a trainer logs, as the metrics and milestones of a job; and where a trainer is stopped."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from transformers import TrainerCallback

from ..job import Event, Metrics
from .folder import Folder, Level
from .rewards import Rewards


class Reports(TrainerCallback):  # type: ignore[misc]
    """One event for each step that is logged, its validation included, and one for each checkpoint."""

    def __init__(self, folder: Folder, run: int, stop: Callable[[], bool], rewards: Rewards | None) -> None:
        self._folder, self._run, self._stop, self._rewards = folder, run, stop, rewards
        self._fields: dict[str, Any] = {}
        self._seconds: list[float] = []
        self._began = 0.0
        self.stopped = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if self._rewards is None or args.eval_strategy != "steps":
            return
        times, rows = math.ceil(state.max_steps / state.eval_steps), self._rewards.validation_rows
        validation = times * rows * args.num_generations_eval
        training = state.max_steps * args.per_device_train_batch_size * args.gradient_accumulation_steps
        training //= args.num_iterations
        message = f"validation makes {validation:,} completions ({times} times {rows:,} rows), training {training:,}"
        if dear := 2 * validation > training:
            message += "; a larger eval_steps makes fewer"
        self._say("validation", message, level="warn" if dear else "info")

    def on_step_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._seconds.append(time.monotonic() - self._began)
        last = state.global_step >= state.max_steps
        if last:
            control.should_log = True
            control.should_evaluate = args.eval_strategy != "no"
        elif self._stop():
            self.stopped = True
            control.should_log = control.should_save = control.should_training_stop = True
            control.should_evaluate = False

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **rest: Any) -> None:
        if "train_runtime" in logs:
            return
        numbers = {name: value for name, value in logs.items() if _is_number(value)}
        if any(name.startswith("eval_") for name in numbers):
            self._validation(numbers)
        else:
            self._training(numbers)
        if not control.should_evaluate or "valid_reward" in self._fields or "valid_loss" in self._fields:
            self._flush(state)

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self._say(f"checkpoint-{state.global_step}", f"saved after step {state.global_step}")

    def _training(self, logs: Mapping[str, float]) -> None:
        self._fields["step_seconds"] = sum(self._seconds) / max(1, len(self._seconds))
        self._seconds.clear()
        if self._rewards is None:
            self._fields["loss"] = logs.get("loss")
            return
        names = {
            "train_reward": "reward",
            "zero_variance": "frac_reward_zero_std",
            "completion_tokens": "completions/mean_length",
        }
        self._fields |= {field: logs.get(name) for field, name in names.items()}
        self._fields["reward_std"] = self._rewards.spread()
        self._graders("train", _parts(logs, "parts/") | _parts(logs, "rewards/", "/mean"))
        if (share := logs.get(f"{self._rewards.name}/ungradable")) is not None:
            self._fields["errors"] = {"ungradable": share}

    def _validation(self, logs: Mapping[str, float]) -> None:
        if self._rewards is None:
            self._fields["valid_loss"] = logs.get("eval_loss")
            return
        reward = self._rewards.validated()
        self._fields["valid_reward"] = reward
        self._graders("valid", _parts(logs, "eval_parts/") | ({} if reward is None else {self._rewards.name: reward}))

    def _graders(self, side: str, means: Mapping[str, float]) -> None:
        graders = self._fields.setdefault("graders", {})
        for name, mean in means.items():
            graders.setdefault(name, {})[side] = mean

    def _flush(self, state: Any) -> None:
        metrics = Metrics(step=state.global_step, total_steps=state.max_steps, **self._fields)
        self._fields = {}
        self._say(f"step-{state.global_step}", "", metrics)

    def _say(self, what: str, message: str, metrics: Metrics | None = None, level: Level = "info") -> None:
        key = f"run-{self._run}/{what}"
        self._folder.report(Event(key=key, at=time.time(), level=level, message=message, metrics=metrics))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _parts(logs: Mapping[str, float], before: str, after: str = "") -> dict[str, float]:
    """What is logged under such names, by what stands between."""
    return {
        name[len(before) : len(name) - len(after)]: value
        for name, value in logs.items()
        if name.startswith(before) and name.endswith(after)
    }
