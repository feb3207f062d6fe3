"""When an output or a value is the expected one; the tables of docs/code.md."""

import collections
from decimal import Decimal
from typing import Any

import pytest

from fairmark_graders.code.rules import OutputRule, Tolerance, ValueRule

NONE = Tolerance()
HUNDREDTH = Tolerance(absolute=0.01)

OUTPUTS = [
    # found, expected, whether by lines, by words, exactly
    (b"3\n", b"3\n", True, True, True),
    (b"3", b"3\n", True, True, False),
    (b"3\n\n\n", b"3", True, True, False),
    (b"1 2 \n3\t\n", b"1 2\n3\n", True, True, False),
    (b"1\r\n2\r\n", b"1\n2\n", True, True, False),
    (b"1  2\n", b"1 2\n", False, True, False),
    (b"  3\n", b"3\n", False, True, False),
    (b"\n3\n", b"3\n", False, True, False),
    (b"1\n2\n", b"1 2\n", False, True, False),
    (b"12\n", b"1 2\n", False, False, False),
    (b"3.0\n", b"3\n", False, False, False),
    (b"Yes\n", b"YES\n", False, False, False),
    (b"", b"", True, True, True),
    (b"\n", b"", True, True, False),
    (b"\xff\n", b"\xff", True, True, False),
]


@pytest.mark.parametrize(("found", "expected", "lines", "words", "exact"), OUTPUTS)
def test_whitespace_counts_as_the_rule_says(
    found: bytes, expected: bytes, lines: bool, words: bool, exact: bool
) -> None:
    assert OutputRule().same(found, expected, None) is lines
    assert OutputRule(whitespace="words").same(found, expected, None) is words
    assert OutputRule(whitespace="exact").same(found, expected, None) is exact


@pytest.mark.parametrize("whitespace", ["lines", "words", "exact"])
def test_lines_may_come_in_any_order(whitespace: Any) -> None:
    rule = OutputRule(whitespace=whitespace, line_order="any")
    assert rule.same(b"b 1\na 2", b"a 2\nb 1", None)
    assert not rule.same(b"b 1\na 1", b"a 2\nb 1", None)
    assert not rule.same(b"a\na\nb", b"a\nb\nb", None)


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        (b"3.001\n", b"3\n", True),
        (b"x = 3.001\n", b"x = 3.0\n", True),
        (b"3.02\n", b"3\n", False),
        (b"1e-3 -2\n", b"0 -2.001\n", True),
        (b"nan\n", b"3\n", False),
        (b"inf\n", b"1e400\n", False),
        (b"3.001 4\n", b"3\n", False),
        (b"0x3\n", b"3\n", False),
        (b"1_0\n", b"10\n", False),
        (b"3.001\n4\n", b"3\n4\n", True),
        (b"3.001 4\n", b"3\n4\n", False),
    ],
)
def test_numbers_in_an_output_may_be_off_by_the_tolerance(found: bytes, expected: bytes, same: bool) -> None:
    assert OutputRule().same(found, expected, HUNDREDTH) is same


VALUES: list[tuple[Any, Any, bool]] = [
    (1, 1.0, True),
    (1, True, True),
    ((1, 2), [1, 2], False),
    ([1, 2], (1, 2), False),
    ([(1,)], [(1,)], True),
    ({1, 2}, {2, 1}, True),
    ({1}, frozenset({1}), True),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
    ({1: "a"}, {"1": "a"}, False),
    (0.1 + 0.2, 0.3, False),
    (float("nan"), float("nan"), False),
    (None, False, False),
    ("1", 1, False),
    (b"a", "a", False),
    (collections.deque([1]), [1], False),
    (Decimal("0.5"), 0.5, True),
    (Decimal("sNaN"), 1, False),
    ([[1], [2, 3]], [[1], [2]], False),
]


@pytest.mark.parametrize(("found", "expected", "same"), VALUES, ids=repr)
def test_values_are_the_same_as_python_has_it(found: Any, expected: Any, same: bool) -> None:
    assert ValueRule().same(found, expected) is same
    assert ValueRule(tolerance=NONE).same(found, expected) is same


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        ((1, 2), [1, 2], True),
        ([(1, 2), (3, 4)], [[1, 2], [3, 4]], True),
        ({"a": (1,)}, {"a": [1]}, True),
        ([1, 2], (1, 2), False),
        ((1, 2), [1, 3], False),
    ],
)
def test_a_tuple_may_stand_for_a_list_that_was_written_in_json(found: Any, expected: Any, same: bool) -> None:
    assert ValueRule(lists_as_tuples=True).same(found, expected) is same


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        (3.001, 3, True),
        ([{"x": (1.0, 2.001)}], [{"x": (1, 2)}], True),
        (3.02, 3, False),
        (2**5000, 3.0, False),
        (2**5000, 2**5000, True),
        (float("inf"), float("inf"), True),
        (float("inf"), 3, False),
        (True, 1.001, False),
        ("3.001", "3", False),
    ],
)
def test_numbers_in_a_value_may_be_off_by_the_tolerance(found: Any, expected: Any, same: bool) -> None:
    assert ValueRule(tolerance=HUNDREDTH).same(found, expected) is same


def test_a_relative_tolerance_is_one_of_the_expected_number() -> None:
    tolerance = Tolerance(relative=0.1)
    assert tolerance.allows(110, 100)
    assert not tolerance.allows(100, 111.2)
    assert not tolerance.allows(111, 100)
