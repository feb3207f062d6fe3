"""A prepared data set: a folder with three sides of rows, the platforms' files, and the manifest of how they were made.

A row of a side is one JSON object: `prompt` (chat messages), `reference_answer`, and the source's columns under their
own names; `weight` where rows were weighted instead of repeated. What a grader gets as its item is `item(row)`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import DataError

Side = Literal["train", "validation", "test"]
Method = Literal["sft", "rft"]
Row = dict[str, Any]

SIDES: tuple[Side, ...] = get_args(Side)
MANIFEST = "manifest.json"


class File(BaseModel):
    """One file of the folder as it was written."""

    model_config = ConfigDict(extra="forbid")

    rows: int | None = None
    """None for what holds no rows, such as a response format."""
    bytes: int
    sha256: str
    labels: dict[str, int] = {}
    """Rows of each label, where the file is a side."""


class Step(BaseModel):
    """One of the five steps: what it did and why, in the sentences that were printed, and its numbers."""

    model_config = ConfigDict(extra="forbid")

    name: Literal["read", "split", "resample", "format", "validate"]
    said: list[str] = []
    counts: dict[str, Any] = {}


class Manifest(BaseModel):
    """How a folder was made. The same rows, settings and versions give the same bytes, so it holds no time."""

    model_config = ConfigDict(extra="forbid")

    fairmark: str
    source: dict[str, Any]
    """`name`, `sha256`, `rows`."""
    settings: dict[str, Any]
    """As given or defaulted: label, rare, ratio, seed, shares, template, and so on."""
    steps: list[Step] = []
    response_format: dict[str, Any] | None = None
    """OpenAI's, with a JSON schema; None where the answer is plain text."""
    files: dict[str, File]
    """By path, relative to the folder."""
    targets: dict[str, dict[Method, dict[Side, str]]]
    """By platform (`openai`, `trl`) and method: the path of each side; the test side belongs to no platform."""
    versions: dict[str, str] = {}
    """Of the libraries that decide what comes out."""


class Prepared:
    """A folder that `fairmark data prepare` wrote."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Raises `DataError` when the folder holds no manifest, or one that can't be read."""
        path = Path(folder) / MANIFEST
        try:
            return cls(Path(folder), Manifest.model_validate_json(path.read_bytes()))
        except OSError as error:
            raise DataError(f"{path}: {error.strerror}; expected a folder made by fairmark data prepare") from None
        except ValidationError as error:
            first = error.errors()[0]
            raise DataError(f"{path}: {'.'.join(map(str, first['loc'])) or 'manifest'}: {first['msg']}") from None

    def rows(self, side: Side) -> Iterator[Row]:
        """The rows of a side, in the file's order, read as they are needed."""
        with (self.folder / f"{side}.jsonl").open("rb") as lines:
            for line in lines:
                yield json.loads(line)

    def file(self, platform: str, method: Method, side: Side) -> Path:
        """The file to hand to a platform. Raises `DataError` when none was made."""
        path = self.manifest.targets.get(platform, {}).get(method, {}).get(side)
        if path is None:
            made = ", ".join(f"{name} {kind}" for name, kinds in self.manifest.targets.items() for kind in kinds)
            raise DataError(f"{self.folder}: no {side} file for {platform} {method}; there are {made or 'none'}")
        return self.folder / path

    def changed(self) -> list[str]:
        """Files that are missing or no longer what the manifest says."""
        return [name for name, file in self.manifest.files.items() if digest(self.folder / name) != file.sha256]


def item(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as a grader sees it on every platform: the prompt is `messages`, the weight is not there."""
    rest = {name: value for name, value in row.items() if name not in ("prompt", "messages", "weight")}
    return {"messages": row["prompt"], **rest}


def digest(path: Path) -> str | None:
    """A file's SHA-256 in hexadecimal; None where there is no file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
