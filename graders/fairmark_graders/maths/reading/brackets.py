"""Brackets, sets and LaTeX environments, and the parser as a whole."""

from ..tree import Call, Cases, Enclosed, Given, Listed, Matrix, Node, Quotient, Relation, SetOf, Symbol
from .statements import Statements

_CLOSERS = {"(": (")", "]", "["), "[": ("]", ")", "["), "]": ("[", "]", ")"), "\\{": ("\\}", "}"),
            "{": ("}", "\\}"), "langle": ("rangle", "relation"), "relation": ("relation", "rangle")}  # fmt: skip
_WRITTEN = {"\\{": "{", "langle": "<", "relation": "<", "]": "(", "[": "["}
_SETS = frozenset(["\\{", "{"])
_SUCH_THAT = frozenset(["|", "mid", ":", "where", "rvert", "lvert", ";"])
_PIECEWISE = frozenset(["cases", "dcases", "rcases"])
_LONGEST_HEADING = 4
_DENIALS = frozenset(["wrong", "incorrect", "false", "not", "never"])
_EACH = frozenset(["all", "any", "every", "each"])
_LINES = frozenset(["aligned", "align", "gather", "gathered", "split", "alignedat", "equation", "multline", "eqnarray"])


class Parser(Statements):
    """The tokens of a text to its tree: `read` once."""

    def read(self) -> Node:
        self.separator()
        self.took("where")
        self.skip_heading()
        if self.raw.lower() in _EACH and self.ahead().kind == "letter":
            self.advance()
        leads = self.kind == "relation" and self.value not in ("<", "<=", ">", ">=")
        node = self.named_by_nothing() if leads else self.statement()
        self.took("}")
        if self.headings == 1 and not isinstance(node, Listed | Given):
            raise self.unreadable("a value behind words")
        if self.kind not in ("end", "because"):
            raise self.unreadable("expected nothing more")
        return node

    def skip_heading(self) -> None:
        """The words of `\\text{Maximum: } 7`."""
        words = next((index for index, token in enumerate(self.tokens) if token.kind not in ("word", "function")), 0)
        alone = sum(token.kind == ":" for token in self.tokens) == 1
        if words and self.tokens[words].kind == ":" and self.tokens[words - 1].raw.lower() in _DENIALS:
            raise self.unreadable("an answer rather than what it is not")
        if 0 < words <= _LONGEST_HEADING and self.tokens[words].kind == ":" and alone:
            self.at = words
            self.advance()

    def named_by_nothing(self) -> Node:
        """`= 5`, `≠ 5`."""
        sign = self.relation_sign()
        return Relation((Symbol(""), self.statement()), (sign,))

    def bracketed(self) -> Node:
        opener = self.kind
        if opener == "relation" and self.value != "<":
            raise self.unreadable("expected an operand")
        if opener == "\\{" and self.ahead().kind == "begin":
            return self.system()
        self.advance()
        outer = self.bars, self.angle, self.colon_is_condition
        in_set = opener in _SETS
        self.bars, self.colon_is_condition = "set" if in_set else "", in_set
        self.angle = opener in ("relation", "langle")
        node = self.inside(opener)
        self.bars, self.angle, self.colon_is_condition = outer
        return node

    def inside(self, opener: str) -> Node:
        if self.kind in _CLOSERS[opener] and self.kind != "[":
            return self.nothing(opener)
        node = self.statement()
        if opener == "{" and self.kind in ("over", "choose"):
            return self.divided(node)
        if opener in _SETS and self.kind in _SUCH_THAT:
            return self.conditioned(node, opener)
        return self.enclosed(opener, node, self.close(*_CLOSERS[opener]))

    def nothing(self, opener: str) -> Node:
        self.close(*_CLOSERS[opener])
        return Symbol("Empty") if opener in _SETS else Enclosed(_WRITTEN.get(opener, opener), (), ")")

    def divided(self, top: Node) -> Node:
        """`{a \\over b}`, `{n \\choose k}`."""
        name = self.kind
        self.advance()
        bottom = self.statement()
        self.close("}")
        return Quotient(top, bottom) if name == "over" else Call("binomial", (top, bottom))

    def conditioned(self, element: Node, opener: str) -> Node:
        self.advance()
        conditions = self.conditions()
        self.close(*_CLOSERS[opener])
        return SetOf(element, conditions)

    def enclosed(self, opener: str, node: Node, closer: str) -> Node:
        """Items in their brackets; `]1, 2[` is written `(1, 2)`."""
        if isinstance(node, Given) and opener in _SETS:
            return SetOf(node.statement, node.conditions)
        items = node.items if isinstance(node, Listed) else (node,)
        begin = _WRITTEN.get(opener, opener)
        end = {"[": ")", "\\}": "}"}.get(closer, closer)
        if opener == "(" and all(isinstance(item, Relation) for item in items):
            return node
        if len(items) == 1 and self.says_nothing(opener, node):
            return node
        return _rows(begin, items, end) or Enclosed(begin, items, end)

    def says_nothing(self, opener: str, node: Node) -> bool:
        """Whether brackets around one thing only group it."""
        return opener == "(" or (opener == "{" and self.latex) or (opener == "[" and isinstance(node, Matrix))

    # Environments

    def environment(self) -> Node:
        name = self.value.strip("{} *")
        self.advance()
        if name == "array" and self.kind == "{":
            self.text_of_group()
        outer = self.bars, self.angle, self.colon_is_condition
        self.bars, self.angle, self.colon_is_condition = "", False, False
        node = self.cases() if name in _PIECEWISE or self.has_conditions() else self.rows(name)
        self.bars, self.angle, self.colon_is_condition = outer
        self.close("environment end")
        return node

    def has_conditions(self) -> bool:
        """Whether an "if" or "otherwise" comes before the end: an array that stands for cases."""
        kinds = ("where", "otherwise", "environment end")
        return next((token.kind for token in self.tokens[self.at :] if token.kind in kinds), "") in kinds[:2]

    def rows(self, name: str) -> Node:
        rows: list[list[Node]] = [[]]
        while self.kind not in ("environment end", "end"):
            if self.took("row"):
                rows.append([])
            elif not self.took("&"):
                rows[-1].append(self.cell())
        return self.arranged(name, [row for row in rows if row])

    def cell(self) -> Node:
        """An entry, or the right half of a line that is aligned at its sign."""
        if self.kind == "relation":
            sign = self.relation_sign()
            node: Node = Relation((Symbol(""), self.combination()), (sign,))
        else:
            node = self.comparison()
        while self.kind in (",", ";", "and"):
            self.advance()
        return node

    def arranged(self, name: str, rows: list[list[Node]]) -> Node:
        if name in _LINES or any(isinstance(item, Relation) for row in rows for item in row):
            lines = tuple(_line(row) for row in rows)
            return lines[0] if len(lines) == 1 else Listed(lines)
        if not rows or len({len(row) for row in rows}) != 1:
            raise self.unreadable("rows of different lengths")
        matrix = Matrix(tuple(tuple(row) for row in rows))
        outside = {"vmatrix": "determinant", "Vmatrix": "norm"}.get(name)
        return Call(outside, (matrix,)) if outside else matrix

    def cases(self) -> Node:
        pieces: list[tuple[Node, Node | None]] = []
        while self.kind not in ("environment end", "end"):
            pieces.append(self.piece())
            self.took("row")
        if len(pieces) > 1 and all(condition is None for _, condition in pieces):
            return Listed(tuple(value for value, _ in pieces))
        return Cases(tuple(pieces))

    def piece(self) -> tuple[Node, Node | None]:
        value = self.comparison()
        while self.kind in ("&", ",", "where", "quad"):
            self.advance()
        if self.took("otherwise") or self.kind in ("row", "environment end", "end"):
            return value, None
        conditions = self.piece_conditions()
        return value, conditions[0] if len(conditions) == 1 else Listed(conditions)

    def piece_conditions(self) -> tuple[Node, ...]:
        items = [self.comparison()]
        while self.kind in (",", "and", "or"):
            self.advance()
            if self.kind in ("row", "environment end", "end"):
                break
            items.append(self.comparison())
        return tuple(items)

    def system(self) -> Node:
        """`\\left\\{ \\begin{array} … \\end{array} \\right.`"""
        self.advance()
        node = self.environment()
        self.took("\\}")
        return node


def _rows(begin: str, items: tuple[Node, ...], end: str) -> Node | None:
    """`[[1, 2], [3, 4]]`."""
    rows = [item.items for item in items if isinstance(item, Enclosed) and (item.open, item.close) == ("[", "]")]
    if (begin, end) != ("[", "]") or len(rows) != len(items) or len({len(row) for row in rows}) != 1:
        return None
    return Matrix(tuple(rows))


def _line(row: list[Node]) -> Node:
    """The halves of a line that is aligned at its sign, as one."""
    if len(row) == 2 and isinstance(row[1], Relation) and row[1].operands[0] == Symbol(""):
        return Relation((row[0], *row[1].operands[1:]), row[1].signs)
    return row[0] if len(row) == 1 else Listed(tuple(row))
