"""Residue classes, however they are written: `1 or 5 mod 6`, `3 + 7\\mathbb{Z}`, `3 \\mid n`, "all odd integers"."""

import re
from collections.abc import Sequence

from ..tree import Alternatives, Call, Given, Listed, Node, Number, Product, Relation, Sum, Symbol, Words
from .shape import put, walk

COUNTER = "k'"
"""A letter that no text has."""
MOST_RESIDUES = 30
"""The modulus up to which all classes but one are written out."""
INTEGERS = Symbol("Integers")

_WHOSE = r"(?:(?:all|any|every|each|those|integers?|numbers?|values?|of|whole|[a-z]|that|which|is|are|must|be) )*"
_IN_WORDS = re.compile(
    rf"{_WHOSE}(?:(?P<parity>odd|even)(?: (?:integers?|numbers?|whole|[a-z]))*"
    r"|(?:multiples? of|(?:evenly )?divisible by) (?P<divisor>[1-9][0-9]{0,9})"
    r"|(?:leaves?|leaving|gives?|has|have|with) (?:remainder|residue)(?: of)? (?P<rest>[0-9]{1,9})"
    r" (?:when|on|upon|after) (?:divided|division) by (?P<modulus>[1-9][0-9]{0,9}))"
)

_NOT_DIVISIBLE = re.compile(
    rf"{_WHOSE}(?:not (?:divisible by|multiples? of)|no multiples? of) (?P<divisor>[1-9][0-9]{{0,3}})"
)


def as_class(node: Node) -> Node:
    """A class as a statement under its condition, any other tree as it is."""
    if type(node) is Relation and node.signs == ("divides",):
        return _congruent(Relation((node.operands[1], Number(0)), ("equiv",)), node.operands[0])
    if type(node) in (Sum, Product) and any(at == INTEGERS for at in walk(node)):
        return Given(put(node, INTEGERS.name, Symbol(COUNTER)), (Relation((Symbol(COUNTER), INTEGERS), ("in",)),))
    if type(node) is Given and type(node.statement) is Relation and node.statement.signs == ("not equiv",):
        return _others(node) or node
    if type(node) in (Alternatives, Listed):
        return _residues(node.items) or node  # type: ignore[union-attr]
    return (_in_words(node) if type(node) is Words else None) or node


def _congruent(statement: Node, modulus: Node) -> Given:
    return Given(statement, (Call("mod", (modulus,)),))


def _others(node: Given) -> Given | None:
    """`n \\not\\equiv 1 \\pmod 3` as n ≡ 0 or 2."""
    (condition, *more), relation = node.conditions, node.statement
    modulus = condition.arguments[0] if type(condition) is Call and condition.name == "mod" else None
    if more or type(modulus) is not Number or type(relation) is not Relation or len(relation.operands) != 2:
        return None
    left, right = relation.operands
    if modulus.value not in range(2, MOST_RESIDUES) or type(right) is not Number:
        return None
    rest = [Number(each) for each in range(int(modulus.value)) if each != right.value % modulus.value]
    residues: Node = Alternatives(tuple(rest)) if len(rest) > 1 else rest[0]
    return _congruent(Relation((left, residues), ("equiv",)), modulus)


def _residues(items: Sequence[Node]) -> Given | None:
    """`1 or 5 mod 6`, where the modulus behind the last is that of all."""
    split = [_of_modulus(item) for item in items]
    moduli = {modulus for _, modulus in split if modulus}
    if len(moduli) != 1 or not split[-1][1]:
        return None
    return _congruent(Alternatives(tuple(residue for residue, _ in split)), moduli.pop())


def _of_modulus(node: Node) -> tuple[Node, Node | None]:
    if type(node) is Call and node.name == "mod" and len(node.arguments) == 2:
        return node.arguments[0], node.arguments[1]
    return node, None


def _in_words(words: Words) -> Given | None:
    if other := _NOT_DIVISIBLE.fullmatch(words.text):
        statement = Relation((words, Number(0)), ("not equiv",))
        return _others(_congruent(statement, Number(int(other["divisor"]))))
    found = _IN_WORDS.fullmatch(words.text)
    if not found:
        return None
    rest = int(found["rest"] or found["parity"] == "odd")
    modulus = 2 if found["parity"] else int(found["divisor"] or found["modulus"])
    return _congruent(Relation((words, Number(rest)), ("equiv",)), Number(modulus))
