"""`fairmark check price`: what a job on a prepared data set will cost, beside the others that could be run on it."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from ..costs.assumptions import NAMES, Assumption, Range, Rows
from ..costs.estimate import GIVEN, Estimate, Judge, Plan, Point, Saving, estimate, measured, savings, set_by
from ..costs.prices import Prices, TokenPrice
from ..data.prepared import Method, Prepared
from ..errors import DataError, JobError
from ..jobs.ledger import Ledger
from .console import fail, out, printable

Pair = tuple[str, Method]
"""A provider and a method."""

_PROVIDERS = {"openai": "openai", "azure": "openai", "trl": "trl"}
"""Providers, and whose files they take."""
_METHODS: tuple[Method, ...] = ("rft", "sft")


class Options(NamedTuple):
    """What the command line asks for."""

    folder: Path
    provider: str | None
    method: Method | None
    values: Sequence[str]
    like: Sequence[str]
    step_seconds: float | None
    dollars_per_hour: float | None
    judge: str | None
    judge_price: str | None
    prices: Path | None
    as_json: bool


class Quote(NamedTuple):
    """One job's estimate, and what could be saved."""

    estimate: Estimate
    savings: list[Saving]


def price(options: Options) -> None:
    """Print what each job would cost; exits with 2 for what can't be read."""
    try:
        rows = Rows.of(prepared := Prepared.open(options.folder))
        prices = Prices.read(options.prices)
        given, judge = _given(options), _judge(options, prices)
        plans = [Plan(rows, *pair, prices, given[pair], judge) for pair in _pairs(options, prepared)]
        quotes = [Quote(estimate(plan), savings(plan)) for plan in plans]
    except (DataError, JobError) as error:
        fail(error)
    if options.as_json:
        sys.stdout.write(json.dumps(_plain(rows, prices, quotes), indent=2) + "\n")
    else:
        _show(options.folder, rows, prices, quotes)


def _pairs(options: Options, prepared: Prepared) -> list[Pair]:
    """The jobs that the folder has files for, less those that aren't asked for."""
    made = prepared.manifest.targets
    pairs: list[Pair] = [
        (provider, method)
        for provider, files in _PROVIDERS.items()
        for method in _METHODS
        if method in made.get(files, {}) and options.provider in (None, provider) and options.method in (None, method)
    ]
    if not pairs:
        asked = " ".join(word for word in (options.provider, options.method) if word) or "any provider"
        raise DataError(f"{options.folder}: no files for {asked}; prepare them with fairmark data prepare")
    return pairs


def _given(options: Options) -> dict[Pair, dict[str, Range]]:
    """What is known of each job: from the jobs it is like, then from the command line."""
    everywhere = dict(map(_value, options.values))
    given: dict[Pair, dict[str, Range]] = {
        (provider, method): dict(everywhere) for provider in _PROVIDERS for method in _METHODS
    }
    for named in options.like:
        pair, found = _like(named)
        given[pair] = found | given[pair]
    timed = options.provider or "trl", options.method or "rft"
    if options.step_seconds is not None:
        given[timed]["step_seconds"] = Range.exactly(options.step_seconds)
    if options.dollars_per_hour is not None:
        for method in _METHODS if timed[0] == "trl" else (timed[1],):
            given[timed[0], method]["dollars_per_hour"] = Range.exactly(options.dollars_per_hour)
    return given


def _value(said: str) -> tuple[str, Range]:
    name, equals, value = said.partition("=")
    try:
        numbers = [float(number) for number in value.split(":")]
        if equals and name in NAMES and len(numbers) in (1, 3) and all(0 <= number < 1e12 for number in numbers):
            return name, Range(*(numbers * 3)[:3])
    except ValueError:
        pass
    expected = "expected NAME=VALUE or NAME=CHEAP:EXPECTED:DEAR with numbers"
    raise DataError(f"--set {said}: {expected}; names are {', '.join(NAMES)}")


def _like(named: str) -> tuple[Pair, dict[str, Range]]:
    ledger = Ledger()
    job = ledger.job(named)
    validation = Prepared.open(job.spec.data).manifest.files.get("validation.jsonl")
    found = measured(ledger.metrics(job.id), (validation and validation.rows) or 0)
    if not found:
        raise DataError(f"--like {job.id}: none of its steps has said its time yet")
    if job.budget.dollars_per_hour is not None:
        found["dollars_per_hour"] = Range.exactly(job.budget.dollars_per_hour)
    return (job.spec.provider, job.spec.method), found | set_by(job.spec)


def _judge(options: Options, prices: Prices) -> Judge | None:
    if options.judge is None:
        if options.judge_price is not None:
            raise DataError("--judge-price: whose? Name the judge with --judge MODEL")
        return None
    if options.judge_price is None:
        return Judge(options.judge, prices.judges.get(options.judge))
    try:
        prompt, completion = map(float, options.judge_price.split(":"))
        return Judge(options.judge, TokenPrice(prompt=prompt, completion=completion))
    except ValueError:
        expected = "expected dollars per million tokens read and written, such as 1.1:4.4"
        raise DataError(f"--judge-price {options.judge_price}: {expected}") from None


def _show(folder: Path, rows: Rows, prices: Prices, quotes: list[Quote]) -> None:
    _say(f"{folder} · {rows.train:,} training rows, {rows.validation:,} for validation · prices of {prices.as_of}")
    out.print(_costs([quote.estimate for quote in quotes]))
    for quote in quotes:
        for unknown in quote.estimate.unknown:
            out.print(Text.assemble((f"{_job(quote.estimate)}: ", "yellow"), f"? is {unknown}"), soft_wrap=True)
    for note in _notes(quotes):
        out.print(Text(printable(note), "dim"), soft_wrap=True)
    dearest = max(quotes, key=lambda quote: quote.estimate.expected.dollars or 0)
    if dearest.savings:
        _say(f"What would save, of the {_dollars(dearest.estimate.expected)} expected for {_job(dearest.estimate)}")
        out.print(_savings(dearest.savings))
    _say("What it is made from; --set NAME=VALUE says otherwise")
    out.print(_assumptions([quote.estimate for quote in quotes]))


def _say(title: str) -> None:
    out.print(Text(printable(title), "bold"), soft_wrap=True)


def _notes(quotes: list[Quote]) -> list[str]:
    return list(
        dict.fromkeys(f"{quote.estimate.provider}: {note}" for quote in quotes for note in quote.estimate.notes)
    )


def _table() -> Table:
    return Table(box=box.ROUNDED, border_style="dim", header_style="bold")


def _costs(estimates: list[Estimate]) -> Table:
    """Counts and hours as expected; a column that no job fills is left out."""
    table = _table()
    table.add_column("job", no_wrap=True)
    columns = {name: [count(each) for each in estimates] for name, count in _COUNTS.items()}
    shown = {name: counts for name, counts in columns.items() if any(count != "–" for count in counts)}
    for name in (*shown, "cheap", "expected", "dear"):
        table.add_column(name, justify="right", no_wrap=True)
    for row, each in enumerate(estimates):
        points = (each.low, each.expected, each.high)
        dollars = [Text(_dollars(point), "bold" if point is each.expected else "") for point in points]
        table.add_row(_job(each), *(counts[row] for counts in shown.values()), *dollars)
    return table


def _count(count: float | None) -> str:
    return "–" if count is None else f"{count:,.0f}"


def _hours(estimate: Estimate) -> str:
    point = estimate.expected
    if point.seconds is not None:
        return f"{point.seconds / 3600:,.2f}"
    return "?" if point.tokens is None else "–"


def _judges(estimate: Estimate) -> str:
    return f"${estimate.expected.judge_dollars:,.2f}" if estimate.expected.judge_dollars else "–"


_COUNTS: dict[str, Callable[[Estimate], str]] = {
    "steps": lambda each: _count(each.expected.steps),
    "grades": lambda each: _count(each.expected.grades),
    "tokens": lambda each: _count(each.expected.tokens),
    "hours": _hours,
    "judges": _judges,
}


def _savings(savings: list[Saving]) -> Table:
    table = _table()
    table.add_column("change")
    table.add_column("hours", justify="right", no_wrap=True)
    table.add_column("dollars", justify="right", no_wrap=True)
    for saving in savings:
        table.add_row(saving.change, f"{saving.seconds / 3600:,.2f}", f"${saving.dollars:,.2f}")
    return table


def _assumptions(estimates: list[Estimate]) -> Table:
    """What jobs have in common stands once, under their names."""
    table = _table()
    table.add_column("name", no_wrap=True)
    table.add_column("cheap, expected, dear", justify="right", no_wrap=True)
    table.add_column("from")
    for jobs, assumptions in _shared(estimates).items():
        table.add_row(Text(", ".join(jobs), "cyan"))
        for each in assumptions:
            table.add_row(each.name, _range(each.range), Text(each.source, "green" if each.source == GIVEN else ""))
        table.add_section()
    return table


def _shared(estimates: list[Estimate]) -> dict[tuple[str, ...], list[Assumption]]:
    jobs: dict[Assumption, list[str]] = {}
    for each in estimates:
        for assumption in each.assumptions:
            jobs.setdefault(assumption, []).append(_job(each))
    shared: dict[tuple[str, ...], list[Assumption]] = {}
    for assumption, names in jobs.items():
        shared.setdefault(tuple(names), []).append(assumption)
    return shared


def _job(estimate: Estimate) -> str:
    return f"{estimate.provider} {estimate.method}"


def _range(values: Range) -> str:
    return f"{values.low:,.4g}" if len(set(values)) == 1 else ", ".join(f"{value:,.4g}" for value in values)


def _dollars(point: Point) -> str:
    """Cents where they say something."""
    if point.dollars is None:
        return "?"
    return f"${point.dollars:,.2f}" if point.dollars < 100 else f"${point.dollars:,.0f}"


def _plain(rows: Rows, prices: Prices, quotes: list[Quote]) -> dict[str, Any]:
    return {
        "rows": rows._asdict(),
        "prices_of": prices.as_of.isoformat(),
        "jobs": [
            {
                **quote.estimate._asdict(),
                **{name: getattr(quote.estimate, name)._asdict() for name in ("low", "expected", "high")},
                "assumptions": {
                    each.name: each.range._asdict() | {"from": each.source} for each in quote.estimate.assumptions
                },
                "savings": [saving._asdict() for saving in quote.savings],
            }
            for quote in quotes
        ],
    }
