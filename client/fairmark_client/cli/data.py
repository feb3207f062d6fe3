"""`fairmark data`."""

import typer

app = typer.Typer(help="Prepare the rows of a job: read, split, resample, format, validate.", no_args_is_help=True)
