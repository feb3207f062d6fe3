"""The commands and their options. What a command does is imported when it runs, so that `--help` answers at once.

Exit codes: 0 all is well, 1 something of what was looked at is not, 2 the command could not do its work.
"""

from typing import Annotated

import typer

from . import check, compare, costs, data, graders, jobs
from .options import KeyEnv, Limit, SampleField, Url

app = typer.Typer(
    name="fairmark",
    help="Grades what a model said, during training.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(graders.app, name="graders")
app.add_typer(data.app, name="data")
app.add_typer(check.app, name="check")
app.add_typer(jobs.app, name="jobs")
app.command("costs")(costs.costs)
app.command("compare")(compare.compare)


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(context: typer.Context) -> None:
    """Start the service. All options are the service's own: [bold]fairmark serve --help[/bold] lists them."""
    from ..commands.serve import serve

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
    from ..commands.grade import Options, grade

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
    from ..commands.regrade import Options, regrade

    regrade(Options(log, grader, name, out, limit))
