"""`fairmark jobs watch`: a job on its way, live on a terminal, line by line elsewhere."""

import time
from collections.abc import Iterator, Sequence

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..errors import DataError, JobError
from ..jobs.job import FINAL, Event, Job, Metrics, Status
from ..jobs.ledger import Decision, Ledger
from ..jobs.providers import provider
from ..jobs.watching import Rules, Seen, look
from ..jobs.watching import watch as looks
from .console import complain, fail, out, printable

STATUS_STYLES: dict[Status, str] = {
    "creating": "yellow",
    "queued": "yellow",
    "running": "cyan",
    "pausing": "yellow",
    "paused": "yellow",
    "succeeded": "green",
    "failed": "red",
    "cancelled": "red",
}
_MEASURES = {
    "train_reward": ("reward", "{:.3f}"),
    "valid_reward": ("validation", "{:.3f}"),
    "reward_std": ("spread", "{:.3f}"),
    "zero_variance": ("groups of one reward", "{:.0%}"),
    "loss": ("loss", "{:.4f}"),
    "valid_loss": ("validation loss", "{:.4f}"),
    "completion_tokens": ("tokens", "{:,.0f}"),
    "step_seconds": ("seconds", "{:,.1f}"),
}
"""What a step may report, in the order and the words in which it is shown."""
_POINTS = 32
"""Of a curve, in a terminal of 80 columns."""
_BLOCKS = "▁▂▃▄▅▆▇█"


def watch(named: str, rules: Rules, every_seconds: float, once: bool) -> None:
    """Follow a job to its end; exits with 1 when that isn't a success, with 2 when it can't be watched."""
    try:
        seen = _once(named, rules) if once else _follow(named, rules, every_seconds)
    except (JobError, DataError) as error:
        fail(error)
    except KeyboardInterrupt:
        complain(_left(named))
        raise typer.Exit(130) from None
    if once and seen.trouble:
        fail(seen.trouble)
    if seen.stopped and seen.job.status != "succeeded":
        raise typer.Exit(1)


def _left(named: str) -> str:
    """What becomes of a job that nobody watches any more; on one's own machine its supervisor keeps the cap."""
    job = Ledger().job(named)
    unheld = job.budget.cap_dollars is not None and job.spec.provider != "trl"
    return f"the job goes on{', and nobody holds it to its cap' if unheld else ''}: fairmark jobs watch {job.id}"


def _once(named: str, rules: Rules) -> Seen:
    ledger = Ledger()
    job = ledger.job(named)
    seen = look(ledger, provider(job.spec.provider), job, rules)
    out.print(view(seen))
    return seen


def _follow(named: str, rules: Rules, every_seconds: float) -> Seen:
    seen = looks(named, rules=rules, every_seconds=every_seconds)
    return _live(seen) if out.is_terminal else _lines(seen)


def _live(looks: Iterator[Seen]) -> Seen:
    seen = next(looks)
    with Live(view(seen), console=out, auto_refresh=False) as live:
        for seen in looks:
            live.update(view(seen), refresh=True)
    out.print(end_of(seen), soft_wrap=True)
    return seen


def _lines(looks: Iterator[Seen]) -> Seen:
    """One line for each event, decision, change of status and trouble that is new."""
    events, decisions, status, trouble = 0, 0, "", None
    for seen in looks:
        for event in seen.events[events:]:
            print_line(event_line(event, seen), event.level)
        for decision in seen.decisions[decisions:]:
            print_line(f"{decided(decision)}", "warn")
        if seen.trouble and seen.trouble != trouble:
            print_line(seen.trouble, "warn")
        if seen.job.status != status:
            print_line(f"{seen.job.id} {state(seen.job)}")
        events, decisions, status, trouble = len(seen.events), len(seen.decisions), seen.job.status, seen.trouble
    out.print(end_of(seen), soft_wrap=True)
    return seen


def print_line(text: str, level: str = "info") -> None:
    """One line at once, however long: somebody may be reading the pipe."""
    out.print(Text(printable(text), {"warn": "yellow", "error": "red"}.get(level, "")), soft_wrap=True)
    out.file.flush()


def event_line(event: Event, seen: Seen) -> str:
    """A step's numbers, or what was said."""
    if event.metrics is None:
        return event.message
    parts = [f"step {steps(event.metrics)}", *(f"{name} {value}" for name, value in measured(event.metrics))]
    return "  ".join(parts)


def steps(metrics: Metrics) -> str:
    """`12/60`, or `12` where the end isn't known."""
    return f"{metrics.step}/{metrics.total_steps}" if metrics.total_steps else str(metrics.step)


def measured(metrics: Metrics) -> Iterator[tuple[str, str]]:
    """What a step reported, in words."""
    for field, (name, form) in _MEASURES.items():
        value = getattr(metrics, field)
        if value is not None:
            yield name, form.format(value)
    yield from ((kind, f"{share:.1%}") for kind, share in metrics.errors.items() if share)


def view(seen: Seen) -> RenderableType:
    """The whole job, as a panel for a terminal of 80 columns or more."""
    panel = Table(title=title(seen.job), box=box.ROUNDED, show_header=False, border_style="dim", padding=(0, 1))
    parts: list[RenderableType] = [_progress(seen), _curves(seen.metrics)]
    if graders := _graders(seen.metrics):
        parts.append(graders)
    panel.add_row(Group(*parts, *_said(seen)))
    return panel


def title(job: Job) -> Text:
    """`trl-3f9c2a · trl rft of SmolLM2-135M · running`."""
    spec = job.spec
    what = f" · {spec.provider} {spec.method} of {printable(spec.model.rstrip('/').rpartition('/')[2])} · "
    return Text.assemble((job.id, "bold"), what, (job.status, STATUS_STYLES[job.status]))


def state(job: Job) -> str:
    """The status, with the provider's own word where that says more."""
    own = f" ({job.said})" if job.said and job.said != job.status else ""
    return f"{job.status}{own}"


def money(seen: Seen) -> str:
    """`$1.20 so far (at most $1.30), $4.10 at the end; cap $5.00`."""
    spent, cap = seen.spent, seen.job.budget.cap_dollars
    most = f" (at most ${spent.upper_dollars:,.2f})" if spent.upper_dollars - spent.dollars >= 0.005 else ""
    ahead = spent.projected_dollars if seen.job.status not in FINAL else None
    end = f", ${ahead:,.2f} at the end" if ahead is not None else ""
    return f"${spent.dollars:,.2f}{most}{end}{f'; cap ${cap:,.2f}' if cap else ''}"


def duration(seconds: float) -> str:
    """`2:05:09`, without the hours where there are none."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _progress(seen: Seen) -> Table:
    grid = _grid()
    if seen.metrics:
        last = seen.metrics[-1]
        bar = ProgressBar(total=last.total_steps or 1, completed=last.step if last.total_steps else 0, width=24)
        grid.add_row("step", Text(steps(last), "bold"), bar if last.total_steps else "")
    grid.add_row("time", Text(_times(seen)), "")
    grid.add_row("cost", Text(money(seen)), Text(seen.spent.note, "dim"))
    return grid


def _times(seen: Seen) -> str:
    ran = f"{duration(seen.job.running_seconds(seen.at))} running"
    ahead = seen.spent.projected_seconds
    if ahead is None or seen.job.status in FINAL:
        return ran
    return f"{ran}, {duration(max(0, ahead - seen.spent.seconds))} to go"


def _curves(metrics: Sequence[Metrics]) -> Table:
    """Each measure's latest value and its way there; the errors that there are now."""
    grid = _grid()
    for field, (name, form) in _MEASURES.items():
        if values := [value for step in metrics if (value := getattr(step, field)) is not None]:
            grid.add_row(name, Text(form.format(values[-1]), "bold"), Text(sparkline(values), "cyan"))
    errors = {kind: share for step in metrics for kind, share in step.errors.items()}
    for kind, share in errors.items():
        if share:
            grid.add_row(printable(kind), Text(f"{share:.1%}", "yellow"), "")
    return grid


def sparkline(values: Sequence[float]) -> str:
    """The last values as a line of blocks, from their smallest to their largest."""
    shown = values[-_POINTS:]
    if len(shown) < 2:
        return ""
    low, span = min(shown), max(shown) - min(shown)
    return "".join(_BLOCKS[round((value - low) / span * 7) if span else 0] for value in shown)


def _graders(metrics: Sequence[Metrics]) -> Table | None:
    latest = {name: scores for step in metrics for name, scores in step.graders.items()}
    if not latest:
        return None
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    table.add_column("grader", overflow="fold")
    for side in ("train", "valid"):
        table.add_column(side, justify="right")
    for name, scores in latest.items():
        cells = [f"{scores[side]:.3f}" if side in scores else "" for side in ("train", "valid")]
        table.add_row(Text(printable(name)), *cells)
    return table


def _said(seen: Seen) -> Iterator[RenderableType]:
    """The rules' remarks, what was decided, the last message and what is wrong."""
    for remark in seen.remarks:
        yield Text(f"! {printable(remark.why)}", "red" if remark.grave else "yellow")
    for decision in seen.decisions:
        if decision.action != "say" and not decision.overruled:
            yield Text(decided(decision), "bold yellow")
    last = next((event for event in reversed(seen.events) if event.message and not event.metrics), None)
    if last:
        yield Text(f"{clock(last.at)} {printable(last.message)}", "dim", overflow="ellipsis", no_wrap=True)
    if seen.job.error:
        yield Text(printable(seen.job.error), "red")
    if seen.trouble:
        yield Text(f"the last look failed: {printable(seen.trouble)}", "yellow")


def decided(decision: Decision) -> str:
    """What a rule has decided, and why."""
    done = {"say": "", "pause": "; pausing", "cancel": "; cancelling"}[decision.action]
    return f"! {printable(decision.why)}{done}"


def end_of(seen: Seen) -> Text:
    """The last line: what became of the job, what it cost, and what to do now."""
    job = seen.job
    words = [f"{job.id} {job.status}", money(seen)]
    if job.error:
        words.append(job.error)
    if job.model_made:
        words.append(f"the model is {job.model_made}")
    if job.status == "paused":
        words.append(f"fairmark jobs resume {job.id} lets it go on")
    return Text(printable("; ".join(words)), STATUS_STYLES[job.status])


def clock(at: float) -> str:
    """A time of day here, with the day."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=10)
    grid.add_column(no_wrap=False)
    grid.add_column()
    return grid
