"""What every shape of a trainer gets, the service and how long to ask it, and what it gives: a report."""

import statistics
from collections import Counter
from collections.abc import Awaitable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from .driver import NO_ANSWER, OVERLOADED, Answer, Load, Request, closed, opened
from .figures import Figure
from .markdown import TRAFFIC, Columns, duration
from .servers import Server

T = TypeVar("T")
Statuses = Mapping[str, Mapping[str, int]]
OPEN_SHARE = 0.7
"""Of the rate that a closed loop reached, what is then sent whether or not there are answers."""


class Trial(NamedTuple):
    """A service on all cores, and how long to ask it."""

    server: Server
    cores: int
    """That service and driver share."""
    short: bool

    def spend(self, short: float, full: float) -> float:
        """The one or the other."""
        return short if self.short else full

    @property
    def poisoned(self) -> int:
        """Which of what can be poisoned is: in a short run oftener, so that there is some."""
        return 50 if self.short else 200

    async def metered(self, work: Awaitable[T]) -> tuple[T, float]:
        """What it gives, and the seconds of CPU time that the service and all it started took for it."""
        before = self.server.cpu_with_children()
        return await work, self.server.cpu_with_children() - before


class Curve(NamedTuple):
    """A line in the plot: latencies in milliseconds, or what was held at which second."""

    name: str
    values: Sequence[float]
    at: Sequence[float] = ()


class Burst(NamedTuple):
    """One burst: seconds to its last result, and the seconds of CPU time that its samples are worth."""

    name: str
    last: float
    work: float
    cpu: float
    """What all processes of the service took."""
    driver: float
    """What the driver took to send it and to read the answers."""


@dataclass
class Report:
    """What a shape measured."""

    figures: list[Figure] = field(default_factory=list)
    statuses: dict[str, dict[str, int]] = field(default_factory=dict)
    """How often each status was answered, to neighbours and to poison."""
    findings: list[str] = field(default_factory=list)
    """What should not have happened."""
    latencies: list[Curve] = field(default_factory=list)
    held: list[Curve] = field(default_factory=list)
    bursts: list[Burst] = field(default_factory=list)
    tables: dict[Columns, list[Sequence[str]]] = field(default_factory=dict)
    """Rows for docs/capacity.md, by the columns of the table they belong to."""

    def row(self, columns: Columns, *cells: str) -> None:
        """Add one to a table for docs/capacity.md."""
        self.tables.setdefault(columns, []).append(cells)

    def traffic(self, what: str, load: Load, rate: str, cpu: str = "") -> None:
        """Add a load to the table of all shapes."""
        times = neighbours(load)
        self.row(TRAFFIC, what, rate, cpu, *(duration(percentile(times, share) / 1e3) for share in (50, 99)))

    def as_json(self) -> dict[str, Any]:
        figures = [figure.as_json() for figure in self.figures]
        return {"figures": figures, "statuses": self.statuses, "findings": self.findings}

    def count(self, load: Load, *allowed: int) -> None:
        """Count a load's answers; neighbours' are to be right or of these statuses, poison may be told to wait."""
        for answer in load.answers:
            group = answer.kind if answer.poison else "neighbours"
            status = "no answer" if answer.status == NO_ANSWER else str(answer.status)
            counts = self.statuses.setdefault(group, {})
            counts[status] = counts.get(status, 0) + 1
        wrong = Counter(answer.status for answer in load.answers if not _well(answer, allowed))
        self.findings += [_finding(status, times, load) for status, times in wrong.items()]

    def timed(self, name: str, load: Load) -> None:
        """The latencies of a load's neighbours, as figures and as a curve."""
        milliseconds = neighbours(load)
        self.latencies.append(Curve(name, milliseconds))
        self.figures += [
            Figure(f"{name}: median", [percentile(milliseconds, 50)], "ms"),
            Figure(f"{name}: 99 %", [percentile(milliseconds, 99)], "ms"),
            Figure(f"{name}: worst", [max(milliseconds, default=0)], "ms"),
        ]


def _well(answer: Answer, allowed: Container[int]) -> bool:
    return answer.right or answer.status in (OVERLOADED if answer.poison else allowed)


def neighbours(load: Load) -> list[float]:
    """Milliseconds that every answer took with 200, poison's left out."""
    honest = (answer for answer in load.answers if answer.status == 200 and not answer.poison)
    return [answer.seconds * 1e3 for answer in honest]


def percentile(values: Sequence[float], share: int) -> float:
    """What so many per cent of the values are at most; 0 of none."""
    if len(values) < 2:
        return max(values, default=0.0)
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def _by_grader(load: Load) -> list[Figure]:
    kinds = sorted({answer.kind for answer in load.answers if not answer.poison})
    return [
        Figure(f"closed loop, {kind} alone: median", [percentile(neighbours(load.only(kind)), 50)], "ms")
        for kind in kinds
    ]


def _finding(status: int, times: int, load: Load) -> str:
    what = (
        "were not answered" if status == NO_ANSWER else f"were answered with {status}" + " and wrong" * (status == 200)
    )
    return f"{times} requests {what}; the first such: {load.odd}"


async def closed_then_open(
    trial: Trial, what: str, requests: Iterator[Request], callers: int, seconds: float, *, fresh: bool
) -> Report:
    """A closed loop, as the trainer is one; then an open one at a share of the rate it reached. `what` names it."""
    report = Report()
    load, cpu = await trial.metered(closed(trial.server, requests, callers, seconds, fresh=fresh))
    rate = sum(answer.ended <= load.began + seconds for answer in load.answers) / seconds
    report.count(load)
    report.figures = [
        Figure("closed loop", [rate], "samples/s"),
        Figure("CPU, all processes", [cpu / len(load.answers) * 1e6], "µs/sample"),
    ]
    report.timed("closed loop", load)
    report.traffic(what, load, f"{rate:,.0f} samples/s", f"{duration(cpu / len(load.answers))} a sample")
    report.figures += _by_grader(load)
    paced = [next(requests) for _ in range(max(1, round(rate * OPEN_SHARE * seconds)))]
    opening = await opened(trial.server, paced, rate * OPEN_SHARE, None if fresh else callers)
    report.count(opening)
    report.timed(f"open loop at {OPEN_SHARE:.0%} of that", opening)
    report.traffic(
        f"{what.split()[0]} open loop at {OPEN_SHARE:.0%} of that", opening, f"{rate * OPEN_SHARE:,.0f} samples/s"
    )
    return report
