"""A provider whose jobs are real processes: each walks a number of steps, writes one line for each and obeys signals.

Run as a program it is such a job: `python walks.py FOLDER`. `main` is the command `fairmark` with this provider in
place of trl's, and `launch` runs that.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__)
PLAIN = {
    "steps": 5,
    "seconds": 0.02,
    "silent_from": 0,
    "unpausable": False,
    "deaf": False,
    "lingers": 0.0,
    "fails": False,
    "refused": "",
}


class Walks:
    """Jobs in folders below `WALKS`."""

    def check(self, spec: Any) -> None:
        from fairmark_client.errors import JobRefused

        if unknown := spec.hyperparameters.keys() - PLAIN.keys():
            raise JobRefused(f"hyperparameters.{min(unknown)}: unknown here")

    def create(self, job: Any) -> str:
        from fairmark_client.errors import JobError, JobRefused

        folder = Path(os.environ["WALKS"], job.id)
        settings = PLAIN | job.spec.hyperparameters
        if settings["refused"] == "once" and not folder.exists():
            folder.mkdir(parents=True)
            raise JobError("the line is busy")
        if settings["refused"] == "for good":
            raise JobRefused("training_not_available: there is no more training here")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text(json.dumps(settings))
        if not (folder / "began").exists():
            self._start(folder)
        return str(folder)

    def look(self, job: Any) -> Any:
        from fairmark_client.errors import JobError
        from fairmark_client.jobs.provider import Look

        folder = Path(job.place)
        if (folder / "away").exists():
            raise JobError("nobody answers")
        running = locked(folder)
        if running or not (folder / "state.json").exists():
            return Look("running" if running else "queued", started_at=_time(folder / "began"))
        return Look(**json.loads((folder / "state.json").read_text()), started_at=_time(folder / "began"))

    def events(self, job: Any, known: int) -> Iterator[Any]:
        from fairmark_client.jobs.job import Event

        path = Path(job.place, "events.jsonl")
        for line in path.read_text().splitlines() if path.exists() else ():
            yield Event.model_validate_json(line)

    def checkpoints(self, job: Any) -> list[Any]:
        from fairmark_client.jobs.job import Checkpoint

        steps = [event.metrics.step for event in self.events(job, 0) if event.metrics]
        return [Checkpoint(step=steps[-1], place=job.place)] if steps else []

    def pause(self, job: Any) -> None:
        from fairmark_client.errors import JobRefused

        if (PLAIN | job.spec.hyperparameters)["unpausable"]:
            raise JobRefused("walks can't be paused")
        if (PLAIN | job.spec.hyperparameters)["deaf"]:
            return
        self._signal(job, signal.SIGTERM)

    def resume(self, job: Any) -> None:
        Path(job.place, "state.json").unlink()
        self._start(Path(job.place))

    def cancel(self, job: Any) -> None:
        self._signal(job, signal.SIGINT)

    def _start(self, folder: Path) -> None:
        quiet = subprocess.DEVNULL
        subprocess.run([sys.executable, "-I", str(FILE), folder], check=True, stdin=quiet, stdout=quiet, stderr=quiet)
        _wait(lambda: locked(folder) or (folder / "state.json").exists())

    def _signal(self, job: Any, number: int) -> None:
        os.kill(int(Path(job.place, "pid").read_text()), number)
        if not (PLAIN | job.spec.hyperparameters)["lingers"]:
            _wait(lambda: not locked(Path(job.place)))


def walk(folder: Path) -> None:
    """The job itself."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "state.json").exists():  # another has walked it
            return
        settings = json.loads((folder / "settings.json").read_text())
        (folder / "pid").write_text(str(os.getpid()))
        signal.signal(signal.SIGTERM, lambda *_: _end(folder, "paused", settings["lingers"]))
        signal.signal(signal.SIGINT, lambda *_: _end(folder, "cancelled", settings["lingers"]))
        with (folder / "starts").open("a") as starts:
            starts.write(f"{time.time()}\n")
        _write(folder / "began", str(time.time()))
        for step in range(_done(folder) + 1, settings["steps"] + 1):
            time.sleep(settings["seconds"])
            if not 0 < settings["silent_from"] <= step:
                _report(folder, step, settings)
        _end(folder, "failed" if settings["fails"] else "succeeded")


def _report(folder: Path, step: int, settings: dict[str, Any]) -> None:
    metrics = {"step": step, "total_steps": settings["steps"], "train_reward": step / 100, "valid_reward": step / 200}
    measured = {"reward_std": 0.2, "completion_tokens": 30.0, "step_seconds": settings["seconds"]}
    event = {"key": str(step), "at": time.time(), "message": f"step {step}", "metrics": {**metrics, **measured}}
    line = f"{json.dumps(event)}\n".encode()
    with (folder / "events.jsonl").open("ab", buffering=0) as events:
        events.write(line)


def _done(folder: Path) -> int:
    path = folder / "events.jsonl"
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def _end(folder: Path, status: str, lingers: float = 0.0) -> None:
    time.sleep(lingers)
    state: dict[str, Any] = {"status": status, "finished_at": time.time()}
    if status == "succeeded":
        state["model_made"] = str(folder / "model")
    _write(folder / "state.json", json.dumps(state | ({"error": "it fell"} if status == "failed" else {})))
    os._exit(0)


def _write(path: Path, text: str) -> None:
    """At once, so that nobody reads half of it."""
    draft = path.with_name(f".{path.name}")
    draft.write_text(text)
    draft.replace(path)


def _time(path: Path) -> float | None:
    return float(path.read_text()) if path.exists() else None


def locked(folder: Path) -> bool:
    """Whether the job's process is there."""
    if not (folder / "lock").exists():
        return False
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _wait(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the walk doesn't do what it was told")
        time.sleep(0.005)


def main() -> None:
    """`fairmark`, with walks for trl jobs."""
    from fairmark_client.__main__ import main as fairmark
    from fairmark_client.jobs.providers import PROVIDERS, Place

    PROVIDERS["trl"] = Place(__name__, "Walks", "trl")
    fairmark()


if __name__ == "__main__":
    if not os.fork():  # a process of its own, which nobody waits for
        os.setsid()
        walk(Path(sys.argv[1]))
