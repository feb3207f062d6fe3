"""Numbers, quantities, expressions; ratios; constants of integration."""

from ..decision import Decision, different, undecided
from ..tree import Based, Enclosed, Matrix, Node, Number, Product, Quotient, Ratio, Sum, Symbol
from .algebra import differ_by_a_constant
from .comparison import Comparison, all_equal
from .quantities import compare_quantities
from .sets import infinite
from .shape import EXPRESSIONS, NUMBERS, SETS, letters, put, walk
from .wording import kind

_BRACKETS = {Matrix, Enclosed}
_ARBITRARY = frozenset({"C", "K", "C_1", "C_2", "c_1", "c_2"})
_CONSTANT = _ARBITRARY | {"c", "k", "C_0", "c_0", "A", "B", "D", "const", "constant"}


def compare_expressions(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Numbers, quantities and expressions with letters."""
    if type(answer) not in EXPRESSIONS or type(reference) not in EXPRESSIONS:
        return None
    if infinite(answer) or infinite(reference):
        same = infinite(answer) == infinite(reference)
        return Decision(same, "infinity", None if same else "one is infinite")
    named = {at.name for at in (answer, reference) if type(at) is Symbol} & SETS
    if named:
        return (
            different("sets", "they are different sets") if len(named) == 2 and named <= NUMBERS else undecided("a set")
        )
    found = compare_quantities(answer, reference, run.allow)
    if found.equal is False and run.allow.constant:
        return _with_another_constant(run, answer, reference) or found
    return found


def _with_another_constant(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """One letter for an arbitrary constant instead of another; antiderivatives that differ by a constant."""
    mine, theirs = letters(answer), letters(reference)
    if mine != theirs and mine & theirs and mine - theirs <= _CONSTANT and theirs - mine <= _ARBITRARY:
        was, now = min(mine - theirs, default=""), min(theirs - mine, default="")
        renamed = compare_quantities(put(answer, was, Symbol(now)), reference, run.allow)
        if renamed.equal:
            return renamed.by("constant")
    left, right = _without_constant(answer), _without_constant(reference)
    if left is None or right is None or not differ_by_a_constant(left, right).equal:
        return None
    return Decision(True, "equal up to the constant of integration", None, ("constant",))


def _without_constant(node: Node) -> Node | None:
    """An antiderivative before its constant of integration; None where it has none."""
    if type(node) is not Sum:
        return None
    for term in node.terms:
        rest = tuple(other for other in node.terms if other is not term)
        if type(term) is Symbol and term.name in _CONSTANT and term.name not in letters(Sum(rest)):
            return Sum(rest) if len(rest) > 1 else rest[0]
    return None


def compare_bases(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """A reference in a base asks for the digits in that base; its value alone doesn't do."""
    if type(reference) is not Based:
        return None
    if type(answer) is Based:
        same = answer.base == reference.base and answer.digits.lower() == reference.digits.lower()
        return Decision(same, "digits", None if same else "other digits, or another base")
    if type(answer) is Number and str(answer.value) == reference.digits and run.allow.base:
        return Decision(True, "digits", None, ("base",))
    return different("digits", f"it isn't written in base {reference.base}")


def compare_ratios(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Ratios up to a factor; one of two parts is a quotient."""
    if type(answer) is Ratio and type(reference) is Ratio:
        return _proportional(run, answer, reference)
    if type(answer) is Ratio and len(answer.parts) == 2:
        return run.decide(Quotient(*answer.parts), reference)
    if type(reference) is Ratio and len(reference.parts) == 2:
        return run.decide(answer, Quotient(*reference.parts))
    return None


def _proportional(run: Comparison, answer: Ratio, reference: Ratio) -> Decision:
    if len(answer.parts) != len(reference.parts):
        return different("ratio", "they have another number of parts")
    first, other = answer.parts[0], reference.parts[0]
    pairs = zip(answer.parts[1:], reference.parts[1:], strict=True)
    allow = run.allow.model_copy(update={"unevaluated": True, "rounding": False})
    return all_equal("ratio", [compare_quantities(Product((a, other)), Product((b, first)), allow) for a, b in pairs])


def compare_kinds(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """A single value is no point, vector or matrix; what is reckoned with these may be."""
    for value, brackets in ((answer, reference), (reference, answer)):
        single = type(value) in EXPRESSIONS and not any(type(at) in _BRACKETS for at in walk(value))
        if single and type(brackets) in _BRACKETS:
            return different("kinds", f"{kind(answer)} is not {kind(reference)}")
    return None
