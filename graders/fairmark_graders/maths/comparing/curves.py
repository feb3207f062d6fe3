"""Equations and inequalities that state no value: lines, circles, half-planes."""

from ..decision import Decision, different, undecided
from ..tree import Call, Negative, Node, Power, Quotient, Relation, Sum
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


def _is_polynomial(node: Node) -> bool:
    return not any(
        (type(at) is Quotient and letters(at.bottom))
        or (type(at) is Call and letters(at))
        or (type(at) is Power and (letters(at.exponent) or compare(at.exponent, at.exponent).equal is None))
        for at in walk(node)
    )
