"""What a rule has to say about a job."""

from typing import NamedTuple


class Remark(NamedTuple):
    """One thing about a job that a person wants to know."""

    rule: str
    """Which rule, and about what: what it has said once under this name, it doesn't say again."""
    why: str
    """A sentence with its numbers."""
    grave: bool = False
    """Worth pausing the job for."""
