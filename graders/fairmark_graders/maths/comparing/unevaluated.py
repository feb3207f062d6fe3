"""Whether an answer leaves the work to be done: `2 + 3` for 5, an integral for its value.

Else an answer could repeat the question and be right. `2^{10}`, `5!`, `\\binom{5}{2}`, `\\sqrt{16}` and `\\frac{6}{8}`
are ways to write a number; a sum, a product of plain numbers, and the cosine of 60° are ways to ask for one.
"""

from ..tree import Based, Call, Measure, Negative, Node, Number, Power, Product, Sum, Symbol
from .shape import OPERATORS, is_literal, walk

_QUESTIONS = frozenset({"gcd", "lcm", "mod", "max", "min", "determinant", "ln", "log"}) | {
    *("sin", "cos", "tan", "cot", "sec", "csc"),
    *("arcsin", "arccos", "arctan", "arccot", "sinh", "cosh", "tanh"),
}
"""Functions that ask for a value where that value is a plain number."""


def is_unevaluated(answer: Node, reference: Node) -> bool:
    """Whether the answer is left to be worked out though the reference isn't."""
    if type(answer) is Number:
        return False
    if has_operator(answer) and not has_operator(reference):
        return True
    return _is_plain(reference) and any(map(_asks, walk(answer)))


def has_operator(node: Node) -> bool:
    """Whether there is an integral, a sum, a limit or the like."""
    return any(type(at) is Call and at.name in OPERATORS for at in walk(node))


def _is_plain(node: Node) -> bool:
    return type(node) is Based or is_literal(node.value if type(node) is Measure else node)


def _has_root(node: Node) -> bool:
    return any(type(at) is Call and at.name in ("sqrt", "root") for at in walk(node))


def _is_closed(node: Sum) -> bool:
    """Whether a sum is how people leave a value: `2^{10} - 1`, `1 - (1/2)^4`, `16 + 0i`."""
    terms = [term.of if type(term) is Negative else term for term in node.terms]
    if len(terms) != 2:
        return False
    return any(map(_is_no_imaginary_part, terms)) or (Number(1) in terms and any(map(_is_high_power, terms)))


def _is_no_imaginary_part(term: Node) -> bool:
    return type(term) is Product and set(term.factors) == {Number(0), Symbol("i")}


def _is_high_power(term: Node) -> bool:
    """Whether this is a plain number to the third or more; squares are worked out."""
    exponent = term.exponent if type(term) is Power and is_literal(term.base) else None
    return type(exponent) is Number and exponent.value > 2


def _asks(node: Node) -> bool:
    if type(node) is Sum:
        return not any(type(term) is Measure for term in node.terms) and not _is_closed(node)
    if type(node) is Product:
        return all(map(is_literal, node.factors)) or (node.written and sum(map(_has_root, node.factors)) > 1)
    return type(node) is Call and node.name in _QUESTIONS
