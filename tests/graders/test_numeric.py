"""Which numbers are the same, how far a tolerance reaches, what a unit does, and whose fault what is."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cpu import cpu_at_most

from fairmark_graders import InvalidGrader, Verdict, grade, parse_grader
from fairmark_graders.numeric import Tolerance

NUMERIC = {"type": "numeric", "input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}


def numeric(text: str, answer: Any, **more: Any) -> Verdict:
    return grade({**NUMERIC, **more}, text, {"answer": answer})


def within(text: str, answer: Any, **tolerance: Any) -> float | None:
    return numeric(text, answer, tolerance=tolerance).score


@pytest.mark.parametrize(
    "text",
    [
        *["42", "42.0", "42.00", "+42", "42.", "$42$", r"\boxed{42}", "The answer is 42.", "#### 42", "So we get 42."],
        *[
            "84/2",
            r"\frac{84}{2}",
            "4.2e1",
            r"4.2 \times 10^{1}",
            "4.2×10^1",
            "0.42e2",
            "x = 42",
            "４２",
            "٤٢",
            "forty-two",
        ],
        *["42 apples", "He has 42 apples left.", "The total is 42 dollars", "$42", "<think>41?</think>42"],
        *["42 (6 × 7)", "Answer: 42 (six times seven)", "42, or 4200%", "42 (4200%)", "The answer is 42!"],
    ],
)
def test_42_is_said(text: str) -> None:
    assert numeric(text, "42").score == numeric(text, 42).score == 1
    assert numeric(text, "43").score == numeric(text, "-42").score == 0


@pytest.mark.parametrize(
    ("text", "answer", "score"),
    [
        ("1,234,567", 1234567, 1),
        ("1 234 567", 1234567, 1),
        (r"1{,}234", 1234, 1),
        ("1.234", 1234, 0),
        ("−3", -3, 1),
        ("It is -3 degrees.", -3, 1),
        ("3", -3, 0),
        ("1 1/2", 1.5, 1),
        (r"0.\overline{3}", "1/3", 1),
        ("0.3333333333333333", "1/3", 0),
        ("0.30000000000000004", 0.3, 0),
        ("2025", 2024, 0),
        ("1e1000", "1e1000", 1),
        ("The answer is 2.5e-3.", "0.0025", 1),
        (".25E+2", 25, 1),
        ("5e-1 km", "500 m", 1),
        ("1e1000", "1e999", 0),
        ("1.5 million", 1_500_000, 1),
    ],
)
def test_numbers_are_compared_exactly(text: str, answer: Any, score: int) -> None:
    assert numeric(text, answer).score == score


@pytest.mark.parametrize(
    ("text", "answer", "tolerance", "score"),
    [
        ("1.1", "1", {"absolute": 0.1}, 1),
        ("1.10000000000000001", "1", {"absolute": 0.1}, 0),
        ("0.9", "1", {"absolute": 0.1}, 1),
        ("1.01", "1", {"relative": 0.01}, 1),
        ("1.0100000000000001", "1", {"relative": 0.01}, 0),
        ("-99", "-100", {"relative": 0.01}, 1),
        ("0.000001", "0", {"relative": 0.5}, 0),
        ("0.000001", "0", {"relative": 0.5, "absolute": 0.000001}, 1),
        ("0", "0", {"relative": 0.5}, 1),
        ("3.14", "3.14159", {"significant_digits": 3}, 1),
        ("3.145", "3.14159", {"significant_digits": 3}, 1),
        ("3.15", "3.14159", {"significant_digits": 3}, 0),
        ("10.0", "9.9996", {"significant_digits": 3}, 1),
        ("0.00123", "0.0012345", {"significant_digits": 3}, 1),
        ("0.00124", "0.0012345", {"significant_digits": 3}, 0),
        ("6.022e23", "6.02214076e23", {"significant_digits": 4}, 1),
        ("0.001", "0", {"significant_digits": 3}, 0),
        ("2", "1", {"absolute": 0.1, "relative": 1}, 1),
    ],
)
def test_a_tolerance_ends_where_it_says(text: str, answer: str, tolerance: dict[str, Any], score: int) -> None:
    assert within(text, answer, **tolerance) == score


@given(st.decimals(-10_000, 10_000, places=6), st.integers(1, 12))
def test_rounding_to_n_significant_digits_is_within_them(number: Any, digits: int) -> None:
    rounded = Fraction(f"{number:.{digits - 1}e}")
    assert Tolerance(significant_digits=digits).allows(rounded, Fraction(number))


@given(st.integers(), st.integers(1, 10**9))
def test_a_fraction_equals_itself_in_other_terms(top: int, bottom: int) -> None:
    assert numeric(f"{top * 7}/{bottom * 7}", f"{top}/{bottom}").score == 1


@pytest.mark.parametrize(
    ("text", "answer", "optional", "required", "same"),
    [
        ("5 km", "5 km", 1, 1, 1),
        (r"5\text{ kilometers}", "5 km", 1, 1, 1),
        ("The train makes 42 km/h.", "42 km/h", 1, 1, 1),
        ("5000 m", "5 km", 1, 1, 0),
        ("5000m", "5 km", 1, 1, 0),
        ("d = 5000 m = 5 km", "5 km", 1, 1, 1),
        ("d = 4000 m = 5 km", "5 km", 0, 0, 0),
        ("5", "5 km", 1, 0, 0),
        ("5 km", "5", 1, 1, 0),
        ("5 m", "5 km", 0, 0, 0),
        ("5 kg", "5 km", 0, 0, 0),
        ("68 °F", "20 °C", 1, 1, 0),
        ("$5", "5 dollars", 1, 1, 1),
        ("$5", "€5", 0, 0, 0),
        ("5 apples", "5 apples", 1, 1, 1),
        ("5 pears", "5 apples", 0, 0, 0),
        ("0.5", "50%", 1, 1, 0),
        ("50", "50%", 1, 0, 0),
        ("50%", "0.5", 1, 1, 0),
        ("50%", "50", 1, 1, 0),
        ("5%", "50%", 0, 0, 0),
    ],
)
def test_a_unit_counts_as_the_grader_says(text: str, answer: str, optional: int, required: int, same: int) -> None:
    modes = {"optional": optional, "required": required, "same": same}
    assert {mode: numeric(text, answer, units=mode).score for mode in modes} == modes


def test_the_verdict_says_what_was_forgiven() -> None:
    assert numeric("5", "5 km").reason == "the unit km was left out"
    assert numeric("5000 m", "5 km").reason == "m was read as km"
    assert numeric("5 km", "5").reason == "the unit km was added"
    assert numeric("5 km", "5 km").reason is None


def test_the_rule_names_the_tolerance_that_was_used() -> None:
    every = {"absolute": 0.1, "relative": 0.3, "significant_digits": 1}
    rules = [numeric(text, "1", tolerance=every).rule for text in ("1", "1.1", "1.3", "1.5", "2")]
    assert rules == [
        *["numeric.exact", "numeric.absolute", "numeric.relative", "numeric.significant_digits", "numeric"],
    ]


def test_the_place_of_the_answer_can_be_chosen() -> None:
    assert numeric("first 3, then 5", "5", answer_in="number").score == 1
    assert numeric("first 3, then 5", "5").score == 0
    assert numeric("5", "5", answer_in="box").score == 0
    assert numeric("Result => 5", "5", marker="=>").score == 1


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "no idea",
            "NaN",
            "inf",
            "-inf",
            r"\infty",
            "5 or 6",
            "5, 6",
            "5 ± 1",
            "(5, 6)",
            "5-6",
            "5 = 6",
            r"\sqrt{25}",
        ],
        *[
            "It is not 5",
            "x^5 or so",
            "5 <= x",
            "≥5",
            "x ≠ 5",
            "5 + y",
            "5 x",
            "5 (6)",
            "5 (or 6)",
            "5, or 60%",
            "5K",
            "5!",
            "1/0",
            "1e999999999",
            "1e1001",
            "9" * 300,
            "<think>5",
            "5" * 250_001,
        ],
    ],
)
def test_what_is_not_one_number_scores_0_with_the_reason(text: str) -> None:
    for answer in ("5", "6"):
        verdict = numeric(text, answer)
        assert (verdict.score, verdict.outcome) == (0, "graded")
        assert verdict.reason


@pytest.mark.parametrize(
    "said",
    [
        *["5 or more", "5 or less", "5 at least", "up to 5", "more than 5", "below 5", "between 5 and 6", "5, maybe 6"],
        *["sin 5", "ln 5", "sqrt 5", "exp 5", "5 squared", "the square root of 5", "5 pi", "5 bn"],
        *["except 5", "without 5", "5 if x", "5 times x"],
    ],
)
@pytest.mark.parametrize("sentence", ["{}", "So it is {}.", "The answer is {}."])
def test_a_number_that_is_only_part_of_what_is_said_is_not_the_answer(sentence: str, said: str) -> None:
    assert numeric(sentence.format(said), "5").score == 0


@pytest.mark.parametrize("text", ["5", "", "<think>endless", "5" * 250_001, "no idea"])
@pytest.mark.parametrize(
    "answer", [None, "", "x", "NaN", "inf", "5 or 6", r"\pi", "1/0", "1e999999999", "9" * 300, [5]]
)
def test_an_unreadable_reference_is_ungradable_whatever_the_answer(text: str, answer: Any) -> None:
    verdict = numeric(text, answer)
    assert (verdict.score, verdict.outcome) == (None, "ungradable")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"tolerance": {"absolute": -1}}, "tolerance.absolute: input should be greater than or equal to 0"),
        ({"tolerance": {"relative": "NaN"}}, "tolerance.relative: input should be a finite number"),
        ({"tolerance": {"significant_digits": 0}}, "tolerance.significant_digits: input should be greater"),
        ({"tolerance": {"percent": 1}}, "tolerance.percent: unknown field"),
        ({"units": "forgiven"}, "units: input should be 'optional', 'required' or 'same'"),
    ],
)
def test_a_bad_configuration_is_refused_by_field(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({**NUMERIC, **change})
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    "unit",
    [
        *[
            "1",
            "1 ",
            "1,",
            ",",
            "-",
            ".",
            "1e",
            "1/",
            "(",
            "{",
            r"\boxed{1}",
            r"\boxed{",
            r"\frac{",
            "$",
            "1$",
            "answer is 1 ",
        ],
        *[" ", "\n", "x = ", "5 km ", "½", "1_", "10^", "\\", "'", "(5) ", "5 (", "5 or "],
    ],
)
@pytest.mark.parametrize("length", [199, 250_000])
def test_hostile_texts_take_milliseconds(unit: str, length: int) -> None:
    text = (unit * length)[:length]
    numeric("1", "1")
    with cpu_at_most(0.2):
        numeric(text, "1")
