"""What is known of jobs, on disk: SQLite, for several processes at once, each of which may be killed at any moment.

    jobs         the job as it was last seen; it is there before its provider hears of it
    events       what the provider reported, by the provider's key, so that reading it again adds nothing
    checkpoints  the models saved on the way, as last listed
    decisions    what the watch has decided, so that the next one doesn't decide it again but does see to it

Every change is one transaction, and rows are pydantic's JSON: what a job is stands in `job.py` alone.
"""

import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from .. import environment
from ..errors import JobError, JobRefused
from .job import FINAL, Checkpoint, Event, Job, Metrics
from .provider import Look

Row = TypeVar("Row", bound=BaseModel)

VERSION = 1
BUSY_SECONDS = 30.0
"""How long a process waits for another's transaction, which takes milliseconds."""
SCHEMA = """
CREATE TABLE jobs (id TEXT PRIMARY KEY, created_at REAL NOT NULL, job TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    place INTEGER PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs, key TEXT NOT NULL, event TEXT NOT NULL,
    UNIQUE (job, key)
);
CREATE TABLE checkpoints (
    job TEXT NOT NULL REFERENCES jobs, place INTEGER NOT NULL, checkpoint TEXT NOT NULL, PRIMARY KEY (job, place)
) WITHOUT ROWID;
CREATE TABLE decisions (
    place INTEGER PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs, rule TEXT NOT NULL, decision TEXT NOT NULL,
    UNIQUE (job, rule)
);
"""


class Decision(BaseModel):
    """What a rule of the watch has decided about a job; a rule decides once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    """Which one, and about what: `budget 50`, `stuck after 17`."""
    why: str
    action: Literal["say", "pause", "cancel"]
    at: float
    asked_at: float | None = None
    """When the provider agreed to pause."""
    overruled: bool = False
    """The job was resumed by hand: it isn't paused for this again."""


def default_path() -> Path:
    """FAIRMARK_LEDGER; else `fairmark/jobs.sqlite` in the user's folder for state."""
    if named := environment.text("FAIRMARK_LEDGER"):
        return Path(named).expanduser()
    state = environment.text("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "fairmark" / "jobs.sqlite"


class Ledger:
    """The jobs in one file. Raises `JobError` where the file can't be used, and names it."""

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = default_path() if path is None else Path(path)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise JobError(f"{self.path}: {error.strerror}") from None
        with self._writing() as database:
            found = database.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                raise JobError(f"{self.path}: written by a newer fairmark; expected version {VERSION}, got {found}")
            if found == 0:
                for statement in SCHEMA.split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {VERSION}")

    def add(self, job: Job) -> None:
        """Keep a new job. Raises `JobRefused` when there is one of that id."""
        with self._writing() as database:
            if database.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone():
                raise JobRefused(f"there is a job {job.id} already")
            database.execute("INSERT INTO jobs VALUES (?, ?, ?)", (job.id, job.created_at, job.model_dump_json()))

    def jobs(self) -> list[Job]:
        """All jobs, oldest first."""
        with self._reading() as database:
            found = database.execute("SELECT job FROM jobs ORDER BY created_at, id").fetchall()
            return [Job.model_validate_json(text) for (text,) in found]

    def job(self, named: str) -> Job:
        """The one job whose id is or begins with that. Raises `JobRefused` for none or several."""
        with self._reading() as database:
            query = "SELECT id, job FROM jobs WHERE substr(id, 1, ?) = ? ORDER BY created_at, id"
            found = dict(database.execute(query, (len(named), named)).fetchall())
            if named in found:
                return Job.model_validate_json(found[named])
            if len(found) == 1:
                return Job.model_validate_json(*found.values())
        which = f"could be {', '.join(found)}" if found else "there is none; fairmark jobs list shows them"
        raise JobRefused(f"job {named!r}: {which}")

    @contextmanager
    def alone(self, id: str) -> Iterator[None]:
        """Held by the one process that starts or stops a job; the kernel drops it with the process, however that ends.

        Raises `JobError` while another process holds it.
        """
        path = self.path.with_name(f"{self.path.name}.{id}")
        try:
            file = path.open("a")
        except OSError as error:
            raise JobError(f"{path}: {error.strerror}") from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise JobError(f"another process is just starting or stopping {id}") from None
            yield
            path.unlink(missing_ok=True)

    def change(self, id: str, change: Callable[[Job], Job]) -> Job:
        """Put in place of a job what `change` makes of it, and return that."""
        with self._writing() as database:
            (text,) = database.execute("SELECT job FROM jobs WHERE id = ?", (id,)).fetchone()
            job = change(Job.model_validate_json(text))
            database.execute("UPDATE jobs SET job = ? WHERE id = ?", (job.model_dump_json(), id))
        return job

    def took(self, id: str, place: str) -> Job:
        """The provider has the job, at that place."""
        return self.change(
            id,
            lambda job: job.model_copy(
                update={"place": place, "status": "queued" if job.status == "creating" else job.status}
            ),
        )

    def saw(self, id: str, look: Look, now: float) -> Job:
        """Note how the provider says the job is."""
        return self.change(id, lambda job: _seen(job, look, now))

    def add_events(self, id: str, events: Iterable[Event]) -> list[Event]:
        """Keep those that are new, in their order, and return them. They are fetched before anybody else must wait."""
        fetched = list(events)
        query = "INSERT INTO events (job, key, event) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        with self._writing() as database:
            return [
                event for event in fetched if database.execute(query, (id, event.key, event.model_dump_json())).rowcount
            ]

    def events(self, id: str) -> list[Event]:
        """What was reported, in the order in which it was."""
        return self._column(Event, "event", "events", id)

    def count_events(self, id: str) -> int:
        """How many were reported."""
        with self._reading() as database:
            return int(database.execute("SELECT count(*) FROM events WHERE job = ?", (id,)).fetchone()[0])

    def metrics(self, id: str) -> list[Metrics]:
        """What was measured of each step that counts, in order."""
        return measured(self.events(id))

    def keep_checkpoints(self, id: str, checkpoints: Iterable[Checkpoint]) -> None:
        """Keep these in place of what was listed before: a platform may keep the best few only."""
        rows = [(id, place, checkpoint.model_dump_json()) for place, checkpoint in enumerate(checkpoints)]
        with self._writing() as database:
            database.execute("DELETE FROM checkpoints WHERE job = ?", (id,))
            database.executemany("INSERT INTO checkpoints VALUES (?, ?, ?)", rows)

    def checkpoints(self, id: str) -> list[Checkpoint]:
        """The models saved on the way, oldest first."""
        return self._column(Checkpoint, "checkpoint", "checkpoints", id)

    def decide(self, id: str, decision: Decision) -> bool:
        """Keep a decision; False when its rule has decided before, which then stands."""
        query = "INSERT INTO decisions (job, rule, decision) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        with self._writing() as database:
            return bool(database.execute(query, (id, decision.rule, decision.model_dump_json())).rowcount)

    def decisions(self, id: str) -> list[Decision]:
        """What was decided, oldest first."""
        return self._column(Decision, "decision", "decisions", id)

    def asked(self, id: str, now: float, since: float) -> None:
        """The provider has agreed to pause, as was decided; what it agreed to after `since` stays."""
        self._change_open(id, lambda open: {} if (open.asked_at or 0) > since else {"asked_at": now})

    def overrule(self, id: str) -> None:
        """The job goes on although it was to be paused: those decisions have had their effect."""
        self._change_open(id, lambda open: {"overruled": True})

    def _change_open(self, id: str, update: Callable[[Decision], dict[str, object]]) -> None:
        """Change those decisions that stop the job and that nobody has overruled."""
        with self._writing() as database:
            found = database.execute("SELECT decision FROM decisions WHERE job = ?", (id,)).fetchall()
            for decision in [Decision.model_validate_json(text) for (text,) in found]:
                if decision.action != "say" and not decision.overruled:
                    changed = decision.model_copy(update=update(decision)).model_dump_json()
                    query = "UPDATE decisions SET decision = ? WHERE job = ? AND rule = ?"
                    database.execute(query, (changed, id, decision.rule))

    def _column(self, kind: type[Row], column: str, table: str, id: str) -> list[Row]:
        with self._reading() as database:
            query = f"SELECT {column} FROM {table} WHERE job = ? ORDER BY place"
            return [kind.model_validate_json(text) for (text,) in database.execute(query, (id,))]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which takes the lock at once: what was read in it is still so when it writes."""
        with self._reading() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                if database.in_transaction:  # a full disk has ended it already
                    database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each use: none is carried into a thread or a fork."""
        try:
            with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
                database.execute("PRAGMA journal_mode = WAL")
                yield database
        except sqlite3.Error as error:
            raise JobError(f"{self.path}: {error}") from None
        except ValidationError as error:
            raise JobError(f"{self.path}: a row of another fairmark's: {error.errors()[0]['msg']}") from None


def measured(events: Iterable[Event]) -> list[Metrics]:
    """What was measured of each step that counts, in the order in which it was reported.

    A step that is reported again was made again, from a checkpoint before it: the earlier report no longer counts, nor
    do those of the steps after it.
    """
    found: dict[int, Metrics] = {}
    for metrics in (event.metrics for event in events if event.metrics):
        if metrics.step in found:
            found = {step: before for step, before in found.items() if step < metrics.step}
        found[metrics.step] = metrics
    return list(found.values())


def _seen(job: Job, look: Look, now: float) -> Job:
    """The job after a look. One that is over stays over: a slower look may have begun before its end."""
    if job.status in FINAL and look.status not in FINAL:
        return job
    said = {name: value for name, value in look._asdict().items() if name in Job.model_fields and value is not None}
    said["finished_at"] = (look.finished_at or job.finished_at or now) if look.status in FINAL else None
    return job.model_copy(update=said | {"runs": _runs(job, look, now), "looked_at": now})


def _runs(job: Job, look: Look, now: float) -> list[tuple[float, float | None]]:
    """Open a run where the job has begun to run, close it where it has stopped."""
    running, runs = look.status in ("running", "pausing"), job.runs
    ended = None if running else look.finished_at or now
    if runs and runs[-1][1] is None:
        return [*runs[:-1], (runs[-1][0], ended)]
    if running or _ran_unseen(job, look):
        stopped = runs[-1][1] or 0.0 if runs else 0.0
        return [*runs, (max(look.started_at or job.looked_at or job.created_at, stopped), ended)]
    return runs


def _ran_unseen(job: Job, look: Look) -> bool:
    """Whether a job that stands still has run since the last look, which found it standing still too."""
    if job.status in FINAL:
        return False
    if job.runs:
        return look.started_at is not None and look.started_at > (job.runs[-1][1] or 0)
    return look.started_at is not None or look.status in ("succeeded", "paused")
