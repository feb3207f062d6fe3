"""`math_equivalence` beside math-verify 0.9: one process, the same rows, in turns, both warm.

What a row costs is what its verdict costs from the text: extraction, reading, comparison. math-verify gets the text as
its documentation says, with no timeouts of its own (they would only slow it); fairmark reads each row as the service
does, and asks sympy here instead of in a worker, so that nothing but work is compared. Each round has rows of its own,
so that neither finds an answer it has read before.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from fairmark_graders import Case, Fault, MathEquivalence
from fairmark_graders.maths.outside import equal
from fairmark_graders.sample import Sample

from .. import texts
from ..answers import HARD, MIX, PLAIN, Answer
from ..bench import Bench
from ..figures import Figure, Target, over

ROWS = 100
LONG = 30_000

GRADER = MathEquivalence.model_validate(
    {
        "type": "math_equivalence",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.answer }}",
        "allow": {"unevaluated": True},
    }
)
"""Integrals may stand for their values here, as math-verify has it: they are what is left to sympy."""


class Row(NamedTuple):
    """What a model said, and the reference."""

    text: str
    reference: str


async def math(bench: Bench) -> list[Figure]:
    """`math_equivalence` beside math-verify 0.9, one process, the same rows in turns."""
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    for rows in (plain(random.Random(0)), mixed(random.Random(0)), hard(random.Random(0))):
        ours(rows), theirs(rows)
    figures = []
    for name, make, bound in (
        ("decided in place", plain, 20),
        ("realistic mix", mixed, 10),
        ("left to sympy", hard, 0.9),
    ):
        pairs = [beside(make(random.Random(seed))) for seed in range(1, bench.rounds + 1)]
        mine, other = zip(*pairs, strict=True)
        figures += [
            Figure(f"{name}: math-verify's time over fairmark's", over(other, mine), "×", Target(bound, at_least=True)),
            Figure(f"{name}: fairmark", mine, "µs/row"),
            Figure(f"{name}: math-verify", other, "µs/row"),
        ]
    ratios = [lengthened(seed) for seed in range(1, bench.rounds + 1)]
    return [
        *figures,
        Figure("30 kB of reasoning, in times of 1 to 2 kB", ratios, "×", Target(1.1, at_least=False)),
    ]


def plain(chance: random.Random, length: int | None = None) -> list[Row]:
    """Numbers, fractions, decimals, amounts and the like in a box, half of them right."""
    return [row(chance, chance.choice(PLAIN)(chance), length) for _ in range(ROWS)]


def mixed(chance: random.Random) -> list[Row]:
    """Nine such answers in ten, mostly integers and fractions; the tenth takes algebra."""
    return [row(chance, kind(chance)) for kind in chance.sample(MIX, len(MIX))]


def hard(chance: random.Random) -> list[Row]:
    """What fairmark leaves to sympy."""
    return [row(chance, kind(chance)) for kind in HARD for _ in range(3)]


def row(chance: random.Random, said: Answer, length: int | None = None) -> Row:
    """Reasoning of 1 to 2 kB unless told otherwise, and an answer in a box, against the right or a wrong reference."""
    thinking = texts.text(chance, length or chance.randrange(1000, 2000))
    return Row(
        f"{thinking}\n\nThe answer is $\\boxed{{{said.answer}}}$.", said.right if chance.random() < 0.5 else said.wrong
    )


def beside(rows: Sequence[Row]) -> tuple[float, float]:
    """Microseconds a row, fairmark's and math-verify's."""
    return timed(ours, rows), timed(theirs, rows)


def lengthened(seed: int) -> float:
    """fairmark's time for long reasoning over that for short; which comes first alternates."""
    rows = [plain(random.Random(-seed), LONG), plain(random.Random(seed))]
    if seed % 2:
        long, short = timed(ours, rows[0]), timed(ours, rows[1])
    else:
        short, long = timed(ours, rows[1]), timed(ours, rows[0])
    return long / short


def timed(grade: Callable[[Sequence[Row]], list[bool]], rows: Sequence[Row]) -> float:
    """Microseconds of CPU time a row; sympy remembers nothing of what the other has just made it work out."""
    forget()
    began = time.process_time()
    grade(rows)
    return (time.process_time() - began) / len(rows) * 1e6


def ours(rows: Sequence[Row]) -> list[bool]:
    return [_ours(row) for row in rows]


def _ours(row: Row) -> bool:
    found = GRADER.start(Sample(row.text), {"answer": row.reference})
    if not isinstance(found, Case):
        return False
    try:
        verdict = GRADER.quick(found)
    except Fault:
        return False
    return equal(*found) if verdict is None else verdict.score == 1.0


def theirs(rows: Sequence[Row]) -> list[bool]:
    parse, verify = _math_verify()
    return [
        verify(
            parse(f"\\boxed{{{row.reference}}}", parsing_timeout=None),
            parse(row.text, parsing_timeout=None),
            timeout_seconds=None,
        )
        for row in rows
    ]


@cache
def _math_verify() -> Any:
    from math_verify import parse, verify

    return parse, verify


def forget() -> None:
    from math_verify.parser import parse_expr_cached, parse_latex_cached
    from sympy.core.cache import clear_cache

    clear_cache()
    parse_latex_cached.cache_clear()
    parse_expr_cached.cache_clear()
