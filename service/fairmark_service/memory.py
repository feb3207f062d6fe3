"""The cache's memory tier."""

from collections import OrderedDict

OVERHEAD = 350
"""Bytes an entry takes beside its key and its value: 242 to 337 by tracemalloc in a full memory under CPython 3.11 and
3.13 (the tables behind the mapping double as they grow), and some 35 more that the allocator rounds up by."""


class Memory:
    """Values by key until a bound of bytes is reached, then without the least recently used.

    An entry counts as its key, its value and `OVERHEAD`: what the process takes is at most a twentieth more than the
    bound, and a fifth less at the least.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.used = limit, 0
        self._entries: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()

    def get(self, key: bytes, now: float) -> bytes | None:
        """The value, unless its time is over; it is now the most recently used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= now:
            self._discard(key)
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: bytes, value: bytes, until: float) -> None:
        """Keep the value until then, in seconds of `time.monotonic`."""
        self._discard(key)
        self._entries[key] = (until, value)
        self.used += _weight(key, value)
        while self.used > self.limit:
            oldest, (_, value) = self._entries.popitem(last=False)
            self.used -= _weight(oldest, value)

    def _discard(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.used -= _weight(key, entry[1])


def _weight(key: bytes, value: bytes) -> int:
    return OVERHEAD + len(key) + len(value)
