"""What each key may ask for: samples a second, and samples a day."""

from pathlib import Path

from .auth import Keys
from .errors import Refusal


class LimitReached(Refusal):
    """A key has had what it may have for now; nothing of the request was begun."""

    def __init__(self, message: str, code: str, retry_after: int) -> None:
        super().__init__(429, message, code=code, retry_after=retry_after)


class Limits:
    """The limits of all keys, and what has been taken of them.

    `shared` is a file through which the HTTP processes of one service count together.
    """

    def __init__(self, keys: Keys, shared: Path | None = None) -> None:
        self._keys, self._shared = keys, shared

    def take(self, key: str, samples: int) -> LimitReached | None:
        """Count so many samples of a key's caller, unless they are beyond its limits: all of them or none."""
        return None

    def give_back(self, key: str, samples: int) -> None:
        """Uncount what was taken for a request that found no room: nothing of it was begun."""
