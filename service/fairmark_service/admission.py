"""How much is judged at a time, how much may wait for it, and whose turn it is.

Each place runs so many judgements at once. Those that wait stand in lines, one for each key and training run. A slot
that comes free goes to the next key in turn, and with it to the next of its lines: one run's thousands wait for each
other, and another's single judgement for one slot; many runs give a key no more than one does. Within a line they go
in order of arrival.

A judgement belongs to the line that began it. Whoever joins it from another line has it stand there too, so that it
comes no later than if it had been begun there; the line that reaches it first has spent its turn on it.

How many may wait is bounded, by line as `Room` says. A request asks `check` for all it brings before any of it is
begun, so that it is refused whole or not at all. Patient callers are neither asked nor counted: they wait in lines of
their own until their patience is over, and the bytes of their bodies bound how many do.

Large requests take turns before they are decoded, key by key: what is judged at once is judged on the event loop, where
a burst that is read in one of its turns would keep all others waiting, 2.6 s for 200 requests of 4,096 samples.

A judgement that turns slow in the workers hands its slot on; how many of those there may be, the workers say: when they
take no more, slots stay held, the lines grow and fill.
"""

import asyncio
import functools
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fairmark_graders.grader import Place

from .errors import Overloaded
from .line import Line
from .metrics import Metrics
from .room import Room

T = TypeVar("T")
LARGE_AT_A_TIME = 4
"""Requests that may hold the event loop before others come, for some 15 ms each at most. One at a time costs a batch of
64 another 10 %."""
Counting = Callable[[int], None]
"""Takes one more, or one less."""


class Turn:
    """One judgement's wait for its slot, which may be in several lines."""

    def __init__(self, line: Line, room: Room) -> None:
        self.lines = dict.fromkeys([line])
        self.over = False
        self.ahead = False
        """Whether it goes to the head of its lines."""
        self.slots: Slots | None = None
        """What it waits for, while it does."""
        self.come: asyncio.Future[None]
        self._first, self._room = line, room
        if not line.patient:
            room.add(line, 1)

    def join(self, lines: Iterable[Line], *, ahead: bool = False) -> None:
        """Stand in more lines; `ahead`, at their head."""
        new = [line for line in lines if line not in self.lines]
        self.lines.update(dict.fromkeys(new))
        self.ahead = self.ahead or ahead
        if self.slots is not None:
            self.slots.stand(self, self.lines if ahead else new)

    def end(self) -> None:
        """The wait is over: for a slot, or for nothing."""
        if not self.over:
            self.over = True
            if not self._first.patient:
                self._room.give(self._first, 1)


def _uncounted(more: int) -> None:
    """What nobody watches."""


class Slots:
    """The slots of one place, and the lines before them."""

    def __init__(self, count: int, busy: Counting = _uncounted, waiting: Counting = _uncounted) -> None:
        """`busy` and `waiting` are told of each slot that is taken and each turn that waits, and of their ends."""
        self._free, self._busy, self._waiting = count, busy, waiting
        self._lines: OrderedDict[str, OrderedDict[Line, OrderedDict[Turn, None]]] = OrderedDict()
        """By key; keys, and the lines of each, in the order of their turns."""

    async def take(self, turn: Turn) -> None:
        """Wait for a slot."""
        if self._free:
            self._free -= 1
            self._busy(1)
        else:
            await self._wait(turn)
        turn.end()

    def give(self) -> None:
        """Hand a slot to the next."""
        while self._lines:
            key, lines = next(iter(self._lines.items()))
            line, turns = next(iter(lines.items()))
            turn = next(iter(turns))
            self._leave(turn)
            if not turn.come.done():  # it is, where its judgement was dropped in this very moment
                _to_end(lines, line)
                _to_end(self._lines, key)
                turn.come.set_result(None)
                return
        self._free += 1
        self._busy(-1)

    def stand(self, turn: Turn, lines: Iterable[Line]) -> None:
        """Have it stand in these of its lines."""
        for line in lines:
            turns = self._lines.setdefault(line.key, OrderedDict()).setdefault(line, OrderedDict())
            turns.setdefault(turn)
            if turn.ahead:
                turns.move_to_end(turn, last=False)

    async def _wait(self, turn: Turn) -> None:
        turn.come = asyncio.get_running_loop().create_future()
        turn.slots = self
        self.stand(turn, turn.lines)
        self._waiting(1)
        try:
            await turn.come
        except asyncio.CancelledError:
            if turn.slots is not None:
                self._leave(turn)
            elif not turn.come.cancelled():
                self.give()
            raise

    def _leave(self, turn: Turn) -> None:
        turn.slots = None
        self._waiting(-1)
        for line in turn.lines:
            lines = self._lines[line.key]
            del lines[line][turn]
            if not lines[line]:
                del lines[line]
            if not lines:
                del self._lines[line.key]


def _to_end(turns: "OrderedDict[T, Any]", had: T) -> None:
    """Let the others come first; who has nothing left there is gone already."""
    if had in turns:
        turns.move_to_end(had)


class Slot:
    """The right to judge; of one judgement."""

    def __init__(self, release: Callable[[float], None], metrics: Metrics) -> None:
        self._release, self._metrics, self._slow = release, metrics, False
        self.began = time.perf_counter()

    def hand_on(self) -> None:
        """Let another judgement begin, though this one goes on, in the slow lane."""
        if not self._slow:
            self._slow = True
            self._metrics.slow(1)
            self._release(self.began)

    def end(self) -> None:
        """The judgement is done."""
        if self._slow:
            self._metrics.slow(-1)
        else:
            self._release(self.began)


def _counted(place: Place, count: int, metrics: Metrics) -> Slots:
    metrics.slots(place, count)
    return Slots(count, functools.partial(metrics.busy, place), functools.partial(metrics.waiting, place))


class Admission:
    """Slots of each place, and a bound on the lines before them."""

    def __init__(self, slots: Mapping[Place, int], queue: int, metrics: Metrics) -> None:
        self._slots = {place: _counted(place, count, metrics) for place, count in slots.items()}
        self._loop = Slots(LARGE_AT_A_TIME)
        self._count, self._metrics = sum(slots.values()), metrics
        self._room = Room(queue)
        self._pace = 0.01  # seconds a slot is held, smoothed; what Retry-After is reckoned from

    @property
    def waiting(self) -> int:
        """Judgements that were begun and have no slot yet; not those of patient callers."""
        return self._room.held

    def check(self, judgements: int, line: Line) -> None:
        """Raise `Overloaded` when so many more would overfill the line; empty lines take any one request."""
        if not line.patient and not self._room.fits(line, judgements):
            self._metrics.rejected("queue")
            wait = math.ceil(self.waiting * self._pace / self._count)
            raise Overloaded(f"{self.waiting} judgements are waiting already", retry_after=min(max(wait, 1), 30))

    def turn(self, line: Line) -> Turn:
        """A judgement of that line that begins to wait; it counts until its turn is over."""
        return Turn(line, self._room)

    async def large(self, key: str, look: Callable[[], Awaitable[None]]) -> None:
        """Wait for a turn among the requests that hold the event loop for milliseconds; small ones come between.

        What `look` does is done in that turn; what comes after it is too, for the next is woken when it awaits. These
        are no judgements, so they don't count as such: bytes bound how many wait.
        """
        await self._loop.take(Turn(Line(key, patient=True), self._room))
        try:
            await look()
        finally:
            self._loop.give()

    @asynccontextmanager
    async def slot(self, grader: str, place: Place, turn: Turn) -> AsyncIterator[Slot]:
        """Hold one slot for a grader of that name; the wait for it and the work after it are measured apart."""
        arrived = time.perf_counter()
        await self._slots[place].take(turn)
        slot = Slot(functools.partial(self._release, place), self._metrics)
        try:
            yield slot
        finally:
            slot.end()
            self._metrics.judged(grader, queued=slot.began - arrived, worked=time.perf_counter() - slot.began)

    def _release(self, place: Place, began: float) -> None:
        self._slots[place].give()
        self._pace += 0.05 * (time.perf_counter() - began - self._pace)
