"""The cache with a real Valkey behind it, and with what may happen to one."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.valkey import Tls, Valkey, free_port

from fairmark_graders import Verdict
from fairmark_service.cache import FORMAT, VerdictCache
from fairmark_service.metrics import Metrics
from fairmark_service.redis_server import RedisServer

pytestmark = pytest.mark.anyio
PASSWORD = "fake-password"
IMPATIENT = 0.05


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A cache that waits for a Valkey which a busy machine keeps from its processor; what can be set back by tests."""
    monkeypatch.setattr("fairmark_service.cache.PATIENCE", 1.0)
    return monkeypatch


class Cache(VerdictCache):
    """A cache whose every get asks Redis, since it has no memory, and whose metrics can be read."""

    def __init__(
        self,
        url: str,
        ttl: float = 3600,
        namespace: str = "test",
        memory: int = 0,
        password: str | None = None,
        ca: Path | None = None,
    ) -> None:
        self.seen = Metrics()
        super().__init__(memory, RedisServer(url, password, ca), namespace, ttl, self.seen)

    def count(self, name: str, **labels: str) -> float:
        return self.seen.registry.get_sample_value(f"fairmark_cache_{name}", labels) or 0

    @property
    def open(self) -> bool:
        return self.count("breaker_open") == 1


@asynccontextmanager
async def opened(cache: Cache) -> AsyncIterator[Cache]:
    await cache.start()
    try:
        yield cache
    finally:
        await cache.close()


@asynccontextmanager
async def no_redis(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """The URL of a server that gives this answer to whatever it is asked; None to say nothing, empty to hang up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while asked := await reader.read(1000):
                given = answer(asked)
                if given == b"":
                    break
                writer.write(given or b"")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port := free_port()):
        yield f"redis://127.0.0.1:{port}"


async def until(happens: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not happens():  # noqa: ASYNC110 - what is awaited is in another process
            await asyncio.sleep(0.005)


async def timed(awaitable: Awaitable[object]) -> float:
    began = time.perf_counter()
    await awaitable
    return time.perf_counter() - began


def keys(count: int) -> list[bytes]:
    return [number.to_bytes(20) for number in range(count)]


def verdicts(count: int) -> list[Verdict]:
    return [Verdict(float(number)) for number in range(count)]


async def filled(cache: Cache, valkey: Valkey, count: int) -> None:
    for key, verdict in zip(keys(count), verdicts(count), strict=True):
        cache.put(key, verdict)
    await until(lambda: valkey.client.dbsize() == count)


@pytest.mark.parametrize("transport", ["url", "socket_url"])
async def test_two_caches_share_their_verdicts(valkey: Valkey, transport: str) -> None:
    url = getattr(valkey, transport)
    async with opened(Cache(url)) as one, opened(Cache(url)) as other:
        await filled(one, valkey, 10)
        assert await other.get_many(keys(11)) == [*verdicts(10), None]
        assert other.count("hits_total", tier="redis") == 10
        assert other.count("misses_total") == 1


async def test_what_redis_knew_is_in_memory_then(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as one, opened(Cache(valkey.url, memory=1 << 20)) as other:
        await filled(one, valkey, 10)
        await other.get_many(keys(10))
        valkey.kill()
        assert await other.get_many(keys(10)) == verdicts(10)


async def test_namespaces_are_apart(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url, namespace="one")) as one, opened(Cache(valkey.url, namespace="two")) as two:
        await filled(one, valkey, 1)
        assert await two.get_many(keys(1)) == [None]


async def test_a_batch_is_one_mget(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as cache:
        before = valkey.calls("mget")
        await cache.get_many(keys(500))
        assert valkey.calls("mget") == before + 1
        assert valkey.calls("get") == 0


async def test_callers_that_ask_at_once_get_their_own_answers(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as cache:
        await filled(cache, valkey, 300)
        before = valkey.calls("mget")
        batches = [keys(300)[start : start + 3] for start in range(0, 300, 3)]
        found = await asyncio.gather(*map(cache.get_many, batches))
        assert [verdict for batch in found for verdict in batch] == verdicts(300)
        assert valkey.calls("mget") - before < 10


async def test_every_key_has_its_time_to_live_and_says_its_format(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url, ttl=1000)) as cache:
        cache.put(b"graded", Verdict(1.0))
        cache.put(b"fault", Verdict(None, "ungradable"))
        await until(lambda: valkey.client.dbsize() == 2)
    prefix = f"test:{FORMAT}:".encode()
    assert 990 < int(str(valkey.client.ttl(prefix + b"graded"))) <= 1000
    assert 50 < int(str(valkey.client.ttl(prefix + b"fault"))) <= 60


async def test_closing_writes_what_is_queued(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as cache:
        for key in keys(500):
            cache.put(key, Verdict(1.0))
    assert valkey.client.dbsize() == 500


async def test_closing_in_the_middle_of_anything_ends(valkey: Valkey) -> None:
    for turns in range(30):
        async with asyncio.timeout(5), opened(Cache(valkey.url)) as cache:
            waiting = asyncio.create_task(cache.get_many(keys(5)))
            cache.put(b"key", Verdict(1.0))
            for _ in range(turns):
                await asyncio.sleep(0)
        assert waiting.done() or await waiting == [None] * 5


async def test_closing_lets_waiting_callers_go(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as cache:
        valkey.pause()
        waiting = asyncio.create_task(cache.get_many(keys(1)))
        await asyncio.sleep(0)
    assert await waiting == [None]


async def test_a_restart_under_load_fails_no_grade_and_is_noticed(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as cache:
        known, running = dict(zip(keys(50), verdicts(50), strict=True)), True

        async def grade() -> None:
            while running:
                for key, verdict in zip(known, await cache.get_many(list(known)), strict=True):
                    assert verdict in (None, known[key])
                    cache.put(key, known[key])
                await asyncio.sleep(0.001)

        load = [asyncio.create_task(grade()) for _ in range(4)]
        for _ in range(2):
            hits = cache.count("hits_total", tier="redis")
            await until(lambda hits=hits: cache.count("hits_total", tier="redis") > hits + 100)  # type: ignore[misc]
            valkey.kill()
            await until(lambda: cache.open)
            valkey.start()
            await until(lambda: not cache.open)
        await until(lambda: valkey.client.dbsize() == 50)
        running = False
        await asyncio.gather(*load)


async def test_a_redis_that_is_down_at_the_start_is_found_later(valkey: Valkey) -> None:
    valkey.kill()
    async with opened(Cache(valkey.url)) as cache:
        assert cache.open
        assert await cache.get_many(keys(1)) == [None]
        valkey.start()
        await until(lambda: not cache.open)
        await filled(cache, valkey, 1)
        assert await cache.get_many(keys(1)) == verdicts(1)


async def test_a_redis_that_hangs_costs_a_bounded_time_and_then_none(
    valkey: Valkey, patience: pytest.MonkeyPatch
) -> None:
    async with opened(Cache(valkey.url)) as cache:
        await filled(cache, valkey, 1)
        valkey.pause()
        patience.setattr("fairmark_service.cache.PATIENCE", IMPATIENT)
        waits = sorted([await timed(cache.get_many(keys(64))) for _ in range(3)])
        assert waits[1] < 0.5, "0.05 s each, and one that a busy machine held up"
        async with asyncio.timeout(20):
            while not cache.open:  # such a one doesn't count against Redis
                await cache.get_many(keys(64))
        later = [await timed(cache.get_many(keys(64))) for _ in range(100)]
        assert sum(later) < 2, "5 s if each of them waited"
        valkey.resume()
        patience.setattr("fairmark_service.cache.PATIENCE", 1.0)
        await until(lambda: not cache.open)
        assert await cache.get_many(keys(1)) == verdicts(1)


async def test_a_late_answer_is_not_taken_for_anothers(valkey: Valkey, patience: pytest.MonkeyPatch) -> None:
    async with opened(Cache(valkey.url)) as cache:
        await filled(cache, valkey, 20)
        patience.setattr("fairmark_service.cache.PATIENCE", IMPATIENT)
        for number in range(1, 20):
            valkey.pause()
            assert await cache.get_many(keys(1)) == [None]
            valkey.resume()
            await until(lambda: not cache.open)
            assert (await cache.get_many(keys(20)[number:]))[0] in (Verdict(float(number)), None)
        patience.setattr("fairmark_service.cache.PATIENCE", 1.0)
        await until(lambda: not cache.open)
        assert await cache.get_many(keys(20)) == verdicts(20)


async def test_a_caller_that_goes_away_takes_no_answer_from_others(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as cache:
        await filled(cache, valkey, 20)
        before = valkey.client.info("stats")["total_connections_received"]
        for number in range(20):
            gone = asyncio.create_task(cache.get_many(keys(5)))
            for _ in range(number % 5):
                await asyncio.sleep(0)
            gone.cancel()
            assert await cache.get_many(keys(20)[number:]) == verdicts(20)[number:]
        assert valkey.client.info("stats")["total_connections_received"] == before


async def test_a_full_redis_still_answers(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as cache:
        await filled(cache, valkey, 5)
        valkey.client.config_set("maxmemory", 1)
        for key in keys(10)[5:]:
            cache.put(key, Verdict(1.0))
        await until(lambda: cache.count("errors_total", kind="dropped") == 5)
        assert await cache.get_many(keys(5)) == verdicts(5)
        assert not cache.open
        valkey.client.config_set("maxmemory", 0)
        cache.put(b"new", Verdict(1.0))
        await until(lambda: valkey.client.dbsize() == 6)


@pytest.mark.parametrize("value", [b"", b"no verdict", b"\x98\xc0\xa2\xff\xff\xc0\xc0\xc0\x80\xc3\xc0", b"\x90"])
async def test_a_value_that_is_no_verdict_is_a_miss(valkey: Valkey, value: bytes) -> None:
    async with opened(Cache(valkey.url)) as cache:
        await filled(cache, valkey, 2)
        valkey.client.set(f"test:{FORMAT}:".encode() + keys(1)[0], value)
        assert await cache.get_many(keys(2)) == [None, Verdict(1.0)]
        assert cache.count("errors_total", kind="decode") == 1
        assert not cache.open


async def test_a_key_of_another_type_is_a_miss_and_is_written_over(valkey: Valkey) -> None:
    async with opened(Cache(valkey.url)) as cache:
        key = f"test:{FORMAT}:".encode() + keys(1)[0]
        valkey.client.lpush(key, "a list")
        assert await cache.get_many(keys(1)) == [None]
        cache.put(keys(1)[0], Verdict(0.0))
        await until(lambda: valkey.client.type(key) == b"string")
        assert await cache.get_many(keys(1)) == verdicts(1)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b":5\r\n",
        b"+PONG\r\n",
        b"*1\r\n*0\r\n",
        b"$-1\r\n",
        b"\xff" * 5000,
        b"",
        None,
    ],
    ids=["http", "number", "pong to everything", "nested", "null", "binary", "hangs up", "silent"],
)
async def test_a_server_that_is_no_redis_is_left_alone(reply: bytes | None) -> None:
    async with no_redis(lambda asked: reply) as url, opened(Cache(url)) as cache:
        assert cache.open
        cache.put(b"key", Verdict(1.0))
        assert await cache.get_many([b"key"]) == [None]


async def test_a_server_that_loses_its_mind_is_left_alone() -> None:
    """It answers as Redis does until callers rely on it, and with one value too many from then on."""
    sane = True

    def answer(asked: bytes) -> bytes:
        if not sane:
            return b"*2\r\n$-1\r\n$-1\r\n"
        if b"SETINFO" in asked:
            return b"+OK\r\n" * asked.count(b"SETINFO")
        return b"*1\r\n$-1\r\n" if b"MGET" in asked else b"+PONG\r\n"

    async with no_redis(answer) as url, opened(Cache(url)) as cache:
        assert not cache.open
        sane = False
        assert await cache.get_many([b"key"]) == [None]
        await until(lambda: cache.open)


async def test_each_change_of_state_is_one_line_in_the_log(valkey: Valkey, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "fairmark.cache")
    async with opened(Cache(valkey.url)) as cache:
        valkey.kill()
        for _ in range(20):
            await cache.get_many(keys(1))
        await until(lambda: cache.open)
        valkey.start()
        await until(lambda: not cache.open)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "INFO"]
    assert vars(caplog.records[1])["redis"] == f"127.0.0.1:{valkey.port}"
    assert vars(caplog.records[1])["fault"] == "ConnectionError"


@pytest.mark.parametrize("given", ["right", "wrong", "none"])
async def test_a_password_opens_redis_and_is_never_logged(
    valkey: Valkey, caplog: pytest.LogCaptureFixture, given: str
) -> None:
    valkey.kill()
    valkey.start("--requirepass", PASSWORD)
    user = {"right": f":{PASSWORD}@", "wrong": f":{PASSWORD}-not@", "none": ""}[given]
    async with opened(Cache(valkey.url.replace("redis://", f"redis://{user}"))) as cache:
        assert cache.open is (given != "right")
        assert await cache.get_many(keys(1)) == [None]
    assert PASSWORD not in "".join(str(vars(record)) for record in caplog.records)


async def test_a_password_beside_the_url_opens_redis(valkey: Valkey) -> None:
    valkey.kill()
    valkey.start("--requirepass", PASSWORD)
    async with opened(Cache(valkey.url, password=PASSWORD)) as cache:
        assert not cache.open


async def test_a_server_is_held_against_the_certificates_given(valkey: Valkey, tls: Tls) -> None:
    async with opened(Cache(tls.url, ca=tls.certificate)) as one, opened(Cache(tls.url, ca=tls.certificate)) as other:
        await filled(one, valkey, 10)
        assert await other.get_many(keys(10)) == verdicts(10)


async def test_a_server_that_the_system_does_not_trust_is_not_spoken_to(tls: Tls) -> None:
    async with opened(Cache(tls.url)) as cache:
        assert cache.open


@pytest.mark.parametrize(
    ("url", "text", "expected"),
    [
        ("redis://localhost", "", "redis-ca: expected a rediss:// URL in redis"),
        ("rediss://localhost", "no certificate", "redis-ca: expected certificates in PEM in .*ca.crt"),
        ("rediss://localhost", None, "redis-ca: expected certificates in PEM in .*ca.crt: No such file"),
    ],
)
def test_certificates_that_cannot_serve_are_refused(tmp_path: Path, url: str, text: str | None, expected: str) -> None:
    if text is not None:
        (tmp_path / "ca.crt").write_text(text)
    with pytest.raises(ValueError, match=expected):
        Cache(url, ca=tmp_path / "ca.crt")


@pytest.mark.parametrize("url", [f"redis://:{PASSWORD}/with-slash@host", f"http://:{PASSWORD}@host"])
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="redis: expected a URL with redis://") as refused:
        Cache(url)
    assert PASSWORD not in str(refused.getrepr(chain=True))
