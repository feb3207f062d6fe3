"""Values as balls, a midpoint and a radius that hold the true value: two that are apart prove a difference.

Arb's arithmetic (https://arblib.org), by python-flint. Over the reals first, where a root or a logarithm of a negative
number is undefined; over the complex numbers, by principal branches, where nothing else gives a value. The odd root of
a negative real number is the real one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from flint import acb, arb, fmpq

from ..tree import (
    Alternatives,
    Based,
    Call,
    Cases,
    Listed,
    Measure,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Symbol,
)
from ..units import unit
from .exact import Irrational, TooLarge, Undefined, exact, number


class Unsupported(Exception):
    """Something without a value here: a set, a word, a function nobody knows."""


Ball = Any
"""An arb or an acb: they share the methods used here, and no base class that names them."""


@dataclass(slots=True)
class Balls:
    """An evaluation over one field, with values for letters and for calls that are taken as a whole."""

    field: type[arb] | type[acb]
    at: Mapping[str | Call, fmpq]
    decimal_log: bool = False
    """Whether `log` without a base is the decimal one, else it is natural."""

    def __call__(self, node: Node) -> Ball:
        """The value at the precision set; not finite where there is none. Raises `Unsupported`."""
        evaluate = _BALLS.get(type(node))
        if evaluate is None:
            raise Unsupported
        return evaluate(self, node)

    def symbol(self, node: Symbol) -> Ball:
        value = self.at.get(node.name)
        if value is not None:
            return self.field(value)
        constant = _CONSTANTS.get(node.name)
        if constant is None or (node.name == "i" and self.field is arb):
            raise Unsupported
        return self.field(constant())

    def sum(self, node: Sum) -> Ball:
        total = self(node.terms[0])
        for term in node.terms[1:]:
            total = total + self(term)
        return total

    def product(self, node: Product) -> Ball:
        total = self(node.factors[0])
        for factor in node.factors[1:]:
            total = total * self(factor)
        return total

    def power(self, node: Power) -> Ball:
        try:
            exponent = exact(node.exponent)
        except TooLarge:
            return self.field("nan")
        except (Irrational, Undefined):
            if type(node.base) is Symbol and node.base.name == "e" and "e" not in self.at:
                return self(node.exponent).exp()
            return self._raised(self(node.base), self(node.exponent))
        return self.rational_power(self(node.base), exponent)

    def _raised(self, base: Ball, exponent: Ball) -> Ball:
        whole = exponent.unique_fmpz() if self.field is arb else None
        return base**exponent if whole is None or whole.bit_length() > 64 else base**whole

    def rational_power(self, base: Ball, exponent: fmpq) -> Ball:
        if exponent.q == 1:
            return base**exponent.p
        if exponent.q % 2 == 1 and _is_negative(base):
            root = (-base) ** self.field(exponent)
            return root if exponent.p % 2 == 0 else -root
        return base.sqrt() if exponent == fmpq(1, 2) else base ** self.field(exponent)

    def measure(self, node: Measure) -> Ball:
        """A measure without a dimension: a percentage, an angle."""
        measured = unit(node.unit)
        if measured is None or measured.dimensions:
            raise Unsupported
        value: Ball = self(node.value) * number(measured.size)
        return value * self.field.pi() ** measured.pi if measured.pi else value

    def cases(self, node: Cases) -> Ball:
        """The piece whose condition holds: one has to, everywhere."""
        for value, condition in node.pieces:
            if condition is None or self.holds(condition):
                return self(value)
        raise Unsupported

    def holds(self, condition: Node) -> bool:
        if type(condition) is Listed:
            return all(map(self.holds, condition.items))
        if type(condition) is Alternatives:
            return any(map(self.holds, condition.items))
        if type(condition) is not Relation or self.field is not arb or not set(condition.signs) <= _ORDERS.keys():
            raise Unsupported
        beside = zip(condition.signs, condition.operands, condition.operands[1:], strict=False)
        return all(bool(_ORDERS[sign](self(left), self(right))) for sign, left, right in beside)

    def call(self, node: Call) -> Ball:
        if node in self.at:
            return self.field(self.at[node])
        if node.name in OF_INTEGERS:
            try:
                return self.field(exact(node))
            except (Irrational, Undefined):
                pass
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise Unsupported
        try:
            return function(self, *map(self, node.arguments))
        except TypeError:  # more or fewer arguments than it takes
            raise Unsupported from None


def _is_negative(ball: Ball) -> bool:
    return bool(ball < 0) if type(ball) is arb else bool(ball.imag.is_zero() and ball.real < 0)


def _root(balls: Balls, degree: Ball, of: Ball) -> Ball:
    whole = degree.unique_fmpz()
    if whole is None or whole <= 0:
        raise Unsupported
    return balls.rational_power(of, fmpq(1, whole))


def _log(balls: Balls, first: Ball, second: Ball | None = None) -> Ball:
    """The logarithm of the first, or of the second to the base of the first."""
    if second is not None:
        return second.log() / first.log()
    return first.log() / balls.field(10).log() if balls.decimal_log else first.log()


def _cis(balls: Balls, of: Ball) -> Ball:
    if balls.field is arb:
        raise Unsupported
    return (acb(0, 1) * of).exp()


def _binomial(balls: Balls, n: Ball, k: Ball) -> Ball:
    return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()


def _real_only(name: str) -> Callable[..., Ball]:
    return lambda balls, *of: getattr(of[0], name if balls.field is arb else f"real_{name}")(*of[1:])


def _extreme(name: str) -> Callable[..., Ball]:
    step = _real_only(name)

    def extreme(balls: Balls, first: Ball, *others: Ball) -> Ball:
        for other in others:
            first = step(balls, first, other)
        return first

    return extreme


def _method(name: str) -> Callable[[Balls, Ball], Ball]:
    return lambda balls, of: getattr(of, name)()


def _of_inverse(name: str) -> Callable[[Balls, Ball], Ball]:
    return lambda balls, of: getattr(1 / of, name)()


def _double_factorial(balls: Balls, of: Ball) -> Ball:
    """Of small integers alone; undefined between them."""
    whole = of.unique_fmpz() if balls.field is arb else None
    if whole is None or not 0 <= whole <= 1000:
        raise Undefined
    return arb(prod(range(int(whole), 0, -2)))


FUNCTIONS: dict[str, Callable[..., Ball]] = {
    **{name: _method(name) for name in ("sqrt", "exp", "sin", "cos", "tan", "cot", "sec", "csc")},
    **{name: _method(name) for name in ("sinh", "cosh", "tanh", "coth", "sech", "csch")},
    **{f"arc{name}": _method(f"a{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"ar{name}": _method(f"a{name}") for name in ("sinh", "cosh", "tanh")},
    "arccot": lambda balls, of: balls.field.pi() / 2 - of.atan(),
    "arcsec": _of_inverse("acos"),
    "arccsc": _of_inverse("asin"),
    "cis": _cis,
    "ln": _method("log"),
    "log": _log,
    "root": _root,
    "abs": lambda balls, of: balls.field(abs(of)),
    "norm": lambda balls, of: balls.field(abs(of)),
    "sgn": _real_only("sgn"),
    "floor": _real_only("floor"),
    "ceil": _real_only("ceil"),
    "max": _extreme("max"),
    "min": _extreme("min"),
    "factorial": lambda balls, of: (of + 1).gamma(),
    "double_factorial": _double_factorial,
    "binomial": _binomial,
    "permutations": lambda balls, n, k: (n + 1).gamma() * (n - k + 1).rgamma(),
    "conjugate": lambda balls, of: of if balls.field is arb else of.conjugate(),
    "real": lambda balls, of: of if balls.field is arb else acb(of.real),
    "imaginary": lambda balls, of: arb(0) if balls.field is arb else acb(of.imag),
}
"""Functions with values as balls; a call of any other name is opaque unless its value is rational."""

OF_INTEGERS = frozenset(
    {"gcd", "lcm", "mod", "floor", "ceil", "factorial", "double_factorial", "binomial", "permutations"}
)
"""Functions that are best taken exactly where that is possible: a ball beside an integer has no floor."""
KNOWN = frozenset(FUNCTIONS) | OF_INTEGERS

_CONSTANTS: dict[str, Callable[[], Ball]] = {"pi": arb.pi, "e": arb.const_e, "i": lambda: acb(0, 1)}

_ORDERS: dict[str, Callable[[Ball, Ball], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "!=": ne}

_BALLS: dict[type, Callable[[Balls, Any], Ball]] = {
    Number: lambda balls, node: balls.field(number(node.value)),
    Based: lambda balls, node: balls.field(exact(node)),
    Symbol: Balls.symbol,
    Negative: lambda balls, node: -balls(node.of),
    Sum: Balls.sum,
    Product: Balls.product,
    Quotient: lambda balls, node: balls(node.top) / balls(node.bottom),
    Power: Balls.power,
    Measure: Balls.measure,
    Cases: Balls.cases,
    Call: Balls.call,
}
