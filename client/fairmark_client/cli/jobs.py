"""`fairmark jobs`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Run fine-tuning jobs here or elsewhere, and watch over them.", no_args_is_help=True)

_MOST = 1e9
"""Dollars: no endless cap."""

Named = Annotated[
    str, typer.Argument(metavar="JOB", help="A job's id, or how it begins where that is enough.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Cap = Annotated[
    float | None, typer.Option(min=0.01, max=_MOST, metavar="DOLLARS", help="Pause at this much.", show_default="none")
]
PauseWhenStuck = Annotated[bool, typer.Option("--pause-when-stuck", help="Pause a job that reports nothing any more.")]
PauseWhenOverfitting = Annotated[
    bool, typer.Option("--pause-when-overfitting", help="Pause a job that learns the rows by heart, or nothing more.")
]
Every = Annotated[float, typer.Option(min=0.01, metavar="SECONDS", help="How often to look.")]


@app.command()
def create(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="A prepared data set.", show_default=False)],
    provider: Annotated[str, typer.Option(metavar="NAME", help="trl, openai or azure.", show_default=False)],
    method: Annotated[str, typer.Option(metavar="NAME", help="sft or rft.", show_default=False)],
    model: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A hub name, a folder, a hosted model's name, or a job, for the model it made.",
            show_default=False,
        ),
    ],
    grader: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_FILE", help="What rewards: a name in the service's catalog, or a file.", show_default=False
        ),
    ] = None,
    hyperparameters: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A hyperparameter, by the provider's name.", show_default=False
        ),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="What only one provider knows.", show_default=False),
    ] = None,
    lora: Annotated[bool, typer.Option("--lora", help="trl: train an adapter instead of all weights.")] = False,
    unsloth: Annotated[bool, typer.Option("--unsloth", help="trl: train through Unsloth, on a CUDA GPU.")] = False,
    service_url: Annotated[
        str | None, typer.Option("--url", help="trl: the service that rewards.", show_default="a private one")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="openai, azure: the address of the API.", show_default=False)
    ] = None,
    suffix: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="openai, azure: part of the new model's name.", show_default=False),
    ] = None,
    key_env: Annotated[
        str | None,
        typer.Option(metavar="VARIABLE", help="The environment variable with the provider's key.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of whatever is random.")] = 0,
    cap: Cap = None,
    warn_share: Annotated[
        float, typer.Option(min=0.01, max=1, metavar="SHARE", help="Of the cap, at which to warn.")
    ] = 0.8,
    dollars_per_hour: Annotated[
        float | None,
        typer.Option(min=0, max=_MOST, metavar="DOLLARS", help="What an hour costs.", show_default="the price table's"),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Watch over it at once.")] = False,
) -> None:
    """Check a job, write it into the ledger and start it; the last line is its id.

    Exit codes: 0 it is created, 2 it isn't; with --watch those of watch.
    """
    from ..commands.jobs import Wanted, create

    known = {"lora": lora, "unsloth": unsloth}
    named = {"service_url": service_url, "base_url": base_url, "suffix": suffix, "key_env": key_env}
    given = {name: value for name, value in {**known, **named}.items() if value}
    wanted = Wanted(data, provider, method, model, grader, hyperparameters or [], options or [], given, seed)
    create(wanted, cap, warn_share, dollars_per_hour, watch)


@app.command("list")
def list_(json: Json = False) -> None:
    """List the jobs of the ledger as they are now."""
    from ..commands.jobs import list_

    list_(json)


@app.command()
def show(job: Named, json: Json = False) -> None:
    """Print all that is known of a job: facts, steps, checkpoints, cost, and what the rules say.

    Exit codes: 0 it is well, 1 it has failed or a rule finds it grave, 2 there is no such job.
    """
    from ..commands.jobs import show

    show(job, json)


@app.command()
def watch(
    job: Named,
    every: Every = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, hold it to its budget, and return.")] = False,
    pause_when_stuck: PauseWhenStuck = False,
    pause_when_overfitting: PauseWhenOverfitting = False,
    stuck_times: Annotated[
        float, typer.Option(min=1, metavar="N", help="Median steps of silence that make a job stuck.")
    ] = 5.0,
    stuck_seconds: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="And at least so many seconds.")
    ] = 300.0,
) -> None:
    """Follow a job to its end and hold it to its budget: at the cap it is paused, also when nothing is reported.

    Ctrl-C leaves the job running. The budget is held only while somebody watches.

    Exit codes: 0 it has succeeded, 1 it has failed, or is cancelled or paused, 2 it can't be watched.
    """
    from ..commands.watch import watch
    from ..jobs.watching import Rules

    watch(job, Rules(pause_when_stuck, pause_when_overfitting, stuck_times, stuck_seconds), every, once)


@app.command()
def pause(job: Named) -> None:
    """Ask a job to save and stop; it can be resumed."""
    from ..commands.jobs import pause

    pause(job)


@app.command()
def resume(job: Named, cap: Cap = None) -> None:
    """Let a paused job go on, under a higher cap where it has reached its own."""
    from ..commands.jobs import resume

    resume(job, cap)


@app.command()
def cancel(job: Named) -> None:
    """End a job for good. What it has cost is billed."""
    from ..commands.jobs import cancel

    cancel(job)
