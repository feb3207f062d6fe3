"""Numbers in words: `twenty-one`, `one hundred and five`, `three quarters`, `two and a half`, `1.5 million`."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ..tree import Node, Number, Quotient

if TYPE_CHECKING:
    from .cursor import Cursor


def number(cursor: Cursor) -> Node:
    """The number whose first word stands here: `five`, `a dozen`, `half`, `two thirds`."""
    if cursor.raw == "a":
        cursor.advance()
    kind, value = cursor.value
    if kind == "part":
        cursor.advance()
        if cursor.raw in ("a", "an"):
            cursor.advance()
        return Quotient(Number(1), Number(value))
    return with_part(cursor, whole(cursor))


def whole(cursor: Cursor) -> int:
    """Words of a whole number: what is below a thousand gathers until a scale word takes it."""
    total, current = 0, None
    while cursor.kind == "spoken" and cursor.value[0] != "part":
        kind, value = cursor.value
        cursor.advance()
        if kind == "scale":
            total, current = total + (1 if current is None else current) * value, None
        elif kind == "hundred":
            current = (1 if current is None else current) * 100
        else:
            current = (current or 0) + value
        _step_over_joint(cursor, kind)
    return total + (current or 0)


def _step_over_joint(cursor: Cursor, kind: str) -> None:
    """The hyphen of `twenty-one` and the "and" of `one hundred and five`."""
    following = cursor.ahead()
    if following.kind != "spoken":
        return
    hyphen = cursor.kind == "-" and not cursor.gap and not following.gap
    conjunction = cursor.kind == "and" and kind in ("hundred", "scale")
    tens = hyphen and (kind == "ten" or following.value[0] == "part")
    if tens or (conjunction and following.value[0] in ("one", "ten")):
        cursor.advance()


def with_part(cursor: Cursor, value: int) -> Node:
    """What follows a whole number: thirds of it, or `and a half`."""
    if cursor.kind == "-" and cursor.ahead().kind == "spoken" and not cursor.gap:
        cursor.advance()
    if cursor.kind == "spoken" and cursor.value[0] == "part":
        part = cursor.value[1]
        cursor.advance()
        return Quotient(Number(value), Number(part))
    return and_part(cursor, value) or Number(value)


def and_part(cursor: Cursor, value: int) -> Number | None:
    """`… and a half`, `… and three quarters`."""
    if cursor.kind != "and":
        return None
    first, second = cursor.ahead(), cursor.ahead(2)
    counted = first.kind == "spoken" and first.value[0] == "one" and second.raw in _SEVERAL
    article = first.raw == "a" or first.raw == "one"
    if second.kind != "spoken" or second.value[0] != "part" or not (counted or article):
        return None
    for _ in range(3):
        cursor.advance()
    parts = first.value[1] if counted else 1
    return Number(value + Fraction(parts, second.value[1]), mixed=True)


_SEVERAL = frozenset(["halves", "thirds", "quarters", "fourths", "fifths", "sixths", "sevenths", "eighths", "ninths",
                      "tenths", "twelfths", "hundredths"])  # fmt: skip


def scaled(cursor: Cursor, amount: Node) -> Node:
    """Digits and a number word: `2 million`, `1.5 billion`, `3 quarters`, `5 dozen`."""
    kind, value = cursor.value
    if not isinstance(amount, Number) or kind not in ("scale", "hundred", "part"):
        raise cursor.unreadable("expected no number word")
    cursor.advance()
    if kind == "part":
        return Quotient(amount, Number(value))
    product = amount.value * value
    return Number(int(product) if product == int(product) else product)
