"""Expressions: sums, with the signs before their terms."""

from ..errors import TooComplex
from ..tree import Combined, Enclosed, Measure, Negative, Node, PlusMinus, Sum
from ..units import UNITS
from .cursor import DEEPEST
from .powers import Powers
from .terms import Term

_SIGNS = frozenset("+-±∓")
_TERM_ENDS = frozenset(["end", "}", ")", "]", ",", "+", "-", "±", "relation", "&", "row", "\\}", "or", "union"])


class Expressions(Powers):
    """The part of the parser below relations and lists."""

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
                terms.append(Negative(self.leading_term()))
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
        return Negative(node) if negative else node

    def term(self) -> Node:
        first = self.power()
        if self.kind in _TERM_ENDS:
            return first
        return Term(self, first).read()


def _sum(terms: list[Node]) -> Node:
    if len(terms) == 1:
        return terms[0]
    last = terms[-1]
    if isinstance(last, Negative) and isinstance(last.of, Enclosed) and last.of.open == "{":
        return Combined("difference", (_sum(terms[:-1]), last.of))
    plain = not any(
        isinstance(term, Measure) or isinstance(term, Negative) and isinstance(term.of, Measure) for term in terms[:-1]
    )
    if plain and isinstance(last, Negative) and isinstance(last.of, Measure) and last.of.unit not in UNITS:
        return Measure(Sum((*terms[:-1], Negative(last.of.value))), last.of.unit)
    if plain and isinstance(last, Measure) and last.unit not in ("%", "degree"):
        return Measure(Sum((*terms[:-1], last.value)), last.unit)
    return Sum(tuple(terms))
