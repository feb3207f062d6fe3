"""The load driver against a real server whose behaviour is known."""

import asyncio
import contextlib
import math
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from loadtests import driver, kubelet
from loadtests.backlog import queued
from loadtests.driver import NO_ANSWER, Request, closed, get, opened, post
from loadtests.plot import plot
from loadtests.servers import DRIVER_CORE, SERVER_CORE, Server, bare, pinned
from loadtests.trial import Curve, Report

pytestmark = pytest.mark.anyio


class Stub:
    """Answers every request with `status` and `body`, though not while it stalls; keeps who has connected."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self.status, self.body = status, body
        self.peers: list[tuple[str, int]] = []
        self.requests: list[bytes] = []
        self.stalled_until = 0.0
        self.conversations: list[asyncio.Task[None] | None] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peers.append(writer.get_extra_info("peername"))
        self.conversations.append(asyncio.current_task())
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        _, _, length = head.partition(b"Content-Length: ")
        self.requests.append(head + await reader.readexactly(int(length.split(b"\r\n")[0]) if length else 0))
        await asyncio.sleep(max(0.0, self.stalled_until - time.perf_counter()))
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (self.status, len(self.body), self.body))


@contextlib.asynccontextmanager
async def served(stub: Stub) -> AsyncIterator[Server]:
    listener = await asyncio.start_server(stub.handle, "127.0.0.1", 0)
    try:
        yield Server("stub", listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        for conversation in filter(None, stub.conversations):
            conversation.cancel()
        await asyncio.gather(*filter(None, stub.conversations))


@pytest.mark.parametrize("connections", [1, None])
async def test_what_was_due_while_the_server_stalled_counts_from_then(connections: int | None) -> None:
    stub = Stub()
    async with served(stub) as server:
        asyncio.get_running_loop().call_later(0.3, lambda: setattr(stub, "stalled_until", time.perf_counter() + 1))
        load = await opened(server, [get("/")] * 200, rate=125, connections=connections)
    slow = [seconds for seconds in load.latencies if seconds > 0.5]
    assert 0.9 < max(slow) < 3
    # 62 are due in the first half of the stall, more where that is late to end; a driver that waits for its answer
    # before it sends counts one.
    assert 50 < len(slow) < 150


async def test_health_is_asked_ten_times_a_second_through_a_stall() -> None:
    stub, ended = Stub(), asyncio.Event()
    loop = asyncio.get_running_loop()
    async with served(stub) as server:
        loop.call_later(0.3, lambda: setattr(stub, "stalled_until", time.perf_counter() + 2))
        loop.call_later(2.5, ended.set)
        answers = await kubelet.ask(server, ended)
    late = [seconds for _, seconds in answers if seconds > 0.5]
    # 15 are due in the stall, up to half a second before its end, and more where that is late; one who waits for ten
    # answers asks seven of these.
    assert 12 <= len(late) <= 25
    assert {status for status, _ in answers} == {200}


def test_a_plot_that_cannot_be_drawn_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    plot({"a": Report(latencies=[Curve("closed loop", [1.0, 2.0])])}, tmp_path / "plot.png")
    assert capsys.readouterr().out.startswith("no plot: matplotlib is missing")
    assert list(tmp_path.iterdir()) == []


def test_the_backlog_is_what_waits_at_all_sockets_of_a_port() -> None:
    with contextlib.ExitStack() as opened:
        first = opened.enter_context(listener(0))
        port = first.getsockname()[1]
        opened.enter_context(listener(port))
        for _ in range(9):
            opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert queued(port) == 9
        first.setblocking(False)
        accepted = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                opened.enter_context(first.accept()[0])
                accepted += 1
        assert queued(port) == 9 - accepted


def listener(port: int) -> socket.socket:
    """A socket that shares its port, and accepts nothing by itself."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    made.listen(16)
    return made


async def test_an_open_loop_keeps_its_rate_whatever_the_answers_take() -> None:
    stub = Stub()
    stub.stalled_until = time.perf_counter() + 0.8
    async with served(stub) as server:
        await opened(server, [get("/")] * 50, rate=100)
    assert len(stub.peers) == 50


async def test_a_caller_that_keeps_its_connection_has_one() -> None:
    stub = Stub()
    async with served(stub) as server:
        load = await closed(server, iter([get("/")] * 30), 3, seconds=10)
    assert (len(stub.peers), len(load.latencies)) == (3, 30)


async def test_a_caller_that_does_not_has_one_for_each_request() -> None:
    stub = Stub()
    async with served(stub) as server:
        load = await closed(server, iter([get("/")] * 30), 3, seconds=10, fresh=True)
    assert len(set(stub.peers)) == len(load.latencies) == 30


async def test_connections_come_from_many_addresses() -> None:
    stub = Stub()
    async with served(stub) as server:
        await closed(server, iter([get("/")] * 20), 4, seconds=10, fresh=True)
    assert len({host for host, _ in stub.peers}) == 20


async def test_a_burst_is_sent_at_once() -> None:
    stub = Stub()
    stub.stalled_until = time.perf_counter() + 0.3
    async with served(stub) as server:
        load = await opened(server, [get("/")] * 8, rate=math.inf, connections=8)
    assert {answer.due for answer in load.answers} == {load.began}
    assert load.seconds < 5


async def test_every_status_is_counted_and_ends_nothing() -> None:
    async with served(Stub(status=503)) as server:
        load = await closed(server, iter([get("/")] * 10), 2, seconds=10)
    assert load.statuses == {503: 10}
    assert load.latencies == []
    with pytest.raises(driver.LoadError, match="answered with 503"):
        load.answered()


async def test_an_answer_without_what_it_has_to_hold_is_not_right() -> None:
    requests = [Request("/", part=b'"score":1.0', times=times) for times in (1, 2)]
    async with served(Stub(body=b'{"score":1.0}')) as server:
        load = await closed(server, iter(requests), 1, seconds=10)
    assert [answer.right for answer in load.answers] == [True, False]


async def test_a_load_ends_by_itself_though_nothing_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "GRACE_SECONDS", 0.2)
    stub = Stub()
    stub.stalled_until = math.inf
    async with served(stub) as server:
        began = time.perf_counter()
        for fresh in (False, True):
            load = await closed(server, [get("/")], 3, seconds=0.1, fresh=fresh)
            assert load.statuses == {NO_ANSWER: 3}
        load = await opened(server, [get("/")] * 5, rate=100, connections=2)
        assert load.statuses == {NO_ANSWER: 5}
    assert time.perf_counter() - began < 3


async def test_a_closed_loop_over_a_list_ends_at_its_deadline() -> None:
    async with served(Stub()) as server:
        load = await closed(server, [get("/")], 2, seconds=0.2)
    assert 0.2 <= load.seconds < 2


async def test_a_server_that_is_not_there_is_no_answer() -> None:
    async with served(Stub()) as server:
        pass
    load = await opened(server, [get("/")] * 3, rate=math.inf)
    assert load.statuses == {NO_ANSWER: 3}


async def test_what_is_sent_is_keyed_json() -> None:
    stub = Stub()
    async with served(stub) as server:
        await closed(server, iter([post("/v1/grade", b"[1]")]), 1, seconds=10)
    (sent,) = stub.requests
    assert sent.startswith(b"POST /v1/grade HTTP/1.1\r\n")
    assert f"\r\nAuthorization: Bearer {server.key}\r\n".encode() in sent
    assert sent.endswith(b"Content-Length: 3\r\n\r\n[1]")


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1/path"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected an address such as"):
        Server.at(url, "")


def test_an_address_without_a_port_has_its_schemes() -> None:
    assert [Server.at(f"{scheme}://grader.example.com", "").port for scheme in ("http", "https")] == [80, 443]


def test_the_driver_stays_on_its_core_while_a_server_runs_on_another() -> None:
    with pinned(DRIVER_CORE), bare() as server:
        assert server.pid
        assert (os.sched_getaffinity(0), os.sched_getaffinity(server.pid)) == ({DRIVER_CORE}, {SERVER_CORE})
