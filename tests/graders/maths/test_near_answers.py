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
    "5": ["=\u03385", r"\begin{cases}5\\6\end{cases}", r"5\ldots", r"5 \text{ (wrong)}", "5 (but could be 6)"],
    "(1,2)": ["7=(1,2)", r"7 \approx (1,2)"],
    "f(x)=x^2": ["f(f(x))=x^2", "f(-x)=x^2"],
    "f(3)=5": ["f(2)=5"],
    "y=2x-1": [r"\lnot y=2x-1"],
    "x>3": ["x>3, 7", r"x>3 \text{ or } 7"],
    "x=2,3": ["y=2,3"],
    "x=2, y=5": ["y=2, y=5", "y=2, x=5"],
    "A": ["A. B. C.", "A) x B) y", "(A) is wrong", "(A) maybe 7", "(A) unless 7", r"(A) \pm 1", "(A) but maybe (B)"],
    "True": [r"\lnot True", "¬True"],
    "No": [r"\ne No", "-(No)", r"No \pm 1", "≠ No", "No is wrong"],
    "infinitely many": [r"\ge infinitely many", "< infinitely many"],
    "Maximum value 10 at x = 3": [r"Maximum value 10 at x \ne 3", "Maximum value 10 at x > 3"],
    r"\text{all } n\in\mathbb{Z}^+": [r"\text{all } n\notin\mathbb{Z}^+"],
}

SAID = [
    *["half of 5", "twice 5", "the square of 5", "the reciprocal of 5", "the opposite of 5", "base 5", "point 5"],
    *["a multiple of 5", "a divisor of 5", "divisible by 5", "everything but 5", "different from 5", "far from 5"],
    *["close to 5", "unlikely to be 5", "rarely 5", "nothing like 5", "as many as 5", "> 5", ">=5", "≥ 5", "<5"],
    *[
        "5 or more",
        "5 or higher",
        "5 and up",
        "5 upwards",
        "5 doubled",
        "5 factorial",
        "5 lakh",
        "5 wrong",
        "5 squared",
    ],
    *["5. Or 6.", "5. Alternatively, 6.", "5. Wait, no, it's 6.", "5. Actually 6.", "5? No, it is 6.", "5\n6"],
    *["half of $5$", "at least $5$", "not $5$", "twice $5$", "$5$ or 6", "$5$. Or $6$."],
]

AROUND = [
    *[r"$-\boxed{5}$", r"$\pm\boxed{5}$", r"$\boxed{5}^2$", r"$\boxed{5}+C$", r"$3+\boxed{5}i$", r"$\boxed{5}\pi$"],
    *[r"$\frac{\boxed{5}}{2}$", r"$x \ge \boxed{5}$", r"\(x \neq \boxed{5}\)", r"$\boxed{5}\times 10^3$"],
    *[r"\boxed{5} or 6", r"\boxed{5} or $6$", r"\boxed{5} (or 6)", r"$\boxed{5}$, or 6"],
]


@pytest.mark.parametrize(("answer", "reference"), [(one, of) for of, many in BOXED.items() for one in many])
def test_a_box_with_another_thing_is_wrong(answer: str, reference: str) -> None:
    assert grade(GRADER, rf"So \boxed{{{answer}}}.", {"answer": reference}).score == 0


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("sentence", ["The answer is {}", "Answer: {}", "So the final answer is: {}"])
def test_what_is_marked_as_the_answer_counts_with_all_that_is_said_of_it(sentence: str, said: str) -> None:
    assert grade(GRADER, sentence.format(said), {"answer": "5"}).score == 0


@pytest.mark.parametrize(
    "said", ["5. I hope it helps!", "5.\n\nNo 6 was used.", "5. Or, in words, five.", "> quote\n\nAnswer:\n> 5", "5\n5"]
)
def test_what_follows_an_answer_and_says_no_other_takes_nothing_back(said: str) -> None:
    assert grade(GRADER, f"The answer is {said}", {"answer": "5"}).score == 1


@pytest.mark.parametrize("text", AROUND)
def test_what_a_box_is_a_part_of_counts(text: str) -> None:
    assert grade(GRADER, f"So we get {text}.", {"answer": "5"}).score == 0


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        *[(r"$-\boxed{5}$", "-5"), (r"$x \ge \boxed{5}$", r"x \ge 5"), (r"$x = \boxed{5}$ cm", "5 cm")],
        *[
            (r"\boxed{\,(B) 12\,}", "(B) 12"),
            (r"\boxed{\,10 m/s\,}", "10 m/s"),
            (r"\boxed{(B) is even}", "(B) is even"),
        ],
        *[(r"\boxed{\frac12} or 0.5", "0.5"), (r"- \boxed{5}", "5"), (r"$2+3=\boxed{5}$ or five", "5")],
    ],
)
def test_what_stands_around_a_box_takes_nothing_from_it(text: str, reference: str) -> None:
    assert grade(GRADER, text, {"answer": reference}).score == 1
