"""`fairmark compare`: outputs from wherever they are, the comparison as a table and a verdict, and the report."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import typer
from pydantic import ValidationError
from rich import box
from rich.padding import Padding
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from fairmark_graders import AnyGrader
from fairmark_graders.errors import FairmarkError

from ..data.prepared import Prepared, Row, Side
from ..errors import DataError
from ..jobs.control import is_id, made_by
from ..outputs.endpoint import Endpoint
from ..outputs.file import File
from ..outputs.grading import InProcess
from ..outputs.opening import HUB_NAME, open_source
from ..outputs.output import Decoding, Output
from ..outputs.prompts import prompts
from ..outputs.source import Source
from . import streams
from .catalog import label, load
from .console import complain, fail, out, printable

try:
    from ..compare import wording
    from ..compare.comparison import compare as compared
    from ..compare.labels import reader
    from ..compare.results import Comparison, Cost, Model
    from ..compare.verdict import dollars_per_point, notes, verdict
except ModuleNotFoundError as error:
    fail(f"comparing takes {error.name}: pip install 'fairmark[compare]'")

T = TypeVar("T")
Rows = list[tuple[int, Row]]
Outputs = dict[str, list[Output]]


class Options(NamedTuple):
    """What the command line asks for."""

    data: str
    sources: Sequence[str]
    graders: Sequence[str]
    side: Side
    label: str | None
    rare: str | None
    seeds: int
    decoding: Mapping[str, Any]
    models: Sequence[str]
    key_env: str | None
    samples: Path | None
    costs: Sequence[str]
    times: Sequence[str]
    jobs: Sequence[str]
    ood: str | None
    ood_grader: str
    report: Path | None
    json: Path | None
    limit: int | None


def compare(options: Options) -> None:
    """Compare, print, and write what is asked for."""
    _check_files(options)
    try:
        comparison = _compared(options)
        _show(comparison)
        _write(options, comparison)
    except FairmarkError as error:
        fail(error)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        complain("stopped")
        raise typer.Exit(130) from None


def _check_files(options: Options) -> None:
    """Exits with 2 when what is asked for can't be written; to be known before anything is sampled and paid."""
    for path in filter(None, (options.report, options.json)):
        if not path.parent.is_dir():
            fail(f"{path}: there is no folder {path.parent}")
    missing = [library for library in ("jinja2", "matplotlib") if find_spec(library) is None]
    if options.report and missing:
        fail(f"a report takes {', '.join(missing)}: pip install 'fairmark[compare]'")


def _compared(options: Options) -> Comparison:
    given = _named("SOURCE", options.sources)
    named = {name: made_by(text) for name, text in given.items()}
    for name, text in named.items():
        if not (_hosted(text) or HUB_NAME.fullmatch(text) or Path(text).exists()):  # before another model is sampled
            fail(f"{name}: {text}: no such file, folder or job, no hub name, and no http(s)://…/v1")
    if len({*options.graders}) < len(options.graders):
        fail("--held-out: expected graders other than --grader, each once")
    costs = _costs(options, given)
    graders = [load(name) for name in options.graders]
    rows = prompts(options.data, options.side)[: options.limit]
    settings = _manifest(options.data)
    rare = options.rare or settings.get("rare")
    read = reader(graders, rows, options.label or settings.get("label"), rare)
    elsewhere = prompts(options.ood)[: options.limit] if options.ood else []
    with streams.progress() as progress:
        outputs, others = _outputs(options, named, rows, elsewhere, progress)
        found = _judged(rows, outputs, options.graders, graders, progress, reader=read, cost=costs)
        if options.ood:
            found.elsewhere = _judged(elsewhere, others, [options.ood_grader], [load(options.ood_grader)], progress)
            found.elsewhere.headline = f"reward by {found.elsewhere.graders[0]}"
    return found


def _judged(
    rows: Rows, outputs: Outputs, names: Sequence[str], graders: Sequence[AnyGrader], progress: Progress, **options: Any
) -> Comparison:
    here = [InProcess(grader, label(name, grader)) for name, grader in zip(names, graders, strict=True)]
    bars = _Bars(progress, "grading", max(map(len, outputs.values())))
    return compared(rows, outputs, here, progress=bars, **options)


def _manifest(data: str) -> dict[str, Any]:
    return Prepared.open(data).manifest.settings if Path(data).is_dir() else {}


def _decoding(options: Options, source: Source) -> Decoding:
    """Endpoints alone can be held to the schema that the data set was prepared for."""
    held = Prepared.open(options.data).manifest.response_format if Path(options.data).is_dir() else None
    hosted = isinstance(source, Endpoint)
    return _checked(Decoding, {**options.decoding, "response_format": held if hosted else None}, "")


def _outputs(
    options: Options, named: Mapping[str, str], rows: Rows, elsewhere: Rows, progress: Progress
) -> tuple[Outputs, Outputs]:
    """Every model's outputs, in the domain and out of it; one model is open at a time, since each may fill a GPU."""
    models = _named("--model", options.models, list(named))
    bars = _Bars(progress, "sampling", (len(rows) + len(elsewhere)) * options.seeds)
    found: Outputs = {}
    others: Outputs = {}
    for name, text in named.items():
        key_env = options.key_env if _hosted(text) else None
        source = open_source(text, model=models.get(name), key_env=key_env)
        found[name] = _own(options, name, source, rows, "", partial(bars, name))
        if elsewhere:
            more = partial(bars, name, before=len(found[name]))
            others[name] = _own(options, name, source, elsewhere, ".ood", more)
    return found, others


def _hosted(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _own(
    options: Options, name: str, source: Source, rows: Rows, kind: str, progress: Callable[[int], object]
) -> list[Output]:
    """The outputs of one model; `kind` is `.ood` for those out of the domain, whose files are named so."""
    if isinstance(source, File):
        beside = source.path.with_name(f"{source.path.stem}{kind}.jsonl")
        return (File(beside) if kind else source).answering(rows)
    if options.samples:
        options.samples.mkdir(parents=True, exist_ok=True)
    decoding = _decoding(options, source)
    samples = options.samples / f"{name}{kind}.jsonl" if options.samples else source.beside(rows, decoding)
    if not options.samples and samples.exists():
        complain(f"{name}: takes up what is in {samples}; remove it to sample anew")
    try:
        return source.sample(rows, range(options.seeds), decoding, progress, samples)
    except (FairmarkError, KeyboardInterrupt):
        if samples.exists():
            complain(f"what was sampled of {name} is in {samples}; the same command goes on from there")
        raise


class _Bars:
    """A bar for each model, from when something of it is first done."""

    def __init__(self, progress: Progress, verb: str, total: int) -> None:
        self._progress, self._verb, self._total = progress, verb, total
        self._tasks: dict[str, Any] = {}

    def __call__(self, name: str, done: int, before: int = 0) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(f"{self._verb} {name}", total=self._total)
        self._progress.update(self._tasks[name], completed=before + done)


def _named(option: str, given: Sequence[str], models: Sequence[str] | None = None) -> dict[str, str]:
    """NAME=VALUE by name; the names are those of the models. Exits with 2 for anything else."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            fail(f"{option}: expected NAME=…, got {text!r}")
        if "/" in name:
            fail(f"{option}: expected a name without a slash before the =, got {name!r}")
        if name in found:
            fail(f"{option}: {name} is there twice")
        if models is not None and name not in models:
            fail(f"{option}: no model is called {name!r}; there are {', '.join(models)}")
        found[name] = value
    return found


def _costs(options: Options, sources: Mapping[str, str]) -> dict[str, Cost]:
    """What each model cost, as given, or as its job did."""
    models = list(sources)
    dollars, hours = _named("--cost", options.costs, models), _named("--time", options.times, models)
    jobs = {name: text for name, text in sources.items() if is_id(text)} | _named("--job", options.jobs, models)
    found = {name: _of_job(job) for name, job in jobs.items()}
    for name in {*dollars, *hours}:
        given = {"dollars": dollars.get(name), "hours": hours.get(name)}
        known = found.get(name, Cost()).model_dump() | {key: value for key, value in given.items() if value is not None}
        found[name] = _checked(Cost, known, f"--cost or --time of {name}: ")
    return found


def _checked(kind: type[T], fields: Mapping[str, Any], what: str) -> T:
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise DataError(f"{what}{first['loc'][0]}: {first['msg']}, got {first['input']!r}") from None


def _of_job(named: str) -> Cost:
    """What a job of the ledger has cost so far, and how long its training ran."""
    import time

    from ..costs.prices import Prices
    from ..costs.spent import spent
    from ..jobs.ledger import Ledger

    ledger = Ledger()
    job = ledger.job(named)
    found = spent(job, ledger.metrics(job.id), Prices.read(), time.time())
    return Cost(dollars=found.dollars, hours=found.seconds / 3600)


def _show(comparison: Comparison) -> None:
    out.print(_table(comparison))
    for place, sentence in enumerate(verdict(comparison)):
        out.print(Padding(Text(printable(f"• {sentence}"), "" if place else "bold"), (0, 0, 0, 1)))
    for note in notes(comparison):
        out.print(Padding(Text(printable(f"! {note}"), "yellow"), (0, 0, 0, 1)))


def _table(comparison: Comparison) -> Table:
    table = Table(
        title=Text(f"{comparison.rows:,} rows · {printable(comparison.labels_read)}", "bold"),
        box=box.ROUNDED,
        border_style="dim",
        header_style="bold",
    )
    table.add_column("")
    for model in comparison.models:
        table.add_column(printable(model.name), justify="right")
    pair = comparison.pair(comparison.models[0].name, comparison.models[-1].name)
    table.add_column(printable(f"{pair.second} − {pair.first}"), justify="right")
    for measure in comparison.measures:
        cells = [_cell(measure.kind, model, measure.name) for model in comparison.models]
        apart = pair.differences[measure.name]
        change = f"{wording.change(measure.kind, apart.value)}\n{wording.chance(apart)}"
        style = ("bold" if apart.shown else "dim") if apart.value is not None else ""
        table.add_row(printable(measure.name), *cells, Text(change, style))
    table.add_section()
    for name, say in _OTHER.items():
        table.add_row(name, *(say(comparison, model) for model in comparison.models), "")
    return table


def _cell(kind: wording.Kind, model: Model, measure: str) -> Text:
    estimate = model.measures[measure]
    return Text.assemble(wording.value(kind, estimate.value), "\n", (wording.ends(kind, estimate), "dim"))


_OTHER: dict[str, Callable[[Comparison, Model], str]] = {
    "cost": lambda _, model: wording.dollars(model.cost.dollars),
    "cost of a point gained": lambda comparison, model: wording.dollars(dollars_per_point(comparison, model)),
    "time": lambda _, model: wording.hours(model.cost.hours),
    "outputs (seeds)": lambda _, model: f"{model.outputs:,} ({model.seeds})",
    "seeds that agree": lambda _, model: wording.share(model.diversity.agreeing),
    "commonest answer": lambda _, model: wording.share(model.diversity.commonest_share),
    "different texts": lambda _, model: wording.share(model.diversity.distinct_texts),
    "words": lambda _, model: f"{model.diversity.words:.1f}",
}


def _write(options: Options, comparison: Comparison) -> None:
    if options.json:
        options.json.write_text(comparison.model_dump_json(indent=1) + "\n")
    if options.report:
        from ..compare.report import write

        write(options.report, comparison)
        out.print(Text(f"{options.report}: {options.report.stat().st_size / 1e6:.1f} MB"), soft_wrap=True)
