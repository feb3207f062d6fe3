"""Words and the letters of choices."""

import re

from ..decision import Decision, different, undecided
from ..tree import (
    Choice,
    Listed,
    Measure,
    Node,
    Number,
    Product,
    Relation,
    Symbol,
    Words,
)
from .classes import as_class
from .clock import minutes
from .comparison import Comparison
from .meaning import kind
from .sentences import in_any_order, says
from .shape import EXPRESSIONS

_CHOICES = "ABCDEFGH"

_ORDINAL = re.compile(r"([0-9]{1,9})(?:st|nd|rd|th)")
_LETTERS = {"T": "yes", "F": "no"}
"""What true and false are abbreviated to."""
_ANGLES = {"right angle": 90, "straight angle": 180}
_NO_VALUES = frozenset({"yes", "no", "does not exist", "undefined", "infinitely many"})


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
    one, other = as_class(answer), as_class(reference)
    if one is not answer and other is not reference:
        return run.decide(one, other)
    return different("words", "the words differ")


def _compare_words(words: Words, other: Node) -> Decision:
    if letters_of(words) == letters_of(other):
        return Decision(True, "words")
    if minutes(words) is not None and minutes(words) == minutes(other):
        return Decision(True, "time of day")
    if (nth := _ORDINAL.fullmatch(words.text)) and other == Number(int(nth[1])):
        return Decision(True, "ordinal")
    if type(other) is Symbol and _LETTERS.get(other.name) == words.text:
        return Decision(True, "words")
    if words.text == "infinitely many" and other == Symbol("infinity"):
        return Decision(True, "words")
    if words.text in _NO_VALUES and type(other) in EXPRESSIONS:
        return different("words", f"'{words.text}' is not a value")
    return undecided("words against mathematics")
