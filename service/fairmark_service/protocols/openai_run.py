"""OpenAI's `POST /v1/fine_tuning/alpha/graders/run` and `/validate`: the OpenAI SDK works with its `base_url` changed.

run       one grader on one model sample; whatever goes wrong with the sample is a flag in a 200, with reward 0
validate  a grader's configuration, named if it had no name; an invalid one is a 400 that names the field

The reply has the 24 error keys of the live API, which its specification lists 14 of.
"""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson

from fairmark_graders import Verdict
from fairmark_graders.types import ErrorCode

from ..engine import Result, Work
from .protocol import Call, Grading, MiB, gradable

_FLAGS = (
    "formula_parse_error",
    "sample_parse_error",
    "truncated_observation_error",
    "unresponsive_reward_error",
    "invalid_variable_error",
    "other_error",
    "python_grader_server_error",
    "python_grader_runtime_error",
    "model_grader_server_error",
    "model_grader_refusal_error",
    "model_grader_parse_error",
    "model_grader_exceeded_max_tokens_error",
    "endpoint_grader_internal_error",
    "endpoint_grader_server_error",
    "endpoint_grader_safety_check_error",
)
_DETAILS = (
    "sample_parse_error_details",
    "invalid_variable_error_details",
    "python_grader_server_error_type",
    "python_grader_runtime_error_details",
    "model_grader_refusal_error_details",
    "model_grader_parse_error_details",
    "model_grader_server_error_details",
    "endpoint_grader_internal_error_details",
    "endpoint_grader_server_error_details",
)
_FLAG_OF: dict[ErrorCode, str] = {
    "sample_parse": "sample_parse_error",
    "invalid_variable": "invalid_variable_error",
    "formula_parse": "formula_parse_error",
    "grader_runtime": "python_grader_runtime_error",
    "grader_server": "python_grader_server_error",
    "limit": "other_error",
    "other": "other_error",
}


class RunBody(msgspec.Struct):
    """A grader, what the model said, and the dataset row."""

    grader: dict[str, Any]
    model_sample: str
    item: dict[str, Any] | None = None
    trace_id: Any = None


class RunAnswer(msgspec.Struct):
    """The reward, and what stands behind it."""

    reward: float
    metadata: dict[str, Any]
    sub_rewards: dict[str, float | None]
    model_grader_token_usage_per_model: dict[str, Any]


class ValidateBody(msgspec.Struct):
    """A grader's configuration."""

    grader: dict[str, Any]


class ValidateAnswer(msgspec.Struct):
    """The same, with a name."""

    grader: dict[str, Any]


def _decode_run(body: RunBody, call: Call) -> Work:
    call.trace = body.trace_id
    entry = call.configured(body.grader, "grader")
    return Work([call.sample(entry, body.model_sample, body.item or {})])


def _encode_run(body: RunBody, work: Work, results: Sequence[Result], call: Call) -> bytes:
    verdict, grader = gradable(results[0].verdict), work.requests[0].entry.grader
    metadata = {
        "name": grader.name or _auto_name(),
        "type": body.grader["type"],
        "errors": _errors(verdict),
        "execution_time": time.perf_counter() - call.began,
        "scores": verdict.sub_scores,
        "token_usage": None,
        "sampled_model_name": None,
    }
    return orjson.dumps(
        {
            "reward": verdict.score or 0.0,
            "metadata": metadata,
            "sub_rewards": verdict.sub_scores,
            "model_grader_token_usage_per_model": {},
        }
    )


def _errors(verdict: Verdict) -> Mapping[str, bool | str | None]:
    """The 24 keys: a flag for the fault, and its details where a key for them exists."""
    errors: dict[str, bool | str | None] = {**dict.fromkeys(_FLAGS, False), **dict.fromkeys(_DETAILS)}
    if verdict.error is not None:
        flag = _FLAG_OF[verdict.error]
        errors[flag] = True
        for name in (f"{flag}_details", f"{flag}_type"):
            if name in errors:
                errors[name] = verdict.reason
    return errors


def _decode_validate(body: ValidateBody, call: Call) -> Work:
    call.configured(body.grader, "grader")
    return Work([])


def _encode_validate(body: ValidateBody, work: Work, results: Sequence[Result], call: Call) -> bytes:
    grader = call.configured(body.grader, "grader").grader
    return orjson.dumps(
        {"grader": {**grader.model_dump(mode="json", exclude_unset=True), "name": grader.name or _auto_name()}}
    )


def _auto_name() -> str:
    return f"grader-{uuid.uuid4().hex[:12]}"


GRADERS_RUN = Grading(
    path="/v1/fine_tuning/alpha/graders/run",
    summary="Run a grader on one sample, as OpenAI's API does",
    request=RunBody,
    answer=RunAnswer,
    decode=_decode_run,
    encode=_encode_run,
    patience_seconds=300,
    body_bytes=16 * MiB,
    refused=400,
)
GRADERS_VALIDATE = Grading(
    path="/v1/fine_tuning/alpha/graders/validate",
    summary="Validate a grader, as OpenAI's API does",
    request=ValidateBody,
    answer=ValidateAnswer,
    decode=_decode_validate,
    encode=_encode_validate,
    patience_seconds=30,
    body_bytes=4 * MiB,
    refused=400,
)
