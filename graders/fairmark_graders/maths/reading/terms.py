"""Products: factors with or without a sign between them, divisions, units, and what stands beside a number.

They bind as people write them: from left to right, with or without a sign, so `1/2x` is (1/2)x; a function without
brackets takes the product after it, so `sin 2x` is sin(2x) and `sin x cos x` two functions.
"""

from fractions import Fraction

from ..errors import TooComplex
from ..tree import Call, Enclosed, Measure, Node, Number, Product, Quotient, Sum, Symbol
from . import speech
from .cursor import DEEPEST
from .functions import STARTS
from .measures import MAY_BE_UNITS, noun_ahead, unit_ahead
from .powers import Powers

_SIGNS = frozenset("+-±∓")
_SET_STARTS = frozenset(["(", "[", "{", "\\{", "]"])
_REMARKS = frozenset(
    ["of", "exactly", "approximately", "approx", "total", "in", "altogether", "only", "each", "overall"]
)
_GROUPS = (("[", "]"), ("{", "}"))
_NOT_COUNTS = (Symbol("a"), Symbol("A"), Symbol("I"))
_MAYBE_UNITS = frozenset(["%", "word", "letter", "function", "in", "money"])


class Term:
    """A product being read: its factors so far, and which of them have a unit."""

    def __init__(self, parser: Powers, first: Node) -> None:
        self.parser = parser
        self.factors: list[Node] = [first]
        self.written = False
        self.divisions = 0
        self.since_unit = 0
        self.after_number = isinstance(first, Number)

    def read(self) -> Node:
        while self.step():
            pass
        return self.whole()

    def whole(self) -> Node:
        if len(self.factors) == 1:
            return self.factors[0]
        if not self.written and all(isinstance(factor, Measure) for factor in self.factors):
            return Sum(tuple(self.factors))
        return Product(tuple(_unbracketed(factor) for factor in self.factors), self.written)

    def step(self) -> bool:
        """Take in the next factor, sign or unit; whether there was one."""
        kind = self.parser.kind
        if kind == "*":
            return self.times()
        if kind == "/":
            return self.divided()
        if kind in _MAYBE_UNITS and self.unit():
            return True
        if kind == "word":
            return self.parser.took_apart() or self.noun()
        if kind in STARTS and self.may_follow(kind):
            return self.beside()
        if kind == "mod":
            return self.modulo()
        return kind == "and" and self.and_a_half()

    def and_a_half(self) -> bool:
        """`2 and a half`."""
        last = self.factors[-1]
        if not isinstance(last, Number) or not isinstance(last.value, int):
            return False
        whole = speech.and_part(self.parser, last.value)
        if whole is not None:
            self.factors[-1] = whole
        return whole is not None

    def times(self) -> bool:
        parser = self.parser
        if parser.raw == "times" and parser.ahead().kind == "end":
            parser.advance()
            return self.measure("time")
        parser.advance()
        self.factors.append(parser.operand())
        self.written = True
        return True

    def divided(self) -> bool:
        parser = self.parser
        if parser.ahead().kind == "word" or isinstance(self.factors[-1], Measure):
            return self.per() or (parser.ahead().kind != "word" and self.quotient())
        return self.quotient()

    def quotient(self) -> bool:
        parser = self.parser
        parser.advance()
        self.divisions += 1
        if self.divisions > DEEPEST:
            raise TooComplex(f"more than {DEEPEST} divisions one after another")
        top = _unbracketed(self.whole())
        self.factors, self.written = [Quotient(top, _unbracketed(parser.operand()))], False
        self.since_unit = 0
        return True

    def may_follow(self, kind: str) -> bool:
        """Whether an operand beside another is its factor."""
        parser = self.parser
        if kind == "|" or kind == "lvert" or kind == "||":
            return kind == "lvert" or not parser.bars
        if kind == "(":
            return not self.is_condition()
        if kind == "[":
            return not parser.gap and not self.closes_interval()
        if kind == "begin":
            return "matrix" in parser.value
        if kind == "\\{":
            return False
        if kind == "number":
            return not isinstance(self.factors[-1], Number) or self.is_mixed()
        if kind == "spoken":
            return isinstance(self.factors[-1], Number)
        if parser.raw == "U" and parser.gap:
            return parser.ahead().kind not in _SET_STARTS
        return not (kind == "money" and parser.gap)

    def is_condition(self) -> bool:
        """`… (k ∈ ℤ)`, `… (mod 7)`, `… (for x > 0)`."""
        first, second = self.parser.ahead(), self.parser.ahead(2)
        return first.kind in ("where", "mod") or (self.parser.gap and second.kind in ("relation", "in"))

    def closes_interval(self) -> bool:
        """`]1, 2[`: a bracket that nothing opens after."""
        return self.parser.ahead().kind not in STARTS and self.parser.ahead().kind not in _SIGNS

    def is_mixed(self) -> bool:
        """`2 1/2`."""
        parser, whole = self.parser, self.factors[-1]
        return (
            parser.gap
            and isinstance(whole, Number)
            and whole.decimals is None
            and parser.ahead().kind == "/"
            and parser.ahead(2).kind == "number"
        )

    def beside(self) -> bool:
        parser, last = self.parser, self.factors[-1]
        if parser.kind == "number" and isinstance(last, Number):
            self.factors[-1] = self.mixed_by_stroke(last)
        elif parser.kind == "spoken":
            self.factors[-1] = speech.scaled(parser, last)
        elif parser.kind == "(" and parser.is_remark():
            parser.skip_remark()
        elif parser.kind == "letter" and (self.choose(last) or self.cross(last)):
            pass
        else:
            self.append(parser.power())
        return True

    def append(self, node: Node) -> None:
        last = self.factors[-1]
        if isinstance(last, Number) and isinstance(node, Quotient) and (mixed := _mixed(last, node)):
            self.factors[-1] = mixed
        else:
            self.factors.append(node)

    def mixed_by_stroke(self, whole: Number) -> Node:
        top = self.parser.primary()
        self.parser.advance()
        fraction = Quotient(top, self.parser.primary())
        return _mixed(whole, fraction) or Product((whole, fraction))

    def choose(self, last: Node) -> bool:
        """`5C2`."""
        parser = self.parser
        if parser.raw not in ("C", "P") or parser.gap or not isinstance(last, Number) or parser.ahead().gap:
            return False
        if parser.ahead().kind != "number":
            return False
        name = "binomial" if parser.raw == "C" else "permutations"
        parser.advance()
        self.factors[-1] = Call(name, (last, parser.primary()))
        return True

    def cross(self, last: Node) -> bool:
        """The x of `6.02 x 10^23`."""
        parser = self.parser
        if parser.raw not in ("x", "X") or not isinstance(last, Number) or not parser.gap:
            return False
        return parser.ahead().kind == "number" and parser.ahead().gap and self.times()

    def unit(self) -> bool:
        parser = self.parser
        if parser.kind == "%":
            parser.advance()
            return self.measure("%")
        if parser.kind == "letter" and parser.raw not in MAY_BE_UNITS:
            return False
        found = unit_ahead(parser.tokens, parser.at, parser.latex)
        if found is None:
            return False
        parser.at = found.at - 1
        parser.advance()
        return self.measure(found.unit)

    def noun(self) -> bool:
        parser = self.parser
        last = self.factors[-1]
        if parser.raw == "per":
            return self.per()
        found = noun_ahead(parser.tokens, parser.at)
        if found is None or last in _NOT_COUNTS:
            return False
        parser.at = found.at - 1
        parser.advance()
        if isinstance(last, Measure) or found.unit.partition(" ")[0] in _REMARKS:
            return True
        return self.measure(found.unit)

    def per(self) -> bool:
        """`$5 per hour`, `$5/kg`, `12 per minute`."""
        parser, last = self.parser, self.factors[-1]
        below = unit_ahead(parser.tokens, parser.at + 1, parser.latex)
        value, above = (last.value, last.unit) if isinstance(last, Measure) else (last, "1")
        if below is None or "/" in below.unit + above or not isinstance(last, Measure | Number):
            return False
        parser.at = below.at - 1
        parser.advance()
        self.factors[-1] = Measure(value, f"{above}/{below.unit}")
        return True

    def measure(self, unit: str) -> bool:
        """Give the factors since the last unit this one."""
        value = self.factors[self.since_unit :]
        if not value:
            raise self.parser.unreadable("a unit without a value")
        node = value[0] if len(value) == 1 else Product(tuple(value), self.written)
        if isinstance(node, Measure):
            return self.measured_again(node, unit)
        self.factors[self.since_unit :] = [Measure(node, unit)]
        self.since_unit += 1
        return True

    def measured_again(self, node: Measure, unit: str) -> bool:
        """`$5 USD` has one unit."""
        if node.unit != unit:
            raise self.parser.unreadable("a second unit")
        return True

    def modulo(self) -> bool:
        self.parser.advance()
        self.factors = [Call("mod", (self.whole(), self.parser.operand()))]
        self.written, self.since_unit = False, 0
        self.divisions += 1
        if self.divisions > DEEPEST:
            raise TooComplex(f"more than {DEEPEST} divisions one after another")
        return True


def _mixed(whole: Number, fraction: Quotient) -> Number | None:
    """`2\\frac{1}{2}`, where both are plain whole numbers and the fraction is proper."""
    top, bottom = fraction.top, fraction.bottom
    if not (isinstance(top, Number) and isinstance(bottom, Number) and isinstance(whole.value, int)):
        return None
    plain = whole.decimals is None and top.decimals is None and bottom.decimals is None and not whole.mixed
    if not plain or not 0 < top.value < bottom.value:
        return None
    return Number(whole.value + Fraction(top.value, bottom.value), mixed=True)


def _unbracketed(node: Node) -> Node:
    """`2[x + 1]` is a product, `{3}/{4}` a fraction."""
    if isinstance(node, Enclosed) and len(node.items) == 1 and (node.open, node.close) in _GROUPS:
        return node.items[0]
    return node
