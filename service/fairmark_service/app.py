"""Wires the parts into one ASGI application; the only file that knows them all, and nothing happens at import."""

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from fairmark_graders import FairmarkError, Tools, __version__
from fairmark_graders.function import Function
from fairmark_graders.grader import Awaited, Place
from fairmark_graders.sandbox import Graders, Sandbox, SandboxUnavailable
from fairmark_graders.workers import Workers

from .admission import Admission
from .auth import Limit
from .cache import VerdictCache
from .door import Door
from .engine import Engine
from .gateway import Gateway
from .health import Health
from .intake import Intake
from .limits import Limits
from .loading import Rules
from .metrics import Metrics
from .pages import describe_protocols, envelope_errors, router
from .protocols import PROTOCOLS
from .protocols.protocol import Handler
from .quotas import Quotas
from .redis_server import RedisServer
from .settings import MiB, Settings
from .verdict_log import VerdictLog

log = logging.getLogger("fairmark")

DRAIN_SECONDS = 1
"""What judgements without a caller get to finish in, when the service stops."""


class Service:
    """The parts of one process, and the order in which they start and stop.

    `shared` is a directory through which the HTTP processes of one service count together.
    """

    def __init__(self, settings: Settings, rules: Rules, shared: Path | None = None) -> None:
        """Raises `FairmarkError` when a wall is missing that all must have, or the verdict log can't be written."""
        if settings.sandbox_missing == "refuse":
            asyncio.run(_try_sandbox(settings))
        self.metrics = Metrics(shared and shared / "metrics")
        self._rules, self.catalog, self.keys = rules, rules.catalog, rules.keys
        self.metrics.watch_catalog(lambda: self.catalog.snapshot)
        default = Limit(settings.rate, settings.quota)
        self.limits = Limits(self.keys, default, self.metrics, shared and shared / "limits")
        redis = _redis(settings)
        self.quotas = Quotas(redis, settings.cache_namespace, self.limits) if redis else None
        self.cache = VerdictCache(
            memory_bytes=settings.cache_megabytes * MiB,
            redis=redis,
            namespace=settings.cache_namespace,
            ttl_seconds=settings.cache_seconds,
            metrics=self.metrics,
        )
        self._grading_processes = settings.grading_processes
        sandbox = Sandbox(settings.sandboxes, settings.sandbox_python, settings.sandbox_missing)
        graders = Graders(settings.sandboxes, settings.sandbox_python, settings.sandbox_missing)
        self.tools = Tools(Workers(settings.grading_processes), sandbox, graders)
        self.verdicts = _verdict_log(settings)
        slots: dict[Place, int] = {"workers": settings.grading_processes, "sandbox": settings.sandboxes}
        admission = Admission(slots, settings.queue, self.metrics)
        self.engine = Engine(self.tools, self.cache, admission, self.metrics, self.verdicts)
        self.health = Health(self.catalog, sandbox)
        self.metrics.watch_readiness(lambda: self.health.ready)
        intake = Intake(settings.body_megabytes * MiB, self.metrics)
        handlers = [Handler(protocol, self.engine, intake, self.limits) for protocol in PROTOCOLS]
        door = Door(self.keys, loopback=settings.loopback)
        self.gateway = Gateway(handlers, self._pages(), door, self.catalog, self.metrics)

    def _pages(self) -> FastAPI:
        app = FastAPIOffline(title="fairmark", version=__version__, lifespan=self._lifespan, redoc_url=None)
        app.include_router(router(self.catalog, self.metrics, self.health))
        envelope_errors(app)
        describe_protocols(app)
        return app

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        await asyncio.gather(self.cache.start(), self.tools.workers.start(), self._start_sandbox())
        if self.quotas:
            await self.quotas.start()
        await self._warm()
        # What is loaded by now stays: out of the collector's sight, a pass over the young doesn't walk it again.
        gc.collect()
        gc.freeze()
        watches = [asyncio.create_task(watch) for watch in self._watches()]
        self.health.ready = True
        log.info("ready", extra=self.health.report())
        try:
            yield
        finally:
            self.health.ready = False
            for watch in watches:
                watch.cancel()
            await self._stop()

    def stopping(self) -> None:
        """Say that no new caller should come; what is in flight goes on."""
        self.health.ready = False

    def _watches(self) -> Iterator[Coroutine[Any, Any, None]]:
        yield self._rules.watch()
        yield self.metrics.watch()
        if self.quotas:
            yield self.quotas.watch()

    async def _start_sandbox(self) -> None:
        """Find out what confines programs here; where nothing can, what needs them is ungradable."""
        tools = self.tools
        await asyncio.gather(asyncio.to_thread(tools.sandbox.release), asyncio.to_thread(tools.graders.release))
        try:
            await tools.sandbox.start()
        except SandboxUnavailable as error:
            log.warning("programs can't be run", extra={"reason": str(error)})

    async def _warm(self) -> None:
        """Judge a little with every grader that needs tools, so that no sample pays for imports."""
        leaves = [leaf for entry in self.catalog.snapshot.entries.values() for leaf in entry.grader.leaves()]
        for leaf in leaves:
            if isinstance(leaf, Function):  # the operator's code is for samples alone
                await asyncio.gather(*(leaf.check(self.tools) for _ in range(self._grading_processes)))
            elif isinstance(leaf, Awaited):
                await leaf.check(self.tools)
                for case in leaf.warm():
                    leaf.quick(case)
                    await leaf.judge(case, self.tools)
        await self.tools.workers.settle()

    async def _stop(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.engine.flights.drain()
        await self.tools.close()
        await self.cache.close()
        if self.quotas:
            await self.quotas.close()
        if self.verdicts is not None:
            self.verdicts.close()
        self.metrics.settle()


def _redis(settings: Settings) -> RedisServer | None:
    if settings.redis is None:
        return None
    password = settings.redis_password.get_secret_value() if settings.redis_password else None
    return RedisServer(settings.redis.get_secret_value(), password, settings.redis_ca)


def _verdict_log(settings: Settings) -> VerdictLog | None:
    if settings.verdict_log is None:
        return None
    try:
        return VerdictLog(settings.verdict_log, settings.verdict_log_share, settings.verdict_log_samples)
    except OSError as error:
        raise FairmarkError(f"--verdict-log {settings.verdict_log}: {error.strerror}") from None


async def _try_sandbox(settings: Settings) -> None:
    sandbox = Sandbox(1, settings.sandbox_python, "refuse")
    try:
        await sandbox.start()
    finally:
        await sandbox.close()
