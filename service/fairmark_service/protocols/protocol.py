"""A protocol is one caller's wire format, as data; `Handler` is the only HTTP handler there is.

    bytes ─ wire.decode ─► request model ─ decode ─► [GradeRequest] ─ engine ─► [Result] ─ encode ─► bytes

Raw ASGI: routing, FastAPI's body binding and its response classes cost more than grading a short sample does.
"""

import asyncio
import contextlib
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
from ..intake import Gone, Intake, Receive, Sender
from ..limits import Limits
from ..line import Line
from ..metrics import Metrics
from ..wire import decode, unjson

T = TypeVar("T")
Request = TypeVar("Request", bound=msgspec.Struct)
MiB = 1 << 20
LARGE_BODY = 64 * 1024
"""Above it, decoding and grading take milliseconds: worth a turn of their own, and a look whether anybody waits."""
_TURNS = 3
"""Of the event loop, until a hang-up is heard: the socket is read, the connection ended, who listens woken."""


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
    """Whoever waits for an answer: may hang up, has only so much patience, and its key may have limits."""

    __slots__ = ("_began", "_key", "_limits", "_metrics", "_patient", "_receive")

    def __init__(self, call: Call, receive: Receive, patient: bool, limits: Limits, metrics: Metrics) -> None:
        self._key, self._began, self._receive = call.key, call.began, receive
        self._patient, self._limits, self._metrics = patient, limits, metrics

    def line(self, run: str | None = None) -> Line:
        """Where its judgements wait."""
        return Line(self._key, run, self._patient)

    async def look(self) -> None:
        """Raise `Gone` if it has hung up, though that may still have to be read off its socket."""
        gone = asyncio.ensure_future(self._receive())
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if gone.done():
            raise Gone
        gone.cancel()

    async def charge(self, samples: int, patience: float) -> None:
        """Count samples against the key's limits, before any of them is begun.

        Raises `LimitReached`, in front of a patient caller only when its patience is over; or `Gone`.
        """
        until = self._began + patience if self._patient else 0.0
        while reached := self._limits.take(self._key, samples):
            left = until - time.perf_counter()
            if left <= 0:
                self._metrics.rejected(reached.limit)
                raise reached
            await self._stay(min(left, reached.retry_after or left))

    def give_back(self, samples: int) -> None:
        """Uncount what was charged: for want of room nothing of it was begun."""
        self._limits.give_back(self._key, samples)

    async def wait_for(self, work: Coroutine[Any, Any, T], patience: float) -> T:
        """What `work` returns, unless the caller hangs up or has waited its time; then queued work is dropped.

        Its time is `patience` seconds from when its request arrived. Raises `Gone` or `Overloaded`.
        """
        gone = asyncio.ensure_future(self._receive())
        task = asyncio.ensure_future(_unless(gone, work))
        seconds = max(0.0, self._began + patience - time.perf_counter())
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
        raise Overloaded(f"not done within {patience:g} s")

    async def _stay(self, seconds: float) -> None:
        """Wait so long. Raises `Gone` if the caller doesn't."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._receive()
                raise Gone


async def _unless(gone: asyncio.Future[Any], work: Coroutine[Any, Any, T]) -> T:
    """What the work gives; it is not even begun for a caller already known to be gone."""
    if gone.done():
        work.close()
        raise Gone
    return await work


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
    patient: bool = False
    """Whether a request waits for room, as long as its caller does, instead of being refused at once: where the caller
    takes an error for a score, or comes again too soon and too seldom."""
    overloaded: int | None = None
    """The one status after which this caller comes again; None where it does after 429 and 503."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the paths of this protocol match; the group `grader` where the path names one."""
        return re.compile(self.path.replace("{grader}", "(?P<grader>[^/]+)"))

    def status_of(self, refusal: Refusal) -> int:
        """The status that tells this caller of it."""
        if refusal.status in (429, 503) and self.overloaded is not None:
            return self.overloaded
        return self.refused if refusal.status == 422 else refusal.status

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
        await caller.charge(len(work.requests), self.patience_seconds)
        for entry, field in call.brought:
            if brings_code(entry.grader):
                checked = _admitted(_checked(engine, entry, field), caller, len(work.requests))
                await caller.wait_for(checked, self.patience_seconds)
        results = await self._graded(work, engine, caller)
        engine.observe(work, results)
        return self.encode(request, work, results, call)

    async def _graded(self, work: Work, engine: Engine, caller: Caller) -> Sequence[Result]:
        line = caller.line(work.run)
        if work.explain:
            explained = _admitted(engine.explain(work.requests, line), caller, len(work.requests))
            return await caller.wait_for(explained, self.patience_seconds)
        batch = engine.begin(work.requests, line)
        if not batch.done:
            finished = _admitted(batch.finish(), caller, len(work.requests))
            await caller.wait_for(finished, self.patience_seconds)
        return batch.results()


@dataclass(frozen=True, kw_only=True)
class Running(Protocol[Request]):
    """A program in, what it printed out."""

    run: Callable[[Request, Tools], Coroutine[Any, Any, bytes]]
    """Runs it and gives the answer."""
    timeouts: Callable[[Request], float]
    """Seconds the request itself allows, on top of which comes the caller's patience."""

    async def serve(self, request: Request, call: Call, engine: Engine, caller: Caller) -> bytes:
        patience = self.timeouts(request) + self.patience_seconds
        await caller.charge(1, patience)
        run = engine.run(self.path, functools.partial(self.run, request), caller.line())
        return await caller.wait_for(_admitted(run, caller, 1), patience)


async def _admitted(work: Coroutine[Any, Any, T], caller: Caller, samples: int) -> T:
    """What the work gives; a caller that is refused gets back what it was charged."""
    try:
        return await work
    except Refusal:
        caller.give_back(samples)
        raise


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
        protocol = self.protocol
        sender = Sender(call.key, call.began + protocol.patience_seconds if protocol.patient else None)
        body = await self._intake.read(headers, receive, protocol.body_bytes, sender)
        try:
            caller = Caller(call, receive, protocol.patient, self._limits, self._engine.metrics)
            if len(body) > LARGE_BODY:
                await self._engine.admission.large(call.key, caller.look)
            request, call.strict = decode(body, protocol.request, protocol.salvage)
            return await protocol.serve(request, call, self._engine, caller)
        finally:
            self._intake.give(body, sender)
