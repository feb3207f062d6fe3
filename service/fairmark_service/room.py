"""Room that callers share, of which none can have all.

A caller may hold at most twice what is still free after it: a dynamic threshold, as switches have it for the memory
their ports share (Choudhury and Hahne, 1998). Room is left for whoever comes next, and none is kept apart for anybody:
one caller alone gets two thirds, the next two ninths, and many come to equal shares as what they hold is given back.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable

SHARE = 2
"""Times what is free. At the default bounds a newcomer beside one who holds all it may still gets its largest request
in: 4,444 judgements of 20,000, and 113 MiB of 512."""


class Room:
    """So much of something; `held` of it is taken."""

    def __init__(self, most: int) -> None:
        self.held = 0
        self._most = most
        self._held_by: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, OrderedDict[asyncio.Future[None], int]] = {}

    def fits(self, who: Hashable, amount: int) -> bool:
        """Whether so much more may be taken; where nothing is held, any amount may."""
        if not self.held or not amount:
            return True
        return self._held_by.get(who, 0) + amount <= SHARE * (self._most - self.held - amount)

    def take(self, who: Hashable, amount: int) -> bool:
        """Take it, if it fits."""
        if self.held and not self.fits(who, amount):
            return False
        self.add(who, amount)
        return True

    def add(self, who: Hashable, amount: int) -> None:
        """Take it, whether it fits or not."""
        self.held += amount
        self._held_by[who] = self._held_by.get(who, 0) + amount

    def give(self, who: Hashable, amount: int) -> None:
        """Give back what was taken."""
        self.held -= amount
        left = self._held_by.get(who, 0) - amount
        if left:
            self._held_by[who] = left
        else:
            self._held_by.pop(who, None)
        if self._waiting:
            self._let_in()

    def take_in_turn(self, who: Hashable, amount: int) -> bool:
        """Take it, if it fits and nothing waits for the same caller."""
        return who not in self._waiting and self.take(who, amount)

    async def wait(self, who: Hashable, amount: int) -> None:
        """Take it as soon as it fits, after all that wait for the same caller."""
        if self.take_in_turn(who, amount):
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, OrderedDict())[mine] = amount
        try:
            await mine
        except asyncio.CancelledError:
            if mine.cancelled():
                self._leave(who, mine)
                self._let_in()
            else:
                self.give(who, amount)
            raise

    def _let_in(self) -> None:
        for who, line in list(self._waiting.items()):
            while line:
                future, amount = next(iter(line.items()))
                if not future.done():
                    if not self.take(who, amount):
                        break
                    future.set_result(None)
                self._leave(who, future)

    def _leave(self, who: Hashable, future: asyncio.Future[None]) -> None:
        line = self._waiting.get(who)
        if line is not None:
            line.pop(future, None)
            if not line:
                del self._waiting[who]
