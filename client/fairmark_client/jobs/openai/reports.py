"""What a service says of a job, in our words. Unknown keys are let pass, and any known one may be missing or null."""

from collections.abc import Iterator
from typing import Any

from ..job import FINAL, Checkpoint, Event, Metrics, Status
from ..provider import Look

_STATUSES: dict[str, Status] = {
    "validating_files": "queued",
    "queued": "queued",
    "running": "running",
    "pausing": "pausing",
    "paused": "paused",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""`paused` and `pausing` are in no published list; there will be more such words, and none of them ends a job."""


def look(job: dict[str, Any]) -> Look:
    """A job as the service shows it."""
    said = str(job.get("status") or "")
    status = _STATUSES.get(said, "running")
    usage = job.get("usage_metrics") or {} if status in FINAL else {}  # of a paused job it is only so far
    return Look(
        status=status,
        said=said,
        error=_error(job.get("error") or {}),
        finished_at=job.get("finished_at"),
        billed_seconds=usage.get("training_time_seconds"),
        model_made=job.get("fine_tuned_model"),
    )


def _error(error: dict[str, Any]) -> str | None:
    """A healthy job's error is an empty object."""
    return ": ".join(str(error[name]) for name in ("code", "param", "message") if error.get(name)) or None


def event(event: dict[str, Any]) -> Event:
    """One event; steps come as events of type `metrics`."""
    data = event.get("data")
    level = event.get("level")
    return Event(
        key=event["id"],
        at=event["created_at"],
        level=level if level in ("info", "warn", "error") else "info",
        message=event.get("message") or "",
        metrics=_metrics_in(data) if isinstance(data, dict) and "step" in data else None,
    )


def _metrics_in(data: dict[str, Any]) -> Metrics | None:
    """None for what has another shape than is documented: its message is worth having, and the next may be well."""
    try:
        return metrics(data)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def metrics(data: dict[str, Any]) -> Metrics:
    """One step: the keys of OpenAI's guide "Reinforcement fine-tuning", and those of supervised jobs.

    Lengths include the reasoning where the service counts it apart. Whether grader tokens are those of the step or
    those so far isn't documented; taken for the step's, they come to too much rather than too little.
    """
    return Metrics(
        step=int(data["step"]),
        total_steps=data.get("total_steps"),
        train_reward=data.get("train_mean_reward"),
        valid_reward=data.get("full_valid_mean_reward"),
        loss=data.get("train_loss"),
        valid_loss=_first(data, "full_valid_loss", "valid_loss"),
        completion_tokens=_first(data, "completion_tokens_mean", "reasoning_tokens_mean"),
        step_seconds=_at(data, "timing", "step", "full_iteration"),
        graders={grader["name"]: dict(_rewards(grader)) for grader in _at(data, "scores", "graders") or []},
        errors=dict(_errors(data)),
        grader_tokens={model: _tokens(usage) for model, usage in (data.get("model_graders_token_usage") or {}).items()},
    )


def _rewards(grader: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for side in ("train", "valid"):
        if (mean := grader.get(f"{side}_reward_mean")) is not None:
            yield side, mean


def _errors(data: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Shares of samples: of the whole job, then of each grader, `name/kind` in training and `name/valid_kind`."""
    if (share := data.get("full_valid_mean_parse_error")) is not None:
        yield "valid_parse_error", share
    if (share := data.get("mean_unresponsive_rewards")) is not None:
        yield "unresponsive", share
    for grader in _at(data, "errors", "graders") or []:
        for key, value in grader.items():
            if key.endswith("_error_mean") and value is not None:
                yield f"{grader['name']}/{key.removesuffix('_mean').removeprefix('train_')}", value


def _tokens(usage: dict[str, Any]) -> dict[str, int]:
    """Training and evaluation together, as they are billed."""
    return {
        kind: sum(int(usage.get(f"{side}_{kind}_tokens") or 0) for side in ("train", "eval"))
        for kind in ("prompt", "cached", "completion")
    }


def checkpoint(checkpoint: dict[str, Any]) -> Checkpoint:
    """One checkpoint; of its metrics the SDK knows losses only, rewards come as further fields."""
    metrics = checkpoint.get("metrics") or {}
    return Checkpoint(
        step=checkpoint["step_number"],
        place=checkpoint["fine_tuned_model_checkpoint"],
        valid_reward=_first(metrics, "valid_reward_mean", "full_valid_mean_reward"),
    )


def _first(data: dict[str, Any], *names: str) -> Any:
    return next((data[name] for name in names if data.get(name) is not None), None)


def _at(data: dict[str, Any], *path: str) -> Any:
    for name in path:
        data = data.get(name) or {}
    return data or None
