"""One comparison: what is forgiven, and how the parts of two trees are compared in turn."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from ..decision import Decision, Leniency, different, undecided
from ..errors import TooComplex
from ..tree import Node
from .exact import exact, is_rational
from .meaning import kind, plain
from .shape import is_literal

MOST_MEMBERS = 20
"""Members in another order than the reference's: each is compared with each."""
MOST_COMPARISONS = 500
"""Of members with members, some 10 ms in all."""


class Comparison:
    """The rules, which decide by the first of them that knows what it sees, under one set of leniencies."""

    def __init__(self, rules: Sequence["Rule"], allow: Leniency) -> None:
        self.rules, self.allow = rules, allow
        self.left = MOST_COMPARISONS

    def decide(self, answer: Node, reference: Node) -> Decision:
        """Whether one part is the other. Raises `TooComplex`."""
        if answer == reference:
            return Decision(True, "identical")
        answer, reference = plain(answer), plain(reference)
        # Most answers and references are plain numbers, about which only the last rule knows anything.
        for rule in self.rules[-1:] if is_literal(answer) and is_literal(reference) else self.rules:
            found = rule(self, answer, reference)
            if found is not None:
                return found
        return undecided(f"{kind(answer)} against {kind(reference)}")

    def in_turn(self, rule: str, left: Iterable[Node], right: Iterable[Node]) -> Decision:
        """Whether each on the left is the one on the right at its place."""
        return all_equal(rule, map(self.decide, left, right))

    def matched(self, left: Sequence[Node], right: Sequence[Node], once: bool = False) -> Decision:
        """Whether each on the left is one on the right and the other way round, each `once` or more often."""
        many = max(len(left), len(right)) > MOST_MEMBERS
        if all(map(is_rational, left)) and all(map(is_rational, right)):
            same = _same_numbers(left, right, once)
            if same or many:
                return Decision(same, "members", None if same else "they have other members")
        if many:
            raise TooComplex(f"more than {MOST_MEMBERS} members in another order")
        return self._matched(left, right, once)

    def _matched(self, left: Sequence[Node], right: Sequence[Node], once: bool) -> Decision:
        free, met, used = set(range(len(right))), set[int](), set[str]()
        for each in left:
            found = {at: self._counted(each, right[at]) for at in sorted(free if once else range(len(right)))}
            equal = [at for at, decision in found.items() if decision.equal]
            if not equal:
                unsure = [decision for decision in found.values() if decision.equal is None]
                return unsure[0] if unsure else different("members", "they have other members")
            met.update(equal)
            used.update(found[equal[0]].lenient)
            free.discard(equal[0])
        if len(met) < len(right) or (once and free):
            return different("members", "members are missing")
        return Decision(True, "members", None, tuple(sorted(used)))

    def _counted(self, answer: Node, reference: Node) -> Decision:
        self.left -= 1
        if self.left < 0:
            raise TooComplex(f"more than {MOST_COMPARISONS} comparisons of members")
        return self.decide(answer, reference)


Rule = Callable[[Comparison, Node, Node], Decision | None]
"""Decides about two trees, or gives None where they aren't what it knows."""


def all_equal(rule: str, found: Iterable[Decision]) -> Decision:
    """One decision of those on all parts: the first that isn't equal, a difference before what is undecided."""
    decisions = list(found)
    for wanted in (False, None):
        for each in decisions:
            if each.equal is wanted:
                return each
    rules = {each.rule for each in decisions if each.rule != "identical"}
    used = tuple(sorted({switch for each in decisions for switch in each.lenient}))
    return Decision(True, rule if len(rules) != 1 else f"{rule}: {rules.pop()}", None, used)


def _same_numbers(left: Sequence[Node], right: Sequence[Node], once: bool) -> bool:
    return (Counter if once else set)(map(exact, left)) == (Counter if once else set)(map(exact, right))
