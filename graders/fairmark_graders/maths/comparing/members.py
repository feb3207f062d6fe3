"""Things with members: sets, lists, alternatives, both signs."""

from collections.abc import Sequence
from typing import NamedTuple

from ..decision import Decision, different
from ..tree import Alternatives, Call, Enclosed, Listed, Node, Relation, Symbol
from .comparison import Comparison
from .naming import is_name, named, names_agree
from .shape import with_signs


class Members(NamedTuple):
    """What is listed, and whether its order was written on purpose."""

    items: tuple[Node, ...]
    is_list: bool = False


def members(node: Node) -> Members | None:
    """The members of a set, a list or several alternatives; None for a single thing."""
    if type(node) is Enclosed and node.open == "{":
        return Members(_flattened(node.items))
    if type(node) is Alternatives:
        return Members(_flattened(node.items))
    if type(node) is Listed:
        return _listed(node)
    if type(node) is Relation:
        return _stated(node)
    if node == Symbol("Empty"):
        return Members(())
    signs = with_signs(node)
    return Members(signs) if len(signs) > 1 else None


def _listed(node: Listed) -> Members:
    """The items; for values of several names, some with both signs, the two that this stands for."""
    items = _flattened(node.items)
    signs = with_signs(node)
    return Members(signs) if items is node.items and len(signs) > 1 else Members(items, is_list=True)


def _flattened(items: tuple[Node, ...]) -> tuple[Node, ...]:
    """Members of members that are no sets themselves, without the name in front that all of them share."""
    names = [stated.name for item in items if type(item) is Relation and (stated := named(item))]
    if any(not names_agree(names[0], name) for name in names):
        return items
    return tuple(member for item in items for member in _members_of(item))


def _members_of(item: Node) -> tuple[Node, ...]:
    if item == Symbol("Empty") or (type(item) is Enclosed and item.open == "{"):
        return (item,)
    found = members(item)
    if found is not None:
        return found.items
    stated = named(item) if type(item) is Relation else None
    return (stated.value,) if stated is not None and stated.name is not None and not stated.steps else (item,)


def _stated(node: Relation) -> Members | None:
    """`x = 1 or 2`, `x \\in \\{1, 2\\}`, `x = \\pm 2`."""
    if len(node.operands) != 2 or node.signs[0] not in ("=", "in") or not is_name(node.operands[0]):
        return None
    return members(node.operands[1])


def compare_members(run: Comparison, answer: Node, reference: Node) -> Decision | None:
    """Exactly the reference's members, and one where it has one."""
    left, right = members(answer), members(reference)
    if {type(answer), type(reference)} == {Listed, Alternatives} and (_is_logic(answer) or _is_logic(reference)):
        return different("members", "one has 'and', the other 'or'")
    if (mine := _letters(answer)) and (theirs := _letters(reference)) and len(mine) == len(theirs) and mine != theirs:
        return different("members", "they are values of different names")
    if _are_named_apart(_items(reference)) and any(map(_is_of_no_letter, _items(answer))):
        return different("members", "one is an equation of plain values")
    if (left is None and right is None) or _is_equation(answer) or _is_equation(reference):
        return None
    found = _compare(run, left or Members((answer,)), right or Members((reference,)))
    if found.equal and right is None and left is not None and _is_several(left):
        return different("members", "several values for one")
    if (left is None) == (right is None) or not found.equal or not _is_assigned(answer, reference):
        return found
    return found.by("assignment") if run.allow.assignment else different("members", "one is a set")


def _is_several(listed: Members) -> bool:
    """Whether a list is of values of several letters, though all are equal: `a = 5, b = 5`."""
    return listed.is_list and len(listed.items) > 1 and _are_named_apart(listed.items)


def _is_equation(node: Node) -> bool:
    """Whether this is an equation that states no value."""
    return type(node) is Relation and named(node) is None


def _is_assigned(answer: Node, reference: Node) -> bool:
    return Relation in (type(answer), type(reference)) or len(with_signs(answer)) == len(with_signs(reference)) == 1


def _compare(run: Comparison, left: Members, right: Members) -> Decision:
    if not left.items or not right.items:
        same = len(left.items) == len(right.items)
        return Decision(same, "members", None if same else "one has no members")
    both_lists = left.is_list and right.is_list
    if both_lists and len(left.items) == len(right.items):
        found = _compare_lists(run, left.items, right.items)
    else:
        found = run.matched(left.items, right.items)
        if found.equal and both_lists and len(set(right.items)) < len(right.items):
            return different("members", "one is listed more often")
    if found.equal is False and len(right.items) == 1 < len(left.items):
        return different("members", "several candidates for one answer")
    return found


def _compare_lists(run: Comparison, left: Sequence[Node], right: Sequence[Node]) -> Decision:
    in_turn = run.in_turn("members", left, right)
    if in_turn.equal or len(left) == 1:
        return in_turn
    if _are_named_apart(right):
        return different("members", "they are values of different names")
    found = run.matched(left, right, once=True)
    if not found.equal:
        return found
    return found.by("order") if run.allow.order else different("members", "they are in another order")


def _are_named_apart(items: Sequence[Node]) -> bool:
    """Whether each is the value of a letter of its own, `q = 7, r = 5`; `x_1` and `x_2` are values of one."""
    return len({name.partition("_")[0].casefold() for name in _names(items)}) == len(items) > 0


def _is_logic(node: Node) -> bool:
    """Whether "and" and "or" join statements: `\\lnot p \\land q`, "I and III"; of values, both list solutions."""
    items = _items(node)
    return any(type(at) is Call and at.name == "not" for at in items) or all(type(at) is Symbol for at in items)


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if type(node) is Listed or type(node) is Alternatives else ()


def _is_of_no_letter(item: Node) -> bool:
    """Whether this is `2 = 2`, where others are values of letters."""
    stated = named(item) if type(item) is Relation else None
    return stated is not None and stated.name is None


def _letters(node: Node) -> list[str]:
    """The letters that several values are given, in alphabetical order; of a list that shares one, that."""
    if type(node) is Relation and members(node) is None:
        return []
    items = _items(node) or (node,)
    return sorted(name.casefold() for name in _names(items) if len(name) == 1)


def _names(items: Sequence[Node]) -> list[str]:
    stated = [found for item in items if type(item) is Relation and (found := named(item))]
    return [value.name.name for value in stated if type(value.name) is Symbol]
