"""Why a mathematical text has no verdict of its own; the grader decides whose fault that is."""

from typing import Literal

from ..errors import FairmarkError


class Unreadable(FairmarkError):
    """The text isn't mathematics this package reads; the message says where it stopped."""


class TooComplex(FairmarkError):
    """The text is too long, too deep or stands for too large a number to be decided; the message says which."""

    of: Literal["answer", "reference"] | None = None
    """Whose text it is, once that is known: `equality.decide` always says."""
