"""Callers that come faster than the service accepts them wait in the kernel, which drops those it has no room for."""

import contextlib
import selectors
import signal
import socket
import time

import httpx
import pytest
from tests.running import Running, Serve

from fairmark_service.server import BACKLOG, raise_descriptor_limit

CALLERS = BACKLOG + 1500


def test_more_callers_at_once_than_one_queue_holds_are_all_connected(serve: Serve) -> None:
    raise_descriptor_limit()
    assert any(connected_at_once(serve()) == CALLERS for _ in range(3))  # on a busy machine some tries take longer


def connected_at_once(running: Running) -> int:
    """How many callers have a connection to a service that accepts nothing."""
    running.process.send_signal(signal.SIGSTOP)
    try:
        return connect(running)
    finally:
        running.process.send_signal(signal.SIGCONT)


def connect(running: Running) -> int:
    host, port = running.url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as opened, selectors.DefaultSelector() as connecting:
        for _ in range(CALLERS):
            caller = opened.enter_context(socket.socket())
            caller.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                caller.connect((host, int(port)))
            connecting.register(caller, selectors.EVENT_WRITE)
        return connected(connecting, 0.9)  # a second after it found no room, a caller knocks again


def connected(connecting: selectors.BaseSelector, seconds: float) -> int:
    """How many are, once all are or the time is over."""
    deadline, done = time.monotonic() + seconds, 0
    while connecting.get_map() and time.monotonic() < deadline:
        for key, _ in connecting.select(0.05):
            connecting.unregister(key.fileobj)
            done += 1
    return done


def test_a_port_that_is_served_is_refused_to_another_service(serve: Serve) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", int(serve().url.rpartition(":")[2])))


def test_a_stranger_that_joins_the_port_is_dealt_no_connection(serve: Serve) -> None:
    running = serve()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", int(running.url.rpartition(":")[2])))
        stranger.listen()
        assert {httpx.get(f"{running.url}/healthz").status_code for _ in range(64)} == {200}
