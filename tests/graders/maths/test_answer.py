"""Finding the final answer: what is asked for and refused, and what it costs; cases/texts.jsonl has what is found."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cpu import cpu_at_most

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
    *["so 5, so ", "for 5, ", "(or ", "**5** ", "is 5 ", "when 5 ", "1 hour and ", "→ x = "],
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


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("It is 3. So 42.0", "42.0"),
        ("Hmm... hence... So 0.5", "0.5"),
        ("t² = 4\nt = 2 s", "t = 2 s"),
        ("Let u = sin x.\ndy/dx = 2u · du/dx\n= 2 sin x cos x", "2 sin x cos x"),
        ("The determinant is −2.\n$$A = \\frac{1}{2}$$", "A = \\frac{1}{2}"),
        ("So it simplifies to\n$$1-\\dfrac{6}{x}.$$", "1-\\dfrac{6}{x}"),
        ("- x = 2\n- y = 3", "x = 2, y = 3"),
        ("Hence they meet at **(2, 4)** and **(−1, 1)**.", "(2, 4), (−1, 1)"),
        ("Slope: 6/2 = 3.\nRearranging, the line is **3x − y = 1**.", "3x − y = 1"),
        ("So the product is −3**i** + 6**j**.", "the product is −3\\mathbf{i} + 6\\mathbf{j}"),
        ("x = ln 5 (≈ 1.609)", "x = ln 5"),
        ("Ana is 13 years old (and Tom is 17).", "13 years"),
        ("So the train needs 1 hour and 30 minutes.", "1 hour and 30 minutes"),
        ("The board is 3 ft 4 in long.", "3 ft 4 in"),
        ("The profit was 2.4 million dollars.", "2.4 million dollars"),
        ("They sold 5 dozen eggs.", "5 dozen"),
        ("The film ends at 9:55 PM.", "9:55 PM"),
        ("It was on March 3, 2024.", "March 3, 2024"),
        ("After 30 days Sam has saved 750 cents.", "750 cents"),
        ("With r = 3 and h = 4, the volume is 12π.", "the volume is 12π"),
        ("The total is 12, since there are 4 bags.", "The total is 12"),
        ("It is 5, not 6.", "5"),
        ("The sum of the first 10 terms is 55.", "55"),
        ("The value of log₁₀ 100 is 2.", "2"),
        ("1,001 is the smallest multiple of 7 with four digits.", "1,001"),
        ("The maximum value is 5 at x = 3.", "The maximum value is 5 at x = 3"),
        ("So f reaches its maximum of 5 at x = 3.", "5 when x = 3"),
        ("So $f$ reaches its maximum of $5$ at $x=3$.", "5 when x=3"),
        ("The disc has centre (1, 2) and radius 3.", "centre = (1, 2), radius = 3"),
        ("Centre: (1, 2)\nRadius: 3", "Centre = (1, 2), Radius = 3"),
        ("Base: 4\nHeight: 3\nArea: 12", "Area: 12"),
        ("The walk takes 2 hours, that is, 120 minutes.", "2 hours, i.e. 120 minutes"),
        ("It rises on $(0,1)$ and on $(2,3)$.", "(0,1), (2,3)"),
        ("The bus leaves at a quarter to five in the afternoon.", "4:45 pm"),
        ("It takes an hour and a half.", "an hour and a half"),
        ("They meet on a Thursday.", "Thursday"),
        ("We do not reject $H_0$.", "not reject null hypothesis"),
        ("So its charge comes to $12$ C.", "12 \\text{C}"),
        ("We have a = 4, so x = 7.", "x = 7"),
        ("The system has the solution y = 3 and x = 7.", "y = 3 and x = 7"),
        ("It takes all values with 1 ≤ f(x) ≤ 5.", "1 ≤ f(x) ≤ 5"),
        ("Then x = 2 − 5t and y = 3t for any integer t.", "x = 2 − 5t and y = 3t for any integer t"),
        ("The line is $y=-2x+5$.", "y=-2x+5"),
        ("A convex n-gon has $\\binom{n}{2}-n$ diagonals.", "\\binom{n}{2}-n"),
        ("The correct option is A, cos x.", "(A) cos x"),
        ("f(-x) = f(x), so f is even.", "f is even"),
        ("Because |-2.5| > 1, supply is elastic.", "supply is elastic"),
        ("Since 0.2 > 0.05, we keep the hypothesis.", "we keep the hypothesis"),
        ("Since 3 + 4 = 7, the sum is 14.", "the sum is 14"),
        ("There is no such path since 5 nodes are odd.", "no such path"),
        ("4 divides it, so no.", "no"),
        ("Yes", "Yes"),
        ("Yes, 51 = 3·17.", "Yes"),
        ("So no: 2 is even.", "no"),
        ("Yes, because 6 is not prime.", "Yes"),
        ("Yes, x = 5.", "x = 5"),
        ("No, it is 5.", "5"),
        ("Yes, the minimum is 5.", "the minimum is 5"),
        ("So the thief must be C.", "C"),
        ("The thief must be B or C.", "The thief must be B or C"),
        ("The two angles add up to 70°.", "70°"),
        ("A decagon has thirty-five diagonals.", "thirty-five diagonals"),
        ("It takes nine hours.", "nine hours"),
        ("There are infinitely many such pairs.", "infinitely many"),
        ("It has one zero at x = 4 and another at y = 7.", "x = 4, y = 7"),
        ("The bus leaves at 4:10 in the morning.", "4:10 am"),
        ("The bus leaves at 4:10 in the afternoon.", "4:10 pm"),
        ("It leaves at 13:30 in the afternoon.", "13:30"),
        ("They meet on the 3rd of May, 2027.", "3 May, 2027"),
        ("It has a pH of 9, so a pOH of 5.", "pOH = 5"),
        ("Answer: (C) $3^4$", "(C) 3^4"),
        ("It has a speed of 3, giving a momentum of 6.", "6"),
    ],
)
def test_a_last_statement_says_what_a_person_sees_in_it(text: str, answer: str) -> None:
    assert final_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "Ana is 13 years old and her brother Tom is already 17.",
        "x = 4 (or x = 5 if the typo is corrected)",
        "The larger root of the two is $5$, while the other one is $6$.",
        "The maximum value $5$ is at $x=3$.",
        "They meet at **(2, 4)**; no, at **5**; well, **6**.",
        "So k = 3 works, but k = 4 does too.",
        "So k = 3 does it, but k = 4 fails.",
        "The value is 5 when x = 1 and 6 when x = 2.",
        "It's probably 42.",
        "So it isn't **5**.",
        "It could be 5 or 6, who knows",
        "There may be one asymptote at x = 3 and one at y = 2.",
        "It has its vertex at x = 3, where y = 2.",
    ],
)
def test_nothing_is_picked_for_the_model(text: str) -> None:
    with pytest.raises(NoAnswer):
        final_answer(text)


@pytest.mark.parametrize(
    "text",
    [
        "It is more than 5",
        "It is 5 or more.",
        "There are fewer than 5 of them",
        "√5 is it",
        "It can go up to 5.",
        "It consists of all numbers greater than or equal to 5.",
    ],
)
def test_a_number_that_is_not_the_answer_is_not_taken_out_of_it(text: str) -> None:
    assert final_answer(text) != "5"


@pytest.mark.parametrize(
    "text",
    [
        "It has nine sides or ten.",
        "It has at least nine sides.",
        "It has nine more sides.",
        "It has two pairs of sides.",
        "It has nine sides and a square has four.",
        "It does not have nine sides.",
        "It has nine hundredths.",
        "They meet on a Thursday and on a Friday.",
    ],
)
def test_a_number_word_among_others_or_denied_is_not_taken_out(text: str) -> None:
    with contextlib.suppress(NoAnswer):
        assert final_answer(text) in (text, text.rstrip("."))


@pytest.mark.parametrize("text", ["Yes, 17 is not prime.", "Yes, but 51 = 3·17.", "Yes, 51 = 3·17 if we are lucky."])
def test_a_yes_that_is_taken_back_is_no_yes(text: str) -> None:
    with contextlib.suppress(NoAnswer):
        assert final_answer(text) != "Yes"


@pytest.mark.parametrize("text", ["5\n6", "x = 5\nx = 6", "- 5\n- 6", "We get\n\n1. 5\n2. 6"])
def test_values_one_to_a_line_are_a_list(text: str) -> None:
    assert final_answer(text).replace("x = ", "") == "5, 6"


@pytest.mark.parametrize(
    ("behind", "answer"),
    [
        ("\nWait, I mis-added; my final answer is 142.", "142"),
        ("\nSo the answer is $x = 142$.", "x = 142"),
        ("\nSo the answer is 144.", "144"),
        ("\nI hope the answer is correct.", "144"),
        ("\nThe answer is in the box, 5 lines up.", "144"),
        ("\nIt is not 142.", "144"),
    ],
)
def test_only_an_answer_marked_behind_a_box_takes_it_back(behind: str, answer: str) -> None:
    assert final_answer("12 · 12: \\boxed{144}" + behind) == answer


def test_what_stands_behind_a_box_that_is_asked_for_does_not_count() -> None:
    assert final_answer("\\boxed{144}\nMy final answer is 142.", "box") == "144"


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
    texts = piece * (200_000 // len(piece)), (piece + " ") * 2_000 + "\\boxed{", (piece + "\n") * 2_000 + "5 ."
    with cpu_at_most(0.2):
        for text in texts:
            with contextlib.suppress(NoAnswer, TooLong):
                final_answer(text)
