"""Expressions with unknowns, by their values at random points.

Rational functions with rational coefficients are evaluated exactly at random integers of 24 bits: two different ones of
degree d meet at one such point with a probability below 2d/2^24, and at all three with less than its cube (degree 100:
2·10^-15). No modulus takes part, which a coefficient could hide behind. Everything else is evaluated as balls at random
rational points of either sign; a point at which one of the two is undefined over the reals is skipped. Two functions
are taken for equal when they meet at every remaining point, four of twelve or more, at four of them within 10^-60; the
points come from the texts, so verdicts repeat.
"""

from collections.abc import Iterator
from itertools import count, islice
from random import Random
from typing import NamedTuple
from zlib import crc32

from flint import acb, arb, fmpq

from ..decision import Decision, different, undecided
from ..errors import TooComplex
from ..tree import Call, Negative, Node, Number, Power, Product, Relation, Sum, Symbol
from .balls import KNOWN, Ball, Balls, Unsupported
from .exact import Irrational, TooLarge, Undefined, exact
from .shape import Mentions, changed, letters, mentions, put
from .values import FINE, FINEST, ROUGH, has_bare_log, meet, precision
from .values import compare as compare_values

Letters = list[str | Call]
Point = dict[str | Call, fmpq]

EXACT_POINTS, ENOUGH = 3, 4
WIDTH = 1 << 24


def compare(answer: Node, reference: Node, whole: frozenset[str] = frozenset()) -> Decision:
    """Whether two expressions are one function of their letters; those in `whole` stand for integers."""
    answer, reference = _with_factors_of(reference, answer), _with_factors_of(answer, reference)
    found = mentions(answer, reference, known=KNOWN)
    if len(found.opaque) > 1:
        answer = _with_calls_of(reference, answer)
        found = mentions(answer, reference, known=KNOWN)
    if "..." in found.letters:
        return undecided("what the dots stand for isn't known")
    if not found.letters and not found.opaque:
        return compare_values(answer, reference)
    decision = _Identity(answer, reference, found, whole).decide()
    if decision.equal is False and found.opaque:
        return undecided(f"what '{sorted(call.name for call in found.opaque)[0]}' stands for isn't known")
    return decision


def _with_factors_of(other: Node, node: Node) -> Node:
    """`g(x + 1)` as a product where the other side has g as a letter."""
    called = {call.name for call in mentions(node, known=KNOWN).opaque if len(call.arguments) == 1}
    if not called:
        return node
    theirs = mentions(other, known=KNOWN)
    plain = called & theirs.letters - {call.name for call in theirs.opaque}

    def product(at: Node) -> Node | None:
        if type(at) is not Call or at.name not in plain or len(at.arguments) != 1:
            return None
        return Product((Symbol(at.name), at.arguments[0]))

    def multiplied(at: Node) -> Node | None:
        if type(at) is Power and (base := product(at.base)) is not None and type(base) is Product:
            return Product((base.factors[0], Power(base.factors[1], at.exponent)))
        return product(at)

    return changed(node, multiplied) if plain else node


def _with_calls_of(reference: Node, answer: Node) -> Node:
    """The answer with each call of an unknown function that equals one of the reference's replaced by that."""
    theirs = sorted(mentions(reference, known=KNOWN).opaque, key=repr)

    def same(at: Node) -> Node | None:
        if type(at) is not Call or at.name in KNOWN:
            return None
        return next((call for call in theirs if _same_call(at, call)), at)

    return changed(answer, same)


def _same_call(left: Call, right: Call) -> bool:
    if left.name == right.name and left.name in ("sum", "product") and _is_same_run(left, right):
        return True
    if left.name != right.name or len(left.arguments) != len(right.arguments):
        return False
    return left == right or all(compare(a, b).equal for a, b in zip(left.arguments, right.arguments, strict=True))


def _is_same_run(left: Call, right: Call) -> bool:
    """Whether two sums over an index are one, but for the index's name and where it starts."""
    one, other = _run(left), _run(right)
    if one is None or other is None:
        return False
    shift = Sum((one.first, Negative(other.first)))
    ends = one.last == other.last == Symbol("infinity") or compare(one.last, Sum((other.last, shift))).equal
    index = "index'"
    renamed = put(one.term, one.letter, Sum((Symbol(index), shift)))
    return (
        bool(ends) and compare(renamed, put(other.term, other.letter, Symbol(index)), frozenset({index})).equal is True
    )


class _Run(NamedTuple):
    """A sum or product over an index, from a number to a number or to infinity."""

    term: Node
    letter: str
    first: Node
    last: Node


def _run(node: Call) -> _Run | None:
    if len(node.arguments) != 3:
        return None
    term, start, last = node.arguments
    if type(start) is not Relation or start.signs != ("=",) or type(start.operands[0]) is not Symbol:
        return None
    return None if letters(start.operands[1]) else _Run(term, start.operands[0].name, start.operands[1], last)


class _Identity:
    """Two expressions, and the points at which they are compared."""

    def __init__(self, answer: Node, reference: Node, found: Mentions, whole: frozenset[str]) -> None:
        self.answer, self.reference, self.whole = answer, reference, whole
        self.complex = "i" in found.constants
        self.letters: Letters = [*sorted(found.letters), *sorted(found.opaque, key=repr)]
        self.transcendental: Letters = sorted(found.constants & {"pi", "e"})  # type: ignore[assignment]
        self.random = Random(crc32(repr((answer, reference)).encode()))

    def decide(self) -> Decision:
        try:
            return self._exactly()
        except TooLarge:
            if (found := self._by_balls()).equal is False:
                return found
            raise TooComplex("a power of more than 60,000 bits") from None
        except Irrational:
            return self._by_balls()

    def _exactly(self) -> Decision:
        """By rational values; π or e is one more unknown, being transcendental, but not both."""
        if self.complex or len(self.transcendental) > 1 or self.whole:
            raise Irrational
        met = 0
        for point in islice(self._integers(), 2 * EXACT_POINTS):
            try:
                left, right = exact(self.answer, point), exact(self.reference, point)
            except Undefined:
                continue
            if left != right:
                return different("polynomial identity", "they differ as functions")
            met += 1
            if met == EXACT_POINTS:
                return Decision(True, "polynomial identity")
        return undecided("a division by zero")

    def _integers(self) -> Iterator[Point]:
        names = self.letters + self.transcendental
        while True:
            yield {name: fmpq(self.random.randrange(-WIDTH, WIDTH)) for name in names}

    def _by_balls(self) -> Decision:
        bare_log = has_bare_log(self.answer) or has_bare_log(self.reference)
        points = list(self._points())
        found = undecided("no value")
        for decimal in (False, True) if bare_log else (False,):
            for field in (acb,) if self.complex else (arb, acb):
                found = self._over(field, decimal, points)
                if found.equal is not None:
                    break
            if found.equal:
                return found
        return found

    def _points(self) -> Iterator[Point]:
        """Points of every pattern of signs, some far out, whole ones last."""
        if not self.whole:
            for first, others in ((1, 1), (-1, -1), (1, -1), (-1, 1)):
                yield from (self._point(first, others, *within) for within in ((1000, 7000), (1, 999)))
                if first == others:
                    yield self._point(first, others, 20_000, 900_000)
        for number in self.random.sample(range(1, 13), ENOUGH):
            yield {name: fmpq(number + 3 * n) for n, name in enumerate(self.letters)}

    def _point(self, first: int, others: int, low: int, high: int) -> Point:
        signs = (first if n == 0 else others * (-1) ** (n // 2) for n in count())
        return {name: next(signs) * self._between(low, high) for name in self.letters}

    def _between(self, low: int, high: int) -> fmpq:
        """A random number between two thousandths, with a denominator that no constant in an expression has."""
        return fmpq(self.random.randint(low, high) * 1009 + 1, 1009_000)

    def _over(self, field: type[arb] | type[acb], decimal: bool, points: list[Point]) -> Decision:
        defined = []
        for point in points:
            try:
                met = self._meet(field, decimal, point, ROUGH)
            except Unsupported:
                return undecided("not a number for every value of its letters")
            except Undefined:
                continue
            if met is False and min(point.values()) < 0 and self._is_positive(point):
                return self._over(field, decimal, [{name: abs(at) for name, at in each.items()} for each in points])
            if met is False:
                return different("values at random points", f"they differ at {_shown(point)}")
            if met is not None:
                defined.append(point)
        return self._confirmed(field, decimal, defined)

    def _is_positive(self, point: Point) -> bool:
        """Whether no letter can be negative alone, as in √(A/P): that all of them may be isn't meant."""
        if len(point) < 2 or self.whole:
            return False
        positive = {name: abs(at) for name, at in point.items()}
        return not any(self._is_defined({**positive, name: -at}) for name, at in positive.items())

    def _is_defined(self, point: Point) -> bool:
        with precision(ROUGH):
            try:
                return bool(Balls(arb, point)(self.reference).is_finite())
            except (Unsupported, Undefined):
                return False

    def _confirmed(self, field: type[arb] | type[acb], decimal: bool, points: list[Point]) -> Decision:
        if len(points) < ENOUGH:
            return undecided("defined at too few points")
        for point in (*points[:2], *points[-2:]):
            met = self._meet(field, decimal, point, FINE) or self._meet(field, decimal, point, FINEST)
            if met is not True:
                return undecided("not told apart by 1024 bits")
        return Decision(True, "values at random points, to 10^-60")

    def _meet(self, field: type[arb] | type[acb], decimal: bool, point: Point, bits: int) -> bool | None:
        """False where they differ; True or, in rough, anything short of a difference where both are defined."""
        evaluate = Balls(field, point, decimal)
        with precision(bits):
            left, right = evaluate(self.answer), evaluate(self.reference)
            if not (left.is_finite() and right.is_finite()):
                return None
            met = meet(left, right)
        return True if met is None and bits == ROUGH else met


def _shown(point: Point) -> str:
    said = [f"{name} = {round(int(value.p) / int(value.q), 3)}" for name, value in point.items() if type(name) is str]
    return ", ".join(said) or "a random point"


def sign(node: Node, reference: Node) -> int:
    """The sign that the product of two proportional expressions has almost everywhere; 0 where it can't be told."""
    point: Point = {
        name: fmpq(7919 + 13 * n, 1009) for n, name in enumerate(sorted(letters(node) | letters(reference)))
    }
    with precision(FINE):
        try:
            value: Ball = Balls(arb, point)(node) * Balls(arb, point)(reference)
        except (Unsupported, Undefined):
            return 0
    return 1 if value > 0 else -1 if value < 0 else 0


def proportional(answer: Node, reference: Node) -> Decision:
    """Whether one is the other by a factor that is constant and not zero: f(x)·g(y) = f(y)·g(x) for all x and y."""
    if is_zero(answer) or is_zero(reference):
        return undecided("an equation that always holds")
    return compare(Product((answer, _apart(reference))), Product((_apart(answer), reference)))


def is_zero(node: Node) -> bool:
    """Whether an expression is zero everywhere."""
    return compare(node, Number(0)).equal is True


def differ_by_a_constant(answer: Node, reference: Node) -> Decision:
    """Whether the difference is the same everywhere: f(x) - g(x) = f(y) - g(y) for all x and y."""
    difference = Sum((answer, Negative(reference)))
    return compare(difference, _apart(difference))


def _apart(node: Node) -> Node:
    """The same expression of other letters."""
    names = letters(node)
    return changed(node, lambda at: Symbol(f"{at.name}'") if type(at) is Symbol and at.name in names else None)
