"""What callers have taken of their day, counted together by all services on one Redis.

    NAMESPACE:quota:2026-11-23:NAME    a hash: number of a service → samples that it counted on this day

About once a second a service writes its own counts, each whole, and learns those of the others. Nobody waits for it:
between two exchanges each service lets through what it knows to be left. What is written twice, late, or again after an
outage is as right as what is written once, which sums of increments wouldn't be: one whose answer is lost may count
twice, and those of a Redis that is merely slow would use up a day.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from .limits import DAY_SECONDS, Limits
from .redis_server import CONNECT_PATIENCE, RedisServer, address, hang_up

PERIOD = 1.0
"""Seconds between two exchanges, and so what replicas may let through beyond a quota."""
AT_ONCE = 100
"""Names in one pipeline; redis-py takes some 30 µs of the event loop for each."""
_EPOCH = date(1970, 1, 1)

log = logging.getLogger("fairmark.quotas")


class Quotas:
    """The exchange of one process; of several that share their accounts, one at a time does it."""

    def __init__(self, server: RedisServer, namespace: str, limits: Limits) -> None:
        """Raises `ValueError` for a URL that can't be read and for certificates that are none."""
        self._client = server.connect()
        self._prefix, self._limits = f"{namespace}:quota:", limits
        self._day: int | None = None
        """The day of which every name was asked about."""
        self._up: bool | None = None

    async def start(self) -> None:
        """Learn what was taken already; a Redis that doesn't answer costs a second."""
        if self._limits.accounts.lead():
            await self._exchange()

    async def watch(self) -> None:
        """Exchange counts about every second, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            if self._limits.accounts.lead():
                await self._exchange()

    async def close(self) -> None:
        """Tell the last counts, within a second, and disconnect.

        Every process of a service does it: which of them is the last to count, none knows.
        """
        await hang_up(self._client)
        if self._up is not False:
            await self._exchange()
        with contextlib.suppress(Exception):
            await self._client.aclose()

    async def _exchange(self) -> None:
        """Tell what was counted here, and learn what was elsewhere, of every name that has begun its day."""
        day = self._limits.today()
        counts = list(self._counts(day))
        try:
            for start in range(0, len(counts), AT_ONCE):
                async with asyncio.timeout(CONNECT_PATIENCE):
                    await self._tell(day, dict(counts[start : start + AT_ONCE]))
        except Exception as error:
            self._turn(False, type(error).__name__)
            await hang_up(self._client)
        else:
            self._day = day
            if counts:
                self._turn(True)

    def _counts(self, day: int) -> Iterator[tuple[str, int]]:
        for name in self._limits.with_quota():
            with self._limits.accounts[name] as account:
                begun, here = account.taken(day) > 0, account.here(day)
            if begun or day != self._day:
                yield name, here

    async def _tell(self, day: int, counts: Mapping[str, int]) -> None:
        service = self._limits.accounts.service
        keys = {name: f"{self._prefix}{_EPOCH + timedelta(day)}:{name}" for name in counts}
        async with self._client.pipeline(transaction=False) as pipeline:
            for key in keys.values():
                pipeline.hgetall(key)
            for name, here in counts.items():
                if here:
                    pipeline.hset(keys[name], service, str(here))
                    pipeline.expire(keys[name], 2 * DAY_SECONDS)
            answers = (await pipeline.execute())[: len(keys)]
        for name, found in zip(keys, answers, strict=True):
            elsewhere = sum(int(there) for other, there in found.items() if other != service.encode())
            with self._limits.accounts[name] as account:
                account.learn(elsewhere, day)

    def _turn(self, up: bool, fault: str = "") -> None:
        """Tell of a change of state, once."""
        if up is self._up:
            return
        self._up = up
        if up:
            log.info("redis counts quotas", extra={"redis": address(self._client)})
        else:
            extra = {"redis": address(self._client), "fault": fault}
            log.warning("redis fails: quotas are counted by this service alone until it answers", extra=extra)
