"""Statements: relations, lists, alternatives and what they are said under. `brackets` holds what is around them."""

from ..errors import TooComplex
from ..tree import (
    Alternatives,
    Call,
    Cases,
    Combined,
    Enclosed,
    Given,
    Listed,
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
)
from ..units import UNITS
from .cursor import DEEPEST
from .expressions import Expressions
from .words import NAMED_SETS, NO_NAMES, SYMBOLS, heading

_SEPARATORS = frozenset([",", ";", "and", "or", "row", "quad", "&", "restates"])
_FOLLOWS = frozenset(["where", "pmod", "(", "unless"])
_AFTER_LIST = frozenset(
    [")", "]", "}", "\\}", "environment end", "rangle", "rvert", "over", "end", "where", "because", "unless",
     "otherwise"]
)  # fmt: skip
_LONGEST_HEADING = 4
_EXTREMES = frozenset(["max", "min"])
_BOUNDS = frozenset(["<", "<=", ">", ">="])
_VALUES = frozenset(["number", "node", "money", "(", "[", "frac", "sqrt", "root", "-", "±"])
_SET_OPERATIONS = frozenset(["union", "intersection", "difference"])
_RELATIONS = frozenset(["relation", "in", "not", "mid"])
_NEGATED = {"in": "not in", "=": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_ORDER = frozenset(["<", "<=", ">", ">=", "!=", "in", "not in"])


_SINGLE = (Number, Measure, Quotient, Negative, Product, Power, Sum, Call, Symbol)


class Statements(Expressions):
    """The part of the parser above expressions and below brackets."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.angle = False
        """Whether `<1, 2>` is open, so that `>` closes it."""
        self.colon_is_condition = False
        """Whether a colon says "such that", as in a set."""
        self.headings = 0
        """How many values stand right behind their names, as in `mean 5, variance 4`: one alone is prose."""

    def statement(self) -> Node:
        """Items with commas, "and" and "or" between, and what they are said under."""
        first = self.comparison()
        if self.kind not in _SEPARATORS and self.kind not in _FOLLOWS:
            return first
        return self.listed(first)

    def listed(self, first: Node) -> Node:
        items, separators = [first], []
        while separator := self.separator():
            if self.kind == "(" and self.is_remark():
                self.skip_remark()
            if self.kind in _AFTER_LIST:
                break
            items.append(self.comparison())
            separators.append(separator)
        return self.under_conditions(together(items, separators))

    def under_conditions(self, node: Node) -> Node:
        """`2x for x > 0`; where another value follows with conditions of its own, a function in pieces."""
        pieces: list[Given] = []
        count, after = 0, ""
        while self.kind in ("where", "pmod") or (self.kind == "(" and self.condition_in_brackets()):
            under = self.under(node)
            *conditions, node = under.conditions
            after = self.separator()
            if self.kind in ("where", "otherwise") and conditions and _is_like(node, under.statement):
                pieces.append(Given(under.statement, tuple(conditions)))
            else:
                node = under
            count += 1
            if count > DEEPEST:
                raise TooComplex(f"more than {DEEPEST} conditions one after another")
        if count and self.took("otherwise"):
            pieces += [node] if isinstance(node, Given) else []
            node = Given(node if self.kind in _AFTER_LIST else self.comparison(), ())
        if pieces and isinstance(node, Given):
            return _in_pieces([*pieces, node])
        return Alternatives((node, self.another())) if after == "or" and self.kind not in _AFTER_LIST else node

    def another(self) -> Node:
        """The statement behind the "or" of `x \\equiv 1 \\pmod 6 or x \\equiv 5 \\pmod 6`."""
        self.deeper()
        node = self.statement()
        self.depth -= 1
        return node

    def separator(self) -> str:
        """Step over what separates two items: a comma and an "or" are an "or"."""
        found = ""
        while self.kind in _SEPARATORS:
            strong = [kind for kind in ("restates", "or") if kind in (found, self.kind)]
            found = strong[0] if strong else found or self.kind
            self.advance()
        return found

    def condition_in_brackets(self) -> bool:
        """`… (k ∈ ℤ)`, `… (mod 7)`, `… (for x > 0)`."""
        return self.ahead().kind in ("where", "mod") or self.ahead(2).kind in _RELATIONS

    def under(self, node: Node) -> Given:
        """What `node` is said under."""
        self.deeper()
        if self.took("pmod"):
            conditions: tuple[Node, ...] = (Call("mod", (self.argument(),)),)
        elif self.took("("):
            conditions = self.conditions_in_brackets()
        else:
            conditions = self.conditions()
        if all(isinstance(condition, Number) for condition in conditions):
            raise self.unreadable("a condition rather than a number")
        self.depth -= 1
        return Given(node, conditions)

    def conditions_in_brackets(self) -> tuple[Node, ...]:
        found = (Call("mod", (self.sum(),)),) if self.took("mod") else self.conditions()
        self.close(")")
        return found

    def conditions(self) -> tuple[Node, ...]:
        """Items up to the end or a closing bracket; one after an "or" belongs to that before."""
        while self.took("where"):
            pass
        items = [self.comparison()]
        while separator := self.separator():
            while self.took("where"):
                pass
            if self.kind in _AFTER_LIST:
                break
            items.append(self.comparison())
            if separator == "or":
                items[-2:] = [Alternatives((items[-2], items[-1]))]
        return tuple(items)

    # Relations

    def headed(self) -> Node | None:
        """`Centre: (1, -4)`, `radius 3`, `Vertical asymptote: x = 3`: a value behind a name, whose own name counts."""
        count = 0
        while (self.ahead(count).kind == "word" or self.ahead(count).raw in _EXTREMES) and count <= _LONGEST_HEADING:
            count += 1
        words = [self.ahead(index).raw.lower() for index in range(count)]
        after, colon = self.ahead(count), self.ahead(count).kind == ":"
        if not 0 < count <= _LONGEST_HEADING or not NO_NAMES.isdisjoint(words):
            return None
        if not colon and not (after.gap and self.starts_value(count)):
            return None
        self.at += count - 1 + (colon or after.kind == "where")
        self.advance()
        self.headings += 1
        return Relation((Symbol(heading(words)), self.comparison()), ("=",))

    def starts_value(self, ahead: int) -> bool:
        """Whether a value stands there: a number, a point, π, an equation of its own."""
        first, second = self.ahead(ahead), self.ahead(ahead + 1)
        if first.kind == "where":
            return self.starts_value(ahead + 1)
        return first.kind in _VALUES or first.value == "pi" or (first.kind == "letter" and second.value == "=")

    def is_vector(self) -> bool:
        """Whether `<` opens `<1, 2>`."""
        return self.value == "<" and any(token.value == ">" for token in self.tokens[self.at :])

    def bound(self) -> Node:
        """`> 5`, `at least 5`: a relation with nothing before it."""
        sign = self.relation_sign()
        return Relation((Symbol(""), self.combination()), (sign,))

    def comparison(self) -> Node:
        if (self.kind == "word" or self.raw in _EXTREMES) and (named := self.headed()):
            return named
        if self.kind == "relation" and self.value in _BOUNDS and not self.is_vector():
            return self.bound()
        first = self.combination()
        if self.kind == "quad" and self.ahead().kind in _RELATIONS:
            self.advance()
        if self.kind not in _RELATIONS:
            return first
        operands, signs = [first], []
        while self.kind in _RELATIONS and not self.closes_here():
            signs.append(self.relation_sign())
            self.took("quad")
            right = self.combination()
            operands.append(_named_set(right) if signs[-1] in ("in", "not in") else right)
        if len(signs) > 1 and signs[:2] == ["=", "="] and _is_worded(first) and isinstance(operands[1], Symbol):
            operands, signs = operands[1:], signs[1:]
        return _congruent(operands, signs) or Relation(tuple(operands), tuple(signs)) if signs else first

    def closes_here(self) -> bool:
        """Whether what looks like a relation is the end of `<1, 2>` or the "such that" of a set."""
        return (self.angle and self.value == ">") or (self.kind == "mid" and self.bars == "set")

    def relation_sign(self) -> str:
        """One sign, or two of which one says "is": `is ≤`, `= ≥`."""
        negated = self.took("not")
        sign = "in" if self.kind == "in" else str(self.value)
        self.advance()
        negated |= self.took("not")
        if self.kind == "relation" and sign == "=":
            sign = str(self.value)
            self.advance()
        return _NEGATED.get(sign, f"not {sign}") if negated else sign

    # Sets and ratios

    def combination(self) -> Node:
        first = self.sum()
        if (self.kind == ":" and not self.colon_is_condition) or (self.kind == "to" and self.counts_ahead()):
            return self.ratio(first)
        if self.kind in _SET_OPERATIONS or self.raw == "U" or self.raw == "except":
            return self.combined(first)
        return first

    def counts_ahead(self) -> bool:
        return self.ahead().kind in ("number", "spoken")

    def ratio(self, first: Node) -> Node:
        parts = [first]
        while self.kind == ":" or self.kind == "to":
            self.advance()
            parts.append(self.sum())
        return Ratio(tuple(parts))

    def combined(self, first: Node) -> Node:
        """From the left; "except" takes a set or numbers away."""
        node, count = first, 0
        while operation := self.set_operation():
            self.advance()
            other = _named_set(self.sum())
            if operation == "except":
                operation, other = "difference", self.excepted(other)
            elif operation != "intersection" and isinstance(other, Number | Sum):
                other = Enclosed("{", (other,), "}")
            node = _combined(operation, _named_set(node), other)
            count += 1
            if count > DEEPEST:
                raise TooComplex(f"more than {DEEPEST} sets one after another")
        return node

    def set_operation(self) -> str:
        if self.kind in _SET_OPERATIONS:
            return self.kind
        if self.raw == "except":
            return "except"
        return "union" if self.raw == "U" and self.ahead().kind in ("(", "[", "\\{", "{", "]") else ""

    def excepted(self, first: Node) -> Node:
        """`except 2`, `except x = 2`, `except 2 and 3`."""
        items = [self.without_name(first)]
        while self.kind in (",", "and", "or") and self.excludes_more():
            self.advance()
            items.append(self.without_name(self.sum()))
        return items[0] if isinstance(items[0], Enclosed) else Enclosed("{", tuple(items), "}")

    def excludes_more(self) -> bool:
        """Whether a number or `x = 3` follows, and no other letter."""
        return self.ahead().kind != "letter" or self.ahead(2).value == "="

    def without_name(self, item: Node) -> Node:
        if isinstance(item, Symbol) and self.kind == "relation" and self.value == "=":
            self.advance()
            return self.sum()
        return item


def _is_worded(node: Node) -> bool:
    """Whether words stand before an equation that has a name of its own: `the line is y = 2x`."""
    return isinstance(node, Symbol) and (" " in node.name or len(node.name) > 2 and node.name not in SYMBOLS)


def _congruent(operands: list[Node], signs: list[str]) -> Node | None:
    """`x \\equiv 3 \\mod 7`: the modulus belongs to both sides."""
    last = operands[-1]
    if "equiv" not in signs or not isinstance(last, Call) or last.name != "mod" or len(last.arguments) != 2:
        return None
    value, modulus = last.arguments
    return Given(Relation((*operands[:-1], value), tuple(signs)), (Call("mod", (modulus,)),))


def together(items: list[Node], separators: list[str]) -> Node:
    """Items as what their separators make of them."""
    if len(items) == 1:
        return items[0]
    items = _with_their_names(items)
    if "restates" in separators:
        return _restated(items, separators)
    if "or" in separators:
        return _alternatives(items, separators)
    if _one_quantity(items):
        return Sum(tuple(items))
    items = _each_in_the_set(items)
    if conditions := _conditions_at_the_end(items):
        return Given(together(items[:-conditions], separators[:-conditions]), tuple(items[-conditions:]))
    return _under_one_name(items, Listed)


def _is_like(value: Node, first: Node) -> bool:
    """Whether this is a value as the one before, rather than a condition."""
    if isinstance(value, Relation):
        return isinstance(first, Relation) and value.operands[0] == first.operands[0] and value.signs == ("=",)
    return True


def _in_pieces(pieces: list[Given]) -> Node:
    """Values under conditions of their own, without the name that all of them have."""
    first = pieces[0].statement
    values = [piece.statement for piece in pieces]
    values = [value.operands[-1] if isinstance(value, Relation) else value for value in values]
    said = [piece.conditions for piece in pieces]
    conditions = [None if not each else each[0] if len(each) == 1 else Listed(each) for each in said]
    function = Cases(tuple(zip(values, conditions, strict=True)))
    return Relation((first.operands[0], function), ("=",)) if isinstance(first, Relation) else function


def _with_their_names(items: list[Node]) -> list[Node]:
    """`Vertical asymptote: x = 3` as x = 3, unless another value behind a heading has the same letter."""
    inner = [_inner(item) for item in items]
    letters = [each.operands[0] for each in inner if each]
    alone = len(set(letters)) == len(letters)
    return [
        item if not each or not isinstance(item, Relation) else each if alone else _headed(item, each)
        for item, each in zip(items, inner, strict=True)
    ]


def _inner(item: Node) -> Relation | None:
    """The `x = 3` behind a heading."""
    value = item.operands[-1] if isinstance(item, Relation) and item.signs == ("=",) else None
    named = isinstance(value, Relation) and value.signs == ("=",) and isinstance(value.operands[0], Symbol)
    return value if named and isinstance(value, Relation) else None


def _headed(item: Relation, inner: Relation) -> Relation:
    return Relation((item.operands[0], inner.operands[1]), ("=",))


def _restated(items: list[Node], separators: list[str]) -> Node:
    """`2 hours, i.e. 120 minutes` as a chain of equal values; of anything else the last wording."""
    at = len(separators) - 1 - separators[::-1].index("restates")
    before, after = together(items[: at + 1], separators[:at]), together(items[at + 1 :], separators[at + 1 :])
    if not isinstance(after, _SINGLE):
        return after
    if isinstance(before, Relation) and set(before.signs) <= {"="}:
        return Relation((*before.operands, after), (*before.signs, "="))
    return Relation((before, after), ("=",)) if isinstance(before, _SINGLE) else after


def _alternatives(items: list[Node], separators: list[str]) -> Node:
    """`1, 2 or 3` is one of three; `x = 1, y = 2 or x = 3, y = 4` one of two pairs."""
    names = [item.operands[0] for item in items if isinstance(item, Relation)]
    if len(names) == len(items) and len(set(names)) > 1 and len(set(separators)) > 1:
        return Alternatives(tuple(_groups(items, separators)))
    if _is_membership(items[-1]) and not _is_membership(items[0]):
        return Given(together(items[:-1], separators[:-1]), (items[-1],))
    return _under_one_name(items, Alternatives)


def _groups(items: list[Node], separators: list[str]) -> list[Node]:
    groups = [[items[0]]]
    for item, separator in zip(items[1:], separators, strict=True):
        if separator == "or":
            groups.append([])
        groups[-1].append(item)
    return [together(group, [","] * (len(group) - 1)) for group in groups]


def _under_one_name(items: list[Node], kind: type[Listed] | type[Alternatives]) -> Node:
    """`x = 1, 2` says that x is 1 and 2."""
    first, *rest = items
    named = isinstance(first, Relation) and first.signs in (("=",), ("~",), ("!=",), ("equiv",))
    if not named or any(isinstance(item, Relation) for item in rest):
        return kind(tuple(items))
    assert isinstance(first, Relation)
    name, value = first.operands
    return Relation((name, kind((value, *rest))), first.signs)


def _one_quantity(items: list[Node]) -> bool:
    """`3 hours and 20 minutes`: units of one dimension, all different."""
    names = [item.unit for item in items if isinstance(item, Measure) and item.unit in UNITS]
    dimensions = {UNITS[name].dimensions for name in names}
    return len(set(names)) == len(items) and len(dimensions) == 1 and () not in dimensions


def _conditions_at_the_end(items: list[Node]) -> int:
    """How many of the last items only say what the first are said under: `…, k \\in \\mathbb{Z}`; `2x, x > 0`."""
    count = 0
    while count < len(items) - 1 and _limits(items[-1 - count]):
        count += 1
    first = items[0]
    if isinstance(first, Relation) and first.signs[0] != "=":
        return count if _is_membership(items[-1]) and not _is_membership(first) else 0
    return count


def _each_in_the_set(items: list[Node]) -> list[Node]:
    """`…, s, t \\in \\mathbb{R}` says it of both letters."""
    last, at = items[-1], len(items) - 2
    while at > 0 and _is_membership(last) and isinstance(items[at], Symbol) and not isinstance(items[0], Symbol):
        assert isinstance(last, Relation)
        items = [*items[:at], Relation((items[at], *last.operands[1:]), last.signs), *items[at + 1 :]]
        at -= 1
    return items


def _limits(node: Node) -> bool:
    return isinstance(node, Relation) and all(sign in _ORDER for sign in node.signs)


def _is_membership(node: Node) -> bool:
    return isinstance(node, Relation) and node.signs[-1] in ("in", "not in")


def _named_set(node: Node) -> Node:
    """`R` where only a set can stand."""
    return Symbol(NAMED_SETS[node.name]) if isinstance(node, Symbol) and node.name in NAMED_SETS else node


def _combined(operation: str, left: Node, right: Node) -> Node:
    if isinstance(left, Combined) and left.operation == operation:
        return Combined(operation, (*left.sets, right))
    return Combined(operation, (left, right))
