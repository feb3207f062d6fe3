"""A job's folder: all that a job is and was, so that any program can tell how it is and go on with it.

    job.json      what is to be run, with absolute paths, and the budget
    state.json    status, reason, and every run with its times; the supervisor's
    outcome.json  how the last run ended, in the trainer's own words
    events.jsonl  what was reported, one event a line; supervisor and trainer append
    log           what the trainer printed
    request       `pause` or `cancel`, until the supervisor has seen it
    checkpoints/  as Transformers writes them
    model/        the final model or adapter; there once it is whole
    supervisor, trainer   locks, each held by its process for as long as that lives

Whether a process lives is asked of its lock, which the kernel drops with it: a number may be another program's by now.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ...errors import JobError
from ..job import FINAL, Event, Job, Status

BUSY = 3
"""The exit code of a supervisor that finds the job in another's hands."""
REFUSED = 4
"""That of a check which finds that the job can't work; Python's own for an error is 1."""
LOCK_SECONDS = 2.0
"""Whoever only asks whether a lock is held has it for a moment."""

Content = TypeVar("Content", bound=BaseModel)
Process = Literal["supervisor", "trainer"]
Request = Literal["pause", "cancel"]
Level = Literal["info", "warn", "error"]


class Run(BaseModel):
    """The work of one trainer, from its start to its end; a job that was resumed has several."""

    model_config = ConfigDict(extra="forbid")

    number: int
    started_at: float
    seen_at: float
    """When its supervisor last saw it alive: the end of a run that nobody saw end."""
    ended_at: float | None = None
    from_step: int = 0
    pid: int | None = None
    """The trainer's process group; the trainer's lock says whether it is still that."""

    def seconds(self) -> float:
        return (self.seen_at if self.ended_at is None else self.ended_at) - self.started_at


class State(BaseModel):
    """How a job is."""

    model_config = ConfigDict(extra="forbid")

    status: Status = "creating"
    said: str = ""
    error: str | None = None
    runs: list[Run] = []

    def seconds(self) -> float:
        """How long trainers were at work; pauses don't count."""
        return sum(run.seconds() for run in self.runs)


class Outcome(BaseModel):
    """What a trainer says of its own end; one that was killed says nothing."""

    model_config = ConfigDict(extra="forbid")

    run: int
    status: Literal["succeeded", "paused", "failed"]
    at: float
    error: str | None = None


class Folder:
    """The files of one job."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.log = self.path / "log"
        self.model = self.path / "model"
        self.saved = self.path / "checkpoints"

    def job(self) -> Job | None:
        """None while there is none here. Raises `JobError` when it can't be read."""
        return _read(self.path / "job.json", Job)

    def outcome(self, run: int) -> Outcome | None:
        """What the trainer of that run said at its end."""
        found = _read(self.path / "outcome.json", Outcome)
        return found if found and found.run == run else None

    def state(self) -> State:
        """How the job is, whichever of its processes still lives."""
        supervised = self.holds("supervisor")  # asked first: what is read afterwards of a job that isn't is final
        state = _read(self.path / "state.json", State) or State()
        if supervised or not state.runs or state.status == "paused" or state.status in FINAL:
            return state
        if self.holds("trainer"):
            state.runs[-1].seen_at = time.time()
            said = "its supervisor is gone: it saves and stops after the step it is at"
            return state.model_copy(update={"status": "pausing", "said": said})
        return self.concluded(state, None)

    def concluded(self, state: State, code: int | None) -> State:
        """The state after its last run, whose trainer is gone; `code` is its exit code where somebody saw it."""
        run = state.runs[-1]
        outcome = self.outcome(run.number)
        if run.ended_at is None:
            signs = [run.seen_at, outcome.at if outcome else 0.0, *(event.at for event in self.events())]
            run = run.model_copy(update={"ended_at": max(signs), "pid": None})
        status: Status
        if outcome:
            status, error = outcome.status, outcome.error
            error = f"{error}; {self.resumption()}" if status == "paused" and error else error
        elif code is None or code < 0:
            # Nothing is wrong with the job, so it isn't over.
            status, error = "paused", f"{_killed(code)}; {self.resumption()}"
        else:
            status, error = "failed", f"the trainer ended with exit code {code}; its log is {self.log}"
        return State(status=status, said=status, error=error, runs=[*state.runs[:-1], run])

    def resumption(self) -> str:
        """Where the job would go on, as the end of a sentence."""
        steps = [step for step, _ in self.checkpoints()]
        return f"resume goes on after step {steps[-1]}" if steps else "no step was saved: resume starts over"

    def write(self, name: str, content: BaseModel) -> None:
        """Put a file in place at once: a reader finds the old one or the new one."""
        half = self.path / f".{name}.{os.getpid()}"
        half.write_text(content.model_dump_json(indent=1))
        half.replace(self.path / name)

    def report(self, event: Event) -> None:
        """Add a line to the events, after cutting off what a process that was killed may have left half."""
        with (self.path / "events.jsonl").open("ab+") as file:
            if file.tell() and not _ends_whole(file):
                file.write(b"\n")
            file.write(event.model_dump_json(exclude_defaults=True).encode() + b"\n")

    def events(self) -> Iterator[Event]:
        """What was reported, in that order; a line that was left half is no event."""
        try:
            lines = (self.path / "events.jsonl").read_bytes().splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                yield Event.model_validate_json(line)
            except ValidationError:
                continue

    def checkpoints(self) -> list[tuple[int, Path]]:
        """Steps and folders of the checkpoints that are whole, oldest first."""
        named = [(path.name.removeprefix("checkpoint-"), path) for path in self.saved.glob("checkpoint-*")]
        return sorted((int(step), path) for step, path in named if step.isdecimal() and _whole(path, int(step)))

    def request(self) -> Request | None:
        """What somebody asks of the supervisor."""
        try:
            text = (self.path / "request").read_text()
        except FileNotFoundError:
            return None
        return "cancel" if text == "cancel" else "pause"

    def ask(self, request: Request | None) -> None:
        """Ask something of the supervisor, or nothing any more. Nothing outdoes a cancel."""
        if request is None:
            (self.path / "request").unlink(missing_ok=True)
        elif self.request() != "cancel":
            half = self.path / f".request.{os.getpid()}"
            half.write_text(request)
            half.replace(self.path / "request")

    def holds(self, process: Process) -> bool:
        """Whether that process of the job lives."""
        with (self.path / process).open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def hold(self, process: Process) -> IO[bytes] | None:
        """The lock of a process, for as long as the file is open anywhere; None when another has it."""
        file = (self.path / process).open("ab")
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    file.close()
                    return None
                time.sleep(0.02)
            else:
                return file


def _read(path: Path, kind: type[Content]) -> Content | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise JobError(f"{path}: can't be read as a {kind.__name__.lower()} of a job: {error}") from None


def _ends_whole(file: IO[bytes]) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _whole(path: Path, step: int) -> bool:
    """Transformers writes the trainer's state last, after weights, optimizer and random numbers."""
    try:
        state = json.loads((path / "trainer_state.json").read_bytes())
    except (OSError, ValueError):
        return False
    return bool(state.get("global_step") == step and any(path.glob("*.safetensors")))


def _killed(code: int | None) -> str:
    if code is None:
        return "its processes were killed, or the machine went down"
    return f"the trainer was killed by signal {-code}" + (", as by the system when memory runs out" * (code == -9))
