"""What a GRPO run has graded: groups of rollouts that answer one prompt, each with reasoning of its own.

Seeded: the same seed gives the same rollouts; no two rollouts are equal, so the cache knows of a group only what its
answers share. One in `POISONED` of the mathematics and of the programs is hostile.
"""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import orjson

from . import poisons, texts
from .answers import answer
from .driver import Request

GROUP = 8
MIX = {"math": 5, "exact": 2, "similarity": 2, "code": 1}
"""Of ten groups, how many ask which grader of the shipped catalog."""
POISONED = 200
TESTS = 10
"""Of one program."""
_SPOKEN = texts.text(random.Random(0), 1_000_000)
_PROGRAM = """\
def solve(values):
    total = {start}
    for value in values:
        total = (total * {factor} + value) % {modulus}
    return total


print(solve(map(int, input().split())))  # {number}
"""


class Rollout(NamedTuple):
    """One sample, and what its grader will make of it."""

    grader: Any
    said: str
    reference: Any
    score: float | None = None
    """None where only the service knows."""
    kind: str = ""
    """The grader's name, or what poison it is."""

    @property
    def sample(self) -> dict[str, Any]:
        """As an element of a batch."""
        return {"grader": self.grader, "sample": self.said, "item": {"reference_answer": self.reference}}

    @property
    def poison(self) -> bool:
        return self.kind.startswith(poisons.PREFIX)


def rollouts(seed: int, *graders: str, poisoned: int = POISONED) -> Iterator[Rollout]:
    """Group after group, of these graders or else of the mix; one in `poisoned` is hostile, where it can be."""
    chance, names = random.Random(seed), list(graders or MIX)
    weights = [MIX[name] for name in names]
    place = dict.fromkeys(names, 0)
    while True:
        (grader,) = chance.choices(names, weights)
        for rollout in GROUPS[grader](chance):
            place[grader] += 1
            hostile = poisoned and place[grader] % poisoned == poisoned // 4
            yield _poison(grader, place[grader] // poisoned, chance) or rollout if hostile else rollout


def _poison(grader: str, turn: int, chance: random.Random) -> Rollout | None:
    if grader == "math":
        return Rollout("math", poisons.tower(chance), "1", None, poisons.PREFIX + "hanging LaTeX")
    if grader == "code":
        name, program = poisons.program(turn, chance)
        tests = [{"input": "", "output": "1"}]
        return Rollout(poisons.CODE, f"```python\n{program}```", tests, None, poisons.PREFIX + name)
    return None


def single(rollout: Rollout, run: str | None = None) -> Request:
    """A rollout in a request of its own, whose score has to come out right."""
    expected = b"" if rollout.poison else b'"outcome":"graded"'
    if rollout.score is not None:
        expected = b'"score":%.1f,' % rollout.score + expected
    return Request("/v1/grade", _body([rollout], run), rollout.kind, expected, 1)


def singles(seed: int, count: int = sys.maxsize, *, poisoned: int = POISONED) -> Iterator[Request]:
    """Rollouts of the mix, one a request."""
    return map(single, islice(rollouts(seed, poisoned=poisoned), count))


def batch(samples: Sequence[Rollout], kind: str, run: str | None = None) -> Request:
    """Rollouts in one request; all that aren't poison have to be graded."""
    honest = sum(not rollout.poison for rollout in samples)
    return Request("/v1/grade", _body(samples, run), kind, b'"outcome":"graded"', honest)


def _body(samples: Sequence[Rollout], run: str | None) -> bytes:
    named = {} if run is None else {"run": run}
    return orjson.dumps({"samples": [rollout.sample for rollout in samples]} | named)


def thinking(chance: random.Random) -> str:
    """Reasoning of 0.5 to 8 KB, short ones oftener; no two alike."""
    length = round(500 * 16 ** chance.random())
    begin = chance.randrange(len(_SPOKEN) - length)
    return f"{chance.getrandbits(64):x} {_SPOKEN[begin : begin + length]}"


def _right(chance: random.Random) -> list[bool]:
    """Which of a group are right: some prompts are easy, some hard."""
    ease = chance.uniform(0.1, 0.9)
    return [chance.random() < ease for _ in range(GROUP)]


def _math(chance: random.Random) -> Iterator[Rollout]:
    made = answer(chance)
    for right in _right(chance):
        said = f"{thinking(chance)}\n\nThe answer is $\\boxed{{{made.answer if right else made.wrong}}}$."
        yield Rollout("math", said, made.right, float(right), "math")


def _exact(chance: random.Random) -> Iterator[Rollout]:
    reference = str(chance.randrange(1_000_000))
    for right in _right(chance):
        said = reference if right else str(chance.randrange(1_000_000, 2_000_000))
        yield Rollout("exact", f"<think>{thinking(chance)}</think>{said}", reference, float(right), "exact")


def _similarity(chance: random.Random) -> Iterator[Rollout]:
    """Texts of 0.1 to 3 KB, the same but for a few words."""
    length = round(100 * 30 ** chance.random())
    begin = chance.randrange(len(_SPOKEN) - length)
    reference = _SPOKEN[begin : begin + length]
    for right in _right(chance):
        said = f"{chance.getrandbits(64):x} {reference if right else reference[length // 3 :]}"
        yield Rollout("similarity", said, reference, None, "similarity")


def _code(chance: random.Random) -> Iterator[Rollout]:
    task = {
        "start": chance.randrange(100),
        "factor": chance.randrange(2, 100),
        "modulus": chance.randrange(10**6, 10**9),
    }
    tests = [_test(chance, **task) for _ in range(TESTS)]
    for right in _right(chance):
        number = chance.getrandbits(64)
        program = _PROGRAM.format(**(task if right else task | {"start": 100}), number=number)
        said = f"{thinking(chance)}\n\n```python\n{program}```"
        yield Rollout("code", said, tests, float(right), "code")


def _test(chance: random.Random, start: int, factor: int, modulus: int) -> dict[str, str]:
    values, total = [chance.randrange(1000) for _ in range(20)], start
    for value in values:
        total = (total * factor + value) % modulus
    return {"input": " ".join(map(str, values)) + "\n", "output": f"{total}\n"}


GROUPS: dict[str, Callable[[random.Random], Iterator[Rollout]]] = {
    "math": _math,
    "exact": _exact,
    "similarity": _similarity,
    "code": _code,
}
