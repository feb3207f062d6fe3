"""Words: short sentences that say them, and what nearly does."""

import pytest

from fairmark_graders.maths.equality import Decision, Leniency, decide
from fairmark_graders.maths.reader import read


def decided(answer: str, reference: str, **switches: bool) -> Decision:
    return decide(read(answer), read(reference), Leniency(**switches))


SAID = r"""
    No, the harmonic series diverges ;; diverges
    It will be a Thursday ;; Thursday
    the function is even ;; even
    f(-x) = (-x)^3 sin(-x) = x^3 sin x = f(x), so f is an even function ;; even
    on Monday ;; Monday
    Cid is the tallest ;; Cid
    The tallest is Cid ;; Cid
    Paris is the capital of France ;; Paris
    Alice has the most apples ;; Alice
    Alice won ;; Alice
    True, it is countable ;; Yes
    the limit doesn't exist ;; DNE
    Infinitely many solutions (every real number works) ;; infinitely many
    the equation has infinitely many solutions ;; infinitely many
    The system has no solution ;; no solution
    divergent ;; diverges
    The series does not converge ;; divergent
    isosceles ;; \text{isosceles triangle}
    the triangle is isosceles ;; \text{isosceles triangle}
    neither ;; neither even nor odd
    The function is neither even nor odd ;; neither
    Alice and Bob ;; Bob and Alice
    impossible ;; no solution
    It is impossible ;; no solution
    infinitely many ;; \infty
    3:30 PM ;; 15:30
    9:55 PM ;; 21:55
    12:05 AM ;; 0:05
    Yes, because 17 is prime ;; Yes
    The statement is true ;; True
    The statement is false ;; False
    No, it isn't ;; no
    Yes ;; Yes, it is prime
    The capital of France is Paris. ;; Paris
    It's Thursday ;; Thursday
    f is increasing ;; increasing
    It is undefined ;; undefined
    Carol, Bob and Alice ;; Alice, Bob, and Carol
    The vectors are independent ;; linearly independent
    eight times the old volume ;; 8
    three times the square root of 2 ;; 3\sqrt2
    Three quarters of the tank is full ;; \frac34
    a right angle ;; 90^\circ
    Angle C is a right angle ;; 90^\circ
    P divides AB internally in the ratio two to one ;; 2:1
    between 0 and 100, exclusive ;; 0<T<100
    between 0 and 100, inclusive ;; 0\le T\le 100
    The function is increasing for all x strictly between -1 and 3 ;; (-1,3)
    All real a with absolute value less than 1 ;; -1<a<1
    differentiable for all real x except x = 0 ;; \mathbb{R}\setminus\{0\}
    The function is defined for every real number x ;; (-\infty,\infty)
    the claim is false ;; False
    the argument is not valid ;; invalid
    the argument is invalid ;; not valid
    a right-angled triangle ;; right triangle
    divergent ;; It diverges.
    It is a tautology ;; tautology
    tautology ;; It is a tautology
    infinitely many such primes ;; \infty
    irrational, so no ;; No
    f and g are even ;; even
    the claim is true ;; true
    Dora tells the truth ;; Dora
"""

NOT_SAID = r"""
    The series doesn't diverge ;; diverges
    the series converges ;; diverges
    It is not Thursday ;; Thursday
    It is the day after Thursday ;; Thursday
    Wednesday or Thursday ;; Thursday
    Thursday is not the day ;; Thursday
    the function is not even ;; even
    the function is neither even nor odd ;; even
    even and odd ;; even
    the function is odd, not even ;; even
    Cid is not the tallest ;; Cid
    Cid is shorter than Ann ;; Cid
    Ann is taller than Cid ;; Cid
    Either Ann or Cid is the tallest ;; Cid
    Yes and no ;; Yes
    No ;; Yes, it is prime
    False, it is countable ;; Yes
    The statement is false ;; True
    Correct answer is B ;; Yes
    The limit exists ;; DNE
    undefined ;; does not exist
    3:30 AM ;; 15:30
    13:30 PM ;; 15:30
    Alice and Carol ;; Bob and Alice
    red ball and blue cube ;; blue ball and red cube
    infinitely many ;; 0
    finitely many ;; infinitely many
    The equation has no real solution except 0 ;; no solution
    isosceles ;; equilateral triangle
    It may be Thursday ;; Thursday
    Not impossible ;; no solution
    Thursday (or Friday) ;; Thursday
    converges conditionally ;; converges absolutely
    It was Thursday yesterday and today is Friday ;; Thursday
    irrational ;; rational
    rational number ;; irrational number
    Nobody says it is even ;; even
    My friend says it is Thursday ;; Thursday
    Alice was beaten by Bob ;; Alice
    Alice is second ;; Alice
    Alice is Bob ;; Alice
    Alice is the sister of Bob ;; Alice
    the winner is Bob, Alice is second ;; Alice
    Yes, but only if x > 0 ;; Yes
    The series converges by the ratio test, so it diverges ;; diverges
    it converges but does not converge absolutely ;; diverges
    isosceles triangle ;; right isosceles triangle
    1:2 ;; 1:02
    12:30 ;; 0:30
    it is not true that p > 1 ;; p>1
    The equation has a solution ;; no solution
    no ;; not
    Thursday is wrong ;; Thursday
    Is it Thursday or Friday? ;; Friday
    unless it is even ;; even
    the square of an odd number is even ;; odd
    linearly dependent ;; linearly independent
    dependent ;; linearly independent
    f is odd and g is even ;; even
    f is positive and g and h are even ;; even
    I claim it is even ;; even
    the claim that it is even is false ;; even
    Dora or Eve tells the truth ;; Dora
    Dora tells the truth and Eve lies ;; Dora
"""


def pairs(table: str) -> list[list[str]]:
    return [line.strip().split(" ;; ") for line in table.splitlines() if line.strip()]


@pytest.mark.parametrize(("answer", "reference"), pairs(SAID))
def test_a_short_sentence_says_its_word(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is True


@pytest.mark.parametrize(("answer", "reference"), pairs(NOT_SAID))
def test_a_denial_a_rival_or_a_hedge_says_another(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is not True


def test_the_order_of_names_can_be_held_against_the_answer() -> None:
    assert decided("Alice and Bob", "Bob and Alice").lenient == ("order",)
    assert decided("Alice and Bob", "Bob and Alice", order=False).equal is False
