"""What a service does when more is asked of it than it can do: it stays small, fair and truthful."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.processes import descendants
from tests.running import Running, Serve

pytestmark = pytest.mark.anyio

NOW = (
    'fairmark_waiting_judgements{place="workers"}',
    'fairmark_waiting_judgements{place="sandbox"}',
    'fairmark_busy_slots{place="workers"}',
    'fairmark_busy_slots{place="sandbox"}',
    "fairmark_slow_judgements",
    "fairmark_body_bytes_in_flight",
    "fairmark_requests_in_flight",
)
"""What must be nothing when nothing is asked."""


def exact(text: str) -> dict[str, Any]:
    return {"grader": "exact", "samples": [{"sample": text, "item": {"reference_answer": "42"}}]}


def long_texts(count: int, seed: int) -> list[dict[str, Any]]:
    """Samples that a worker takes some 4 ms for, each."""
    return [
        {
            "sample": " ".join(str((seed + row + place * 7919) % 997) for place in range(600)),
            "item": {"reference_answer": " ".join(str((row + place * 7907) % 997) for place in range(600))},
        }
        for row in range(count)
    ]


def program(seconds: float) -> dict[str, Any]:
    return {"program": "import time", "tests": [f"assert time.sleep({seconds}) is None"], "max_execution_time": 2.0}


def posted(running: Running, path: str, body: object) -> bytes:
    """A request on the wire."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def address(running: Running) -> tuple[str, int]:
    url = httpx.URL(running.url)
    return url.host, url.port or 0


def megabytes(running: Running) -> int:
    """Memory of the service's own process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{running.process.pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


async def open_at_once(running: Running, requests: list[bytes]) -> Counter[int]:
    """The statuses of requests that are all open at the same time, from several addresses; 0 for none."""
    host, port = address(running)
    reached = asyncio.Barrier(len(requests))

    async def ask(place: int, request: bytes) -> int:
        source = (f"127.0.0.{2 + place % 8}", 0)
        reader, writer = await asyncio.open_connection(host, port, local_addr=source)
        await reached.wait()
        try:
            writer.write(request)
            return int(((await reader.readline()).split() or [b"", b"0"])[1])
        finally:
            writer.close()

    return Counter(await asyncio.gather(*(ask(place, request) for place, request in enumerate(requests))))


def hang_up(caller: socket.socket) -> None:
    """Close without a farewell."""
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    caller.close()


async def test_two_thousand_at_once_are_all_answered(serve: Serve) -> None:
    running = serve()
    before = megabytes(running)
    statuses = await open_at_once(running, [posted(running, "/v1/grade", exact(str(n))) for n in range(2000)])
    assert statuses == {200: 2000}
    assert megabytes(running) - before < 100


async def test_two_thousand_large_bodies_at_once_take_no_more_memory_than_they_may(serve: Serve) -> None:
    running = serve("--body-megabytes", "16")
    before = megabytes(running)
    statuses = await open_at_once(running, [posted(running, "/v1/grade", exact("x" * 200_000))] * 2000)
    assert set(statuses) <= {200, 503}
    assert statuses[200] > 50
    assert megabytes(running) - before < 200  # of the 400 that were sent


async def test_large_bodies_of_the_patient_take_no_more_memory_than_they_may(serve: Serve) -> None:
    running = serve("--body-megabytes", "16", "--sandboxes", "1")
    before = megabytes(running)
    large = program(0.01) | {"program": f"import time\n{'#' * 200_000}"}
    statuses = await open_at_once(running, [posted(running, "/test_program", large)] * 1500)
    assert set(statuses) <= {200, 503}
    assert statuses[200] > 30
    assert megabytes(running) - before < 200  # of the 300 that were sent


def test_who_hangs_up_while_it_waits_for_room_frees_what_it_sent(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve("--body-megabytes", "1", "--sandboxes", "1")
    large = program(9) | {"program": f"import time\n{'#' * 200_000}", "max_execution_time": 10.0}
    callers = [socket.create_connection(address(running)) for _ in range(6)]
    for caller in callers:
        caller.sendall(posted(running, "/test_program", large))
    wait_until(lambda: running.metric(NOW[-2]) > 1_200_000)
    for caller in callers:
        hang_up(caller)
    wait_until(lambda: running.metric(NOW[-2]) == 0, 8)  # sooner than any of them is judged


def test_a_newcomer_does_not_wait_for_anothers_burst(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve()
    with ThreadPoolExecutor(1) as others:
        burst = {"grader": "similarity", "samples": long_texts(1200, 1), "run": "large"}
        answer = others.submit(running.post, "/v1/grade", burst)
        wait_until(lambda: running.metric(NOW[0]) > 100)
        newcomer = {"grader": "similarity", "samples": long_texts(1, 2), "run": "small"}
        before = running.metric(NOW[0])
        assert running.post("/v1/grade", newcomer).json()["results"][0]["outcome"] == "graded"
        assert running.metric(NOW[0]) > before / 2
        assert answer.result().status_code == 200


async def test_nor_for_a_burst_of_what_is_judged_at_once(serve: Serve) -> None:
    running = serve()
    rows = [{"sample": str(row), "item": {"reference_answer": "42"}} for row in range(4096)]
    burst = asyncio.create_task(
        open_at_once(running, [posted(running, "/v1/grade", {"grader": "exact", "samples": rows})] * 60)
    )
    waits: list[float] = []
    began = time.monotonic()
    async with httpx.AsyncClient(base_url=running.url) as newcomer:
        while not burst.done():
            asked = time.monotonic()
            await newcomer.post("/v1/grade", json=exact("42"))
            waits.append(time.monotonic() - asked)
    assert await burst == {200: 60}
    assert len(waits) > 4  # who is held up by all of it has few
    took = time.monotonic() - began
    *_, last_but_one, longest = sorted(waits)  # a busy machine may hold up one
    assert (last_but_one < took / 4, longest < took / 2) == (True, True)


def test_who_takes_an_error_for_a_score_waits_for_its_turn(serve: Serve) -> None:
    running = serve("--queue", "1", "--sandboxes", "1")
    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(lambda _: running.post("/test_program", program(0.2)), range(6)))
    assert [answer.json()["results"] for answer in answers] == [[1]] * 6


def test_who_takes_an_error_for_a_score_waits_for_room(serve: Serve) -> None:
    running = serve("--body-megabytes", "1", "--sandboxes", "1")
    large = program(0.2) | {"program": f"import time\n{'#' * 200_000}"}
    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(lambda _: running.post("/test_program", large), range(6)))
    assert [answer.json()["results"] for answer in answers] == [[1]] * 6
    assert running.metric('fairmark_rejected_total{by="bytes"}') == 0


def test_who_takes_an_error_for_a_score_waits_for_its_limit(serve: Serve) -> None:
    running = serve("--rate", "1")
    batch = {"grader": "exact", "samples": exact("42")["samples"] * 63}  # 3 s more than a minute's
    assert running.post("/v1/grade", batch).status_code == 200
    assert running.post("/v1/grade", batch).status_code == 429
    assert running.post("/test_program", program(0)).json()["results"] == [1]
    assert running.metric('fairmark_rejected_total{by="rate"}') == 1


def test_what_finds_no_room_is_not_charged(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve("--queue", "3", "--quota", "1400", "--grading-processes", "1")
    batches = [{"grader": "similarity", "samples": long_texts(count, count)} for count in (1200, 200, 200)]
    with ThreadPoolExecutor(1) as others:
        first = others.submit(running.post, "/v1/grade", batches[0])
        wait_until(lambda: running.metric(NOW[0]) > 300)
        assert running.post("/v1/grade", batches[1]).status_code == 503
        assert first.result().status_code == 200
    assert running.post("/v1/grade", batches[2]).status_code == 200


def test_nothing_is_graded_for_callers_who_have_gone(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve()
    large = {"grader": "exact", "samples": exact("x" * 100)["samples"] * 500}
    os.kill(running.process.pid, signal.SIGSTOP)
    callers = [socket.create_connection(address(running)) for _ in range(50)]
    for caller in callers:
        caller.sendall(posted(running, "/v1/grade", large)[:120_000])
        caller.close()
    os.kill(running.process.pid, signal.SIGCONT)
    answered = 'fairmark_requests_total{key="-",route="/v1/grade",status="499"}'
    wait_until(lambda: running.metric(answered) == 50)
    assert running.metric('fairmark_samples_total{grader="exact",outcome="graded"}') == 0


def test_after_a_storm_of_hang_ups_and_kills_nothing_is_held(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve("--queue", "60", "--body-megabytes", "1")
    requests = [
        posted(running, "/v1/grade", exact("42")),
        posted(running, "/v1/grade", {"grader": "similarity", "samples": long_texts(20, 3), "run": "a"}),
        posted(running, "/v1/grade", {"grader": "similarity", "samples": long_texts(20, 3), "run": "b"}),
        posted(running, "/v1/grade", exact("x" * 300_000)),
        posted(running, "/test_program", program(0.05) | {"program": "#" * 200_000}),
    ]
    for wave in range(12):
        callers = [socket.create_connection(address(running)) for _ in range(20)]
        for place, caller in enumerate(callers):
            request = requests[(wave + place) % len(requests)]
            caller.settimeout(0.05)
            with contextlib.suppress(TimeoutError):  # it waits for room, and is hung up on so
                caller.sendall(request if place % 3 else request[: len(request) // 2])
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(descendants(running.process.pid)[-1 - wave % 3], signal.SIGKILL)
        for caller in callers:
            hang_up(caller)
    wait_until(lambda: [running.metric(name) for name in NOW] == [0] * len(NOW), 30)
    assert running.post("/v1/grade", exact("42")).json()["results"][0]["score"] == 1
    assert not [line for line in running.log if "Traceback" in line]
