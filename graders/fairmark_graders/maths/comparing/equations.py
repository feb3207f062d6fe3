"""Relations: named values, chains of them, curves, inequalities that are no interval."""

from ..decision import Decision, different, undecided
from ..tree import Call, Node, Relation, Symbol
from .comparison import Comparison
from .constants import ARBITRARY, MAY_BE_CONSTANT, with_its_constant
from .curves import are_level_curves, compare_curves, is_same_curve
from .naming import Named, contradicts, named, names_agree
from .sets import SIGNS, has_region, is_region
from .shape import is_literal, letters, put


def compare_relations(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Where the reference states a value, the answer states it too: solved, and in one piece."""
    if type(answer) is not Relation and type(reference) is not Relation:
        return None
    if _is_inequality(answer) or _is_inequality(reference):
        return _inequalities(answer, reference)
    if run.allow.constant and _are_level_curves(answer, reference):
        return Decision(True, "one general solution", None, ("constant",))
    left, right = named(answer), named(reference)
    if left and right and _are_solved_for_others(left, right):
        return different("names", "they are solved for different letters")
    if type(answer) is Relation and type(reference) is Relation and is_same_curve(answer, reference):
        return Decision(True, "one equation up to a factor")
    if run.allow.constant and _is_same_general_solution(answer, reference):
        return Decision(True, "one general solution", None, ("constant",))
    if left is None or right is None:
        return _unsolved(answer, reference, right)
    if left.value is answer and right.value is reference:
        return undecided("relations that state no value")
    if contradicts(left):
        return different("chain of values", "the answer states two values")
    return _named(run, left, right)


def _are_solved_for_others(left: Named, right: Named) -> bool:
    """Whether these are formulas for two letters: `P = nRT/V`, `T = PV/(nR)`; one unsolved may be the other's curve."""
    if type(left.name) is not Symbol or type(right.name) is not Symbol or names_agree(left.name, right.name):
        return False
    return right.name.name in letters(left.value)


def _is_same_general_solution(answer: Node, reference: Node) -> bool:
    """Whether two equations are one but for the name of a constant: `x^2 + y^2 = K`."""
    if type(answer) is not Relation or type(reference) is not Relation:
        return False
    renamed = with_its_constant(answer, reference)
    if renamed is answer or type(renamed) is not Relation:
        return False
    return len(letters(reference)) > 2 and is_same_curve(renamed, reference)


def _are_level_curves(answer: Node, reference: Node) -> bool:
    """Whether two equations say that one function is some constant: `x^2 - y^2 = K`, `y^2 = x^2 + C`."""
    if type(answer) is not Relation or type(reference) is not Relation or letters(reference).isdisjoint(ARBITRARY):
        return False
    renamed = with_its_constant(answer, reference)
    return type(renamed) is Relation and are_level_curves(renamed, reference)


def _is_inequality(node: Node) -> bool:
    return type(node) is Relation and not SIGNS.isdisjoint(node.signs)


def _inequalities(answer: Node, reference: Node) -> Decision:
    if is_region(reference) and has_region(reference):
        return different("inequality", "the answer isn't solved")
    if type(answer) is Relation and type(reference) is Relation:
        return compare_curves(answer, reference)
    return undecided("inequalities of more than one letter")


def _unsolved(answer: Node, reference: Node, right: Named | None) -> Decision:
    if right is not None:
        return different("equation", "the answer is an equation that isn't solved")
    if type(answer) is Relation and type(reference) is Relation:
        return compare_curves(answer, reference)
    return different("equation", "the reference is an equation, the answer isn't")


def _named(run: Comparison, left: Named, right: Named) -> Decision:
    if not names_agree(left.name, right.name):
        return different("names", "they are values of different names")
    found = run.decide(_of_its_letter(left, right), right.value)
    if not found.equal and any(is_literal(step) and run.decide(left.value, step).equal for step in _written(right)):
        found = Decision(True, "the reference, rounded")
    if not found.equal and left.rounded is not None and is_literal(right.value):
        found = run.decide(left.rounded, right.value)
    if (left.name is None) == (right.name is None) or not found.equal:
        return found
    return found.by("assignment") if run.allow.assignment else different("names", "one has a name in front")


def _written(stated: Named) -> tuple[Node, ...]:
    """What else a reference says that its value is."""
    return stated.steps if stated.rounded is None else (*stated.steps, stated.rounded)


def _in_its_variable(name: Call, value: Node, solution: Node) -> Node:
    """`C e^{2t}` of `y(t)` in x, where that is all that the other side has beside its constants."""
    theirs = letters(solution) - MAY_BE_CONSTANT
    (argument,) = name.arguments if len(name.arguments) == 1 else (name,)
    is_general = theirs and theirs < letters(solution) and type(argument) is Symbol
    if not is_general or len(theirs) > 1 or letters(value) - MAY_BE_CONSTANT != letters(argument):
        return value
    return put(value, min(letters(argument)), Symbol(min(theirs)))


def _of_its_letter(left: Named, right: Named) -> Node:
    """The value of `f(t)` as one of x, where the other side is `f(x)`, or a general solution in x."""
    if type(left.name) is not Call:
        return left.value
    if type(right.name) is not Call:
        return _in_its_variable(left.name, left.value, right.value)
    was, now = left.name.arguments, right.name.arguments
    if len(was) != 1 or len(now) != 1 or type(was[0]) is not Symbol or type(now[0]) is not Symbol or was == now:
        return left.value
    given = put(
        left.value, now[0].name, Symbol(f"{now[0].name}'")
    )  # the x of `f(y) = x^2` is another than that of f(x)
    return put(given, was[0].name, now[0])
