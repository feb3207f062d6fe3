"""Numbers, quantities, expressions; ratios."""

from ..decision import Decision, different, undecided
from ..tree import Based, Enclosed, Matrix, Node, Number, Product, Quotient, Ratio, Symbol
from .comparison import Comparison, all_equal
from .constants import with_another_constant
from .meaning import kind
from .quantities import compare_quantities
from .sets import infinite
from .shape import EXPRESSIONS, NUMBERS, SETS, walk
from .wording import letters_of

_BRACKETS = {Matrix, Enclosed}


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
        return with_another_constant(answer, reference, run.allow) or found
    return found


def compare_bases(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """A reference in a base asks for the digits in that base; its value alone doesn't do."""
    if type(reference) is not Based:
        return None
    if type(answer) is Based:
        same = answer.base == reference.base and answer.digits.lower() == reference.digits.lower()
        return Decision(same, "digits", None if same else "other digits, or another base")
    digits = str(answer.value) if type(answer) is Number else letters_of(answer)
    if digits.lower() == reference.digits.lower() and run.allow.base:
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
