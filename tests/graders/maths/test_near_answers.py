r"""Answers that hold the reference and say something else: a changed sign, a hedge, a second value, a part of it."""

import pytest
from tests.graders.maths.whole_answers import GRADER

from fairmark_graders import grade

BOXED = {
    r"ax+b": [r"ax-b", "ax+c", "ax+b+1"],
    r"y=mx+c": ["y=mx-c", "y=mx+c+1"],
    r"n+k": ["n-k", "n+k+1"],
    r"c+1": ["c+2"],
    r"x=\frac{\pi}{4}+k\pi, k\in\mathbb{Z}": [
        *[r"2x=\frac{\pi}{4}+k\pi, k\in\mathbb{Z}", r"\sin x=\frac{\pi}{4}+k\pi", r"y=\frac{\pi}{4}+k\pi"],
    ],
    r"-1<a<1": [r"-1<8a<1", r"-1<\frac1a<1", "-1<0<1", "-1<1-a<1"],
    r"n\equiv 3\pmod 7": [r"n\not\equiv3\pmod 7"],
    r"x\ge3": [r"x\not\ge3", r"x \not< 4"],
}


@pytest.mark.parametrize(("answer", "reference"), [(one, of) for of, many in BOXED.items() for one in many])
def test_a_box_with_another_thing_is_wrong(answer: str, reference: str) -> None:
    assert grade(GRADER, rf"So \boxed{{{answer}}}.", {"answer": reference}).score == 0
