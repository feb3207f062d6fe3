"""What an estimate assumes where nothing is given: each with its cheap, expected and dear value, and where it is from.

Documented of OpenAI's loop is one step: 731.5 s, 101.7 of them evaluation (its guide to reinforcement fine-tuning); and
that a job with an endpoint grader took 22 minutes a step (a report on Microsoft Foundry). What `auto` stands for isn't.
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

from fairmark_graders.sample import content_text

from ..data.prepared import Method, Prepared, Row
from ..errors import DataError
from .prices import Prices

NAMES = {
    "n_epochs": "passes over the training rows",
    "batch_size": "rows a step",
    "rollouts": "answers to a row in a step",
    "compute_multiplier": "how much is tried out for a row",
    "step_seconds": "seconds a step, evaluation apart",
    "eval_interval": "steps between evaluations; below 1, as a share of all steps",
    "eval_samples": "rows an evaluation",
    "eval_seconds_per_row": "seconds an evaluated row",
    "eval_share": "an evaluated row's time, as a share of a row's in training",
    "judge_prompt_tokens": "tokens that a judge reads for a grade",
    "judge_completion_tokens": "tokens that a judge writes for a grade",
    "characters_per_token": "characters a token",
    "dollars_per_hour": "dollars an hour of the training loop",
    "dollars_per_million_tokens": "dollars a million trained tokens",
}
"""All that an estimate is made from, in words."""


class Range(NamedTuple):
    """A quantity where a job comes out cheap, as expected, and dear; for a batch size, cheap is large."""

    low: float
    expected: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Self:
        """A quantity that is known."""
        return cls(value, value, value)


class Assumption(NamedTuple):
    """A quantity, and why it is taken to be so."""

    name: str
    range: Range
    source: str


class Rows(NamedTuple):
    """What of a data set decides its price."""

    train: int
    validation: int
    characters: int
    """Of the training rows' prompts and answers; images have none."""

    @classmethod
    def of(cls, prepared: Prepared) -> Self:
        """Counted in the two sides, read a row at a time. Raises `DataError` when they can't be read."""
        try:
            train, characters = 0, 0
            for row in prepared.rows("train"):
                train, characters = train + 1, characters + _characters(row)
            return cls(train, sum(1 for _ in prepared.rows("validation")), characters)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{prepared.folder}: the rows can't be read: {error}") from None


def _characters(row: Row) -> int:
    asked = sum(len(content_text(message["content"]) or "") for message in row["prompt"])
    return asked + len(str(row.get("reference_answer", "")))


STEP_SECONDS, STEP_EVALUATION, DEAR_STEP = 629.8, 101.7, 1320.0
"""Of the documented step: rollouts, training and what lies between; its evaluation. Of the report: the whole step."""
_AUTO = "auto is not documented"
_OURS = "fairmark's default for trl"


def assumed(provider: str, method: Method, rows: Rows, prices: Prices, judged: bool) -> dict[str, Assumption]:
    """What is assumed of a job, by name."""
    found = [*_loop(provider, method, rows), *_money(provider, method, prices)]
    if judged and method == "rft":
        found += _judged(rows)
    return {assumption.name: assumption for assumption in found}


def _loop(provider: str, method: Method, rows: Rows) -> Iterator[Assumption]:
    if provider == "trl":
        return _local_rft(rows) if method == "rft" else _local_sft(rows)
    return _hosted_rft(rows) if method == "rft" else _hosted_sft()


def _hosted_rft(rows: Rows) -> Iterator[Assumption]:
    most, few = float(rows.validation), float(min(50, rows.validation))
    step = Range(STEP_SECONDS, STEP_SECONDS, DEAR_STEP)
    row = Range(STEP_EVALUATION / 1000, STEP_EVALUATION / 200, STEP_EVALUATION / 50)
    yield Assumption("n_epochs", Range(1, 2, 3), f"{_AUTO}; 1 to 50 may be set")
    yield Assumption("batch_size", Range(64, 32, 16), f"{_AUTO}; 1 to 256 may be set")
    yield Assumption("rollouts", Range(4, 8, 16), "answers to a row in a step: not documented; 8 is TRL's")
    yield Assumption("compute_multiplier", Range.exactly(1), f"{_AUTO}; up to 10 may be set")
    yield Assumption(
        "step_seconds", step, "one documented step, evaluation apart, and a reported one; whatever the batch"
    )
    yield Assumption("eval_interval", Range(10, 5, 1), f"{_AUTO}; a documented job validated at its 10th step")
    yield Assumption("eval_samples", Range(few, most, most), f"{_AUTO}; all validation rows at most")
    yield Assumption("eval_seconds_per_row", row, "a documented evaluation of 101.7 s, if it had 1,000, 200 or 50 rows")


def _hosted_sft() -> Iterator[Assumption]:
    yield Assumption("n_epochs", Range(1, 2, 3), _AUTO)
    yield Assumption("characters_per_token", Range(5, 4, 3), "English; other languages and numbers take more tokens")


def _local_rft(rows: Rows) -> Iterator[Assumption]:
    yield Assumption("n_epochs", Range.exactly(1), _OURS)
    yield Assumption("batch_size", Range(4, 2, 2), f"{_OURS}: 4 prompts a step on a CUDA GPU, 2 elsewhere")
    yield Assumption("rollouts", Range(8, 4, 4), f"{_OURS}: 8 answers to a prompt on a CUDA GPU, 4 elsewhere")
    yield from _local_evaluation(rows, 1 / 4, "one answer to a row, where a step in training takes four or more")


def _local_sft(rows: Rows) -> Iterator[Assumption]:
    yield Assumption("n_epochs", Range.exactly(1), _OURS)
    yield Assumption("batch_size", Range.exactly(8), _OURS)
    yield from _local_evaluation(rows, 1 / 3, "a forward pass, about a third of a row's time in training")


def _local_evaluation(rows: Rows, share: float, why: str) -> Iterator[Assumption]:
    yield Assumption("eval_interval", Range.exactly(0.2), f"{_OURS}, as a share of the steps: five evaluations")
    yield Assumption("eval_samples", Range.exactly(rows.validation), "all validation rows")
    yield Assumption("eval_share", Range.exactly(share), why)


def _money(provider: str, method: Method, prices: Prices) -> Iterator[Assumption]:
    table, per_hour = prices.of(provider), prices.per_hour(provider, method)
    per_tokens = table.sft_dollars_per_million_tokens if method == "sft" else None
    source = (table.rft_source if method == "rft" else table.sft_source) or "the price table"
    if per_hour is not None:
        yield Assumption("dollars_per_hour", Range.exactly(per_hour), f"{source}, {prices.as_of}")
    if per_tokens is not None:
        yield Assumption("dollars_per_million_tokens", Range.exactly(per_tokens), f"{source}, {prices.as_of}")


def _judged(rows: Rows) -> Iterator[Assumption]:
    text = rows.characters / max(rows.train, 1) / 4
    prompt = Range(text, 2 * text, 4 * text)
    yield Assumption("judge_prompt_tokens", prompt, "a guess: a row's text, its instructions as long")
    yield Assumption("judge_completion_tokens", Range(10, 100, 500), "a guess: a number alone, or with its reasons")
