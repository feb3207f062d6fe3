"""Connections that take their time."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from fairmark_service.http import BoundedHead

pytestmark = pytest.mark.anyio

HALF = b"POST / HTTP/1.1\r\nHost: a\r\n"
PROMISE = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def slow(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0.6)  # longer than a head may take
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def reading(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["type"] == "http.request":
        pass


@asynccontextmanager
async def served(app: Any = slow) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=BoundedHead, ws="none", lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve([listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await serving


@pytest.mark.parametrize("sent", [b"", HALF])
async def test_who_does_not_finish_a_head_is_hung_up_on(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairmark_service.http.HEAD_SECONDS", 0.1)
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


@pytest.mark.parametrize("sent", [b"", b"x" * 50])
async def test_who_sends_no_more_of_a_body_that_is_read_is_hung_up_on(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairmark_service.http.HEAD_SECONDS", 0.1)
    async with served(reading) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PROMISE + sent)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_who_waits_for_an_answer_or_thinks_before_the_next_request_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fairmark_service.http.HEAD_SECONDS", 0.1)
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(WHOLE)
            assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).startswith(b"HTTP/1.1 204")
            await asyncio.sleep(0.4)  # the thinking
        writer.close()
