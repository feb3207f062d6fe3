"""Where outputs come from: a model behind an OpenAI-compatible endpoint, a local checkpoint, or a file of outputs.

    source = open_source("http://127.0.0.1:8000/v1")
    outputs = source.sample(prompts("prepared/", "test"), seeds=range(8), decoding=Decoding(max_tokens=256))

A source yields outputs as they are finished; `sample` puts them in order, and with `samples` writes each to a file at
once, so that a failure or Ctrl-C costs nothing that was paid for: the next call takes up where the file ends.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..data.prepared import Row
from .output import Decoding, Output
from .samples import Draw, kept


class Source(ABC):
    """Something that answers prompts."""

    name: str
    """What is recorded as the model of each output."""
    version: str | None = None
    """What is recorded as its version."""
    address: str | None = None
    """Of an endpoint: two may have models of one name."""

    @abstractmethod
    def outputs(self, draws: Sequence[Draw], decoding: Decoding) -> Iterator[Output]:
        """One output for each draw, in any order, each as soon as it is there.

        Raises `DataError` or `ModelError`, at the earliest after yielding what was finished before.
        """

    def sample(
        self,
        rows: Sequence[tuple[int, Row]],
        seeds: Sequence[int],
        decoding: Decoding,
        progress: Callable[[int], object] = lambda done: None,
        samples: Path | None = None,
    ) -> list[Output]:
        """One output for each row and seed: those of the first row under every seed, then those of the second.

        rows      places and prepared rows, whose `prompt` is a list of chat messages
        progress  is told how many outputs are there so far
        samples   a file that gets each output as it comes; what it holds already is not sampled again
        """
        draws = [Draw(place, row, seed) for place, row in rows for seed in seeds]
        with kept(samples, self.name, self.version, draws, decoding) as found:
            progress(len(found))
            missing = [draw for draw in draws if (draw.place, draw.seed) not in found]
            for output in self.outputs(missing, decoding):
                found.add(output)
                progress(len(found))
        return [found[draw.place, draw.seed] for draw in draws]

    def beside(self, rows: Sequence[tuple[int, Row]], decoding: Decoding) -> Path:
        """A file in the current folder for these rows, model and settings, where none is named for what was paid."""
        told = json.dumps([rows, self.address, self.name, self.version, decoding.model_dump()])
        return Path(f"samples-{Path(self.name).name}-{hashlib.sha256(told.encode()).hexdigest()[:6]}.jsonl")
