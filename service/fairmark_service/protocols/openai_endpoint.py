"""`POST /endpoint/{grader}`: what OpenAI and Azure call for an `endpoint` grader during reinforcement fine-tuning.

The body is `{"sample": …, "item": …, "trace_id": …}` with any key missing or null, the answer exactly
`{"score": x}`. A caller that gets an error comes again up to three times and then drops the rollout, so a sample
nobody can grade is answered with 503: dropped is better than poisoned with a 0.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from ..engine import Result, Work
from ..errors import Refusal
from .protocol import Call, Grading, MiB, gradable


class EndpointBody(msgspec.Struct):
    """One rollout. Unknown keys are let pass: the platforms add some without saying so."""

    sample: Any = None
    """OpenAI's sample object; every key in it may be missing or null."""
    item: dict[str, Any] | None = None
    """The dataset row, with what the platform added."""
    trace_id: Any = None


class EndpointAnswer(msgspec.Struct):
    """One score."""

    score: float


def _decode(body: EndpointBody, call: Call) -> Work:
    call.trace = body.trace_id
    entry = call.named(call.grader, "grader")
    sample = {} if body.sample is None else body.sample
    return Work([call.sample(entry, sample, body.item or {})])


def _encode(body: EndpointBody, work: Work, results: Sequence[Result], call: Call) -> bytes:
    verdict = gradable(results[0].verdict)
    if verdict.score is None:
        raise Refusal(503, f"ungradable: {verdict.reason}", code="ungradable", retry_after=1)
    return orjson.dumps({"score": verdict.score})


OPENAI_ENDPOINT = Grading(
    path="/endpoint/{grader}",
    summary="Grade one rollout for OpenAI's or Azure's endpoint grader",
    request=EndpointBody,
    answer=EndpointAnswer,
    decode=_decode,
    encode=_encode,
    patience_seconds=300,  # Azure gives up after 600
    body_bytes=4 * MiB,  # Azure sends at most 1 MB
)
