"""`fairmark check learnability`: outputs to some prompts, their rewards, and whether a job would learn from them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import typer
from rich.progress import Progress

from fairmark_graders.errors import FairmarkError

from .. import environment
from ..checks.answers import Answers
from ..checks.learnability import Learnability, measure
from ..checks.learnability_rows import chosen, classes, kept
from ..checks.learnability_verdict import judge
from ..data.prepared import MANIFEST, Prepared, Side
from ..errors import DataError
from ..jobs.control import made_by
from ..outputs.endpoint import Endpoint
from ..outputs.file import File
from ..outputs.grading import Grading, InProcess, OnService
from ..outputs.opening import open_source
from ..outputs.output import Decoding, Output
from ..outputs.prompts import prompts
from . import streams
from .catalog import label, load, names_file
from .console import complain, fail, out
from .learnability_tables import shown
from .remote import find


class Options(NamedTuple):
    """What the command line asks for."""

    data: Path
    side: Side
    grader: str
    url: str | None
    right: float | None
    model: str
    model_name: str | None
    key_env: str | None
    adapter: str | None
    decoding: Decoding
    k: int
    rows: int
    seed: int
    samples: Path | None
    keep: str | None
    out: Path | None


class Kept(NamedTuple):
    """Between which mean rewards rows are kept, and where they go."""

    low: float
    high: float
    path: Path


def learnability(options: Options) -> None:
    """Look, print and write; exits with 1 when the job is not worth running."""
    keep = _keep(options)
    try:
        check = _Check(options)
        found = check.measured()
        verdict = judge(found)
        out.print(shown(check.title(found), found, verdict))
        if keep:
            check.write(keep, found)
    except FairmarkError as error:
        fail(error)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if verdict.word == "no":
        raise typer.Exit(1)


class _Check:
    """The rows, the model that answers them, the grader, and where the answers are kept."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rows = prompts(options.data, options.side)
        self._labels = classes(options.data, self._rows)
        self._grading, self._right = _grading(options)
        self._source = open_source(
            made_by(options.model), model=options.model_name, key_env=options.key_env, adapter=options.adapter
        )

    def measured(self) -> Learnability:
        """The numbers, of outputs that are sampled or read."""
        outputs = self._read() if isinstance(self._source, File) else self._sampled()
        with streams.progress() as progress:
            results = self._grading.grade(outputs, _bar(progress, "grading", len(outputs)))
        return measure(outputs, results, self._labels, self._right)

    def title(self, found: Learnability) -> str:
        """What was looked at."""
        rows = f"{len(found.prompts):,} of {len(self._rows):,} rows"
        return f"{self._options.data} · {rows} · {self._source.name} · {self._grading.name}"

    def write(self, keep: Kept, found: Learnability) -> None:
        """The rows with signal, as they came."""
        rows = kept(self._rows, found.prompts, keep.low, keep.high)
        keep.path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        between = f"{keep.low:g} and {keep.high:g}"
        out.print(f"{keep.path}: {len(rows):,} rows with signal and a mean reward between {between}", soft_wrap=True)

    def _read(self) -> list[Output]:
        assert isinstance(self._source, File)
        outputs = self._source.answering(self._rows)
        if not outputs:
            raise DataError(f"{self._source.path}: no outputs to rows of {self._options.data}")
        return outputs

    def _sampled(self) -> list[Output]:
        rows = chosen(self._rows, self._options.rows, self._labels, self._options.seed)
        decoding = self._decoding()
        samples = self._options.samples or self._source.beside(self._rows, decoding)
        if not self._options.samples and samples.exists():
            complain(f"takes up what is in {samples}; remove it to sample anew")
        try:
            with streams.progress() as progress:
                bar = _bar(progress, "sampling", len(rows) * self._options.k)
                return self._source.sample(rows, range(self._options.k), decoding, bar, samples)
        except (FairmarkError, KeyboardInterrupt):
            if samples.exists():
                complain(f"what was sampled is in {samples}; the same command goes on from there")
            raise

    def _decoding(self) -> Decoding:
        """As asked for; where the job would hold answers to a schema, an endpoint is asked to do so as well."""
        data = self._options.data
        if not (isinstance(self._source, Endpoint) and (data / MANIFEST).exists()):
            return self._options.decoding
        return self._options.decoding.model_copy(
            update={"response_format": Prepared.open(data).manifest.response_format}
        )


def _grading(options: Options) -> tuple[Grading, float]:
    """The grader, in this process or on a service, and the reward from which an answer is right."""
    named = options.grader
    if options.url is None and not environment.text("FAIRMARK_URL"):
        grader = load(named)
        return InProcess(grader, label(named, grader)), _first(options.right, Answers(grader).full)
    client = find(options.url, None)
    name = f"{named} on {client.address().url}"
    if not names_file(named):
        return OnService(named, name, client), _first(options.right, 1.0)
    grader = load(named)
    configuration = grader.model_dump(mode="json", exclude_unset=True)
    return OnService(configuration, name, client), _first(options.right, Answers(grader).full)


def _first(given: float | None, otherwise: float) -> float:
    return otherwise if given is None else given


def _keep(options: Options) -> Kept | None:
    if (options.keep is None) != (options.out is None):
        fail("--keep and --out: expected both or none")
    if options.keep is None or options.out is None:
        return None
    low, _, high = options.keep.partition(":")
    try:
        kept = Kept(float(low), float(high), options.out)
    except ValueError:
        fail(f"--keep: expected two mean rewards, such as 0.1:0.9, got {options.keep!r}")
    if not options.out.parent.is_dir():  # to be known before anything is sampled and paid
        fail(f"--out: {options.out}: there is no folder {options.out.parent}")
    if not kept.low <= kept.high:
        fail(f"--keep: expected the lower mean reward first, got {options.keep!r}")
    return kept


def _bar(progress: Progress, verb: str, total: int) -> Callable[[int], None]:
    task = progress.add_task(verb, total=total)
    return lambda done: progress.update(task, completed=done, description=f"{verb}: {done:,} of {total:,} outputs")
