"""`python -m loadtests.costs`: what a grade of each type costs, in CPU time of all the service's processes.

Every sample is new, with reasoning of 0.5 to 8 KB; a row that finds verdicts in the cache, and isn't there to price
that, ends the run. What a request costs is in the figures: a 64th of one, or a whole one on a kept connection.
docs/capacity.md has the table.
"""

import argparse
import contextlib
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import uvloop
from rich.console import Console

from fairmark_graders import wordnet

from . import machine, markdown
from .answers import ALGEBRA, HARD, integer
from .driver import Load, LoadError, Request, ask, closed, get
from .rollouts import GROUPS, Rollout, thinking
from .servers import CORES, Server, service
from .trial import Trial

BATCH = 64
CALLERS = 4
ROUNDS = 3
SLOW = 20_000
"""Microseconds: beside that a request costs nothing, and batches would take many seconds."""
MOST_KNOWN = 0.1
"""Of a row's samples, the share that the cache may know: answers are drawn from a million or more, and some twice."""
TEXTS = {"input": "{{ sample.output_text }}", "reference": "{{ item.reference_answer }}"}
_PYTHON = "def grade(sample, item):\n    return float(item['reference_answer'] in sample['output_text'])\n"
_CALL = {"type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo", "days": 3}'}}
_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}

_LABELS = ["positive", "neutral", "negative"]

Sampled = tuple[Any, Any]
"""What a model said, and the reference."""


class Row(NamedTuple):
    """A kind of grade: its grader and its samples."""

    name: str
    grader: dict[str, Any]
    sampled: Callable[[random.Random], Sampled]
    known: bool = False
    """Whether the cache is to know the verdicts."""


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
                cells = ("" if cost is None else f"{cost:,.0f}" for cost in (batched, single))
                print(markdown.row([row.name, *cells]), flush=True)
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


async def _costs(server: Server, row: Row, seconds: float) -> tuple[float | None, float]:
    """Microseconds a sample, in batches (unless it is slow) and alone."""
    grader, seeds = f"row{ROWS.index(row)}", count()
    hits, misses = await _looked_up(server)
    single = await _cost(server, (_request(grader, row, seed, 1) for seed in seeds), seconds, 1)
    batched = None
    if single < SLOW:
        batched = await _cost(server, (_request(grader, row, seed, BATCH) for seed in seeds), seconds, BATCH)
    found, missed = await _looked_up(server)
    if not row.known and found - hits > MOST_KNOWN * (found - hits + missed - misses):
        raise LoadError(f"{row.name}: {found - hits:,} verdicts came from the cache, and {missed - misses:,} did not")
    return batched, single


async def _looked_up(server: Server) -> tuple[int, int]:
    """How many verdicts were found in the cache, and how many were not."""
    metrics = (await ask(server, get("/metrics"))).decode()
    hits, misses = (
        sum(float(value) for value in re.findall(rf"^fairmark_cache_{what}_total\S* (\S+)$", metrics, re.MULTILINE))
        for what in ("hits", "misses")
    )
    return int(hits), int(misses)


async def _cost(server: Server, requests: Iterator[Request], seconds: float, samples: int) -> float:
    """The median of the rounds, after one that warms up; of fewer where one takes far longer than it was given."""
    trial, costs = Trial(server, len(CORES), short=False), list[float]()
    (await closed(server, requests, CALLERS, seconds)).answered()
    enough = time.perf_counter() + 3 * ROUNDS * seconds
    while not costs or (len(costs) < ROUNDS and time.perf_counter() < enough):
        load, cpu = await trial.metered(closed(server, requests, CALLERS, seconds))
        costs.append(_each(load, cpu) / samples)
    return statistics.median(costs)


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


def _thought(chance: random.Random) -> Sampled:
    """Reasoning and nothing else."""
    return thinking(chance), None


def _tagged(chance: random.Random) -> Sampled:
    return f"<think>{thinking(chance)}</think><answer>{chance.randrange(1_000_000)}</answer>", None


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


def _phrase(chance: random.Random) -> Sampled:
    """Some words, and one that is right."""
    words = [f"{chance.getrandbits(20):x}" for _ in range(8)]
    return " ".join(words), words[0]


def _label(chance: random.Random) -> Sampled:
    return f"The label is {chance.choice(_LABELS)}.", _LABELS[0]


def _number(chance: random.Random) -> Sampled:
    number = chance.randrange(10**9)
    return f"The answer is {number}.", number


def _choice(chance: random.Random) -> Sampled:
    return f"Answer: {chance.choice('ABCD')}", "A"


def _document(chance: random.Random) -> Sampled:
    return json.dumps({"city": f"{chance.getrandbits(40):x}", "days": chance.randrange(9)}), None


def _call(chance: random.Random) -> Sampled:
    message = {"role": "assistant", "content": thinking(chance), "tool_calls": [_CALL]}
    return [message], [_CALL["function"]]


def _similarity(metric: str) -> dict[str, Any]:
    return {"type": "text_similarity", "evaluation_metric": metric, **TEXTS}


_STRINGS = {"type": "string_check", "operation": "eq", **TEXTS}
_MATH = {"type": "math_equivalence", **TEXTS}
_LENGTH = {"type": "length_penalty", "max_len": 1000, "unit": "words"}
_OVERLONG = {"type": "overlong_penalty", "max_completion_len": 1000, "soft_punish_cache": 200, "unit": "words"}
_PARTS = {"right": _STRINGS, "long": _LENGTH}

ROWS = [
    Row("`string_check`", _STRINGS, _rollout("exact")),
    Row("`exact_match`, 8 words", {"type": "exact_match", **TEXTS}, _said(_phrase)),
    Row("`f1`, 8 words", {"type": "f1", **TEXTS}, _said(_phrase)),
    Row("`multiple_choice`", {"type": "multiple_choice", **TEXTS}, _said(_choice)),
    Row("`classification`", {"type": "classification", "labels": _LABELS, **TEXTS}, _said(_label)),
    Row("`numeric`", {"type": "numeric", **TEXTS}, _said(_number)),
    Row("`regex`", {"type": "regex", "input": TEXTS["input"], "pattern": r"(\d+)\.$"}, _said(_number)),
    Row("`json_schema`", {"type": "json_schema", "input": TEXTS["input"], "json_schema": _SCHEMA}, _said(_document)),
    Row("`tool_calls`", {"type": "tool_calls", "reference": TEXTS["reference"]}, _call),
    Row("`tag_format`", {"type": "tag_format"}, _tagged),
    Row("`length_penalty`, in words", _LENGTH, _thought),
    Row("`overlong_penalty`, in words", _OVERLONG, _thought),
    Row("`repetition_penalty`", {"type": "repetition_penalty"}, _thought),
    Row(
        "`multi`, of `string_check` and `length_penalty`",
        {"type": "multi", "graders": _PARTS, "calculate_output": "right - 0.1 * long"},
        _rollout("exact"),
    ),
    Row("`math_equivalence`, integers", _MATH, _math([integer])),
    Row("`math_equivalence`, algebra", _MATH, _math(ALGEBRA)),
    Row("`math_equivalence`, from the cache", _MATH, _known, known=True),
    Row("`math_equivalence`, left to sympy", _MATH | {"allow": {"unevaluated": True}}, _math(HARD)),
    Row("`text_similarity`, fuzzy_match, 100 characters", _similarity("fuzzy_match"), _pair(100)),
    *(
        Row(f"`text_similarity`, {metric}, 3,000 characters", _similarity(metric), _pair(3_000))
        for metric in ("fuzzy_match", "rouge_l", "bleu", "gleu", *(["meteor"] if wordnet.find() else []))
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
