"""`fairmark jobs`: create, list, show, pause, resume, cancel."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import typer
import yaml
from rich import box
from rich.table import Table
from rich.text import Text

from ..costs.prices import Prices
from ..errors import DataError, JobError
from ..jobs import control
from ..jobs.creating import create as create_job
from ..jobs.creating import make_spec
from ..jobs.job import FINAL, Budget, Job, Spec
from ..jobs.ledger import Ledger
from ..jobs.providers import provider
from ..jobs.watching import Rules, Seen, known
from .catalog import load, names_file
from .console import complain, err, fail, out, printable
from .watch import STATUS_STYLES, clock, decided, duration, event_line, money, state, steps, title, view
from .watch import watch as follow

_EVENTS = 10
"""Of the last events, in `show`; --json has them all."""
_FOLDED = 5
"""Characters at least of a column that may be folded."""
_NUMBERS = ("step", "reward", "valid", "cost")
_THEIRS = {"endpoint", "score_model", "label_model"}
"""Types that only a platform runs; it is the provider who checks them."""


class Wanted(NamedTuple):
    """What the command line says of a job."""

    data: Path
    provider: str
    method: str
    model: str
    grader: str | None
    hyperparameters: Sequence[str]
    options: Sequence[str]
    given: dict[str, Any]
    """Options that have a flag of their own."""
    seed: int


def create(
    wanted: Wanted, cap: float | None, warn_share: float, dollars_per_hour: float | None, and_watch: bool
) -> None:
    """Create a job and print its id; exits with 2 when it can't be."""
    budget = Budget(dollars_per_hour=dollars_per_hour, cap_dollars=cap, warn_share=warn_share)
    with _failing():
        spec = _spec(wanted)
        with err.status("checking and creating the job"):
            job = create_job(spec, budget, Ledger())
    out.print(title(job))
    if job.estimate_dollars:
        out.print(_estimated(*job.estimate_dollars, cap))
    if cap is not None and not _hourly(job):
        complain(f"the cap of ${cap:,.2f} doesn't count time, which has no price here: name it with --dollars-per-hour")
    out.print(job.id)
    if and_watch:
        follow(job.id, Rules(), 5.0, once=False)


def _hourly(job: Job) -> float | None:
    said = job.budget.dollars_per_hour
    return Prices.read().per_hour(job.spec.provider, job.spec.method) if said is None else said


def _estimated(low: float, expected: float, high: float, cap: float | None) -> Text:
    """What it will cost; in colour where the cap is likely to end it."""
    over = cap is not None and expected > cap
    words = f"expected to cost ${expected:,.2f} (${low:,.2f} to ${high:,.2f})"
    return Text(
        f"{words}: more than the cap of ${cap:,.2f}, where it will be paused" if over else words,
        "yellow" if over else "",
    )


def _spec(wanted: Wanted) -> Spec:
    return make_spec(
        wanted.data,
        wanted.provider,
        wanted.method,
        control.made_by(wanted.model),
        grader=None if wanted.grader is None else _grader(wanted.grader),
        hyperparameters=_pairs(wanted.hyperparameters, "--set"),
        options={**wanted.given, **_pairs(wanted.options, "--option")},
        seed=wanted.seed,
    )


def _grader(named: str) -> str | dict[str, Any]:
    """A name as it is; a file's configuration, as its author wrote it where only a platform runs it."""
    if not names_file(named):
        return named
    if (theirs := _configuration(Path(named))) is not None:
        return theirs
    return load(named).model_dump(mode="json", exclude_unset=True)


def _configuration(path: Path) -> dict[str, Any] | None:
    try:
        found = None if path.suffix == ".py" else yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return None  # which `load` complains about, naming the line
    if not isinstance(found, dict):
        return None
    inner = found.get("graders")
    parts = [found, *(inner.values() if isinstance(inner, dict) else ())]
    return found if any(isinstance(part, dict) and part.get("type") in _THEIRS for part in parts) else None


def _pairs(given: Sequence[str], option: str) -> dict[str, Any]:
    """`n_epochs=2` as a name and a value: JSON where it is some, else text."""
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            fail(f"{option}: expected NAME=VALUE, got {text!r}")
        pairs[name] = _value(value)
    return pairs


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def list_(as_json: bool) -> None:
    """Print a line for each job; providers are asked how those are that aren't over."""
    with _failing():
        ledger = Ledger()
        with err.status("asking the providers"):
            seen = [known(ledger, job if job.status in FINAL else _now(ledger, job)) for job in ledger.jobs()]
    if as_json:
        _print_json([{**job.job.model_dump(mode="json"), "spent": job.spent._asdict()} for job in seen])
    elif seen:
        out.print(_table(seen))
    else:
        out.print("no jobs yet: fairmark jobs create")


def _now(ledger: Ledger, job: Job) -> Job:
    """The job as it is; as it was last seen where it can't be asked for, which is said."""
    if job.place is None:
        return job
    try:
        return control.refresh(ledger, provider(job.spec.provider), job)
    except JobError as error:
        complain(f"{job.id} as of {clock(job.looked_at or job.created_at)}: {error}")
        return ledger.job(job.id)


def _table(seen: Sequence[Seen]) -> Table:
    """A line for each job; without the columns that are empty, since 80 characters are few."""
    lines = [_line(one) for one in seen]
    table = Table(box=box.SIMPLE, border_style="dim", header_style="bold", pad_edge=False)
    shown = [name for name in lines[0] if any(line[name] for line in lines)]
    for name in shown:
        longest = max(len(line[name]) for line in lines)
        justify: Literal["left", "right"] = "right" if name in _NUMBERS else "left"
        width = min(longest, _FOLDED) if name in ("what", "created") else longest
        table.add_column(name, justify=justify, overflow="fold", min_width=width, no_wrap=width == longest)
    for line in lines:
        table.add_row(*(line[name] for name in shown))
    return table


def _line(one: Seen) -> dict[str, Text]:
    job, last = one.job, one.metrics[-1] if one.metrics else None
    what = f"{job.spec.provider} {job.spec.method} {job.spec.model.rstrip('/').rpartition('/')[2]}"
    return {
        "job": Text(job.id, "bold"),
        "what": Text(printable(what)),
        "status": Text(job.status, STATUS_STYLES[job.status]),
        "step": Text(steps(last) if last else ""),
        "reward": Text(_latest(one, "train_reward")),
        "valid": Text(_latest(one, "valid_reward")),
        "cost": Text(f"${one.spent.dollars:,.2f}"),
        "created": Text(clock(job.created_at)[5:16], "dim"),
    }


def _latest(seen: Seen, field: str) -> str:
    values = [getattr(step, field) for step in seen.metrics]
    return next((f"{value:.3f}" for value in reversed(values) if value is not None), "")


def show(named: str, as_json: bool) -> None:
    """Print all there is to say of one job; exits with 1 when something is wrong with it."""
    with _failing():
        ledger = Ledger()
        seen = known(ledger, _now(ledger, ledger.job(named)))
        checkpoints = ledger.checkpoints(seen.job.id)
    if as_json:
        _print_json(
            {
                "job": seen.job.model_dump(mode="json"),
                "spent": seen.spent._asdict(),
                "remarks": [remark._asdict() for remark in seen.remarks],
                "decisions": [decision.model_dump(mode="json") for decision in seen.decisions],
                "checkpoints": [checkpoint.model_dump(mode="json") for checkpoint in checkpoints],
                "events": [event.model_dump(mode="json", exclude_defaults=True) for event in seen.events],
            }
        )
    else:
        out.print(view(seen))
        out.print(_facts(seen))
        for checkpoint in checkpoints:
            reward = "" if checkpoint.valid_reward is None else f"  validation {checkpoint.valid_reward:.3f}"
            out.print(
                Text(printable(f"checkpoint of step {checkpoint.step}{reward}  {checkpoint.place}")), soft_wrap=True
            )
        for event in seen.events[-_EVENTS:]:
            out.print(Text(printable(f"{clock(event.at)}  {event_line(event, seen)}"), "dim"), soft_wrap=True)
    if seen.job.status in ("failed", "cancelled") or any(remark.grave for remark in seen.remarks):
        raise typer.Exit(1)


def _facts(seen: Seen) -> Table:
    job, spec = seen.job, seen.job.spec
    facts = {
        "status": state(job),
        "model": spec.model,
        "data": spec.data,
        "grader": spec.grader if isinstance(spec.grader, str) else json.dumps(spec.grader) if spec.grader else "",
        "hyperparameters": json.dumps(spec.hyperparameters) if spec.hyperparameters else "",
        "options": json.dumps(spec.options) if spec.options else "",
        "seed": str(spec.seed),
        "place": job.place or "",
        "created": clock(job.created_at),
        "finished": clock(job.finished_at) if job.finished_at else "",
        "ran": ", ".join(f"{clock(began)} for {duration((ended or seen.at) - began)}" for began, ended in job.runs),
        "estimate": "${1:,.2f} (${0:,.2f} to ${2:,.2f})".format(*job.estimate_dollars) if job.estimate_dollars else "",
        "cost": money(seen),
        "model made": job.model_made or "",
        "error": job.error or "",
        "decided": "\n".join(decided(decision) for decision in seen.decisions),
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, fact in facts.items():
        if fact:
            grid.add_row(name, Text(printable(fact)))
    return grid


def pause(named: str) -> None:
    """Ask a job to save and stop."""
    _control(named, control.pause)


def resume(named: str, cap: float | None) -> None:
    """Let a paused job go on."""
    _control(named, lambda ledger, provider, job: control.resume(ledger, provider, job, cap))


def cancel(named: str) -> None:
    """End a job."""
    job = _control(named, control.cancel)
    if job.status not in FINAL:
        out.print(f"it was told to end; fairmark jobs watch {job.id} sees it")


def _control(named: str, what: Callable[..., Job]) -> Job:
    with _failing():
        ledger = Ledger()
        job = ledger.job(named)
        job = what(ledger, provider(job.spec.provider), job)
    out.print(title(job))
    return job


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except (JobError, DataError) as error:
        fail(error)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
