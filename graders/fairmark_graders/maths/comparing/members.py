"""Things with members: sets, lists, alternatives, both signs."""

from typing import NamedTuple

from ..tree import Alternatives, Enclosed, Listed, Node, Relation, Symbol
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
        return Members(_flattened(node.items), is_list=True)
    if type(node) is Relation:
        return _stated(node)
    if node == Symbol("Empty"):
        return Members(())
    signs = with_signs(node)
    return Members(signs) if len(signs) > 1 else None


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
