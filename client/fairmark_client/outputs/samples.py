"""Outputs kept in a file while they are sampled, so that nothing paid for is lost and nothing is sampled twice."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..data.prepared import Row, item
from ..errors import DataError
from .output import Decoding, Output, read


class Draw(NamedTuple):
    """One output that is wanted: of which row, under which seed."""

    place: int
    """Which row: its place in the file of rows, from 0."""
    row: Row
    seed: int


class Found(dict[tuple[int, int], Output]):
    """Outputs by row and seed; one that is added goes to the file, if there is one, before anything else happens."""

    def __init__(self, file: BinaryIO | None = None) -> None:
        super().__init__()
        self._file = file

    def add(self, output: Output) -> None:
        """Keep one more output."""
        self[output.row, output.seed] = output
        if self._file:
            self._file.write(output.model_dump_json(exclude_none=True).encode() + b"\n")
            self._file.flush()


@contextmanager
def kept(path: Path | None, model: str, draws: Sequence[Draw], decoding: Decoding) -> Iterator[Found]:
    """What a file holds of the draws, and where more goes. Raises `DataError` when it holds something else."""
    if path is None:
        yield Found()
        return
    wanted = {(draw.place, draw.seed): draw for draw in draws}
    before = list(_fitting(path, model, wanted, decoding)) if path.exists() else []
    try:
        with path.open("ab") as file:
            found = Found(file)
            found.update({(output.row, output.seed): output for output in before})
            yield found
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def _fitting(path: Path, model: str, wanted: dict[tuple[int, int], Draw], decoding: Decoding) -> Iterator[Output]:
    for line, output in read(path):
        if output.model != model or output.decoding != decoding:
            raise DataError(
                f"{path}: line {line}: sampled from {output.model or 'an unnamed model'} with {output.decoding}, and "
                f"this is {model} with {decoding}; name another file"
            )
        draw = wanted.get((output.row, output.seed))
        if draw is None:
            continue
        if output.item != item(draw.row):
            raise DataError(f"{path}: line {line}: item: row {output.row} is another one now; name another file")
        yield output
