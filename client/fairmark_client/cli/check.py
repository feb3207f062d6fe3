"""`fairmark check`."""

from typing import Annotated

import typer

from .options import Limit, Named, ReferenceField

app = typer.Typer(
    help="Find out before paying whether a job can teach anything, and what it costs.", no_args_is_help=True
)


@app.command()
def grader(
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
    from ..commands.check_grader import Options, check

    check(Options(grader, data, reference, out, limit))
