"""The commands and their options. What a command does is imported when it runs, so that `--help` answers at once.

Exit codes: 0 all is well, 1 something of what was looked at is not, 2 the command could not do its work.
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="fairmark",
    help="Grades what a model said, during training.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
graders = typer.Typer(help="Look at graders, and find out how they judge.", no_args_is_help=True)
app.add_typer(graders, name="graders")

Url = Annotated[str | None, typer.Option(help="A running service, such as http://127.0.0.1:8000.", show_default=False)]
KeyEnv = Annotated[
    str | None,
    typer.Option(
        metavar="VARIABLE", help="The environment variable with the service's key.", show_default="FAIRMARK_KEY"
    ),
]
Named = Annotated[
    str,
    typer.Argument(metavar="NAME_OR_FILE", help="A grader of the shipped catalog, or its file: JSON, YAML or Python."),
]
SampleField = Annotated[
    str | None,
    typer.Option(
        "--sample",
        metavar="FIELD",
        help="Rows are plain dataset rows: FIELD holds what the model said, the whole row is the item.",
        show_default=False,
    ),
]
ReferenceField = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="FIELD",
        help="The item's field with the right answer.",
        show_default="the one the grader reads",
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after N rows.", show_default=False)]


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(context: typer.Context) -> None:
    """Start the service. All options are the service's own: [bold]fairmark serve --help[/bold] lists them."""
    from .commands.serve import serve

    serve(context.args)


@app.command()
def grade(
    rows: Annotated[str, typer.Argument(metavar="ROWS", help="A JSONL file; - for standard input.")],
    grader: Annotated[
        str,
        typer.Option(
            metavar="NAME_OR_FILE",
            help="A grader of the catalog, or its file: JSON, YAML or Python.",
            show_default=False,
        ),
    ],
    sample: SampleField = None,
    url: Url = None,
    key_env: KeyEnv = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write one result per row, as JSONL; - for standard output.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print how each row was read and what decided.")] = False,
    limit: Limit = None,
) -> None:
    """Grade a JSONL file: in this process, or on a service with --url (or FAIRMARK_URL).

    Each line is {"sample": …, "item": …} as in POST /v1/grade.

    Exit codes: 0 every row is graded, 1 some are not, 2 bad usage or no service.
    """
    from .commands.grade import Options, grade

    grade(Options(rows, grader, sample, url, key_env, out, explain, limit))


@app.command()
def regrade(
    log: Annotated[str, typer.Argument(metavar="LOG", help="A verdict log of the service; - for standard input.")],
    grader: Annotated[
        str,
        typer.Option("--with", metavar="NAME_OR_FILE", help="The changed grader.", show_default=False),
    ],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose verdicts to look at.", show_default="those of the grader's name"),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write every flip, as JSONL; - for standard output.")
    ] = None,
    limit: Limit = None,
) -> None:
    """Show which verdicts of a log would flip under a changed grader.

    Exit codes: 0 none, 1 some flip, 2 bad usage or nothing to compare.
    """
    from .commands.regrade import Options, regrade

    regrade(Options(log, grader, name, out, limit))


@graders.command("list")
def list_(
    catalog: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of grader files; by default the one shipped.")
    ] = None,
    url: Url = None,
    key_env: KeyEnv = None,
) -> None:
    """List the graders of the shipped catalog, of a folder or of a service."""
    from .commands.graders import list_

    list_(catalog, url, key_env)


@graders.command()
def show(
    grader: Named,
    openai: Annotated[
        bool, typer.Option("--openai", help="As OpenAI takes it: without fairmark's own settings.")
    ] = False,
) -> None:
    """Print a grader's configuration as JSON, defaults filled in."""
    from .commands.graders import show

    show(grader, openai)


@graders.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.", show_default=False)],
    into: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write to.")] = Path("."),
) -> None:
    """Start a grader of your own in Python: NAME.py, and NAME.tests.jsonl with its fixtures."""
    from .commands.new import new

    new(name, into)


@graders.command()
def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="JSON, YAML or Python.")],
) -> None:
    """Check grader files: one line per problem, exit code 1 when any file is bad."""
    from .commands.graders import validate

    validate(files)


@graders.command("test")
def fixtures(
    grader: Annotated[
        str | None,
        typer.Argument(metavar="[NAME|FILE|DIR]", help="By default the whole shipped catalog.", show_default=False),
    ] = None,
) -> None:
    """Run the fixtures beside graders: exit code 1 when a verdict isn't the expected one."""
    from .commands.test import test

    test(grader)


@graders.command()
def check(
    grader: Named,
    data: Annotated[
        str,
        typer.Option(metavar="ROWS", help="A JSONL file of dataset rows; - for standard input.", show_default=False),
    ],
    reference: ReferenceField = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write every problem, as JSONL; - for standard output.")
    ] = None,
    limit: Limit = None,
) -> None:
    """Check a grader on the references of a data set, before training on them.

    Each reference must score full as an answer, and again; an empty answer and another row's reference must not.

    Exit codes: 0 all is well, 1 some rows fail, 2 bad usage.
    """
    from .commands.check import Options, check

    check(Options(grader, data, reference, out, limit))


@graders.command()
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
    from .commands.diff import Options, diff

    diff(Options(grader, baseline, rows, sample, reference, out, limit))
