"""Whatever the text: a tree, `Unreadable` or `TooComplex`, in linear time."""

import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairmark_graders.maths.errors import TooComplex, Unreadable
from fairmark_graders.maths.reader import LONGEST, read
from fairmark_graders.maths.reading.signs import COMMANDS as READ
from fairmark_graders.maths.tree import Node, Number

SECONDS = 0.5
"""More than ten times what the slowest text of full length took on a crowded machine."""

COMMANDS = [f"\\{name}" for name in READ]
PIECES = [
    *"0123456789abcdefinxyzABCDU+-*/^_=<>()[]{}|,;:.!'%$&~ \\\"",
    *["\\{", "\\}", "\\\\", "\\,", "\\left(", "\\right)", "\\left|", "\\right|", "\\begin{cases}", "\\end{cases}"],
    *[
        "\\begin{pmatrix}",
        "\\end{pmatrix}",
        "\\text{",
        "\\mathrm{",
        "\\mathbb{R}",
        "\\circ",
        "^\\circ",
        "\\operatorname{",
    ],
    *["sin ", "log_", "sqrt(", " or ", " and ", " for ", " where ", " to ", " is ", " in ", " mod ", " except ", "(A)"],
    *["five ", "twenty-", " thirds", " and a half", " million", "0.\\overline{3}", "0.(3)", "1e5", "1,234", "10_2"],
    *[
        "cm",
        "km/h",
        " square ",
        " per ",
        "apples",
        "degrees",
        "²",
        "½",
        "√",
        "π",
        "∞",
        "∪",
        "≤",
        "°",
        "−",
        "×",
        "ℝ",
        "€",
    ],
    *[
        "all real numbers",
        "does not exist",
        "the answer is ",
        "such that",
        "because",
        "an integer",
        "\x00",
        "\ud800",
        "\u202e",
    ],
]


def outcome(text: str) -> Node | str:
    try:
        return read(text)
    except (Unreadable, TooComplex) as error:
        return str(error)


@given(st.lists(st.sampled_from(PIECES + COMMANDS), max_size=25).map("".join))
@settings(max_examples=800, deadline=None)
def test_pieces_of_mathematics_in_any_order_are_read_or_refused_and_always_alike(text: str) -> None:
    assert outcome(text) == outcome(text)


@given(st.text(max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    assert outcome(text)


@given(
    st.integers(), st.sampled_from(["{}", "${}$", " {} ", "\\boxed{{{}}}", "{}.", "\\text{{{}}}", "The answer is {}"])
)
@settings(deadline=None)
def test_wrapping_does_not_change_a_number(value: int, wrapping: str) -> None:
    assert read(wrapping.format(value)) == read(str(value))


@given(st.integers(min_value=1000), st.sampled_from([",", "{,}", "\\,", "\\!", " ", ",\\!"]))
@settings(deadline=None)
def test_separated_thousands_are_one_number(value: int, separator: str) -> None:
    assert read(f"{value:,}".replace(",", separator)) == Number(value)


NESTING = ["(", "1(", "1, 2(", "\\frac{1}{", "2\\sqrt{", "x^{", "1|", "\\sin", "\\left[", "\\{1, ", "2f(", "x for (",
           "-(", "x\\sin(", "1<(", "(1,2)\\cup(", "3:(", "\\begin{cases}", "\\sum_{", "x_{", "\\log_{",
           "1 or (", "$5("]  # fmt: skip


def hostile() -> Iterator[tuple[str, str]]:
    """Texts of full length that repeat one thing, and longer ones."""
    for piece in [
        *PIECES,
        *COMMANDS[::9],
        "1,",
        "x<",
        "\\frac{",
        "{1\\over ",
        "5 m",
        "9^",
        "1/",
        "x for x>0 ",
        "(1,2)∪",
        "5C2",
        "(A) ",
    ]:
        yield repr(piece), piece * (LONGEST // len(piece))
        yield f"1{piece!r}", f"1{piece}" * (LONGEST // (len(piece) + 1))
    yield "nested 300 deep", "(" * 300 + "1" + ")" * 300
    yield "fractions 300 deep", "\\frac{1}{" * 300 + "1" + "}" * 300
    yield "100,000 braces", "{" * 100_000
    yield "5 MB", "1" * 5_000_000
    yield "4,500 digits", "1" * 4_500


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in hostile()])
def test_a_hostile_text_takes_no_longer_than_its_length_allows(text: str) -> None:
    assert min(took(text) for _ in range(3)) < SECONDS  # one of them may meet the collector's pass over a long run


def took(text: str) -> float:
    start = time.process_time()
    outcome(text)
    return time.process_time() - start


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1" * 5001, "the text has 5,001 characters; 5,000 can be read"),
        ("(" * 41 + "1" + ")" * 41, "nested more than 40 deep"),
        ("1" * 4001, "a number of 4,001 characters; 4,000 can be read"),
        ("1/" * 70 + "1", "more than 40 divisions one after another"),
        ("5" + "!" * 200, "more than 40 signs after one another behind a base"),
    ],
)
def test_what_is_too_large_is_refused_with_its_size(text: str, reason: str) -> None:
    with pytest.raises(TooComplex, match=reason):
        read(text)


@pytest.mark.parametrize("opening", NESTING)
def test_the_deepest_text_that_is_read_needs_two_thirds_of_pythons_stack(opening: str) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(used_frames() + 650)
    try:
        outcome(opening * 200 + "1")
    finally:
        sys.setrecursionlimit(limit)


def used_frames() -> int:
    frame, count = sys._getframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1  # type: ignore[assignment]
    return count


@pytest.mark.parametrize(
    "text", ["", " ", "$$", "\\boxed{}", "(1", "(1, 2", "\\frac{1}{2", "\\sqrt{2", "{5}}", "5}", "\\{1,2"]
)
def test_one_missing_bracket_at_the_end_is_forgiven_and_nothing_is_refused(text: str) -> None:
    if text.strip("$ ") in ("", "\\boxed{}"):
        with pytest.raises(Unreadable, match="empty"):
            read(text)
    else:
        assert read(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\\frac{1}{", "expected an operand at the end"),
        ("((1", r"expected '\)' at the end"),
        ("1)", r"expected nothing more at '\)'"),
        ("2 +", "expected an operand at the end"),
        ("x > > 5", "expected an operand at '>'"),
        ("102_2", "'102_2' has a digit that its base doesn't"),
        ("\\begin{pmatrix}1&2\\\\3\\end{pmatrix}", "rows of different lengths"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(text)
