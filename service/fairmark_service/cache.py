"""The verdict cache: a memory tier and, where a URL is given, a Redis tier behind it.

    get_many ─► memory ─► (what is missing) one MGET ─► memory
    put      ─► memory, and a bounded queue ─► pipelines of SET … EX

Both tiers hold the same bytes, a verdict in msgpack: small, of a known size, out of the garbage collector's sight.

Redis may be slow, down, full or no Redis at all without a grade failing or waiting long. Callers never touch a
connection: one task reads and one writes, so a caller that goes away leaves no half-read answer behind, and what many
callers want meanwhile goes out in one MGET. The reading task is the breaker: after `FAILURES` in a row it lets
everybody go at once, and asks again by itself until Redis answers.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from fairmark_graders.types import Verdict

from .memory import Memory
from .redis_server import CONNECT_PATIENCE, RedisServer, address, hang_up

log = logging.getLogger("fairmark.cache")

FORMAT = 2
"""Part of every key in Redis; to be raised when a verdict's bytes change, so that no release misreads another's."""
LARGEST = 64 * 1024
"""Bytes of a verdict that is still kept; larger ones (long prints) would make a whole batch miss its deadline."""
FAULT_SECONDS = 60
"""How long a verdict without a score is kept: somebody may be mending the reference."""

PATIENCE = 0.05
"""Seconds an MGET may take, and so the longest that Redis holds up a grade; a healthy one takes below a millisecond."""
FAILURES = 3
"""Reads failed in a row until Redis is left alone."""
PAUSES = (0.1, 5.0)
"""Seconds between two tries while Redis fails: the first, doubled up to the last."""
READ_KEYS = 1024
"""Keys in one MGET, save where a single caller brings more."""
WRITE_KEYS = 128
"""Verdicts in one pipeline; redis-py takes some 10 µs of the event loop for each."""
WRITE_BYTES = 16 << 20
"""Verdicts waiting to be written; what comes beyond is dropped."""

Kind = Literal["connect", "read", "write", "decode", "dropped"]


class CacheMetrics(Protocol):
    """What the cache tells about itself."""

    def cache_hits(self, tier: str, count: int) -> None:
        """Verdicts found in `memory` or `redis`."""

    def cache_misses(self, count: int) -> None:
        """Verdicts found nowhere."""

    def cache_error(self, kind: Kind) -> None:
        """A connection, a read or a write failed, a value was no verdict, or a verdict was dropped unwritten."""

    def breaker(self, is_open: bool) -> None:
        """Redis is left alone, or asked again."""


class VerdictCache:
    """Verdicts by key. To be started, used and closed on one event loop.

    `memory_bytes` bounds the memory tier (0 to go without); `namespace` keeps apart services that share a Redis. A
    verdict is kept for `ttl_seconds`, in memory from when it came there. Raises `ValueError` for a URL that can't be
    read and for certificates that are none.
    """

    def __init__(
        self, memory_bytes: int, redis: RedisServer | None, namespace: str, ttl_seconds: float, metrics: CacheMetrics
    ) -> None:
        self._memory = Memory(memory_bytes)
        self._redis = RedisTier(redis, f"{namespace}:{FORMAT}:", metrics) if redis else None
        self._ttl = ttl_seconds
        self._metrics = metrics

    async def start(self) -> None:
        """Connect to Redis; one that doesn't answer costs two seconds at most and is tried again in the background."""
        if self._redis:
            await self._redis.start()

    async def close(self) -> None:
        """Write what is still queued, within a second, and disconnect."""
        if self._redis:
            await self._redis.close()

    async def get_many(self, keys: Sequence[bytes]) -> list[Verdict | None]:
        """The verdicts in the order of the keys, `None` where there is none; never raises for what Redis does."""
        now = time.monotonic()
        values = [self._memory.get(key, now) for key in keys]
        verdicts = [None if value is None else _decode(value) for value in values]
        missing = [place for place, value in enumerate(values) if value is None]
        self._metrics.cache_hits("memory", len(keys) - len(missing))
        if missing and self._redis:
            values = await self._redis.get_many([keys[place] for place in missing])
            for place, value in zip(missing, values, strict=True):
                verdicts[place] = None if value is None else self._kept(keys[place], value)
        misses = verdicts.count(None)
        self._metrics.cache_hits("redis", len(missing) - misses)
        self._metrics.cache_misses(misses)
        return verdicts

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Keep a repeatable verdict; never waits. One that can't be kept (a lone surrogate in it) is judged again."""
        try:
            value = _encode(verdict)
        except UnicodeEncodeError:
            return
        if len(value) > LARGEST:
            return
        seconds = self._seconds(verdict)
        self._memory.put(key, value, time.monotonic() + seconds)
        if self._redis:
            self._redis.put(key, value, max(1, round(seconds)))

    def _seconds(self, verdict: Verdict) -> float:
        return self._ttl if verdict.score is not None else min(self._ttl, FAULT_SECONDS)

    def _kept(self, key: bytes, value: bytes) -> Verdict | None:
        """The verdict in a value from Redis, now in memory too."""
        try:
            verdict = _decode(value)
        except ValueError:  # msgspec's own, and that of a string that is no UTF-8
            self._metrics.cache_error("decode")
            return None
        self._memory.put(key, value, time.monotonic() + self._seconds(verdict))
        return verdict


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Verdict).decode


class _Lookup(NamedTuple):
    keys: Sequence[bytes]
    values: asyncio.Future[list[bytes | None]]

    def answer(self, values: list[bytes | None]) -> None:
        """A caller that went away needs none."""
        if not self.values.done():
            self.values.set_result(values)


class _Write(NamedTuple):
    key: bytes
    value: bytes
    seconds: int


class RedisTier:
    """Values by key in Redis, when it answers."""

    def __init__(self, server: RedisServer, prefix: str, metrics: CacheMetrics) -> None:
        self._client = server.connect()
        self._prefix = prefix.encode()
        self._metrics = metrics
        self._up: bool | None = None
        self._fault = ""
        self._lookups: asyncio.Queue[_Lookup] = asyncio.Queue()
        self._writes: deque[_Write] = deque()
        self._queued = 0
        self._due = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._turn(await self._connect())
        self._tasks = [asyncio.create_task(self._serve()), asyncio.create_task(self._write())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        was_up, self._up = self._up, False
        self._release(self._waiting())
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CONNECT_PATIENCE):
                while was_up and self._writes:
                    await self._flush(self._batch())
        with contextlib.suppress(Exception):
            await self._client.aclose()

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values in the order of the keys, within about `PATIENCE`; `None` for all when Redis fails."""
        if not self._up:
            return [None] * len(keys)
        lookup = _Lookup(keys, asyncio.get_running_loop().create_future())
        self._lookups.put_nowait(lookup)
        return await lookup.values

    def put(self, key: bytes, value: bytes, seconds: int) -> None:
        """Have the value written soon, or drop it: when Redis is down, or slower than what is to be written."""
        if not self._up or self._queued > WRITE_BYTES:
            self._metrics.cache_error("dropped")
            return
        self._writes.append(_Write(key, value, seconds))
        self._queued += len(value)
        self._due.set()

    async def _serve(self) -> None:
        """Read while Redis answers; while it doesn't, let everybody go and try again after growing pauses.

        Only a real read resets the pause: a Redis that answers one key and chokes on many must not be tried ten times
        a second.
        """
        pauses = _pauses()
        while True:
            if self._up and await self._read():
                pauses = _pauses()
            self._turn(False)
            self._release(self._waiting())
            await hang_up(self._client)
            await asyncio.sleep(next(pauses))
            self._turn(await self._connect())

    async def _read(self) -> bool:
        """Answer lookups until Redis fails; whether any was answered before."""
        served, failures = False, 0
        while failures < FAILURES:
            lookups = await self._wanted()
            try:
                values = await self._fetch([key for lookup in lookups for key in lookup.keys])
            except Exception as error:
                self._failed("read", error)
                failures += _blame(error)
                self._release(self._waiting())
            else:
                served, failures = True, 0
                _share(lookups, values)
            finally:
                self._release(lookups)
        return served

    async def _wanted(self) -> list[_Lookup]:
        """What callers wait for, up to about `READ_KEYS` keys; there is at least one lookup."""
        lookups = [await self._lookups.get()]
        keys = len(lookups[0].keys)
        while keys < READ_KEYS and not self._lookups.empty():
            lookups.append(self._lookups.get_nowait())
            keys += len(lookups[-1].keys)
        return lookups

    def _waiting(self) -> list[_Lookup]:
        return [self._lookups.get_nowait() for _ in range(self._lookups.qsize())]

    def _release(self, lookups: Iterable[_Lookup]) -> None:
        for lookup in lookups:
            lookup.answer([None] * len(lookup.keys))

    async def _fetch(self, keys: list[bytes]) -> list[bytes | None]:
        """The values. Raises whatever redis-py does, and `_Nonsense` or `_Starved`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(PATIENCE):
                values = await self._client.mget([self._prefix + key for key in keys])
        except TimeoutError:
            raise _Starved if loop.time() - began > 2 * PATIENCE else TimeoutError from None
        return _checked(values, len(keys))

    async def _connect(self) -> bool:
        """Whether Redis can be reached and read from; leaves a connection behind for the reads to come."""
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                await self._client.ping()
            await self._fetch([b"?"])
        except Exception as error:
            self._failed("connect", error)
            return False
        return True

    async def _write(self) -> None:
        """Write what is queued; when Redis takes nothing (it is full, a replica, down) only try now and then."""
        pauses, taking = _pauses(), True
        while True:
            await self._due.wait()
            taken = await self._try_flush(self._batch())
            if taken != taking:
                level, say = (logging.INFO, "takes") if taken else (logging.WARNING, "refuses")
                log.log(level, f"redis {say} verdicts", extra=self._extra(None if taken else self._fault))
            taking = taken
            if taken:
                pauses = _pauses()
            else:
                await asyncio.sleep(next(pauses))

    def _batch(self) -> list[_Write]:
        batch = [self._writes.popleft() for _ in range(min(WRITE_KEYS, len(self._writes)))]
        self._queued -= sum(len(write.value) for write in batch)
        if not self._writes:
            self._due.clear()
        return batch

    async def _try_flush(self, batch: list[_Write]) -> bool:
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                refused = await self._flush(batch)
        except Exception as error:
            self._failed("write", error)
            refused = len(batch)
        for _ in range(refused):
            self._metrics.cache_error("dropped")
        return not refused

    async def _flush(self, batch: list[_Write]) -> int:
        """Write a batch in one round trip; how many Redis refused."""
        async with self._client.pipeline(transaction=False) as pipeline:
            for write in batch:
                pipeline.set(self._prefix + write.key, write.value, ex=write.seconds)
            answers = await pipeline.execute(raise_on_error=False)
        faults = [answer for answer in answers if isinstance(answer, Exception)]
        if faults:
            self._failed("write", faults[0])
        return len(faults)

    def _failed(self, kind: Kind, error: Exception) -> None:
        self._fault = type(error).__name__.strip("_")
        self._metrics.cache_error(kind)

    def _turn(self, up: bool) -> None:
        """Tell of a change of state, once."""
        if up is self._up:
            return
        self._up = up
        self._metrics.breaker(not up)
        if up:
            log.info("redis answers", extra=self._extra())
        else:
            log.warning("redis fails: verdicts are not shared until it answers", extra=self._extra(self._fault))

    def _extra(self, fault: str | None = None) -> dict[str, Any]:
        """What a log line carries: no URL and no text of an error, in which a server may quote the password."""
        return {"redis": address(self._client)} | ({"fault": fault} if fault else {})


class _Nonsense(Exception):
    """A reply that is none to what was asked: this is no Redis, or its answers are out of step."""


class _Starved(Exception):
    """A deadline noticed so late that it was this process that had no time, and not Redis."""


def _blame(error: Exception) -> int:
    """How many failures of Redis an error counts for."""
    if isinstance(error, _Starved):
        return 0
    return FAILURES if isinstance(error, _Nonsense) else 1


def _checked(values: Any, count: int) -> list[bytes | None]:
    """The reply to an MGET of so many keys. Raises `_Nonsense` for any other."""
    if not (isinstance(values, list) and len(values) == count):
        raise _Nonsense
    if not all(value is None or isinstance(value, bytes) for value in values):
        raise _Nonsense
    return values


def _share(lookups: Iterable[_Lookup], values: list[bytes | None]) -> None:
    """Hand each lookup its part of the values."""
    place = 0
    for lookup in lookups:
        lookup.answer(values[place : place + len(lookup.keys)])
        place += len(lookup.keys)


def _pauses() -> Iterator[float]:
    """Seconds to wait before each next try, spread so that replicas don't all try at once."""
    pause, longest = PAUSES
    while True:
        yield pause * random.uniform(0.5, 1)
        pause = min(2 * pause, longest)
