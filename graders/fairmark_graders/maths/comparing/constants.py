"""Arbitrary constants: of integration, and of the general solutions of differential equations.

A general solution that is linear in its constants is the space of functions that they run through: `A sin 2x + B cos
2x` is `C_1 cos 2x + C_2 sin 2x`. For random constants of one there have to be constants of the other that give the same
function: found from as many points as there are constants, held against more points.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple
from zlib import crc32

from flint import arb, arb_mat, fmpq

from ..decision import Decision, Leniency
from ..reading.words import words_of
from ..tree import Call, Negative, Node, Product, Sum, Symbol
from .algebra import Point, differ_by_a_constant
from .balls import Balls, Unsupported
from .exact import Undefined
from .quantities import compare_quantities
from .shape import letters, put
from .values import CLOSE, FINE, precision

_NUMBERED = frozenset(f"{name}_{index}" for name in "Cc" for index in range(5))
ARBITRARY = _NUMBERED | {"C"}
"""Letters that stand for nothing else, so that an answer may call them otherwise."""
_OF_INTEGRATION = frozenset(words_of("c K k const"))
_VARIABLES = [frozenset({name}) for name in words_of("x y z t u v w s r theta phi")]
"""Letters that functions are integrated over, where their constant has a name that others have too."""
MAY_BE_CONSTANT = ARBITRARY | frozenset(
    words_of("K c k A B D a b d m const alpha beta K_1 K_2 k_1 k_2 A_1 A_2 B_1 B_2")
)
_MOST = 4
_HELD = 4
"""Points at which two solutions are compared, over those that give the constants."""


class Solution(NamedTuple):
    """A function of some letters and of constants."""

    function: Node
    constants: Sequence[str]
    letters: Sequence[str]


def with_another_constant(answer: Node, reference: Node, allow: Leniency) -> Decision | None:
    """Antiderivatives that differ by a constant; general solutions that are the same; a constant of another name."""
    if letters(reference) >= {"C_1", "C_2"}:
        answer = _without_phase(answer)
    if MAY_BE_CONSTANT.isdisjoint(letters(answer)):
        return None
    left, right = _without_constant(answer, MAY_BE_CONSTANT), _antiderivative(reference)
    if left is not None and right is not None and differ_by_a_constant(left, right).equal:
        return Decision(True, "equal up to the constant of integration", None, ("constant",))
    one, other = _solutions(answer, reference)
    if not one.constants or len(one.constants) != len(other.constants) or len(one.constants) > _MOST:
        return None
    if one.letters != other.letters or not other.letters:
        return None
    if _spans(one, other) and _spans(other, one):
        return Decision(True, "one general solution", None, ("constant",))
    return _renamed(one, other, allow) if len(one.constants) == 1 else None


def with_its_constant(answer: Node, reference: Node) -> Node:
    """The answer with the reference's constant for its own, where each has one that the other hasn't."""
    mine, theirs = letters(answer) - letters(reference), letters(reference) - letters(answer)
    if len(mine) != 1 or len(theirs) != 1 or not mine | theirs <= MAY_BE_CONSTANT or not (mine | theirs) & ARBITRARY:
        return answer
    return put(answer, min(mine), Symbol(min(theirs)))


def _antiderivative(node: Node) -> Node | None:
    """A function before its constant of integration; None where the letter may be a given one, as in `mx + c`."""
    function = _without_constant(node, ARBITRARY)
    if function is not None and not all(map(str.isupper, letters(function))):
        return function
    function = _without_constant(node, _OF_INTEGRATION)
    return function if function is not None and letters(function) in _VARIABLES else None


def _without_constant(node: Node, constants: frozenset[str]) -> Node | None:
    """A sum before the one of its terms that is such a constant; None where it has none."""
    if type(node) is not Sum:
        return None
    for term in node.terms:
        rest = tuple(other for other in node.terms if other is not term)
        name = term.of if type(term) is Negative else term
        if type(name) is Symbol and name.name in constants and name.name not in letters(Sum(rest)):
            return Sum(rest) if len(rest) > 1 else rest[0]
    return None


def _solutions(answer: Node, reference: Node) -> tuple[Solution, Solution]:
    """Both, constants being what only one side mentions, and numbered ones: `K q / r` isn't `2 K q / r`."""
    mine, theirs = letters(answer), letters(reference)
    shared = mine & theirs & _NUMBERED
    if any("_" in name for name in (mine | theirs) - MAY_BE_CONSTANT):
        shared = set()
    own, known = (mine - theirs) | shared, (theirs - mine) | shared
    if not (own <= MAY_BE_CONSTANT and known <= MAY_BE_CONSTANT and (own <= ARBITRARY or known <= ARBITRARY)):
        own = known = set()
    return (
        Solution(answer, sorted(own), sorted(mine - own)),
        Solution(reference, sorted(known), sorted(theirs - known)),
    )


def _without_phase(node: Node) -> Node:
    """`A \\cos(2x + \\varphi)` as C_1 cos 2x + C_2 sin 2x; any other tree as it is."""
    amplitude, wave = node.factors if type(node) is Product and len(node.factors) == 2 else (node, node)
    argument = wave.arguments[0] if type(wave) is Call and wave.name in ("sin", "cos") else None
    if type(amplitude) is not Symbol or amplitude.name not in _AMPLITUDES or type(argument) is not Sum:
        return node
    angle = [term for term in argument.terms if not letters(term) <= _PHASES or not letters(term)]
    if len(argument.terms) != 2 or len(angle) != 1 or letters(angle[0]) & (_PHASES | {amplitude.name}):
        return node
    waves = [Product((Symbol(f"C_{at}"), Call(name, (angle[0],)))) for at, name in enumerate(("cos", "sin"), 1)]
    return Sum(tuple(waves))


_AMPLITUDES = frozenset(words_of("A R C C_1 c_1 a"))
_PHASES = frozenset(words_of("phi delta alpha B C_2 c_2 theta_0 phi_0 epsilon"))


def _renamed(one: Solution, other: Solution, allow: Leniency) -> Decision | None:
    """By the other's constant or its negative, where that isn't linear."""
    for constant in (Symbol(other.constants[0]), Negative(Symbol(other.constants[0]))):
        found = compare_quantities(put(one.function, one.constants[0], constant), other.function, allow)
        if found.equal:
            return found.by("constant")
    return None


def _spans(one: Solution, other: Solution) -> bool:
    """Whether what the other is for random constants, the first is for some."""
    with precision(FINE):
        try:
            return _held(one, other)
        except (Unsupported, Undefined, ZeroDivisionError):
            return False


def _held(one: Solution, other: Solution) -> bool:
    points = _points(one, other)
    chosen: Point = {name: fmpq(7919 + 1009 * at * at, 1013) for at, name in enumerate(other.constants)}
    rows, values = [], []
    for point in points:
        start, value = _value(one, point, {}), Balls(arb, {**point, **chosen})(other.function)
        if not (start.is_finite() and value.is_finite()):
            continue
        row = _row(one, point, start)
        if row is None:
            return False
        rows.append(row)
        values.append(value - start)
        if len(rows) == len(one.constants) + _HELD:
            break
    return len(rows) == len(one.constants) + _HELD and _is_solved(rows, values)


def _points(one: Solution, other: Solution) -> Iterator[Point]:
    random = Random(crc32(repr((one.function, other.function)).encode()))
    for _ in range(6 * _HELD):
        yield {name: fmpq(random.randint(-3000, 6000) * 7 + 1, 7000) for name in one.letters}


def _value(one: Solution, point: Point, constants: Point) -> arb:
    zero: Point = dict.fromkeys(one.constants, fmpq(0))
    value: arb = Balls(arb, {**point, **zero, **constants})(one.function)
    return value


def _row(one: Solution, point: Point, start: arb) -> list[arb] | None:
    """What each constant is multiplied by at a point; None where the function isn't linear in them."""
    row = [_value(one, point, {name: fmpq(1)}) - start for name in one.constants]
    some: Point = {name: fmpq(3 * at + 5, 2) for at, name in enumerate(one.constants)}
    straight = start + sum((factor * arb(by) for factor, by in zip(row, some.values(), strict=True)), arb(0))
    return row if _close(straight, _value(one, point, some)) else None


def _close(left: arb, right: arb) -> bool:
    return bool((left - right).abs_upper() < arb(CLOSE))


def _is_solved(rows: list[list[arb]], values: list[arb]) -> bool:
    """Whether the constants that the first points give hold at the others. Raises `ZeroDivisionError`."""
    count = len(rows[0])
    found = arb_mat(rows[:count]).solve(arb_mat([[value] for value in values[:count]]))
    return all(
        _close(sum((factor * found[at, 0] for at, factor in enumerate(row)), arb(0)), value)
        for row, value in zip(rows[count:], values[count:], strict=True)
    )
