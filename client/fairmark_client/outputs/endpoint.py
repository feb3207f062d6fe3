"""A model behind an OpenAI-compatible endpoint."""

from collections.abc import Iterator, Sequence

from .output import Decoding, Output
from .samples import Draw
from .source import Source


class Endpoint(Source):
    """Asks `/chat/completions`, a few requests at a time."""

    def __init__(self, url: str, model: str | None, key_env: str | None) -> None:
        raise NotImplementedError

    def outputs(self, draws: Sequence[Draw], decoding: Decoding) -> Iterator[Output]:
        raise NotImplementedError
