"""Zygotes that have imported a user's grader each: one call is one fork, and nothing is imported again.

A zygote is made a grader's own by `settle` (inside/grade.py): it confines itself before it imports the source. As many
calls run at a time as there are places; the zygotes used last are kept for the next call, of whichever grader.
"""

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from .outcome import Limits, Outcome, SandboxUnavailable
from .sandbox import Sandbox
from .zygote import Zygote, ZygoteLost

KEPT = 16
"""Zygotes that wait for a call of their grader: 10 MB of memory each, or 150 with pandas and scikit-learn."""
IMPORT = Limits(seconds=30.0, memory_bytes=2 << 30)
_TRIES = 3
"""As for programs: a call whose zygote is killed under it is begun anew."""
_BACKSTOP = 5
"""Times its limit, a call has to be over: the zygote's own clock must be at fault, or what was imported stops it."""
_PATIENCE = 60.0
_REMEMBERED = 10_000


class NotLoaded(Exception):
    """A source that gives no grader: it can't be imported, or not in its time; the message says why."""


class Graders:
    """Calls users' graders; belongs to the event loop that first uses it."""

    def __init__(
        self, size: int | None = None, python: Path | None = None, missing: Literal["allow", "refuse"] = "allow"
    ) -> None:
        """`python` has the libraries that graders import, by default those of this process; else as for programs."""
        self._sandbox = Sandbox(size, python or Path(sys.executable), missing)
        self._places = asyncio.Semaphore(self._sandbox.size)
        self._idle: list[tuple[str, Zygote]] = []
        """Used last comes last."""
        self._sound: set[bytes] = set()
        """Digests of sources that could be loaded."""

    async def load(self, source: str) -> None:
        """Have a zygote ready for a grader, unless it gets lost. Raises `NotLoaded` or `SandboxUnavailable`."""
        if _digest(source) in self._sound:
            return
        async with self._places:
            with contextlib.suppress(ZygoteLost):
                await self._keep(source, await self._take(source))

    async def call(self, source: str, job: Mapping[str, Any], limits: Limits) -> Outcome:
        """What becomes of one call. Raises `NotLoaded`."""
        request = json.dumps(job).encode()
        async with self._places:
            try:
                return await self._tried(source, request, limits)
            except SandboxUnavailable as error:
                return Outcome("sandbox_error", detail=str(error))

    def release(self) -> str:
        """Of the Python that graders run on, with its libraries'; takes some tenths of a second, once."""
        return self._sandbox.release()

    async def close(self) -> None:
        """End every call, as `sandbox_error`; no process is left when this returns."""
        await self._sandbox.close()

    async def _tried(self, source: str, job: bytes, limits: Limits) -> Outcome:
        for _ in range(_TRIES):
            try:
                return await self._called(source, job, limits)
            except TimeoutError:
                return Outcome("sandbox_error", detail="the grader's process doesn't answer")
            except ZygoteLost as error:
                reason = str(error)
        return Outcome("sandbox_error", detail=reason)

    async def _called(self, source: str, job: bytes, limits: Limits) -> Outcome:
        zygote = await self._take(source)
        outcome = await self._run(zygote, "grade", job, limits)
        await self._keep(source, zygote)
        return outcome

    async def _run(self, zygote: Zygote, mode: str, job: bytes, limits: Limits) -> Outcome:
        """One run; where it doesn't end well, the zygote does. Raises `ZygoteLost` or `TimeoutError`."""
        try:
            async with asyncio.timeout(_BACKSTOP * limits.seconds + _PATIENCE):
                return await zygote.run(mode, [job], limits)
        except BaseException:
            await zygote.close()
            raise

    async def _take(self, source: str) -> Zygote:
        for kept in [kept for kept in reversed(self._idle) if kept[0] == source]:
            self._idle.remove(kept)
            if kept[1].waits:
                return kept[1]
            await kept[1].close()
        return await self._loaded(source)

    async def _loaded(self, source: str) -> Zygote:
        """A zygote that has imported a source; one that dies of it several times was not killed by accident."""
        for _ in range(_TRIES):
            zygote = await self._sandbox.zygote()
            with contextlib.suppress(ZygoteLost):
                await self._settle(zygote, source)
                return zygote
        raise NotLoaded("importing it ends its process")

    async def _settle(self, zygote: Zygote, source: str) -> None:
        try:
            settled = await self._run(zygote, "settle", json.dumps({"source": source}).encode(), IMPORT)
            if settled.status == "sandbox_error":
                raise SandboxUnavailable(settled.detail or "a grader can't be shut in")
            if refused := _refusal(settled):
                raise NotLoaded(refused)
        except TimeoutError:
            raise NotLoaded("importing it doesn't end") from None
        except (SandboxUnavailable, NotLoaded):
            await zygote.close()
            raise
        if len(self._sound) == _REMEMBERED:
            self._sound.clear()
        self._sound.add(_digest(source))

    async def _keep(self, source: str, zygote: Zygote) -> None:
        """Have it wait for the next call, in place of the one that has waited longest."""
        self._idle.append((source, zygote))
        while len(self._idle) > KEPT:
            _, oldest = self._idle.pop(0)
            await oldest.close()


def _digest(source: str) -> bytes:
    return hashlib.sha256(source.encode()).digest()


def _refusal(settled: Outcome) -> str | None:
    """Why a source gives no grader; what was imported could have written anything."""
    try:
        return json.loads(settled.result).get("refused")  # type: ignore[no-any-return]
    except (ValueError, AttributeError, RecursionError):
        return "importing it writes to its process's own descriptors"
