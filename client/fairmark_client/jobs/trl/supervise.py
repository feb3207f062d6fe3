"""The program that a job runs under: it starts the trainer, watches over it, and writes down how it ended.

    python -m fairmark_client.jobs.trl.supervise FOLDER

It returns as soon as the job is in the hands of a process of its own session, which neither a closed terminal nor
Ctrl-C ends; with `BUSY` when another has the job. It keeps the budget's cap also when nobody watches.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ..job import Event, Job
from .folder import BUSY, Folder, Level, Run, State

TICK_SECONDS = 0.25
SEEN_SECONDS = 1.0
"""How often the time is noted: what a job costs is known to a second, whoever is killed."""
PAUSE_SECONDS = 300.0
"""How long a trainer may take to finish its step and to save; the job's option `pause_seconds` says otherwise."""


class Supervisor:
    """One run of a job."""

    def __init__(self, folder: Folder, job: Job) -> None:
        self.folder, self.job = folder, job
        self.run = Run(number=0, started_at=0, seen_at=0)
        self.state = State()
        self._patience = float(job.spec.options.get("pause_seconds", PAUSE_SECONDS))
        self._asked_at: float | None = None
        self._why: str | None = None
        self._warned = self._terminated = False

    def supervise(self) -> None:
        """From the trainer's start to its end."""
        signal.signal(signal.SIGTERM, self._told)
        signal.signal(signal.SIGINT, self._told)
        before = self.folder.state()
        if before.runs and before.runs[-1].ended_at is None:
            self._end_leftover(before.runs[-1])
            before = self.folder.concluded(before, None)
        if self.folder.request() == "cancel":
            self._cancelled(before)
            return
        trainer = self._start(before.runs)
        while (code := _ended(trainer)) is None:
            self._tick(trainer)
        self._end(code)

    def _told(self, number: int, frame: object) -> None:
        self._terminated = True

    def _end_leftover(self, run: Run) -> None:
        """A trainer whose supervisor was killed stops by itself; one that hangs is killed."""
        deadline = time.monotonic() + self._patience
        while self.folder.holds("trainer"):
            hurry = self.folder.request() == "cancel" or time.monotonic() > deadline
            if hurry and run.pid:
                _kill(run.pid)
            time.sleep(TICK_SECONDS)

    def _start(self, runs: list[Run]) -> "subprocess.Popen[bytes]":
        now = time.time()
        steps = [step for step, _ in self.folder.checkpoints()]
        number, from_step = len(runs) + 1, steps[-1] if steps else 0
        self.run = Run(number=number, started_at=now, seen_at=now, from_step=from_step)
        self.state = State(status="running", runs=[*runs, self.run])
        self.folder.write("state.json", self.state)
        lock = self.folder.hold("trainer")
        assert lock, "a trainer that nobody started holds the lock"
        program = [sys.executable, "-P", "-m", "fairmark_client.jobs.trl.train"]
        with lock, self.folder.log.open("ab") as log:
            trainer = subprocess.Popen(
                [*program, str(self.folder.path), str(number), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
                env=_surroundings(self.job),
            )
        self.run.pid = trainer.pid
        self.folder.write("state.json", self.state)
        self._say("started", f"run {number} started" + (f" after step {from_step}" if from_step else ""))
        return trainer

    def _tick(self, trainer: "subprocess.Popen[bytes]") -> None:
        now = time.time()
        self._watch_budget(now)
        if self._terminated:
            self.folder.ask("pause")
        request = self.folder.request()
        if request == "cancel":
            _kill(trainer.pid)
        elif request == "pause":
            self._pause(trainer, now)
        if request or now > self.run.seen_at + SEEN_SECONDS:
            self.run.seen_at = now
            self.folder.write("state.json", self.state)

    def _pause(self, trainer: "subprocess.Popen[bytes]", now: float) -> None:
        if self._asked_at is None:
            self._asked_at = now
            self.state.status, self.state.said = "pausing", self._why or "asked to pause"
            trainer.terminate()
        elif now > self._asked_at + self._patience:
            self._why = f"it didn't stop within {self._patience:g} s of being asked to, and was killed"
            _kill(trainer.pid)

    def _watch_budget(self, now: float) -> None:
        budget, spent = self.job.budget, self._dollars(now)
        if budget.cap_dollars is None:
            return
        if spent >= budget.warn_share * budget.cap_dollars and not self._warned:
            self._warned = True
            self._say("budget", f"${spent:.2f} of ${budget.cap_dollars:g} are spent", "warn")
        if spent >= budget.cap_dollars and self._asked_at is None:
            self._why = f"the budget of ${budget.cap_dollars:g} is spent"
            self.folder.ask("pause")

    def _dollars(self, now: float) -> float:
        earlier = sum(run.seconds() for run in self.state.runs[:-1])
        return (earlier + now - self.run.started_at) / 3600 * (self.job.budget.dollars_per_hour or 0)

    def _end(self, code: int) -> None:
        self.run.seen_at = time.time()
        state = self.folder.concluded(self.state, code)
        if self.folder.request() == "cancel" and state.status != "succeeded":
            self._cancelled(state)
            return
        if state.status == "paused" and self._asked_at is not None:
            error = f"{self._why}; {self.folder.resumption()}" if self._why else None
            state = state.model_copy(update={"error": error})
        level: Level = "error" if state.status == "failed" else "warn" if state.error else "info"
        self._say("ended", f"{state.status}: {state.error}" if state.error else state.status, level)
        self._settle(state)

    def _cancelled(self, state: State) -> None:
        self._say("ended", "cancelled")
        self._settle(state.model_copy(update={"status": "cancelled", "said": "cancelled", "error": None}))

    def _settle(self, state: State) -> None:
        self.folder.write("state.json", state)
        self.folder.ask(None)

    def _say(self, what: str, message: str, level: Level = "info") -> None:
        key = f"run-{self.run.number}/{what}"
        self.folder.report(Event(key=key, at=time.time(), level=level, message=message))


def _ended(trainer: "subprocess.Popen[bytes]") -> int | None:
    try:
        return trainer.wait(TICK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _surroundings(job: Job) -> dict[str, str]:
    """The trainer's environment: this one, and what the job's options say of the service."""
    options = job.spec.options
    chosen = {"FAIRMARK_RUN": job.id, "PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "false"}
    if url := options.get("service_url"):
        chosen["FAIRMARK_URL"] = url
    if key := os.environ.get(options.get("key_env") or ""):
        chosen["FAIRMARK_KEY"] = key
    # Trainers in one process would spread a batch over all GPUs that they see, which GRPO refuses.
    return {"CUDA_VISIBLE_DEVICES": "0", **os.environ, **chosen}


def main(path: str) -> NoReturn:
    folder = Folder(path)
    lock, job = folder.hold("supervisor"), folder.job()
    if lock is None or job is None:
        sys.exit(BUSY)
    state = folder.state()
    if state.runs and folder.request() != "cancel":
        # Whoever resumed it looks at once, and mustn't find it paused.
        folder.write("state.json", state.model_copy(update={"status": "running", "said": "", "error": None}))
    if os.fork():
        os._exit(0)
    os.setsid()
    Supervisor(folder, job).supervise()
    sys.exit()


if __name__ == "__main__":
    main(str(Path(sys.argv[1])))
