"""`fairmark graders`."""

from pathlib import Path
from typing import Annotated

import typer

from .options import KeyEnv, Limit, Named, ReferenceField, SampleField, Url

app = typer.Typer(help="Look at graders, and find out how they judge.", no_args_is_help=True)


@app.command("list")
def list_(
    catalog: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of grader files; by default the one shipped.")
    ] = None,
    url: Url = None,
    key_env: KeyEnv = None,
) -> None:
    """List the graders of the shipped catalog, of a folder or of a service."""
    from ..commands.graders import list_

    list_(catalog, url, key_env)


@app.command()
def show(
    grader: Named,
    openai: Annotated[
        bool, typer.Option("--openai", help="As OpenAI takes it: without fairmark's own settings.")
    ] = False,
) -> None:
    """Print a grader's configuration as JSON, defaults filled in."""
    from ..commands.graders import show

    show(grader, openai)


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.", show_default=False)],
    into: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to.")] = Path("."),
) -> None:
    """Start a grader of your own in Python: NAME.py, and NAME.tests.jsonl with its fixtures."""
    from ..commands.new import new

    new(name, into)


@app.command("import")
def import_(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A fine-tuning job (ftjob-…), or a JSON file: a job, a grader, an eval's testing criteria.",
            show_default=False,
        ),
    ],
    into: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to.")] = Path("."),
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the grader is to be called.", show_default="its own name")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Of a service that speaks OpenAI's API.", show_default="OpenAI's")
    ] = None,
    key_env: Annotated[
        str, typer.Option(metavar="VARIABLE", help="The environment variable with the service's key.")
    ] = "OPENAI_API_KEY",
) -> None:
    """Write the graders of an OpenAI or Azure job as files of a catalog, and say what will differ.

    Exit codes: 0 each can be served, 1 one can't yet (it is kept as NAME….unsupported), 2 bad usage or no such job.
    """
    from ..commands.graders_import import import_

    import_(source, into, name, base_url, key_env)


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="JSON, YAML or Python.")],
) -> None:
    """Check grader files: one line per problem, exit code 1 when any file is bad."""
    from ..commands.graders import validate

    validate(files)


@app.command("test")
def fixtures(
    grader: Annotated[
        str | None,
        typer.Argument(metavar="[NAME|FILE|DIR]", help="By default the whole shipped catalog.", show_default=False),
    ] = None,
) -> None:
    """Run the fixtures beside graders: exit code 1 when a verdict isn't the expected one."""
    from ..commands.test import test

    test(grader)


@app.command()
def diff(
    grader: Named,
    rows: Annotated[
        str, typer.Argument(metavar="ROWS", help="A JSONL file, as for fairmark grade; - for standard input.")
    ],
    baseline: Annotated[
        str,
        typer.Option(metavar="NAME_OR_FILE", help="Another grader, or math-verify.", show_default=False),
    ],
    sample: SampleField = None,
    reference: ReferenceField = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the disagreements as JSONL instead of printing them; - for stdout."),
    ] = None,
    limit: Limit = None,
) -> None:
    """List every row on which a grader and a baseline disagree, with both explanations.

    Exit codes: 0 they agree, 1 they don't, 2 bad usage.
    """
    from ..commands.diff import Options, diff

    diff(Options(grader, baseline, rows, sample, reference, out, limit))
