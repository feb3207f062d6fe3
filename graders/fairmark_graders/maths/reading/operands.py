"""Operands: numbers, letters and what they are applied to, fractions, roots, bars, money."""

from ..tree import Call, Matrix, Measure, Negative, Node, Number, Power, Product, Quotient, Symbol
from . import speech
from .functions import Functions
from .numerals import plain_number
from .words import heading

CALLED = frozenset("fghFGHO")
"""Letters that are functions wherever a bracket follows."""
_NAMED_FUNCTIONS = frozenset({"zeta", "Gamma"})
_LONGEST_NAME = 4
_BASIS = frozenset("ijk")
_BARS = {"|": ("abs", ("|", "rvert")), "lvert": ("abs", ("rvert", "|")), "||": ("norm", ("||",)),
         "lfloor": ("floor", ("rfloor",)), "lceil": ("ceil", ("rceil",))}  # fmt: skip
_READERS = {
    "node": "node", "function": "function", "frac": "fraction", "sqrt": "square_root", "root": "root_sign",
    "binom": "binomial", "bar": "bar", "mark": "mark", "spoken": "spoken", "money": "currency",
    "sup": "small_root", "integral": "integral", "sum": "big_operator", "_": "leading_script", "^": "leading_script",
    "begin": "environment", **dict.fromkeys(_BARS, "absolute"),
    **dict.fromkeys(["(", "[", "]", "{", "\\{", "langle", "relation"], "bracketed"),
}  # fmt: skip
"""The method that reads what starts with a token of this kind."""


class Operands(Functions):
    """One operand, without what stands behind it."""

    def primary(self) -> Node:
        if self.kind == "number":
            number = plain_number(self.value)
            self.advance()
            return number
        if self.kind == "letter":
            return self.symbol()
        if self.kind == "word":
            return self.symbol() if self.took_apart() else self.named()
        self.deeper()
        reader = _READERS.get(self.kind)
        if reader is None:
            raise self.unreadable("expected an operand")
        node: Node = getattr(self, reader)()
        self.depth -= 1
        return node

    def node(self) -> Node:
        node: Node = self.value
        self.advance()
        return node

    def named(self) -> Symbol:
        """The words before a sign of equality, as a name: `\\text{Area} = 25`."""
        words: list[str] = []
        while self.kind == "word" and len(words) < _LONGEST_NAME:
            words.append(self.value)
            self.advance()
        if self.kind == "(" and not self.gap:
            words.append(self.text_in_brackets())
        if self.kind != "relation" or self.value != "=":
            raise self.unreadable("expected an operand")
        return Symbol(heading(words))

    def text_in_brackets(self) -> str:
        """The `(X)` of `\\text{Var}(X) = 4`, as part of a name."""
        start, depth = self.at, 0
        while self.kind != "end":
            depth += {"(": 1, ")": -1}.get(self.kind, 0)
            self.advance()
            if depth == 0:
                break
        return "".join(str(token.raw or token.value) for token in self.tokens[start : self.at])

    def symbol(self) -> Node:
        if self.value == "a" and self.ahead().kind == "spoken":
            return self.spoken()
        node = self.letter()
        if node.name == "nabla" and self.kind == "letter":
            node = Symbol(f"nabla {self.letter().name}")
        if self.kind == "(" and not self.gap:
            return self.applied(node)
        return node

    def applied(self, function: Symbol) -> Node:
        """`f(x)`; `C(5, 2)`; a letter before a bracket is a factor elsewhere, unless `p(x) = …` defines it."""
        if self.kind != "(" or self.gap:
            return function
        name = function.name.removeprefix("nabla ")
        if name[0] in CALLED or name in _NAMED_FUNCTIONS or name != function.name or self.defines():
            return Call(function.name, self.call_arguments())
        if function.name in ("C", "P") and self.counts_ways():
            return Call({"C": "binomial", "P": "permutations"}[function.name], self.call_arguments())
        return function

    def defines(self) -> bool:
        inner, closer, sign = self.ahead(), self.ahead(2), self.ahead(3)
        return inner.kind == "letter" and closer.kind == ")" and sign.kind == "relation" and sign.value == "="

    def counts_ways(self) -> bool:
        """Whether `(5, 2)` or `(n, k)` follows, so many out of so many."""
        total, comma, chosen, closer = (self.ahead(count) for count in range(1, 5))
        if comma.kind != "," or closer.kind != ")":
            return False
        if total.kind == chosen.kind == "number":
            return len(total.value) < 10 > len(chosen.value) and float(total.value) >= float(chosen.value)
        return total.raw == "n" and chosen.kind in ("number", "letter")

    def fraction(self) -> Node:
        self.advance()
        top = self.argument(one_digit=True)
        bottom = self.argument(one_digit=True)
        return _derivative(top, bottom) or Quotient(top, bottom)

    def square_root(self) -> Node:
        self.advance()
        if self.kind != "[":
            return Call("sqrt", (self.argument(),))
        self.advance()
        degree = self.sum()
        self.close("]")
        return Call("root", (degree, self.argument()))

    def root_sign(self) -> Node:
        """`√2`, `∛x`, `³√8` as a product of its own."""
        degree = int(self.value)
        self.advance()
        of = self.argument() if self.kind == "{" else self.primary()
        return Call("sqrt", (of,)) if degree == 2 else Call("root", (Number(degree), of))

    def small_root(self) -> Node:
        """`³√8`."""
        degree = plain_number(self.value) if self.value.isdecimal() and self.ahead().value == "2" else None
        self.advance()
        if degree is None or self.kind != "root":
            raise self.unreadable("expected a base before the exponent")
        self.advance()
        return Call("root", (degree, self.argument() if self.kind == "{" else self.primary()))

    def binomial(self) -> Node:
        self.advance()
        top = self.argument(one_digit=True)
        bottom = self.argument(one_digit=True)
        if isinstance(bottom, Negative):  # counts nothing: the column of a vector
            return Matrix(((top,), (bottom,)))
        return Call("binomial", (top, bottom))

    def bar(self) -> Node:
        """A conjugate; over capital letters the segment between two points."""
        self.advance()
        of = self.argument(one_digit=True)
        if isinstance(of, Product) and all(isinstance(point, Symbol) and point.name.isupper() for point in of.factors):
            return of
        return Call("conjugate", (of,))

    def mark(self) -> Node:
        """`\\mathbf{v}` and `\\vec{v}` are v; i, j and k so marked are the unit vectors."""
        kind = self.value
        self.advance()
        node = self.argument()
        if kind == "basis" and isinstance(node, Symbol) and node.name in _BASIS:
            return Symbol(f"unit {node.name}")
        return self.applied(node) if isinstance(node, Symbol) else node

    def absolute(self) -> Node:
        if self.kind == "||" and self.next_bar() == "|":
            name, closers = _BARS["|"]
            self.replace("|", "|")
        else:
            name, closers = _BARS[self.kind]
            self.advance()
        bars, self.bars = self.bars, "abs"
        node = self.statement()
        self.bars = bars
        self.close(*closers)
        if isinstance(node, Matrix):
            return Call("determinant", (node,))
        return Call(name, (node,))

    def next_bar(self) -> str:
        return next((token.kind for token in self.tokens[self.at + 1 :] if token.kind in ("|", "||")), "")

    def leading_script(self) -> Node:
        """`_5C_2`, `{}_5P_2`, `^5C_2`."""
        self.advance()
        top = self.argument()
        name = {"C": "binomial", "P": "permutations"}.get(self.raw)
        if name is None:
            raise self.unreadable("expected C or P")
        self.advance()
        if self.kind not in "_^":
            raise self.unreadable("expected '_'")
        self.advance()
        return Call(name, (top, self.argument()))

    def spoken(self) -> Node:
        return speech.number(self)

    def currency(self) -> Node:
        unit = self.value
        self.advance()
        negative = self.took("-")
        amount = self.primary()
        if self.kind == "spoken":
            amount = speech.scaled(self, amount)
        node = Measure(amount, unit)
        return Negative(node) if negative else node


_DIFFERENTIALS = (Symbol("d"), Symbol("partial"))


def _derivative(top: Node, bottom: Node) -> Node | None:
    """`\\frac{dy}{dx}`, `\\frac{d}{dx}`, `\\frac{\\partial f}{\\partial x}`, `\\frac{d^2y}{dx^2}`."""
    if not (isinstance(bottom, Product) and bottom.factors[0] in _DIFFERENTIALS and len(bottom.factors) == 2):
        return None
    sign, by = bottom.factors
    if top == sign:
        return Symbol("d/d" + name_of(by))
    first = top.factors[0] if isinstance(top, Product) else None
    twice = isinstance(by, Power) and first == Power(sign, by.exponent)
    if isinstance(top, Product) and (first == sign or twice):
        return Call("derivative", (*top.factors[1:], by))
    return None


def name_of(node: Node) -> str:
    return node.name if isinstance(node, Symbol) else "f"
