"""What stands in braces and brackets behind a sign or a function, and what TeX takes for an argument."""

from ..tree import Call, Listed, Negative, Node, Number, Power, Quotient, Relation, Symbol
from .cursor import Cursor
from .measures import unit_ahead
from .numerals import plain_number
from .tokens import Token

_DENIES = frozenset(["wrong", "incorrect", "false", "but", "maybe", "perhaps", "possibly"])
"""Words in brackets that take back what stands before them."""


class Arguments(Cursor):
    """The lowest layer of the parser: those above say what the abstract methods read."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.bars = ""
        """What a `|` between two operands is: the end of an absolute value, or the "such that" of a set."""

    def statement(self) -> Node:
        """Items with what separates them, see `statements`."""
        raise NotImplementedError

    def sum(self) -> Node:
        """Terms, see `expressions`."""
        raise NotImplementedError

    def term(self) -> Node:
        """Factors, see `terms`."""
        raise NotImplementedError

    def power(self) -> Node:
        """An operand and its exponents, see `powers`."""
        raise NotImplementedError

    def primary(self) -> Node:
        """An operand, see `operands`."""
        raise NotImplementedError

    def bracketed(self) -> Node:
        """What an opening bracket encloses, see `brackets`."""
        raise NotImplementedError

    def environment(self) -> Node:
        """From `\\\\begin` to `\\\\end`, see `brackets`."""
        raise NotImplementedError

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
        if not one or len(digits) == 1 or not digits.isdecimal():
            self.advance()
            return plain_number(digits)
        self.replace("number", digits[1:])
        return plain_number(digits[0])

    def letter(self) -> Symbol:
        name = self.value
        self.advance()
        return Symbol(name)

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

    def call_arguments(self) -> tuple[Node, ...]:
        """The items of the bracket that opens here."""
        self.deeper()
        self.advance()
        bars, self.bars = self.bars, ""
        inside = self.statement()
        self.bars = bars
        self.close(")", "]", "}", "\\}")
        self.depth -= 1
        return inside.items if isinstance(inside, Listed) else (inside,)

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

    def is_remark(self) -> bool:
        """`5 (approximately)`, `12 (since …)`, `5 (five)`."""
        after = self.ahead()
        if after.kind == "because" or (after.kind == "spoken" and self.says_again(after)):
            return True
        if after.raw.lower() in _DENIES:
            return False
        return after.kind == "word" and not unit_ahead(self.tokens, self.at + 1, self.latex)

    def says_again(self, word: Token) -> bool:
        """`5 (five)`."""
        return self.ahead(2).kind == ")" and self.tokens[self.at - 1].value == str(word.value[1])

    def skip_remark(self) -> None:
        depth = 0
        while self.kind != "end":
            depth += {"(": 1, ")": -1}.get(self.kind, 0)
            self.advance()
            if depth == 0:
                return
