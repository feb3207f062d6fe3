"""A job's cap: what is said near it and at it."""

import pytest

from fairmark_client.costs.spent import Spent
from fairmark_client.jobs.budget import budget
from fairmark_client.jobs.job import Budget


def said(upper: float, projected: float | None = None, cap: float | None = 50, share: float = 0.8) -> list[str]:
    spent = Spent(upper / 2, upper, 60, 0, projected, None, "")
    limits = Budget(dollars_per_hour=None, cap_dollars=cap, warn_share=share)
    return [f"{remark.rule}{' grave' if remark.grave else ''}: {remark.why}" for remark in budget(limits, spent)]


@pytest.mark.parametrize(
    ("upper", "expected"),
    [
        (0, []),
        (39.99, []),
        (40, ["budget 50 near: the cap is near: at most $40.00 of $50.00 spent"]),
        (49.99, ["budget 50 near: the cap is near: at most $49.99 of $50.00 spent"]),
        (50, ["budget 50 grave: the cap is reached: at most $50.00 of $50.00 spent"]),
        (1e6, ["budget 50 grave: the cap is reached: at most $1,000,000.00 of $50.00 spent"]),
    ],
)
def test_it_warns_at_its_share_and_is_grave_at_the_cap(upper: float, expected: list[str]) -> None:
    assert said(upper) == expected


def test_without_a_cap_there_is_nothing_to_say() -> None:
    assert said(1e9, projected=1e9, cap=None) == []


def test_a_job_that_will_cost_too_much_is_told_before_it_does() -> None:
    assert said(1, projected=80) == ["budget 50 ahead: at this pace it costs $80.00; the cap is $50.00"]
    assert said(1, projected=50) == []


def test_a_raised_cap_speaks_under_another_name() -> None:
    assert said(60, cap=60)[0].startswith("budget 60 grave")
    one, other = (said(2e6, cap=cap)[0].partition(" grave")[0] for cap in (1_234_567.5, 1_234_567.75))
    assert one != other
