"""Every metric, its help and its buckets; nothing else names one.

Samples are counted once per batch: equal outcomes with equal scores are one increment, so that a batch of 64 costs a
handful. Graders are labelled by their catalog name and those that came inside a request share the label `inline`; runs
by the name the trainer sent, the first hundred of them, and `other` after that: a label's values are never unbounded.
What a `classification` expects and finds are its labels; of those in requests, the first hundred and `(other)`.
"""

from bisect import bisect_left
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from fairmark_graders import Multi, Verdict
from fairmark_graders.classification import ABSTAINED, NONE, SEVERAL, Classification
from fairmark_graders.types import Cell

from .catalog import INLINE, Entry

RUNS = 100
INLINE_LABELS = 100
"""Labels of classifications inside requests that are told apart, and what stands for none."""
UNSETTLED = 1000
"""Different scores tallied before they are settled unasked: some 3 ms of work."""
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
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
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
        self._natural_share = Gauge(
            "fairmark_classification_natural_share",
            "How common a label is where the model will be used, by its grader's natural_shares",
            ["grader", "label"],
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
            "From a request's last byte to its answer",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge("fairmark_requests_in_flight", "Requests being answered", registry=registry)
        self._body_bytes = Gauge("fairmark_body_bytes_in_flight", "Bytes of bodies held", registry=registry)
        self._queue_seconds = Histogram(
            "fairmark_queue_seconds",
            "How long a judgement waited for its slot",
            ["grader"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._work_seconds = Histogram(
            "fairmark_work_seconds",
            "How long a judgement took, once it had its slot",
            ["grader"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._slow = Gauge(
            "fairmark_slow_judgements", "Judgements in the slow lane, at work or waiting there", registry=registry
        )
        self._rejected = Counter("fairmark_rejected", "Requests refused for want of room", ["by"], registry=registry)
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
            "fairmark_cache_breaker_open", "1 while the shared cache is left alone because it fails", registry=registry
        )
        self._catalog_broken = Gauge(
            "fairmark_catalog_broken_files", "Catalog files that are refused", registry=registry
        )
        self._runs: set[str] = set()
        self._inline_labels = {NONE, SEVERAL, ABSTAINED}
        self._tally: Tally[tuple[str, str, float | None]] = Tally()
        self._classified: Tally[tuple[str, str | None, Cell]] = Tally()
        self._answers: Tally[tuple[str, str, int]] = Tally()
        self._seconds: defaultdict[str, Spell] = defaultdict(Spell)
        self._answering = 0

    def expose(self) -> bytes:
        """The metrics as Prometheus reads them."""
        self._settle()
        return generate_latest(self.registry)

    def graded(self, grader: str, outcome: str, score: float | None, count: int) -> None:
        """Count the samples of one batch that ended alike."""
        self._tally[grader, outcome, score] += count
        if len(self._tally) > UNSETTLED:
            self._settle()

    def classified(self, grader: str, run: str | None, cells: Iterable[Cell], count: int) -> None:
        """Count the samples of one batch that fell in the same cells, one for each classification among the parts."""
        for cell in cells:
            self._classified[grader, run, cell] += count
        if len(self._classified) > UNSETTLED:
            self._settle()

    def serving(self, entries: Iterable[Entry]) -> None:
        """The catalog's graders as they are now, for the natural shares of their labels."""
        self._natural_share.clear()
        for grader, shares in _natural_shares(entries):
            for label, share in shares.items():
                self._natural_share.labels(grader, label).set(share / sum(shares.values()))

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
        self._body_bytes.set_function(held)

    def judged(self, grader: str, queued: float, worked: float) -> None:
        """Seconds one judgement waited and worked."""
        self._queue_seconds.labels(grader).observe(queued)
        self._work_seconds.labels(grader).observe(worked)

    def slow(self, more: int) -> None:
        """So many judgements have gone to the slow lane; less than none have left it."""
        self._slow.inc(more)

    def rejected(self, by: str) -> None:
        """A request was refused by `queue`, `bytes` or `patience`."""
        self._rejected.labels(by).inc()

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

    def catalog_broken(self, files: int) -> None:
        """Files of the catalog that are refused now."""
        self._catalog_broken.set(files)

    def _settle(self) -> None:
        """Put what was tallied into the metrics.

        An increment of prometheus_client's takes a lock, a call or two and 1 µs; five of them cost more than grading a
        short sample does. So the hot path only tallies, and this runs when Prometheus asks or the tallies grow.
        """
        for (grader, outcome, score), count in self._tally.items():
            self._samples.labels(grader, outcome).inc(count)
            if score is not None:
                self._scores.labels(grader).observe_many(score, count)
        for (grader, run, cell), count in self._classified.items():
            self._cells.labels(*self._cell(grader, run, cell)).inc(count)
        for labels, count in self._answers.items():
            self._requests.labels(*labels).inc(count)
        for route, spell in self._seconds.items():
            self._request_seconds.labels(route).merge(spell)
        self._tally.clear()
        self._classified.clear()
        self._answers.clear()
        self._seconds.clear()
        self._in_flight.set(self._answering)

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
