"""What crosses between a program and whoever judges it."""

import collections
import datetime
import decimal
import enum
import fractions
import json
import math
from typing import Any, NamedTuple

import pytest

from fairmark_graders.sandbox.inside.plain import DEEPEST, NotPlain, decode, encode

VALUES: list[Any] = [
    *[None, True, False, 0, -1, 2**62, 2**64, -(10**5000), 0.0, -0.0, 1.5, 1e300, math.inf, 1j, complex(-0.0, 2)],
    *["", "é", "\ud800", "a\x00b", b"", b"\xff", bytearray(b"ab"), (), (1,), [], [[]], set(), {1, "a"}],
    *[frozenset({(1, 2)}), {}, {1: [2], "a": {(): None}}, {True: 1, None: 2}, range(3), range(5, 1, -2)],
    *[collections.deque([1]), collections.deque([1], 3), decimal.Decimal("1.50"), fractions.Fraction(1, 3)],
    *[datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, 12), datetime.time(1, 2), datetime.timedelta(-1, 5)],
]


class Point(NamedTuple):
    x: int
    y: int


class Colour(enum.IntEnum):
    RED = 3


class Sly(int):
    def __eq__(self, other: object) -> bool:
        return True

    def __int__(self) -> int:
        raise AssertionError

    def __hash__(self) -> int:
        return 0


class Text(str):
    def __str__(self) -> str:
        return "another"


def crossed(value: Any) -> Any:
    return decode(json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_plain_value_comes_out_as_it_went_in(value: Any) -> None:
    found = crossed(value)
    assert type(found) is type(value)
    assert found == value
    assert isinstance(value, int | set) or repr(found) == repr(value)  # -0.0, scale and order, too


def test_no_number_comes_out_as_no_number() -> None:
    assert math.isnan(crossed(math.nan))


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Point(1, 2), (1, 2)),
        (Colour.RED, 3),
        (Sly(7), 7),
        (Text("a"), "a"),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.Counter("aa"), {"a": 2}),
        (collections.defaultdict(list, {1: [2]}), {1: [2]}),
    ],
)
def test_a_value_of_another_class_crosses_as_what_it_extends(value: Any, plain: Any) -> None:
    found = crossed(value)
    assert type(found) is type(plain)
    assert found == plain


def test_no_method_of_the_programs_is_called() -> None:
    class Trap(list[Any]):
        def __iter__(self) -> Any:
            raise AssertionError

        __len__ = __getitem__ = __eq__ = __iter__  # type: ignore[assignment]

    assert crossed(Trap([1, 2])) == [1, 2]


@pytest.mark.parametrize("value", [object(), print, int, iter([]), (x for x in ""), [object()], {1: object()}])
def test_what_is_not_plain_does_not_cross(value: Any) -> None:
    with pytest.raises(NotPlain):
        encode(value)


def test_nesting_has_an_end() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(NotPlain, match=f"more than {DEEPEST} deep"):
        encode(value)


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else []


FORGED = [
    *[{}, {"a": 1, "b": 2}, {"list": []}, {"set": [[]]}, {"dict": [[1]]}, {"dict": [1]}, {"int": ["x"]}, {"int": []}],
    *[{"bytes": [1]}, {"fraction": ["1e999999999", 1]}, {"fraction": [1, 0]}, {"decimal": ["x"]}, {"range": ["a"]}],
    *[{"timedelta": [1e300]}, {"set": 1}, {"set": None}, {"date": ["2024-99-99"]}, {"complex": [[]]}, nested(DEEPEST)],
    *[{name: [{"range": [0, 10**12, 1]}, None][:room]} for name, room in (("deque", 2), ("deque", 1), ("dict", 1))],
]


@pytest.mark.parametrize("data", FORGED, ids=lambda data: repr(data)[:40])
def test_what_nobody_encoded_is_refused(data: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the constructor says
        decode(data)
