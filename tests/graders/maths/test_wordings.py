"""Families of wordings, each with its near misses: `wordings.txt`."""

from pathlib import Path

import pytest
from tests.graders.maths.whole_answers import GRADER

from fairmark_graders import grade

LINES = (Path(__file__).parent / "wordings.txt").read_text().splitlines()
ROWS = [line.split(" | ") for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize(("sign", "answer", "reference"), ROWS)
def test_a_wording_says_its_value_and_no_other(sign: str, answer: str, reference: str) -> None:
    verdict = grade(GRADER, answer.replace("↵", "\n"), {"answer": reference})
    assert verdict.score == (sign == "="), verdict.reason
