"""Equations and inequalities that state no value: lines, circles, half-planes."""

from functools import reduce

from ..decision import Decision, different, undecided
from ..tree import Alternatives, Call, Listed, Negative, Node, Number, Power, Product, Quotient, Relation, Sum
from .algebra import compare, differ_by_a_constant, is_zero, proportional, sign
from .comparison import Comparison
from .constants import ARBITRARY
from .shape import letters, put, walk, with_signs

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


def compare_both_signs(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """`2y = \\pm 3x` as the two lines that it stands for; None where they aren't the same two."""
    left, right = _lines(answer), _lines(reference)
    if not left or not right or len(left) != len(right) or len(right) != 2:
        return None
    straight = is_same_curve(left[0], right[0]) and is_same_curve(left[1], right[1])
    crossed = is_same_curve(left[0], right[1]) and is_same_curve(left[1], right[0])
    return Decision(True, _RULE) if straight or crossed else None


def _lines(node: Node) -> list[Relation]:
    """The equations in several letters that are listed, or that both signs stand for."""
    items = node.items if type(node) is Listed or type(node) is Alternatives else (node,)
    found = [each for item in items if type(item) is Relation for each in with_signs(item) if type(each) is Relation]
    return found if len(found) >= len(items) and all(each.signs == ("=",) for each in found) else []


def are_level_curves(answer: Relation, reference: Relation) -> bool:
    """Whether two equations say that one function of two letters is some C: `x^2 - y^2 = C`, `y^2 = x^2 + 2C`."""
    left, right = _level(answer), _level(reference)
    return left is not None and right is not None and proportional(left, right).equal is True


def _level(node: Relation) -> Node | None:
    """The function that is a multiple of the only C; None where C is more than added."""
    if node.signs != ("=",) or len(constants := letters(node) & ARBITRARY) != 1:
        return None
    (constant,) = constants
    level = fraction(_difference(node))[0]
    zero, one, far = (put(level, constant, Number(value)) for value in (0, 1, 7))
    step = Sum((one, Negative(zero)))
    added = differ_by_a_constant(one, zero).equal and not is_zero(step)
    linear = compare(Sum((far, Negative(zero))), Product((Number(7), step))).equal
    names = letters(zero)  # of `ax + by = C` and `P + C = R`, C is given
    return zero if added and linear and len(names) == 2 and all(map(str.islower, names)) else None


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
