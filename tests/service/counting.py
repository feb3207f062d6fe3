"""Processes that count together, forked from one that has imported what they need: each is there in milliseconds."""

import multiprocessing
import os
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from fairmark_service.metrics import Metrics


class Counting:
    """A process that counts what it is told to."""

    def __init__(self, process: multiprocessing.process.BaseProcess, pipe: "Connection[str, bytes]") -> None:
        self._process, self._pipe = process, pipe
        assert process.pid
        self.pid = process.pid

    def does(self, line: str) -> bytes:
        """Have it run one line, which knows `metrics`; what that calls `told`."""
        self._pipe.send(line)
        return self._pipe.recv()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


class Origin:
    """What they are forked from."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PROMETHEUS_MULTIPROC_DIR", "set as the library is imported, each process has its own")
            forkserver.ensure_running()

    def process(self, directory: Path) -> Counting:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_count, args=(directory, theirs), daemon=True)
        process.start()
        return Counting(process, ours)


def _count(directory: Path, pipe: "Connection[bytes, str]") -> None:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    metrics = Metrics(directory)
    while True:
        scope: dict[str, Any] = {"metrics": metrics, "told": b""}
        exec(pipe.recv(), scope)
        metrics.settle()
        pipe.send(scope["told"])
