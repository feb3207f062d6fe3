"""How much is judged at a time, and how much may wait for it.

Each place runs so many judgements at once, `queue` more may wait in order of arrival; the flights know how many do. A
request asks `check` for all it brings before any of it is begun, so that it is refused whole or not at all. A judgement
that turns slow in the workers hands its slot on; how many of those there may be, the workers say: when they take no
more, slots stay held, the line grows and fills.
"""

import asyncio
import functools
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from fairmark_graders.grader import Place

from .errors import Overloaded
from .metrics import Metrics


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


class Admission:
    """Slots of each place, and a bound on the lines before them."""

    def __init__(self, slots: Mapping[Place, int], queue: int, metrics: Metrics) -> None:
        self._slots = {place: asyncio.Semaphore(count) for place, count in slots.items()}
        self._count, self._queue, self._metrics = sum(slots.values()), queue, metrics
        self._pace = 0.01  # seconds a slot is held, smoothed; what Retry-After is reckoned from

    def check(self, judgements: int, waiting: int) -> None:
        """Raise `Overloaded` when `judgements` more would overfill the line; an empty line takes any one request."""
        if judgements and waiting and waiting + judgements > self._queue:
            self._metrics.rejected("queue")
            wait = math.ceil(waiting * self._pace / self._count)
            raise Overloaded(f"{waiting} judgements are waiting already", retry_after=min(max(wait, 1), 30))

    @asynccontextmanager
    async def slot(self, grader: str, place: Place) -> AsyncIterator[Slot]:
        """Hold one slot for a grader of that name; the wait for it and the work after it are measured apart."""
        arrived = time.perf_counter()
        await self._slots[place].acquire()
        slot = Slot(functools.partial(self._release, place), self._metrics)
        try:
            yield slot
        finally:
            slot.end()
            self._metrics.judged(grader, queued=slot.began - arrived, worked=time.perf_counter() - slot.began)

    def _release(self, place: Place, began: float) -> None:
        self._slots[place].release()
        self._pace += 0.05 * (time.perf_counter() - began - self._pace)
