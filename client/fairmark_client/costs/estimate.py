"""What a job will cost: steps, hours, tokens and dollars, where it comes out cheap, as expected, and dear.

    steps    = ⌈rows × epochs / batch size⌉
    seconds  = steps × a step's + evaluations × rows evaluated × a row's
    dollars  = hours (of two decimals, where the provider bills so) × price + the judge's tokens
    SFT      = tokens of the file × epochs × price, where tokens are billed

Cheap and dear take every assumption at that end at once, so a job is hardly ever outside, and the two lie far apart
until values are given.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from ..data.prepared import Method
from ..errors import DataError
from ..jobs.job import Metrics, Spec
from .assumptions import NAMES, Assumption, Range, Rows, assumed
from .prices import Prices, TokenPrice
from .spent import billed_dollars

GIVEN = "given"
_POSITIVE = ("n_epochs", "batch_size", "eval_interval", "characters_per_token")
_OF_TOKENS = ("n_epochs", "characters_per_token", "dollars_per_million_tokens")
_OF_JUDGES = ("judge_prompt_tokens", "judge_completion_tokens")
_TRL = {"num_train_epochs": "n_epochs", "num_generations": "rollouts", "eval_steps": "eval_interval"}
"""TRL's names for ours."""
_FEW = 50
"""Rows of the smallest evaluation worth having: a share is then known to about ± 14 points."""


class Judge(NamedTuple):
    """A model that grades, and what its tokens cost; None where that isn't known."""

    model: str
    price: TokenPrice | None


class Plan(NamedTuple):
    """A job that may be run."""

    rows: Rows
    provider: str
    method: Method
    prices: Prices
    given: Mapping[str, Range] = {}
    """What isn't assumed but known, by the assumption's name (`assumptions.NAMES`)."""
    judge: Judge | None = None

    @property
    def by_tokens(self) -> bool:
        """Whether tokens are billed, and not time."""
        return self.provider != "trl" and self.method == "sft"

    def having(self, name: str, value: float) -> "Plan":
        """The same job with one quantity known."""
        return self._replace(given={**self.given, name: Range.exactly(value)})


class Point(NamedTuple):
    """One way a job may come out; None where what it takes isn't known."""

    steps: int | None
    evaluations: int | None
    seconds: float | None
    """Of the training loop."""
    tokens: float | None
    """Trained on, where tokens are billed."""
    grades: int | None
    judge_dollars: float
    dollars: float | None
    """All in all."""


class Estimate(NamedTuple):
    """What a job is expected to cost."""

    provider: str
    method: Method
    low: Point
    expected: Point
    high: Point
    assumptions: tuple[Assumption, ...]
    unknown: tuple[str, ...]
    """What has to be known before there are dollars, each with how to give it."""
    notes: tuple[str, ...]


class Saving(NamedTuple):
    """What a change would save of the expected cost."""

    change: str
    seconds: float
    dollars: float


def estimate(plan: Plan) -> Estimate:
    """The cost of a job. Raises `DataError` for a given name that is none, or a value that it can't have."""
    _check(plan)
    made_of = _made_of(plan)
    low, expected, high = (
        _point(plan, {name: each.range[place] for name, each in made_of.items()}) for place in range(3)
    )
    unknown, notes = tuple(_unknown(plan, made_of)), tuple(_notes(plan, made_of, high))
    return Estimate(plan.provider, plan.method, low, expected, high, tuple(made_of.values()), unknown, notes)


def savings(plan: Plan) -> list[Saving]:
    """What each change would save of the expected cost; empty where that isn't known."""
    now, found = estimate(plan).expected, []
    for change, changed in _changes(plan, now):
        then = estimate(changed).expected
        if now.dollars is not None and then.dollars is not None:
            found.append(Saving(change, (now.seconds or 0) - (then.seconds or 0), now.dollars - then.dollars))
    return found


def measured(metrics: Sequence[Metrics], evaluated_rows: int) -> dict[str, Range]:
    """What a job's steps took: a quick one (of four), the median, and the slowest; evaluations apart.

    Empty where no step said its time.
    """
    timed = [report for report in metrics if report.step_seconds is not None]
    evaluating = [report.step_seconds or 0.0 for report in timed if _evaluated(report)]
    plain = sorted(report.step_seconds or 0.0 for report in timed if not _evaluated(report))
    steps = plain or sorted(evaluating)
    if not steps:
        return {}
    found = {"step_seconds": Range(steps[len(steps) // 4], median(steps), steps[-1])}
    if plain and evaluating and evaluated_rows:
        longer = max(median(evaluating) - median(plain), 0)
        found["eval_seconds_per_row"] = Range.exactly(longer / evaluated_rows)
    return found


def set_by(spec: Spec) -> dict[str, Range]:
    """The hyperparameters of a job that decide its price, where it sets them as numbers."""
    numbers = {name: value for name, value in spec.hyperparameters.items() if isinstance(value, int | float)}
    if spec.provider == "trl":
        numbers = {ours: numbers[theirs] for theirs, ours in _TRL.items() if theirs in numbers} | _batch(spec, numbers)
    return {name: Range.exactly(value) for name, value in numbers.items() if name in NAMES and value > 0}


def _batch(spec: Spec, numbers: dict[str, float]) -> dict[str, float]:
    """Rows a step: TRL counts answers, and GRPO has several to a row."""
    answers, to_a_row = numbers.get("per_device_train_batch_size"), numbers.get("num_generations")
    if spec.method == "sft":
        to_a_row = 1
    if answers is None or not to_a_row:
        return {}
    return {"batch_size": answers * numbers.get("gradient_accumulation_steps", 1) / to_a_row}


def _evaluated(report: Metrics) -> bool:
    return report.valid_reward is not None or report.valid_loss is not None


def _check(plan: Plan) -> None:
    for name, values in plan.given.items():
        if name not in NAMES:
            raise DataError(f"{name}: unknown; expected one of {', '.join(NAMES)}")
        if not all(map(math.isfinite, values)):
            raise DataError(f"{name}: expected a finite number")
        if name in _POSITIVE and min(values) <= 0:
            raise DataError(f"{name}: expected more than 0, got {min(values):g}")
    if plan.rows.train == 0:
        raise DataError("there are no training rows")


def _made_of(plan: Plan) -> dict[str, Assumption]:
    """What the estimate is made of: what is given where it has a part in it, else what is assumed."""
    found = assumed(plan.provider, plan.method, plan.rows, plan.prices, plan.judge is not None)
    given = {name: Assumption(name, values, GIVEN) for name, values in plan.given.items()}
    return found | {name: value for name, value in given.items() if _takes(plan, name)}


def _takes(plan: Plan, name: str) -> bool:
    if plan.by_tokens:
        return name in _OF_TOKENS
    if name in _OF_JUDGES:
        return plan.judge is not None and plan.method == "rft"
    return name == "n_epochs" or name not in _OF_TOKENS


def _point(plan: Plan, values: Mapping[str, float]) -> Point:
    if plan.by_tokens:
        tokens, price = _tokens(plan.rows, values), values.get("dollars_per_million_tokens")
        return Point(None, None, None, tokens, None, 0.0, None if price is None else tokens * price / 1e6)
    steps = math.ceil(plan.rows.train * values["n_epochs"] / values["batch_size"])
    evaluations = _evaluations(plan.rows, steps, values["eval_interval"])
    evaluated = evaluations * min(values["eval_samples"], plan.rows.validation)
    seconds = _seconds(steps, evaluated, values)
    grades = _grades(steps, evaluated, values) if plan.method == "rft" else None
    judged = _judged(plan.judge, grades or 0, values)
    looped = _dollars(plan, seconds, values.get("dollars_per_hour"))
    return Point(
        steps, evaluations, seconds, None, grades, judged, None if looped is None else round(looped + judged, 6)
    )


def _tokens(rows: Rows, values: Mapping[str, float]) -> float:
    return rows.characters / values["characters_per_token"] * values["n_epochs"]


def _evaluations(rows: Rows, steps: int, interval: float) -> int:
    """An interval below 1 is a share of the steps, as TRL has it."""
    every = interval if interval >= 1 else max(steps * interval, 1)
    return math.ceil(steps / every) if rows.validation else 0


def _seconds(steps: int, evaluated: float, values: Mapping[str, float]) -> float | None:
    step = values.get("step_seconds")
    if step is None:
        return None
    row = values.get("eval_seconds_per_row", values.get("eval_share", 0) * step / values["batch_size"])
    return steps * step * values.get("compute_multiplier", 1) + evaluated * row


def _grades(steps: int, evaluated: float, values: Mapping[str, float]) -> int:
    answers = values["batch_size"] * values["rollouts"] * values.get("compute_multiplier", 1)
    return round(steps * answers + evaluated)


def _judged(judge: Judge | None, grades: int, values: Mapping[str, float]) -> float:
    if judge is None or judge.price is None or grades == 0:
        return 0.0
    return judge.price.dollars(*(grades * values[name] for name in _OF_JUDGES))


def _dollars(plan: Plan, seconds: float | None, rate: float | None) -> float | None:
    if seconds is None or rate is None:
        return None
    return seconds / 3600 * rate if plan.provider == "trl" else billed_dollars(seconds, rate)


def _changes(plan: Plan, now: Point) -> Iterator[tuple[str, Plan]]:
    rows, values = plan.rows, {each.name: each.range.expected for each in _made_of(plan).values()}
    fewer = rows._replace(train=math.ceil(rows.train / 2), characters=rows.characters // 2)
    yield "half of the training rows", plan._replace(rows=fewer)
    if values["n_epochs"] > 1:
        yield "one epoch", plan.having("n_epochs", 1)
    if (now.evaluations or 0) > 1:
        yield "half as many evaluations", plan.having("eval_interval", 2 * values["eval_interval"])
    if min(values.get("eval_samples", 0), rows.validation) > _FEW:
        change = f"{_FEW} rows an evaluation, good for ± 14 points"
        yield change, plan.having("eval_samples", _FEW)


def _unknown(plan: Plan, made_of: Mapping[str, Assumption]) -> Iterator[str]:
    if plan.by_tokens and "dollars_per_million_tokens" not in made_of:
        yield f"the price of {plan.provider}'s training tokens: --set dollars_per_million_tokens=DOLLARS"
    if not plan.by_tokens and "step_seconds" not in made_of:
        yield "the time of a step: --step-seconds, or --like a job that has run for some steps"
    if not plan.by_tokens and "dollars_per_hour" not in made_of:
        yield f"the price of an hour on {plan.provider}: --dollars-per-hour"
    if plan.judge is not None and plan.judge.price is None and plan.method == "rft":
        yield f"the price of {plan.judge.model}'s tokens, which are left out: --judge-price"


def _notes(plan: Plan, made_of: Mapping[str, Assumption], high: Point) -> Iterator[str]:
    table, rate = plan.prices.of(plan.provider), made_of.get("dollars_per_hour")
    if rate is not None and rate.range.high == 0:
        yield "an hour counts as $0; name the price of a rented machine with --dollars-per-hour"
    if table.note:
        yield table.note
    if table.pause_at_dollars is not None and (high.dollars or 0) >= table.pause_at_dollars:
        yield f"a job is paused once at ${table.pause_at_dollars:,.0f}; resumed, it has no cap but yours"
    if (hosting := table.hosting_dollars_per_hour) is not None:
        yield f"the finished model costs ${hosting:.2f} an hour while deployed, ${24 * hosting:.2f} a day"
