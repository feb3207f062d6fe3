"""Statements under conditions, functions in pieces, sets by their conditions."""

from collections.abc import Iterator, Sequence

from flint import arb, fmpq

from ..decision import Decision, different, undecided
from ..tree import Call, Cases, Given, Measure, Negative, Node, Quotient, Relation, SetOf, Sum, Symbol, Words
from .algebra import compare
from .balls import Balls, Unsupported
from .classes import as_class
from .comparison import Comparison
from .constants import MAY_BE_CONSTANT
from .entries import entries
from .exact import Undefined, exact, is_rational
from .families import compare_evident, compare_families, is_family
from .meaning import unconditioned
from .naming import named, names_agree
from .shape import EXPRESSIONS, is_literal, letters, put, walk
from .values import FINE, precision, shown


def compare_conditions(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Families of solutions; else the statements, and the conditions where both sides have some."""
    answer, reference = _elements(as_class(answer)), _elements(as_class(reference))
    if SetOf in (type(answer), type(reference)):
        return _compare_families_in_braces(run, answer, reference)
    if type(answer) is not Given and type(reference) is not Given:
        return compare_evident(answer, reference)
    family = compare_families(answer, reference)
    if family is not None:
        return family
    if (found := _of_any_constant(run, answer, reference)) is not None:
        return found
    if _is_class(answer) != _is_class(reference) and not (_is_remainder(answer) or _is_remainder(reference)):
        return different("conditions", "one is a single number, the other a class of them")
    found = run.decide(unconditioned(answer), unconditioned(reference))
    if found.equal is False and is_family(answer, reference):
        return undecided("families that aren't linear")
    if type(answer) is Given and type(reference) is Given:
        if not found.equal and _are_congruent(answer, reference):
            return Decision(True, "congruent")
        return found if not found.equal else _under(run, found, answer.conditions, reference.conditions)
    if found.equal and (not run.allow.conditions or _limits(answer, reference) or _limits(reference, answer)):
        return different("conditions", "one has a condition that the other hasn't")
    return found.by("conditions")


def _elements(node: Node) -> Node:
    """`\\{2k\\pi : k \\in \\mathbb{Z}\\}` for the x that is in it."""
    if type(node) is not Relation or node.signs != ("in",) or type(node.operands[0]) is not Symbol:
        return node
    return node.operands[1] if type(node.operands[1]) is SetOf else node


def _limits(given: Node, other: Node) -> bool:
    """Whether a condition takes members from a family that is known without one, or is none: `5 \\forall 6`."""
    if type(given) is not Given or type(other) is Given:
        return False
    return any(map(is_literal, given.conditions)) or compare_evident(other, other) is not None


def _of_any_constant(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """`f(x) = ax, a \\in \\mathbb{R}` as `f(x) = Cx`, whose constant may have any name."""
    left, right = _general(answer), _general(reference)
    return None if left is answer and right is reference else run.decide(left, right)


def _general(node: Node) -> Node:
    """A function whose conditions only say which of its letters stand for any real number, with C for these."""
    if type(node) is not Given or entries(node.statement) is not None:
        return node
    any_real = {_any_real(condition) for condition in node.conditions}
    constants = sorted(name for name in any_real & MAY_BE_CONSTANT if name not in _arguments(node.statement))
    names = ["C"] if len(constants) == 1 else [f"C_{at}" for at, _ in enumerate(constants, 1)]
    if not constants or any_real - {*constants, *_arguments(node.statement)} or letters(node.statement) & set(names):
        return node
    statement = node.statement
    for was, now in zip(constants, names, strict=True):
        statement = put(statement, was, Symbol(now))
    return statement


def _any_real(condition: Node) -> str:
    """The letter that is said to be any real number, or any constant; empty where something else is said."""
    if type(condition) is Symbol:  # the a of `a, b \\in \\mathbb{R}`
        return condition.name
    if type(condition) is not Relation or condition.signs != ("in",):
        return ""
    letter, domain = condition.operands
    domain = domain.value if type(domain) is Measure and domain.unit == "constant" else domain
    return letter.name if type(letter) is Symbol and domain in (Symbol("Reals"), Symbol("Complexes")) else ""


def _arguments(statement: Node) -> set[str]:
    """The t of `f(t) = 2t`."""
    stated = named(statement)
    return letters(stated.name) if stated and type(stated.name) is Call else set()


def _compare_families_in_braces(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """`\\{4k+1 : k \\in \\mathbb{Z}\\}` as what is listed in it for every k."""
    left, right = _out_of_braces(answer), _out_of_braces(reference)
    if type(left) is not Given or type(right) is not Given:
        return None
    found = run.decide(left, right)
    return None if type(answer) is type(reference) and not found.equal else found


def _out_of_braces(node: Node) -> Node:
    if type(node) is not SetOf or type(node.element) in (Symbol, Relation):
        return node
    memberships = all(type(each) is Relation and each.signs == ("in",) for each in node.conditions)
    return Given(node.element, node.conditions) if memberships else node


def _under(run: Comparison, found: Decision, left: Sequence[Node], right: Sequence[Node]) -> Decision:
    """The same statement under the conditions of either side; several may say together what one says."""
    matched = run.matched(left, right)
    if matched.equal:
        return found
    if matched.equal is False and len(left) == len(right) == 1:
        return different("conditions", "they hold under other conditions")
    return undecided("their conditions differ")


def _is_class(node: Node) -> bool:
    """Whether a letter is said to be congruent to something: `x \\equiv 8 \\pmod{15}`."""
    stated = node.statement if type(node) is Given and _has_modulus(node) else None
    return type(stated) is Relation and type(stated.operands[0]) in (Symbol, Words)


def _is_remainder(node: Node) -> bool:
    """`3 \\bmod 7`, which may stand for the class."""
    return type(node) is Call and node.name == "mod"


def _has_modulus(node: Given) -> bool:
    return any(type(condition) is Call and condition.name == "mod" for condition in node.conditions)


def _are_congruent(answer: Given, reference: Given) -> bool:
    """Whether `3 (mod 7)` and `10 (mod 7)` differ by a multiple of the modulus."""
    (condition, *others), stated = answer.conditions, (named(answer.statement), named(reference.statement))
    if others or reference.conditions != (condition,) or type(condition) is not Call or condition.name != "mod":
        return False
    left, right = stated
    if left is None or right is None or not names_agree(left.name, right.name):
        return False
    difference = Quotient(Sum((left.value, Negative(right.value))), condition.arguments[0])
    return is_rational(difference) and exact(difference).q == 1


def compare_cases(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Functions in pieces: each piece of one is a piece of the other, or they are one function of real numbers."""
    if Cases in (type(answer), type(reference)) and {type(answer), type(reference)} - {Cases} <= EXPRESSIONS:
        found = compare(answer, reference)
        if found.equal and not _agree_at_joints(answer, reference):
            return different("functions in pieces", "they differ where two pieces meet")
        if found.equal or type(answer) is not type(reference):
            return found
    if type(answer) is not Cases or type(reference) is not Cases:
        return None
    found = run.matched(tuple(map(_piece, answer.pieces)), tuple(map(_piece, reference.pieces)), once=True)
    return found if found.equal else undecided("functions in pieces")


def _agree_at_joints(answer: Node, reference: Node) -> bool:
    """Whether two functions agree where their pieces meet, which random points miss; both may be undefined there."""
    bounds = {at for node in (answer, reference) if type(node) is Cases for at in _bounds(node)}
    names = letters(answer) | letters(reference)
    if len(names) != 1:
        return True
    return all(_value_at(answer, min(names), at) == _value_at(reference, min(names), at) for at in bounds)


def _bounds(node: Cases) -> Iterator[fmpq]:
    """The numbers in the conditions of pieces."""
    for _, condition in node.pieces:
        for at in walk(condition) if condition is not None else ():
            if type(at) is Relation:
                yield from (exact(operand) for operand in at.operands if is_rational(operand))


def _value_at(node: Node, letter: str, value: fmpq) -> str:
    """What a function comes to, in digits; empty where it is undefined."""
    with precision(FINE):
        try:
            ball = Balls(arb, {letter: value})(node)
        except (Unsupported, Undefined):
            return ""
        return shown(ball) if ball.is_finite() else ""


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
