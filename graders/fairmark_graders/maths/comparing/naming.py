"""Names in front of values, and chains of equal values: `x = 5`, `f(x) = x^2`, `S = 1/2 + 1/2 = 1`."""

from typing import NamedTuple

from ..decision import Leniency
from ..reading.words import SYMBOLS
from ..tree import (
    Call,
    Combined,
    Enclosed,
    Listed,
    Matrix,
    Measure,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Ratio,
    Relation,
    Sum,
    Symbol,
    Words,
)
from .algebra import compare
from .balls import KNOWN
from .quantities import compare_quantities, quantity
from .rounding import is_about, rounds
from .shape import OPERATORS, SETS, is_literal, letters, walk

_EXACTLY = Leniency(rounding=False, unevaluated=True)
_EQUAL = frozenset({"=", "~", "equiv"})


_PURE: dict[str, Node] = {"%": Number(100), "degree": Quotient(Number(180), Symbol("pi"))}
"""Units of pure numbers, and how many of them make one."""


class Named(NamedTuple):
    """A value, and the name it is given, if any."""

    name: Node | None
    value: Node
    steps: tuple[Node, ...] = ()
    """What else it is said to be equal to: what it was worked out from, and what it rounds to."""
    rounded: Node | None = None
    """What stands behind `≈` at the end, where the value itself is exact."""


def named(node: Node) -> Named | None:
    """The value that is stated; None for an equation that states none, such as `2x = 10`."""
    if type(node) is not Relation:
        return Named(None, node)
    if node.signs == ("in",) and is_name(node.operands[0]):
        return Named(node.operands[0], node.operands[1])
    if not _EQUAL.issuperset(node.signs):
        return Named(None, node)
    stated = _stated(node.operands, about=node.signs[-1] == "~")
    return stated._replace(steps=()) if stated and "equiv" in node.signs else stated


def _stated(operands: tuple[Node, ...], about: bool) -> Named | None:
    first, *rest = operands
    if len(rest) == 1 and is_name(rest[0]) and not is_name(first):
        first, rest = rest[0], [first]
    called = is_name(first) or any(rule(first, rest[-1]) for rule in (_is_mean, _is_of_matrices, _is_put_by))
    if called and not _mentioned(first, rest):
        return _exact(first, rest, about)
    if all(_is_step(operand, operands[-1]) for operand in operands[:-1]):
        return _exact(None, list(operands), about)
    return None


def _exact(name: Node | None, operands: list[Node], about: bool) -> Named:
    """`16\\pi \\approx 50.27` is 16π, in the unit that may stand behind the digits."""
    *steps, rounded = operands
    if not about or not steps or not _is_rounded(steps[-1], rounded):
        return _last(name, operands)
    found = _last(name, steps)
    value, digits = quantity(found.value), quantity(rounded)
    if digits.unit and digits.unit not in _PURE and not value.unit:
        found = found._replace(value=Measure(found.value, digits.unit))
    return found._replace(rounded=rounded)


def _is_rounded(exact: Node, rounded: Node) -> bool:
    value, digits = quantity(exact), quantity(rounded)
    if type(value.value) is Number and value.value.decimals is not None:
        return False
    scale = _PURE.get(digits.unit) if not value.unit else None
    exactly = Product((scale, value.value)) if scale else value.value
    return value.unit in ("", digits.unit) and is_about(exactly, digits.value)


def _last(name: Node | None, operands: list[Node]) -> Named:
    """The last operand, unless that is a rounded form of the one before."""
    *steps, value = operands
    if steps and rounds(steps[-1], value) and not _same(steps[-1], value):
        exact = _last(name, steps)
        return exact._replace(steps=(*exact.steps, value))
    return Named(name, value, tuple(steps))


def _same(left: Node, right: Node) -> bool:
    return compare(left, right).equal is True


def is_name(node: Node) -> bool:
    """Whether a value may be given this name: `x`, `f(x)`, `P(X > 2)`, `AB`, `Ann`, `A^{-1}`, `(x, y)`, words."""
    if type(node) is Symbol:
        return node.name not in {"pi", "i", "infinity"} | SETS
    if type(node) is Call:
        return (
            _is_size(node)
            or _of_derivative(node) is not None
            or not (node.name in KNOWN or node.name in OPERATORS or node.name == "not")
        )
    if type(node) is Ratio:
        return all(map(is_name, node.parts))
    if type(node) is Product:
        return _is_product_name(node)
    if type(node) is Combined:
        return all(map(_is_upper, node.sets))
    if type(node) is Enclosed:
        area = node.open == "[" and type(node.items[0]) is Product and all(map(_is_upper, node.items[0].factors))
        return area or node.open == "(" and len(node.items) > 1 and all(map(is_name, node.items))
    if type(node) is Power:
        if node.base in _SQUARED:
            return node.exponent == Number(2)
        return _is_upper(node.base) and node.exponent in (Negative(Number(1)), Symbol("T"), Symbol("c"))
    return type(node) is Words


def _is_product_name(node: Product) -> bool:
    """`P(X > 2)`, `n(A \\cup B)`, `d/dx f`, `\\Delta x`, `(f + g)x`, `AB`."""
    first, *_, last = node.factors
    if (_is_upper(first) or first == Symbol("n")) and type(last) in (Relation, Combined):
        return True
    if type(first) is Symbol and first.name.startswith("d/d"):
        return True
    if first == Symbol("Delta") or _are_functions(first):
        return len(node.factors) == 2 and type(last) is Symbol
    return _are_letters(node) and (_is_upper(last) or (_is_upper(first) and len(node.factors) > 2))


_SQUARED = (Symbol("sigma"), Symbol("chi"), Symbol("R"))
"""What people know by its square: \\sigma^2 is the variance."""


def _of_derivative(node: Node) -> Node | None:
    """The f(x) of `f'(x)`, the y of `dy/dx`; None for anything else, and for the derivative of x^2."""
    if type(node) is Call and node.name == "derivative":
        of = node.arguments[0]
    elif type(node) is Product and type(node.factors[0]) is Symbol and node.factors[0].name.startswith("d/d"):
        of = node.factors[-1]
    else:
        return None
    return of if type(of) in (Symbol, Call) and is_name(of) else None


def _is_size(node: Call) -> bool:
    """`|A \\cup B|`, `|AB|`, `\\|v\\|`, `|z|`: how large something is; not `|x|`, from which x is to be found."""
    if node.name in ("real", "imaginary", "arg"):
        return True
    of = node.arguments[0] if node.name in ("abs", "norm") else Number(0)
    if type(of) is Symbol:
        return node.name == "norm" or _is_upper(of) or of.name in "uvwz"
    return type(of) is Combined or type(of) is Product and all(map(_is_upper, of.factors))


def _are_functions(node: Node) -> bool:
    """The `f \\circ g` or `f + g` that something is applied to."""
    parts = node.factors if type(node) is Product else node.terms if type(node) is Sum else ()
    return len(parts) > 1 and all(type(part) is Symbol and part.name in ("f", "g", "h", "composed") for part in parts)


def _is_mean(name: Node, value: Node) -> bool:
    """Whether `\\bar{x}` names a value: a complex one is that of the conjugate, from which z is still to be found."""
    bar = type(name) is Call and name.name == "conjugate" and type(name.arguments[0]) is Symbol
    return bar and not any(at == Symbol("i") for at in walk(value))


def _is_of_matrices(name: Node, value: Node) -> bool:
    """Whether this is the `A^2` or `AB` that a matrix is said to be."""
    parts = (name.base,) if type(name) is Power else name.factors if type(name) is Product else ()
    return type(value) is Matrix and bool(parts) and all(map(_is_upper, parts))


def _is_put_by(name: Node, value: Node) -> bool:
    """Whether this is the `\\log_8 9` that is said by given letters: `\\frac{2a}{3}`."""
    return type(name) is Call and name.name in KNOWN and not letters(name) and bool(letters(value))


def _are_letters(node: Product) -> bool:
    return all(type(factor) is Symbol for factor in node.factors)


def _is_upper(node: Node) -> bool:
    return type(node) is Symbol and node.name[:1].isupper()


def _mentioned(name: Node, operands: list[Node]) -> bool:
    """Whether a value mentions its own name, as in `x = 2x - 5`, which states nothing."""
    if type(name) is Words:
        return False
    return any(at == name for operand in operands for at in walk(operand)) or (
        type(name) is Enclosed and any(_mentioned(part, operands) for part in name.items)
    )


def _is_step(operand: Node, last: Node) -> bool:
    """Whether an operand without a name is on the way to the last one: closed, or the same function."""
    if is_literal(operand) and type(last) in (Enclosed, Matrix, Words, Listed):
        return False
    if not letters(operand) and not letters(last):
        return True
    if any(type(at) is Call and at.name in OPERATORS for at in walk(operand)):
        return True
    return _same(operand, last)


def contradicts(stated: Named) -> bool:
    """Whether a step of a chain differs from its last: two answers in one. A formula in other letters doesn't."""
    return any(
        letters(step) <= letters(stated.value)
        and compare_quantities(step, stated.value, _EXACTLY).equal is False
        and not _rounded(step, stated.value)
        for step in stated.steps
    )


def _rounded(step: Node, value: Node) -> bool:
    return rounds(step, value) or rounds(value, step)


LETTERS_OF: dict[str, Node] = {
    "mean": Symbol("mu"),
    "standard deviation": Symbol("sigma"),
    "variance": Power(Symbol("sigma"), Number(2)),
}
"""Words for which everybody has the same letter."""


def names_agree(left: Node | None, right: Node | None) -> bool:
    """Whether two names may be one: the same letter in either case, `r` for `radius`, `y` for `f(x)`."""
    left, right = (LETTERS_OF.get(name.name, name) if type(name) is Symbol else name for name in (left, right))
    if left is None or right is None or left == right or type(left) is Words or type(right) is Words:
        return True
    if type(left) is Symbol and type(right) is Symbol:
        same = left.name.casefold() == right.name.casefold()
        return same or _is_initial(left.name, right.name) or _is_longer(left.name, right.name)
    if _of_derivative(left) or _of_derivative(right):
        return _are_derivatives(left, right)
    if type(left) is Call and type(right) is Call:
        return left.name == right.name and all(map(_is_one_argument, left.arguments, right.arguments))
    if type(left) is Enclosed or type(right) is Enclosed:
        return type(left) is type(right)
    return type(left) is not type(right) and Call in (type(left), type(right))


def _are_derivatives(left: Node, right: Node) -> bool:
    """Whether two names, one of a derivative, may be one: not f' and f; F' may be f, and a slope has a letter."""
    one, other = _of_derivative(left), _of_derivative(right)
    if one and other:
        by = {node.arguments[1] for node in (left, right) if type(node) is Call and len(node.arguments) > 1}
        return len(by) < 2 and names_agree(one, other)
    inner, name = (one or other, right if one else left)
    return name != Symbol("y") and getattr(name, "name", None) != getattr(inner, "name", "")


def _is_one_argument(left: Node, right: Node) -> bool:
    """Whether f of both may be one: the t of `f(t)` and the x of `f(x)`, no 2 and 3, nor f(x)."""
    return left == right or {type(left), type(right)}.isdisjoint({Call, Negative, Number})


def _is_initial(left: str, right: str) -> bool:
    """Whether one is the first letter of the other, which is a word."""
    letter, word = sorted((left.casefold(), right.casefold()), key=len)
    return len(letter) == 1 and word.startswith(letter) and is_word(word)


def _is_longer(left: str, right: str) -> bool:
    """Whether one has all the words of the other: `boat`, `boat speed`."""
    one, other = set(left.split()), set(right.split())
    return is_word(left) and is_word(right) and (one <= other or other <= one)


def is_word(name: str) -> bool:
    """Whether a name is a word such as `radius`, and neither a letter nor a letter's name such as `mu`."""
    return len(name) > 2 and "_" not in name and name not in SYMBOLS
