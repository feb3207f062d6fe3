"""One judgement per key at a time; who asks meanwhile waits for the one under way.

A flight outlives its first caller: once it has started it lands, and its verdict is kept, so that a caller who hung
up and comes again finds it done. One that still waits for its slot is dropped when nobody waits for it any more.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any

from fairmark_graders import Verdict


class Flight:
    """One judgement under way."""

    def __init__(self) -> None:
        self.started = False
        self.waiters = 0
        self.task: asyncio.Task[Verdict]


Work = Callable[[Flight], Coroutine[Any, Any, Verdict]]
"""Judges, and says on its flight when it has started."""


class Flights:
    """The judgements under way, by key."""

    def __init__(self) -> None:
        self._flying: dict[Hashable, Flight] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flying

    async def join(self, key: Hashable, work: Work) -> Verdict:
        """The verdict of the flight under `key`, which `work` begins if there is none."""
        flight = self._flying.get(key) or self._begin(key, work)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.started:
                self._land(key, flight)
                flight.task.cancel()

    def _begin(self, key: Hashable, work: Work) -> Flight:
        flight = self._flying[key] = Flight()
        flight.task = asyncio.create_task(work(flight))
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _land(self, key: Hashable, flight: Flight) -> None:
        if self._flying.get(key) is flight:
            del self._flying[key]

    async def drain(self) -> None:
        """Wait for every flight that has started; nobody begins new ones meanwhile."""
        started = [flight.task for flight in self._flying.values() if flight.started]
        await asyncio.gather(*started, return_exceptions=True)
