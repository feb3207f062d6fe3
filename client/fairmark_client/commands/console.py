"""The two streams a command writes to, and its one way to give up."""

from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

# Nothing printed may be read as markup or emoji codes: it holds rows, reasons and paths.
out = Console(markup=False, emoji=False, highlight=False)
err = Console(markup=False, emoji=False, highlight=False, stderr=True)


def fail(message: object) -> NoReturn:
    """Say in one line why the command can't go on, and exit with 2."""
    complain(message)
    raise typer.Exit(2)


def complain(message: object) -> None:
    """Say what is wrong, and go on."""
    err.print(Text.assemble(("fairmark: ", "bold red"), printable(str(message))), soft_wrap=True)


def bad(what: object, problem: object, console: Console = out) -> None:
    """Print one thing that was looked at and is wrong."""
    console.print(Text.assemble(("✗ ", "bold red"), printable(f"{what}: {problem}")), soft_wrap=True)


def printable(text: str) -> str:
    """The text with control characters escaped, so that what a model wrote can't steer the terminal."""
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    return character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1]
