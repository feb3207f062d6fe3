"""`fairmark costs`: what the jobs of the ledger have cost."""

import json
import sys
from typing import NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from ..errors import DataError, JobError
from ..jobs.job import Status
from ..jobs.ledger import Ledger
from ..jobs.watching import Seen, known
from .console import fail, out, printable
from .watch import STATUS_STYLES, duration

_DOLLARS = {
    "estimate": "estimate",
    "spent": "spent",
    "at most": "at_most",
    "end": "at_the_end",
    "billed": "billed",
    "judges": "judges",
    "cap": "cap",
}
"""The columns of money, and where each is from."""


class Cost(NamedTuple):
    """What one job costs, in dollars."""

    job: str
    status: Status
    estimate: float | None
    """As expected before it was created."""
    spent: float
    at_most: float
    at_the_end: float | None
    billed: float | None
    """By the time that the provider says it bills; None until it says so."""
    judges: float
    running_seconds: float
    cap: float | None
    note: str


def costs(as_json: bool) -> None:
    """Print what each job has cost, and all of them."""
    try:
        ledger = Ledger()
        seen = [known(ledger, job) for job in ledger.jobs()]
    except (DataError, JobError) as error:
        fail(error)
    found = [_cost(one) for one in seen]
    if as_json:
        total = sum(cost.spent for cost in found)
        sys.stdout.write(json.dumps({"jobs": [cost._asdict() for cost in found], "spent": total}, indent=2) + "\n")
    elif found:
        out.print(_table(found), crop=False)
        for cost in found:
            if cost.note:
                out.print(Text(printable(f"{cost.job}: {cost.note}"), "dim"), soft_wrap=True)
    else:
        out.print("no jobs yet: fairmark jobs create")


def _cost(seen: Seen) -> Cost:
    job, spent = seen.job, seen.spent
    return Cost(
        job=job.id,
        status=job.status,
        estimate=job.estimate_dollars[1] if job.estimate_dollars else None,
        spent=spent.dollars,
        at_most=spent.upper_dollars,
        at_the_end=spent.projected_dollars,
        billed=spent.dollars if job.billed_seconds is not None else None,
        judges=spent.judge_dollars,
        running_seconds=job.running_seconds(seen.at),
        cap=job.budget.cap_dollars,
        note=spent.note,
    )


def _table(costs: list[Cost]) -> Table:
    """A line for each job; without the columns of money that are empty, since 80 characters are few."""
    table = Table(box=box.SIMPLE, border_style="dim", header_style="bold", footer_style="bold", show_footer=True)
    shown = {name: field for name, field in _DOLLARS.items() if any(getattr(cost, field) for cost in costs)}
    table.add_column("job", "all", no_wrap=True, min_width=max(len(cost.job) for cost in costs))
    table.add_column("status", no_wrap=True, min_width=max(len(cost.status) for cost in costs))
    ran = duration(sum(cost.running_seconds for cost in costs))
    table.add_column("ran", ran, justify="right", min_width=len(ran), no_wrap=True)
    for name, field in shown.items():
        amounts = [amount for cost in costs if (amount := getattr(cost, field)) is not None]
        total = _dollars(None if field == "cap" else sum(amounts))
        width = max(len(name), *(len(_dollars(amount)) for amount in [*amounts, sum(amounts)]))
        table.add_column(name, total, justify="right", min_width=width, no_wrap=True)
    for cost in costs:
        status = Text(cost.status, STATUS_STYLES[cost.status])
        money = (_dollars(getattr(cost, field)) for field in shown.values())
        table.add_row(Text(cost.job, "bold"), status, duration(cost.running_seconds), *money)
    return table


def _dollars(amount: float | None) -> str:
    return "" if amount is None else f"${amount:,.2f}"
