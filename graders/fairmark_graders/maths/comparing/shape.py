"""What a tree is made of: walking it, replacing in it, what it mentions, how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import TooComplex
from ..tree import (
    Alternatives,
    Based,
    Call,
    Cases,
    Choice,
    Combined,
    Enclosed,
    Given,
    Listed,
    Matrix,
    Measure,
    Negative,
    Node,
    Number,
    PlusMinus,
    Power,
    Product,
    Quotient,
    Ratio,
    Relation,
    SetOf,
    Sum,
    Symbol,
)

LARGEST = 2000
"""Nodes of a tree; a hundred times an ordinary answer."""
DEEPEST = 100
"""Levels of a tree: what walks it takes two or three of Python's 1000 frames a level."""

CONSTANTS = frozenset({"pi", "e", "i", "infinity"})
NUMBERS = frozenset({"Reals", "Integers", "Naturals", "Rationals", "Complexes"})
SETS = frozenset({"Empty", *(f"{name}{sign}" for name in NUMBERS for sign in ("", "+", "-", "*"))})
OPERATORS = frozenset({"integral", "sum", "product", "limit", "derivative"})
"""Calls that leave the value to be worked out."""


EXPRESSIONS: frozenset[type] = frozenset(
    {Number, Based, Symbol, Negative, Sum, Product, Quotient, Power, Call, Measure}
)
"""What a value is written with."""


def _cases_of(node: Cases) -> tuple[Node, ...]:
    return tuple(part for piece in node.pieces for part in piece if part is not None)


_CHILDREN: dict[type, Callable[[Any], tuple[Node, ...]]] = {
    Negative: lambda node: (node.of,),
    Sum: lambda node: node.terms,
    Product: lambda node: node.factors,
    Quotient: lambda node: (node.top, node.bottom),
    Power: lambda node: (node.base, node.exponent),
    PlusMinus: lambda node: (*node.before, node.second),
    Call: lambda node: node.arguments,
    Measure: lambda node: (node.value,),
    Enclosed: lambda node: node.items,
    Matrix: lambda node: tuple(entry for row in node.rows for entry in row),
    Listed: lambda node: node.items,
    Alternatives: lambda node: node.items,
    Ratio: lambda node: node.parts,
    Relation: lambda node: node.operands,
    SetOf: lambda node: (node.element, *node.conditions),
    Combined: lambda node: node.sets,
    Given: lambda node: (node.statement, *node.conditions),
    Cases: _cases_of,
    Choice: lambda node: () if node.rest is None else (node.rest,),
}


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below this one, in the order they are written."""
    below = _CHILDREN.get(type(node))
    return below(node) if below else ()


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree, this one first."""
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield at
        waiting.extend(children(at))


def bound(node: Node) -> None:
    """Raises `TooComplex` for a tree of more than `LARGEST` nodes or `DEEPEST` levels."""
    level, depth, count = [node], 0, 0
    while level:
        count += len(level)
        depth += 1
        if count > LARGEST:
            raise TooComplex(f"more than {LARGEST} numbers, letters and signs")
        if depth > DEEPEST:
            raise TooComplex(f"nested more than {DEEPEST} deep")
        level = [child for at in level for child in children(at)]


def _matrix(width: int, parts: tuple[Node, ...]) -> Matrix:
    return Matrix(tuple(parts[at : at + width] for at in range(0, len(parts), width)))


def _cases(node: Cases, parts: Iterator[Node]) -> Cases:
    return Cases(tuple((next(parts), None if condition is None else next(parts)) for _, condition in node.pieces))


_REBUILD: dict[type, Callable[[Any, tuple[Node, ...]], Node]] = {
    Negative: lambda node, parts: Negative(*parts),
    Sum: lambda node, parts: Sum(parts),
    Product: lambda node, parts: replace(node, factors=parts),
    Quotient: lambda node, parts: Quotient(*parts),
    Power: lambda node, parts: Power(*parts),
    PlusMinus: lambda node, parts: PlusMinus(parts[:-1], parts[-1]),
    Call: lambda node, parts: Call(node.name, parts),
    Measure: lambda node, parts: Measure(parts[0], node.unit),
    Enclosed: lambda node, parts: Enclosed(node.open, parts, node.close),
    Listed: lambda node, parts: Listed(parts),
    Alternatives: lambda node, parts: Alternatives(parts),
    Ratio: lambda node, parts: Ratio(parts),
    Relation: lambda node, parts: Relation(parts, node.signs),
    Combined: lambda node, parts: Combined(node.operation, parts),
    Given: lambda node, parts: Given(parts[0], parts[1:]),
    Matrix: lambda node, parts: _matrix(len(node.rows[0]), parts),
    SetOf: lambda node, parts: SetOf(parts[0], parts[1:]),
    Choice: lambda node, parts: Choice(node.letter, *parts),
    Cases: lambda node, parts: _cases(node, iter(parts)),
}


def changed(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree with every node for which `change` gives another one replaced by it, from the top."""
    other = change(node)
    if other is not None:
        return other
    rebuild, below = _REBUILD.get(type(node)), children(node)
    return rebuild(node, tuple(changed(child, change) for child in below)) if rebuild and below else node


def put(node: Node, name: str, value: Node) -> Node:
    """The tree with `value` for the letter `name`."""
    return changed(node, lambda at: value if type(at) is Symbol and at.name == name else None)


def with_signs(node: Node) -> tuple[Node, ...]:
    """The two trees that `±` stands for, all upper signs and all lower ones; the tree itself where there is none."""
    if not any(type(at) is PlusMinus for at in walk(node)):
        return (node,)

    def signed(at: Node, sign: Callable[[Node], Node]) -> Node | None:
        if type(at) is not PlusMinus:
            return None
        second = sign(changed(at.second, lambda below: signed(below, sign)))
        before = tuple(changed(term, lambda below: signed(below, sign)) for term in at.before)
        return Sum((*before, second)) if before else second

    return changed(node, lambda at: signed(at, lambda term: term)), changed(node, lambda at: signed(at, Negative))


@dataclass(slots=True)
class Mentions:
    """What an expression mentions."""

    letters: set[str] = field(default_factory=set)
    """Unknowns: letters that stand for no constant."""
    constants: set[str] = field(default_factory=set)
    opaque: set[Call] = field(default_factory=set)
    """Calls whose value isn't worked out here; what is below them is left out."""
    calls: set[str] = field(default_factory=set)


def mentions(*trees: Node, known: frozenset[str]) -> Mentions:
    """What the trees mention; a call whose name isn't `known` is opaque."""
    found, waiting = Mentions(), list(trees)
    while waiting:
        at = waiting.pop()
        if type(at) is Symbol:
            (found.constants if at.name in CONSTANTS else found.letters).add(at.name)
        elif type(at) is Call:
            found.calls.add(at.name)
            if at.name not in known:
                found.opaque.add(at)
                continue
        waiting.extend(children(at))
    return found


def letters(node: Node) -> set[str]:
    """The letters in a tree that stand for no constant and no set."""
    return {at.name for at in walk(node) if type(at) is Symbol} - CONSTANTS - SETS


def is_literal(node: Node) -> bool:
    """Whether this is a plain number: digits, a sign, a fraction of two integers."""
    if type(node) is Negative:
        return is_literal(node.of)
    if type(node) is Quotient:
        return all(type(part.of if type(part) is Negative else part) is Number for part in (node.top, node.bottom))
    return type(node) is Number
