"""Which texts are the same after SQuAD's normalisation."""

from typing import Any

import pytest

from fairmark_graders import InvalidGrader, Verdict, grade, parse_grader

EXACT = {"type": "exact_match", "input": "{{ sample.output_text }}", "reference": "{{ item.answers }}"}


def exact(text: str, answers: Any) -> Verdict:
    return grade(EXACT, text, {"answers": answers})


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("The Eiffel Tower.", "eiffel tower"),
        ("an  apple\n a day", "Apple day"),
        ("U.S.", "us"),
        ("well-known", "wellknown"),
        ("«Война и мир»", "война и мир"),
        ("巴黎。", "巴黎"),
        ("STRASSE", "Straße"),
        ("caf\u00e9", "cafe\u0301"),
        ("$1,000", "1000"),
        ("\u22125", "-5"),
        ("A", "a."),
    ],
)
def test_texts_are_the_same_after_normalising(text: str, reference: str) -> None:
    assert exact(text, reference).score == exact(reference, text).score == 1


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("Theater", "ater"),
        ("Paris, France", "Paris"),
        ("35", "3.5"),
        ("5", "-5"),
        ("", "A"),
        ("the", "A"),
        ("", "?"),
        ("-", "+"),
        ("resume", "résumé"),
        ("x2", "x²"),
    ],
)
def test_texts_differ_after_normalising(text: str, reference: str) -> None:
    assert exact(text, reference).score == exact(reference, text).score == 0


def test_an_answer_that_is_too_long_scores_0_with_the_reason() -> None:
    verdict = exact("x" * 10_001, "x")
    assert (verdict.score, verdict.error) == (0, "limit")
    assert verdict.reason == "the text is 10,001 characters long; exact_match takes 10,000"


def test_thinking_is_stripped() -> None:
    assert exact("<think>Rome? No.</think>Paris", "Paris").score == 1


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(InvalidGrader, match="normalise: unknown field"):
        parse_grader({**EXACT, "normalise": True})


def test_the_rule_is_the_type() -> None:
    assert exact("Paris", "Paris").rule == "exact_match"
