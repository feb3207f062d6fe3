"""A local checkpoint of Transformers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from .output import Decoding, Output
from .samples import Draw
from .source import Source


class Checkpoint(Source):
    """Generates in this process."""

    def __init__(self, folder: Path, adapter: Path | None) -> None:
        raise NotImplementedError

    def outputs(self, draws: Sequence[Draw], decoding: Decoding) -> Iterator[Output]:
        raise NotImplementedError
