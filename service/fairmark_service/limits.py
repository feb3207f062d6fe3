"""What each key may ask for: samples a second, and samples a UTC day.

A key's own limits stand behind it in the keys file, the others are the settings'; without keys, everybody together has
one account. See `accounts` for how it is counted.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from .accounts import Account, Accounts
from .auth import UNSET, Keys, Limit
from .door import ANYONE
from .errors import Refusal
from .metrics import Metrics

DAY_SECONDS = 24 * 3600


class LimitReached(Refusal):
    """A key has had what it may have for now; nothing of the request was begun."""

    def __init__(self, limit: Literal["rate", "quota"], message: str, code: str, retry_after: int | None) -> None:
        super().__init__(429, message, code=code, retry_after=retry_after)
        self.limit = limit


class Limits:
    """The limits of all keys, and what has been taken of them.

    `default` holds for what the keys file doesn't set. `shared` is a file through which the HTTP processes of one
    service count together. `monotonic` gives nanoseconds, `wall` seconds since 1970.
    """

    def __init__(
        self,
        keys: Keys,
        default: Limit,
        metrics: Metrics,
        shared: Path | None = None,
        monotonic: Callable[[], int] = time.monotonic_ns,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._keys, self._default, self._metrics = keys, default, metrics
        self._monotonic, self._wall = monotonic, wall
        self.accounts = Accounts(shared)

    def take(self, key: str, samples: int) -> LimitReached | None:
        """Count so many samples of a key's caller, unless they are beyond its limits: all of them or none."""
        rate, quota = limit = self._limit(key)
        if rate or quota:
            with self.accounts[key] as account:
                reached = self._reached(account, limit, samples)
                if reached is not None:
                    return reached
                account.add(samples if rate else 0, samples if quota else 0)
        self._metrics.taken(key, samples)
        return None

    def give_back(self, key: str, samples: int) -> None:
        """Uncount what was taken for a request that found no room: nothing of it was begun."""
        rate, quota = self._limit(key)
        if rate or quota:
            with self.accounts[key] as account:
                account.add(-samples if rate else 0, -samples if quota else 0)
        self._metrics.taken(key, -samples)

    def today(self) -> int:
        """The UTC day, counted from 1970."""
        return int(self._wall()) // DAY_SECONDS

    def with_quota(self) -> Iterator[str]:
        """The names whose days are limited."""
        return (name for name in self._keys.names or {ANYONE} if self._limit(name).quota)

    def _limit(self, key: str) -> Limit:
        own, default = self._keys.limit_of(key), self._default
        if own is UNSET:
            return default
        return Limit(own.rate or default.rate, own.quota or default.quota)

    def _reached(self, account: Account, limit: Limit, samples: int) -> LimitReached | None:
        rate, quota = limit
        if quota and (left := quota - account.taken(self.today())) < samples:
            return self._spent(quota, max(0, left), samples)
        if rate and (seconds := account.wait(rate, self._monotonic() // 1000)):
            message = f"over the rate of {rate} samples a second; come again in {seconds} s"
            return LimitReached("rate", message, code="rate_limited", retry_after=seconds)
        return None

    def _spent(self, quota: int, left: int, samples: int) -> LimitReached:
        midnight = DAY_SECONDS - int(self._wall()) % DAY_SECONDS
        message = f"over the quota of {quota} samples a UTC day: {left} left, and this request has {samples}"
        return LimitReached("quota", message, code="quota_exceeded", retry_after=midnight if samples <= quota else None)
