"""The truth suite, held against the grader and, case by case, against math-verify."""

import logging
from pathlib import Path

import pytest
from tests.graders.maths.page import generated
from tests.graders.maths.truth import CASES, TEXTS, MathCase

from fairmark_graders import grade, parse_grader

PAGE = Path(__file__).parents[3] / "docs" / "math_equivalence.md"
GRADER = parse_grader(
    {"type": "math_equivalence", "input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_verdict_is_what_people_say(case: MathCase) -> None:
    verdict = grade(GRADER, case.text, {"answer": case.reference})
    assert verdict.score == float(case.equal), verdict.reason


@pytest.mark.parametrize("case", [case for case in CASES if case.subject != TEXTS], ids=lambda case: case.title)
def test_every_reference_is_equal_to_itself(case: MathCase) -> None:
    assert grade(GRADER, f"\\boxed{{{case.reference}}}", {"answer": case.reference}).score == 1.0


def test_there_are_hundreds_of_each_kind() -> None:
    assert len(CASES) >= 700
    assert min(sum(case.equal is equal for case in CASES) for equal in (True, False)) >= 250


def test_no_case_is_there_twice() -> None:
    assert len({(case.text, case.reference) for case in CASES}) == len(CASES)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_math_verify_says_what_is_noted(case: MathCase) -> None:
    assert math_verify(case) is (case.equal if case.math_verify is None else case.math_verify)


def math_verify(case: MathCase) -> bool:
    """What math-verify 0.9 says, used as its documentation does, less its timeouts."""
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    reference = parse(f"\\boxed{{{case.reference}}}", parsing_timeout=None)
    return bool(verify(reference, parse(case.text, parsing_timeout=None), timeout_seconds=None))


def test_every_disagreement_is_explained() -> None:
    assert [case.title for case in CASES if case.math_verify is not None and not case.note] == []


def test_the_page_shows_what_the_cases_say() -> None:
    assert generated() in PAGE.read_text()
