"""What a key may have: a rate with bursts and debt, a quota that is never passed, counts that processes share."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairmark_service.accounts import BURST_SECONDS, Accounts
from fairmark_service.auth import Keys, Limit
from fairmark_service.limits import DAY_SECONDS, LimitReached, Limits
from fairmark_service.metrics import Metrics

CLUSTER, LAPTOP = "fake-key-for-tests-cluster", "fake-key-for-tests-laptop"
NOON = 20_000 * DAY_SECONDS + DAY_SECONDS / 2


class Clock:
    """Both clocks, in seconds that the test lets pass."""

    def __init__(self, wall: float = NOON) -> None:
        self.now, self._wall = 1000.0, wall

    def monotonic(self) -> int:
        return round(self.now * 1e6) * 1000

    def wall(self) -> float:
        return self._wall + self.now - 1000


class Limited(Limits):
    """Limits on a test's clock, whose metrics can be read."""

    def __init__(
        self, rate: int | None = None, quota: int | None = None, *, keys: Keys | None = None, shared: Path | None = None
    ) -> None:
        self.clock, self.seen = Clock(), Metrics()
        super().__init__(
            keys or Keys(), Limit(rate, quota), self.seen, shared, self.clock.monotonic, lambda: self.clock.wall()
        )

    @property
    def counted(self) -> float:
        """Samples counted in the metrics."""
        self.seen.settle()
        return self.seen.registry.get_sample_value("fairmark_key_samples_total", {"key": "-"}) or 0


def refused(answer: LimitReached | None) -> tuple[str | None, int | None]:
    assert answer is not None
    assert answer.status == 429
    return answer.code, answer.retry_after


def test_without_limits_everything_passes_and_is_counted() -> None:
    limits = Limited()
    assert limits.take("-", 10**9) is None
    assert limits.counted == 10**9


def test_a_whole_step_of_a_trainer_passes_at_once_under_a_rate_that_fits_its_mean() -> None:
    limits = Limited(rate=20)  # 1,024 samples a minute are 17 a second
    for _ in range(10):
        assert [limits.take("-", 128) for _ in range(8)] == [None] * 8
        limits.clock.now += 60


def test_a_request_larger_than_the_burst_passes_and_is_paid_for_afterwards() -> None:
    limits = Limited(rate=1)
    assert limits.take("-", 4096) is None
    assert refused(limits.take("-", 1)) == ("rate_limited", 4096 - BURST_SECONDS)
    limits.clock.now += 4096 - BURST_SECONDS
    assert limits.take("-", 1) is None


def test_a_refused_request_is_not_counted() -> None:
    limits = Limited(rate=1, quota=100)
    assert limits.take("-", 90) is None
    for _ in range(5):
        assert refused(limits.take("-", 5))[0] == "rate_limited"
    limits.clock.now += 60
    assert limits.take("-", 10) is None
    assert limits.counted == 100


def test_what_is_given_back_can_be_taken_again() -> None:
    limits = Limited(rate=1, quota=100)
    assert limits.take("-", 100) is None
    assert limits.counted == 100
    limits.give_back("-", 100)
    assert limits.take("-", 100) is None
    assert limits.counted == 100


requests = st.lists(st.tuples(st.floats(0, 30), st.integers(1, 5000)), min_size=1, max_size=60)


@given(rate=st.integers(1, 500), requests=requests)
def test_no_window_holds_more_than_the_burst_the_rate_and_one_request(
    rate: int, requests: list[tuple[float, int]]
) -> None:
    limits = Limited(rate)
    passed = []
    for pause, samples in requests:
        limits.clock.now += pause
        if limits.take("-", samples) is None:
            passed.append((limits.clock.monotonic() / 1e9, samples))
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            window = passed[last][0] - passed[first][0]
            most = rate * (BURST_SECONDS + window) + passed[last][1]
            assert sum(samples for _, samples in passed[first : last + 1]) <= most + 1e-3


@given(rate=st.integers(1, 500), requests=requests)
def test_retry_after_is_true_and_no_longer_than_needed(rate: int, requests: list[tuple[float, int]]) -> None:
    limits = Limited(rate)
    for pause, samples in requests:
        limits.clock.now += pause
        answer = limits.take("-", samples)
        if answer is not None:
            seconds = answer.retry_after
            assert seconds
            limits.clock.now += seconds - 1
            assert seconds == 1 or limits.take("-", samples) is not None
            limits.clock.now += 1
            assert limits.take("-", samples) is None


def test_a_quota_is_never_passed_and_small_requests_may_use_it_up() -> None:
    limits = Limited(quota=1000)
    assert limits.take("-", 900) is None
    answer = limits.take("-", 128)
    assert refused(answer) == ("quota_exceeded", DAY_SECONDS // 2)
    assert str(answer) == "over the quota of 1000 samples a UTC day: 100 left, and this request has 128"
    assert limits.take("-", 100) is None


def test_a_quota_begins_anew_at_midnight_utc() -> None:
    limits = Limited(quota=10)
    for _ in range(3):
        assert limits.take("-", 10) is None
        _, seconds = refused(limits.take("-", 1))
        assert seconds
        limits.clock.now += seconds - 1
        assert refused(limits.take("-", 1)) == ("quota_exceeded", 1)
        limits.clock.now += 1


def test_a_request_above_the_whole_quota_is_not_told_to_come_again() -> None:
    assert refused(Limited(quota=10).take("-", 11)) == ("quota_exceeded", None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    write(path, cluster="rate=10/s", laptop="quota=50/day")
    return path


def write(path: Path, cluster: str, laptop: str) -> None:
    path.write_text(f"cluster: {CLUSTER} {cluster}\nlaptop: {LAPTOP} {laptop}\n")


def test_keys_are_counted_apart_and_what_a_line_leaves_out_is_the_settings(file: Path) -> None:
    limits = Limited(rate=1, quota=1000, keys=Keys(file=file))
    assert limits.take("cluster", 1000) is None
    assert refused(limits.take("cluster", 1))[0] == "quota_exceeded"
    assert limits.take("laptop", 50) is None
    assert limits.take("laptop", 1) is not None
    limits.clock.now += DAY_SECONDS
    assert limits.take("cluster", 900) is None
    assert refused(limits.take("cluster", 100)) == ("rate_limited", 30)


def test_changed_limits_forget_nothing(file: Path) -> None:
    keys = Keys(file=file)
    limits = Limited(keys=keys)
    assert limits.take("laptop", 50) is None
    assert limits.take("cluster", 700) is None
    assert refused(limits.take("cluster", 1)) == ("rate_limited", 10)
    write(file, cluster="rate=20/s", laptop="quota=60/day")
    keys.reload()
    assert limits.take("cluster", 1) is None
    assert limits.take("laptop", 10) is None
    assert refused(limits.take("laptop", 1))[0] == "quota_exceeded"


def test_a_rate_that_is_set_later_doesnt_look_back(tmp_path: Path) -> None:
    for rate in (None, 1):
        limits = Limited(rate, quota=10**6, shared=tmp_path / "limits")
        assert limits.take("-", 10_000) is None


def test_no_message_holds_a_key_or_a_name(file: Path) -> None:
    limits = Limited(rate=1, quota=10**6, keys=Keys(file=file))
    messages = [str(limits.take(name, 70)) for name in ("cluster", "laptop") for _ in range(20)]
    assert not any(secret in message for secret in (CLUSTER, LAPTOP, "cluster", "laptop") for message in messages)


Work = Callable[[Limits, Connection], None]


def taking(limits: Limits, parent: Connection) -> None:
    """Take single samples until there is none left; tell how many there were."""
    parent.send("ready")
    parent.recv()
    taken = 0
    while limits.take("-", 1) is None:
        taken += 1
    parent.send(taken)


def taking_for_ever(limits: Limits, parent: Connection) -> None:
    parent.send("ready")
    while True:
        limits.take("-", 1)


def holding(limits: Limits, parent: Connection) -> None:
    with limits.accounts["-"]:
        parent.send("ready")
        parent.recv()


def leading(limits: Limits, parent: Connection) -> None:
    parent.send("ready")
    parent.send((limits.accounts.lead(), limits.accounts.service))
    parent.recv()


def work(work: Work, shared: Path, limit: Limit, parent: Connection) -> None:
    work(Limits(Keys(), limit, Metrics(), shared), parent)


class Processes:
    """Processes that count in one file."""

    def __init__(self, shared: Path) -> None:
        self._shared = shared
        self._started: dict[int, Any] = {}

    def start(self, does: Work, limit: Limit) -> tuple[int, Connection]:
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=work, args=(does, self._shared, limit, there))
        process.start()
        self._started[process.pid or 0] = process
        there.close()
        assert here.poll(30)
        assert here.recv() == "ready"
        return process.pid or 0, here

    def kill(self, pid: int) -> None:
        self._started[pid].kill()
        self._started[pid].join()

    def end(self) -> None:
        for pid in self._started:
            self.kill(pid)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path / "limits")
    yield running
    running.end()


def test_processes_share_one_count_exactly(processes: Processes) -> None:
    pipes = [processes.start(taking, Limit(quota=200_000))[1] for _ in range(2)]
    for pipe in pipes:
        pipe.send("go")
    shares = []
    for pipe in pipes:
        assert pipe.poll(30)
        shares.append(pipe.recv())
    assert sum(shares) == 200_000
    assert min(shares) > 0


def test_a_process_killed_in_the_middle_blocks_nobody_and_its_count_stays(
    processes: Processes, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    limits = Limits(Keys(), Limit(quota=10**9), Metrics(), tmp_path / "limits")
    pid, _ = processes.start(taking_for_ever, Limit(quota=10**9))
    wait_until(lambda: taken(limits) > 1000)
    processes.kill(pid)
    before = taken(limits)
    assert limits.take("-", 1) is None
    assert taken(limits) == before + 1


def test_a_process_killed_while_it_holds_the_lock_blocks_nobody(processes: Processes, tmp_path: Path) -> None:
    limits = Limits(Keys(), Limit(quota=10), Metrics(), tmp_path / "limits")
    pid, _ = processes.start(holding, Limit(quota=10))
    began = time.monotonic()
    threading.Timer(0.2, processes.kill, [pid]).start()
    assert limits.take("-", 1) is None
    assert time.monotonic() - began > 0.1


def test_one_process_speaks_for_the_service_and_another_when_it_dies(processes: Processes, tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "limits")
    name = accounts.service
    pid, pipe = processes.start(leading, Limit())
    assert pipe.poll(30)
    assert pipe.recv() == (True, name)
    assert not accounts.lead()
    processes.kill(pid)
    assert accounts.lead()


def taken(limits: Limits) -> int:
    with limits.accounts["-"] as account:
        return account.taken(limits.today())
