"""The cache without Redis: what it keeps, for how long and in how many bytes."""

import gc
import tracemalloc
from collections.abc import Iterator

import pytest

from fairmark_graders import Verdict
from fairmark_graders.types import Cell
from fairmark_service import cache as cache_module
from fairmark_service.cache import FORMAT, LARGEST, VerdictCache
from fairmark_service.memory import Memory
from fairmark_service.metrics import Metrics

pytestmark = pytest.mark.anyio
FULL = Verdict(0.5, "grader_error", "why", "a.rule", "limit", {"part": 1.0, "other": None}, True, "printed é")


def opened(memory_bytes: int = 1 << 20, ttl_seconds: float = 3600, metrics: Metrics | None = None) -> VerdictCache:
    return VerdictCache(memory_bytes, None, "test", ttl_seconds, metrics or Metrics())


def numbered(count: int) -> Iterator[bytes]:
    return (number.to_bytes(20) for number in range(count))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time the cache goes by, to be set."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


async def test_a_verdict_comes_back_whole() -> None:
    cache = opened()
    cache.put(b"key", FULL)
    assert await cache.get_many([b"key"]) == [FULL]


def test_the_bytes_of_a_verdict_never_change_under_one_format() -> None:
    """A field more, less or elsewhere is another format: else a release would misread what another one stored."""
    whole = Verdict(0.5, "graded", "why", "rule", "other", {"a": 1.0, "b": None}, True, "out", (Cell("x", "y", "z"),))
    stored = {FORMAT: [cache_module._encode(verdict).hex() for verdict in (Verdict(1.0), whole)]}
    assert stored == {
        2: [
            "99cb3ff0000000000000a6677261646564c0c0c080c3c090",
            "99cb3fe0000000000000a6677261646564a3776879a472756c65a56f7468657282a161cb3ff0000000000000a162c0c3a36f"
            "75749193a178a179a17a",
        ]
    }


async def test_verdicts_come_in_the_order_of_the_keys() -> None:
    cache = opened()
    cache.put(b"1", Verdict(1.0))
    cache.put(b"0", Verdict(0.0))
    assert await cache.get_many([b"0", b"?", b"1"]) == [Verdict(0.0), None, Verdict(1.0)]


async def test_a_caller_that_changes_its_verdict_changes_no_other() -> None:
    cache = opened()
    cache.put(b"key", FULL)
    (first,) = await cache.get_many([b"key"])
    assert first
    assert isinstance(first.sub_scores, dict)
    first.sub_scores["part"] = 0.0
    assert await cache.get_many([b"key"]) == [FULL]


async def test_hits_and_misses_are_counted() -> None:
    metrics = Metrics()
    cache = opened(metrics=metrics)
    cache.put(b"known", Verdict(1.0))
    await cache.get_many([b"known", b"unknown", b"unheard of"])
    assert metrics.registry.get_sample_value("fairmark_cache_hits_total", {"tier": "memory"}) == 1
    assert metrics.registry.get_sample_value("fairmark_cache_misses_total") == 2


async def test_a_verdict_is_forgotten_when_its_time_is_over(clock: list[float]) -> None:
    cache = opened(ttl_seconds=100)
    cache.put(b"key", Verdict(1.0))
    clock[0] += 99
    assert await cache.get_many([b"key"]) == [Verdict(1.0)]
    clock[0] += 1
    assert await cache.get_many([b"key"]) == [None]


async def test_an_ungradable_verdict_is_forgotten_within_a_minute(clock: list[float]) -> None:
    cache = opened(ttl_seconds=3600)
    cache.put(b"key", Verdict(None, "ungradable", "unreadable reference"))
    clock[0] += 59
    assert await cache.get_many([b"key"]) != [None]
    clock[0] += 1
    assert await cache.get_many([b"key"]) == [None]


@pytest.mark.parametrize("text", ["lone \ud800 surrogate", "x" * LARGEST])
async def test_what_cannot_be_kept_is_a_miss(text: str) -> None:
    cache = opened()
    cache.put(b"key", Verdict(1.0, prints=text))
    assert await cache.get_many([b"key"]) == [None]


async def test_no_memory_keeps_nothing() -> None:
    cache = opened(memory_bytes=0)
    cache.put(b"key", Verdict(1.0))
    assert await cache.get_many([b"key"]) == [None]


def test_the_bytes_of_a_verdict_belong_to_the_format() -> None:
    """They are read by other releases: whoever changes them raises `FORMAT`."""
    assert cache_module.FORMAT == 2
    golden = "99cb3fe0000000000000ac6772616465725f6572726f72a3776879a6612e72756c65a56c696d6974"
    golden += "82a470617274cb3ff0000000000000a56f74686572c0c3aa7072696e74656420c3a990"
    assert cache_module._encode(FULL).hex() == golden


def test_the_least_recently_used_goes_first() -> None:
    memory = Memory(3 * 410)
    for key in (b"a", b"b", b"c"):
        memory.put(key, bytes(50), 1)
    assert memory.get(b"a", 0)
    memory.put(b"d", bytes(50), 1)
    assert [key for key in (b"a", b"b", b"c", b"d") if memory.get(key, 0)] == [b"a", b"c", b"d"]


def test_a_key_put_again_counts_once() -> None:
    memory = Memory(10_000)
    memory.put(b"a", bytes(500), 1)
    memory.put(b"a", bytes(50), 1)
    once = Memory(10_000)
    once.put(b"a", bytes(50), 1)
    assert memory.used == once.used


def test_what_expires_gives_its_bytes_back() -> None:
    memory = Memory(10_000)
    memory.put(b"a", bytes(500), 1)
    assert memory.get(b"a", 1) is None
    assert memory.used == 0


@pytest.mark.parametrize("size", [46, 400, 3000])
def test_the_bound_holds_in_bytes_the_allocator_counts(size: int) -> None:
    """Full and turning over for long: the tables behind the mapping are at their emptiest then."""
    limit = 4 << 20
    gc.collect()
    tracemalloc.start()
    memory = Memory(limit)
    for key in numbered(60_000 if size < 1000 else 6000):
        memory.put(key, bytes(size), 1.0 * size)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert limit * 0.98 < memory.used <= limit
    assert 0.7 * limit < taken < limit
