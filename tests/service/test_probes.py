"""The second port: health, readiness and metrics for those who have no key, and nothing else."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.running import Serve

from fairmark_service.metrics import Metrics
from fairmark_service.probes import Probes


@asynccontextmanager
async def served(
    report: dict[str, Any], expose: Callable[[], bytes] = lambda: b"fairmark_slots 2\n"
) -> AsyncIterator[httpx.AsyncClient]:
    listener = socket.create_server(("127.0.0.1", 0))
    probes = Probes(listener, lambda: report, expose)
    await probes.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
        yield client
        await asyncio.wait_for(probes.stop(), 5)


@pytest.mark.anyio
async def test_readiness_follows_the_report() -> None:
    report = {"ready": False, "graders": 3}
    async with served(report) as client:
        before = await client.get("/readyz")
        report["ready"] = True
        after = await client.get("/readyz")
    assert (before.status_code, before.json()["graders"], after.status_code) == (503, 3, 200)


@pytest.mark.anyio
async def test_it_is_alive_while_it_is_not_ready() -> None:
    async with served({"ready": False}) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}


@pytest.mark.anyio
async def test_metrics_are_text_that_prometheus_reads() -> None:
    async with served({"ready": True}) as client:
        answer = await client.get("/metrics")
    assert (answer.text, answer.headers["content-type"]) == (
        "fairmark_slots 2\n",
        "text/plain; version=0.0.4; charset=utf-8",
    )


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/", "/v1/graders", "/docs", "/healthz/", "/v1/grade"])
async def test_nothing_else_is_served(path: str) -> None:
    async with served({"ready": True}) as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, json={})).status_code == 404


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_busy_loop_is_seen_alive_and_ready(path: str) -> None:
    async with served({"ready": True}) as client:
        with ThreadPoolExecutor(1) as asking:
            answer = asking.submit(httpx.get, f"{client.base_url}{path}", timeout=10)
            end = time.monotonic() + 10
            while not answer.done() and time.monotonic() < end:  # the main loop, which doesn't turn meanwhile
                pass
            assert answer.done()
        assert answer.result().status_code == 200


@pytest.mark.anyio
async def test_a_loop_that_hangs_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairmark_service.probes.STUCK_SECONDS", 0.2)
    async with served({"ready": True}) as client:
        time.sleep(0.3)  # noqa: ASYNC251 - the hang
        with ThreadPoolExecutor(1) as asking:
            answer = asking.submit(httpx.get, f"{client.base_url}/healthz").result()
    assert answer.status_code == 503
    assert answer.json()["status"].startswith("the event loop has not turned for ")


@pytest.mark.anyio
async def test_the_metrics_of_a_loop_that_hangs_tell_since_when() -> None:
    async with served({"ready": True}, Metrics().settled) as client:
        hangs = time.time()
        with ThreadPoolExecutor(1) as asking:
            told = asking.submit(httpx.get, f"{client.base_url}/metrics").result().text
    (turned,) = re.findall(r"^fairmark_loop_turned_timestamp_seconds (\S+)$", told, re.MULTILINE)
    assert hangs - 10 < float(turned) < hangs


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service_that_stops_is_not_ready_while_it_finishes_what_is_in_flight(
    workers: int, serve: Serve, wait_until: Callable[..., None]
) -> None:
    service = serve("--probe-port", "0", "--workers", workers, "--sandboxes", "2", "--grading-processes", "2")
    ready, in_flight = f"{service.probes}/readyz", "fairmark_requests_in_flight 1.0"
    assert httpx.get(ready).status_code == 200
    with ThreadPoolExecutor() as pool:
        program = {"code": "import time; time.sleep(4); print(7)", "language": "python"}
        answer = pool.submit(service.post, "/run_code", program)
        wait_until(lambda: in_flight in httpx.get(f"{service.probes}/metrics").text)
        service.process.terminate()
        wait_until(lambda: httpx.get(ready).status_code == 503)
        assert not answer.done()
        assert answer.result().json()["run_result"]["stdout"] == "7\n"
