"""The words of a job, the same for every provider."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..data.prepared import Method

Status = Literal["creating", "queued", "running", "pausing", "paused", "succeeded", "failed", "cancelled"]
FINAL: frozenset[Status] = frozenset({"succeeded", "failed", "cancelled"})
"""A job that is paused is not over: it may be resumed."""


class Spec(BaseModel):
    """What is to be run; enough to run it again."""

    model_config = ConfigDict(extra="forbid")

    provider: str
    """`trl`, `openai` or `azure`."""
    method: Method
    model: str
    """A hub name, a folder, or a hosted model's name."""
    data: str
    """The folder of a prepared data set."""
    grader: str | dict[str, Any] | None = None
    """A name in the service's catalog or a configuration; None for SFT. The headers of an endpoint grader hold no
    secrets but name them, `{"Authorization": "Bearer ${GRADER_KEY}"}`: the provider puts in the variables' values
    as it sends them."""
    hyperparameters: dict[str, Any] = {}
    """The provider's own names and values."""
    seed: int = 0
    options: dict[str, Any] = {}
    """What only one provider knows: `lora`, `unsloth`, `service_url`, `base_url`, `suffix`, and `key_env`, the
    environment variable with the key. The ledger keeps all of it, so a secret itself is refused."""


class Budget(BaseModel):
    """Dollars that a job may cost, and when to speak up."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    dollars_per_hour: float | None = Field(None, ge=0)
    """The price of the training loop; None takes the provider's from the price table, for a local machine it is 0."""
    cap_dollars: float | None = Field(None, gt=0)
    warn_share: float = Field(0.8, gt=0, le=1)


class Job(BaseModel):
    """One job as the ledger knows it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    """Ours, such as `trl-3f9c2a`: unique in a ledger, and a word on a command line."""
    spec: Spec
    budget: Budget = Budget()
    estimate_dollars: tuple[float, float, float] | None = None
    """What it was estimated to cost before it was created: at least, as expected, at most; None where nobody knew."""
    status: Status = "creating"
    said: str = ""
    """The provider's own word for the status; unknown words count as running."""
    place: str | None = None
    """Where it is: the provider's id of it, or its folder. None until the provider has taken it."""
    error: str | None = None
    created_at: float
    """Seconds since 1970, as all times here."""
    looked_at: float | None = None
    """When the provider last said how it is."""
    runs: list[tuple[float, float | None]] = []
    """From when to when it ran; the last is open while it runs. Rather too long than too short: from the last look
    that found it not yet running, unless the provider says when it began, to the first that found it stopped."""
    finished_at: float | None = None
    billed_seconds: float | None = None
    """What the provider says it bills, once it says so: the last word on time."""
    model_made: str | None = None
    """The fine-tuned model's name or folder, once there is one."""

    def running_seconds(self, now: float) -> float:
        """How long it has been running, pauses left out: an upper bound of what can be billed."""
        return sum(max(0.0, (now if ended is None else ended) - began) for began, ended in self.runs)


class Metrics(BaseModel):
    """What a trainer reported of one step; None where it didn't say."""

    model_config = ConfigDict(extra="forbid")

    step: int
    total_steps: int | None = None
    train_reward: float | None = None
    valid_reward: float | None = None
    reward_std: float | None = None
    """The spread of rewards inside groups, averaged: 0 teaches nothing."""
    zero_variance: float | None = None
    """The share of groups whose rewards are all the same."""
    loss: float | None = None
    """Of SFT."""
    valid_loss: float | None = None
    completion_tokens: float | None = None
    step_seconds: float | None = None
    graders: dict[str, dict[str, float]] = {}
    """By grader: `train`, `valid`."""
    errors: dict[str, float] = {}
    """Shares of samples, by kind of error and grader: `ungradable`, `endpoint/server_error`."""
    grader_tokens: dict[str, dict[str, int]] = {}
    """By judge model: `prompt`, `cached`, `completion`; so far or in this step, as `grader_tokens_so_far` says."""
    grader_tokens_so_far: bool = False


class Event(BaseModel):
    """Something a provider reported, once."""

    model_config = ConfigDict(extra="forbid")

    key: str
    """The provider's id of it: reading it again adds nothing to the ledger."""
    at: float
    level: Literal["info", "warn", "error"] = "info"
    message: str = ""
    metrics: Metrics | None = None


class Checkpoint(BaseModel):
    """A model saved on the way."""

    model_config = ConfigDict(extra="forbid")

    step: int
    place: str
    """A hosted model's name, or a folder."""
    valid_reward: float | None = None
