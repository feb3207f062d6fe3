"""Metrics of one process and of several, which count in files of one directory."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.prometheus import Promtool
from tests.service.counting import Counting, Origin
from tests.waiting import wait_until

from fairmark_service import metric_files
from fairmark_service.catalog import Snapshot
from fairmark_service.metrics import SETTLE_SECONDS, Metrics, SharedMetrics


class Fleet:
    """Two processes that count together, and what their supervisor has of them."""

    def __init__(self, directory: Path, origin: Origin) -> None:
        self.directory, self.shared, self._origin = directory, SharedMetrics(directory, Snapshot), origin
        self.processes = [origin.process(directory) for _ in range(2)]

    def does(self, line: str) -> None:
        """Both do it, as soon as both are there."""
        for process in self.processes:
            process.does(line)

    def dies(self, process: Counting) -> None:
        process.kill()
        self.shared.bury(process.pid)

    def again(self) -> Counting:
        """Another process in place of one that has died."""
        self.processes.append(self._origin.process(self.directory))
        return self.processes[-1]

    def value(self, series: str) -> float | None:
        return value(self.shared.expose(), series)


def value(text: bytes, series: str) -> float | None:
    """None where there is no such series."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", text.decode(), re.MULTILINE)
    return float(found[1]) if found else None


@pytest.fixture(scope="module")
def origin() -> Origin:
    return Origin()


@pytest.fixture
def fleet(tmp_path: Path, origin: Origin) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path, origin)
    yield fleet
    for process in fleet.processes:
        process.kill()


def test_counters_of_two_processes_add_up(fleet: Fleet) -> None:
    fleet.does('metrics.graded("exact", "graded", 1.0, 3)')
    assert fleet.value('fairmark_samples_total{grader="exact",outcome="graded"}') == 6


def test_histograms_of_two_processes_add_up(fleet: Fleet) -> None:
    fleet.does('metrics.graded("exact", "graded", 0.25, 3); metrics.answered("/v1/grade", "-", 200, 0.3)')
    assert fleet.value('fairmark_score_bucket{grader="exact",le="0.2"}') == 0
    assert fleet.value('fairmark_score_bucket{grader="exact",le="0.3"}') == 6
    assert fleet.value('fairmark_score_count{grader="exact"}') == 6
    assert fleet.value('fairmark_score_sum{grader="exact"}') == 1.5
    assert fleet.value('fairmark_request_seconds_bucket{le="0.5",route="/v1/grade"}') == 2
    assert fleet.value('fairmark_request_seconds_sum{route="/v1/grade"}') == 0.6


def test_gauges_of_what_processes_hold_add_up_and_go_with_them(fleet: Fleet) -> None:
    fleet.does("metrics.arrived(); metrics.watch_bodies(lambda: 7); metrics.slow(3)")
    fleet.does("metrics.slots('sandbox', 3); metrics.busy('sandbox', 2); metrics.waiting('sandbox', 5)")
    held = {
        "fairmark_requests_in_flight": 1,
        "fairmark_body_bytes_in_flight": 7,
        "fairmark_slow_judgements": 3,
        'fairmark_slots{place="sandbox"}': 3,
        'fairmark_busy_slots{place="sandbox"}': 2,
        'fairmark_waiting_judgements{place="sandbox"}': 5,
    }
    assert {gauge: fleet.value(gauge) for gauge in held} == {gauge: 2 * each for gauge, each in held.items()}
    fleet.dies(fleet.processes[0])
    assert {gauge: fleet.value(gauge) for gauge in held} == held


def test_a_service_is_ready_when_all_its_processes_are(fleet: Fleet) -> None:
    first, second = fleet.processes
    first.does("metrics.watch_readiness(lambda: True)")
    second.does("metrics.watch_readiness(lambda: False)")
    assert fleet.value("fairmark_ready") == 0
    fleet.dies(second)
    assert fleet.value("fairmark_ready") == 1


def test_one_open_breaker_shows(fleet: Fleet) -> None:
    first, second = fleet.processes
    first.does("metrics.breaker(True)")
    second.does("metrics.breaker(False)")
    assert fleet.value("fairmark_cache_breaker_open") == 1
    fleet.dies(first)
    assert fleet.value("fairmark_cache_breaker_open") == 0


def test_a_process_that_hangs_beside_another_shows_until_it_is_killed(fleet: Fleet) -> None:
    first, second = fleet.processes
    turned = "fairmark_loop_turned_timestamp_seconds"
    fleet.does("pass")
    began = fleet.value(turned)
    second.does("pass")
    assert fleet.value(turned) == began
    fleet.dies(first)
    assert (fleet.value(turned) or 0) > (began or 0)


def test_counts_of_a_killed_process_stay(fleet: Fleet) -> None:
    line = 'metrics.graded("exact", "graded", 0.5, 1); metrics.coalesced(2)'
    fleet.does(line)
    fleet.dies(fleet.processes[0])
    fleet.again().does(line)
    fleet.dies(fleet.processes[1])
    assert fleet.value('fairmark_samples_total{grader="exact",outcome="graded"}') == 3
    assert fleet.value('fairmark_score_bucket{grader="exact",le="0.5"}') == 3
    assert fleet.value('fairmark_score_sum{grader="exact"}') == 1.5
    assert fleet.value("fairmark_coalesced_total") == 6


def test_the_dead_leave_no_files_behind_but_two(fleet: Fleet) -> None:
    fleet.does('metrics.graded("exact", "graded", 0.5, 1)')
    for process in fleet.processes:
        fleet.dies(process)
    assert {path.name for path in fleet.directory.glob("*.db")} == {"counter_dead.db", "histogram_dead.db"}


def test_a_process_that_is_killed_as_it_makes_its_files_hides_nothing(fleet: Fleet) -> None:
    fleet.does('metrics.graded("exact", "graded", 0.5, 1)')
    for kind in ("counter", "histogram", "gauge_livesum"):
        (fleet.directory / f"{kind}_1.db").touch()
    assert fleet.value('fairmark_samples_total{grader="exact",outcome="graded"}') == 2
    fleet.shared.bury(1)
    assert not list(fleet.directory.glob("*_1.db"))


def test_a_disk_that_is_full_later_kills_no_process(fleet: Fleet) -> None:
    """A page of a mapped file that can't be put on the disk is answered by SIGBUS."""
    fleet.does("[metrics.judged(f'grader {number}', 0.1, 0.2) for number in range(40)]")
    fleet.dies(fleet.processes[0])
    fleet.shared.restarted()
    files = [path.stat() for path in fleet.directory.glob("*.db")]
    assert len(files) == 5 + 2 + 1
    assert all(file.st_blocks * 512 >= file.st_size > 0 for file in files)


def test_a_disk_that_is_full_costs_counts_of_the_dead_and_no_more(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.does('metrics.graded("exact", "graded", 0.5, 1)')
    monkeypatch.setattr(metric_files, "ROOM", dict.fromkeys(metric_files.ROOM, 1 << 60))
    fleet.dies(fleet.processes[0])
    assert fleet.value('fairmark_samples_total{grader="exact",outcome="graded"}') == 1


def test_whichever_process_is_asked_tells_of_all(fleet: Fleet) -> None:
    fleet.does('metrics.rejected("rate")')
    told = fleet.processes[0].does('metrics.rejected("rate"); told = metrics.expose()')
    assert value(told, 'fairmark_rejected_total{by="rate"}') == 3


def test_a_service_started_once_whichever_process_ends_and_is_asked(fleet: Fleet) -> None:
    fleet.does("pass")
    started = fleet.value("fairmark_started_timestamp_seconds")
    fleet.dies(fleet.processes[0])
    told = fleet.again().does("told = metrics.expose()")
    assert value(told, "fairmark_started_timestamp_seconds") == fleet.value("fairmark_started_timestamp_seconds")
    assert fleet.value("fairmark_started_timestamp_seconds") == started
    assert abs((started or 0) - time.time()) < 60


def test_a_service_that_is_started_again_says_so(tmp_path: Path) -> None:
    before, after = Metrics(), Metrics()
    started = [value(metrics.expose(), "fairmark_started_timestamp_seconds") or 0 for metrics in (before, after)]
    assert started[0] < started[1]


def test_restarts_are_counted(fleet: Fleet) -> None:
    fleet.does("pass")
    assert fleet.value("fairmark_worker_restarts_total") == 0
    fleet.shared.restarted()
    fleet.shared.restarted()
    assert fleet.value("fairmark_worker_restarts_total") == 2


def test_what_several_processes_expose_is_in_prometheus_own_grammar(fleet: Fleet, promtool: Promtool) -> None:
    fleet.does(COUNT_ALL)
    fleet.dies(fleet.processes[0])
    assert promtool.check_metrics(fleet.shared.expose()) == ""


def test_what_one_process_exposes_is_in_prometheus_own_grammar(promtool: Promtool) -> None:
    metrics = Metrics()
    exec(COUNT_ALL, {"metrics": metrics})
    assert promtool.check_metrics(metrics.expose()) == ""


COUNT_ALL = (
    "metrics.arrived(); metrics.answered('/v1/grade', '-', 200, 0.3); metrics.slots('workers', 2);"
    "metrics.graded('exact', 'graded', 0.5, 3); metrics.ran('a', [], []); metrics.judged('math', 0.1, 0.2);"
    "metrics.taken('-', 3); metrics.cache_hits('memory', 1); metrics.cache_error('read')"
)


def test_both_kinds_expose_the_same_series(fleet: Fleet) -> None:
    metrics = Metrics()
    exec(COUNT_ALL, {"metrics": metrics})
    fleet.does(COUNT_ALL)
    assert series(fleet.shared.expose()) == series(metrics.expose())


def series(text: bytes) -> set[str]:
    """Each with its labels in order; without the times of creation, which only one process tells."""
    found = re.findall(r"^(\w+)(?:\{(.*)\})? ", text.decode(), re.MULTILINE)
    return {f"{name} {sorted(labels.split(','))}" for name, labels in found if not name.endswith("_created")}


def test_what_was_given_back_is_taken_off_what_comes_next() -> None:
    metrics, told = Metrics(), []
    for samples in (5, -2, 3):
        metrics.taken("a", samples)
        told.append(value(metrics.expose(), 'fairmark_key_samples_total{key="a"}'))
    assert told == [5, 5, 6]


@pytest.mark.anyio
async def test_a_loop_that_was_held_up_is_seen_to_lag() -> None:
    metrics = Metrics()
    watch = asyncio.create_task(metrics.watch())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(time.sleep, SETTLE_SECONDS + 0.2)
    await wait_until(lambda: (value(metrics.expose(), "fairmark_loop_lag_seconds") or 0) > 0.15)
    assert (value(metrics.expose(), "fairmark_loop_busy_ratio") or 0) < 0.9
    watch.cancel()


@pytest.mark.anyio
async def test_a_loop_that_computes_is_seen_to_be_busy() -> None:
    metrics = Metrics()
    watch = asyncio.create_task(metrics.watch())
    await asyncio.sleep(0)
    computing = asyncio.create_task(compute())
    await wait_until(lambda: (value(metrics.expose(), "fairmark_loop_busy_ratio") or 0) > 0.5)
    computing.cancel()
    watch.cancel()


async def compute() -> None:
    while True:
        sum(range(10_000))
        await asyncio.sleep(0)
