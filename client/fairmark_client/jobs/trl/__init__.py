"""GRPO and SFT on one's own machine, by TRL; each job is a folder, and a process that outlives whoever started it.

Trl (here)     makes folders, starts supervisors, and reads what they write
supervise.py   starts the trainer, keeps the cap, pauses and cancels, writes down how it ended
train.py       trains; the only process with torch, besides check.py
folder.py      the files that all of them meet in
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from fairmark_graders import InvalidGrader, parse_grader

from ... import environment
from ...data.prepared import Prepared
from ...errors import DataError, JobError, JobRefused
from ...url_file import absolute
from ..job import FINAL, Checkpoint, Event, Job, Spec
from ..provider import Look
from .folder import BUSY, REFUSED, Folder

CHECK_SECONDS = 300.0
"""Importing torch and TRL takes ten seconds on a good day; a hub may have to be asked for the model's files."""
START_SECONDS = 60.0
CANCEL_SECONDS = 5.0
"""A supervisor that lives hears of it within half a second."""
OPTIONS = ("folder", "key_env", "lora", "pause_seconds", "service_url", "unsloth")
LORA = ("alpha", "dropout", "r", "targets")


class Trl:
    """Jobs on this machine. A job's place is its folder."""

    def check(self, spec: Spec) -> None:
        """Takes as long as importing TRL does."""
        _check_options(spec.options)
        _check_grader(spec)
        try:
            for side in ("train", "validation"):
                Prepared.open(spec.data).file("trl", spec.method, side)
        except DataError as error:
            raise JobRefused(f"data: {error}") from None
        if missing := [name for name in ("datasets", "peft", "torch", "trl") if find_spec(name) is None]:
            raise JobRefused(f"provider: trl jobs need {', '.join(missing)}: pip install 'fairmark[trl]'")
        _ask_trl(spec)

    def create(self, job: Job) -> str:
        folder = Folder(_place(job))
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = folder.job()
        if there and there.id != job.id:
            raise JobRefused(f"options.folder: {folder.path} is the folder of job {there.id}")
        if there and (folder.state().runs or folder.holds("supervisor")):
            return str(folder.path)
        if not there and any(not path.name.startswith(".") for path in folder.path.iterdir()):
            raise JobRefused(f"options.folder: {folder.path} holds other files; a job wants a folder of its own")
        folder.write("job.json", job.model_copy(update={"spec": _anywhere(job.spec)}))
        _supervise(folder)
        return str(folder.path)

    def look(self, job: Job) -> Look:
        if _removed(path := _place(job)):
            return Look("failed", said="its folder is gone", error=f"{path}: the job's folder was removed")
        folder = _folder(job)
        state = folder.state()
        run = state.runs[-1] if state.runs else None
        return Look(
            status=state.status,
            said=state.said,
            error=state.error or "",  # None would leave an earlier run's in the ledger
            started_at=run.started_at if run else None,
            finished_at=run.ended_at if run else None,
            billed_seconds=state.seconds() if state.status in FINAL else None,
            model_made=str(folder.model) if state.status == "succeeded" else None,
        )

    def events(self, job: Job, known: int) -> Iterator[Event]:
        if _removed(_place(job)):
            return iter(())
        return islice(_folder(job).events(), known, None)

    def checkpoints(self, job: Job) -> list[Checkpoint]:
        if _removed(_place(job)):
            return []
        folder = _folder(job)
        measured = [event.metrics for event in folder.events() if event.metrics]
        rewards = {metrics.step: metrics.valid_reward for metrics in measured}
        return [
            Checkpoint(step=step, place=str(path), valid_reward=rewards.get(step))
            for step, path in folder.checkpoints()
        ]

    def pause(self, job: Job) -> None:
        folder = _folder(job)
        if folder.state().status in FINAL:
            raise JobRefused(f"job {job.id} has {folder.state().status}; there is nothing to pause")
        if folder.holds("supervisor"):
            folder.ask("pause")

    def resume(self, job: Job) -> None:
        folder = _folder(job)
        state = folder.state()
        if state.status != "paused":
            raise JobRefused(f"job {job.id} is {state.status}; only what is paused can go on")
        cap, spent = job.budget.cap_dollars, state.seconds() / 3600 * (job.budget.dollars_per_hour or 0)
        if cap is not None and spent >= cap:
            raise JobRefused(f"job {job.id} has spent ${spent:.2f} of ${cap:g}; raise the cap first")
        there = folder.job()
        assert there
        folder.write("job.json", there.model_copy(update={"budget": job.budget}))
        folder.ask(None)
        _supervise(folder)

    def cancel(self, job: Job) -> None:
        folder = _folder(job)
        if (status := folder.state().status) in FINAL:
            raise JobRefused(f"job {job.id} has {status}; there is nothing to cancel")
        folder.ask("cancel")
        deadline = time.monotonic() + CANCEL_SECONDS
        while folder.state().status not in FINAL and time.monotonic() < deadline:
            if not folder.holds("supervisor"):
                folder.ask("cancel")  # again: one that was just settling has taken it for its own
                _supervise(folder)
            time.sleep(0.05)


def _check_options(options: Mapping[str, Any]) -> None:
    _check_names("options", options, OPTIONS)
    if isinstance(lora := options.get("lora", False), dict):
        _check_names("options.lora", lora, LORA)
        _check_lora(lora)
    elif not isinstance(lora, bool):
        raise JobRefused(f"options.lora: expected true, or an object with {', '.join(LORA)}, got {lora!r}")
    patience = options.get("pause_seconds", 1)
    if isinstance(patience, bool) or not isinstance(patience, int | float) or patience <= 0:
        raise JobRefused(f"options.pause_seconds: expected seconds above 0, got {patience!r}")


def _check_lora(lora: Mapping[str, Any]) -> None:
    expected = {"r": "a whole number above 0", "alpha": "a number above 0", "dropout": "a share below 1"}
    rank, alpha, dropout = lora.get("r", 1), lora.get("alpha", 1), lora.get("dropout", 0)
    fits = {
        "r": type(rank) is int and rank > 0,
        "alpha": type(alpha) in (int, float) and alpha > 0,
        "dropout": type(dropout) in (int, float) and 0 <= dropout < 1,
    }
    for name in [name for name, fine in fits.items() if not fine]:
        raise JobRefused(f"options.lora.{name}: expected {expected[name]}, got {lora[name]!r}")
    targets = lora.get("targets", "all-linear")
    if not isinstance(targets, str) and not (
        isinstance(targets, list) and targets and all(isinstance(target, str) for target in targets)
    ):
        raise JobRefused(f"options.lora.targets: expected names of layers, or all-linear, got {targets!r}")


def _check_names(field: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in given.keys() - set(known):
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
        raise JobRefused(f"{field}: trl jobs have no {name!r}; {hint}")


def _check_grader(spec: Spec) -> None:
    if (spec.method == "rft") != (spec.grader is not None):
        needed = "rft needs one, a name or a configuration" if spec.method == "rft" else "sft trains without one"
        raise JobRefused(f"grader: {needed}")
    if isinstance(spec.grader, dict):
        try:
            parse_grader(spec.grader)
        except InvalidGrader as error:
            raise JobRefused(f"grader: {error}") from None


def _place(job: Job) -> Path:
    """The job's folder: the option's, else under the user's folder for state."""
    if named := job.place or job.spec.options.get("folder"):
        return Path(named).expanduser().resolve()
    state = environment.text("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return (Path(state) / "fairmark" / "jobs" / job.id).resolve()


def _folder(job: Job) -> Folder:
    folder = Folder(_place(job))
    if not folder.path.is_dir():
        raise JobError(f"{folder.path}: the folder of job {job.id} is gone")
    return folder


def _removed(path: Path) -> bool:
    """Whether a job's folder is gone for good; where its parent is missing too, a disk may just not be mounted."""
    return path.parent.is_dir() and not path.exists()


def _anywhere(spec: Spec) -> Spec:
    """The spec as it holds in every folder and terminal, for the supervisor has its own."""
    options = dict(spec.options)
    if url := options.get("service_url") or environment.text("FAIRMARK_URL"):
        options["service_url"] = absolute(url)
    model = str(Path(spec.model).resolve()) if Path(spec.model).is_dir() else spec.model
    return spec.model_copy(update={"data": str(Path(spec.data).resolve()), "model": model, "options": options})


def _supervise(folder: Folder) -> None:
    """Returns once a supervisor has the job, this one's or another's."""
    deadline = time.monotonic() + START_SECONDS
    # One that has just paused the job may not have let go of it yet.
    while (ended := _started(folder)) == BUSY and folder.state().status == "paused" and time.monotonic() < deadline:
        continue
    if ended == BUSY and folder.state().status == "paused":
        raise JobError(f"{folder.path}: the supervisor that paused the job doesn't end")
    if ended not in (0, BUSY):
        raise JobError(f"{folder.path}: the job's supervisor didn't start; {folder.log} says why")


def _started(folder: Folder) -> int:
    """A supervisor's exit code, which it has once it has the job."""
    command = _command("supervise", str(folder.path))
    try:
        with folder.log.open("ab") as log:
            return subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=START_SECONDS
            ).returncode
    except subprocess.TimeoutExpired:
        raise JobError(f"{folder.path}: the job's supervisor didn't start within {START_SECONDS:g} s") from None


def _ask_trl(spec: Spec) -> None:
    try:
        asked = subprocess.run(
            _command("check"), input=spec.model_dump_json(), capture_output=True, text=True, timeout=CHECK_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise JobError(f"TRL gave no answer about the job within {CHECK_SECONDS:g} s") from None
    if asked.returncode == REFUSED:
        raise JobRefused(asked.stdout.strip().splitlines()[-1])
    if asked.returncode:
        said = asked.stderr.strip().splitlines() or [f"it was killed by signal {-asked.returncode}"]
        raise JobError(f"TRL can't be asked about the job: {said[-1]}")


def _command(program: str, *arguments: str) -> list[str]:
    # -P: a file in the user's folder must not stand in for a library.
    return [sys.executable, "-P", "-m", f"{__name__}.{program}", *arguments]
