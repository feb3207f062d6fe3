"""Points with parameters: lines, planes and lattices, `(1, 2, 3) + t(2, 0, -1)`, `x = 2 - 5k, y = -1 + 3k`.

Two of them are one set where each direction of one is made of those of the other, by real numbers or by integers, and
so is the step from one starting point to the other. What isn't linear, or may be a function of time, is compared with
its parameters renamed.
"""

from collections.abc import Iterator, Sequence, Set
from fractions import Fraction
from itertools import permutations
from math import lcm
from typing import NamedTuple

from flint import fmpq, fmpq_mat, fmpz_mat

from ..decision import Decision, different
from ..tree import Call, Enclosed, Given, Listed, Matrix, Node, Number, Product, Relation, SetOf, Sum, Symbol
from .comparison import Comparison
from .entries import Entries, aligned, entries
from .exact import Irrational, Point, Undefined, exact
from .shape import letters, put, walk

_USUAL = frozenset({"t", "s", "r", "u", "v", "k", "n", "m", "lambda", "mu", "theta", "phi"})
"""Letters that are parameters where nothing says so."""
_MOST = 3
_MAY_BE = frozenset({Given, Enclosed, Matrix, Listed, Relation, Sum, Product})

Vector = tuple[fmpq, ...]


class _Points(NamedTuple):
    """Entries, the letters that run through a domain in them, and the domain where it is known."""

    given: Entries
    parameters: list[str]
    domain: str


class _Flat(NamedTuple):
    start: Vector
    directions: list[Vector]


def compare_flats(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Points with as many parameters on both sides; None for anything else."""
    if _is_part(answer, reference) or _is_part(reference, answer):
        return different("parameters", "one has only some of the points of the other")
    right = _points(reference)
    left = right and _points(answer)
    if left is None or right is None or len(left.parameters) != len(right.parameters):
        return None
    ordered = aligned(left.given, right.given)
    domains = {left.domain, right.domain} - {""}
    if ordered is None or len(ordered.rows[0]) != len(right.given.rows[0]) or len(domains) > 1:
        return None
    left = left._replace(given=ordered)
    if not domains and left.parameters != right.parameters and _are_coordinates(right.given):
        domains = {"Reals"}
    if domains and (one := _flat(left)) and (other := _flat(right)):
        same = _same_lattice(one, other) if domains == {"Integers"} else _same_plane(one, other)
        return Decision(True, "parameters") if same else different("parameters", "one has points that the other hasn't")
    return _renamed(run, left, right) if left.parameters != right.parameters or domains else None


def _is_part(limited: Node, whole: Node) -> bool:
    """Whether conditions bound a parameter, as in `(1 + 2t, t), t > 0`, which the other has run through all numbers."""
    if type(limited) is not Given or _domains(limited) is not None:
        return False
    bounded = {letter for condition in limited.conditions for letter in letters(condition)}
    points = _points(whole) if not bounded.isdisjoint(letters(limited.statement)) else None
    return points is not None and points.domain != "" and _flat(points) is not None


def _are_coordinates(given: Entries) -> bool:
    """Whether these are x, y and z: what runs through a line under another letter isn't time."""
    return {name.name for name in given.names if type(name) is Symbol} >= {"x", "y"}


def compare_spans(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """`\\operatorname{span}` of vectors with rational entries, by the ranks of each and of both together."""
    if not (_is_span(answer) or _is_span(reference)):
        return None
    if any(type(each) is Given and "Integers" in (_domains(each) or {}).values() for each in (answer, reference)):
        return different("spans", "one has integer multiples only")
    left, right = _spanned(answer), _spanned(reference)
    if left is None or right is None or len(left[0]) != len(right[0]):
        return None
    if _rank(left) == _rank(right) == _rank([*left, *right]):
        return Decision(True, "spans")
    return different("spans", "one has vectors that the other hasn't")


def _is_span(node: Node) -> bool:
    return type(node) is Call and node.name == "span"


def _spanned(node: Node) -> list[Vector] | None:
    if type(node) is not Call or node.name != "span":
        return _multiples(node)
    given = [entries(each) for each in node.arguments]
    rows = [each.rows[0] for each in given if each is not None and len(each.rows) == 1]
    if not any(given) and len(given) > 1:  # `span (1, -1)`
        given, rows = given[:1], [node.arguments]
    if not rows or len(rows) < len(given) or len(set(map(len, rows))) > 1:
        return None
    try:
        return [tuple(map(exact, row)) for row in rows]
    except (Irrational, Undefined):
        return None


def _multiples(node: Node) -> list[Vector] | None:
    """The directions of `t(1, -1), t \\in \\mathbb{R}`, which begins at zero; whatever its parameters are called."""
    if type(node) is SetOf:
        node = Given(node.element, node.conditions)
    points = _points(node, letters(node.statement if type(node) is Given else node))
    flat = points and _flat(points)
    return flat.directions if flat and not any(flat.start) else None


def _points(node: Node, usual: Set[str] = _USUAL) -> _Points | None:
    if type(node) not in _MAY_BE:
        return None
    if solved := _out_of_equations(node):
        return solved
    if type(node) is not Given and usual.isdisjoint(letters(node)):
        return None
    statement, domains = (node.statement, _domains(node)) if type(node) is Given else (node, {})
    given = entries(statement) if domains is not None else None
    if given is None or domains is None or len(given.rows) != 1 or len(set(domains.values())) > 1:
        return None
    found = sorted({letter for entry in given.rows[0] for letter in letters(entry)})
    if not 1 <= len(found) <= _MOST or not set(found) <= (set(domains) or usual):
        return None
    return _Points(given, found, next(iter(domains.values()), "Reals" if _has_direction(statement) else ""))


def _out_of_equations(node: Node) -> _Points | None:
    """`\\frac{x-1}{2} = \\frac{y-2}{3}, z = 3` as x = 1 + 2t, y = 2 + 3t, z = 3."""
    chain, *others = node.items if type(node) is Listed else (node,)
    if type(chain) is not Relation or set(chain.signs) != {"="} or len(chain.signs) + len(others) < 2:
        return None
    solved = [_solved(operand) for operand in chain.operands]
    if None in solved:
        return None
    given = entries(Listed((*(each for each in solved if each is not None), *others)))
    if given is None or not given.names or any(letters(entry) - {_RATIO} for entry in given.rows[0]):
        return None
    return _Points(given, [_RATIO], "Reals")


_RATIO = "t'"
"""A letter that no text has: what all sides of such equations are."""


def _solved(side: Node) -> Relation | None:
    """x = 1 + 2t for `\\frac{x-1}{2}`; None for what isn't linear in one letter."""
    found = letters(side)
    if len(found) != 1:
        return None
    (letter,) = found
    try:
        zero, one, far = (exact(side, {letter: fmpq(at)}) for at in (0, 1, 7))
    except (Irrational, Undefined):
        return None
    slope = one - zero
    if slope == 0 or far - zero != 7 * slope:
        return None
    start, step = (Number(Fraction(int(value.p), int(value.q))) for value in (-zero / slope, 1 / slope))
    return Relation((Symbol(letter), Sum((start, Product((step, Symbol(_RATIO)))))), ("=",))


def _domains(node: Given) -> dict[str, str] | None:
    """The set that each letter is in, all but zero being no other; None where the conditions say anything else."""
    found: dict[str, str] = {}
    for condition in node.conditions:
        letter, domain = condition.operands[:2] if type(condition) is Relation else (condition, condition)
        if type(condition) is not Relation or type(letter) is not Symbol:
            return None
        if condition.signs == ("!=",) and domain == Number(0):
            found.setdefault(letter.name, "Reals")
        elif condition.signs == ("in",) and domain in (Symbol("Reals"), Symbol("Integers")):
            found[letter.name] = domain.name
        else:
            return None
    return found


def _has_direction(statement: Node) -> bool:
    """Whether a letter stands before a vector: `(1, 2) + t(3, 4)`, `t(1, 2)`."""
    return any(
        type(at) is Product and any(type(factor) in (Enclosed, Matrix) for factor in at.factors) and letters(at)
        for at in walk(statement)
    )


def _flat(points: _Points) -> _Flat | None:
    """The start and the direction of each parameter; None where an entry isn't linear and rational."""
    try:
        start = _at(points, [0] * len(points.parameters))
        corners = [_at(points, [int(at == each) for at in range(len(points.parameters))]) for each in _range(points)]
        steps = [tuple(a - b for a, b in zip(corner, start, strict=True)) for corner in corners]
        far = [7 + 5 * each for each in _range(points)]
        linear = _moved(start, steps, far) == _at(points, far)
        twice = [-2 * each for each in far]
        return _Flat(start, steps) if linear and _moved(start, steps, twice) == _at(points, twice) else None
    except (Irrational, Undefined):
        return None


def _range(points: _Points) -> range:
    return range(len(points.parameters))


def _at(points: _Points, values: Sequence[int]) -> Vector:
    where: Point = {name: fmpq(value) for name, value in zip(points.parameters, values, strict=True)}
    return tuple(exact(entry, where) for entry in points.given.rows[0])


def _moved(start: Vector, steps: Sequence[Vector], by: Sequence[int]) -> Vector:
    return tuple(
        first + sum((count * step[at] for count, step in zip(by, steps, strict=True)), fmpq(0))
        for at, first in enumerate(start)
    )


def _same_plane(one: _Flat, other: _Flat) -> bool:
    both = [*one.directions, *other.directions, _between(one, other)]
    return _rank(one.directions) == _rank(other.directions) == _rank(both)


def _rank(rows: list[Vector]) -> int:
    return int(fmpq_mat(len(rows), len(rows[0]), [value for row in rows for value in row]).rank())


def _between(one: _Flat, other: _Flat) -> Vector:
    return tuple(a - b for a, b in zip(one.start, other.start, strict=True))


def _same_lattice(one: _Flat, other: _Flat) -> bool:
    both = [*one.directions, *other.directions, _between(one, other)]
    scale = lcm(*(int(value.q) for row in both for value in row))
    return _reduced(one.directions, scale) == _reduced(other.directions, scale) == _reduced(both, scale)


def _reduced(rows: list[Vector], scale: int) -> list[list[int]]:
    """The Hermite normal form, which two sets of integer vectors share where they span the same lattice."""
    form = fmpz_mat(len(rows), len(rows[0]), [int((value * scale).p) for row in rows for value in row]).hnf()
    return [list(map(int, row)) for row in form.tolist() if any(row)]


def _renamed(run: Comparison, left: _Points, right: _Points) -> Decision | None:
    """With the names of the reference's parameters, in each order; None where none does, so that others may decide."""
    for names in permutations(right.parameters):
        found = run.in_turn("parameters", _with_names(left, names), right.given.rows[0])
        if found.equal:
            return found
    return None


def _with_names(points: _Points, names: Sequence[str]) -> Iterator[Node]:
    """The entries under other names, by way of names that nothing has."""
    for entry in points.given.rows[0]:
        for was in points.parameters:
            entry = put(entry, was, Symbol(f"{was}'"))
        for was, now in zip(points.parameters, names, strict=True):
            entry = put(entry, f"{was}'", Symbol(now))
        yield entry
