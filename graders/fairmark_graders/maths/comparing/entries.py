"""Things with entries in order: points, vectors, matrices, `x = 1, y = 2`."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from ..decision import Decision, different
from ..tree import (
    Alternatives,
    Call,
    Enclosed,
    Listed,
    Matrix,
    Negative,
    Node,
    Number,
    PlusMinus,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Symbol,
)
from .comparison import Comparison
from .exact import Irrational, Undefined, exact
from .members import members
from .naming import LETTERS_OF, Named, is_word, named, names_agree
from .sets import has_region
from .shape import letters, put, walk

Rows = tuple[tuple[Node, ...], ...]


class Entries(NamedTuple):
    """Rows of entries; a vector is one row."""

    rows: Rows
    names: tuple[Node, ...] = ()
    """What the entries are called, where they are given one by one."""
    brackets: str = ""


def compare_entries(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Entry by entry; a bare list is in order where the other side is a point or a vector."""
    left, right = _without_signs(answer), _without_signs(reference)
    if left is None and right is None:
        return None
    left = left or _like(answer, right)
    right = right or _like(reference, left)
    if left is None or right is None:
        return _one_of_several(run, answer, reference, left or right)
    ordered = aligned(left, right)
    if ordered is None or _are_of_others(answer, reference):
        return different("names", "they are values of different names")
    if left.brackets != right.brackets and _are_intervals(left, right, answer, reference):
        return different("intervals", "their ends are open on one side and closed on the other")
    return _compare(run, *unnested(ordered, right))


def _are_of_others(answer: Node, reference: Node) -> bool:
    """Whether these are said of two matrices or points: `A^2` and A, P and Q."""
    stated = [named(node) if type(node) is Relation else None for node in (answer, reference)]
    left, right = (each.name if each else None for each in stated)
    if type(left) in _CAPITAL and type(right) in _CAPITAL and left != right:
        return {type(left), type(right)} != {Symbol} or all(name and _is_label(name) for name in (left, right))
    return False


_CAPITAL = (Symbol, Power, Product)


def _compare(run: Comparison, left: Entries, right: Entries) -> Decision:
    if [len(row) for row in left.rows] != [len(row) for row in right.rows]:
        return different("entries", f"{_size(left)} entries are not {_size(right)}")
    return run.in_turn("entries", chain(*left.rows), chain(*right.rows))


def _size(given: Entries) -> str:
    return "×".join(map(str, (len(given.rows), len(given.rows[0])))) if len(given.rows) > 1 else str(len(given.rows[0]))


def _without_signs(node: Node) -> Entries | None:
    found = entries(node)
    return None if found is None or any(type(at) is PlusMinus for at in walk(node)) else found


def _like(node: Node, other: Entries | None) -> Entries | None:
    """A bare list in its order, or a sum of unit vectors, where the other side has entries."""
    if other is None:
        return None
    if type(node) is Listed and not other.names:
        return Entries((node.items,))
    if type(node) in (Sum, Product, Negative, Symbol) and len(other.rows) == 1:
        return by_unit_vectors(node, len(other.rows[0]))
    return _of_identity(node, len(other.rows))


def _of_identity(node: Node, size: int) -> Entries | None:
    """Multiples of the identity matrix, which is as large as the other side: `-I`, `2I_2`."""
    names = letters(node) if type(node) in (Product, Negative, Symbol) else set()
    if len(names) != 1 or not names <= {"I", f"I_{size}"}:
        return None
    rows = tuple(tuple(Number(int(row == column)) for column in range(size)) for row in range(size))
    return entries(put(node, min(names), Matrix(rows)))


def _one_of_several(run: Comparison, answer: Node, reference: Node, given: Entries | None) -> Decision | None:
    other = reference if given and given.names and type(reference) is Alternatives else answer
    if given and given.names and type(other) is Alternatives:
        if _are_numbered(given.names):
            found = members(other)
            return found and run.matched(given.rows[0], found.items)
        return different("names", "values of several names are not one or another of them")
    return None


def _are_numbered(names: Sequence[Node]) -> bool:
    """Whether these are values of one letter, `x_1` and `x_2`."""
    parts = [name.name.partition("_") for name in names if type(name) is Symbol]
    return len(parts) == len(names) and len({base for base, *_ in parts}) == 1 and all(n.isdecimal() for *_, n in parts)


def _are_intervals(left: Entries, right: Entries, answer: Node, reference: Node) -> bool:
    if not left.brackets or not right.brackets or "<>" in (left.brackets, right.brackets):
        return False
    if left.brackets in ("(]", "[)") or right.brackets in ("(]", "[)"):
        return True
    return has_region(answer) and has_region(reference)


def entries(node: Node) -> Entries | None:
    """The entries of a point, vector, matrix or system of solutions; None for anything else."""
    if type(node) is Enclosed:
        return Entries((node.items,), (), node.open + node.close) if node.open != "{" and len(node.items) > 1 else None
    if type(node) is Matrix:
        return Entries(_flat(node.rows))
    if type(node) is Power and node.exponent in _TRANSPOSED:
        return _transposed(node.base)
    if type(node) is Call and len(node.arguments) > 1 and _is_label(Symbol(node.name)):
        return Entries((node.arguments,))
    if type(node) is Negative:
        found = entries(node.of) if type(node.of) in (Product, Quotient, Matrix, Enclosed) else None
        return found and _each(found, Negative)
    if type(node) in (Product, Quotient):
        return _scaled(node)
    if type(node) is Sum:
        return _added([entries(term) for term in node.terms])
    if type(node) is Relation:
        return _named_point(node)
    return _system(node) if type(node) is Listed else None


def _transposed(node: Node) -> Entries | None:
    """The columns of a matrix as rows; a vector is written as a row or as a column."""
    if type(node) is Matrix:
        return Entries(_flat(tuple(zip(*node.rows, strict=True))))
    return entries(node) if type(node) is Enclosed else None


_TRANSPOSED = (Symbol("T"), Symbol("t"))


def _is_label(node: Node) -> bool:
    """Whether this is the name of a point, as in `A(1, 2)`."""
    return type(node) is Symbol and len(node.name) == 1 and node.name.isupper()


def _flat(rows: Rows) -> Rows:
    """A column as a row."""
    return (tuple(row[0] for row in rows),) if all(len(row) == 1 for row in rows) else rows


def _named_point(node: Relation) -> Entries | None:
    stated = named(node)
    if stated is None or stated.name is None or stated.steps:
        return None
    found = entries(stated.value)
    if (
        found
        and type(stated.name) is Enclosed
        and len(stated.name.items) == len(found.rows[0])
        and len(found.rows) == 1
    ):
        return found._replace(names=stated.name.items)
    return found


def _system(node: Listed) -> Entries | None:
    """`x = 1, y = 2`: one value for each of several names."""
    stated = [named(item) if type(item) is Relation else None for item in node.items]
    complete = [each for each in stated if each is not None and each.name is not None]
    if len(complete) < len(stated) or not _distinct(complete):
        return None
    return Entries((tuple(each.value for each in complete),), tuple(each.name for each in complete if each.name))


def _distinct(stated: Sequence[Named]) -> bool:
    return not any(names_agree(a.name, b.name) for index, a in enumerate(stated) for b in stated[index + 1 :])


def _scaled(node: Node) -> Entries | None:
    """A multiple of a vector or matrix, each entry multiplied."""
    if type(node) is Quotient:
        found = entries(node.top) if type(node.top) in (Matrix, Enclosed) else None
        bottom = node.bottom
        return found and _each(found, lambda entry: Quotient(entry, bottom))
    factors = node.factors if type(node) is Product else ()
    inner = [factor for factor in factors if type(factor) in (Matrix, Enclosed)]
    found = entries(inner[0]) if len(inner) == 1 else None
    if found and len(factors) == 2 and inner[0] is factors[1] and _is_label(factors[0]):
        return found
    rest = tuple(factor for factor in factors if factor is not inner[0]) if found else ()
    return found and _each(found, lambda entry: Product((*rest, entry)))


def _each(given: Entries, change: Callable[[Node], Node]) -> Entries:
    return given._replace(rows=tuple(tuple(worked_out(change(entry)) for entry in row) for row in given.rows))


def aligned(left: Entries, right: Entries) -> Entries | None:
    """The left entries in the order of the right ones' names; None where the names are others."""
    if not left.names or not right.names:
        return left._replace(rows=(tuple(_by_name(left)),)) if left.names and len(left.rows) == 1 else left
    found = [next((at for at, other in enumerate(left.names) if names_agree(other, name)), -1) for name in right.names]
    if sorted(found) != list(range(len(left.names))):
        named_otherwise = _are_words(left.names) != _are_words(right.names) and not _are_usual(left, right)
        return left if named_otherwise else None
    return left._replace(rows=(tuple(left.rows[0][at] for at in found),))


def _are_usual(left: Entries, right: Entries) -> bool:
    """Whether these are names for which everybody has the same words: the variance is no σ."""
    words, symbols = (left.names, right.names) if _are_words(left.names) else (right.names, left.names)
    return LETTERS_OF.keys() >= {str(getattr(name, "name", "")) for name in words} and set(symbols) <= {
        *LETTERS_OF.values()
    }


def _are_words(names: Sequence[Node]) -> bool:
    """Whether these are words, which letters stand for in the same order: price and quantity, p and q."""
    return all(type(name) is Symbol and is_word(name.name) for name in names)


def _by_name(given: Entries) -> list[Node]:
    """Entries in the alphabetical order of their names, when these are letters: x, y, z."""
    letters_only = [name.name for name in given.names if type(name) is Symbol and not is_word(name.name)]
    if len(letters_only) < len(given.names):
        return list(given.rows[0])
    return [entry for _, entry in sorted(zip(letters_only, given.rows[0], strict=True), key=lambda pair: pair[0])]


_UNIT_VECTORS = (("unit i", "unit j", "unit k"), ("i", "j", "k"))


def by_unit_vectors(node: Node, count: int) -> Entries | None:
    """`2i + 3j` as (2, 3): what stands before each unit vector; None where the expression isn't made of them."""
    mentioned = {at.name for at in walk(node) if type(at) is Symbol}
    for names in _UNIT_VECTORS:
        used = names[:count]
        if mentioned.intersection(used[:2] if len(names[0]) > 1 else "j") and not mentioned.intersection(names[count:]):
            return Entries((tuple(_coefficient(node, name, used) for name in used),))
    return None


def _coefficient(node: Node, name: str, names: Sequence[str]) -> Node:
    if type(node) is Sum and all(len(letters(term).intersection(names)) == 1 for term in node.terms):
        terms = [term for term in node.terms if name in letters(term)]
        node = Sum(tuple(terms)) if len(terms) > 1 else terms[0] if terms else Number(0)
    for each in names:
        node = put(node, each, Number(int(each == name)))
    return worked_out(node)


def _added(terms: Sequence[Entries | None]) -> Entries | None:
    """A sum of vectors or matrices, entry by entry."""
    rows = [term.rows for term in terms if term is not None]
    if len(rows) < len(terms) or len({tuple(map(len, each)) for each in rows}) > 1:
        return None
    return Entries(tuple(tuple(map(_sum, *beside)) for beside in zip(*rows, strict=True)))


def _sum(*beside: Node) -> Node:
    return worked_out(Sum(beside))


def worked_out(node: Node) -> Node:
    """An entry that was never written as such, reckoned out where that is rational."""
    try:
        value = exact(node)
    except (Irrational, Undefined):
        return node
    return Number(Fraction(int(value.p), int(value.q)))


def unnested(left: Entries, right: Entries) -> tuple[Entries, Entries]:
    """Rows for a row of rows, where only one side is written as such."""
    if len(left.rows) == len(right.rows):
        return left, right
    return _rows(left), _rows(right)


def _rows(given: Entries) -> Entries:
    inner = [found.rows[0] for entry in given.rows[0] if (found := entries(entry)) and len(found.rows) == 1]
    return given._replace(rows=tuple(inner)) if len(given.rows) == 1 and len(inner) == len(given.rows[0]) else given
