"""`python -m loadtests.costs`: what a grade of each type costs, in CPU time of all the service's processes.

Every sample is new, with reasoning of 0.5 to 8 KB, so that nothing but what the row says comes from the cache. What a
request costs is in the figures: a 64th of one, or a whole one on a kept connection. docs/capacity.md has the table.
"""

import argparse
import contextlib
import json
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import uvloop
from rich.console import Console

from . import machine, markdown
from .answers import ALGEBRA, integer
from .driver import Load, LoadError, Request, closed
from .rollouts import GROUPS, Rollout, thinking
from .servers import CORES, Server, service
from .trial import Trial

BATCH = 64
CALLERS = 4
ROUNDS = 3
TEXTS = {"input": "{{ sample.output_text }}", "reference": "{{ item.reference_answer }}"}
_PYTHON = "def grade(sample, item):\n    return float(item['reference_answer'] in sample['output_text'])\n"
_CALL = {"type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo", "days": 3}'}}
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}

Sampled = tuple[Any, Any]
"""What a model said, and the reference."""


class Row(NamedTuple):
    """A kind of grade: its grader and its samples."""

    name: str
    grader: dict[str, Any]
    sampled: Callable[[random.Random], Sampled]


def main() -> None:
    """Measure every row and print the table."""
    parser = argparse.ArgumentParser("loadtest costs", description="CPU time of a grade, by type of grader.")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each of three rounds of a row; 1 by default")
    asked = parser.parse_args()
    columns = ("grader", f"µs a sample, {BATCH} in a request", "µs a sample, one a request")
    print(f"Measured {markdown.measured(machine.facts())}\n\n{markdown.head(columns)}")
    try:
        with _catalog() as server:
            for row in ROWS:
                with Console(stderr=True).status(f"measuring {row.name}"):
                    batched, single = uvloop.run(_costs(server, row, asked.seconds))
                print(markdown.row([row.name, f"{batched:,.0f}", f"{single:,.0f}"]), flush=True)
    except LoadError as error:
        raise SystemExit(f"loadtest costs: {error}") from None


@contextlib.contextmanager
def _catalog() -> Iterator[Server]:
    """A service on all cores that has the graders of all rows."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder, "catalog")
        catalog.mkdir()
        Path(folder, "contains.py").write_text(_PYTHON)
        for place, row in enumerate(ROWS):
            packages = {"packages": folder} if row.grader["type"] == "function" else {}
            (catalog / f"row{place}.json").write_text(json.dumps(row.grader | packages))
        with service("--catalog", str(catalog), "--functions", "contains", cores=CORES) as server:
            yield server


async def _costs(server: Server, row: Row, seconds: float) -> tuple[float, float]:
    """Microseconds a sample, in batches and alone."""
    grader, seeds = f"row{ROWS.index(row)}", count()
    return (
        await _cost(server, (_request(grader, row, next(seeds), BATCH) for _ in seeds), seconds, BATCH),
        await _cost(server, (_request(grader, row, next(seeds), 1) for _ in seeds), seconds, 1),
    )


async def _cost(server: Server, requests: Iterator[Request], seconds: float, samples: int) -> float:
    """The median of the rounds, after one that warms up."""
    trial = Trial(server, len(CORES), short=False)
    measured = [await trial.metered(closed(server, requests, CALLERS, seconds)) for _ in range(ROUNDS + 1)]
    return statistics.median(_each(load, cpu) / samples for load, cpu in measured[1:])


def _each(load: Load, cpu: float) -> float:
    return cpu / len(load.answered().answers) * 1e6


def _request(grader: str, row: Row, seed: int, samples: int) -> Request:
    chance = random.Random(seed)
    drawn = [row.sampled(chance) for _ in range(samples)]
    rows = [{"sample": said, "item": {"reference_answer": reference}} for said, reference in drawn]
    body = orjson.dumps({"grader": grader, "samples": rows})
    return Request("/v1/grade", body, row.name, b'"outcome":"graded"', samples)


def _rollout(grader: str) -> Callable[[random.Random], Sampled]:
    """The first of a new group."""

    def sampled(chance: random.Random) -> Sampled:
        made: Rollout = next(GROUPS[grader](chance))
        return made.said, made.reference

    return sampled


def _math(kinds: Sequence[Callable[[random.Random], Any]]) -> Callable[[random.Random], Sampled]:
    def sampled(chance: random.Random) -> Sampled:
        made = chance.choice(kinds)(chance)
        return f"{thinking(chance)} $\\boxed{{{made.answer}}}$", chance.choice([made.right, made.wrong])

    return sampled


def _known(chance: random.Random) -> Sampled:
    """Reasoning that is new and an answer that soon is not."""
    return f"{thinking(chance)} $\\boxed{{(x+{chance.randrange(4)})^2}}$", "x^2"


def _said(answer: Callable[[random.Random], Sampled]) -> Callable[[random.Random], Sampled]:
    """With reasoning before it."""

    def sampled(chance: random.Random) -> Sampled:
        said, reference = answer(chance)
        return f"<think>{thinking(chance)}</think>{said}", reference

    return sampled


def _pair(length: int) -> Callable[[random.Random], Sampled]:
    """A text and one like it."""

    def sampled(chance: random.Random) -> Sampled:
        text = " ".join(f"{chance.getrandbits(20):x}" for _ in range(length // 6))
        return text + " or so", text

    return sampled


def _number(chance: random.Random) -> Sampled:
    number = chance.randrange(1_000_000)
    return f"The answer is {number}.", number


def _choice(chance: random.Random) -> Sampled:
    return f"Answer: {chance.choice('ABCD')}", "A"


def _document(chance: random.Random) -> Sampled:
    return json.dumps({"city": f"{chance.getrandbits(40):x}", "days": chance.randrange(9)}), None


def _call(chance: random.Random) -> Sampled:
    message = {"role": "assistant", "content": thinking(chance), "tool_calls": [_CALL]}
    return [message], [_CALL["function"]]


ROWS = [
    Row("`string_check`", {"type": "string_check", "operation": "eq", **TEXTS}, _rollout("exact")),
    Row("`multiple_choice`", {"type": "multiple_choice", **TEXTS}, _said(_choice)),
    Row("`numeric`", {"type": "numeric", **TEXTS}, _said(_number)),
    Row("`regex`", {"type": "regex", "input": TEXTS["input"], "pattern": r"(\d+)\.$"}, _said(_number)),
    Row("`json_schema`", {"type": "json_schema", "input": TEXTS["input"], "json_schema": _SCHEMA}, _said(_document)),
    Row("`tool_calls`", {"type": "tool_calls", "reference": TEXTS["reference"]}, _call),
    Row("`math_equivalence`, integers", {"type": "math_equivalence", **TEXTS}, _math([integer])),
    Row("`math_equivalence`, algebra", {"type": "math_equivalence", **TEXTS}, _math(ALGEBRA)),
    Row("`math_equivalence`, from the cache", {"type": "math_equivalence", **TEXTS}, _known),
    Row(
        "`text_similarity`, fuzzy_match, 100 characters",
        {"type": "text_similarity", "evaluation_metric": "fuzzy_match", **TEXTS},
        _pair(100),
    ),
    Row(
        "`text_similarity`, fuzzy_match, 3,000 characters",
        {"type": "text_similarity", "evaluation_metric": "fuzzy_match", **TEXTS},
        _pair(3_000),
    ),
    Row(
        "`text_similarity`, rouge_l, 3,000 characters",
        {"type": "text_similarity", "evaluation_metric": "rouge_l", **TEXTS},
        _pair(3_000),
    ),
    Row(
        "`code_tests`, 10 tests",
        {"type": "code_tests", "input": TEXTS["input"], "tests": TEXTS["reference"]},
        _rollout("code"),
    ),
    Row("`python`, one line", {"type": "python", "source": _PYTHON}, _rollout("exact")),
    Row("`function`, one line", {"type": "function", "function": "contains:grade"}, _rollout("exact")),
]

if __name__ == "__main__":
    main()
