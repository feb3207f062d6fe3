"""Prints recall and false accepts by set."""

from math_verify import parse, verify
from rich.console import Console
from rich.table import Table

from . import SETS, Row, load, rates


def theirs(row: Row) -> bool:
    """What math-verify says, which reads an answer in dollars where it reads it no other way."""
    sides = [parse(text) or parse(f"${text}$") for text in (row.reference, row.answer)]
    return bool(verify(*sides))


table = Table("set", "rows", "recall", "false accepts", "math-verify's recall", "its false accepts")
for name in SETS:
    rows = load(name)
    ours, others = rates(rows, [row.passes for row in rows]), rates(rows, list(map(theirs, rows)))
    table.add_row(name, str(len(rows)), *(f"{share:.3f}" for share in (*ours, *others)))
Console().print(table)
