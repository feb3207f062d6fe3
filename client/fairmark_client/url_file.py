"""`file:F` in place of a URL: F is where a service says how to reach it, written by `fairmark serve --url-file F`.

On a job's nodes neither port nor key is known beforehand. Whoever is told `file:F` waits until a service has written F,
and reads it again when the service is no longer where it said.
"""

import asyncio
import errno
import logging
import os
import shlex
import stat
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from . import environment
from .address import Address, checked
from .errors import ServiceError, Unreachable

PAUSE_SECONDS = 0.25
MAX_CHARACTERS = 10_000

log = logging.getLogger("fairmark")


class UrlFile(NamedTuple):
    """A service that a file leads to, as `file:F` with the whole path; `key` is for one whose file holds none."""

    url: str
    key: str | None

    def __repr__(self) -> str:
        return f"UrlFile({self.url!r})"

    @property
    def path(self) -> Path:
        return Path(self.url.removeprefix("file:"))

    async def address(self, seconds: float) -> Address:
        """Where the service is, once the file says so. Raises `Unreachable` after that time, and as `read` does."""
        deadline = time.monotonic() + seconds
        while (found := self.read()) is None:
            _say_what_is_waited_for(self.path)
            if time.monotonic() + PAUSE_SECONDS > deadline:
                raise Unreachable(f"{self.url}: no service has written it within {seconds:.3g} s")
            await asyncio.sleep(PAUSE_SECONDS)
        return found

    def read(self) -> Address | None:
        """What the file says; None while there is none. Raises `ServiceError` when it isn't one, or not ours alone."""
        try:
            with open(self.path, opener=_without_waiting) as file:
                self._check(os.fstat(file.fileno()))
                text = file.read(MAX_CHARACTERS)
        except (OSError, UnicodeDecodeError) as error:
            # A file that was replaced on another node is stale to NFS for a moment.
            if isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ESTALE):
                return None
            raise ServiceError(f"{self.url}: can't be read: {getattr(error, 'strerror', 'expected UTF-8')}") from None
        return self._parsed(text) if text else None  # made by mktemp, for the service to write

    def _check(self, status: os.stat_result) -> None:
        """Others could read the key, or send the run to a grader of their own."""
        plain = stat.S_ISREG(status.st_mode)
        if not plain or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise ServiceError(f"{self.url}: expected a file of yours that nobody else can read or write (mode 600)")

    def _parsed(self, text: str) -> Address:
        try:
            values = dict(word.split("=", 1) for word in shlex.split(text, comments=True))
            url = values["FAIRMARK_URL"]
        except (ValueError, KeyError):
            raise ServiceError(f"{self.url}: expected FAIRMARK_URL=… on a line, as --url-file writes it") from None
        key = self.key or values.get("FAIRMARK_KEY") or environment.text("FAIRMARK_KEY")
        return checked(url, key, f"FAIRMARK_URL in {self.path}", f"FAIRMARK_KEY for {self.path}")


def named(url: str, key: str | None, url_from: str) -> UrlFile | None:
    """The file that `file:F` names, or None for another URL. Raises `ServiceError`."""
    if not url.startswith("file:"):
        return None
    if not _rest(url).strip("/") or _rest(url).startswith("//"):
        raise ServiceError(f"{url_from}: expected file:/path/of/a/file, got {url!r}")
    return UrlFile(absolute(url), key)


def absolute(url: str) -> str:
    """`file:F` with the whole path, which holds in other folders too; another URL as it is."""
    return f"file:{Path(_rest(url)).absolute()}" if url.startswith("file:") else url


def _rest(url: str) -> str:
    """The path as it is written; file:///F is file:/F."""
    rest = url.removeprefix("file:")
    return rest[2:] if rest.startswith("///") else rest


def _without_waiting(path: str, flags: int) -> int:
    """Opens what may be a pipe, whose other end nobody holds."""
    return os.open(path, flags | os.O_NONBLOCK)


@cache
def _say_what_is_waited_for(path: Path) -> None:
    """Once in a process, however many calls wait."""
    log.warning("waiting for a service to write %s", path)
