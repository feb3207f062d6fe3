"""One output of a model, and the file that holds many: JSONL, one output a line.

    {"sample": "…", "item": {…}, "row": 17, "seed": 0, "model": "…", "decoding": {…}, "completion_tokens": 12}

`sample` and `item` alone make a line that `fairmark grade` takes.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from .lines import lines, shaped


class Decoding(BaseModel):
    """How outputs are sampled; recorded with each, since results of other settings don't compare."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 1024
    response_format: dict[str, Any] | None = None
    """OpenAI's, where the answers are held to a JSON schema; endpoints alone can."""


class Output(BaseModel):
    """What a model said to one prompt under one seed."""

    model_config = ConfigDict(extra="forbid")

    sample: Any
    """Text, chat messages, or OpenAI's sample object, as graders take it."""
    item: dict[str, Any]
    row: int
    """Which prompt: its place in the file of rows, from 0."""
    seed: int = 0
    model: str = ""
    version: str | None = None
    """Of the model's files, where they are on this machine: another training under the same name is another model."""
    decoding: Decoding | None = None
    completion_tokens: int | None = None
    """Thinking included."""
    truncated: bool | None = None
    """Whether it was cut off for being too long; None where nobody knows."""
    seconds: float | None = None


def read(path: Path) -> Iterator[tuple[int, Output]]:
    """The outputs of a file with the numbers of their lines. Raises `DataError`."""
    for number, fields in lines(path):
        yield number, shaped(Output, fields, path, number)


def write(path: Path, outputs: Iterable[Output]) -> None:
    """One output a line; unset fields are left out."""
    path.write_text("".join(output.model_dump_json(exclude_unset=True) + "\n" for output in outputs))
