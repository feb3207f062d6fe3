"""Values with a unit: conversion where both have one, and what is forgiven where one has none."""

from typing import NamedTuple

from ..decision import Decision, Leniency, different
from ..tree import Measure, Negative, Node, Number, Power, Product, Quotient, Sum, Symbol
from ..units import SPELLINGS, Unit, unit
from .algebra import compare
from .exact import Irrational, Undefined, exact, is_rational
from .rounding import rounds
from .unevaluated import has_operator, is_unevaluated

_MONEY = frozenset({"$", "€", "£", "¥", "yuan", "₹"})
_HUNDREDTHS = frozenset({"cent", "penny"})
"""Units of which a bare reference, in dollars or pounds, rather has a hundred."""


class Quantity(NamedTuple):
    """A value in a unit; `unit` is empty for a bare value."""

    value: Node
    unit: str


def compare_quantities(answer: Node, reference: Node, allow: Leniency) -> Decision:
    """Whether two values are the same, each with a unit or without; an answer left to be worked out never is."""
    found = _compare(answer, reference, allow)
    if found.equal is not False and not allow.unevaluated and _is_unevaluated(answer, reference, found):
        return different("left unevaluated", "the answer is left to be worked out")
    return found


def _is_unevaluated(answer: Node, reference: Node, found: Decision) -> bool:
    """An exact value without a rational one can't be worked out further, and stands for a reference in decimals."""
    if "rounding" in found.lenient and not is_rational(answer):
        return has_operator(answer)
    return is_unevaluated(answer, reference)


def _compare(answer: Node, reference: Node, allow: Leniency) -> Decision:
    left, right = quantity(answer), quantity(reference)
    if not left.unit and not right.unit:
        return _compare_bare(answer, reference, allow)
    if left.unit and right.unit:
        return _converted(left, right, allow)
    return _one_bare(left, right, allow)


def quantity(node: Node) -> Quantity:
    """The value and its unit, of a measure, its negative, a multiple of it, or a sum of such (3 h + 20 min)."""
    if type(node) is Measure:
        return Quantity(node.value, node.unit)
    if type(node) is Negative:
        within = quantity(node.of)
        return Quantity(Negative(within.value), within.unit) if within.unit else Quantity(node, "")
    if type(node) is Sum and all(type(term) is Measure for term in node.terms):
        return _total(node)
    if type(node) is Product:
        return _multiple(node)
    if type(node) is Quotient and type(node.top) is Measure:
        return Quantity(Quotient(node.top.value, node.bottom), node.top.unit)
    return Quantity(node, "")


def _total(node: Sum) -> Quantity:
    first, *others = (Quantity(term.value, term.unit) for term in node.terms if type(term) is Measure)
    values = [_in_unit(other, first.unit) for other in others]
    if any(value is None for value in values):
        return Quantity(node, "")
    return Quantity(Sum((first.value, *(value for value in values if value is not None))), first.unit)


def _multiple(node: Product) -> Quantity:
    measures = [factor for factor in node.factors if type(factor) is Measure]
    if len(measures) != 1:
        return Quantity(node, "")
    factors = tuple(factor.value if type(factor) is Measure else factor for factor in node.factors)
    return Quantity(Product(factors), measures[0].unit)


def _converted(left: Quantity, right: Quantity, allow: Leniency) -> Decision:
    value = _in_unit(left, right.unit)
    if value is None:
        return different("units", f"{left.unit} is not {right.unit}")
    return _compare_bare(value, right.value, allow)


def _in_unit(measured: Quantity, name: str) -> Node | None:
    """The value in another unit; None where that measures something else."""
    if measured.unit == name:
        return measured.value
    left, right = unit(measured.unit), unit(name)
    if left is None or right is None:
        return measured.value if _singular(measured.unit) == _singular(name) else None
    return _scaled(measured.value, left, right) if left.dimensions == right.dimensions else None


def _singular(noun: str) -> str:
    return noun.removesuffix("s")


def _scaled(value: Node, left: Unit, right: Unit) -> Node:
    factors: list[Node] = [value]
    if left.size != right.size:
        factors.append(Number(left.size / right.size))
    if left.pi != right.pi:
        factors.append(Power(Symbol("pi"), Number(left.pi - right.pi)))
    scaled = Product(tuple(factors)) if len(factors) > 1 else value
    shift = (left.offset - right.offset) / right.size
    return Sum((scaled, Number(shift))) if shift else scaled


def _one_bare(left: Quantity, right: Quantity, allow: Leniency) -> Decision:
    """By its value (50% is 0.5, 45° is π/4), by a letter that is the unit, or with the unit forgiven."""
    name = left.unit or right.unit
    measured = unit(name)
    if measured is not None and not measured.dimensions:
        found = _compare_bare(_pure(left), _pure(right), allow)
        if found.equal:
            return found
    spelled = _by_letter(left, right.unit) if right.unit else _by_letter(right, left.unit)
    if spelled is not None:
        return _converted(spelled, right, allow) if right.unit else _converted(left, spelled, allow)
    return _forgiven(left, right, name, allow)


def _pure(measured: Quantity) -> Node:
    return Measure(measured.value, measured.unit) if measured.unit else measured.value


def _by_letter(bare: Quantity, name: str) -> Quantity | None:
    """`5m` read as five meters, since the other side has a unit of length."""
    if type(bare.value) is not Product or type(bare.value.factors[-1]) is not Symbol:
        return None
    *rest, letter = bare.value.factors
    spelled, wanted = SPELLINGS.get(letter.name, "") if type(letter) is Symbol else "", unit(name)
    found = unit(spelled) if spelled else None
    if found is None or wanted is None or found.dimensions != wanted.dimensions:
        return None
    return Quantity(Product(tuple(rest)) if len(rest) > 1 else rest[0], spelled)


def _forgiven(left: Quantity, right: Quantity, name: str, allow: Leniency) -> Decision:
    switch = "percent" if name == "%" else "currency" if name in _MONEY else "units"
    found = _compare_bare(left.value, right.value, allow)
    if not found.equal:
        return found
    if not getattr(allow, switch) or left.unit in _HUNDREDTHS or (left.unit == "%" and _is_share(right.value)):
        return different("units", f"{left.unit or 'no unit'} is not {right.unit or 'no unit'}")
    return found.by(switch)


def _is_share(node: Node) -> bool:
    """Whether a bare value lies between -1 and 1: 0.5% for 0.5 is a hundredth of it, and no missing sign."""
    try:
        return abs(exact(node)) <= 1
    except (Irrational, Undefined):
        return False


def _compare_bare(answer: Node, reference: Node, allow: Leniency) -> Decision:
    """Whether two values without a unit are the same, or one rounds to the other."""
    found = compare(answer, reference)
    if found.equal is False and allow.rounding and rounds(answer, reference):
        return Decision(True, "rounded", None, ("rounding",))
    return found
