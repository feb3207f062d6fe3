"""A ledger, a prepared data set and a provider of real processes, for the tests of jobs."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairmark_client.cli import app
from fairmark_client.data.prepared import File, Manifest
from fairmark_client.jobs.ledger import Ledger
from fairmark_client.jobs.providers import PROVIDERS, Place

from ..cli import surroundings
from . import walks

ROOT = Path(__file__).parents[3]
PROGRAM = "from tests.client.jobs.walks import main; main()"


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """The smallest prepared data set there is."""
    folder = tmp_path / "prepared"
    folder.mkdir()
    row = b'{"prompt": [{"role": "user", "content": "6 * 7"}], "reference_answer": "42"}\n'
    sides = {"train.jsonl": 100, "validation.jsonl": 50}
    for name, rows in sides.items():
        (folder / name).write_bytes(row * rows)
    files = {
        name: File(rows=rows, bytes=len(row * rows), sha256=hashlib.sha256(row * rows).hexdigest())
        for name, rows in sides.items()
    }
    manifest = Manifest(fairmark="0.1.0", source={}, settings={}, files=files, targets={})
    (folder / "manifest.json").write_text(manifest.model_dump_json())
    return folder


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """An empty ledger, the one that commands use too; the processes of its jobs end with the test."""
    monkeypatch.setenv("FAIRMARK_LEDGER", str(tmp_path / "jobs.sqlite"))
    monkeypatch.setenv("WALKS", str(tmp_path / "walks"))
    monkeypatch.setitem(PROVIDERS, "trl", Place(walks.__name__, "Walks", "trl"))
    yield Ledger()
    for pid in tmp_path.glob("walks/*/pid"):
        if walks.locked(pid.parent):
            os.kill(int(pid.read_text()), signal.SIGKILL)


def invoked(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """What the command prints and returns, run in this process: starting one of its own takes over a second."""
    ended = CliRunner().invoke(app, [*map(str, arguments)], env=environment)
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return subprocess.CompletedProcess([], ended.exit_code, ended.stdout, ended.stderr)


class Command:
    """The command `fairmark` with this ledger and this provider: in this process, or in one of its own to be killed."""

    def __init__(self, folder: Path) -> None:
        ours = {"FAIRMARK_LEDGER": str(folder / "jobs.sqlite"), "WALKS": str(folder / "walks")}
        self._environment = surroundings(PYTHONPATH=str(ROOT), **ours)

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return invoked(*arguments)

    def start(self, *arguments: object, stdout: int = subprocess.PIPE) -> "subprocess.Popen[str]":
        """One that the test may signal while it runs."""
        command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
        return subprocess.Popen(
            command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=self._environment, cwd=ROOT
        )

    def create(self, data: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        """A job with these options."""
        return self("jobs", "create", data, "--provider", "trl", "--method", "sft", "--model", "tiny", *arguments)


@pytest.fixture
def fairmark(tmp_path: Path, ledger: Ledger) -> Command:
    """The command, on the test's own ledger."""
    return Command(tmp_path)
