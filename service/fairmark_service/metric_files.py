"""How several processes count together: each keeps its values in files of one directory, and any of them reads all.

This is prometheus_client's multiprocess mode. The directory is there, empty, and named by PROMETHEUS_MULTIPROC_DIR in
the processes before they import the library; who only reads needs no such variable. A file of 64 KiB, sparse, holds
some 500 values; each process has five: counters, histograms, and gauges of which the sum, the greatest or the least
counts.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector


class MetricFiles:
    """The files of one service."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

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
                    self._merge(f"{kind}_dead.db", MmapedDict.read_all_values_from_file(file))
                (self._directory / f"{kind}_{pid}.db").unlink(missing_ok=True)

    def add(self, name: str, meaning: str) -> None:
        """One more of a counter that no process of its own counts."""
        with self._locked(fcntl.LOCK_EX):
            self._merge("counter_supervisor.db", [(mmap_key(name, f"{name}_total", [], [], meaning), 1.0, 0.0, 0)])

    def _merge(self, file: str, values: Iterable[tuple[str, float, float, int]]) -> None:
        kept = MmapedDict(str(self._directory / file))
        for key, value, _, _ in values:
            kept.write_value(key, kept.read_value(key)[0] + value, 0.0)
        kept.close()

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
