"""Plain data as JSON: what crosses between a program and whoever judges it. Nothing of the program's comes along.

    null, booleans, numbers, strings, lists   as such; integers beyond 64 bits {"int": hexadecimal}
    {"tuple": […]}, {"set": […]}, {"frozenset": […]}, {"dict": [[key, value], …]}, {"bytes": hexadecimal}, …

A value of a class of the program's that extends one of these goes as what it extends, so a `namedtuple` is a tuple and
an integer with an `__eq__` of its own is an integer. Anything else isn't plain, but for the caller's `refer`.
"""

import collections
import datetime
import decimal
import fractions
from collections.abc import Callable, Iterable
from typing import Any

DEEPEST = 100
"""Levels of nesting: far from what comparing two values takes of the stack."""

_MOST_BITS = 63

Refer = Callable[[Any], Any]
"""What stands for a value that isn't plain. Raises `NotPlain`."""


class NotPlain(Exception):
    """A value of a kind that doesn't cross; the message names it."""


def encode(value: Any, refer: Refer | None = None, depth: int = DEEPEST) -> Any:
    """JSON of a value. Raises `NotPlain`."""
    kind = type(value)
    if value is None or kind in (bool, str, float):
        return value
    if not depth:
        raise NotPlain(f"a value that is nested more than {DEEPEST} deep")
    base = kind if kind in _ENCODED else next((base for base in kind.__mro__ if base in _ENCODED), None)
    if base is not None:
        return _ENCODED[base](value, lambda inner: encode(inner, refer, depth - 1))
    if refer is None:
        raise NotPlain(f"an object of class {kind.__name__[:80]}")
    return refer(value)


def decode(data: Any, refer: Refer | None = None, depth: int = DEEPEST) -> Any:
    """The value of what `encode` made, or anybody. Raises `ValueError` for what it can't have made."""
    if type(data) is list:
        return [decode(inner, refer, depth - 1) for inner in _bounded(data, depth)]
    if type(data) is not dict:
        return data
    (tag, content), *more = data.items() or [("", None)]
    if refer is not None and tag not in _DECODED:
        return refer(data)
    if more or tag not in _DECODED:
        raise ValueError("not plain data")
    try:
        return _DECODED[tag]([decode(inner, refer, depth - 1) for inner in _bounded(content, depth)])
    except (TypeError, LookupError, ArithmeticError) as error:
        raise ValueError(f"not plain data: {error}") from None


def _bounded(content: Any, depth: int) -> list[Any]:
    if type(content) is not list or not depth:
        raise ValueError("not plain data")
    return content


def _number(value: int, _: object) -> Any:
    value = int.__add__(value, 0)
    return value if value.bit_length() <= _MOST_BITS else {"int": [hex(value)]}


def _listed(kind: type) -> Callable[[Any, Refer], Any]:
    iterate: Callable[[Any], Iterable[Any]] = vars(kind)["__iter__"]
    return lambda value, inner: {kind.__name__: [inner(member) for member in iterate(value)]}


_Parts = Callable[[Any], Iterable[Any]]


def _built(tag: str, parts: _Parts) -> Callable[[Any, Refer], Any]:
    return lambda value, inner: {tag: [inner(part) for part in parts(value)]}


_ENCODED: dict[type, Callable[[Any, Refer], Any]] = {
    bool: lambda value, _: value,
    int: _number,
    float: lambda value, _: float.__float__(value),
    str: lambda value, _: str.__str__(value),
    list: lambda value, inner: [inner(member) for member in list.__iter__(value)],
    tuple: _listed(tuple),
    set: _listed(set),
    frozenset: _listed(frozenset),
    dict: lambda value, inner: {"dict": [[inner(key), inner(member)] for key, member in dict.items(value)]},
    bytes: _built("bytes", lambda value: [memoryview(value).hex()]),
    bytearray: _built("bytearray", lambda value: [memoryview(value).hex()]),
    complex: _built("complex", lambda value: [value.real, value.imag]),
    range: _built("range", lambda value: [value.start, value.stop, value.step]),
    collections.deque: _built("deque", lambda value: [list(collections.deque.__iter__(value)), value.maxlen]),
    decimal.Decimal: _built("decimal", lambda value: [decimal.Decimal.__str__(value)]),
    fractions.Fraction: _built("fraction", lambda value: [value.numerator, value.denominator]),
    datetime.datetime: _built("datetime", lambda value: [datetime.datetime.isoformat(value)]),
    datetime.date: _built("date", lambda value: [datetime.date.isoformat(value)]),
    datetime.time: _built("time", lambda value: [datetime.time.isoformat(value)]),
    datetime.timedelta: _built("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
}


def _list(value: Any) -> Any:
    """A list and no other iterable: a range of 40 bytes has any number of members."""
    if type(value) is not list:
        raise ValueError("not plain data")
    return value


def _deque(parts: list[Any]) -> collections.deque[Any]:
    members, longest = parts
    return collections.deque(_list(members), longest)


def _fraction(parts: list[Any]) -> fractions.Fraction:
    """Of two integers: of a text it takes `1e999999999`, and forever."""
    if {*map(type, parts)} != {int}:
        raise ValueError("not plain data")
    return fractions.Fraction(*parts)


_DECODED: dict[str, Callable[[list[Any]], Any]] = {
    "int": lambda parts: int(parts[0], 16),
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": lambda parts: dict(map(_list, parts)),
    "bytes": lambda parts: bytes.fromhex(parts[0]),
    "bytearray": lambda parts: bytearray.fromhex(parts[0]),
    "complex": lambda parts: complex(*parts),
    "range": lambda parts: range(*parts),
    "deque": _deque,
    "decimal": lambda parts: decimal.Decimal(parts[0]),
    "fraction": _fraction,
    "datetime": lambda parts: datetime.datetime.fromisoformat(parts[0]),
    "date": lambda parts: datetime.date.fromisoformat(parts[0]),
    "time": lambda parts: datetime.time.fromisoformat(parts[0]),
    "timedelta": lambda parts: datetime.timedelta(*parts),
}
