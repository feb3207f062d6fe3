"""Families of solutions, `\\frac{\\pi}{4} + k\\pi` for every integer k: progressions, compared by what is in them."""

from collections.abc import Sequence
from math import lcm
from typing import NamedTuple

from flint import arb, fmpq

from ..decision import Decision, different, undecided
from ..tree import (
    Alternatives,
    Call,
    Enclosed,
    Given,
    Listed,
    Node,
    Number,
    Power,
    Product,
    Relation,
    Sum,
    Symbol,
)
from .algebra import compare
from .balls import Balls, Unsupported
from .classes import COUNTER, INTEGERS
from .entries import entries
from .exact import Undefined
from .naming import is_name, named, names_agree
from .shape import letters, put, walk, with_signs
from .values import CLOSE, FINE, precision

MOST = 60
"""Members of a family within the common period."""

_COUNTS = frozenset({"k", "n", "m"})
"""Letters for integers where nothing says so."""


class Progression(NamedTuple):
    """`start + k·step` for every integer k."""

    start: arb
    step: arb


def compare_families(answer: Node, reference: Node) -> Decision | None:
    """Whether two families have the same members; None where one isn't linear in one integer parameter."""
    if not (_is_endless(answer) or _is_endless(reference)):
        return None
    with precision(FINE):
        left, right = _progressions(answer), _progressions(reference)
        if left is None or right is None:
            return None
        period = _common_period([*left, *right])
        if period is None:
            return undecided("families whose periods have no small common multiple")
        if _covers(left, right, period) and _covers(right, left, period):
            return _of_one_letter(answer, reference)
    return different("families of solutions", "one has members that the other hasn't")


def _is_endless(node: Node) -> bool:
    """Whether this is a family whatever the other side is."""
    if type(node) is Alternatives:
        return all(map(_is_endless, node.items))
    return _parameter(node) is not None or _modulus(node) is not None


def _of_one_letter(answer: Node, reference: Node) -> Decision:
    """Equal, unless they are said of letters that differ."""
    said = [named(node.statement if type(node) is Given else node) for node in (answer, reference)]
    left, right = (stated and stated.name for stated in said)
    if type(left) is Symbol and type(right) is Symbol and not names_agree(left, right):
        return different("names", "they are values of different names")
    return Decision(True, "families of solutions")


def compare_evident(answer: Node, reference: Node) -> Decision | None:
    """Families of angles without their condition: `\\frac{5\\pi}{4} + n\\pi`."""
    right = _evident(reference)
    left = right and _evident(answer)
    if left is None or right is None:
        return None
    found = compare_families(left, right)
    if found and found.equal and (_counts(answer) or _counts(reference)):
        same = compare(_value(left.statement), _value(right.statement)).equal
        return None if same else different("families of solutions", "they are formulas, and differ")
    return found


def _evident(node: Node) -> Given | None:
    """A family where this can't be a formula in n, as `(n - 2)\\pi` is: by whole turns from where no turn gets to 0."""
    value = _value(node)
    if type(value) is not Sum or len(found := letters(value)) != 1 or not found <= _COUNTS:
        return None
    (parameter,) = found
    with precision(FINE):
        family = _progression(value, parameter)
        if (
            family is None
            or (family.start / family.step).contains_integer()
            or not _denominator(family.step / arb.pi())
        ):
            return None
    return Given(node, (Relation((Symbol(parameter), INTEGERS), ("in",)),))


def _value(node: Node) -> Node:
    """What is said to be the value of a name, or all of a tree that states none."""
    stated = named(node)
    return stated.value if stated else node


def _counts(node: Node) -> bool:
    """Whether the name in front is that of one for each n: `f(n)`, `a_n`."""
    stated = named(node)
    name = stated and stated.name
    return type(name) is Call or (type(name) is Symbol and "_" in name.name)


def is_family(answer: Node, reference: Node) -> bool:
    """Whether one stands for a solution for every integer, and the other may."""
    one = _parameter(answer) is not None or _parameter(reference) is not None
    return one and bool(letters(answer)) and bool(letters(reference))


def _parameter(node: Node) -> str | None:
    """The letter that stands for every integer."""
    if type(node) is not Given:
        return None
    for condition in node.conditions:
        if type(condition) is Relation and condition.signs == ("in",) and condition.operands[1] == INTEGERS:
            letter = condition.operands[0]
            return letter.name if type(letter) is Symbol else None
    return None


def _progressions(node: Node) -> list[Progression] | None:
    if type(node) is Alternatives and _is_endless(node):
        each_of = [_progressions(item) for item in node.items]
        return None if None in each_of else [each for some in each_of for each in some or ()]
    statement = node.statement if type(node) is Given else node
    if entries(statement) is not None:
        return None
    members = [each for item in _members(statement) for each in with_signs(item)]
    if (modulus := _modulus(node)) is not None:
        members = [Sum((member, Product((Symbol(COUNTER), modulus)))) for member in members]
    parameter = COUNTER if modulus is not None else _parameter(node) or _only_letter(node, members)
    if parameter is None:
        return None
    found = [each for member in members for each in _progressions_of(member, parameter)]
    return [each for each in found if each is not None] if None not in found else None


def _modulus(node: Node) -> Node | None:
    """The 7 of `x \\equiv 3 \\pmod 7`."""
    condition = node.conditions[0] if type(node) is Given and len(node.conditions) == 1 else None
    return condition.arguments[0] if type(condition) is Call and condition.name == "mod" else None


def _only_letter(node: Node, members: Sequence[Node]) -> str | None:
    unknown = {letter for member in members for letter in letters(member)}
    return min(unknown) if len(unknown) == 1 and type(node) is not Given else None


def _progressions_of(member: Node, parameter: str) -> Sequence[Progression | None]:
    """One progression, or those of even and of odd numbers: `(-1)^n\\frac{\\pi}{6} + n\\pi`."""
    whole = _progression(member, parameter)
    if whole is not None or not any(type(at) is Power and letters(at.exponent) for at in walk(member)):
        return (whole,)
    twice = Product((Number(2), Symbol(parameter)))
    return [_progression(put(member, parameter, half), parameter) for half in (twice, Sum((twice, Number(1))))]


def _members(node: Node) -> Sequence[Node]:
    """What is listed, without the names in front."""
    if type(node) in (Listed, Alternatives) or (type(node) is Enclosed and node.open == "{"):
        return [member for item in node.items for member in _members(item)]  # type: ignore[union-attr]
    stated = named(node)
    if stated is None or stated.name is None or not is_name(stated.name):
        return [node]
    return _members(stated.value)


def _progression(member: Node, parameter: str) -> Progression | None:
    """The progression of an expression that is linear in its parameter."""
    try:
        at = [Balls(arb, {parameter: fmpq(k)})(member) for k in (0, 1, 2, 7)]
    except (Unsupported, Undefined):
        return None
    step = at[1] - at[0]
    if not step.is_finite() or step.contains(0):
        return None
    linear = _is_zero(at[2] - at[0] - 2 * step) and _is_zero(at[3] - at[0] - 7 * step)
    return Progression(at[0], step) if linear else None


def _is_zero(ball: arb) -> bool:
    return bool(abs(ball) < arb(CLOSE))


def _common_period(all_of_them: list[Progression]) -> arb | None:
    """A multiple of every step: the steps are compared with the first one, by fractions up to /24."""
    first = all_of_them[0].step
    multiples = [_denominator(first / each.step) for each in all_of_them]
    if None in multiples:
        return None
    period = first * lcm(*(multiple for multiple in multiples if multiple is not None))
    return period if all(abs(period / each.step) < MOST for each in all_of_them) else None


def _denominator(ratio: arb) -> int | None:
    """The least n for which n times the ratio is an integer."""
    return next((n for n in range(1, 25) if (n * ratio).contains_integer()), None)


def _covers(left: list[Progression], right: list[Progression], period: arb) -> bool:
    """Whether every member of the left families is in one of the right."""
    return all(
        any(((member - other.start) / other.step).contains_integer() for other in right)
        for each in left
        for member in _within(each, period)
    )


def _within(each: Progression, period: arb) -> list[arb]:
    count = abs(period / each.step).unique_fmpz()
    return [each.start + k * each.step for k in range(int(count or 0))]
