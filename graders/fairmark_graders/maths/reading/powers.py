"""What stands behind an operand: exponents, factorials, degrees, primes, subscripts."""

from ..errors import TooComplex
from ..tree import Call, Measure, Negative, Node, Number, Power, Symbol
from .cursor import DEEPEST
from .functions import small_exponent
from .operands import CALLED, Operands, name_of

_POSTFIX = frozenset(["^", "sup", "!", "!!", "'", "''", "degree", "_", "squared"])


class Powers(Operands):
    """An operand and all that binds closer than multiplication."""

    def power(self) -> Node:
        node = self.primary()
        count = 0
        while self.kind in _POSTFIX:
            node = self.postfix(node)
            count += 1
            if count > DEEPEST:
                raise TooComplex(f"more than {DEEPEST} signs after one another behind a base")
        return self.evaluated(node) if self.kind in ("|", "rvert") and self.ahead().kind == "_" else node

    def evaluated(self, node: Node) -> Node:
        """`\\frac{dy}{dx}\\Big|_{x=1}`, unless the bar closes `|x|_2`."""
        if self.bars:
            return node
        self.advance()
        self.advance()
        return Call("evaluated", (node, self.argument()))

    def postfix(self, base: Node) -> Node:
        kind, value = self.kind, self.value
        if kind == "^":
            return self.raised(base)
        if kind == "_":
            return self.indexed(base)
        self.advance()
        if kind == "sup" or kind == "squared":
            exponent = small_exponent(value)
            applied = self.kind == "(" and not self.gap and isinstance(base, Symbol) and base.name in CALLED
            return self.power_of_function(name_of(base), exponent) if applied else Power(base, exponent)
        if kind == "degree":
            return self.degrees(base)
        if kind == "!" or kind == "!!":
            return Call("factorial" if kind == "!" else "double_factorial", (base,))
        return self.primed(base, kind)

    def raised(self, base: Node) -> Node:
        self.advance()
        if self.kind == "'":
            self.advance()
            return self.primed(base, "'")
        if self.kind == "{" and self.ahead().kind in ("'", "''") and self.ahead(2).kind == "}":
            self.advance()
            marks = self.kind
            self.advance()
            self.advance()
            return self.primed(base, marks)
        if self.kind in ("+", "*") and isinstance(base, Symbol):
            return self.starred_set(base)
        exponent = self.exponent()
        if self.kind == "(" and not self.gap and isinstance(base, Symbol) and base.name in CALLED:
            return self.power_of_function(base.name, exponent)
        return Power(base, exponent)

    def power_of_function(self, name: str, exponent: Node) -> Node:
        """`f^{-1}(x)` by the inverse function, `f^2(x)` a power of its value."""
        arguments = self.call_arguments()
        if exponent == Negative(Number(1)):
            return Call(f"{name}^-1", arguments)
        return Power(Call(name, arguments), exponent)

    def starred_set(self, base: Symbol) -> Node:
        sign = self.kind
        self.advance()
        return Symbol(base.name + sign)

    def degrees(self, base: Node) -> Node:
        scale = self.raw
        if scale not in ("C", "F") or not (self.upright or self.ahead().kind in ("end", "}", ",")):
            return Measure(base, "degree")
        self.advance()
        return Measure(base, f"°{scale}")

    def primed(self, base: Node, marks: str) -> Node:
        if isinstance(base, Measure) and base.unit in ("degree", "arcmin"):
            raise self.unreadable("minutes of arc have no number")
        if isinstance(base, Number):
            return Measure(base, "arcmin" if self.after_degrees() else "ft") if marks == "'" else Measure(base, "in")
        if isinstance(base, Symbol) and base.name[:1].isupper() and self.kind != "(":
            return Symbol(base.name + marks)
        node: Node = Call("derivative", (base,))
        if marks == "''":
            node = Call("derivative", (node,))
        if self.kind == "(" and not self.gap:
            return Call("derivative", (Call(name_of(base), self.call_arguments()),))
        return node

    def after_degrees(self) -> bool:
        return self.at > 2 and self.tokens[self.at - 3].kind == "degree"

    def indexed(self, base: Node) -> Node:
        """A subscript, by its text: it names, and nothing is reckoned in it."""
        self.advance()
        if not isinstance(base, Symbol):
            raise self.unreadable("a subscript of what has no name")
        node = Symbol(f"{base.name}_{self.subscript()}")
        return self.applied(node)

    def operand(self) -> Node:
        """A factor after a sign of multiplication or division, which may have a sign of its own."""
        if self.kind == "-" or self.kind == "+":
            self.deeper()
            negative = self.took("-") or not self.took("+")
            node = self.operand()
            self.depth -= 1
            return Negative(node) if negative else node
        return self.power()
