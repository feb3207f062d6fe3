"""Who may grade: named bearer keys, or nobody but this machine.

Keys stand in a file, one `name: key` a line; `#` starts a comment line, empty lines are skipped:

    # the training cluster, in the middle of a rotation: both keys hold, under one limit
    cluster: cHVibGljLWV4YW1wbGUtb2xk rate=2000/s
    cluster: cHVibGljLWV4YW1wbGUtbmV3 rate=2000/s
    laptop: cHVibGljLWV4YW1wbGUtdG9v rate=50/s quota=1000000/day

A key is what a Bearer header can carry (RFC 6750: letters, digits and -._~+/=), 16 characters or more; a name labels
its caller in metrics and limits, which count samples. The file is read again as it changes. One that is broken, empty
or gone leaves the keys as they are, so that a slip neither shuts everybody out nor lets anybody in.

Only digests of keys are kept, and no message quotes the file, where a key might stand in the place of a name.
"""

import hashlib
import hmac
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fairmark_graders import FairmarkError

from .reload import Signature, signature

MIN_LENGTH = 16
MOST_SAMPLES = 10**11
"""The largest limit: a minute of it, in millionths of a sample, still fits in 64 bits."""
SETTING = "default"
"""The name of the key that comes from the settings instead of the file."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_KEY = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_LIMIT = re.compile(r"rate=(?P<rate>\d{1,12})/s|quota=(?P<quota>\d{1,12})/day", re.ASCII)
_MAX_BYTES = 1_000_000
_BYTE = rb"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_LOOPBACK = re.compile(rb"(?:localhost|127(?:\." + _BYTE + rb"){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)

log = logging.getLogger("fairmark.auth")


class InvalidKeys(FairmarkError):
    """Keys that are refused; the message names the line or the name, and never holds a key."""


class Limit(NamedTuple):
    """What a caller may have graded; None where nothing is said."""

    rate: int | None = None
    """Samples a second."""
    quota: int | None = None
    """Samples a day."""


UNSET = Limit()


class _Key(NamedTuple):
    digest: bytes
    name: str
    limit: Limit = UNSET


Held = tuple[_Key, ...]
"""Keys as digests, with their names and limits."""


class Keys:
    """The keys of a file, of the settings, of both or of neither."""

    def __init__(self, key: str | None = None, file: Path | None = None) -> None:
        """Raises `InvalidKeys` when the key is too short to be one, or the file doesn't hold sound keys."""
        self._file = file
        self._fixed = () if key is None else (_key(SETTING, key, "the key in the settings"),)
        self._seen: Signature | None = signature(file) if file else None
        self.hold(self._fixed + (_read(file) if file else ()))

    def __bool__(self) -> bool:
        """Whether callers need a key."""
        return bool(self._keys)

    def __repr__(self) -> str:
        return f"Keys({', '.join(sorted(self.names))})"

    @property
    def names(self) -> frozenset[str]:
        """The names that keys go by."""
        return frozenset(key.name for key in self._keys)

    def name_of(self, authorization: bytes | None, api_key: bytes | None = None) -> str | None:
        """Whose key a request carries: in `Authorization: Bearer …`, or in `api-key`, which Azure's clients send.

        None when it carries none that holds. Every key is compared, in constant time, whichever of them fits.
        """
        if authorization is not None and authorization[:7].lower() == b"bearer ":
            return self._match(authorization[7:].strip()) or (self._match(api_key) if api_key else None)
        return self._match(api_key) if api_key else None

    def limit_of(self, name: str) -> Limit:
        """What the file sets for the keys of a name."""
        return self._limits.get(name, UNSET)

    @property
    def held(self) -> Held:
        """The keys of this moment, for `hold` of another process."""
        return self._keys

    def hold(self, keys: Held) -> None:
        """Let these keys hold and no others."""
        self._keys, self._limits = keys, {key.name: key.limit for key in keys}

    def _match(self, presented: bytes) -> str | None:
        digest = hashlib.sha256(presented).digest()
        found = None
        for key, name, _ in self._keys:
            if hmac.compare_digest(key, digest):
                found = name
        return found

    def reload(self) -> None:
        """Takes up a change of the file."""
        if self._file is None or (seen := signature(self._file)) == self._seen:
            return
        self._seen = seen
        try:
            self.hold(self._fixed + _read(self._file))
        except InvalidKeys as error:
            log.error("keys not reloaded, those before still hold: %s", error)
        else:
            log.info("keys reloaded", extra={"names": sorted(self.names)})


def loopback_host(host: bytes) -> bool:
    """Whether a Host header names this machine: localhost, 127.0.0.0/8 or [::1], with or without a port.

    A page from elsewhere can have its own name resolve to loopback, but the browser then sends that name.
    """
    return _LOOPBACK.fullmatch(host) is not None


def _read(file: Path) -> tuple[_Key, ...]:
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise InvalidKeys(f"{file}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidKeys(f"{file}: expected UTF-8") from None
    lines = enumerate(map(str.strip, text.splitlines()), 1)
    keys = {n: _parse(line, f"{file} line {n}") for n, line in lines if line and not line.startswith("#")}
    if not keys:
        raise InvalidKeys(f"{file}: expected at least one 'name: key'")
    _check_owners(keys.values(), file)
    _check_limits(keys, file)
    return tuple(keys.values())


def _check_owners(keys: Iterable[_Key], file: Path) -> None:
    owners: dict[bytes, str] = {}
    for digest, name, _ in keys:
        if owners.setdefault(digest, name) != name:
            raise InvalidKeys(f"{file}: {owners[digest]!r} and {name!r} have the same key")


def _check_limits(keys: Mapping[int, _Key], file: Path) -> None:
    """Keys of one name are one caller's, and it has one limit."""
    first: dict[str, int] = {}
    for number, key in keys.items():
        before = first.setdefault(key.name, number)
        if keys[before].limit != key.limit:
            raise InvalidKeys(f"{file} line {number}: expected the limits of line {before}, which has the same name")


def _parse(line: str, place: str) -> _Key:
    name, colon, rest = (part.strip() for part in line.partition(":"))
    if not colon or not _NAME.fullmatch(name):
        raise InvalidKeys(f"{place}: expected 'name: key', the name of letters, digits and _.-, 40 at most")
    key, *limits = rest.split() or [""]
    # A name long enough to be a key may be one, on a line written the wrong way round.
    held = _key(name, key, f"{place}: the key of {name!r}" if len(name) < MIN_LENGTH else f"{place}: the key")
    return held._replace(limit=_limit(limits, place))


def _limit(words: Sequence[str], place: str) -> Limit:
    """The limits behind a key. Raises `InvalidKeys`, without the words: one may be a piece of a key."""
    found: dict[str, int] = {}
    for word in words:
        match = _LIMIT.fullmatch(word)
        name = match and match.lastgroup
        if not match or not name or name in found:
            raise InvalidKeys(f"{place}: expected 'name: key', and at most rate=2000/s and quota=50000000/day")
        found[name] = int(match[name])
        if not 1 <= found[name] <= MOST_SAMPLES:
            raise InvalidKeys(f"{place}: expected a {name} from 1 to {MOST_SAMPLES} samples")
    return Limit(**found)


def _key(name: str, key: str, what: str) -> _Key:
    if len(key) < MIN_LENGTH:
        raise InvalidKeys(f"{what} is too short: expected {MIN_LENGTH} characters or more")
    if not _KEY.fullmatch(key):
        raise InvalidKeys(f"{what} has other characters than letters, digits and -._~+/=")
    return _Key(hashlib.sha256(key.encode()).digest(), name)
