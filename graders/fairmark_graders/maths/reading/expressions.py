"""Expressions: sums, products, powers, functions, numbers with units. What holds several of them is `statements`.

Products bind as people write them: from left to right, with or without a sign, so `1/2x` is (1/2)x; a function without
brackets takes the product after it, so `sin 2x` is sin(2x) and `sin x cos x` two functions.
"""

from collections.abc import Callable
from fractions import Fraction

from ..errors import TooComplex
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
    PlusMinus,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Symbol,
)
from . import speech
from .cursor import DEEPEST, Cursor
from .measures import noun_ahead, unit_ahead
from .numerals import plain_number
from .words import TRIGONOMETRIC

_SIGNS = frozenset("+-±∓")
_STARTS = frozenset(
    ["number", "node", "letter", "function", "(", "[", "{", "frac", "sqrt", "root", "binom", "|", "||", "lvert",
     "lfloor", "lceil", "langle", "begin", "bar", "mark", "integral", "sum", "money", "spoken", "\\{"]
)  # fmt: skip
_POSTFIX = frozenset(["^", "sup", "!", "!!", "'", "''", "degree", "_", "squared"])
_TERM_ENDS = frozenset(["end", "}", ")", "]", ",", "+", "-", "±", "relation", "&", "row", "\\}", "or", "union"])
_REMARKS = frozenset(
    ["of", "exactly", "approximately", "approx", "total", "in", "altogether", "only", "each", "overall"]
)
_SET_STARTS = frozenset(["(", "[", "{", "\\{", "]"])
_CALLED = frozenset("fghFGHO")
_NOT_COUNTS = (Symbol("a"), Symbol("A"), Symbol("I"))
_BASIS = frozenset("ijk")
_CONSTANT_LETTERS = frozenset({"infinity", "Empty", "..."})
_WITH_SETS = {"R": "Reals", "Z": "Integers", "N": "Naturals", "Q": "Rationals", "C": "Complexes"}


class Expressions(Cursor):
    """The part of the parser below relations and lists."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.bars = ""
        """What a `|` between two operands is: the end of an absolute value, or the "such that" of a set."""

    def statement(self) -> Node:
        raise NotImplementedError

    def bracketed(self) -> Node:
        raise NotImplementedError

    def environment(self) -> Node:
        raise NotImplementedError

    # Sums

    def sum(self) -> Node:
        first = self.signed_term()
        if self.kind not in _SIGNS:
            return first
        terms = [first]
        doubtful = 0
        while self.kind in _SIGNS:
            sign = self.kind
            self.advance()
            if sign == "-":
                terms.append(_negative(self.leading_term()))
            elif sign == "+":
                terms.append(self.leading_term())
            else:
                doubtful += 1
                terms = [self.plus_minus(sign, terms, doubtful)]
        return _sum(terms)

    def plus_minus(self, sign: str, before: list[Node], count: int) -> PlusMinus:
        if count > DEEPEST:
            raise TooComplex(f"more than {DEEPEST} signs that are plus or minus")
        second = self.term()
        return PlusMinus((_sum(before),) if before else (), second if sign == "±" else Negative(second))

    def leading_term(self) -> Node:
        return self.signed_term() if self.kind in _SIGNS else self.term()

    def signed_term(self) -> Node:
        """A term and the signs before it."""
        negative = False
        while self.kind == "-" or self.kind == "+":
            negative ^= self.kind == "-"
            self.advance()
        if self.kind == "±" or self.kind == "∓":
            sign = self.kind
            self.advance()
            node: Node = self.plus_minus(sign, [], 1)
        else:
            node = self.term()
        return _negative(node) if negative else node

    # Products

    def term(self) -> Node:
        first = self.power()
        if self.kind in _TERM_ENDS:
            return first
        return Term(self, first).read()

    def operand(self) -> Node:
        """A factor after a sign of multiplication or division, which may have a sign of its own."""
        if self.kind == "-" or self.kind == "+":
            self.deeper()
            negative = self.took("-") or not self.took("+")
            node = self.operand()
            self.depth -= 1
            return Negative(node) if negative else node
        return self.power()

    # Powers and what else stands behind

    def power(self) -> Node:
        node = self.primary()
        count = 0
        while self.kind in _POSTFIX:
            node = self.postfix(node)
            count += 1
            if count > DEEPEST:
                raise TooComplex(f"more than {DEEPEST} signs after one another behind a base")
        return node

    def postfix(self, base: Node) -> Node:
        kind, value = self.kind, self.value
        if kind == "^":
            return self.raised(base)
        if kind == "_":
            return self.indexed(base)
        self.advance()
        if kind == "sup" or kind == "squared":
            return Power(base, _small_exponent(value))
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
        if self.kind in ("+", "*") and isinstance(base, Symbol):
            return self.starred_set(base)
        exponent = self.exponent()
        if self.kind == "(" and not self.gap and isinstance(base, Symbol) and base.name in _CALLED:
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

    def exponent(self) -> Node:
        """One operand with its signs, and the exponents it has in turn."""
        self.deeper()
        if self.kind == "-" or self.kind == "+":
            negative = self.took("-") or not self.took("+")
            node = self.exponent()
            node = Negative(node) if negative else node
        else:
            node = self.argument()
            if self.kind == "^":
                self.advance()
                node = Power(node, self.exponent())
        self.depth -= 1
        return node

    def argument(self, one_digit: bool = False) -> Node:
        """What TeX takes for an argument: a group, or one sign; a number whole unless only one digit is asked for."""
        if self.kind == "{":
            return self.group()
        if self.kind == "number":
            return self.digits(one_digit)
        if self.kind == "letter":
            return self.letter()
        if self.kind == "-" and one_digit:
            raise self.unreadable("expected an argument")
        return self.primary()

    def digits(self, one: bool) -> Node:
        digits = self.value
        if not one or len(digits) == 1:
            self.advance()
            return plain_number(digits)
        self.replace("number", digits[1:])
        return plain_number(digits[0])

    def letter(self) -> Symbol:
        name = self.value
        self.advance()
        return Symbol(name)

    def group(self) -> Node:
        """`{…}` as an argument: the braces say nothing."""
        if self.ahead().kind == "number" and self.ahead(2).kind == "}":
            self.advance()
            node: Node = plain_number(self.value)
            self.advance()
            self.advance()
            return node
        self.advance()
        bars, self.bars = self.bars, ""
        node = self.inside_group()
        self.bars = bars
        self.close("}")
        return node

    def inside_group(self) -> Node:
        if self.kind in "+-*'" and self.ahead().kind == "}":
            return self.mark_alone()
        if self.kind == "relation":
            self.advance()
            return Relation((Symbol(""), self.statement()), (self.value,))
        node = self.statement()
        if self.kind == "over":
            self.advance()
            return Quotient(node, self.statement())
        if self.kind == "choose":
            self.advance()
            return Call("binomial", (node, self.statement()))
        return node

    def mark_alone(self) -> Node:
        sign = self.value
        self.advance()
        return Symbol(sign)

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
            return Call("derivative", (Call(_name(base), self.call_arguments()),))
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

    def subscript(self) -> str:
        if self.kind != "{":
            text = str(self.raw or self.value)
            if self.kind == "number" and self.latex:
                return self.first_digit()
            self.advance()
            return text
        return self.text_of_group()

    def first_digit(self) -> str:
        node = self.digits(one=True)
        assert isinstance(node, Number)
        return str(node.value)

    def text_of_group(self) -> str:
        parts, depth = [], 0
        while self.kind != "end":
            depth += {"{": 1, "}": -1}.get(self.kind, 0)
            parts.append("" if self.kind in "{}" else str(self.raw or self.value))
            self.advance()
            if depth == 0:
                return "".join(parts)
        raise self.unreadable("expected '}'")

    # Operands

    def primary(self) -> Node:
        if self.kind == "number":
            node: Node = plain_number(self.value)
            self.advance()
            return node
        if self.kind == "letter":
            return self.symbol()
        self.deeper()
        reader = _PRIMARIES.get(self.kind)
        if reader is None:
            raise self.unreadable("expected an operand")
        node = reader(self)
        self.depth -= 1
        return node

    def node(self) -> Node:
        node: Node = self.value
        self.advance()
        return node

    def symbol(self) -> Node:
        if self.value == "a" and self.ahead().kind == "spoken":
            return self.spoken()
        node = self.letter()
        if self.kind == "(" and not self.gap:
            return self.applied(node)
        return node

    def applied(self, function: Symbol) -> Node:
        """`f(x)`; `C(5, 2)`; a letter before a bracket is a factor elsewhere, unless `p(x) = …` defines it."""
        if self.kind != "(" or self.gap:
            return function
        if function.name[0] in _CALLED or self.defines():
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

    def call_arguments(self) -> tuple[Node, ...]:
        """The items of the bracket that opens here."""
        self.deeper()
        self.advance()
        bars, self.bars = self.bars, ""
        inside = self.statement()
        self.bars = bars
        self.close(")", "]", "}")
        self.depth -= 1
        return inside.items if isinstance(inside, Listed) else (inside,)

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

    def binomial(self) -> Node:
        self.advance()
        top = self.argument(one_digit=True)
        return Call("binomial", (top, self.argument(one_digit=True)))

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
        return node

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

    # Functions

    def function(self) -> Node:
        name = self.value
        self.advance()
        exponent, base = self.scripts(name)
        node = self.called(name, base)
        if exponent is None:
            return node
        if exponent == Negative(Number(1)) and name in TRIGONOMETRIC and isinstance(node, Call):
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
        return _small_exponent(value)

    def base(self, name: str) -> Node:
        """The subscript of a function; `\\log_28` is the logarithm of 8, as TeX sets it."""
        alone = self.kind == "number" and self.latex and self.ahead().kind not in _STARTS
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
        if self.kind == "{" or self.kind == "[":
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

    def is_remark(self) -> bool:
        """`5 (approximately)`, `12 (since …)`."""
        after = self.ahead()
        if after.kind == "because":
            return True
        return after.kind == "word" and not unit_ahead(self.tokens, self.at + 1, self.latex)

    def skip_remark(self) -> None:
        depth = 0
        while self.kind != "end":
            depth += {"(": 1, ")": -1}.get(self.kind, 0)
            self.advance()
            if depth == 0:
                return

    # Operators that leave something to be worked out

    def integral(self) -> Node:
        self.advance()
        limits = self.limits()
        return Call("integral", (self.sum(), *limits))

    def big_operator(self) -> Node:
        name = self.value
        self.advance()
        limits = self.limits()
        return Call(name, (self.term(), *limits))

    def limits(self) -> list[Node]:
        found = []
        while self.kind in ("_", "^"):
            self.advance()
            found.append(self.argument(one_digit=True))
        return found


class Term:
    """A product being read: its factors so far, and which of them have a unit."""

    def __init__(self, parser: Expressions, first: Node) -> None:
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
        if kind == "%" or kind == "word" or (kind in _MAYBE_UNITS and self.maybe_unit()):
            if kind in ("letter", "function", "in") or self.unit():
                return True
            return self.noun() if kind == "word" else False
        if kind in _STARTS and self.may_follow(kind):
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

    def maybe_unit(self) -> bool:
        return self.unit()

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
        top = self.whole()
        self.factors, self.written = [Quotient(top, parser.operand())], False
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
        if kind in ("langle", "\\{"):
            return False
        if kind == "number":
            return not isinstance(self.factors[-1], Number) or self.is_mixed() or self.is_choose()
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
        return self.parser.ahead().kind not in _STARTS and self.parser.ahead().kind not in _SIGNS

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

    def is_choose(self) -> bool:
        return False

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


_MAYBE_UNITS = frozenset(["letter", "function", "in", "money"])
_BARS = {"|": ("abs", ("|", "rvert")), "lvert": ("abs", ("rvert", "|")), "||": ("norm", ("||",)),
         "lfloor": ("floor", ("rfloor",)), "lceil": ("ceil", ("rceil",))}  # fmt: skip

_PRIMARIES: dict[str, Callable[[Expressions], Node]] = {
    "node": Expressions.node, "function": Expressions.function, "frac": Expressions.fraction,
    "sqrt": Expressions.square_root, "root": Expressions.root_sign, "binom": Expressions.binomial,
    "bar": Expressions.bar, "mark": Expressions.mark, "spoken": Expressions.spoken, "money": Expressions.currency,
    "integral": Expressions.integral, "sum": Expressions.big_operator,
    "_": Expressions.leading_script, "^": Expressions.leading_script,
    **dict.fromkeys(_BARS, Expressions.absolute),
    **dict.fromkeys(["(", "[", "]", "{", "\\{", "langle", "relation"], lambda parser: parser.bracketed()),
    "begin": lambda parser: parser.environment(),
}  # fmt: skip


def _negative(node: Node) -> Node:
    return Negative(node)


def _sum(terms: list[Node]) -> Node:
    if len(terms) == 1:
        return terms[0]
    last = terms[-1]
    if isinstance(last, Negative) and isinstance(last.of, Enclosed) and last.of.open == "{":
        return Combined("difference", (_sum(terms[:-1]), last.of))
    plain = not any(
        isinstance(term, Measure) or isinstance(term, Negative) and isinstance(term.of, Measure) for term in terms[:-1]
    )
    if plain and isinstance(last, Measure) and last.unit not in ("%", "degree"):
        return Measure(Sum((*terms[:-1], last.value)), last.unit)
    return Sum(tuple(terms))


def _small_exponent(text: str) -> Node:
    if text in ("n", "i"):
        return Symbol(text)
    digits = text.lstrip("+-")
    if not digits.isdecimal():
        return Symbol(text)
    return Negative(plain_number(digits)) if text[0] == "-" else plain_number(digits)


def _mixed(whole: Number, fraction: Quotient) -> Number | None:
    """`2\\frac{1}{2}`, where both are plain whole numbers and the fraction is proper."""
    top, bottom = fraction.top, fraction.bottom
    if not (isinstance(top, Number) and isinstance(bottom, Number) and isinstance(whole.value, int)):
        return None
    plain = whole.decimals is None and top.decimals is None and bottom.decimals is None and not whole.mixed
    if not plain or not 0 < top.value < bottom.value:
        return None
    return Number(whole.value + Fraction(top.value, bottom.value), mixed=True)


def _derivative(top: Node, bottom: Node) -> Node | None:
    """`\\frac{dy}{dx}`, `\\frac{d}{dx}`."""
    if not (isinstance(bottom, Product) and bottom.factors[0] == Symbol("d") and len(bottom.factors) == 2):
        return None
    if top == Symbol("d"):
        return Symbol("d/d" + _name(bottom.factors[1]))
    if isinstance(top, Product) and top.factors[0] == Symbol("d"):
        return Call("derivative", (*top.factors[1:], bottom.factors[1]))
    return None


def _name(node: Node) -> str:
    return node.name if isinstance(node, Symbol) else "f"


def _has_pi(node: Node) -> bool:
    return node == Symbol("pi") or (isinstance(node, Product) and Symbol("pi") in node.factors)


def _unbracketed(node: Node) -> Node:
    """`2[x + 1]` is a product."""
    if isinstance(node, Enclosed) and node.open == "[" and node.close == "]" and len(node.items) == 1:
        return node.items[0]
    return node
