"""Statements under conditions, functions in pieces, sets by their conditions."""

from ..decision import Decision, different, undecided
from ..tree import Cases, Given, Node, SetOf, Symbol, Words
from .comparison import Comparison
from .families import compare_families
from .shape import put
from .wording import unconditioned


def compare_conditions(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Families of solutions; else the statements, and the conditions where both sides have some."""
    if type(answer) is not Given and type(reference) is not Given:
        return None
    family = compare_families(answer, reference)
    if family is not None:
        return family
    found = run.decide(unconditioned(answer), unconditioned(reference))
    if type(answer) is Given and type(reference) is Given:
        same = not found.equal or run.matched(answer.conditions, reference.conditions).equal
        return found if same else undecided("their conditions differ")
    if found.equal and not run.allow.conditions:
        return different("conditions", "one has a condition that the other hasn't")
    return found.by("conditions")


def compare_cases(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Functions in pieces: each piece of one is a piece of the other."""
    if type(answer) is not Cases or type(reference) is not Cases:
        return None
    found = run.matched(tuple(map(_piece, answer.pieces)), tuple(map(_piece, reference.pieces)), once=True)
    return found if found.equal else undecided("functions in pieces")


def _piece(piece: tuple[Node, Node | None]) -> Node:
    value, condition = piece
    return Given(value, (condition if condition is not None else Words("otherwise"),))


def compare_sets_of(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Sets of the same elements under the same conditions, whatever letter stands for an element."""
    if type(answer) is not SetOf or type(reference) is not SetOf:
        return None
    element, conditions = answer.element, answer.conditions
    if type(element) is Symbol:
        conditions = tuple(put(condition, element.name, reference.element) for condition in conditions)
        element = reference.element if type(reference.element) is Symbol else element
    same = run.decide(element, reference.element).equal and run.matched(conditions, reference.conditions).equal
    return Decision(True, "sets") if same else undecided("sets that may be the same")
