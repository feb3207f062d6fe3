"""From requests to verdicts; knows no protocol and no HTTP.

    begin    a multi becomes its parts; every grader reads its case; inline graders judge at once
    finish   the rest: cache, quick verdicts, flights, admission, judge; then the parts of each multi are combined

`begin` never waits, and most batches are done after it. What it leaves is asked of the cache in one go; what the cache
doesn't know its grader may decide at once, and what then is left is admitted whole or refused whole.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from fairmark_graders import Case, Fault, Grader, Item, Multi, Sample, Tools, Ungradable, Verdict
from fairmark_graders.grader import Awaited, Shared
from fairmark_graders.workers import on_slow

from .admission import Admission, Turn
from .cache import VerdictCache
from .cache_key import cache_key
from .catalog import Entry
from .flights import Flights
from .line import Line
from .metrics import Metrics
from .verdict_log import VerdictLog

log = logging.getLogger("fairmark.engine")

T = TypeVar("T")

OURS = Line()
"""The line of what no caller asked for."""
AT_ONCE = 32
"""Quick verdicts in one turn of the event loop: some 10 ms of it."""


class GradeRequest(msgspec.Struct, frozen=True, gc=False):
    """One sample to be graded by one grader.

    A struct, as `Result` is: made in a quarter of a named tuple's time (0.05 against 0.21 µs), once a sample each.
    """

    entry: Entry
    sample: Sample
    item: Item
    fault: Verdict | None = None
    """The verdict on a sample that isn't one: the protocol found it out, nobody grades it."""
    group: str | None = None
    """Which samples answer one prompt; only counted."""


class Work(NamedTuple):
    """What one caller wants graded at a time."""

    requests: Sequence[GradeRequest]
    run: str | None = None
    """The training run that asks, for the metrics and the verdict log."""
    step: int | None = None
    explain: bool = False


class Result(msgspec.Struct, frozen=True, gc=False):
    """What became of one request."""

    verdict: Verdict
    name: str
    """The grader's, as the metrics know it."""
    version: str
    cached: bool = False
    explanation: Mapping[str, Any] | None = None


class _Pending(NamedTuple):
    """A case that is still to be judged, and where its verdict belongs: a request's place or a part's name."""

    into: Any
    place: int | str
    name: str
    grader: Awaited
    case: Case
    key: Hashable


class Engine:
    """Grades; one per process."""

    def __init__(
        self, tools: Tools, cache: VerdictCache, admission: Admission, metrics: Metrics, verdicts: VerdictLog | None
    ) -> None:
        self.tools, self.cache, self.admission, self.metrics, self.verdicts = tools, cache, admission, metrics, verdicts
        self.flights = Flights(admission.turn)

    def begin(self, requests: Sequence[GradeRequest], line: Line = OURS) -> "Batch":
        """Read every case and judge what can be judged at once."""
        return Batch(self, requests, line)

    async def grade_all(self, requests: Sequence[GradeRequest], line: Line = OURS) -> list[Result]:
        """The results in order. Raises `Overloaded` before any of the waiting work is begun."""
        batch = self.begin(requests, line)
        await batch.finish()
        return batch.results()

    async def check(self, grader: Grader) -> None:
        """Load what a user wrote in a grader. Raises `InvalidGrader`."""
        for leaf in grader.leaves():
            if isinstance(leaf, Awaited):
                await leaf.check(self.tools)

    async def explain(self, requests: Sequence[GradeRequest], line: Line = OURS) -> list[Result]:
        """The results, each with its case as it was read, the rule that decided and what took how long."""
        began = time.perf_counter()
        results = await self.grade_all(requests, line)
        total = time.perf_counter() - began
        pairs = zip(requests, results, strict=True)
        return [replace(result, explanation=explanation(request, result.verdict, total)) for request, result in pairs]

    def observe(self, work: Work, results: Sequence[Result]) -> None:
        """Count a finished batch, and log its verdicts where that is asked for."""
        for result, count in tallied(results):
            self.metrics.graded(result.name, result.verdict.outcome, result.verdict.score, count)
            if result.verdict.cells:
                self.metrics.classified(result.name, work.run, result.verdict.cells, count)
        if work.run is not None:
            groups = [request.group for request in work.requests]
            self.metrics.ran(work.run, groups, [result.verdict for result in results])
        if self.verdicts is not None:
            pairs = zip(work.requests, results, strict=True)
            whole = self.verdicts.samples
            self.verdicts.write([logged(work, request, result, whole) for request, result in pairs])

    async def fly(self, pending: Sequence[_Pending], line: Line) -> Mapping[Hashable, Verdict]:
        """The verdicts on pending cases by key, each shared with whoever waits for the same. Raises `Overloaded`."""
        works = {case.key: functools.partial(self._judge, case) for case in pending}
        new = sum(key not in self.flights for key in works)
        self.admission.check(new, line)
        self.metrics.coalesced(len(pending) - new)
        return await self.flights.join(works, [line])

    async def run(self, name: str, work: Callable[[Tools], Awaitable[T]], line: Line) -> T:
        """What a program's run gives, which no grader asked for: in the same lines, and shared with nobody.

        Raises `Overloaded`.
        """
        self.admission.check(1, line)
        alone = object()
        given: T = (await self.flights.join({alone: functools.partial(self._run, name, work)}, [line]))[alone]
        return given

    async def _run(self, name: str, work: Callable[[Tools], Awaitable[T]], turn: Turn) -> T:
        async with self.admission.slot(name, "sandbox", turn):
            return await work(self.tools)

    async def _judge(self, pending: _Pending, turn: Turn) -> Verdict:
        """Judge one case in a slot of its own, which is handed on when the case turns out slow."""
        async with self.admission.slot(pending.name, pending.grader.runs_in, turn) as slot:
            on_slow.set(slot.hand_on)
            found = await self._found(pending)
        verdict = found if isinstance(found, Verdict) else await self._agreed(pending, found, turn)
        self._keep(pending.key, verdict)
        return verdict

    async def _agreed(self, pending: _Pending, case: Case, turn: Turn) -> Verdict:
        """The verdict on the case that a pending one comes down to: known, under way, or judged now.

        It has waited its turn already, so it goes to the head of its lines.
        """
        key = cache_key(pending.grader, case, pending.grader.runs_on(self.tools))
        (known,) = await self.cache.get_many([key])
        if known is not None:
            return known
        work = functools.partial(self._judge, pending._replace(case=case, key=key))
        verdict: Verdict = (await self.flights.join({key: work}, turn.lines, ahead=True))[key]
        return verdict

    def quick(self, pending: _Pending) -> Verdict | None:
        """The verdict on one pending case where its grader needs no tools for it."""
        try:
            verdict = pending.grader.quick(pending.case)
        except Fault as fault:
            verdict = fault.verdict
        except Exception:
            verdict = failed(pending.grader)
        if verdict is not None:
            self._keep(pending.key, verdict)
        return verdict

    async def _found(self, pending: _Pending) -> Verdict | Case:
        try:
            return await pending.grader.judge(pending.case, self.tools)
        except Fault as fault:
            return fault.verdict
        except Exception:
            return failed(pending.grader)

    def _keep(self, key: Hashable, verdict: Verdict) -> None:
        if verdict.repeatable and isinstance(key, bytes):
            self.cache.put(key, verdict)


def tallied(results: Sequence[Result]) -> Iterable[tuple[Result, int]]:
    """Each different result, and how often it is there; by identity, since equal ones are one."""
    tally: dict[int, tuple[Result, int]] = {}
    for result in results:
        seen = tally.get(id(result))
        tally[id(result)] = (result, 1 if seen is None else seen[1] + 1)
    return tally.values()


def failed(grader: Grader) -> Verdict:
    """The verdict where a grader of ours breaks: nobody's score, and nothing of it on the wire."""
    log.exception("a grader failed", extra={"grader": grader.version})
    return Ungradable("the grader itself failed; the service's log says how").verdict


def explanation(request: GradeRequest, verdict: Verdict, total: float) -> dict[str, Any]:
    """How a verdict came about, for a person; seconds to read this case, and `total` for the batch it came in."""
    began = time.perf_counter()
    case = read(request)
    seconds = {"read": time.perf_counter() - began, "total": total}
    return {"case": case, "rule": verdict.rule, "prints": verdict.prints, "seconds": seconds}


def read(request: GradeRequest) -> Any:
    """The case as the grader reads it (of a multi: by part); None where it finds none."""
    grader = request.entry.grader
    if request.fault is not None:
        return None
    if isinstance(grader, Multi):
        return {name: read(replace(request, entry=Entry(name, part, ""))) for name, part in grader.graders.items()}
    try:
        return grader.read(request.sample, request.item)._asdict()
    except Fault:
        return None


def logged(work: Work, request: GradeRequest, result: Result, whole: bool) -> dict[str, Any]:
    """One line of the verdict log; `whole` with the sample and the item, where there was a sample."""
    verdict = result.verdict
    raw = {"sample": request.sample.raw, "item": request.item} if whole and request.fault is None else {}
    return {
        "case": read(request),
        "score": verdict.score,
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "version": result.version,
        "run": work.run,
        "step": work.step,
    } | raw


class Batch:
    """The requests of one caller on their way to verdicts."""

    __slots__ = ("_cached", "_engine", "_line", "_parts", "_pending", "_requests", "_verdicts")

    def __init__(self, engine: Engine, requests: Sequence[GradeRequest], line: Line) -> None:
        self._engine, self._requests, self._line = engine, requests, line
        self._verdicts: list[Any] = [None] * len(requests)
        self._parts: dict[int, dict[str, Any]] = {}
        self._cached: list[Any] = []
        self._pending: list[_Pending] = []
        for place, request in enumerate(requests):
            grader = request.entry.grader
            if request.fault is not None:
                self._verdicts[place] = request.fault
            elif type(grader) is Multi:
                self._start_parts(place, grader, request)
            else:
                try:
                    started = grader.start(request.sample, request.item)  # type: ignore[union-attr]
                except Exception:
                    started = failed(grader)
                self._verdicts[place] = started
                if type(started) is Case:
                    self._await(self._verdicts, place, grader, started, request)

    @property
    def done(self) -> bool:
        """Whether nothing is left to wait for."""
        return not self._pending

    async def finish(self) -> None:
        """Judge what is left; equal cases once. Raises `Overloaded` before any of it is begun."""
        await self._look_up()
        if self._pending:
            await self._decide()
        if self._pending:
            await self._fly()

    def results(self) -> list[Result]:
        """One result per request, in order; the same object where grader and verdict are."""
        for place, parts in self._parts.items():
            grader = self._requests[place].entry.grader
            self._verdicts[place] = grader.combine(parts)  # type: ignore[union-attr]
        made: dict[tuple[int, int], Result] = {}
        results = []
        for verdict, request in zip(self._verdicts, self._requests, strict=True):
            entry = request.entry
            same = id(verdict), id(entry)
            result = made.get(same)
            if result is None:
                result = made[same] = Result(verdict, entry.name, entry.version)
            results.append(result)
        for place in self._cached:
            results[place] = replace(results[place], cached=True)
        return results

    def _start_parts(self, place: int, grader: Multi, request: GradeRequest) -> None:
        parts = self._parts[place] = dict.fromkeys(grader.graders)
        for name, part in grader.graders.items():
            try:
                started: Case | Verdict = part.start(request.sample, request.item)
            except Exception:
                started = failed(part)
            parts[name] = started
            if type(started) is Case:
                self._await(parts, name, part, started, request)

    def _await(self, into: Any, place: int | str, grader: Any, case: Case, request: GradeRequest) -> None:
        key: Hashable = object()
        if isinstance(grader, Shared):
            key = cache_key(grader, case, grader.runs_on(self._engine.tools))
        self._pending.append(_Pending(into, place, request.entry.name, grader, case, key))

    async def _look_up(self) -> None:
        """Ask the cache for every shared case at once; what it knows is pending no more."""
        keys = list({p.key: None for p in self._pending if isinstance(p.key, bytes)})
        known: dict[Hashable, Verdict | None] = {}
        if keys:
            known |= zip(keys, await self._engine.cache.get_many(keys), strict=True)
        left = []
        for pending in self._pending:
            verdict = known.get(pending.key)
            if verdict is None:
                left.append(pending)
            else:
                self._land(pending, verdict)
                if pending.into is self._verdicts:
                    self._cached.append(pending.place)
        self._pending = left

    async def _decide(self) -> None:
        """Have the graders decide what takes no time; equal cases once, and none that is in flight."""
        decided: dict[Hashable, Verdict | None] = {}
        left = []
        for pending in self._pending:
            if pending.key not in decided and pending.key not in self._engine.flights:
                decided[pending.key] = self._engine.quick(pending)
                if len(decided) % AT_ONCE == 0:
                    await asyncio.sleep(0)
            verdict = decided.get(pending.key)
            if verdict is None:
                left.append(pending)
            else:
                self._land(pending, verdict)
        self._engine.metrics.coalesced(len(self._pending) - len(left) - sum(v is not None for v in decided.values()))
        self._pending = left

    async def _fly(self) -> None:
        verdicts = await self._engine.fly(self._pending, self._line)
        for pending in self._pending:
            self._land(pending, verdicts[pending.key])
        self._pending = []

    def _land(self, pending: _Pending, verdict: Verdict) -> None:
        pending.into[pending.place] = verdict
