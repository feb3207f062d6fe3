"""A protocol is one caller's wire format, as data; `Handler` is the only HTTP handler there is.

    bytes ─ wire.decode ─► request model ─ decode ─► [GradeRequest] ─ engine ─► [Result] ─ encode ─► bytes

Raw ASGI: routing, FastAPI's body binding and its response classes cost more than grading a short sample does.
"""

import asyncio
import functools
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from fairmark_graders import InvalidGrader, InvalidSample, Sample, Tools, Verdict, invalid
from fairmark_graders.grader import brings_code

from ..catalog import Entry, Snapshot, UnknownGrader
from ..door import ANYONE
from ..engine import Engine, GradeRequest, Result, Work
from ..errors import Overloaded, Refusal, refused_grader
from ..intake import Gone, Intake, Receive
from ..limits import Limits
from ..metrics import Metrics
from ..wire import decode, unjson

T = TypeVar("T")
Request = TypeVar("Request", bound=msgspec.Struct)
MiB = 1 << 20


class Call:
    """What a protocol may know of a request beyond its body."""

    __slots__ = ("began", "brought", "grader", "inline", "key", "snapshot", "strict", "trace")

    def __init__(self, snapshot: Snapshot, inline: Callable[[Any], Entry], grader: str) -> None:
        self.snapshot, self.inline = snapshot, inline
        self.key = ANYONE
        """The name of the caller's key."""
        self.grader = grader
        """The grader named by the path; empty where the path names none."""
        self.brought: list[tuple[Entry, str]] = []
        """The graders that the request itself holds, and in which field."""
        self.trace: Any = None
        """The caller's own name for this rollout, for the log; anything it sent for one."""
        self.began = time.perf_counter()
        self.strict = True
        """Whether the body was JSON throughout; if not, each sample is looked through for what isn't."""

    def named(self, name: str, field: str) -> Entry:
        """The grader called `name` in the catalog, as `field` asked for it. Raises `Refusal`."""
        try:
            return self.snapshot.get(name)
        except UnknownGrader as error:
            raise Refusal(404, f"{field}: {error}", param=field, code="unknown_grader") from None

    def configured(self, configuration: Any, field: str) -> Entry:
        """The grader that `field` holds the configuration of. Raises `Refusal`."""
        try:
            if not self.strict and (found := unjson(configuration, field)):
                raise Refusal(422, found, param=field, code="invalid_grader")
            entry = self.inline(configuration)
            self.brought.append((entry, field))
            return entry
        except InvalidGrader as error:
            raise refused_grader(error, field) from None

    def sample(self, entry: Entry, sample: Any, item: Any, group: str | None = None) -> GradeRequest:
        """The request to grade one sample; one that isn't a sample carries its fault instead."""
        try:
            if not self.strict and (found := unjson(sample, "sample") or unjson(item, "item")):
                raise InvalidSample(found)
            return GradeRequest(entry, Sample(sample), item, None, group)
        except InvalidSample as error:
            return broken(entry, str(error))


def broken(entry: Entry, reason: str) -> GradeRequest:
    """The request of a sample that isn't one: it carries its verdict already."""
    return GradeRequest(entry, Sample(""), {}, invalid(reason))


class Caller:
    """Whoever waits for an answer: may hang up, and has only so much patience."""

    __slots__ = ("_metrics", "_receive")

    def __init__(self, receive: Receive, metrics: Metrics) -> None:
        self._receive, self._metrics = receive, metrics

    async def wait_for(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """What `work` returns, unless the caller hangs up or has waited its time; then queued work is dropped.

        Raises `Gone` or `Overloaded`.
        """
        task, gone = asyncio.ensure_future(work), asyncio.ensure_future(self._receive())
        try:
            await asyncio.wait({task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            task.cancel()
            gone.cancel()
        if gone.done():
            raise Gone
        self._metrics.rejected("patience")
        raise Overloaded(f"not done within {seconds:g} s")


@dataclass(frozen=True, kw_only=True)
class Protocol(ABC, Generic[Request]):
    """One caller's wire format."""

    path: str
    """Where it is served; `{grader}` stands for a name."""
    summary: str
    request: type[Request]
    """The body; decoded by it and documented from it."""
    answer: type[msgspec.Struct]
    """The answer's body; only documents it."""
    patience_seconds: float
    """How long the caller waits; after that its place is worth more than its answer."""
    body_bytes: int
    """The largest body taken."""
    salvage: Callable[[Any], Request] | None = None
    """Makes a request of a parsed body of which a part is no sample."""
    refused: int = 422
    """The status of a body that is JSON but says something impossible."""
    overloaded: int = 503
    """The status after which this caller comes again."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the paths of this protocol match; the group `grader` where the path names one."""
        return re.compile(self.path.replace("{grader}", "(?P<grader>[^/]+)"))

    def status_of(self, refusal: Refusal) -> int:
        """The status that tells this caller of it."""
        return {422: self.refused, 503: self.overloaded}.get(refusal.status, refusal.status)

    @abstractmethod
    async def serve(self, request: Request, call: Call, engine: Engine, caller: Caller) -> bytes:
        """The body of the answer. Raises `Refusal`, and `Gone` when the caller hung up."""


@dataclass(frozen=True, kw_only=True)
class Grading(Protocol[Request]):
    """Samples in, scores out."""

    decode: Callable[[Request, Call], Work]
    """The samples to grade. Raises `Refusal`."""
    encode: Callable[[Request, Work, Sequence[Result], Call], bytes]
    """The answer. Raises `Refusal` where this caller must be told so by status."""

    async def serve(self, request: Request, call: Call, engine: Engine, caller: Caller) -> bytes:
        work = self.decode(request, call)
        for entry, field in call.brought:
            if brings_code(entry.grader):
                await caller.wait_for(_checked(engine, entry, field), self.patience_seconds)
        results = await self._graded(work, engine, caller)
        engine.observe(work, results)
        return self.encode(request, work, results, call)

    async def _graded(self, work: Work, engine: Engine, caller: Caller) -> Sequence[Result]:
        if work.explain:
            return await caller.wait_for(engine.explain(work.requests), self.patience_seconds)
        batch = engine.begin(work.requests)
        if not batch.done:
            await caller.wait_for(batch.finish(), self.patience_seconds)
        return batch.results()


@dataclass(frozen=True, kw_only=True)
class Running(Protocol[Request]):
    """A program in, what it printed out."""

    run: Callable[[Request, Tools], Coroutine[Any, Any, bytes]]
    """Runs it and gives the answer."""
    timeouts: Callable[[Request], float]
    """Seconds the request itself allows, on top of which comes the caller's patience."""

    async def serve(self, request: Request, call: Call, engine: Engine, caller: Caller) -> bytes:
        run = engine.run(self.path, functools.partial(self.run, request))
        return await caller.wait_for(run, self.timeouts(request) + self.patience_seconds)


async def _checked(engine: Engine, entry: Entry, field: str) -> None:
    """Load the code that a grader in a request brought. Raises `Refusal` where that fails."""
    try:
        await engine.check(entry.grader)
    except InvalidGrader as error:
        raise refused_grader(error, field) from None


def gradable(verdict: Verdict) -> Verdict:
    """The verdict on the one sample of a request. Raises `Refusal` when that isn't a sample."""
    if verdict.outcome == "invalid":
        reason = verdict.reason or ""
        raise Refusal(422, reason, param=reason.partition(":")[0], code="invalid_sample")
    return verdict


class Handler:
    """Serves one protocol."""

    def __init__(self, protocol: Protocol[Any], engine: Engine, intake: Intake, limits: Limits) -> None:
        self.protocol, self._engine, self._intake, self._limits = protocol, engine, intake, limits

    async def __call__(self, call: Call, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The body of the answer. Raises `Refusal`, and `Gone` when the caller hung up."""
        body = await self._intake.read(headers, receive, self.protocol.body_bytes)
        try:
            request, call.strict = decode(body, self.protocol.request, self.protocol.salvage)
            return await self.protocol.serve(request, call, self._engine, Caller(receive, self._engine.metrics))
        finally:
            self._intake.give(body)
