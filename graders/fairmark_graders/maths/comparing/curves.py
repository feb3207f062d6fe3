"""Equations and inequalities that state no value: lines, circles, half-planes."""

from functools import reduce

from ..decision import Decision, different, undecided
from ..tree import Call, Negative, Node, Number, Power, Product, Quotient, Relation, Sum
from .algebra import compare, proportional, sign
from .shape import letters, walk

_RULE = "one equation up to a factor"
_DIRECTIONS = {"<": -1, "<=": -1, ">": 1, ">=": 1, "=": 0, "!=": 0}


def compare_curves(answer: Relation, reference: Relation) -> Decision:
    """Whether two equations, or inequalities, hold for the same values: their differences of both sides are alike up
    to a factor, positive for an inequality."""
    if len(answer.signs) != 1 or len(reference.signs) != 1 or not _known(answer) or not _known(reference):
        return undecided("a chain of relations")
    if _strictness(answer) != _strictness(reference):
        return different(_RULE, f"'{answer.signs[0]}' is not '{reference.signs[0]}'")
    left, right = _difference(answer), _difference(reference)
    if _strictness(answer) == "=":
        left, right = fraction(left)[0], fraction(right)[0]
    found = proportional(left, right)
    if found.equal and _DIRECTIONS[answer.signs[0]] and sign(left, right) <= 0:
        return different(_RULE, "they point to opposite sides")
    if found.equal is False and not (_is_polynomial(left) and _is_polynomial(right)):
        return undecided("equations that may have the same solutions")
    return found._replace(rule=_RULE)


def is_same_curve(answer: Relation, reference: Relation) -> bool:
    """Whether two equations in two letters or more are one."""
    return len(letters(reference)) > 1 and compare_curves(answer, reference).equal is True


def _known(node: Relation) -> bool:
    return node.signs[0] in _DIRECTIONS


def _strictness(node: Relation) -> str:
    return node.signs[0].replace(">", "<")


def _difference(node: Relation) -> Node:
    """What is zero where the equation holds, and positive where the inequality does."""
    left, right = node.operands
    return Sum((right, Negative(left))) if _DIRECTIONS[node.signs[0]] < 0 else Sum((left, Negative(right)))


def fraction(node: Node) -> tuple[Node, Node]:
    """The numerator and the denominator over all quotients by something with letters, nothing being cancelled."""
    if type(node) is Negative:
        top, bottom = fraction(node.of)
        return Negative(top), bottom
    if type(node) is Quotient and letters(node.bottom):
        (a, b), (c, d) = fraction(node.top), fraction(node.bottom)
        return Product((a, d)), Product((b, c))
    if type(node) is Product:
        parts = [fraction(factor) for factor in node.factors]
        return Product(tuple(top for top, _ in parts)), Product(tuple(bottom for _, bottom in parts))
    if type(node) is Sum and any(type(at) is Quotient and letters(at.bottom) for at in walk(node)):
        return reduce(_added, map(fraction, node.terms))
    return node, Number(1)


def _added(left: tuple[Node, Node], right: tuple[Node, Node]) -> tuple[Node, Node]:
    (a, b), (c, d) = left, right
    if b == d:
        return Sum((a, c)), b
    return Sum((Product((a, d)), Product((c, b)))), Product((b, d))


def _is_polynomial(node: Node) -> bool:
    return not any(
        (type(at) is Quotient and letters(at.bottom))
        or (type(at) is Call and letters(at))
        or (type(at) is Power and (letters(at.exponent) or compare(at.exponent, at.exponent).equal is None))
        for at in walk(node)
    )
