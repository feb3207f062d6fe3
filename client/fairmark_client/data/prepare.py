"""Rows in, a data set out: the five steps in their order, each of which says what it did and why.

    source ─ read ─► spool on disk, arrays in memory
           ─ split ─► a side for each row, groups together
           ─ resample ─► the train side's rows, repeated, left out or weighted
           ─ write ─► train.jsonl, validation.jsonl, test.jsonl
           ─ format ─► the platforms' files
           ─ validate ─► manifest.json

All is written to a folder beside the one asked for, which takes its name at the very end: what has the name is whole.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairmark_graders import AnyGrader, __version__

from ..errors import DataError
from . import format, near_duplicates, precision, read, split, validate
from .prepared import MANIFEST, SIDES, File, Manifest, Prepared, Side, Step, digest
from .read import Advance, Rows
from .resample import resample
from .settings import Settings
from .source import Source, opened

LIBRARIES = ("datasketch", "imbalanced-learn", "numpy", "scikit-learn", "scipy")
"""Those that decide which row goes where."""
_NAMED = 20
"""Problems that are named; the rest is counted."""

Tell = Callable[[Step], object]


def prepare(
    source: Any,
    settings: Settings,
    out: str | Path,
    grader: AnyGrader | None = None,
    tell: Tell = lambda step: None,
    advance: Advance = lambda what, done, total: None,
) -> Prepared:
    """Make a data set of `source`, a path or an iterable of dicts, in the new folder `out`.

    `tell` gets each step when it is done. Raises `DataError` naming file, line and field for what can't be used; a
    platform's rule that is broken is a problem in the manifest's last step, and the data set is there to be looked at.
    """
    folder = _free(Path(out))
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as beside:
        made, spool = Path(beside, folder.name), Path(beside, "spool")
        made.mkdir()
        spool.mkdir()
        manifest = _Preparation(opened(source), settings, grader, tell, advance).run(made, spool)
        os.rename(made, folder)
    return Prepared(folder, manifest)


def _free(folder: Path) -> Path:
    """The folder, if there is nothing in it that could be lost."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: exists already and isn't overwritten; name a new folder, or remove this one")
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    return folder.absolute()


class Dealt(NamedTuple):
    """One side: which rows, in their order, and their weights where they have any."""

    rows: NDArray[np.int64]
    weights: NDArray[np.float64] | None


class _Preparation:
    """One source on its way into one folder."""

    def __init__(
        self, source: Source, settings: Settings, grader: AnyGrader | None, tell: Tell, advance: Advance
    ) -> None:
        self._source, self._settings, self._grader = source, settings, grader
        self._tell, self._advance = tell, advance
        self._steps: list[Step] = []

    def run(self, folder: Path, spool: Path) -> Manifest:
        rows, kept = self._read(spool)
        dealt = self._deal(rows, kept)
        sides = self._write(rows, dealt, folder)
        return self._finish(folder, sides)

    def _done(self, step: Step) -> None:
        self._steps.append(step)
        self._tell(step)

    def _read(self, spool: Path) -> tuple[Rows, NDArray[np.int64]]:
        prompt = format.Prompt(self._settings.template, self._settings.system)
        rows = read.read(self._source, self._settings, prompt, spool, self._advance)
        kept = rows.distinct()
        self._done(read.step(rows, kept, self._settings))
        return rows, kept

    def _deal(self, rows: Rows, kept: NDArray[np.int64]) -> dict[Side, Dealt]:
        """Split, then resample the train side."""
        settings, labels, rare = self._settings, rows.labels[kept], rows.label(self._settings.rare)
        self._advance("looking for near-duplicates", 0, None)
        alike = near_duplicates.groups(rows.signatures(), settings.near_duplicates)[kept]
        groups = near_duplicates.joined(alike, rows.asked[kept], rows.groups[kept])
        self._advance("splitting", 0, None)
        targets = split.wanted(labels, settings.shares)
        enriched = settings.enrich and split.enrich(targets, rare)
        sides = split.split(labels, groups, targets, settings.seed)
        said = _said_of_groups(alike, rows.groups[kept], settings)
        self._done(split.step(sides, labels, groups, rows.names, targets, said))
        return self._resampled(kept, labels, alike, sides, rare, enriched)

    def _resampled(
        self,
        kept: NDArray[np.int64],
        labels: NDArray[np.int64],
        alike: NDArray[np.int64],
        sides: NDArray[np.int64],
        rare: int,
        enriched: bool,
    ) -> dict[Side, Dealt]:
        train, validation, test = (np.flatnonzero(sides == place) for place in range(len(SIDES)))
        resampled = resample(train, labels[train] == rare, alike[train], self._settings)
        weights = _naturally(labels, validation) if enriched else None
        step = resampled.step
        step.said += precision.said(labels[validation] == rare, float((labels == rare).mean()), self._settings, weights)
        step.said += precision.said_of_test(labels[test] == rare, self._settings)
        step.counts["validation"] = precision.table(len(validation), weights)
        self._done(step)
        chance = np.random.default_rng(self._settings.seed)
        return {
            "train": _shuffled(kept[resampled.rows], resampled.weights, chance),
            "validation": _shuffled(kept[validation], weights, chance),
            "test": _shuffled(kept[test], None, chance),
        }

    def _write(self, rows: Rows, dealt: Mapping[Side, Dealt], folder: Path) -> dict[str, File]:
        files = {}
        for side in SIDES:
            path = folder / f"{side}.jsonl"
            rows.write(path, *dealt[side], self._advance)
            files[path.name] = _file(path, len(dealt[side].rows), rows.counted(dealt[side].rows))
        return files

    def _finish(self, folder: Path, files: dict[str, File]) -> Manifest:
        """The platforms' files, what is wrong with them, and the manifest, which is written last."""
        settings = self._settings
        self._advance("formatting", 0, None)
        targets, made = format.targets(folder, settings.targets, settings.methods, settings.response_format)
        self._done(_formatted(made, folder))
        manifest = Manifest(
            fairmark=__version__,
            source={"name": self._source.name, "sha256": self._source.sha256(), "rows": self._steps[0].counts["rows"]},
            settings=settings.model_dump(mode="json") | {"grader": self._grader and self._grader.version},
            response_format=settings.response_format,
            files=files | made,
            targets=targets,
            versions={name: version(name) for name in LIBRARIES},
        )
        self._advance("validating", 0, None)
        self._done(_validated(validate.problems(Prepared(folder, manifest), self._grader)))
        manifest.steps = self._steps
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", "utf-8")
        return manifest


def _said_of_groups(alike: NDArray[np.int64], entities: NDArray[np.uint64], settings: Settings) -> list[str]:
    sizes = np.bincount(alike)
    said = ["no row is a near-duplicate of another"]
    if (several := sizes[sizes > 1]).size:
        said = [
            f"{several.sum():,} rows are near-duplicates of another ({settings.near_duplicates:.0%} of their wording), "
            f"in {several.size:,} groups, the largest of {several.max():,}; a group stays on one side, or the test "
            "asks what training told"
        ]
    if settings.group is not None:
        said.append(f"{len(np.unique(entities)):,} entities by {settings.group!r}, each on one side")
    return said


def _naturally(labels: NDArray[np.int64], validation: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights under which every label of the validation side has the share it has in all rows; their mean is 1."""
    natural, found = (
        np.bincount(part, minlength=labels.max() + 1) / len(part) for part in (labels, labels[validation])
    )
    return np.asarray(natural[labels[validation]] / found[labels[validation]])


def _shuffled(rows: NDArray[np.int64], weights: NDArray[np.float64] | None, chance: np.random.Generator) -> Dealt:
    """In another order, so that the first rows of a side are like the others."""
    order = chance.permutation(len(rows))
    return Dealt(rows[order], None if weights is None else weights[order])


def _file(path: Path, rows: int, labels: dict[str, int]) -> File:
    return File(rows=rows, bytes=path.stat().st_size, sha256=digest(path) or "", labels=labels)


def _formatted(files: Mapping[str, File], folder: Path) -> Step:
    said = [f"{path}: {file.rows:,} rows, {file.bytes / 1e6:.1f} MB" for path, file in files.items() if file.rows]
    said.append("no platform gets the test side; one row of training, as a model will be asked and should answer:")
    with (folder / "train.jsonl").open("rb") as lines:
        example = json.loads(next(lines))
    counts = {"example": {name: example[name] for name in ("prompt", "reference_answer")}}
    return Step(name="format", said=said, counts=counts)


def _validated(problems: Iterable[validate.Problem]) -> Step:
    said: list[str] = []
    counts = {"fatal": 0, "warnings": 0}
    for problem in problems:
        counts["fatal" if problem.fatal else "warnings"] += 1
        if len(said) < _NAMED:
            said.append(_said(problem))
    if left := sum(counts.values()) - len(said):
        said.append(f"{left:,} more problems are counted, not named")
    return Step(name="validate", said=said or ["every file keeps its platform's rules"], counts=counts)


def _said(problem: validate.Problem) -> str:
    where = [problem.file, problem.line and f"line {problem.line}", problem.field]
    return ("" if problem.fatal else "warning: ") + ": ".join(
        [*filter(None, map(str, filter(None, where))), problem.message]
    )
