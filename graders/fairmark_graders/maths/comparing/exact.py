"""Rational values, exactly: of closed expressions, and of expressions with rational numbers for their letters."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from flint import fmpq, fmpz

from ..tree import Based, Call, Measure, Negative, Node, Number, Power, Product, Quotient, Sum, Symbol
from ..units import unit

BITS = 60_000
"""Of a numerator or denominator, 18,000 digits: one product of such numbers takes some 50 µs."""
LONGEST_BASED = 1000
"""Digits of a number in another base."""

Point = Mapping[str | Call, fmpq]
"""Rational numbers for letters, and for calls that are taken as a whole."""
NOWHERE: Point = {}


class Irrational(Exception):
    """There is no rational value, or none that is found by rational steps."""


class TooLarge(Irrational):
    """A rational number of more than `BITS` bits."""


class Undefined(Exception):
    """There is no value: a division by zero."""


def exact(node: Node, at: Point = NOWHERE) -> fmpq:
    """The value. Raises `Irrational`, `TooLarge` before anything large is computed, or `Undefined`."""
    evaluate = _EXACT.get(type(node))
    if evaluate is None:
        raise Irrational
    return evaluate(node, at)


def is_rational(node: Node) -> bool:
    """Whether a closed expression has a rational value that is found by rational steps."""
    try:
        exact(node)
    except (Irrational, Undefined):
        return False
    return True


def number(value: int | Fraction) -> fmpq:
    """A rational number as flint has it, which reckons five times as fast as Fraction."""
    return fmpq(value) if type(value) is int else fmpq(value.numerator, value.denominator)


def _bounded(value: fmpq) -> fmpq:
    if value.height_bits() > BITS:
        raise TooLarge
    return value


def _symbol(node: Symbol, at: Point) -> fmpq:
    value = at.get(node.name)
    if value is None:
        raise Irrational
    return value


def _sum(node: Sum, at: Point) -> fmpq:
    total = fmpq(0)
    for term in node.terms:
        total = _bounded(total + exact(term, at))
    return total


def _product(node: Product, at: Point) -> fmpq:
    total = fmpq(1)
    for factor in node.factors:
        total = _bounded(total * exact(factor, at))
    return total


def _quotient(node: Quotient, at: Point) -> fmpq:
    bottom = exact(node.bottom, at)
    if bottom == 0:
        raise Undefined
    return _bounded(exact(node.top, at) / bottom)


def _power(node: Power, at: Point) -> fmpq:
    exponent = exact(node.exponent)
    base = exact(node.base, at)
    if exponent.q == 1:
        return _raised(base, int(exponent.p))
    if at:
        raise Irrational
    return _raised(_root(base, int(exponent.q)), int(exponent.p))


def _raised(base: fmpq, exponent: int) -> fmpq:
    if base == 0 and exponent < 0:
        raise Undefined
    if base in (0, 1, -1):
        return base ** (exponent % 2 if base == -1 else min(exponent, 1) if exponent >= 0 else -1)
    if abs(exponent) * base.height_bits() > 2 * BITS:
        raise TooLarge
    return _bounded(base**exponent)


def _root(value: fmpq, degree: int) -> fmpq:
    """The real root, where it is rational: -2 for the third root of -8."""
    if value < 0:
        if degree % 2 == 0:
            raise Irrational
        return -_root(-value, degree)
    if not 0 < degree < BITS:
        raise Irrational
    top, bottom = value.p.root(degree), value.q.root(degree)
    if top**degree != value.p or bottom**degree != value.q:
        raise Irrational
    return fmpq(top, bottom)


def _based(node: Based, at: Point) -> fmpq:
    if len(node.digits) > LONGEST_BASED:
        raise TooLarge
    try:
        return fmpq(int(node.digits, node.base))
    except ValueError:
        raise Undefined from None


def _measure(node: Measure, at: Point) -> fmpq:
    measured = unit(node.unit)
    if measured is None or measured.dimensions or measured.pi:
        raise Irrational
    return exact(node.value, at) * number(measured.size)


def _natural(value: fmpq, limit: int) -> int:
    """A natural number up to `limit`, from which on what is made of it has more than `BITS` bits."""
    if value.q != 1 or value < 0:
        raise Irrational
    if value > limit:
        raise TooLarge
    return int(value.p)


def _integers(values: Sequence[fmpq]) -> list[fmpz]:
    if any(value.q != 1 for value in values):
        raise Irrational
    return [value.p for value in values]


def _factorial(of: fmpq) -> fmpq:
    return fmpq(fmpz.fac_ui(fmpz(_natural(of, 5000))))


def _double_factorial(of: fmpq) -> fmpq:
    return fmpq(reduce(lambda product, factor: product * factor, range(_natural(of, 9000), 0, -2), fmpz(1)))


def _binomial(total: fmpq, chosen: fmpq) -> fmpq:
    n, k = _natural(total, 10**12), _natural(chosen, 10**12)
    k = min(k, n - k) if k <= n else -1
    if k < 0:
        return fmpq(0)
    if min(n, k * n.bit_length()) > BITS:
        raise TooLarge
    return fmpq(fmpz.bin_uiui(n, k))


def _permutations(total: fmpq, chosen: fmpq) -> fmpq:
    n, k = _natural(total, 10**12), _natural(chosen, 10**12)
    if k * n.bit_length() > BITS:
        raise TooLarge
    return fmpq(reduce(lambda product, factor: product * factor, range(n - k + 1, n + 1), fmpz(1)))


def _modulo(of: fmpq, modulus: fmpq) -> fmpq:
    if modulus == 0:
        raise Undefined
    return of - modulus * (of / modulus).floor()


def _common_divisor(*values: fmpq) -> fmpq:
    return fmpq(reduce(lambda a, b: a.gcd(b), _integers(values), fmpz(0)))


def _common_multiple(*values: fmpq) -> fmpq:
    return _bounded(fmpq(reduce(lambda a, b: a.lcm(b), _integers(values), fmpz(1))))


_CALLS: dict[str, Callable[..., fmpq]] = {
    "sqrt": lambda of: _root(of, 2),
    "root": lambda degree, of: _root(of, _natural(degree, BITS)),
    "abs": abs,
    "floor": lambda of: fmpq(of.floor()),
    "ceil": lambda of: fmpq(of.ceil()),
    "factorial": _factorial,
    "double_factorial": _double_factorial,
    "binomial": _binomial,
    "permutations": _permutations,
    "gcd": _common_divisor,
    "lcm": _common_multiple,
    "max": max,
    "min": min,
    "mod": _modulo,
}


def _call(node: Call, at: Point) -> fmpq:
    if node in at:
        return at[node]
    function = _CALLS.get(node.name)
    if function is None:
        raise Irrational
    # Arguments are closed: random points tell rational functions apart, and nothing that has a kink or a jump.
    values = [exact(argument) for argument in node.arguments]
    try:
        return function(*values)
    except TypeError:
        raise Irrational from None


_EXACT: dict[type, Callable[[Any, Point], fmpq]] = {
    Number: lambda node, at: number(node.value),
    Based: _based,
    Symbol: _symbol,
    Negative: lambda node, at: -exact(node.of, at),
    Sum: _sum,
    Product: _product,
    Quotient: _quotient,
    Power: _power,
    Measure: _measure,
    Call: _call,
}
