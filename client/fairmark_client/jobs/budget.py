"""A job's cap: a word at a share of it, an end at the cap.

What is held against the cap is the most that a job may have cost by now, which grows with time: a job whose metrics
stop coming is paused as well.
"""

from collections.abc import Iterator

from ..costs.spent import Spent
from .job import Budget
from .remark import Remark

NAME = "budget"


def budget(of: Budget, spent: Spent) -> Iterator[Remark]:
    """What there is to say about a cap; a cap that is raised is another, and starts anew."""
    cap = of.cap_dollars
    if cap is None:
        return
    most, rule = f"at most ${spent.upper_dollars:,.2f} of ${cap:,.2f} spent", f"{NAME} {cap:.12g}"
    if spent.projected_dollars is not None and spent.projected_dollars > cap:
        yield Remark(f"{rule} ahead", f"at this pace it costs ${spent.projected_dollars:,.2f}; the cap is ${cap:,.2f}")
    if spent.upper_dollars >= cap:
        yield Remark(rule, f"the cap is reached: {most}", grave=True)
    elif spent.upper_dollars >= of.warn_share * cap:
        yield Remark(f"{rule} near", f"the cap is near: {most}")
