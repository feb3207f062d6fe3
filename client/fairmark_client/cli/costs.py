"""`fairmark costs`."""

from typing import Annotated

import typer


def costs(json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False) -> None:
    """Say what the jobs of the ledger were to cost, what they have cost, and what was billed."""
    from ..commands.costs import costs

    costs(json)
