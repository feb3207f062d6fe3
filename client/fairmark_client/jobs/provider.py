"""What a provider of jobs does; each is one module with a class of this shape, and one line in `providers.py`."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from .job import Checkpoint, Event, Job, Spec, Status


class Look(NamedTuple):
    """What a provider says of a job now; None where it doesn't say."""

    status: Status
    said: str = ""
    error: str | None = None
    started_at: float | None = None
    """When its latest run began: training itself, not the queue or the checks before it."""
    finished_at: float | None = None
    """When it ended, or was paused."""
    billed_seconds: float | None = None
    model_made: str | None = None


class Provider(Protocol):
    """Jobs somewhere. Every call may raise `JobError`: what is wrong, whose fault it is, and what to do."""

    def check(self, spec: Spec) -> None:
        """Refuse what can't work before anything is sent, started or paid. Raises `JobRefused` naming the field.

        That the data is what its manifest says, and that the spec holds no secrets, has been seen to.
        """

    def create(self, job: Job) -> str:
        """Start it, and say where it is. Called again for the same job after a crash, it finds the one it started."""

    def look(self, job: Job) -> Look:
        """How it is."""

    def events(self, job: Job, known: int) -> Iterator[Event]:
        """What was reported, oldest first; `known` is how many the ledger has, which may be skipped."""

    def checkpoints(self, job: Job) -> list[Checkpoint]:
        """The models saved so far, oldest first."""

    def pause(self, job: Job) -> None:
        """Ask it to save and stop; `look` says when it has. Raises `JobRefused` where it can't be paused."""

    def resume(self, job: Job) -> None:
        """Let a paused job go on; from then on `look` doesn't call it paused."""

    def cancel(self, job: Job) -> None:
        """End it for good."""
