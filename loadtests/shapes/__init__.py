"""The shapes: one file and one line each."""

from collections.abc import Awaitable, Callable, Mapping

from ..bench import Bench
from ..figures import Figure
from ..trial import Report, Trial
from .batch import batch
from .bursts import bursts
from .crowd import crowd
from .endpoint import endpoint
from .kept_connections import kept_connections
from .long_texts import long_texts
from .math import math
from .new_connections import new_connections
from .poison import poison
from .programs import programs
from .serial import serial
from .similarity import similarity

TRAINERS: Mapping[str, Callable[[Trial], Awaitable[Report]]] = {
    "a": new_connections,
    "b": kept_connections,
    "c": bursts,
    "d": serial,
    "e": crowd,
    "f": programs,
}
"""What trainers send, to a service on all cores."""

RATIOS: Mapping[str, Callable[[Bench], Awaitable[list[Figure]]]] = {
    "endpoint": endpoint,
    "batch": batch,
    "similarity": similarity,
    "long_texts": long_texts,
    "math": math,
    "poison": poison,
}
"""The service beside something else, a core each."""
