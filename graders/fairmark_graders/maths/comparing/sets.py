"""Sets of real numbers: intervals, inequalities in one letter, their unions, intersections and differences.

A set is the sorted, disjoint intervals it is made of, a point being a closed interval from itself to itself. Ends are
compared as balls of 320 bits: ends less than 10^-60 apart are one.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key, reduce
from typing import Any, NamedTuple

from flint import arb

from ..decision import Decision, different, undecided
from ..tree import (
    Alternatives,
    Call,
    Combined,
    Enclosed,
    Given,
    Listed,
    Negative,
    Node,
    Number,
    Power,
    Relation,
    SetOf,
    Sum,
    Symbol,
)
from .balls import Balls, Unsupported
from .comparison import Comparison
from .exact import Undefined
from .shape import CONSTANTS, SETS, is_literal, letters, put, with_signs
from .values import CLOSE, FINE, precision, shown

UP, DOWN = arb.pos_inf(), arb.neg_inf()
SIGNS = frozenset({"<", "<=", ">", ">=", "!="})
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!=", "in": "", "not in": ""}


class Interval(NamedTuple):
    """The numbers from `low` to `high`."""

    low: arb
    closed_low: bool
    high: arb
    closed_high: bool


class Region(NamedTuple):
    """A set of real numbers, and the letter that an inequality says it of."""

    intervals: tuple[Interval, ...]
    letter: str | None = None


class NotRegion(Exception):
    """Not a set of real numbers that is understood here."""


EVERYTHING = (Interval(DOWN, False, UP, False),)
_NAMED: dict[str, tuple[Interval, ...]] = {
    "Empty": (),
    "Reals": EVERYTHING,
    "Reals+": (Interval(arb(0), False, UP, False),),
    "Reals-": (Interval(DOWN, False, arb(0), False),),
    "Reals*": (Interval(DOWN, False, arb(0), False), Interval(arb(0), False, UP, False)),
}


def order(left: arb, right: arb) -> int:
    """-1, 0 or 1 as the left end lies below, at or above the right one."""
    return -1 if left < right else 1 if left > right else 0


def compare_regions(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Whether two sets of numbers are the same; None where neither is written in a way that can only mean a set."""
    if not is_region(answer) and not is_region(reference):
        return None
    if _is_square(answer) and not _is_square(reference):
        return different("inequality", "the answer isn't solved")
    with precision(FINE):
        try:
            left, right = region(answer), region(reference)
        except NotRegion:
            return _compare_between_letters(run, answer, reference)
        if left.letter and right.letter and left.letter != right.letter:
            return different("intervals", f"{left.letter} is not {right.letter}")
        if _same(left.intervals, right.intervals):
            return Decision(True, "intervals")
        return different("intervals", f"{described(left)} is not {described(right)}")


def _is_square(node: Node) -> bool:
    """Whether this is `x^2 < 9`, which is the question more often than its answer; `|x - 3| < 2` may be either."""
    return type(node) is Relation and any(type(operand) is Power for operand in node.operands)


def _compare_between_letters(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Intervals whose ends are no numbers: `a < x < b`, (a, b)."""
    left, right = _between_letters(answer), _between_letters(reference)
    if left is None or right is None:
        return None
    if type(answer) is Relation and type(reference) is Relation and answer.operands[1] != reference.operands[1]:
        return different("intervals", "they bound different things")
    if (left.open, left.close) != (right.open, right.close):
        return different("intervals", "their ends are open on one side and closed on the other")
    return run.in_turn("intervals", left.items, right.items)


def _between_letters(node: Node) -> Enclosed | None:
    if type(node) is Enclosed and len(node.items) == 2 and node.open in "([":
        return node
    if type(node) is not Relation or len(node.operands) != 3 or not {"<", "<="}.issuperset(node.signs):
        return None
    low, high = node.signs
    return Enclosed("[" if "=" in low else "(", node.operands[::2], "]" if "=" in high else ")")


def compare_combined(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Unions and the like of sets whose ends aren't numbers, part by part."""
    if type(answer) is not Combined or type(reference) is not Combined or answer.operation != reference.operation:
        return None
    if answer.operation == "difference":
        found = run.in_turn("sets", answer.sets, reference.sets)
        found = found if len(answer.sets) == len(reference.sets) else undecided("differences of sets")
    else:
        found = run.matched(answer.sets, reference.sets)
    return found if found.equal else undecided("sets that may be the same")


def described(said: Region) -> str:
    """A set for a person: `(-inf, 2) ∪ [3, 4]`."""
    return " ∪ ".join(map(_described, said.intervals[:5])) or "the empty set"


def _described(interval: Interval) -> str:
    low = shown(interval.low) if interval.low.is_finite() else "-∞"
    high = shown(interval.high) if interval.high.is_finite() else "∞"
    return f"{'[' if interval.closed_low else '('}{low}, {high}{']' if interval.closed_high else ')'}"


def _same(left: Sequence[Interval], right: Sequence[Interval]) -> bool:
    return len(left) == len(right) and all(
        order(a.low, b.low) == 0 == order(a.high, b.high)
        and (a.closed_low, a.closed_high) == (b.closed_low, b.closed_high)
        for a, b in zip(left, right, strict=True)
    )


def is_region(node: Node) -> bool:
    """Whether this can only be a set of numbers, and neither a point, a vector nor a list."""
    if type(node) is Relation:
        return not SIGNS.isdisjoint(node.signs) or (
            node.signs in (("in",), ("not in",)) and is_region(node.operands[1])
        )
    if type(node) is Enclosed:
        return _is_interval(node)
    if type(node) in (Listed, Alternatives):
        return any(map(is_region, node.items))  # type: ignore[union-attr]
    if type(node) is Given:
        return is_region(node.statement)
    return type(node) in (Combined, SetOf) or (type(node) is Symbol and node.name in _NAMED)


def _is_interval(node: Enclosed) -> bool:
    if len(node.items) != 2 or node.open not in "([":
        return False
    return (node.open, node.close) in (("(", "]"), ("[", ")")) or any(map(infinite, node.items))


def infinite(node: Node) -> int:
    """1 or -1 for an infinity, 0 for anything else."""
    if type(node) is Negative:
        return -infinite(node.of)
    return int(node == Symbol("infinity"))


def region(node: Node) -> Region:
    """The set that is meant. Raises `NotRegion`."""
    read: Callable[[Any], Region] | None = _REGIONS.get(type(node))
    return read(node) if read else Region((_point(end(node)),))


def has_region(node: Node) -> bool:
    """Whether the set is understood."""
    with precision(FINE):
        try:
            region(node)
        except NotRegion:
            return False
    return True


def end(node: Node) -> arb:
    """The end of an interval: a real number or an infinity."""
    if sign := infinite(node):
        return UP if sign > 0 else DOWN
    try:
        value = Balls(arb, {})(node)
    except (Unsupported, Undefined):
        raise NotRegion from None
    if not value.is_finite() or not value.rad() < arb(CLOSE):
        raise NotRegion
    return value  # type: ignore[no-any-return]


def _points(node: Node) -> list[Interval]:
    """Numbers that are listed, each a point; `±` stands for two."""
    if type(node) in (Listed, Alternatives) or (type(node) is Enclosed and node.open == "{"):
        return [point for item in node.items for point in _points(item)]  # type: ignore[union-attr]
    return [_point(end(value)) for value in with_signs(node)]


def _point(value: arb) -> Interval:
    if not value.is_finite():
        raise NotRegion
    return Interval(value, True, value, True)


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same numbers in disjoint intervals, in order; what overlaps or touches is one."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=cmp_to_key(_first)):
        if merged and _touch(merged[-1], interval):
            merged[-1] = _joined(merged[-1], interval)
        else:
            merged.append(interval)
    return tuple(merged)


def _first(left: Interval, right: Interval) -> int:
    return order(left.low, right.low) or right.closed_low - left.closed_low


def _touch(left: Interval, right: Interval) -> bool:
    gap = order(left.high, right.low)
    return gap > 0 or (gap == 0 and (left.closed_high or right.closed_low))


def _joined(left: Interval, right: Interval) -> Interval:
    low = left.closed_low or (order(left.low, right.low) == 0 and right.closed_low)
    beyond = order(left.high, right.high)
    high, closed = (right.high, right.closed_high) if beyond < 0 else (left.high, left.closed_high)
    return Interval(left.low, low, high, closed or (beyond == 0 and right.closed_high))


def complement(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """All other real numbers."""
    rest, low, closed = [], DOWN, False
    for interval in union(intervals):
        rest += _between(low, closed, interval.low, not interval.closed_low)
        low, closed = interval.high, not interval.closed_high
    return (*rest, *_between(low, closed and low.is_finite(), UP, False))


def _between(low: arb, closed_low: bool, high: arb, closed_high: bool) -> list[Interval]:
    closed_high = closed_high and high.is_finite()
    gap = order(low, high)
    if gap > 0 or (gap == 0 and not (closed_low and closed_high)):
        return []
    return [Interval(low, closed_low, high, closed_high)]


def intersection(left: Iterable[Interval], right: Iterable[Interval]) -> tuple[Interval, ...]:
    """The numbers in both."""
    return complement([*complement(left), *complement(right)])


def _enclosed(node: Enclosed) -> Region:
    if node.open == "{":
        return Region(union(_points(node)))
    if len(node.items) != 2 or node.open not in "([":
        raise NotRegion
    low, high = map(end, node.items)
    if order(low, high) > 0:
        raise NotRegion
    closed_low, closed_high = node.open == "[" and low.is_finite(), node.close == "]" and high.is_finite()
    return Region(tuple(_between(low, closed_low, high, closed_high)))


def _symbol(node: Symbol) -> Region:
    return Region(_NAMED[node.name] if node.name in _NAMED else (_point(end(node)),))


def _combined(node: Combined) -> Region:
    parts = [region(part).intervals for part in node.sets]
    if node.operation == "union":
        return Region(union(interval for part in parts for interval in part))
    if node.operation == "intersection":
        return Region(reduce(intersection, parts))
    return Region(intersection(parts[0], complement(interval for part in parts[1:] for interval in part)))


def _relation(node: Relation) -> Region:
    """`1 < x <= 2`: one letter, and what each sign beside it says; for `|x| < 2`, of either sign."""
    if node.operands[0] == Symbol("Reals"):
        return _relation(Relation((Symbol(""), *node.operands[1:]), node.signs))
    even = [operand for operand in node.operands if _inside(operand) is not None]
    if len(even) == 1:
        return _around(node, even[0])
    at = [index for index, operand in enumerate(node.operands) if type(operand) is Symbol and not _is_fixed(operand)]
    if len(at) != 1 or len(node.operands) > 3 or (len(node.operands) == 3 and at[0] != 1):
        raise NotRegion
    letter = node.operands[at[0]]
    said: tuple[Interval, ...] = EVERYTHING
    for index, sign in enumerate(node.signs):
        left, right = node.operands[index : index + 2]
        half = _half(sign, right) if left is letter else _half(_TURNED.get(sign, ""), left)
        said = intersection(said, half)
    return Region(said, letter.name if type(letter) is Symbol else None)


def _around(node: Relation, even: Node) -> Region:
    """`|x - 3| < 2`, `x^2 > 4`: what that says of the distance of x from a number."""
    within, found = _inside(even), letters(even)
    if within is None or len(found) != 1:
        raise NotRegion
    (letter,) = found
    distance = _relation(
        Relation(tuple(Symbol(letter) if each is even else each for each in node.operands), node.signs)
    )
    above = intersection(distance.intervals, [Interval(arb(0), True, UP, False)])
    if type(even) is Power:
        above = tuple(each._replace(low=abs(each.low).sqrt(), high=each.high.sqrt()) for each in above)
    below = [Interval(-each.high, each.closed_high, -each.low, each.closed_low) for each in above]
    centre = arb(0) if type(within) is Symbol else _centre(within, letter)
    both = union([*above, *below])
    return Region(tuple(each._replace(low=each.low + centre, high=each.high + centre) for each in both), letter)


def _inside(node: Node) -> Node | None:
    """What stands between bars, or is squared."""
    if type(node) is Power:
        return node.base if node.exponent == Number(2) and letters(node.base) else None
    return node.arguments[0] if type(node) is Call and node.name == "abs" else None


def _centre(node: Node, letter: str) -> arb:
    """The number c for x - c, c - x or x + (-c)."""
    terms = node.terms if type(node) is Sum else ()
    if len(terms) != 2 or not any(term in (Symbol(letter), Negative(Symbol(letter))) for term in terms):
        raise NotRegion
    value = end(put(node, letter, Number(0)))
    return value if Negative(Symbol(letter)) in terms else -value


def _is_fixed(node: Symbol) -> bool:
    return node.name in CONSTANTS or node.name in SETS


def _half(sign: str, other: Node) -> tuple[Interval, ...]:
    """The numbers that stand in this relation to a number or a set."""
    if sign in ("in", "not in"):
        return region(other).intervals if sign == "in" else complement(region(other).intervals)
    if sign in ("=", "!="):
        points = _points(other)
        return union(points) if sign == "=" else complement(points)
    value = end(other)
    if sign in ("<", "<="):
        return tuple(_between(DOWN, False, value, sign == "<="))
    if sign in (">", ">="):
        return tuple(_between(value, sign == ">=", UP, False))
    raise NotRegion


def _set_of(node: SetOf) -> Region:
    element, conditions = node.element, node.conditions
    if type(element) is Relation and element.signs == ("in",):
        element, conditions = element.operands[0], (element, *conditions)
    said = _all_of(conditions)
    if type(element) is not Symbol or said.letter not in (None, element.name):
        raise NotRegion
    return Region(said.intervals)


def _all_of(statements: Sequence[Node]) -> Region:
    return _merged(statements, lambda left, right: intersection(left, right))


def _merged(statements: Sequence[Node], merge: Callable[[Any, Any], tuple[Interval, ...]]) -> Region:
    parts = [region(statement) for statement in statements]
    letters = {part.letter for part in parts if part.letter}
    if len(letters) > 1:
        raise NotRegion
    return Region(reduce(merge, (part.intervals for part in parts)), min(letters, default=None))


def _listed(node: Listed) -> Region:
    """Inequalities that all hold; intervals side by side, or inequalities that exclude each other, are alternatives."""
    if all(type(item) is Relation for item in node.items):
        said = _all_of(node.items)
        if said.intervals:
            return said
    return _alternatives(Alternatives(node.items))


def _alternatives(node: Alternatives) -> Region:
    """Any of some sets; a number beside them isn't one, but another answer."""
    if any(map(is_literal, node.items)) and any(map(is_region, node.items)):
        raise NotRegion
    return _merged(node.items, lambda left, right: union([*left, *right]))


def _given(node: Given) -> Region:
    return _all_of((node.statement, *node.conditions))


_REGIONS: dict[type, Callable[[Any], Region]] = {
    Enclosed: _enclosed,
    Symbol: _symbol,
    Combined: _combined,
    Relation: _relation,
    SetOf: _set_of,
    Listed: _listed,
    Alternatives: _alternatives,
    Given: _given,
}
