"""How several processes count together: each keeps its values in files of one directory, and any of them reads all.

This is prometheus_client's multiprocess mode. The directory is there, empty, and named by PROMETHEUS_MULTIPROC_DIR in
the processes before they import the library; who only reads needs no such variable. Each process has five files:
counters, histograms, and gauges of which the sum, the greatest or the least counts.
"""

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

ROOM = {
    "counter": 1 << 19,
    "histogram": 1 << 19,
    "gauge_livesum": 1 << 16,
    "gauge_livemax": 1 << 16,
    "gauge_livemin": 1 << 16,
}
"""Bytes of each kind of file that are on the disk from the start, at some 130 for a value. The library would make it
sparse, and who writes to a page of it when the disk is full is killed by SIGBUS."""

log = logging.getLogger("fairmark")


class MetricFiles:
    """The files of one service."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def began(self) -> float:
        """When the first process of the service asked: the time of a file, which those that come later leave alone."""
        mark = self._directory / "began"
        with contextlib.suppress(FileExistsError):
            mark.touch(exist_ok=False)
        return mark.stat().st_mtime

    def reserve(self) -> None:
        """Call before this process counts. Raises `OSError` when there is no room."""
        for kind in ROOM:
            self._reserve(kind, os.getpid())

    def counted(self) -> bytes:
        """What all processes have counted, the dead included, as Prometheus reads it."""
        registry = CollectorRegistry()
        registry.register(_Sums(self._directory))
        with self._locked(fcntl.LOCK_SH):
            return generate_latest(registry)

    def bury(self, pid: int) -> None:
        """Call when a process has ended: what it counted stays, in one file for all the dead; its gauges go."""
        with self._locked(fcntl.LOCK_EX):
            mark_process_dead(pid, str(self._directory))
            for kind in ("counter", "histogram"):
                for file in _begun(self._directory, f"{kind}_{pid}.db"):
                    self._merge(kind, "dead", MmapedDict.read_all_values_from_file(file))
                (self._directory / f"{kind}_{pid}.db").unlink(missing_ok=True)

    def add(self, name: str, meaning: str) -> None:
        """One more of a counter that no process of its own counts."""
        with self._locked(fcntl.LOCK_EX):
            self._merge("counter", "supervisor", [(mmap_key(name, f"{name}_total", [], [], meaning), 1.0, 0.0, 0)])

    def _merge(self, kind: str, owner: str, values: Iterable[tuple[str, float, float, int]]) -> None:
        try:
            kept = MmapedDict(str(self._reserve(kind, owner)))
        except OSError as error:
            log.error("metrics of processes that have ended are lost: %s", error)
            return
        for key, value, _, _ in values:
            kept.write_value(key, kept.read_value(key)[0] + value, 0.0)
        kept.close()

    def _reserve(self, kind: str, owner: int | str) -> Path:
        path = self._directory / f"{kind}_{owner}.db"
        with path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, ROOM[kind])
        return path

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Hold the directory, so that nobody reads it while the counts of a dead process are in two files or none."""
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)


class _Sums(Collector):
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterable[Metric]:
        merged: Iterable[Metric] = MultiProcessCollector.merge(_begun(self._directory, "*.db"))
        return merged


def _begun(directory: Path, pattern: str) -> list[str]:
    """The files that hold something: one is empty from when its process makes it until it gives it a size."""
    return [str(file) for file in directory.glob(pattern) if file.stat().st_size]
