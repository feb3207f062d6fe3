"""What was sent to a service before its caller could know that it stops is answered."""

import json
import signal
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from tests.running import Running, Serve

BODY = json.dumps({"grader": "exact", "samples": [{"sample": "42", "item": {"reference_answer": "42"}}]})
HEAD = (
    f"POST /v1/grade HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
)
REQUEST = f"{HEAD}\r\n{BODY}".encode()


def connected(running: Running) -> socket.socket:
    address = urlsplit(running.url)
    return socket.create_connection((address.hostname, address.port), timeout=10)


def answer(connection: socket.socket) -> str:
    """One answer of at most a few hundred bytes."""
    said = b""
    while b"]}" not in said and (more := connection.recv(4096)):
        said += more
    return said.decode()


def assert_last_answer(connection: socket.socket) -> None:
    said = answer(connection)
    assert said.startswith("HTTP/1.1 200")
    assert said.count("connection: close\r\n") == 1
    assert connection.recv(1) == b""


def test_connections_without_a_request_may_bring_one_more(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve()
    with connected(running) as fresh, connected(running) as used, connected(running) as slow:
        used.sendall(REQUEST)
        assert "connection: close" not in answer(used)
        slow.sendall(REQUEST[:20])
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not running.listens)
        for connection, rest in ((fresh, REQUEST), (used, REQUEST), (slow, REQUEST[20:])):
            connection.sendall(rest)
        for connection in (fresh, used, slow):
            assert_last_answer(connection)
    assert running.stop() in (0, -signal.SIGTERM)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_kept_connection_may_bring_one_more_while_it_drains_and_after(
    serve: Serve, wait_until: Callable[..., None], workers: str
) -> None:
    """A proxy may have kept it, and not heard yet that this replica takes no more."""
    running = serve("--workers", workers, "--drain-seconds", "2")
    with connected(running) as during, connected(running) as after:
        for connection in (during, after):
            connection.sendall(REQUEST)
            assert "connection: close" not in answer(connection)
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: httpx.get(f"{running.url}/readyz").status_code == 503)
        during.sendall(REQUEST)
        assert_last_answer(during)
        wait_until(lambda: not running.listens)
        after.sendall(REQUEST)
        assert_last_answer(after)
    assert running.stop() in (0, -signal.SIGTERM)


def test_an_answer_leaves_whole(service: Running) -> None:
    """A replica that is killed between an answer's head and its body would leave a proxy with half of it."""
    with connected(service) as connection:
        for _ in range(20):
            connection.sendall(REQUEST)
            assert connection.recv(4096).endswith(b"]}")


def test_a_head_without_a_body_and_a_go_ahead_leave_too(service: Running) -> None:
    with connected(service) as connection:
        connection.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 405")
        connection.sendall(f"{HEAD}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
