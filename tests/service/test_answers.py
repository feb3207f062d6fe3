"""Answers as they leave: head and body together, whatever the body is, and neither without the other."""

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import uvicorn

from fairmark_service.server import serving

PIECES = [b"", b"one", b"", b"two", b""]
LARGE = 4 << 20
HEADERS = {
    "/none": [],
    "/pieces": [],
    "/fails": [(b"content-length", b"5")],
    "/large": [(b"content-length", b"%d" % LARGE)],
}


async def app(scope: dict[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Answers as its path says."""
    path = scope["path"]
    await send({"type": "http.response.start", "status": 204 if path == "/none" else 200, "headers": HEADERS[path]})
    if path == "/fails":
        raise ValueError("between head and body")
    for piece in PIECES if path == "/pieces" else []:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"a" * LARGE if path == "/large" else b""})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    config = serving(app)  # type: ignore[arg-type]
    config.lifespan = "off"
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=[[listener]])
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join()


def answered(address: tuple[str, int], *requests: str) -> bytes:
    """All that comes until the connection ends."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall("".join(f"{request}\r\nHost: localhost\r\n\r\n" for request in requests).encode())
        said = bytearray()
        while more := connection.recv(1 << 16):
            said += more
    return bytes(said)


def test_a_body_in_pieces_comes_whole(address: tuple[str, int]) -> None:
    said = answered(address, "GET /pieces HTTP/1.1\r\nConnection: close")
    assert said.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_a_head_without_a_body_comes(address: tuple[str, int]) -> None:
    said = answered(address, "GET /none HTTP/1.1", "HEAD /large HTTP/1.1", "GET /none HTTP/1.0")
    assert [line for line in said.split(b"\r\n") if line.startswith(b"HTTP/")] == [
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 204 No Content",
    ]
    assert said.endswith(b"connection: close\r\n\r\n")


def test_answers_larger_than_any_buffer_come_in_turn(address: tuple[str, int]) -> None:
    said = answered(address, "GET /large HTTP/1.1", "GET /large HTTP/1.1", "GET /pieces HTTP/1.1\r\nConnection: close")
    assert said.count(b"a") >= 2 * LARGE
    assert said.count(b"HTTP/1.1 200 OK") == 3
    assert said.endswith(b"two\r\n0\r\n\r\n")


def test_a_failure_between_head_and_body_sends_neither(address: tuple[str, int]) -> None:
    """A proxy that saw the head could not ask another replica."""
    assert answered(address, "GET /fails HTTP/1.1") == b""
