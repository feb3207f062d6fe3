"""A job: what it goes through, the grader it calls for each rollout, and what it reports."""

import json
import math
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, NamedTuple

import httpx

from fairmark_graders import grade as grade_here
from fairmark_graders.formula import Formula

from .rules import ApiError, check_rows, redacted

TRIES = 4
"""At most three retries, then the rollout is discarded."""
ROLLOUTS = 2
BATCH = 4
KEPT = 3
"""Checkpoints: those with the best rewards on the validation side."""
PHASES = {"eval": 101.7, "sampling": 226.8, "training": 402.4, "full_iteration": 731.5}
"""Seconds of a step, as in the guide's example."""
FINAL = {"succeeded", "failed", "cancelled"}

Policy = Callable[[dict[str, Any], int, int], str]


class Rollout(NamedTuple):
    """One rollout as it was graded; no score when it was discarded."""

    step: int
    side: str
    sample: dict[str, Any]
    item: dict[str, Any]
    score: float | None
    tries: int


def learning(item: dict[str, Any], step: int, rollout: int) -> str:
    """A model that knows the answer in more and more of its rollouts."""
    right = str(item["reference_answer"])
    return right if rollout < step else f"not {right}"


class Endpoint:
    """The caller of endpoint graders: paced, patient, and never with a zero for what it couldn't learn."""

    def __init__(self) -> None:
        self._http = httpx.Client(timeout=600, trust_env=False)
        self._next = 0.0
        self.loses_every = 0
        """Every how manieth answer is lost on its way, as after a timeout."""
        self._answers = 0

    def score(self, grader: dict[str, Any], body: dict[str, Any]) -> tuple[float | None, int]:
        for tries in range(1, TRIES + 1):
            self._wait(grader.get("rate_limit"))
            try:
                reply = self._http.post(grader["url"], json=body, headers=grader.get("headers"))
            except httpx.TransportError:
                continue
            self._answers += 1
            if self.loses_every and self._answers % self.loses_every == 0:
                continue
            if reply.is_success:
                return _score(reply.json()), tries
        return None, TRIES

    def _wait(self, rate_limit: int | None) -> None:
        if rate_limit:
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._next = time.monotonic() + 1 / rate_limit

    def close(self) -> None:
        self._http.close()


def _score(answer: dict[str, Any]) -> float:
    """The one answer that is documented: an object with a plain number."""
    assert list(answer) == ["score"]
    assert type(answer["score"]) is float
    assert math.isfinite(answer["score"])
    return answer["score"]


@dataclass
class Job:
    """One job, from its creation on."""

    body: dict[str, Any]
    train: bytes
    validation: bytes | None
    endpoint: Endpoint
    policy: Policy
    hangs_at: int | None = None
    id: str = field(default_factory=lambda: f"ftjob-{uuid.uuid4().hex[:24]}")
    created_at: int = field(default_factory=lambda: int(time.time()))
    status: str = "validating_files"
    step: int = 0
    error: dict[str, Any] = field(default_factory=dict)
    finished_at: int | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    judged: Counter[str] = field(default_factory=Counter)
    """Tokens of judge models, by kind."""

    def __post_init__(self) -> None:
        self.say("Created fine-tuning job")

    @property
    def reinforced(self) -> bool:
        return bool(self.body["method"]["type"] == "reinforcement")

    @property
    def settings(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["method"][self.body["method"]["type"]]
        return found

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.train.decode().splitlines()]

    @property
    def total_steps(self) -> int:
        return math.ceil(len(self.rows) / self._setting("batch_size", BATCH)) * self._setting("n_epochs", 1)

    @property
    def seconds(self) -> int:
        """What is billed: the steps that were done."""
        return round(self.step * PHASES["full_iteration"])

    def _setting(self, name: str, usual: int) -> int:
        found = (self.settings.get("hyperparameters") or {}).get(name, "auto")
        return usual if found == "auto" else int(found)

    def shown(self) -> dict[str, Any]:
        """The job as the API shows it."""
        method = redacted(self.body["method"])
        shown = {
            "id": self.id,
            "object": "fine_tuning.job",
            "created_at": self.created_at,
            "error": self.error,
            "fine_tuned_model": self._model() if self.status == "succeeded" else None,
            "finished_at": self.finished_at,
            "model": self.body["model"],
            "organization_id": "org-example",
            "result_files": [],
            "seed": self.body.get("seed", 0),
            "status": self.status,
            "trained_tokens": None,
            "training_file": self.body["training_file"],
            "validation_file": self.body.get("validation_file"),
            "estimated_finish": None,
            "integrations": [],
            "metadata": self.body.get("metadata"),
            "method": method,
            "user_provided_suffix": self.body.get("suffix"),
            "shared_with_openai": False,
            "eval_id": None,
        }
        if not self.reinforced:
            shown["hyperparameters"] = self.settings.get("hyperparameters") or {}
        if self.reinforced and (self.status in FINAL or self.status == "paused"):
            shown["usage_metrics"] = {"type": "reinforcement", "training_time_seconds": self.seconds}
        return shown

    def _model(self) -> str:
        return f"ft:{self.body['model']}:example:{self.body.get('suffix') or ''}:{self.id[-8:]}"

    def say(self, message: str, level: str = "info", data: dict[str, Any] | None = None) -> None:
        self.events.append(
            {
                "id": f"ftevent-{self.id[-6:]}{len(self.events):06}",
                "object": "fine_tuning.job.event",
                "created_at": int(time.time()),
                "level": level,
                "message": message,
                "data": data or {},
                "type": "metrics" if data else "message",
            }
        )

    def advance(self) -> None:
        """One move: to the next state, or through a step."""
        if self.status == "validating_files":
            self._validate()
        elif self.status == "queued":
            self.status = "running"
            self.say("Fine-tuning job started")
        elif self.status == "pausing":
            self.status = "paused"
            self.say("Fine-tuning job paused")
        elif self.status == "running" and self.step != self.hangs_at:
            self._train()

    def _validate(self) -> None:
        if broken := check_rows(self.train, self.validation, self.reinforced):
            self.end("failed", broken._asdict())
        else:
            self.status = "queued"
            self.say("Files validated, moving job to queued state")

    def _train(self) -> None:
        if self.step == self.total_steps:
            self.end("succeeded")
            return
        self.step += 1
        data = self._reinforce() if self.reinforced else self._supervise()
        self.say(self._message(data), data={"step": self.step, "total_steps": self.total_steps, **data})

    def end(self, status: str, error: dict[str, Any] | None = None) -> None:
        self.status, self.error, self.finished_at = status, error or {}, int(time.time())
        self.say(f"The job has {status}" if not error else error["message"], "error" if error else "info")

    def _message(self, data: dict[str, Any]) -> str:
        if not self.reinforced:
            return f"Step {self.step}/{self.total_steps}: training loss={data['train_loss']:.2f}"
        return f"Step {self.step}/{self.total_steps} , train mean reward={data['train_mean_reward']:.2f}"

    def _supervise(self) -> dict[str, Any]:
        loss = 2.0 / self.step
        return {"train_loss": loss, "train_mean_token_accuracy": 0.5, "full_valid_loss": loss + 0.1}

    def _reinforce(self) -> dict[str, Any]:
        size = self._setting("batch_size", BATCH)
        rows, done = self.rows, (self.step - 1) * size
        batch = [rows[(done + place) % len(rows)] for place in range(size)]
        train = self._side("train", batch)
        assert self.validation
        evaluated = self.step % self._setting("eval_interval", 1) == 0
        held_out = [json.loads(line) for line in self.validation.decode().splitlines()]
        valid = self._side("valid", held_out[: self._setting("eval_samples", BATCH)]) if evaluated else None
        if valid is not None:
            self._checkpoint(valid["reward"])
        return self._report(train, valid)

    def _side(self, side: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        graded = [self._rollout(side, row, rollout) for row in rows for rollout in range(ROLLOUTS)]
        scores = [found.score for found in graded if found.score is not None]
        return {"reward": fmean(scores) if scores else 0.0, "discarded": 1 - len(scores) / len(graded)}

    def _rollout(self, side: str, row: dict[str, Any], rollout: int) -> Rollout:
        item = item_of(row)
        sample = sample_of(self.policy(row, self.step, rollout), self.settings.get("response_format") is not None)
        body = {"sample": sample, "item": item, "trace_id": f"trace_{uuid.uuid4()}"}
        score, tries = score_of(self.settings["grader"], body, self.endpoint, self.judged)
        self.rollouts.append(Rollout(self.step, side, sample, item, score, tries))
        return self.rollouts[-1]

    def _checkpoint(self, reward: float) -> None:
        self.checkpoints.append(
            {
                "object": "fine_tuning.job.checkpoint",
                "id": f"ftckpt-{self.id[-6:]}{self.step:06}",
                "created_at": int(time.time()),
                "fine_tuned_model_checkpoint": f"{self._model()}:ckpt-step-{self.step}",
                "fine_tuning_job_id": self.id,
                "metrics": {"step": self.step, "valid_reward_mean": reward},
                "step_number": self.step,
            }
        )
        self.checkpoints.sort(key=lambda kept: -kept["metrics"]["valid_reward_mean"])
        del self.checkpoints[KEPT:]

    def _report(self, train: dict[str, Any], valid: dict[str, Any] | None) -> dict[str, Any]:
        grader = self.settings["grader"]
        named = {"name": grader.get("name"), "type": grader["type"]}
        held = None if valid is None else valid["reward"]
        return {
            "train_mean_reward": train["reward"],
            "full_valid_mean_reward": held,
            "full_valid_mean_parse_error": 0.0,
            "mean_unresponsive_rewards": 0.0,
            "reasoning_tokens_mean": 900.0 + self.step,
            "completion_tokens_mean": 1000.0 + self.step,
            "scores": {
                "train_reward_mean": train["reward"],
                "valid_reward_mean": held,
                "graders": [{**named, "train_reward_mean": train["reward"], "valid_reward_mean": held}],
            },
            "errors": {
                "graders": [
                    {
                        **named,
                        "train_other_error_mean": 0.0,
                        "train_other_error_count": 0,
                        "train_endpoint_grader_server_error_mean": train["discarded"],
                    }
                ]
            },
            "usage": {"graders": [], "samples": {"train_reasoning_tokens_mean": 900.0 + self.step}},
            "timing": {
                "step": PHASES,
                "graders": [{**named, "train_execution_latency_mean": 2.7, "valid_execution_latency_mean": 4.1}],
            },
            "model_graders_token_usage": dict(self._judges()),
        }

    def _judges(self) -> Iterator[tuple[str, dict[str, int]]]:
        if self.judged:
            kinds = [
                f"{side}_{kind}_tokens" for side in ("train", "eval") for kind in ("prompt", "completion", "cached")
            ]
            yield "gpt-4.1-2025-04-14", {kind: self.judged[kind] for kind in kinds}
            self.judged.clear()


def item_of(row: dict[str, Any]) -> dict[str, Any]:
    """The row as the platform hands it to a grader, with what it adds."""
    messages = [{"name": None, **message} for message in row["messages"]]
    return {**row, "messages": messages, "tools": row.get("tools"), "parallel_tool_calls": True}


def sample_of(text: str, structured: bool) -> dict[str, Any]:
    """What the model said: `output_json` is null where there is none, never missing."""
    try:
        found = json.loads(text) if structured else None
    except ValueError:
        found = None
    message = {"role": "assistant", "content": text, "tool_calls": []}
    return {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "output_text": text,
        "output_json": found,
        "output_tools": [],
        "output_reasoning_summary": None,
    }


def score_of(
    grader: dict[str, Any], body: dict[str, Any], endpoint: Endpoint, judged: Counter[str]
) -> tuple[float | None, int]:
    """The score of one rollout, and how many tries it took."""
    if grader["type"] == "endpoint":
        return endpoint.score(grader, body)
    if grader["type"] == "multi":
        parts = {name: score_of(part, body, endpoint, judged) for name, part in grader["graders"].items()}
        tries = max(tries for _, tries in parts.values())
        known = {name: score for name, (score, _) in parts.items() if score is not None}
        return (Formula.parse(grader["calculate_output"])(known) if len(known) == len(parts) else None), tries
    if grader["type"] == "score_model":
        judged.update(train_prompt_tokens=100, train_completion_tokens=10)
        return 0.5, 1
    if grader["type"] in ("string_check", "text_similarity"):
        return grade_here(grader, body["sample"], body["item"]).score, 1
    raise ApiError(400, f"The stand-in runs no {grader['type']!r}.")
