"""What is plainly meant by what is written, and what it is for a person."""

import re

from ..tree import (
    Alternatives,
    Cases,
    Choice,
    Combined,
    Enclosed,
    Given,
    Listed,
    Matrix,
    Node,
    Number,
    Ratio,
    Relation,
    SetOf,
    Symbol,
    Words,
)

_SAYINGS: dict[str, Node] = {
    **dict.fromkeys(("no solution", "no real solution", "empty set", "none"), Symbol("Empty")),
    **dict.fromkeys(("all real numbers", "all reals"), Symbol("Reals")),
    **dict.fromkeys(("true", "correct"), Words("yes")),
    **dict.fromkeys(("false", "incorrect"), Words("no")),
    "impossible": Symbol("Empty"),
    "infinite": Words("infinitely many"),
}
_ENDLESS = re.compile(r"infinitely many(?: such)? [a-z]+")
_KINDS: dict[type, str] = {
    Choice: "a choice",
    Words: "words",
    Enclosed: "something in brackets",
    Matrix: "a matrix",
    Listed: "a list",
    Alternatives: "alternatives",
    Relation: "a relation",
    Given: "a statement with conditions",
    Cases: "a function in pieces",
    Ratio: "a ratio",
    SetOf: "a set",
    Combined: "a set",
    Number: "a number",
}


def kind(node: Node) -> str:
    """What a tree is, for a person."""
    return _KINDS.get(type(node), "an expression")


def plain(node: Node) -> Node:
    """What is meant by a saying, by brackets around one thing, by a condition behind the last of several."""
    if type(node) is Words:
        return Words("infinitely many") if _ENDLESS.fullmatch(node.text) else _SAYINGS.get(node.text, node)
    if type(node) is Enclosed and len(node.items) == 1 and node.open in "([":
        return plain(node.items[0])
    if type(node) is Alternatives or type(node) is Listed:
        return _under_one_condition(node)
    return node


def _under_one_condition(node: Alternatives | Listed) -> Node:
    """`x = a + 2kπ or x = b + 2kπ, k ∈ ℤ`: what is said of the last is said of all."""
    last = node.items[-1]
    if type(last) is not Given or {item.conditions for item in node.items if type(item) is Given} != {last.conditions}:
        return node
    return Given(type(node)(tuple(map(unconditioned, node.items))), last.conditions)


def unconditioned(node: Node) -> Node:
    """A statement without what it is said under."""
    return node.statement if type(node) is Given else node
