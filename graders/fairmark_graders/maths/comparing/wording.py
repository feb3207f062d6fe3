"""Words, the letters of choices, and what else is plainly meant by what is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..decision import Decision, different, undecided
from ..tree import (
    Alternatives,
    Cases,
    Choice,
    Combined,
    Enclosed,
    Given,
    Listed,
    Matrix,
    Measure,
    Node,
    Number,
    Product,
    Ratio,
    Relation,
    SetOf,
    Symbol,
    Words,
)
from .classes import as_class
from .clock import minutes
from .sentences import in_any_order, says
from .shape import EXPRESSIONS

if TYPE_CHECKING:
    from .comparison import Comparison

_CHOICES = "ABCDEFGH"

_SAYINGS: dict[str, Node] = {
    **dict.fromkeys(("no solution", "no real solution", "empty set", "none"), Symbol("Empty")),
    **dict.fromkeys(("all real numbers", "all reals"), Symbol("Reals")),
    **dict.fromkeys(("true", "correct"), Words("yes")),
    **dict.fromkeys(("false", "incorrect"), Words("no")),
    "impossible": Symbol("Empty"),
    "infinite": Words("infinitely many"),
}
_ENDLESS = re.compile(r"infinitely many(?: such)? [a-z]+")
_ANGLES = {"right angle": 90, "straight angle": 180}
_NO_VALUES = frozenset({"yes", "no", "does not exist", "undefined", "infinitely many"})

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


def compare_letters(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """The letter of a choice decides; its text counts where the other side has no letter."""
    if type(answer) is Listed and (choice := _with_its_text(answer)) and _letter(reference) in _CHOICES:
        answer = choice
    if type(answer) is Symbol and type(reference) is Symbol:
        same = answer.name.upper() == reference.name.upper() and answer.name.upper() in _CHOICES
        return Decision(True, "choice", None, ("case",)) if same and run.allow.case else None
    if type(answer) is not Choice and type(reference) is not Choice:
        return None
    left, right = _letter(answer), _letter(reference)
    if left and right:
        return Decision(True, "choice") if left == right else different("choice", f"{left} is not {right}")
    if type(answer) is Choice and answer.rest is not None and not right:
        return run.decide(answer.rest, reference)
    if type(reference) is Choice and reference.rest is not None and not left:
        return run.decide(answer, reference.rest)
    return different("choice", f"{kind(answer)} is not {kind(reference)}")


def _with_its_text(node: Listed) -> Choice | None:
    """`A, cos x` as the letter of a choice and what it says; not `A, B`, which are two."""
    letter, *rest = node.items
    if type(letter) is not Symbol or letter.name not in _CHOICES or len(rest) != 1 or _letter(rest[0]):
        return None
    return Choice(letter.name, rest[0])


def _letter(node: Node) -> str:
    if type(node) is Choice:
        return node.letter
    name = node.name if type(node) is Symbol else node.text if type(node) is Words else ""
    return name.upper() if len(name) == 1 else ""


def compare_words(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Words against words as texts; against anything else only what is known to be no value."""
    if type(answer) is Words and type(reference) is Words:
        return _compare_texts(run, answer, reference)
    if type(answer) is Words:
        meant = _meant(answer)
        return run.decide(meant, reference) if meant is not answer else _compare_words(answer, reference)
    if type(reference) is Words:
        meant = _meant(reference)
        return run.decide(answer, meant) if meant is not reference else _compare_words(reference, answer)
    return None


def _meant(words: Words) -> Node:
    """The 90° of "angle C is a right angle", the class of "all odd integers"."""
    degrees = _ANGLES.get(words.text.rpartition(" is ")[2])
    return Measure(Number(degrees), "degree") if degrees else as_class(words)


def letters_of(node: Node) -> str:
    """What is written, less the gaps: `NaCl` is read as four letters, `\\mathrm{NaCl}` as a word."""
    if type(node) is Product:
        return "".join(map(letters_of, node.factors)) if all(type(factor) is Symbol for factor in node.factors) else ""
    if type(node) is Relation and node.signs == ("=",) and type(node.operands[0]) is Symbol:
        return letters_of(node.operands[1]) if len(node.operands[0].name) > 1 else ""
    text = node.text if type(node) is Words else node.name if type(node) is Symbol else ""
    return text.replace(" ", "").casefold()


def _compare_texts(run: Comparison, answer: Words, reference: Words) -> Decision:
    if letters_of(answer) == letters_of(reference) or says(answer.text, reference.text):
        return Decision(True, "words")
    if run.allow.order and in_any_order(answer.text, reference.text):
        return Decision(True, "words", None, ("order",))
    if minutes(answer) is not None and minutes(answer) == minutes(reference):
        return Decision(True, "time of day")
    return different("words", "the words differ")


def _compare_words(words: Words, other: Node) -> Decision:
    if letters_of(words) == letters_of(other):
        return Decision(True, "words")
    if minutes(words) is not None and minutes(words) == minutes(other):
        return Decision(True, "time of day")
    if words.text == "infinitely many" and other == Symbol("infinity"):
        return Decision(True, "words")
    if words.text in _NO_VALUES and type(other) in EXPRESSIONS:
        return different("words", f"'{words.text}' is not a value")
    return undecided("words against mathematics")
