"""The shapes: one file and one line each."""

from collections.abc import Awaitable, Callable, Mapping

from ..bench import Bench
from ..figures import Figure
from .batch import batch
from .endpoint import endpoint
from .long_texts import long_texts
from .math import math
from .poison import poison
from .similarity import similarity

Shape = Callable[[Bench], Awaitable[list[Figure]]]

SHAPES: Mapping[str, Shape] = {
    "endpoint": endpoint,
    "batch": batch,
    "similarity": similarity,
    "long_texts": long_texts,
    "math": math,
    "poison": poison,
}
