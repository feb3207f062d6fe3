"""Closed expressions: whether two have one value.

Rational values are compared exactly. For the others two balls that are apart prove a difference; where they still meet
with a difference below 10^-60, the values are taken for equal, which the rule says.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flint import acb, arb, ctx, fmpq

from ..decision import Decision, different, undecided
from ..errors import TooComplex
from ..tree import Call, Node
from .balls import Ball, Balls, Unsupported
from .exact import Irrational, TooLarge, Undefined, exact, is_rational
from .shape import walk

ROUGH, FINE, FINEST = 64, 320, 1024
"""Bits: to tell apart what differs, to find equal what is, and for what is larger than 10^36."""
CLOSE = fmpq(1, 10**60)
BY_BALLS = "ball arithmetic to 10^-60"


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Ball arithmetic with so many bits."""
    before, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = before


def compare(answer: Node, reference: Node) -> Decision:
    """Whether two expressions without unknowns have one value. Raises `TooComplex`."""
    try:
        left, right = exact(answer), exact(reference)
    except TooLarge:
        return _compare_large(answer, reference)
    except Irrational:
        return by_balls(answer, reference)
    except Undefined:
        return _divided_by_zero(reference)
    if left == right:
        return Decision(True, "rational value")
    return different("rational value", _is_not(left, right))


def _divided_by_zero(reference: Node) -> Decision:
    if is_rational(reference):
        return different("rational value", "the answer divides by zero")
    return undecided("a division by zero")


def _compare_large(answer: Node, reference: Node) -> Decision:
    """Numbers too large to write down: balls may tell them apart, and never find them equal."""
    found = by_balls(answer, reference)
    if found.equal is False:
        return found
    raise TooComplex("a number of more than 18,000 digits")


def shown(value: fmpq | Ball) -> str:
    """A value for a person: 30 characters at most."""
    if type(value) is fmpq and value.height_bits() < 50:
        return str(value)
    with precision(ROUGH):
        ball: Ball = arb(value) if type(value) is fmpq else value
        return str(ball.str(8, radius=False))


def _is_not(left: fmpq | Ball, right: fmpq | Ball) -> str:
    one, other = shown(left), shown(right)
    return f"{one} is not {other}" if one != other else f"they differ beyond the first digits, {one}"


def by_balls(answer: Node, reference: Node, at: Mapping[str | Call, fmpq] | None = None) -> Decision:
    """Whether the values agree, over the reals or else over the complex numbers; both readings of a bare `log`."""
    found = _over_fields(answer, reference, at or {}, decimal_log=False)
    if found.equal is not True and (has_bare_log(answer) or has_bare_log(reference)):
        return _over_fields(answer, reference, at or {}, decimal_log=True)
    return found


def has_bare_log(node: Node) -> bool:
    """Whether there is a logarithm without a base, which may be natural or decimal."""
    return any(type(at) is Call and at.name == "log" and len(at.arguments) == 1 for at in walk(node))


def _over_fields(answer: Node, reference: Node, at: Mapping[str | Call, fmpq], decimal_log: bool) -> Decision:
    found = undecided("no value")
    for field in (arb, acb):
        evaluate = Balls(field, at, decimal_log)
        try:
            found = _refined(evaluate, answer, reference)
        except Unsupported:
            found = undecided("not a number")
        except Undefined:
            return undecided("a division by zero")
        if found.equal is not None:
            return found
    return found


def _refined(evaluate: Balls, answer: Node, reference: Node) -> Decision:
    for bits in (ROUGH, FINE, FINEST):
        with precision(bits):
            left, right = evaluate(answer), evaluate(reference)
            equal = meet(left, right)
        if equal is not None:
            return _named(equal, left, right)
        if not (left.is_finite() and right.is_finite()):
            return undecided("no value")
    raise TooComplex("values that 1024 bits don't tell apart")


def _named(equal: bool, left: Ball, right: Ball) -> Decision:
    if equal:
        return Decision(True, BY_BALLS)
    return different("ball arithmetic", _is_not(left, right))


def meet(left: Ball, right: Ball) -> bool | None:
    """False where two balls are apart, True where they are within 10^-60 of each other, None where neither is sure."""
    difference = left - right
    if not difference.is_finite():
        return None
    if not difference.contains(0):
        return False
    return True if difference.abs_upper() < arb(CLOSE) else None
