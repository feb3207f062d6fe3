"""What callers have taken, each in an account of a few integers that the processes of one service share.

The accounts are rows of one table, in a file that every process maps, or in memory where there is one process. A row is
changed under a lock on its place in the file, which the kernel frees when a process dies; the row then holds a part of
what one request changes. A row is found by its caller's digest, and once given stays: whoever loses a key and gets it
back has the same account.
"""

import fcntl
import hashlib
import mmap
import os
import secrets
from pathlib import Path
from typing import Self

BURST_SECONDS = 60
"""How much of a rate may come at once: trainers send a whole step together, and a step takes 30 to 60 s."""
ROWS = 1 << 16
"""More than a keys file can name; 4 MiB."""
_WORDS = 8
_ROW_BYTES = 8 * _WORDS
_DIGEST, _USED, _AT, _DAY, _HERE, _ELSEWHERE = range(6)
_SERVICE, _LEADER, _GIVE = 0, 0, 1
"""Of the first row, which is nobody's account: the word with the service's number, and two bytes to lock."""
_MICRO = 1_000_000


class Account:
    """One caller's row; read and changed inside `with account:`, by one thread of each process.

    The lock keeps out other processes alone, and whoever holds it must not await.
    """

    __slots__ = ("_file", "_place", "_words")

    def __init__(self, words: memoryview, file: int | None, place: int) -> None:
        self._words, self._file, self._place = words, file, place

    def __enter__(self) -> Self:
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, self._place)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, self._place)

    def wait(self, rate: int, now: int) -> int:
        """Seconds until the caller may go on at so many samples a second; 0 for at once. `now` is in microseconds.

        What was taken drains at the rate, in millionths of a sample, so that nothing is rounded. Whoever has no more
        than the burst to drain may take whatever it wants, and then waits until that is true again.
        """
        words = self._words
        used = max(0, words[_USED] - (now - words[_AT]) * rate)
        words[_AT] = now  # first: a process that dies between the two is late rather than drained twice
        words[_USED] = used
        return max(0, -(-(used - BURST_SECONDS * rate * _MICRO) // (rate * _MICRO)))

    def here(self, day: int) -> int:
        """Samples that this service counted on a day."""
        self._turn(day)
        return int(self._words[_HERE])

    def taken(self, day: int) -> int:
        """Samples counted on a day, by other replicas too as far as is known."""
        self._turn(day)
        return int(self._words[_HERE] + self._words[_ELSEWHERE])

    def learn(self, elsewhere: int, day: int) -> None:
        """Other replicas have counted so many samples on a day; of one that is over by now, nobody asks any more."""
        if self._words[_DAY] == day:
            self._words[_ELSEWHERE] = elsewhere

    def add(self, hurried: int, counted: int) -> None:
        """Count samples as taken of the rate and of the day last asked about, or as given back."""
        self._words[_USED] = max(0, self._words[_USED] + hurried * _MICRO)
        self._words[_HERE] = max(0, self._words[_HERE] + counted)

    def _turn(self, day: int) -> None:
        if self._words[_DAY] != day:
            self._words[_HERE] = self._words[_ELSEWHERE] = 0
            self._words[_DAY] = day


class Accounts:
    """The accounts of one service, by name."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = None if file is None else os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        if self._file is not None:
            os.posix_fallocate(self._file, 0, ROWS * _ROW_BYTES)  # a disk that is full must not kill by SIGBUS later
        self._words = memoryview(mmap.mmap(-1 if self._file is None else self._file, ROWS * _ROW_BYTES)).cast("q")
        self._opened: dict[str, Account] = {}
        with self._giving():
            self._words[_SERVICE] = self._words[_SERVICE] or secrets.randbits(62)

    def __getitem__(self, name: str) -> Account:
        account = self._opened.get(name)
        if account is None:
            account = self._opened[name] = self._open(name)
        return account

    @property
    def service(self) -> str:
        """What tells this service from others that count the same callers; one for all its processes."""
        return f"{self._words[_SERVICE]:x}"

    def lead(self) -> bool:
        """Whether this process speaks for the service: the first that asks, until it ends."""
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _LEADER)
        except OSError:
            return False
        return True

    def _open(self, name: str) -> Account:
        digest = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
        rows = (1 + (digest + step) % (ROWS - 1) for step in range(ROWS - 1))
        with self._giving():
            row = next(row for row in rows if self._words[row * _WORDS + _DIGEST] in (0, digest))
            self._words[row * _WORDS + _DIGEST] = digest
        return Account(self._words[row * _WORDS : (row + 1) * _WORDS], self._file, row * _ROW_BYTES)

    def _giving(self) -> Account:
        """The lock under which rows are given away."""
        return Account(self._words[:_WORDS], self._file, _GIVE)
