"""Finding the final answer: what is asked for and refused, and what it costs; cases/texts.jsonl has what is found."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairmark_graders.maths.answer import LONGEST, NoAnswer, Place, TooLong, final_answer, reference_answer

PIECES = [
    *[
        "\\boxed{",
        "\\fbox{",
        "\\boxed",
        "}",
        "{",
        "\\{",
        "\\",
        "$",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "\n",
        " ",
        ".",
        ". ",
    ],
    *[
        "####",
        "<answer>",
        "</answer>",
        "The answer is ",
        "Answer:",
        "answer",
        " or ",
        " and ",
        ",",
        "x = ",
        "5",
        "-6",
        "3/4",
    ],
    *["0.5", "%", "**", "`", "\\frac{1}{2}", "\\text{ or }", "İ", "\ud800", "é", "答案", "because", "not"],
]
"""What the extractor looks for, in any order."""


@pytest.mark.parametrize(
    ("place", "text", "answer"),
    [
        ("box", "The answer is 3. \\boxed{4}", "4"),
        ("marker", "\\boxed{4}. The answer is 3.", "3"),
        ("marker", "The answer is \\boxed{4}.", "4"),
        ("marker", "<answer>4</answer>", "4"),
        ("number", "The answer is 3 of 4 things.", "4"),
        ("number", "It fell by 1,200.50", "1,200.50"),
        ("number", "So x = -3/4.", "-3/4"),
        ("number", "from 3-5", "5"),
        ("number", "1.5 \\times 10^{3} in all", "1.5 \\times 10^{3}"),
        ("whole", "x = 3\n", "x = 3"),
        ("whole", "The answer is 3", "The answer is 3"),
    ],
)
def test_the_answer_is_where_it_is_said_to_be(place: Place, text: str, answer: str) -> None:
    assert final_answer(text, place) == answer


@pytest.mark.parametrize(
    ("place", "text", "reason"),
    [
        ("box", "42", "the text has no \\boxed{…}"),
        ("marker", "42", "the text doesn't mark its answer"),
        ("number", "forty-two", "the text has no number"),
        ("whole", " ", "the answer is empty"),
        ("auto", "", "the text is empty"),
        ("auto", "\\boxed{4", "the box is never closed"),
        ("auto", "\\boxed{}", "the answer is empty"),
        (
            "auto",
            "We try. Either 5 or perhaps 6 would do",
            "the last sentence names 5, 6 and doesn't say which is the answer",
        ),
        ("auto", "We try. So it is not 5", "the last sentence says what the answer is not: not 5"),
    ],
)
def test_no_answer_has_a_reason(place: Place, text: str, reason: str) -> None:
    with pytest.raises(NoAnswer) as error:
        final_answer(text, place)
    assert str(error.value) == reason


def test_a_marker_of_ones_own_takes_the_place_of_the_usual_ones() -> None:
    assert final_answer("RESULT> 5. The answer is 6.", marker="RESULT>") == "5"


def test_a_marker_of_ones_own_may_be_missing() -> None:
    with pytest.raises(NoAnswer, match="the text has no 'RESULT>'"):
        final_answer("5", "marker", "RESULT>")


def test_boxes_with_words_between_are_no_list() -> None:
    assert final_answer("First \\boxed{5}. Then \\boxed{6}.") == "6"


@pytest.mark.parametrize("between", ["\n", "\n\n", " ", "/", ". ", " (or ", ", maybe ", "\n- ", "\n2. ", "$ $"])
def test_boxes_without_words_between_are_one_list(between: str) -> None:
    assert final_answer(f"\\boxed{{5}}{between}\\boxed{{6}}") in ("5, 6", "5 or 6")


def test_what_is_said_twice_with_and_without_its_name_counts_once() -> None:
    assert final_answer("$$\\boxed{x = 5}$$\n\n$$\\boxed{5}$$") == "x = 5"


def test_what_is_said_twice_counts_once() -> None:
    assert final_answer("\\boxed{5} or \\boxed{5}") == "5"


def test_a_box_over_the_limit_is_no_answer() -> None:
    with pytest.raises(TooLong):
        final_answer(f"\\boxed{{{'1' * (LONGEST + 1)}}}")


@pytest.mark.parametrize("text", ["\\boxed{" + "{" * 15_000, "\\boxed{" + "{}" * 7_000, "\\boxed{" * 30_000])
def test_braces_that_never_close_are_given_up(text: str) -> None:
    with pytest.raises((NoAnswer, TooLong)):
        final_answer(text)


@pytest.mark.parametrize(
    ("reference", "answer"),
    [("$\\frac{1}{2}$", "\\frac{1}{2}"), ("So \\boxed{7}.", "7"), ("6 * 7 = 42\n#### 42", "42"), (" 5.\n", "5")],
)
def test_a_reference_may_be_a_whole_solution(reference: str, answer: str) -> None:
    assert reference_answer(reference) == answer


def test_an_empty_reference_is_no_reference() -> None:
    with pytest.raises(NoAnswer, match="the reference is empty"):
        reference_answer("$ $")


@pytest.mark.parametrize(
    "ending",
    ["\\boxed{42}", "#### 42", "The answer is 42.", "<answer>42</answer>", "So we find that it is 42 in all."],
)
def test_long_reasoning_costs_what_short_reasoning_costs(ending: str) -> None:
    thought = "We add $\\frac{1}{2}$ to both sides, then answer what {x} is. "
    long, short = thought * 2_000 + ending, thought * 100 + ending
    assert final_answer(long) == final_answer(short)
    assert fastest(long) < 3 * fastest(short) + 30e-6


def fastest(text: str) -> float:
    """Seconds of processor time of the quickest of many."""

    def once() -> float:
        began = time.process_time()
        for _ in range(5):
            final_answer(text)
        return (time.process_time() - began) / 5

    return min(once() for _ in range(20))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join),
    st.sampled_from(["auto", "box", "marker", "number", "whole"]),
)
def test_any_text_has_an_answer_or_none(text: str, place: Place) -> None:
    with contextlib.suppress(NoAnswer, TooLong):
        assert 0 < len(final_answer(text, place)) <= LONGEST


@pytest.mark.parametrize("piece", PIECES)
def test_any_piece_many_times_over_is_quick(piece: str) -> None:
    began = time.process_time()
    for text in (piece * (200_000 // len(piece)), (piece + " ") * 2_000 + "\\boxed{", (piece + "\n") * 2_000 + "5 ."):
        with contextlib.suppress(NoAnswer, TooLong):
            final_answer(text)
    assert time.process_time() - began < 0.2
