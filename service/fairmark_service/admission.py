"""How much is judged at a time, and how much may wait for it.

`slots` judgements run at once, `queue` more may wait in order of arrival. A request asks `check` for all it brings
before any of it is begun, so that it is refused whole or not at all.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .errors import Overloaded
from .metrics import Metrics


class Admission:
    """Slots, and the line before them."""

    def __init__(self, slots: int, queue: int, metrics: Metrics) -> None:
        self._slots = asyncio.Semaphore(slots)
        self._count, self._queue, self._metrics = slots, queue, metrics
        self._waiting = 0
        self._pace = 0.01  # seconds a judgement takes, smoothed; what Retry-After is reckoned from

    def check(self, judgements: int) -> None:
        """Raise `Overloaded` when `judgements` more would overfill the line; an empty line takes any one request."""
        if self._waiting and self._waiting + judgements > self._queue:
            self._metrics.rejected("queue")
            wait = math.ceil(self._waiting * self._pace / self._count)
            raise Overloaded(f"{self._waiting} judgements are waiting already", retry_after=min(max(wait, 1), 30))

    @asynccontextmanager
    async def slot(self, grader: str) -> AsyncIterator[None]:
        """Hold one slot for a grader of that name; the wait for it and the work in it are measured apart."""
        arrived = time.perf_counter()
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        began = time.perf_counter()
        try:
            yield
        finally:
            self._slots.release()
            seconds = time.perf_counter() - began
            self._pace += 0.05 * (seconds - self._pace)
            self._metrics.judged(grader, queued=began - arrived, worked=seconds)
