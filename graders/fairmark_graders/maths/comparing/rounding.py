"""Whether a value rounds to a reference that is written in decimals.

A reference of fewer than two decimals and three significant digits may be exact, and no rounded form of anything.
"""

from fractions import Fraction

from flint import arb, fmpq

from ..tree import Measure, Negative, Node, Number, Power, Product
from .balls import Balls, Unsupported
from .exact import Irrational, Undefined, exact
from .values import FINE, precision

LEAST_DECIMALS, LEAST_DIGITS = 2, 3
"""Either is enough, as long as there are two significant digits: half of all numbers near 0.001 round to it."""


def rounds(answer: Node, reference: Node) -> bool:
    """Whether the answer's value, rounded to the reference's last digit, half up or half to even, is the reference."""
    place = last_place(reference)
    if place is None:
        return False
    try:
        right = exact(reference)
        return _rounds_exactly(exact(answer), right, place)
    except Irrational:
        return _rounds_as_ball(answer, right, place)
    except Undefined:
        return False


def is_about(exact_value: Node, written: Node) -> bool:
    """Whether the digits written are the first ones of a value, rounded, or decimals of it cut off, at any place."""
    number = written.of if type(written) is Negative else written
    if type(number) is not Number:
        return False
    place = fmpq(1, 10 ** (number.decimals or 0))
    with precision(FINE):
        try:
            digits, value = exact(written), Balls(arb, {})(exact_value)
        except (Unsupported, Undefined):
            return False
        beyond = abs(value) - abs(digits) if value * digits > 0 else abs(value - digits)
        return bool(abs(beyond) <= arb(place / 2)) or bool(number.decimals and 0 < beyond < arb(place))


def last_place(node: Node) -> fmpq | None:
    """What one is worth at the last digit of a decimal that is precise enough: 1/100 for 3.14, 10^5 for 3.00·10^7."""
    if type(node) is Negative:
        return last_place(node.of)
    if type(node) is Measure and node.unit == "%":
        place = last_place(node.value)
        return place and place / 100
    if type(node) is Product and len(node.factors) == 2:
        return _scientific_place(*node.factors)
    return _decimal_place(node) if type(node) is Number else None


def _decimal_place(node: Number) -> fmpq | None:
    if not node.decimals:
        return None
    digits = abs(Fraction(node.value)) * 10**node.decimals
    if digits < 10 or (node.decimals < LEAST_DECIMALS and digits < 10 ** (LEAST_DIGITS - 1)):
        return None
    return fmpq(1, 10**node.decimals)


def _scientific_place(mantissa: Node, scale: Node) -> fmpq | None:
    if type(scale) is not Power or scale.base != Number(10):
        return None
    place = last_place(mantissa)
    try:
        return place and place * exact(scale)
    except (Irrational, Undefined):
        return None


def _rounds_exactly(value: fmpq, right: fmpq, place: fmpq) -> bool:
    if value * right < 0:
        return False
    beyond = abs(value) - abs(right)
    if beyond == place / 2:
        return bool((abs(right) / place).p % 2 == 0)
    return bool(-place / 2 <= beyond < place / 2)


def _rounds_as_ball(answer: Node, right: fmpq, place: fmpq) -> bool:
    with precision(FINE):
        try:
            distance = abs(Balls(arb, {})(answer) - right)
        except (Unsupported, Undefined):
            return False
        return bool(distance < arb(place / 2))
