"""Functions with and without brackets, their exponents and bases; integrals, sums and limits."""

from ..tree import Call, Measure, Negative, Node, Number, Power, Product, Quotient, Relation, Sum, Symbol
from .arguments import Arguments
from .numerals import plain_number
from .words import INVERTIBLE, TRIGONOMETRIC, heading

STARTS = frozenset(
    ["number", "node", "letter", "function", "(", "[", "{", "frac", "sqrt", "root", "binom", "|", "||", "lvert",
     "lfloor", "lceil", "langle", "begin", "bar", "mark", "integral", "sum", "money", "spoken", "\\{"]
)  # fmt: skip
"""What an operand starts with."""


_QUANTITIES = frozenset(["max", "min", "gcd", "lcm", "inf", "sup", "norm", "rank", "dim", "deg"])
"""Functions that are also names of a value: `max = 5`."""


class Functions(Arguments):
    """`sin`, `log` and the like at hand: what they are applied to."""

    def function(self) -> Node:
        name = self.value
        self.advance()
        if name in _QUANTITIES and self.kind == "relation":
            return Symbol(heading([name]))
        exponent, base = self.scripts(name)
        node = self.called(name, base)
        if exponent is None:
            return node
        if exponent == Negative(Number(1)) and name in INVERTIBLE and isinstance(node, Call):
            return Call(f"arc{name}", node.arguments)
        return Power(node, exponent)

    def scripts(self, name: str) -> tuple[Node | None, Node | None]:
        exponent = base = None
        while self.kind in ("^", "_", "sup"):
            kind = self.kind
            if kind == "sup":
                exponent = self.superscript()
                continue
            self.advance()
            if kind == "_":
                base = self.base(name)
            else:
                exponent = self.exponent()
        if base is None and name == "log" and self.kind == "number" and not self.gap and self.ahead().kind == "(":
            base = self.argument()
        return exponent, base

    def superscript(self) -> Node:
        value = self.value
        self.advance()
        return small_exponent(value)

    def base(self, name: str) -> Node:
        """The subscript of a function; `\\log_28` is the logarithm of 8, as TeX sets it."""
        alone = self.kind == "number" and self.latex and self.ahead().kind not in STARTS
        return self.argument(one_digit=alone)

    def called(self, name: str, base: Node | None) -> Node:
        if name == "log10" or name == "log2":
            name, base = "log", Number(int(name[3:]))
        arguments = self.arguments(name)
        if name == "log" and base is not None:
            return Call("log", (base, *arguments))
        if name == "cbrt":
            return Call("root", (Number(3), *arguments))
        return Call(name, arguments)

    def arguments(self, name: str) -> tuple[Node, ...]:
        if self.kind == "(":
            return self.call_arguments()
        if self.kind == "{" or self.kind == "[" or (name == "span" and self.kind == "\\{"):
            return self.call_arguments()
        if self.kind == "-":
            self.advance()
            return (Negative(self.product_argument(name)),)
        return (self.product_argument(name),)

    def product_argument(self, name: str) -> Node:
        """The product after a function without brackets, up to the next function or bracket."""
        if name in ("sqrt", "cbrt"):
            return self.primary()
        factors = [self.power()]
        while self.kind in ("number", "letter", "frac", "sqrt", "root", "node") and not self.is_differential():
            factors.append(self.power())
        node = factors[0] if len(factors) == 1 else Product(tuple(factors))
        if self.kind == "/" and name in TRIGONOMETRIC and _has_pi(node):
            self.advance()
            return Quotient(node, self.power())
        return self.measured_angle(node)

    def is_differential(self) -> bool:
        return self.raw == "d" and self.ahead().kind == "letter"

    def measured_angle(self, node: Node) -> Node:
        if self.raw in ("degrees", "degree", "deg", "radians", "rad", "radian"):
            unit = "degree" if self.raw.startswith("deg") else "rad"
            self.advance()
            return Measure(node, unit)
        return node

    def integral(self) -> Node:
        self.advance()
        limits = self.limits()
        return Call("integral", (self.sum(), *limits))

    def big_operator(self) -> Node:
        name = self.value
        self.advance()
        limits = self.limits()
        return Call(name, (self.term(), *_from_and_to(limits)))

    def limits(self) -> list[Node]:
        found = []
        while self.kind in ("_", "^", "sup"):
            if self.kind == "sup":
                found.append(self.superscript())
                continue
            self.advance()
            found.append(self.argument(one_digit=True))
        return found


def _from_and_to(limits: list[Node]) -> list[Node]:
    """The first and last index where one bound says them: `k \\ge 0`, `1 \\le k \\le n`."""
    below = limits[0] if len(limits) == 1 else None
    if isinstance(below, Relation) and below.signs == (">=",):
        return [Relation(below.operands, ("=",)), Symbol("infinity")]
    if isinstance(below, Relation) and below.signs == ("<=", "<="):
        first, letter, last = below.operands
        return [Relation((letter, first), ("=",)), last]
    return limits


def small_exponent(text: str) -> Node:
    if len(text) == 1 and text.isalpha():
        return Symbol(text)
    digits = text.lstrip("+-")
    if len(text) > 2 and text[0].isalpha() and text[1] in "+-" and text[2:].isdecimal():
        return Sum((Symbol(text[0]), small_exponent(text[1:])))
    if not digits.isdecimal():
        return Symbol(text)
    return Negative(plain_number(digits)) if text[0] == "-" else plain_number(digits)


def _has_pi(node: Node) -> bool:
    return node == Symbol("pi") or (isinstance(node, Product) and Symbol("pi") in node.factors)
