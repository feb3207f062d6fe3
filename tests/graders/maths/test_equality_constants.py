"""Constants of integration and of general solutions, and constants that are none."""

import pytest

from fairmark_graders.maths.equality import Decision, Leniency, decide
from fairmark_graders.maths.reader import read

SAME = r"""
    y=A\sin 2x+B\cos 2x ;; y=C_1\cos(2x)+C_2\sin(2x)
    C_1e^{-x}+C_2e^{x} ;; c_1 e^x + c_2 e^{-x}
    C_1\cosh x+C_2\sinh x ;; C_1 e^x + C_2 e^{-x}
    C_1e^{x}+C_2e^{-x} ;; c_1 e^x + c_2 e^{-x}
    y = Ae^{2x} ;; y = Ce^{2x}
    e^x(x-1)+\text{const} ;; xe^x-e^x+C
    x^2 - C ;; x^2+C
    y = C_1 + C_2 e^{-x} + x ;; y = A - Be^{-x} + x + 3
    y = (C_1+C_2x)e^{3x} ;; y = C_1e^{3x}+C_2xe^{3x}
    y = \frac{1}{A-x} ;; y = -\frac{1}{x+C}
    y = Ce^{x} - 1 ;; y = Ce^x - 1
    y = e^{-x}(A\cos x + B\sin x) ;; y = C_1e^{-x}\cos x + C_2e^{-x}\sin x
    \frac{x^3}{3}+K ;; \frac{x^3}{3}+C
    x^2 + y^2 = K ;; x^2+y^2=C
    y^2 = 4x + C ;; y^2 = 4x + K
"""

ANOTHER = r"""
    y = Ce^{-2x} ;; y=Ce^{2x}
    y=A\sin x+B\cos x ;; y=C_1\cos(2x)+C_2\sin(2x)
    y=A\sin 2x ;; y=C_1\cos(2x)+C_2\sin(2x)
    C_1e^{x}+C_2e^{2x} ;; c_1 e^x + c_2 e^{-x}
    C_1e^{x}+C_2e^{x} ;; c_1 e^x + c_2 e^{-x}
    C_1e^{x}+C_1e^{-x} ;; C_1 e^x + C_2 e^{-x}
    y = Ce^x + 1 ;; y = Ce^x
    y = Ce^x + x ;; y = Ce^x + 2x
    Ax+b ;; Cx+d
    x^2 ;; x^2 + C
    y = e^x ;; y = Ce^x
    a e^{x} ;; b e^{x}
    ax^2 + bx ;; bx^2+ax
    A ;; C
    x+C ;; Cx
    2\sin 2x+3\cos 2x ;; C_1\cos(2x)+C_2\sin(2x)
    Cx+C^2 ;; Cx+C
    Ae^{kx} ;; Ce^{x}
    \frac{A}{x} ;; \frac{C}{x^2}
    y = 3Ce^{x} ;; y = Ce^x
    \frac{2Kq}{r} ;; \frac{Kq}{r}
    Q = 2CV ;; Q = CV
    C_1V_1 - C_2V_2 ;; C_1V_1+C_2V_2
    2(C_1+C_2)V ;; (C_1+C_2)V
    \frac{2Aq}{r} ;; \frac{Kq}{r}
    x^2 + 2y^2 = K ;; x^2+y^2=C
    x^2 + y^2 = z ;; x^2+y^2=C
    PV = A ;; PV = C + 1
"""


def pairs(table: str) -> list[list[str]]:
    return [line.strip().split(" ;; ") for line in table.splitlines() if line.strip()]


def decided(answer: str, reference: str, **switches: bool) -> Decision:
    return decide(read(answer), read(reference), Leniency(**switches))


@pytest.mark.parametrize(("answer", "reference"), pairs(SAME))
def test_constants_may_have_other_names_and_run_through_the_same(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is True


@pytest.mark.parametrize(("answer", "reference"), pairs(ANOTHER))
def test_other_functions_and_given_constants_are_different(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is not True


def test_another_general_solution_can_be_held_against_the_answer() -> None:
    forgiven = decided("A\\sin x + B\\cos x", "C_1\\cos x + C_2\\sin x")
    assert forgiven.lenient == ("constant",)
    assert decided("A\\sin x + B\\cos x", "C_1\\cos x + C_2\\sin x", constant=False).equal is False
