"""`fairmark jobs`."""

import typer

app = typer.Typer(help="Run fine-tuning jobs here or elsewhere, and watch over them.", no_args_is_help=True)
