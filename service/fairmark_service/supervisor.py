"""Several HTTP processes under one address: starts them, deals them connections and news, and starts the dead again.

    settings, graders, keys ─► supervisor ─ channel ─► HTTP process 1 ─► its grading processes, its sandboxes
    connections ─ accept ────►            ─ channel ─► HTTP process 2 ─► …

It alone reads the operator's files, and grades nothing itself.
"""

import asyncio
import contextlib
import logging
import operator
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from . import server
from .child import Child, Failed
from .dealer import Dealer
from .loading import Files
from .metrics import SharedMetrics
from .probes import STUCK_SECONDS, TURN_SECONDS, Probes
from .process import News, Start
from .reload import poll
from .settings import Settings

FINISH_SECONDS = server.STOP_SECONDS + 2.5
"""What processes get to stop in, before they are killed."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 30.0
"""Seconds before a process that ended is started again: doubled each time, unless it lived for the longest."""

log = logging.getLogger("fairmark.supervisor")


class Supervisor:
    """The HTTP processes of one service, from its start to its end."""

    def __init__(self, settings: Settings, sockets: server.Sockets, shared: Path) -> None:
        """Raises `FairmarkError` when the graders or the keys can't be served."""
        self._settings, self._shared, self._files = settings, shared, Files(settings)
        self._told, self._begun = News(self._files.loaded), False
        self._metrics = SharedMetrics(shared / "metrics", lambda: self._files.catalog.snapshot)
        self._children = [Child(number, shared / "metrics") for number in range(1, settings.workers + 1)]
        self._dealer = Dealer(sockets.main, self._children)
        self._probes = Probes(sockets.probes, self._report, self._metrics.expose) if sockets.probes else None
        self._announcement = server.Announcement(settings, sockets)

    async def run(self) -> int:
        """Serve until a signal comes; its number. Raises `Failed` when a process can't start to begin with."""
        signals, serving = _signals(), asyncio.create_task(self._serve())
        told = asyncio.ensure_future(signals.get())
        either: set[asyncio.Future[Any]] = {told, serving}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():  # it doesn't end but by failing
                serving.result()
            self._tell(self._told._replace(draining=True))
            if told.result() == signal.SIGTERM:
                await self._drain(signals)
            return told.result()
        finally:
            told.cancel()
            serving.cancel()
            await asyncio.wait(either)
            await self._close()

    async def _serve(self) -> None:
        if self._probes:
            await self._probes.start()
        await asyncio.gather(*map(self._start, self._children))
        self._dealer.open()
        self._announcement.make()
        self._begun = True
        await asyncio.gather(self._watch(), end_hung(self._children), *map(self._keep, self._children))

    async def _drain(self, signals: asyncio.Queue[int]) -> None:
        """Go on until whoever asks `/readyz` sends no more; a second signal ends that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_seconds):
                await signals.get()

    async def _close(self) -> None:
        self._announcement.withdraw()
        self._dealer.close()
        await asyncio.gather(*(child.finish(FINISH_SECONDS) for child in self._children))
        if self._probes:
            await self._probes.stop()

    def _report(self) -> dict[str, Any]:
        """Ready with all processes to begin with, and later with any: one that keeps ending takes no pod away."""
        snapshot, ready = self._files.catalog.snapshot, {str(child.number): child.ready for child in self._children}
        return {
            "ready": self._begun and not self._told.draining and any(ready.values()),
            "processes": ready,
            "graders": len(snapshot.entries),
            "broken": [str(broken) for broken in snapshot.broken],
        }

    async def _start(self, child: Child) -> None:
        await child.start(Start(self._settings.share(child.number), self._shared, self._told))

    async def _keep(self, child: Child) -> None:
        """Start another whenever one ends."""
        pause = SHORTEST_PAUSE
        while True:
            began = time.monotonic()
            code = await child.ended()
            self._dealer.deal_again(child.left())
            self._metrics.bury(child.pid)
            pause = SHORTEST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)
            log.error("an HTTP process ended", extra={"worker": child.number, "code": code, "again_in": pause})
            await asyncio.sleep(pause)
            self._metrics.restarted()
            try:
                await self._start(child)
            except Failed as error:
                log.error("an HTTP process doesn't start: %s", error)

    async def _watch(self) -> None:
        """Tell all processes of each change in one go."""
        loop = asyncio.get_running_loop()

        def look() -> None:
            self._files.look()
            loop.call_soon_threadsafe(self._tell_changes)

        await poll(look)

    def _tell_changes(self) -> None:
        loaded = self._files.loaded
        if any(map(operator.is_not, loaded, self._told.loaded)):
            self._tell(self._told._replace(loaded=loaded))

    def _tell(self, news: News) -> None:
        self._told = news
        for child in self._children:
            child.tell(news)


async def end_hung(children: Sequence[Child], looks: int = STUCK_SECONDS // TURN_SECONDS) -> None:
    """Kill processes whose loops don't turn, until cancelled: another can be started then, and their callers told.

    Looks are counted and not seconds, or a supervisor that slept itself would kill them all before it hears them.
    """
    while True:
        await asyncio.sleep(TURN_SECONDS)
        for child in children:
            child.unheard += child.ready
            if child.unheard > looks:
                log.error("an HTTP process hangs and is killed", extra={"worker": child.number})
                child.kill()


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, and end by it. Raises what keeps it from starting."""
    sockets = server.bind(settings)
    with (
        tempfile.TemporaryDirectory(prefix="fairmark-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        shared = Path(folder)
        (shared / "metrics").mkdir()
        number = runner.run(Supervisor(settings, sockets, shared).run())
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def _signals() -> asyncio.Queue[int]:
    """The signals that say to stop, as they come."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    return signals
