"""A day's quota that several services count together in a real Valkey."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.valkey import Valkey, free_port

from fairmark_service.auth import Keys, Limit
from fairmark_service.limits import DAY_SECONDS, Limits
from fairmark_service.metrics import Metrics
from fairmark_service.quotas import Quotas
from fairmark_service.redis_server import RedisServer

pytestmark = pytest.mark.anyio
DAY = 20_000
KEY = "test:quota:2024-10-04:-"


class Replica(Quotas):
    """What counts in one service, whose exchange the test calls for."""

    def __init__(self, url: str, quota: int = 1000, shared: Path | None = None) -> None:
        self.day = DAY
        self.limits = Limits(
            Keys(), Limit(quota=quota), Metrics(), shared, wall=lambda: self.day * DAY_SECONDS + 12.0 * 3600
        )
        super().__init__(RedisServer(url), "test", self.limits)

    async def exchange(self) -> None:
        await self._exchange()

    def take(self, samples: int) -> bool:
        return self.limits.take("-", samples) is None

    @property
    def known(self) -> int:
        with self.limits.accounts["-"] as account:
            return account.taken(self.limits.today())


@asynccontextmanager
async def replicas(url: str, count: int = 2, quota: int = 1000) -> AsyncIterator[list[Replica]]:
    opened = [Replica(url, quota) for _ in range(count)]
    for replica in opened:
        await replica.start()
    try:
        yield opened
    finally:
        for replica in opened:
            await replica.close()


async def test_replicas_share_one_quota_once_they_have_exchanged(valkey: Valkey) -> None:
    async with replicas(valkey.url) as (one, other):
        assert one.take(600)
        await one.exchange()
        assert other.take(300)
        await other.exchange()
        assert not other.take(101)
        assert other.take(100)
        await other.exchange()
        assert one.take(1)  # before the next exchange it knows only what it knew
        await one.exchange()
        assert not one.take(1)


async def test_a_service_that_starts_knows_what_was_taken(valkey: Valkey) -> None:
    async with replicas(valkey.url, 1) as (before,):
        assert before.take(1000)
    async with replicas(valkey.url, 1) as (after,):
        assert not after.take(1)


async def test_processes_of_one_service_count_as_one_and_one_of_them_exchanges(valkey: Valkey, tmp_path: Path) -> None:
    one, other = (Replica(valkey.url, shared=tmp_path / "limits") for _ in range(2))
    assert one.take(300)
    assert other.take(300)
    await one.exchange()
    await other.exchange()
    assert one.known == other.known == 600
    assert valkey.client.hvals(KEY) == [b"600"]
    await one.close()
    await other.close()


async def test_the_last_process_of_a_service_tells_what_all_have_counted(valkey: Valkey, tmp_path: Path) -> None:
    one, other = (Replica(valkey.url, shared=tmp_path / "limits") for _ in range(2))
    await one.start()
    assert one.take(300)
    await one.close()
    assert other.take(300)
    await other.close()
    assert valkey.client.hvals(KEY) == [b"600"]


async def test_a_redis_that_dies_fails_nothing_and_learns_afterwards_what_was_taken(
    valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    async with replicas(valkey.url) as (one, other):
        assert one.take(100)
        await one.exchange()
        valkey.kill()
        for _ in range(3):
            assert one.take(100)
            assert other.take(100)
            await one.exchange()
            await other.exchange()
        assert [record.levelno for record in caplog.records].count(logging.WARNING) == 2
        valkey.start()
        for replica in (one, other, one):
            await replica.exchange()
        assert one.known == other.known == 700
        assert not one.take(301)


async def test_a_slow_redis_is_given_up_and_counts_nothing_twice(valkey: Valkey) -> None:
    async with replicas(valkey.url, 1) as (one,):
        for _ in range(2):
            assert one.take(100)
            valkey.pause()
            await one.exchange()
            valkey.resume()
        await one.exchange()
        assert valkey.client.hvals(KEY) == [b"200"]
        assert one.known == 200


async def test_a_service_starts_without_its_redis_and_counts_alone() -> None:
    async with replicas(f"redis://127.0.0.1:{free_port()}", 1) as (one,):
        assert one.take(1000)
        assert not one.take(1)


async def test_days_are_counted_apart_and_forgotten(valkey: Valkey) -> None:
    async with replicas(valkey.url) as (one, other):
        assert one.take(1000)
        await one.exchange()
        one.day = other.day = DAY + 1
        assert other.take(1000)
        await other.exchange()
        assert valkey.client.hvals(KEY) == [b"1000"]  # and nothing of who has counted nothing
        assert valkey.client.hvals(KEY.replace("04", "05")) == [b"1000"]
        assert 0 < int(str(valkey.client.ttl(KEY))) <= 2 * DAY_SECONDS


async def test_what_redis_says_of_yesterday_doesnt_touch_today(valkey: Valkey) -> None:
    async with replicas(valkey.url) as (one, other):
        assert other.take(700)
        await other.exchange()
        assert one.take(200)
        valkey.pause()
        asked = asyncio.create_task(one.exchange())
        await asyncio.sleep(0)
        one.day = DAY + 1
        assert one.take(10)
        valkey.resume()
        await asked
        assert one.known == 10


async def test_a_password_stands_in_no_line_of_the_log(valkey: Valkey, caplog: pytest.LogCaptureFixture) -> None:
    async with replicas(valkey.url.replace("//", "//:fake-password@"), 1) as (one,):
        assert one.take(1)
        await one.exchange()
    assert caplog.records
    assert "fake-password" not in repr([record.__dict__ for record in caplog.records])
