"""`fairmark check`."""

import typer

app = typer.Typer(
    help="Find out before paying whether a job can teach anything, and what it costs.", no_args_is_help=True
)
