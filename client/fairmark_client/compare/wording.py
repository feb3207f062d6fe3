"""Numbers as people read them, the same in the terminal, the verdict and the report."""

from typing import Literal

from .results import Difference, Estimate

Kind = Literal["share", "reward"]
NOTHING = "–"


def value(kind: Kind, number: float | None) -> str:
    """A share in percent, a reward as it is."""
    if number is None:
        return NOTHING
    return f"{100 * number:z.1f} %" if kind == "share" else f"{number:z.3f}".replace("-", "\u2212")


def ends(kind: Kind, estimate: Estimate) -> str:
    """The interval, without its unit."""
    if estimate.low is None or estimate.high is None:
        return NOTHING
    return f"{_end(kind, estimate.low)} to {_end(kind, estimate.high)}"


def change(kind: Kind, number: float | None) -> str:
    """A difference with its sign: of shares in points of a hundred."""
    if number is None:
        return NOTHING
    return f"{100 * number:+.1f}".replace("-", "\u2212") if kind == "share" else f"{number:+.3f}".replace("-", "\u2212")


def size(kind: Kind, number: float) -> str:
    """A difference without its sign: `6.2 points`."""
    return f"{100 * abs(number):.1f} points" if kind == "share" else f"{abs(number):.3f}"


def chance(difference: Difference) -> str:
    """The p-value that the verdict goes by."""
    p = difference.p_adjusted
    return NOTHING if p is None else "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def dollars(amount: float | None) -> str:
    """Whole dollars from a thousand on, cents below."""
    return NOTHING if amount is None else f"${amount:,.0f}" if amount >= 1_000 else f"${amount:,.2f}"


def hours(amount: float | None) -> str:
    """Minutes below an hour."""
    if amount is None:
        return NOTHING
    return f"{amount * 60:.0f} min" if amount < 1 else f"{amount:.1f} h"


def plain(number: float | None) -> str:
    return NOTHING if number is None else f"{number:.2f}"


def share(number: float | None) -> str:
    return value("share", number)


def _end(kind: Kind, number: float) -> str:
    return (f"{100 * number:z.1f}" if kind == "share" else f"{number:z.3f}").replace("-", "\u2212")
