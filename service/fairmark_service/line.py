"""Whose work it is: judgements wait in lines, one for each of these."""

import msgspec


class Line(msgspec.Struct, frozen=True, gc=False):
    """Who asks for a judgement, and how they wait.

    A struct, as requests are: one is made for each request, and most never wait.
    """

    key: str = ""
    """The name of the caller's key."""
    run: str | None = None
    """The training run, where the protocol tells it."""
    patient: bool = False
    """Whether its callers wait for room rather than be refused; what waits here is bounded by them alone."""
