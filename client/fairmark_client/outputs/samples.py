"""Outputs kept in a file while they are sampled, so that nothing paid for is lost and nothing is sampled twice."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..data.prepared import Row, item
from ..errors import DataError
from .output import Decoding, Output, read

_FIRST = b'{"sample":'
"""How each line begins."""


class Draw(NamedTuple):
    """One output that is wanted: of which row, under which seed."""

    place: int
    """Which row: its place in the file of rows, from 0."""
    row: Row
    seed: int


class Found(dict[tuple[int, int], Output]):
    """Outputs by row and seed. One that is added is in the file, where there is one, before anything else happens."""

    def __init__(self, path: Path | None = None, file: BinaryIO | None = None) -> None:
        super().__init__()
        self._path, self._file = path, file

    def add(self, output: Output) -> None:
        """Keep one more output. Raises `DataError` when the disk is full."""
        self[output.row, output.seed] = output
        if self._file:
            try:
                self._file.write(output.model_dump_json(exclude_none=True).encode() + b"\n")
                self._file.flush()
            except OSError as error:
                raise DataError(f"{self._path}: {error.strerror}") from None


@contextmanager
def kept(
    path: Path | None, model: str, version: str | None, draws: Sequence[Draw], decoding: Decoding
) -> Iterator[Found]:
    """What a file holds of the draws, and where more goes. Raises `DataError` when it holds something else."""
    if path is None:
        yield Found()
        return
    with _opened(path) as file:
        _mend(path, file)
        found = Found(path, file)
        found.update({(o.row, o.seed): o for o in _fitting(path, model, version, draws, decoding)})
        yield found


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("a+b")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None


def _mend(path: Path, file: BinaryIO) -> None:
    """Throw away a last line without its end, which was being written when something was killed."""
    file.seek(0)
    text = file.read()
    whole = text.rfind(b"\n") + 1
    if not _begun(text[whole:]):
        raise DataError(f"{path}: holds something else than outputs that were sampled; name another file")
    file.truncate(whole)


def _begun(line: bytes) -> bool:
    """Whether that is the beginning of a line that `Found.add` writes, which may be thrown away, or nothing."""
    return line.startswith(_FIRST) or _FIRST.startswith(line)


def _fitting(
    path: Path, model: str, version: str | None, draws: Sequence[Draw], decoding: Decoding
) -> Iterator[Output]:
    wanted = {(draw.place, draw.seed): draw for draw in draws}
    for line, output in read(path):
        if output.model != model or output.decoding != decoding:
            raise DataError(
                f"{path}: line {line}: sampled from {output.model or 'an unnamed model'} with {output.decoding}, and "
                f"this is {model} with {decoding}; name another file"
            )
        if output.version != version:
            raise DataError(f"{path}: line {line}: sampled before the files of {model} changed; name another file")
        draw = wanted.get((output.row, output.seed))
        if draw is None:
            continue
        if output.item != item(draw.row):
            raise DataError(f"{path}: line {line}: item: row {output.row} is another one now; name another file")
        yield output
