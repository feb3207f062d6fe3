"""Finite sets of integers: lists, lists with dots, and integers within bounds, `-3 \\le n \\le 3`."""

from collections.abc import Iterator, Sequence

from flint import arb

from ..decision import Decision, different
from ..tree import Enclosed, Given, Listed, Node, Relation, SetOf, Symbol
from .comparison import Comparison
from .exact import exact, is_rational
from .members import members
from .sets import SIGNS, UP, Interval, NotRegion, intersection, region
from .values import FINE, precision

MOST = 1000
"""Integers that are written out."""
LEAST = 3
"""Integers in a row for which bounds of n may stand though nothing says that n is one."""

_FROM = {"Integers": (None,), "Integers+": (1,), "Naturals": (0, 1), "Naturals+": (1,), "Naturals*": (1,)}
"""Where the sets of integers begin; natural numbers begin where it pleases."""
_COUNTS = frozenset({"n", "m", "k"})
_DOTS = Symbol("...")

Integers = Sequence[int]


def compare_integers(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Whether two sets of integers are one; None where neither has bounds or dots.

    An answer in bounds has them where the first and the last integer are, or it leaves these to be found.
    """
    if not (_has_bounds(answer) or _has_bounds(reference) or _has_dots(answer) or _has_dots(reference)):
        return None
    left, right = _sets(answer, unless=reference), _sets(reference, unless=answer)
    if not left or not right:
        return None
    if _has_bounds(answer) and not _has_bounds(reference) and not _is_tight(answer):
        return different("integers", "the answer doesn't list them")
    if any(list(one) == list(other) for one in left for other in right):
        return Decision(True, "integers")
    return different("integers", "they are other integers")


def _has_bounds(node: Node) -> bool:
    if type(node) is Relation:
        return len(node.signs) == 2 and SIGNS.issuperset(node.signs)
    return type(node) is SetOf or (type(node) is Given and _has_bounds(node.statement))


def _has_dots(node: Node) -> bool:
    if type(node) is Relation and len(node.operands) == 2:
        node = node.operands[1]
    return type(node) in (Enclosed, Listed) and _DOTS in node.items  # type: ignore[union-attr]


def _sets(node: Node, unless: Node) -> list[Integers]:
    """What the integers may be, in order; none where it isn't plain that they are integers."""
    if not _has_bounds(node):
        found = _listed(node)
        return [] if found is None else [found]
    domains, rest = _said_of(node)
    if domains:
        return [found for first in domains if (found := _within(rest, first)) is not None]
    found, others = _within(rest, None), _listed(unless)
    in_a_row = others and len(others) >= LEAST and others[-1] - others[0] == len(others) - 1
    return [found] if found is not None and in_a_row and _is_of_count(node) else []


def _is_of_count(node: Node) -> bool:
    return type(node) is Relation and type(node.operands[1]) is Symbol and node.operands[1].name in _COUNTS


def _said_of(node: Node) -> tuple[Sequence[int | None], list[Node]]:
    """Where the integers begin that the letter is said to be one of, nothing where it isn't; and its bounds."""
    domains: Sequence[int | None] = ()
    rest = []
    for statement in _statements(node):
        operands = statement.operands if type(statement) is Relation and statement.signs == ("in",) else ()
        if operands and type(operands[1]) is Symbol and operands[1].name in _FROM:
            domains = _FROM[operands[1].name]
        else:
            rest.append(statement)
    return domains, rest


def _statements(node: Node) -> Sequence[Node]:
    if type(node) is Given:
        return (node.statement, *node.conditions)
    if type(node) is SetOf:
        return node.conditions if type(node.element) is Symbol else (node.element, *node.conditions)
    return (node,)


def _within(bounds: Sequence[Node], first: int | None) -> Integers | None:
    """The integers within bounds, from the first where there is one; None where that isn't few."""
    with precision(FINE):
        try:
            said = region(Given(bounds[0], tuple(bounds[1:]))).intervals if bounds else ()
            if first is not None:
                said = intersection(said, [Interval(arb(first), True, UP, False)])
            return [each for interval in said for each in _inside(interval)]
        except NotRegion:
            return None


def _inside(interval: Interval) -> Iterator[int]:
    if not (interval.low.is_finite() and interval.high.is_finite()) or interval.high - interval.low > MOST:
        raise NotRegion
    low, high = interval.low.ceil().unique_fmpz(), interval.high.floor().unique_fmpz()
    if low is None or high is None:
        raise NotRegion
    after = low == interval.low and not interval.closed_low
    before = high == interval.high and not interval.closed_high
    return iter(range(int(low) + after, int(high) + 1 - before))


def _is_tight(node: Node) -> bool:
    """Whether the bounds belong to what is within them."""
    return all("=" in sign for each in _said_of(node)[1] if type(each) is Relation for sign in each.signs)


def _listed(node: Node) -> Integers | None:
    """Integers that are listed, in order; None for anything else."""
    found = members(node)
    items = found.items if found else ()
    if _DOTS in items:
        return _run(items)
    if not items or not all(map(_is_whole, items)):
        return None
    return sorted({int(exact(item).p) for item in items})


def _is_whole(node: Node) -> bool:
    return is_rational(node) and exact(node).q == 1


def _run(items: Sequence[Node]) -> Integers | None:
    """`1, 3, 5, …, 11` with what the dots stand for, which is told by the step before them."""
    at = items.index(_DOTS)
    first, last = items[:at], items[at + 1 :]
    if not first or not last or not all(map(_is_whole, (*first, *last))):
        return None
    written = [int(exact(item).p) for item in (*first, *last)]
    step = written[1] - written[0] if len(first) > 1 else 1
    if step <= 0 or written[-1] - written[0] > MOST * step:
        return None
    found = list(range(written[0], written[-1] + 1, step))
    return (
        found if found[: len(first)] == written[: len(first)] and found[-len(last) :] == written[-len(last) :] else None
    )
