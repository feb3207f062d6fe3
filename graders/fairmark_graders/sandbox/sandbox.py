"""Places for programs: one zygote each, a queue before them, and another try when a zygote is lost."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from weakref import WeakSet

from ..cores import cores
from .interpreter import release
from .outcome import Limits, Outcome, SandboxUnavailable
from .zygote import Zygote, ZygoteLost

_TRIES = 3
"""A run whose zygote is killed under it is begun anew; a third death is no accident."""
_PROBE = Limits(seconds=20.0)
_ORDINARY = Limits()
_NO_FILES: Mapping[str, bytes] = {}
_ROLES = ("program", "tests")


class Sandbox:
    """Runs programs that nobody trusts, up to `size` at a time.

    Belongs to the event loop that first uses it. Zygotes start when first needed.
    """

    def __init__(
        self, size: int | None = None, python: Path | None = None, missing: Literal["allow", "refuse"] = "allow"
    ) -> None:
        """`size` defaults to the processors this process may use, `python` to the service's without its libraries.

        With `missing="refuse"` no program runs where any wall is missing; with "allow" what stands must do, and seccomp
        and one wall for files always stand.
        """
        self.size = size or cores()
        self._python, self._missing = python, missing
        self._places = asyncio.Semaphore(self.size)
        self._idle: list[Zygote] = []
        self._report: dict[str, Any] = {}
        self._started = WeakSet[Zygote]()
        self._closed = False

    async def start(self) -> None:
        """Have one zygote ready, so that it is known what stands. Raises `SandboxUnavailable`."""
        async with self._places:
            try:
                self._idle.append(await self._take())
            except ZygoteLost as error:
                self._report = {"unavailable": str(error)}
                raise SandboxUnavailable(str(error)) from error

    async def close(self) -> None:
        """End every run, as `sandbox_error`; no process is left when this returns."""
        self._closed = True
        await asyncio.gather(*(zygote.close() for zygote in [*self._started]))

    def release(self) -> str:
        """Of the Python that programs run on, with its libraries'; takes some tenths of a second, once."""
        return release(self._python)

    def report(self) -> dict[str, Any]:
        """What confines programs, and what is missing with the reason; `unavailable` where they can't be run."""
        return {"places": self.size, **self._report}

    async def program(
        self,
        source: str,
        stdin: bytes = b"",
        files: Mapping[str, bytes] = _NO_FILES,
        fetch: Sequence[str] = (),
        limits: Limits = _ORDINARY,
    ) -> Outcome:
        """Run a program as `python main.py` would, with these files in its directory, by relative names.

        What lies under the names in `fetch` when it ends is in the outcome's result, as JSON: base64 by name.
        """
        packed = {name: _base64(content) for name, content in files.items()}
        job = {"source": source, "stdin": _base64(stdin), "files": packed, "fetch": fetch}
        return await self.run("script", job, limits)

    async def run(self, mode: str, job: Mapping[str, Any], limits: Limits) -> Outcome:
        """Run one job. `stdin` and `files` in it, in base64, are put in place; the rest is the mode's.

        Waits for a place. A caller that is cancelled leaves the queue, or ends its run.
        """
        jobs = (
            [json.dumps(job[role]).encode() for role in _ROLES]
            if job.keys() == {*_ROLES}
            else [json.dumps(job).encode()]
        )
        async with self._places:
            return await self._tried(mode, jobs, limits)

    async def _tried(self, mode: str, jobs: list[bytes], limits: Limits) -> Outcome:
        for _ in range(_TRIES):
            try:
                return await self._run(mode, jobs, limits)
            except ZygoteLost as error:
                reason = str(error)
            except SandboxUnavailable as error:
                return Outcome("sandbox_error", detail=str(error))
        return Outcome("sandbox_error", detail=reason)

    async def _run(self, mode: str, jobs: list[bytes], limits: Limits) -> Outcome:
        zygote = await self._take()
        try:
            outcome = await zygote.run(mode, jobs, limits)
        except BaseException:
            await zygote.close()
            raise
        self._idle.append(zygote)
        return outcome

    async def _take(self) -> Zygote:
        while self._idle:
            zygote = self._idle.pop()
            if zygote.waits:
                return zygote
            await zygote.close()
        return await self.zygote()

    async def zygote(self) -> Zygote:
        """A new zygote whose walls have been tried. Raises `SandboxUnavailable` or `ZygoteLost`."""
        if self._closed:
            raise SandboxUnavailable("the sandbox is closed")
        try:
            zygote = await self._tested()
        except SandboxUnavailable as error:
            self._report = {"unavailable": str(error)}
            raise
        self._report = zygote.report
        return zygote

    async def _tested(self) -> Zygote:
        zygote = Zygote(self._python)
        self._started.add(zygote)
        try:
            await zygote.begin()
            await self._check(zygote)
        except BaseException:
            await zygote.close()
            raise
        return zygote

    async def _check(self, zygote: Zygote) -> None:
        if self._missing == "refuse" and zygote.report["missing"]:
            reasons = "; ".join(f"{wall}: {reason}" for wall, reason in zygote.report["missing"].items())
            raise SandboxUnavailable(f"walls are missing here, and all are asked for: {reasons}")
        tried = await zygote.run("probe", [b"{}"], _PROBE)
        if tried.status != "finished":
            raise SandboxUnavailable(f"the walls can't be built: {_last_line(tried)}")
        if done := json.loads(tried.result):
            raise SandboxUnavailable(f"the walls don't hold: a program could {', '.join(done)}")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _last_line(outcome: Outcome) -> str:
    lines = outcome.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else outcome.detail or outcome.status
