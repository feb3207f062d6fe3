"""The second port: health, readiness and metrics for those who have no key, and nothing else."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from fairmark_service.probes import Probes


@asynccontextmanager
async def served(report: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    listener = socket.create_server(("127.0.0.1", 0))
    probes = Probes(listener, lambda: report, lambda: b"fairmark_slots 2\n")
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
