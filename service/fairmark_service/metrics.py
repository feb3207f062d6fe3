"""Every metric, its help and its buckets; nothing else names one.

Samples are counted once per batch: equal outcomes with equal scores are one increment, so that a batch of 64 costs a
handful. Graders are labelled by their catalog name and those that came inside a request share the label `inline`; runs
by the name the trainer sent, the first hundred of them, and `other` after that: a label's values are never unbounded.
What a `classification` expects and finds are its labels; of those in requests, the first hundred and `(other)`.

One process keeps its values in memory, several keep theirs in the files of metric_files.py.
"""

import asyncio
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from fairmark_graders import Multi, Verdict, __version__
from fairmark_graders.classification import ABSTAINED, NONE, SEVERAL, Classification
from fairmark_graders.grader import Place
from fairmark_graders.types import Cell

from .catalog import INLINE, Entry, Snapshot
from .demand import demand
from .metric_files import MetricFiles

RUNS = 100
INLINE_LABELS = 100
"""Labels of classifications inside requests that are told apart, and what stands for none."""
UNSETTLED = 1000
"""Different scores tallied before they are settled unasked: some 3 ms of work."""
SETTLE_SECONDS = 1
"""How old may be what another process exposes of this one; and what a process that is killed takes with it."""
LOOKS = 15
"""How many of the latest looks at the event loop count, one a second: a scrape every 15 s misses none."""
REASONS = ("queue", "bytes", "patience", "rate", "quota")
"""Why requests are refused: for want of room, or over a limit of their key."""
_RESTARTS = "fairmark_worker_restarts", "HTTP processes started in place of ones that had ended"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SCORES = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.999999, 1)
"""The first bucket holds what is wrong and less, the one that ends at 1 only what is wholly right."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Spell:
    """Seconds since the last settling, by bucket."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts, self.total = [0] * (len(_SECONDS) + 1), 0.0

    def add(self, seconds: float) -> None:
        """One observation."""
        self.counts[bisect_left(_SECONDS, seconds)] += 1
        self.total += seconds


class Buckets(Histogram):
    """A histogram that takes many observations at once."""

    def observe_many(self, amount: float, count: int) -> None:
        """`count` observations of `amount`."""
        self._sum.inc(amount * count)
        self._buckets[bisect_left(self._upper_bounds, amount)].inc(count)

    def merge(self, spell: Spell) -> None:
        """The observations of a spell, whose bounds are this histogram's."""
        self._sum.inc(spell.total)
        for bucket, count in zip(self._buckets, spell.counts, strict=True):
            bucket.inc(count)


class Metrics:
    """The metrics of one process.

    `shared` is the directory that its values are kept in, together with those of other processes; then
    PROMETHEUS_MULTIPROC_DIR named it before this module was imported. None keeps them in memory.
    """

    def __init__(self, shared: Path | None = None) -> None:
        registry = self.registry = CollectorRegistry()
        self._catalog: Callable[[], Snapshot] = Snapshot
        self._current = _Current(lambda: self._catalog(), time.time())
        self._shared = None if shared is None else SharedMetrics(shared, lambda: self._catalog())
        if self._shared:
            self._shared.reserve()
        self._samples = Counter(
            "fairmark_samples",
            "Samples by how their grading ended, cached or not",
            ["grader", "outcome"],
            registry=registry,
        )
        self._scores = Buckets(
            "fairmark_score", "Scores of the samples that have one", ["grader"], buckets=_SCORES, registry=registry
        )
        self._run_samples = Counter(
            "fairmark_run_samples", "Samples of a training run by outcome", ["run", "outcome"], registry=registry
        )
        self._run_score = Counter(
            "fairmark_run_score_sum", "Sum of the positive scores of a training run", ["run"], registry=registry
        )
        self._groups = Counter(
            "fairmark_run_groups", "Whole groups of rollouts of one prompt", ["run"], registry=registry
        )
        self._flat = Counter(
            "fairmark_run_groups_zero_variance",
            "Groups whose scores are all equal: nothing to learn",
            ["run"],
            registry=registry,
        )
        self._cells = Counter(
            "fairmark_classification_cells",
            "Samples by the label expected and the one found, cached or not",
            ["grader", "run", "expected", "found"],
            registry=registry,
        )
        self._requests = Counter(
            "fairmark_requests",
            "Requests by route, caller's key and status",
            ["route", "key", "status"],
            registry=registry,
        )
        self._request_seconds = Buckets(
            "fairmark_request_seconds",
            "From a request's head to its answer, its upload included",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge(
            "fairmark_requests_in_flight", "Requests being answered", registry=registry, multiprocess_mode="livesum"
        )
        self._body_bytes = Gauge(
            "fairmark_body_bytes_in_flight", "Bytes of bodies held", registry=registry, multiprocess_mode="livesum"
        )
        self._queue_seconds = Buckets(
            "fairmark_queue_seconds",
            "How long a judgement waited for its slot",
            ["grader"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._work_seconds = Buckets(
            "fairmark_work_seconds",
            "How long a judgement took, once it had its slot",
            ["grader"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._waiting = Gauge(
            "fairmark_waiting_judgements",
            "Judgements that wait for a slot",
            ["place"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._busy = Gauge(
            "fairmark_busy_slots", "Slots that are held", ["place"], registry=registry, multiprocess_mode="livesum"
        )
        self._slots = Gauge(
            "fairmark_slots",
            "Judgements that may be at work at a time",
            ["place"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._slow = Gauge(
            "fairmark_slow_judgements",
            "Judgements in the slow lane, at work or waiting there",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._rejected = Counter(
            "fairmark_rejected", "Requests refused for want of room or over a limit", ["by"], registry=registry
        )
        self._key_samples = Counter(
            "fairmark_key_samples", "Samples counted against the limits of a key", ["key"], registry=registry
        )
        self._coalesced = Counter(
            "fairmark_coalesced", "Samples that shared a judgement already under way", registry=registry
        )
        self._cache_hits = Counter("fairmark_cache_hits", "Verdicts found, by tier", ["tier"], registry=registry)
        self._cache_misses = Counter("fairmark_cache_misses", "Verdicts found in no tier", registry=registry)
        self._cache_errors = Counter(
            "fairmark_cache_errors",
            "What went wrong with the shared cache; no grade fails of it",
            ["kind"],
            registry=registry,
        )
        self._breaker = Gauge(
            "fairmark_cache_breaker_open",
            "1 while the shared cache is left alone because it fails",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._ready = Gauge(
            "fairmark_ready",
            "1 while every HTTP process can grade; from when it is warm until it begins to stop",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._lag = Gauge(
            "fairmark_loop_lag_seconds",
            "How late the event loop was at worst in the last 15 s: something held it up",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._busy_ratio = Gauge(
            "fairmark_loop_busy_ratio",
            "Share of the last 15 s that the event loop computed or had to wait for a processor, of the busiest HTTP "
            "process; near 1 that one is full",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._turned = Gauge(
            "fairmark_loop_turned_timestamp_seconds",
            "When the event loop last came round; of several HTTP processes that which hangs for longest",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._turned.set_to_current_time()
        Counter(*_RESTARTS, registry=registry)
        for reason in REASONS:
            self._rejected.labels(reason)
        self._runs: set[str] = set()
        self._inline_labels = {NONE, SEVERAL, ABSTAINED}
        self._tally: Tally[tuple[str, str, float | None]] = Tally()
        self._classified: Tally[tuple[str, str | None, Cell]] = Tally()
        self._answers: Tally[tuple[str, str, int]] = Tally()
        self._seconds: defaultdict[str, Spell] = defaultdict(Spell)
        self._queued: defaultdict[str, Spell] = defaultdict(Spell)
        self._worked: defaultdict[str, Spell] = defaultdict(Spell)
        self._taken: Tally[str] = Tally()
        self._answering = self._slow_now = 0
        self._waiting_now: Tally[Place] = Tally()
        self._busy_now: Tally[Place] = Tally()
        self._bodies: Callable[[], int] = int
        self._is_ready: Callable[[], bool] = bool
        self._lags: deque[float] = deque([0.0], LOOKS)
        self._looks: deque[tuple[float, float]] = deque(maxlen=LOOKS + 1)

    def expose(self) -> bytes:
        """The metrics as Prometheus reads them; over all processes where there are several."""
        self.settle()
        return self.settled()

    def settled(self) -> bytes:
        """The same as they were last settled, to any thread: where the event loop hangs, they show since when."""
        return self._shared.expose() if self._shared else generate_latest(self.registry) + self._current.expose()

    async def watch(self) -> None:
        """Settle once a second, until cancelled; how late that happens is how late the event loop is.

        A full one may be late by little: where callers wait for their answers before they ask again, its turns are
        short. What its thread demands tells.
        """
        while True:
            began = self._look()
            await asyncio.sleep(SETTLE_SECONDS)
            self._lags.append(max(time.perf_counter() - began - SETTLE_SECONDS, 0.0))
            self.settle()

    def _look(self) -> float:
        """Take note of the time, and of what the loop has demanded by then."""
        self._looks.append((time.perf_counter(), demand()))
        (first, before), (now, by_now) = self._looks[0], self._looks[-1]
        if now > first:
            self._busy_ratio.set((by_now - before) / (now - first))
        return now

    def graded(self, grader: str, outcome: str, score: float | None, count: int) -> None:
        """Count the samples of one batch that ended alike."""
        self._tally[grader, outcome, score] += count
        if len(self._tally) > UNSETTLED:
            self._settle_samples()

    def classified(self, grader: str, run: str | None, cells: Iterable[Cell], count: int) -> None:
        """Count the samples of one batch that fell in the same cells, one for each classification among the parts."""
        for cell in cells:
            self._classified[grader, run, cell] += count
        if len(self._classified) > UNSETTLED:
            self._settle_samples()

    def watch_catalog(self, snapshot: Callable[[], Snapshot]) -> None:
        """Where to ask for the catalog as it is now: what is broken, and the natural shares of labels."""
        self._catalog = snapshot

    def ran(self, run: str, groups: Sequence[str | None], verdicts: Sequence[Verdict]) -> None:
        """Count one batch of a training run: each sample's group and verdict."""
        label = self._run(run)
        for outcome, count in Tally(verdict.outcome for verdict in verdicts).items():
            self._run_samples.labels(label, outcome).inc(count)
        self._run_score.labels(label).inc(sum(max(verdict.score or 0.0, 0.0) for verdict in verdicts))
        scores: dict[str, list[float]] = defaultdict(list)
        for group, verdict in zip(groups, verdicts, strict=True):
            if group is not None and verdict.score is not None:
                scores[group].append(verdict.score)
        whole = [group for group in scores.values() if len(group) > 1]
        self._groups.labels(label).inc(len(whole))
        self._flat.labels(label).inc(sum(len(set(group)) == 1 for group in whole))

    def arrived(self) -> None:
        """A request came in."""
        self._answering += 1

    def answered(self, route: str, key: str, status: int, seconds: float) -> None:
        """A request went out."""
        self._answering -= 1
        self._answers[route, key, status] += 1
        self._seconds[route].add(seconds)

    def watch_bodies(self, held: Callable[[], int]) -> None:
        """Where to ask for the bytes of bodies held now."""
        self._bodies = held

    def watch_readiness(self, ready: Callable[[], bool]) -> None:
        """Where to ask whether the service can grade now."""
        self._is_ready = ready

    def judged(self, grader: str, queued: float, worked: float) -> None:
        """Seconds one judgement waited and worked."""
        self._queued[grader].add(queued)
        self._worked[grader].add(worked)

    def slots(self, place: Place, count: int) -> None:
        """So many judgements may be at work in a place at a time."""
        self._slots.labels(place).set(count)
        self.waiting(place, 0)
        self.busy(place, 0)

    def waiting(self, place: Place, more: int) -> None:
        """So many more judgements wait for a slot of a place; less than none wait no longer."""
        self._waiting_now[place] += more

    def busy(self, place: Place, more: int) -> None:
        """So many more slots of a place are held; less than none were given back."""
        self._busy_now[place] += more

    def slow(self, more: int) -> None:
        """So many judgements have gone to the slow lane; less than none have left it."""
        self._slow_now += more

    def rejected(self, by: str) -> None:
        """A request was refused, for one of the `REASONS`."""
        self._rejected.labels(by).inc()

    def taken(self, key: str, samples: int) -> None:
        """So many samples were counted against the limits of the key of that name; less than none were given back.

        What was exposed already can't be lowered, and is left out of what comes next.
        """
        self._taken[key] += samples

    def coalesced(self, count: int) -> None:
        """Samples that joined a judgement of another."""
        self._coalesced.inc(count)

    def cache_hits(self, tier: str, count: int) -> None:
        """Verdicts found in `memory` or `redis`."""
        self._cache_hits.labels(tier).inc(count)

    def cache_misses(self, count: int) -> None:
        """Verdicts found nowhere."""
        self._cache_misses.inc(count)

    def cache_error(self, kind: str) -> None:
        """The shared cache failed in one way or another."""
        self._cache_errors.labels(kind).inc()

    def breaker(self, is_open: bool) -> None:
        """The shared cache is left alone, or asked again."""
        self._breaker.set(is_open)

    def settle(self) -> None:
        """Put what was tallied into the metrics.

        An increment of prometheus_client's takes a lock, a call or two and 1 µs; five of them cost more than grading a
        short sample does. So the hot path only tallies, and this runs once a second, and when Prometheus asks or the
        tallies grow.
        """
        self._settle_samples()
        self._settle_requests()
        self._settle_seconds()
        self._settle_gauges()

    def _settle_samples(self) -> None:
        for (grader, outcome, score), count in self._tally.items():
            self._samples.labels(grader, outcome).inc(count)
            if score is not None:
                self._scores.labels(grader).observe_many(score, count)
        for (grader, run, cell), count in self._classified.items():
            self._cells.labels(*self._cell(grader, run, cell)).inc(count)
        self._tally.clear()
        self._classified.clear()

    def _settle_requests(self) -> None:
        for labels, count in self._answers.items():
            self._requests.labels(*labels).inc(count)
        for key, samples in self._taken.items():
            self._key_samples.labels(key).inc(max(0, samples))
            self._taken[key] = min(0, samples)
        self._answers.clear()

    def _settle_seconds(self) -> None:
        for histogram, spells in (
            (self._request_seconds, self._seconds),
            (self._queue_seconds, self._queued),
            (self._work_seconds, self._worked),
        ):
            for label, spell in spells.items():
                histogram.labels(label).merge(spell)
            spells.clear()

    def _settle_gauges(self) -> None:
        self._in_flight.set(self._answering)
        self._body_bytes.set(self._bodies())
        self._slow.set(self._slow_now)
        self._ready.set(self._is_ready())
        self._lag.set(max(self._lags))
        self._turned.set_to_current_time()
        for gauge, now in ((self._waiting, self._waiting_now), (self._busy, self._busy_now)):
            for place, count in now.items():
                gauge.labels(place).set(count)

    def _cell(self, grader: str, run: str | None, cell: Cell) -> tuple[str, str, str, str]:
        label = self._inline_label if grader == INLINE else str
        return _part(grader, cell.part), self._run(run) if run else "", label(cell.expected), label(cell.found)

    def _inline_label(self, label: str) -> str:
        if label in self._inline_labels or len(self._inline_labels) < INLINE_LABELS:
            self._inline_labels.add(label)
            return label
        return "(other)"

    def _run(self, run: str) -> str:
        if run in self._runs or len(self._runs) < RUNS:
            self._runs.add(run)
            return run
        return "other"


def _part(grader: str, part: str) -> str:
    """What stands for a part of a `multi` among graders; parts of those in requests are not told apart."""
    return f"{grader}/{part}" if part and grader != INLINE else grader


def _natural_shares(entries: Iterable[Entry]) -> Iterator[tuple[str, Mapping[str, float]]]:
    """The graders that state natural shares, under the names of their cells."""
    for entry in entries:
        parts = entry.grader.graders if isinstance(entry.grader, Multi) else {"": entry.grader}
        for part, grader in parts.items():
            if isinstance(grader, Classification) and grader.natural_shares:
                yield _part(entry.name, part), grader.natural_shares


class _Current(Collector):
    """What isn't counted but is so when Prometheus asks: the release, its start, and what the catalog holds.

    Gauges of the library wouldn't do: in files they can't forget the labels of a grader that is gone.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], started: float) -> None:
        self._snapshot, self._started = snapshot, started

    def expose(self) -> bytes:
        """As Prometheus reads it."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterable[Metric]:
        snapshot = self._snapshot()
        yield self._build()
        yield GaugeMetricFamily("fairmark_started_timestamp_seconds", "When the service started", self._started)
        broken = len(snapshot.broken)
        yield GaugeMetricFamily("fairmark_catalog_broken_files", "Catalog files that are refused", broken)
        yield self._natural_shares(snapshot)

    def _build(self) -> Metric:
        build = GaugeMetricFamily("fairmark_build_info", "1; the release is the label", labels=["version"])
        build.add_metric([__version__], 1)
        return build

    def _natural_shares(self, snapshot: Snapshot) -> Metric:
        meaning = "How common a label is where the model will be used, by its grader's natural_shares"
        family = GaugeMetricFamily("fairmark_classification_natural_share", meaning, labels=["grader", "label"])
        for grader, shares in _natural_shares(snapshot.entries.values()):
            for label, share in shares.items():
                family.add_metric([grader, label], share / sum(shares.values()))
        return family


class SharedMetrics(MetricFiles):
    """The metrics of all processes of a service, for any of them to expose and for their supervisor to tidy up."""

    def __init__(self, directory: Path, snapshot: Callable[[], Snapshot]) -> None:
        """`snapshot` gives the catalog that the processes serve."""
        super().__init__(directory)
        self._current = _Current(snapshot, self.began())

    def expose(self) -> bytes:
        """What all processes have counted, the dead included, as Prometheus reads it."""
        return self.counted() + self._current.expose()

    def restarted(self) -> None:
        """Call when a process was started in place of one that had ended."""
        self.add(*_RESTARTS)
