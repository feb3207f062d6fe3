"""What a run may use, and what became of it."""

from dataclasses import dataclass
from typing import Literal

from ..errors import FairmarkError

Status = Literal["finished", "error", "time_limit", "memory_limit", "output_limit", "signalled", "sandbox_error"]

MiB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a run may use; for each of its processes where it has two."""

    seconds: float = 5.0
    """Of processor time and of sleep, together; not of waiting for a processor."""
    seconds_per_test: float | None = None
    """The same for each test, in a mode that runs several."""
    memory_bytes: int = 512 * MiB
    """Of address space, beyond what the interpreter has."""
    output_bytes: int = 10 * MiB
    """Of stdout, of stderr, of the result and of each file, each."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run."""

    status: Status
    exit_code: int | None = None
    """None where a signal or a limit ended it."""
    signal: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    result: bytes = b""
    """What the mode wrote for the service. The program can write there, too: it holds outputs and never verdicts."""
    seconds: float = 0.0
    """Processor time."""
    memory_bytes: int = 0
    """The most it had resident, interpreter included."""
    detail: str | None = None
    """A sentence for a person, where there is more to say."""


class SandboxUnavailable(FairmarkError):
    """This system can't confine a program, or not as well as is asked for; the message says what is missing."""
