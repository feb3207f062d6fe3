"""A value and a margin for an interval: `50 \\pm 3.92` for (46.08, 53.92)."""

from ..decision import Decision
from ..tree import Enclosed, Negative, Node, PlusMinus, Relation, Sum
from .comparison import Comparison
from .entries import worked_out
from .naming import named


def compare_margins(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """By both ends, which belong to it as the other side says; None where the other side isn't an interval."""
    if found := _around(answer, reference):
        return run.decide(found, reference)
    if found := _around(reference, answer):
        return run.decide(answer, found)
    return None


def _around(node: Node, other: Node) -> Enclosed | None:
    brackets = _brackets(other)
    stated = named(node) if brackets else None
    value = stated and stated.value
    if brackets is None or type(value) is not PlusMinus or len(value.before) != 1:
        return None
    (middle,), margin = value.before, value.second
    low, high = worked_out(Sum((middle, Negative(margin)))), worked_out(Sum((middle, margin)))
    return Enclosed(brackets[0], (low, high), brackets[1])


def _brackets(node: Node) -> str | None:
    """How an interval is closed: `[)`."""
    if type(node) is Enclosed and len(node.items) == 2 and node.open in "([":
        return node.open + node.close
    if type(node) is Relation and len(node.operands) == 3 and {"<", "<="}.issuperset(node.signs):
        return "".join(bracket[sign == "<"] for bracket, sign in zip(("[(", "])"), node.signs, strict=True))
    return None
