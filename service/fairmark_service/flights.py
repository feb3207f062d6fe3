"""One judgement per key at a time; who asks meanwhile waits for the one under way.

A flight outlives its first caller: once it has started it lands, and its verdict is kept, so that a caller who hung
up and comes again finds it done. One that still waits for its slot is dropped when nobody waits for it any more.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping
from typing import Any


class Flight:
    """One judgement under way."""

    def __init__(self, line: set["Flight"]) -> None:
        self.waiters = 0
        self.task: asyncio.Task[Any]
        self._line = line
        line.add(self)

    def start(self) -> None:
        """The wait for a slot is over."""
        self._line.discard(self)


Work = Callable[[Flight], Coroutine[Any, Any, Any]]
"""Judges, or runs a program, and says on its flight when it has started."""


class Flights:
    """The judgements under way, by key."""

    def __init__(self) -> None:
        self._flying: dict[Hashable, Flight] = {}
        self._line: set[Flight] = set()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flying

    @property
    def waiting(self) -> int:
        """How many have not started."""
        return len(self._line)

    async def join(self, works: Mapping[Hashable, Work]) -> dict[Hashable, Any]:
        """What the flight under each key gives, which its work begins if there is none; all before this waits."""
        flights = {key: self._board(key, work) for key, work in works.items()}
        try:
            await asyncio.wait([flight.task for flight in flights.values()])
            return {key: flight.task.result() for key, flight in flights.items()}
        finally:
            for key, flight in flights.items():
                self._leave(key, flight)

    def _board(self, key: Hashable, work: Work) -> Flight:
        flight = self._flying.get(key) or self._begin(key, work)
        flight.waiters += 1
        return flight

    def _leave(self, key: Hashable, flight: Flight) -> None:
        flight.waiters -= 1
        if not flight.waiters and flight in self._line:
            self._land(key, flight)
            flight.task.cancel()

    def _begin(self, key: Hashable, work: Work) -> Flight:
        flight = self._flying[key] = Flight(self._line)
        flight.task = asyncio.create_task(work(flight))
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _land(self, key: Hashable, flight: Flight) -> None:
        self._line.discard(flight)
        if self._flying.get(key) is flight:
            del self._flying[key]

    async def drain(self) -> None:
        """Wait for every flight that has started; nobody begins new ones meanwhile."""
        started = [flight.task for flight in self._flying.values() if flight not in self._line]
        await asyncio.gather(*started, return_exceptions=True)
