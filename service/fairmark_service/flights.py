"""One judgement per key at a time; who asks meanwhile waits for the one under way.

A flight outlives its first caller: once it has started it lands, and its verdict is kept, so that a caller who hung
up and comes again finds it done. One that still waits for its slot is dropped when nobody waits for it any more.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from typing import Any

from .admission import Turn
from .line import Line


class Flight:
    """One judgement under way; it has started when its turn is over."""

    def __init__(self, turn: Turn) -> None:
        self.waiters, self.turn = 0, turn
        self.task: asyncio.Task[Any]


Work = Callable[[Turn], Coroutine[Any, Any, Any]]
"""Judges, or runs a program, when it is its turn."""


class Flights:
    """The judgements under way, by key."""

    def __init__(self, turn: Callable[[Line], Turn]) -> None:
        self._turn = turn
        self._flying: dict[Hashable, Flight] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flying

    async def join(
        self, works: Mapping[Hashable, Work], lines: Iterable[Line], *, ahead: bool = False
    ) -> dict[Hashable, Any]:
        """What the flight under each key gives, which its work begins if there is none; all before this waits.

        Each waits in those lines; `ahead`, at their head.
        """
        flights = {key: self._board(key, work, lines, ahead) for key, work in works.items()}
        try:
            await asyncio.wait([flight.task for flight in flights.values()])
            return {key: flight.task.result() for key, flight in flights.items()}
        finally:
            for key, flight in flights.items():
                self._leave(key, flight)

    def _board(self, key: Hashable, work: Work, lines: Iterable[Line], ahead: bool) -> Flight:
        flight = self._flying.get(key) or self._begin(key, work, next(iter(lines)))
        flight.turn.join(lines, ahead=ahead)
        flight.waiters += 1
        return flight

    def _leave(self, key: Hashable, flight: Flight) -> None:
        flight.waiters -= 1
        if not flight.waiters and not flight.turn.over:
            self._land(key, flight)
            flight.task.cancel()

    def _begin(self, key: Hashable, work: Work, line: Line) -> Flight:
        flight = self._flying[key] = Flight(self._turn(line))
        flight.task = asyncio.create_task(work(flight.turn))
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight

    def _land(self, key: Hashable, flight: Flight) -> None:
        flight.turn.end()
        if self._flying.get(key) is flight:
            del self._flying[key]

    async def drain(self) -> None:
        """Wait for every flight that has started; nobody begins new ones meanwhile."""
        started = [flight.task for flight in self._flying.values() if flight.turn.over]
        await asyncio.gather(*started, return_exceptions=True)
