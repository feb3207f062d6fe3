"""`POST /v1/grade`: fairmark's own, for its hooks and for whoever has many samples at a time.

A sample that isn't one becomes a result with the outcome `invalid`; the rest of its batch is graded all the same.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import orjson

from ..catalog import Entry
from ..engine import GradeRequest, Result, Work
from ..errors import Refusal
from ..wire import convert, unjson
from .protocol import Call, Grading, MiB, broken

SAMPLES = 4096
"""In one body; 15 µs of the event loop each, if they are inline."""
Label = Annotated[str, msgspec.Meta(max_length=200)]


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """One sample."""

    sample: Annotated[Any, msgspec.Meta(extra_json_schema={"type": ["string", "array", "object"]})]
    """What the model said: its text, chat messages, or OpenAI's sample object."""
    item: dict[str, Any] = {}
    """The dataset row it answers."""
    grader: str | dict[str, Any] | None = None
    """Another grader than the batch's."""
    group: Label | None = None
    """Which samples answer the same prompt; counted in the metrics of the run."""


class _Broken(Row):
    """What stands in for a row that isn't one; `sample` is the reason."""


class GradeBody(msgspec.Struct, forbid_unknown_fields=True):
    """Samples, and what grades them."""

    samples: list[Row]
    grader: str | dict[str, Any] | None = None
    """A name in the catalog, or a grader's configuration."""
    explain: bool = False
    """Say how each verdict came about."""
    run: Label | None = None
    """The training run that asks; a label in the metrics."""
    step: int | None = None


class _Salvaged(GradeBody):
    """A body whose rows are looked at one by one."""

    samples: list[Any]


class GradeRow(msgspec.Struct):
    """One result."""

    score: float | None
    """None when it could not be graded: never a wrong answer."""
    outcome: str
    reason: str | None
    sub_scores: dict[str, float | None]
    cached: bool
    version: str
    explain: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class GradeAnswer(msgspec.Struct):
    """The results, in the order of the samples."""

    results: list[GradeRow]


def _decode(body: GradeBody, call: Call) -> Work:
    _bound(body.samples)
    batch = None if body.grader is None else _entry(body.grader, call, "grader")
    rows = [
        call.sample(batch, row.sample, row.item, row.group)
        if batch is not None and row.grader is None and type(row) is Row
        else _request(row, place, batch, call)
        for place, row in enumerate(body.samples)
    ]
    return Work(rows, body.run, body.step, body.explain)


def _request(row: Row, place: int, batch: Entry | None, call: Call) -> GradeRequest:
    """A row with a grader of its own, or one that isn't a row."""
    entry = batch if row.grader is None else _entry(row.grader, call, f"samples[{place}].grader")
    if entry is None:
        field = f"samples[{place}].grader"
        raise Refusal(422, f"{field}: missing, and the batch has none", param=field)
    if type(row) is _Broken:
        return broken(entry, str(row.sample))
    return call.sample(entry, row.sample, row.item, row.group)


def _bound(samples: list[Any]) -> None:
    if len(samples) > SAMPLES:
        raise Refusal(422, f"samples: expected at most {SAMPLES}, got {len(samples)}", param="samples")


def _salvage(data: Any) -> GradeBody:
    around = {field: value for field, value in data.items() if field != "samples"} if isinstance(data, dict) else data
    if found := unjson(around):
        raise Refusal(422, found, param=found.partition(":")[0], code="invalid_body")
    body = convert(data, _Salvaged)
    _bound(body.samples)
    body.samples = [_row(row) for row in body.samples]
    return body


def _row(row: Any) -> Row:
    try:
        return convert(row, Row, "row")
    except Refusal as refusal:
        grader = row.get("grader") if isinstance(row, dict) else None
        return _Broken(refusal.message, grader=grader if isinstance(grader, str | dict) else None)


def _entry(grader: Any, call: Call, field: str) -> Entry:
    return call.named(grader, field) if isinstance(grader, str) else call.configured(grader, field)


def _encode(body: GradeBody, work: Work, results: Sequence[Result], call: Call) -> bytes:
    rows = {
        id(result): orjson.Fragment(orjson.dumps(_row_of(result))) for result in {id(r): r for r in results}.values()
    }
    return orjson.dumps({"results": [rows[id(result)] for result in results]})


def _row_of(result: Result) -> dict[str, Any]:
    verdict = result.verdict
    row = {
        "score": verdict.score,
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "sub_scores": verdict.sub_scores,
        "cached": result.cached,
        "version": result.version,
    }
    if result.explanation is not None:
        row["explain"] = result.explanation
    return row


NATIVE = Grading(
    path="/v1/grade",
    summary="Grade many samples",
    request=GradeBody,
    answer=GradeAnswer,
    decode=_decode,
    encode=_encode,
    patience_seconds=300,
    body_bytes=64 * MiB,
    salvage=_salvage,
)
