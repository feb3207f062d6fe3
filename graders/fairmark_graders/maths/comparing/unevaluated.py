"""Whether an answer leaves the work to be done: `2 + 3` for 5, an integral for its value.

Else an answer could repeat the question and be right. `2^{10}`, `5!`, `\\binom{5}{2}`, `\\sqrt{16}` and `\\frac{6}{8}`
are ways to write a number; a sum, a product of plain numbers, and the cosine of 60° are ways to ask for one. References
in primes or in factors ask for these: `8 \\cdot 9` isn't `2^3 \\cdot 3^2`, `(x^2-4)(x^2+4)` not `(x-2)(x+2)(x^2+4)`.
"""

from collections.abc import Sequence

from flint import fmpz

from ..tree import Based, Call, Measure, Negative, Node, Number, Power, Product, Quotient, Sum, Symbol
from .shape import OPERATORS, children, is_literal, letters, walk

_QUESTIONS = frozenset({"gcd", "lcm", "mod", "max", "min", "determinant", "ln", "log"}) | {
    *("conjugate", "real", "imaginary"),
    *("sin", "cos", "tan", "cot", "sec", "csc"),
    *("arcsin", "arccos", "arctan", "arccot", "sinh", "cosh", "tanh"),
}
"""Functions that ask for a value where that value is a plain number."""


def is_unevaluated(answer: Node, reference: Node) -> bool:
    """Whether the answer is left to be worked out though the reference isn't."""
    if _is_in_primes(reference):
        return not _is_in_primes(answer) and type(answer) in (Number, Product)
    if type(answer) is Number:
        return False
    if has_operator(answer) and not has_operator(reference):
        return True
    if len(_polynomials(answer)) in range(2, len(_polynomials(reference))):
        return True
    if _is_uncancelled(answer) and _is_whole(reference):
        return True
    if any(map(_is_one, walk(answer))) and not any(map(_is_one, walk(reference))):
        return True
    return _is_plain(reference) and any(map(_asks, walk(answer)))


def _is_uncancelled(node: Node) -> bool:
    """Whether this is a rational function that divides by its letters: `\\frac{x^2-1}{x-1}`."""
    return not _is_whole(node) and not any(
        letters(at) and (type(at) is Call or (type(at) is Power and not _is_whole_power(at))) for at in walk(node)
    )


def _is_whole_power(node: Power) -> bool:
    exponent = node.exponent.of if type(node.exponent) is Negative else node.exponent
    return type(exponent) is Number and type(exponent.value) is int


def _is_whole(node: Node) -> bool:
    """Whether this is a polynomial with its letters in no denominator, exponent or function."""
    if type(node) is Quotient and letters(node.bottom):
        return False
    if type(node) is Power and letters(node):
        return type(node.exponent) is Number and node.exponent.value in range(1, 20) and _is_whole(node.base)
    return not (type(node) is Call and letters(node)) and all(map(_is_whole, children(node)))


def _is_one(node: Node) -> bool:
    """Whether a sum has a sin² and the cos² of the same."""
    squares = node.terms if type(node) is Sum else ()
    calls = [at.base for at in squares if type(at) is Power and at.exponent == Number(2) and type(at.base) is Call]
    sines = {call.arguments for call in calls if call.name == "sin"}
    return any(call.name == "cos" and call.arguments in sines for call in calls)


def _is_in_primes(node: Node) -> bool:
    """Whether this is a product of powers of primes, `2^3 \\cdot 3^2`; not `2 \\cdot 3`, nor a power alone."""
    factors = node.factors if type(node) is Product else ()
    if any(type(factor) is Power and type(factor.exponent) is not Number for factor in factors):
        return False
    bases = [factor.base if type(factor) is Power else factor for factor in factors]
    several = len(set(bases)) < len(bases) or any(type(factor) is Power for factor in factors)
    return several and len(set(bases)) > 1 and all(map(_is_prime, bases))


def _is_prime(node: Node) -> bool:
    return type(node) is Number and type(node.value) is int and 1 < node.value < 10**12 and fmpz(node.value).is_prime()


def _polynomials(node: Node) -> Sequence[Node]:
    """The factors with the one letter of a product of polynomials; `n(n+1)` counts something, and is as good as any."""
    factors = node.factors if type(node) is Product else ()
    if len(names := letters(node)) != 1 or names <= _COUNTS or not all(map(_is_polynomial, factors)):
        return ()
    return [base for factor in factors for base in _repeated(factor) if letters(base)]


def _repeated(factor: Node) -> Sequence[Node]:
    exponent = factor.exponent if type(factor) is Power else None
    return (factor.base,) * int(exponent.value) if type(factor) is Power and type(exponent) is Number else (factor,)


def _is_polynomial(factor: Node) -> bool:
    """Whether a factor is a number, a letter, a sum, or a small whole power of one."""
    if type(factor) is Power:
        exponent = factor.exponent
        return type(exponent) is Number and exponent.value in range(1, 20) and _is_polynomial(factor.base)
    return type(factor) in (Number, Symbol, Sum)


_COUNTS = frozenset({"n", "m", "k", "N"})


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
