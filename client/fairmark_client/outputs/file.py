"""Outputs that were sampled before, from a file."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ..data.prepared import Row, item
from ..errors import DataError
from .lines import lines, shaped
from .output import Decoding, Output
from .samples import Draw
from .source import Source


class File(Source):
    """A file of outputs, or of what `fairmark grade` takes: a line without `row` answers the row that has its item.

    Lines without a seed count theirs, from 0 for each row. What the file has beyond what is asked for is left alone.
    """

    def __init__(self, path: Path) -> None:
        """Raises `DataError` when there is no such file."""
        if not path.is_file():
            raise DataError(f"{path}: no such file")
        self.path = path
        self.name = str(path)

    def outputs(self, draws: Sequence[Draw], decoding: Decoding) -> Iterator[Output]:
        """As they were recorded, with the decoding of then, whatever is asked for now."""
        rows = {draw.place: draw.row for draw in draws}
        found = {(output.row, output.seed): output for output in self.answering(list(rows.items()))}
        for draw in draws:
            if (draw.place, draw.seed) not in found:
                raise DataError(f"{self.path}: no output for row {draw.place} under seed {draw.seed}")
            yield found[draw.place, draw.seed]

    def answering(self, rows: Sequence[tuple[int, Row]]) -> list[Output]:
        """Every output to one of these rows, however many each has, in the order of the file, with `item(row)`.

        Raises `DataError` for a line whose item isn't that of its row, or of any row.
        """
        items = {place: item(row) for place, row in rows}
        keys = {place: {_key(row), _key(items[place])} for place, row in rows}
        places = {key: place for place, both in reversed(keys.items()) for key in both}
        seeds: Counter[int] = Counter()
        found: dict[tuple[int, int], Output] = {}
        for line, fields in lines(self.path):
            output = self._output(line, fields, places, seeds)
            if output.row not in keys:
                continue
            if _key(output.item) not in keys[output.row]:
                self._wrong(line, f"item: isn't that of row {output.row} in the data")
            output.item = items[output.row]
            if found.setdefault((output.row, output.seed), output) is not output:
                self._wrong(line, f"seed: row {output.row} has an output under seed {output.seed} already")
        return list(found.values())

    def _output(self, line: int, fields: dict[str, Any], places: dict[str, int], seeds: Counter[int]) -> Output:
        place = fields.get("row", places.get(_key(fields.get("item"))))
        if place is None:
            self._wrong(line, "item: expected that of one of the rows")
        output = shaped(Output, {"row": place, **fields}, self.path, line)
        if "seed" not in fields:
            output.seed = seeds[output.row]
            seeds[output.row] += 1
        return output

    def _wrong(self, line: int, problem: str) -> NoReturn:
        raise DataError(f"{self.path}: line {line}: {problem}")


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True)
