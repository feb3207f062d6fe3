"""The verdict log: what was graded, how and why, one JSON object a line, in a fixed number of files."""

import contextlib
import errno
import itertools
import json
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from io import FileIO
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import orjson

from .cache_key import SIZE, digest

log = logging.getLogger("fairmark.verdict_log")

QUEUED_BYTES = 16 << 20
"""Lines that may wait for a slow disk; what comes beyond is dropped."""
CLOSE_PATIENCE = 5.0
"""Seconds a disk gets to take the last lines."""
BURST = 1000
"""Lines in one write at most."""

_EVERY = 2 ** (8 * SIZE)
"""One more than the largest digest."""


class VerdictLog:
    """Rows written by a thread of its own, so that no disk holds up a grade. One process per path.

    `share` is the share of cases that are logged, 0 to 1; a case is always in or always out, whatever grades it. With
    `samples`, rows are to hold whole samples and items. `path` holds the newest rows, `path.1` those before, and so on:
    `files` of at most `max_bytes` each. They are for their owner alone, since they hold training data. Raises `OSError`
    when the path can't be written to.
    """

    def __init__(
        self, path: Path, share: float = 1.0, samples: bool = False, *, max_bytes: int = 64 << 20, files: int = 5
    ) -> None:
        self.samples = samples
        self._files = _Files(path, max_bytes, files)
        self._below = round(share * _EVERY)
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        # Of these, the caller's thread writes the first three and the log's own the others, so none needs a lock.
        self._taken, self._refused, self._full = 0, 0, False
        self._done, self._lost, self._failing = 0, 0, False
        self._thread = threading.Thread(target=self._drain, name="verdict-log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Rows that were not written: the disk was slow or failed, or they were too long or no JSON at all.

        When it fails, what was handed to it together counts as lost together.
        """
        return self._refused + self._lost

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Have the rows written soon; never waits. To be called from one thread.

        A row has a `case` and a `reason`; where there was no case to read, the reason stands in for it in the sampling.
        A case that JSON can't hold (an integer of 5,000 digits) is logged as null, and without its sample.
        """
        for row in rows:
            if self._below >= _EVERY or int.from_bytes(digest(row["case"] or row["reason"])) < self._below:
                self._queue(_line(row))

    def close(self) -> None:
        """Write what is queued, within `CLOSE_PATIENCE`."""
        self._lines.put(None)
        self._thread.join(CLOSE_PATIENCE)

    def _queue(self, line: bytes | None) -> None:
        full = self._taken - self._done > QUEUED_BYTES
        if full is not self._full:
            self._full = full
            self._tell(full, "too slow a disk")
        if full or line is None or len(line) > self._files.max_bytes:
            self._refused += 1
        else:
            self._taken += len(line)
            self._lines.put(line)

    def _drain(self) -> None:
        """Write until the end is queued; lines that wait together go out together, which spares the other threads."""
        while line := self._lines.get():
            lines = [line]
            while len(lines) < BURST and not self._lines.empty() and (line := self._lines.get()):
                lines.append(line)
            self._append(lines)
            if line is None:
                break
        self._files.close()

    def _append(self, lines: list[bytes]) -> None:
        fault = None
        try:
            self._files.append(lines)
        except OSError as error:
            fault = error.strerror
            self._lost += len(lines)
        self._done += sum(map(len, lines))
        if bool(fault) is not self._failing:
            self._failing = bool(fault)
            self._tell(self._failing, fault)

    def _tell(self, failing: bool, fault: str | None) -> None:
        if failing:
            log.warning("the verdict log drops rows", extra={"fault": fault, "dropped": self.dropped})
        else:
            log.info("the verdict log takes rows again", extra={"dropped": self.dropped})


def _line(row: Mapping[str, Any]) -> bytes | None:
    bare = {name: value for name, value in row.items() if name not in ("sample", "item")}
    for form in (row, {**bare, "case": None}):
        try:
            return orjson.dumps(form, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            pass
        # What orjson refuses and JSON has: lone surrogates, integers beyond 64 bits.
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            return json.dumps(form, allow_nan=False).encode() + b"\n"
    return None


class _Files:
    """The newest file and the numbered ones before it."""

    def __init__(self, path: Path, max_bytes: int, count: int) -> None:
        self.max_bytes = max_bytes
        self._paths = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, count))]
        self._file: FileIO | None = None
        self._size = 0
        self._open()

    def append(self, lines: Iterable[bytes]) -> None:
        """Write whole lines, into the next file where this one is full. Raises `OSError`; opens anew after one."""
        file = self._open()
        fits: list[bytes] = []
        for line in lines:
            if self._size + len(line) > self.max_bytes:
                self._write(file, fits)
                file, fits = self._rotate(), []
            fits.append(line)
            self._size += len(line)
        self._write(file, fits)

    def close(self) -> None:
        if self._file:
            self._file.close()
        self._file = None

    def _open(self) -> FileIO:
        if self._file is None:
            self._file = FileIO(self._paths[0], "a+", opener=_private)
            self._size = os.fstat(self._file.fileno()).st_size
            self._end_line(self._file)
        return self._file

    def _end_line(self, file: FileIO) -> None:
        """End a line that a crash or a full disk cut short, so that it doesn't spoil the next one."""
        if self._size and os.pread(file.fileno(), 1, self._size - 1) != b"\n":
            self._size += file.write(b"\n")

    def _write(self, file: FileIO, lines: list[bytes]) -> None:
        data = b"".join(lines)
        try:
            if file.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self.close()
            raise

    def _rotate(self) -> FileIO:
        self.close()
        self._paths[-1].unlink(missing_ok=True)
        for newer, older in reversed(list(itertools.pairwise(self._paths))):
            with contextlib.suppress(FileNotFoundError):
                newer.rename(older)
        return self._open()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
