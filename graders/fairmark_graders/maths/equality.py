"""Whether an answer says what the reference says: `decide`.

One rule after the other looks at the two trees, and the first that knows what they are decides; what none knows stays
undecided. Where the two roles differ, the answer has to be as finished as the reference: solved, evaluated, and one
where one is asked for.
"""

from collections.abc import Callable, Iterable, Sequence

from .comparing import entries as in_order
from .comparing.algebra import differ_by_a_constant
from .comparing.curves import compare_curves, is_same_curve
from .comparing.entries import Entries
from .comparing.families import compare_families
from .comparing.members import Members, members
from .comparing.naming import Named, contradicts, named, names_agree
from .comparing.quantities import compare_quantities
from .comparing.sets import SIGNS, compare_regions, has_region, infinite, is_region
from .comparing.shape import SETS, bound, letters, put, walk, with_signs
from .decision import Decision, Leniency, different, undecided
from .errors import TooComplex
from .tree import (
    Alternatives,
    Based,
    Call,
    Cases,
    Choice,
    Combined,
    Enclosed,
    Given,
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
    Ratio,
    Relation,
    SetOf,
    Sum,
    Symbol,
    Words,
)

__all__ = ["Decision", "Leniency", "decide"]

MOST_MEMBERS = 40
"""Members of a list that isn't in the reference's order: each is compared with each."""
_EXPRESSIONS = frozenset({Number, Based, Symbol, Negative, Sum, Product, Quotient, Power, Call, Measure})
_CHOICES = "ABCDEFGH"


def decide(answer: Node, reference: Node, allow: Leniency) -> Decision:
    """Whether the answer is the reference. Raises `TooComplex`, whose `of` says which of the two is to blame."""
    if type(answer) is Number and type(reference) is Number and answer.value == reference.value:
        return Decision(True, "rational value")
    _bounded(reference, answer)
    return _Comparison(allow).decide(answer, reference)


def _bounded(reference: Node, answer: Node) -> None:
    """The reference first: whether that is too large may not depend on the answer."""
    try:
        bound(reference)
    except TooComplex as error:
        error.of = "reference"
        raise
    try:
        bound(answer)
    except TooComplex as error:
        error.of = "answer"
        raise


class _Comparison:
    """The rules, under one set of leniencies."""

    def __init__(self, allow: Leniency) -> None:
        self.allow = allow

    def decide(self, answer: Node, reference: Node) -> Decision:
        if answer == reference:
            return Decision(True, "identical")
        answer, reference = _plain(answer), _plain(reference)
        for rule in _RULES:
            found = rule(self, answer, reference)
            if found is not None:
                return found
        return undecided(f"{_kind(answer)} against {_kind(reference)}")

    def letter(self, answer: Node, reference: Node) -> Decision | None:
        """The letter of a choice; its text counts where the other side has no letter."""
        if type(answer) is Symbol and type(reference) is Symbol:
            return self._other_case(answer, reference)
        if type(answer) is not Choice and type(reference) is not Choice:
            return None
        left, right = _letter(answer), _letter(reference)
        if left and right:
            return Decision(True, "choice") if left == right else different("choice", f"{left} is not {right}")
        if type(answer) is Choice and answer.rest is not None and not right:
            return self.decide(answer.rest, reference)
        if type(reference) is Choice and reference.rest is not None and not left:
            return self.decide(answer, reference.rest)
        return different("choice", f"{_kind(answer)} is not {_kind(reference)}")

    def _other_case(self, answer: Symbol, reference: Symbol) -> Decision | None:
        same = answer.name.upper() == reference.name.upper() and answer.name.upper() in _CHOICES
        return Decision(True, "choice", None, ("case",)) if same and self.allow.case else None

    def words(self, answer: Node, reference: Node) -> Decision | None:
        """Words against words as texts; against anything else only what is known to be no value."""
        if type(answer) is not Words and type(reference) is not Words:
            return None
        if type(answer) is type(reference):
            if answer == reference:
                return Decision(True, "words")
            return different("words", "the words differ")
        words, other = (answer, reference) if type(answer) is Words else (reference, answer)
        if type(other) is Symbol and type(words) is Words and other.name.casefold() == words.text.casefold():
            return Decision(True, "words")
        if type(words) is Words and words.text in _VERDICTS and type(other) in _EXPRESSIONS:
            return different("words", f"'{words.text}' is not a value")
        return undecided("words against mathematics")

    def region(self, answer: Node, reference: Node) -> Decision | None:
        """Sets of real numbers."""
        return compare_regions(answer, reference)

    def conditions(self, answer: Node, reference: Node) -> Decision | None:
        """Statements under conditions: families of solutions, domains."""
        if type(answer) is not Given and type(reference) is not Given:
            return None
        family = compare_families(answer, reference)
        if family is not None:
            return family
        left, right = _unconditioned(answer), _unconditioned(reference)
        found = self.decide(left, right)
        if type(answer) is Given and type(reference) is Given:
            return self._both_given(found, answer, reference)
        if found.equal and not self.allow.conditions:
            return different("conditions", "one has a condition that the other hasn't")
        return found.by("conditions")

    def _both_given(self, found: Decision, answer: Given, reference: Given) -> Decision:
        if not found.equal:
            return found
        matched = self.matched(answer.conditions, reference.conditions)
        return found if matched.equal else undecided("their conditions differ")

    def statement(self, answer: Node, reference: Node) -> Decision | None:
        """Equations: named values and chains of them, or curves."""
        if type(answer) is not Relation and type(reference) is not Relation:
            return None
        if _is_inequality(answer) or _is_inequality(reference):
            return self._inequalities(answer, reference)
        left, right = named(answer), named(reference)
        if type(answer) is Relation and type(reference) is Relation and is_same_curve(answer, reference):
            return Decision(True, "one equation up to a factor")
        if left is None or right is None:
            return self._unsolved(answer, reference, left, right)
        if contradicts(left):
            return different("chain of values", "the answer states two values")
        return self._named(left, right)

    def _inequalities(self, answer: Node, reference: Node) -> Decision:
        if is_region(reference) and has_region(reference):
            return different("inequality", "the answer isn't solved")
        if type(answer) is Relation and type(reference) is Relation:
            return compare_curves(answer, reference)
        return undecided("inequalities of more than one letter")

    def _unsolved(self, answer: Node, reference: Node, left: Named | None, right: Named | None) -> Decision:
        if right is not None:
            return different("equation", "the answer is an equation that isn't solved")
        if left is not None and type(answer) is not Relation:
            return different("equation", "the reference is an equation, the answer isn't")
        if type(answer) is Relation and type(reference) is Relation:
            return compare_curves(answer, reference)
        return undecided("an equation")

    def _named(self, left: Named, right: Named) -> Decision:
        if not names_agree(left.name, right.name):
            return different("names", "they are values of different names")
        found = self.decide(_of_its_letter(left, right), right.value)
        if (left.name is None) == (right.name is None) or not found.equal:
            return found
        return found.by("assignment") if self.allow.assignment else different("names", "one has a name in front")

    def entries(self, answer: Node, reference: Node) -> Decision | None:
        """Points, vectors, matrices, systems of values; a bare list is in order where the other side is one of them."""
        left, right = _entries(answer), _entries(reference)
        if left is None and right is None:
            return None
        left = left or _as_entries(answer, right)
        right = right or _as_entries(reference, left)
        if left is None or right is None:
            return _one_of_several(answer, reference, left or right)
        ordered = in_order.aligned(left, right)
        if ordered is None:
            return different("names", "they are values of different names")
        return self._entries(ordered, right, answer, reference)

    def _entries(self, left: Entries, right: Entries, answer: Node, reference: Node) -> Decision:
        if left.brackets != right.brackets and _are_intervals(left, right, answer, reference):
            return different("intervals", "their ends are open on one side and closed on the other")
        left, right = in_order.unnested(left, right)
        if [len(row) for row in left.rows] != [len(row) for row in right.rows]:
            return different("entries", f"{_size(left)} entries are not {_size(right)}")
        pairs = zip(in_order.all_of(left), in_order.all_of(right), strict=True)
        return _all_equal("entries", [self.decide(a, b) for a, b in pairs])

    def members(self, answer: Node, reference: Node) -> Decision | None:
        """Sets, lists, alternatives: exactly the reference's members, and one where it has one."""
        left, right = members(answer), members(reference)
        if left is None and right is None:
            return None
        found = self._members(left or Members((answer,)), right or Members((reference,)))
        if (left is None) == (right is None) or not found.equal or not _is_assigned(answer, reference):
            return found
        return found.by("assignment") if self.allow.assignment else different("members", "one is a set")

    def _members(self, left: Members, right: Members) -> Decision:
        if not left.items or not right.items:
            same = len(left.items) == len(right.items)
            return Decision(same, "members", None if same else "one has no members")
        if left.is_list and right.is_list and len(left.items) == len(right.items):
            found = self._listed(left.items, right.items)
        else:
            found = self.matched(left.items, right.items)
            if found.equal and left.is_list and right.is_list and len(set(right.items)) < len(right.items):
                return different("members", "one is listed more often")
        if found.equal is False and len(right.items) == 1:
            return different("members", "several candidates for one answer")
        return found

    def _listed(self, left: Sequence[Node], right: Sequence[Node]) -> Decision:
        in_turn = _all_equal("members", map(self.decide, left, right))
        if in_turn.equal or len(left) == 1:
            return in_turn
        found = self.matched(left, right, once=True)
        if not found.equal:
            return found
        return found.by("order") if self.allow.order else different("members", "they are in another order")

    def matched(self, left: Sequence[Node], right: Sequence[Node], once: bool = False) -> Decision:
        """Whether each on the left is one on the right and the other way round, each `once` or more often."""
        if max(len(left), len(right)) > MOST_MEMBERS:
            return self._many(left, right)
        found = [[self.decide(a, b) for b in right] for a in left]
        undecided_ones = [each for row in found for each in row if each.equal is None]
        if _matches(found, once):
            used = {switch for row in found for each in row if each.equal for switch in each.lenient}
            return Decision(True, "members", None, tuple(sorted(used)))
        return undecided_ones[0] if undecided_ones else different("members", "they have other members")

    def _many(self, left: Sequence[Node], right: Sequence[Node]) -> Decision:
        """Long lists: in the same order only, or as plain numbers."""
        if all(type(each) is Number for each in (*left, *right)):
            same = {each.value for each in left if type(each) is Number} == {
                each.value for each in right if type(each) is Number
            }
            return Decision(same, "members", None if same else "they have other members")
        raise TooComplex(f"more than {MOST_MEMBERS} members in another order")

    def combined(self, answer: Node, reference: Node) -> Decision | None:
        """Sets whose ends aren't numbers, part by part; sets by their conditions."""
        if type(answer) is Combined and type(reference) is Combined and answer.operation == reference.operation:
            if answer.operation == "difference":
                found = _all_equal("sets", map(self.decide, answer.sets, reference.sets))
            else:
                found = self.matched(answer.sets, reference.sets)
            return found if found.equal else undecided("sets that may be the same")
        if type(answer) is SetOf and type(reference) is SetOf:
            return self._by_condition(answer, reference)
        return None

    def _by_condition(self, answer: SetOf, reference: SetOf) -> Decision:
        left, right = answer.element, reference.element
        conditions = answer.conditions
        if type(left) is Symbol and type(right) is Symbol:
            conditions = tuple(put(condition, left.name, right) for condition in conditions)
            left = right
        same = self.decide(left, right).equal and self.matched(conditions, reference.conditions).equal
        return Decision(True, "sets") if same else undecided("sets that may be the same")

    def ratio(self, answer: Node, reference: Node) -> Decision | None:
        """Ratios up to a factor; one of two parts is a quotient."""
        if type(answer) is Ratio and type(reference) is Ratio:
            if len(answer.parts) != len(reference.parts):
                return different("ratio", "they have another number of parts")
            a, b = answer.parts[0], reference.parts[0]
            pairs = zip(answer.parts[1:], reference.parts[1:], strict=True)
            crossed = [self._value(Product((left, b)), Product((right, a))) for left, right in pairs]
            return _all_equal("ratio", crossed)
        if type(answer) is Ratio and len(answer.parts) == 2:
            return self.decide(Quotient(*answer.parts), reference)
        if type(reference) is Ratio and len(reference.parts) == 2:
            return self.decide(answer, Quotient(*reference.parts))
        return None

    def cases(self, answer: Node, reference: Node) -> Decision | None:
        """Functions in pieces: each piece is one of the other's."""
        if type(answer) is not Cases or type(reference) is not Cases:
            return None
        left, right = ([_piece(piece) for piece in node.pieces] for node in (answer, reference))
        found = self.matched(left, right, once=True)
        return found if found.equal else undecided("functions in pieces")

    def value(self, answer: Node, reference: Node) -> Decision | None:
        """Numbers, expressions, quantities."""
        if type(answer) not in _EXPRESSIONS or type(reference) not in _EXPRESSIONS:
            return None
        if infinite(answer) or infinite(reference):
            same = infinite(answer) == infinite(reference)
            return Decision(same, "infinity", None if same else "one is infinite")
        if {at.name for at in (answer, reference) if type(at) is Symbol} & SETS:
            return undecided("a set")
        found = self._value(answer, reference)
        if found.equal is False and self.allow.constant:
            return self._other_constant(answer, reference) or found
        return found

    def _value(self, answer: Node, reference: Node) -> Decision:
        try:
            return compare_quantities(answer, reference, self.allow)
        except TooComplex as error:
            error.of = "reference" if _is_too_complex(reference) else "answer"
            raise

    def _other_constant(self, answer: Node, reference: Node) -> Decision | None:
        """One letter for an arbitrary constant instead of another; antiderivatives that differ by a constant."""
        mine, theirs = letters(answer), letters(reference)
        if mine != theirs and mine & theirs and mine - theirs <= _CONSTANT and theirs - mine <= _ARBITRARY:
            was, now = min(mine - theirs, default=""), min(theirs - mine, default="")
            renamed = compare_quantities(put(answer, was, Symbol(now)), reference, self.allow)
            if renamed.equal:
                return renamed.by("constant")
        return self._antiderivatives(answer, reference)

    def _antiderivatives(self, answer: Node, reference: Node) -> Decision | None:
        left, right = _without_constant(answer), _without_constant(reference)
        if left is None or right is None or not differ_by_a_constant(left, right).equal:
            return None
        return Decision(True, "equal up to the constant of integration", None, ("constant",))

    def kinds(self, answer: Node, reference: Node) -> Decision | None:
        """A single value is no point, vector or matrix."""
        types = {type(answer), type(reference)}
        if types & _EXPRESSIONS and types & {Matrix, Enclosed}:
            return different("kinds", f"{_kind(answer)} is not {_kind(reference)}")
        return None


_RULES: tuple[Callable[[_Comparison, Node, Node], Decision | None], ...] = (
    _Comparison.letter,
    _Comparison.words,
    _Comparison.region,
    _Comparison.conditions,
    _Comparison.entries,
    _Comparison.members,
    _Comparison.statement,
    _Comparison.combined,
    _Comparison.ratio,
    _Comparison.cases,
    _Comparison.value,
    _Comparison.kinds,
)

_SAYINGS: dict[str, Node] = {
    **dict.fromkeys(("no solution", "no real solution", "empty set", "none"), Symbol("Empty")),
    **dict.fromkeys(("all real numbers", "all reals"), Symbol("Reals")),
    **dict.fromkeys(("true", "correct"), Words("yes")),
    **dict.fromkeys(("false", "incorrect"), Words("no")),
    "infinite": Words("infinitely many"),
}
_VERDICTS = frozenset({"yes", "no", "does not exist", "undefined", "infinitely many"})


def _plain(node: Node) -> Node:
    """What is meant by a saying, or by brackets around one thing."""
    if type(node) is Words:
        return _SAYINGS.get(node.text, node)
    if type(node) is Enclosed and len(node.items) == 1 and node.open in "([":
        return _plain(node.items[0])
    if type(node) is Alternatives or type(node) is Listed:
        return _under_one_condition(node)
    return node


def _under_one_condition(node: Alternatives | Listed) -> Node:
    """`x = a + 2kπ or x = b + 2kπ, k ∈ ℤ`: what is said of the last is said of all."""
    last = node.items[-1]
    if type(last) is not Given or {item.conditions for item in node.items if type(item) is Given} != {last.conditions}:
        return node
    return Given(type(node)(tuple(map(_unconditioned, node.items))), last.conditions)


def _letter(node: Node) -> str:
    if type(node) is Choice:
        return node.letter
    name = node.name if type(node) is Symbol else node.text if type(node) is Words else ""
    return name.upper() if len(name) == 1 else ""


def _unconditioned(node: Node) -> Node:
    return node.statement if type(node) is Given else node


def _is_inequality(node: Node) -> bool:
    return type(node) is Relation and not SIGNS.isdisjoint(node.signs)


def _of_its_letter(left: Named, right: Named) -> Node:
    """The value of `f(t)` as one of x, where the other side is `f(x)`."""
    if type(left.name) is not Call or type(right.name) is not Call:
        return left.value
    (was,), (now,) = left.name.arguments[:1], right.name.arguments[:1]
    return put(left.value, was.name, now) if type(was) is Symbol and type(now) is Symbol else left.value


def _entries(node: Node) -> Entries | None:
    found = in_order.entries(node)
    return None if found is None or any(type(at) is PlusMinus for at in walk(node)) else found


def _as_entries(node: Node, like: Entries | None) -> Entries | None:
    """A bare list in its order, or a sum of unit vectors, where the other side has as many entries."""
    if like is None:
        return None
    if type(node) is Listed and not like.names:
        return Entries((node.items,))
    if type(node) in (Sum, Product, Negative, Symbol) and len(like.rows) == 1:
        return in_order.by_unit_vectors(node, len(like.rows[0]))
    return None


def _are_intervals(left: Entries, right: Entries, answer: Node, reference: Node) -> bool:
    if not left.brackets or not right.brackets or "<>" in (left.brackets, right.brackets):
        return False
    if left.brackets in ("(]", "[)") or right.brackets in ("(]", "[)"):
        return True
    return has_region(answer) and has_region(reference)


def _one_of_several(answer: Node, reference: Node, given: Entries | None) -> Decision | None:
    if given and given.names and Alternatives in (type(answer), type(reference)):
        return different("names", "values of several names are not one or another of them")
    return None


def _size(given: Entries) -> str:
    return "×".join(map(str, (len(given.rows), len(given.rows[0])))) if len(given.rows) > 1 else str(len(given.rows[0]))


def _all_equal(rule: str, found: Iterable[Decision]) -> Decision:
    """One decision of those on all parts: the first that isn't equal, a difference before what is undecided."""
    decisions = list(found)
    for wanted in (False, None):
        for each in decisions:
            if each.equal is wanted:
                return each
    rules = {each.rule for each in decisions if each.rule != "identical"}
    used = tuple(sorted({switch for each in decisions for switch in each.lenient}))
    return Decision(True, rule if len(rules) != 1 else f"{rule}: {rules.pop()}", None, used)


def _matches(found: Sequence[Sequence[Decision]], once: bool) -> bool:
    if once:
        free = set(range(len(found[0])))
        for row in found:
            at = next((index for index in free if row[index].equal), None)
            if at is None:
                return False
            free.discard(at)
        return not free
    return all(any(each.equal for each in row) for row in found) and all(
        any(row[index].equal for row in found) for index in range(len(found[0]))
    )


def _is_assigned(answer: Node, reference: Node) -> bool:
    return Relation in (type(answer), type(reference)) or len(with_signs(answer)) == len(with_signs(reference)) == 1


def _piece(piece: tuple[Node, Node | None]) -> Node:
    value, condition = piece
    return Given(value, (condition if condition is not None else Words("otherwise"),))


def _is_too_complex(node: Node) -> bool:
    """Whether a value can't be told even from one beside it."""
    try:
        compare_quantities(node, Sum((node, Number(1))), Leniency(rounding=False))
    except TooComplex:
        return True
    return False


_ARBITRARY = frozenset({"C", "K", "C_1", "C_2", "c_1", "c_2"})
_CONSTANT = frozenset({"C", "c", "K", "k", "C_1", "c_1", "C_0", "const", "constant", "D", "A", "B"})


def _without_constant(node: Node) -> Node | None:
    """The antiderivative before its constant of integration; None where it has none."""
    if type(node) is not Sum:
        return None
    for term in node.terms:
        rest = tuple(other for other in node.terms if other is not term)
        if type(term) is Symbol and term.name in _CONSTANT and term.name not in letters(Sum(rest)):
            return Sum(rest) if len(rest) > 1 else rest[0]
    return None


def _kind(node: Node) -> str:
    return _KINDS.get(type(node), "an expression")


_KINDS: dict[type, str] = {
    Choice: "a choice",
    Words: "words",
    Enclosed: "something in brackets",
    Matrix: "a matrix",
    Listed: "a list",
    Alternatives: "alternatives",
    Relation: "a relation",
    Given: "a statement with conditions",
    Cases: "a function in pieces",
    Ratio: "a ratio",
    SetOf: "a set",
    Combined: "a set",
    Number: "a number",
}
