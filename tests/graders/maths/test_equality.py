"""What is equal, what is not, and by grace of which leniency; by phenomenon, with what nearly is beside what is."""

import pytest

from fairmark_graders.maths.equality import Decision, Leniency, decide
from fairmark_graders.maths.reader import read


def decided(answer: str, reference: str, **switches: bool) -> Decision:
    return decide(read(answer), read(reference), Leniency(**switches))


EQUAL = {
    "numbers": r"""
        1/2 ;; 0.5
        \frac{6}{8} ;; 3/4
        2\frac12 ;; 2.5
        -\frac{1}{2} ;; \frac{-1}{2}
        0.\overline{3} ;; 1/3
        0.\overline{9} ;; 1
        6.02\times10^{23} ;; 602000000000000000000000
        1,000 ;; 1000
        2025 ;; 2025.0
        5 ;; 5.00
        five ;; 5
        1010_2 ;; 10
    """,
    "ways to write a number": r"""
        2^{10} ;; 1024
        5! ;; 120
        \binom52 ;; 10
        \frac{10!}{5!5!} ;; 252
        \sqrt{16} ;; 4
        \frac{\sqrt4}{2} ;; 1
        2^3 \cdot 5 ;; 40
        |-5| ;; 5
        2+3 ;; 1+4
    """,
    "closed forms": r"""
        3\sqrt2 ;; \sqrt{18}
        \frac{1}{\sqrt2} ;; \frac{\sqrt2}{2}
        \sqrt{3+2\sqrt2} ;; 1+\sqrt2
        \ln 8 ;; 3\ln 2
        \log 8 ;; 3\log 2
        \frac{\ln 3}{\ln 2} ;; \log_2 3
        \arctan 1 ;; \frac{\pi}{4}
        \sqrt[3]{-8} ;; -2
        (-8)^{1/3} ;; -2
        \sqrt{-4} ;; 2i
        e^{i\pi} ;; -1
        \frac{1}{2+i} ;; \frac{2-i}{5}
        e^{i\pi/3} ;; \frac12+\frac{\sqrt3}{2}i
        9^{9^9} ;; 9^{9^9}
    """,
    "expressions": r"""
        (x+1)^2 ;; x^2+2x+1
        a^2-b^2 ;; (a-b)(a+b)
        \sin 2x ;; 2\sin x\cos x
        \ln x^2 ;; 2\ln x
        |x| ;; \sqrt{x^2}
        x^{2/3} ;; \sqrt[3]{x^2}
        e^{x+y} ;; e^x e^y
        2^{n+1} ;; 2\cdot 2^n
        n! ;; n(n-1)!
        \cos(n\pi) ;; (-1)^n
        \frac{\pi}{2}-\arcsin x ;; \arccos x
        \max(a,b) ;; \frac{a+b+|a-b|}{2}
        \binom{n}{k} ;; \binom{n}{n-k}
        10^x ;; e^{x\ln 10}
        f(x) + 1 ;; 1 + f(x)
        f(x+1) ;; f(1+x)
        -\frac{1}{x+1} ;; \frac{-1}{1+x}
    """,
    "units": r"""
        5 cm ;; 50 mm
        36 km/h ;; 10 m/s
        3 h 20 min ;; 200 min
        12 cm^3 ;; 12 mL
        \$1.50 ;; 150 cents
        45^\circ ;; \frac{\pi}{4}
        50\% ;; 0.5
        33\frac13\% ;; \frac13
        5m ;; 5 m
    """,
    "solutions": r"""
        \{2,3\} ;; 2, 3
        x=2 or x=3 ;; 2, 3
        x = 2, 3 ;; \{2,3\}
        x = \pm 2 ;; 2, -2
        \frac{-1 \pm \sqrt5}{2} ;; \frac{-1+\sqrt5}{2}, \frac{-1-\sqrt5}{2}
        z = 1 \pm i ;; 1+i, 1-i
        \{1,2,2\} ;; \{1,2\}
        5, 5 ;; 5
        \{(1,2),(3,4)\} ;; (3,4),(1,2)
        no real solutions ;; \emptyset
        \{\} ;; no solution
    """,
    "points and vectors": r"""
        (1,2) ;; 1,2
        1,2 ;; (1,2)
        (x,y)=(1,2) ;; (1,2)
        x=1, y=2 ;; (1,2)
        y=2, x=1 ;; (1,2)
        (3,4) ;; x=3, y=4
        \begin{pmatrix}1\\2\end{pmatrix} ;; (1,2)
        \langle 1,2\rangle ;; (1,2)
        2\mathbf{i}+3\mathbf{j} ;; \langle 2,3\rangle
        P(1,2) ;; (1,2)
        (1,2,3)+t(4,5,6) ;; (1+4t,2+5t,3+6t)
        2\begin{bmatrix}1\\2\end{bmatrix} ;; \begin{bmatrix}2\\4\end{bmatrix}
        (\pm 1, 2) ;; (1,2),(-1,2)
        x=\pm 1, y=2 ;; (1,2),(-1,2)
        \begin{pmatrix}1&0\\0&1\end{pmatrix} ;; [[1,0],[0,1]]
        (\frac12, \frac34) ;; (0.5, 0.75)
    """,
    "intervals": r"""
        x<3 ;; 3>x
        x<3 ;; (-\infty,3)
        \{x \mid x<3\} ;; x<3
        1<x\le 2 ;; (1,2]
        x > 1 and x < 2 ;; (1,2)
        x<1 or x>2 ;; (-\infty,1)\cup(2,\infty)
        (2,\infty)\cup(-\infty,1) ;; (-\infty,1)\cup(2,\infty)
        (1,2]\cup(2,3) ;; (1,3)
        x \ne 2 ;; (-\infty,2)\cup(2,\infty)
        \mathbb{R}\setminus\{0,1\} ;; x \neq 0, 1
        all real numbers ;; (-\infty,\infty)
        (0,\infty) ;; \mathbb{R}^+
        (-\infty,\sqrt2) ;; x<\sqrt 2
        [1,2] ;; 1 \le x \le 2
        x \in (2,5) ;; 2<x<5
        x > a ;; a < x
        a < x \le b ;; (a,b]
        |x| \le 1 ;; [-1,1]
        |x|>1 ;; x<-1 or x>1
    """,
    "curves": r"""
        2x-y+3=0 ;; y=2x+3
        3x+2y=6 ;; \frac{x}{2}+\frac{y}{3}=1
        (x-1)^2+(y+2)^2=9 ;; x^2+y^2-2x+4y-4=0
        y=\frac1x ;; xy=1
        x^2-5x+6=0 ;; 2x^2-10x+12=0
        y>2x+1 ;; 2x-y+1<0
    """,
    "chains": r"""
        S = \frac12+\frac12 = 1 ;; 1
        2+3=5 ;; 5
        x^2-1=(x-1)(x+1) ;; (x-1)(x+1)
        \int_0^1 x dx = \frac12 ;; \frac12
        x = \frac13 \approx 0.333 ;; \frac13
        2\sqrt3 ;; 2\sqrt3 \approx 3.46
        3.46 ;; 2\sqrt3 \approx 3.46
        P(X > 2) = \frac14 ;; \frac14
    """,
    "families": r"""
        \frac{\pi}{4}+k\pi, k\in\mathbb{Z} ;; \frac{5\pi}{4}+n\pi, n\in\mathbb{Z}
        x=\frac{\pi}{4}+\frac{k\pi}{2}, k\in\mathbb{Z} ;; x=\pm\frac{\pi}{4}+k\pi, k\in\mathbb{Z}
        45^\circ+180^\circ k, k\in\mathbb{Z} ;; \frac{\pi}{4}+k\pi, k\in\mathbb{Z}
        2n+1, n\in\mathbb{Z} ;; 2k-1, k\in\mathbb{Z}
        x \equiv 3 \pmod 7 ;; x \equiv 10 \pmod 7
    """,
    "ratios": r"""
        3:4 ;; 6:8
        3:4 ;; 3/4
        1:2:3 ;; 2:4:6
    """,
    "choices and words": r"""
        B ;; (B)
        (C) 42 ;; C
        (C) 42 ;; 42
        yes ;; true
        infinitely many ;; infinite
        Paris ;; paris
        \mathrm{NaCl} ;; NaCl
    """,
}

DIFFERENT = {
    "another number": r"""
        2025 ;; 2024
        2025.4 ;; 2025
        0.999 ;; 1
        12345678901234567890 ;; 12345678901234567891
        3\sqrt2 ;; \sqrt{17}
        \frac{a}{b} ;; \frac{b}{a}
        2-3i ;; 2+3i
        \infty ;; -\infty
        \frac00 ;; 0
        0 ;; no solution
    """,
    "less precise": r"""
        0.333 ;; \frac13
        3.14 ;; \pi
        0.3 ;; 0.33
        4.99 ;; 5.00
        33.3\% ;; \frac13
        5.4 ;; 5
        3.2 ;; 3.1
    """,
    "another function": r"""
        (x+1)^2 ;; x^2+2x+2
        \sqrt{x^2} ;; x
        \sqrt{x^2y^2} ;; xy
        \sqrt{a^2b} ;; a\sqrt b
        \sqrt{ab^2} ;; b\sqrt a
        \lfloor x \rfloor ;; x
        |x-20| ;; 20-x
        \binom{n}{k} ;; \binom{n}{k+1}
        x^{\sqrt2} ;; x^{1.414}
        \log_{10} x ;; \ln x
        e^{x^2} ;; e^{2x}
        x^2 ;; t^2
        (2n)! ;; 2 n!
        \cos 2x ;; 1-\sin^2 x
        5x ;; 2305843009213693956x
    """,
    "constants of integration": r"""
        x^2+C ;; x^2
        x^2 ;; x^2+C
        -\cos x+C ;; \cos x+C
        e^{2x}+C ;; e^x+C
        A ;; C
    """,
    "units": r"""
        5 km ;; 5 m
        5 cm ;; 5 kg
        5 cm ;; 5 cm^2
        \$5 ;; €5
        0.5\% ;; 0.5
        90^\circ ;; \pi
        2 hours ;; 120
    """,
    "several candidates": r"""
        5 or 6 ;; 5
        x = 5 or 6 ;; 5
        x=5, x=6 ;; 5
        1,2,3,4,5 ;; 5
        \{5,6\} ;; x=5
        \pm 2 ;; 2
        2 ;; \pm 2
        5, 6 ;; 5, 6, 7
        5, 6, 7 ;; 5, 6
        S = 3 = 4 ;; 4
        x = 5 = 6 ;; 5
        x=1 or y=2 ;; x=1, y=2
    """,
    "not solved": r"""
        2x = 10 ;; x = 5
        2x = 10 ;; 5
        x - 5 = 0 ;; 5
        x^2-5x+6=0 ;; \{2,3\}
        x^2=4 ;; x=\pm 2
        2x<6 ;; x<3
        x^2<9 ;; -3<x<3
        6 ;; 2x+3y=6
        \tan x = 1 ;; x = \frac{\pi}{4}
        \sin x = 1 ;; 1
        x > 5 ;; 5
    """,
    "another order": r"""
        2,1 ;; (1,2)
        (1,2,3) ;; (1,3,2)
        x=2, y=1 ;; (1,2)
        x_1=3, x_2=2 ;; (2,3)
        (1,2) ;; \{1,2\}
        (1,2),(2,1) ;; (1,2)
        2:1 ;; 1:2
        \begin{pmatrix}1&2\\3&4\end{pmatrix} ;; \begin{pmatrix}1&3\\2&4\end{pmatrix}
    """,
    "another set": r"""
        x<3 ;; x \le 3
        x<5 ;; x>5
        (1,2) ;; [1,2]
        (2,5) ;; 2\le x\le 5
        \mathbb{R} ;; \mathbb{R}\setminus\{0\}
        \mathbb{Z} ;; \mathbb{R}
        \{\emptyset\} ;; \emptyset
        0 \le x \le 100 ;; 42
        a < x < b ;; a \le x \le b
        (a,b) ;; (a,c)
        |x|<1 ;; [-1,1]
        y>2x+1 ;; 2x-y+1>0
        y=2x+3 ;; y=3x+2
        (x-1)^2+(y+2)^2=9 ;; (x+1)^2+(y-2)^2=9
        y = 5 ;; x = 5
        x^2+y^2=0 ;; x+y=0
        (x+y)^2=0 ;; x+y=0
        x=2y+3 ;; y=2x+3
    """,
    "another family": r"""
        k\pi, k\in\mathbb{Z} ;; 2k\pi, k\in\mathbb{Z}
        x=\frac{k\pi}{2}, k\in\mathbb{Z} ;; x=k\pi, k\in\mathbb{Z}
        \frac{\pi}{4}+k\pi, k\in\mathbb{Z} ;; -\frac{\pi}{4}+k\pi, k\in\mathbb{Z}
        \pi ;; n\pi, n\in\mathbb{Z}
        k\pi, k\in\mathbb{N} ;; k\pi, k\in\mathbb{Z}
        2x for x<0 ;; 2x for x>0
    """,
    "another base": r"""
        1010_2 ;; 1010
        1010_2 ;; 1010_3
        10 ;; 1010_2
    """,
    "another word": r"""
        C ;; B
        (A) ;; (B)
        (C) 42 ;; 43
        even ;; not even
        true ;; false
        does not exist ;; undefined
        undefined ;; 0
    """,
}

UNFINISHED = r"""
    2+3 ;; 5
    2\cdot 3 ;; 6
    \frac{1+2}{4} ;; \frac34
    \gcd(12,18) ;; 6
    \sin 30^\circ ;; 0.5
    \log_2 8 ;; 3
    \sum_{k=1}^{10} k ;; 55
    \int_0^1 x dx ;; \frac12
    \int 2x dx ;; x^2+C
    \frac13+\frac13 ;; 0.67
"""

FORGIVEN = {
    "units": ["5 cm ;; 5", "45 ;; 45^\\circ", "5 apples ;; 5"],
    "percent": ["50 ;; 50\\%", "50\\% ;; 50"],
    "currency": ["\\$5 ;; 5", "5 ;; 5 dollars"],
    "order": ["3, 2 ;; 2, 3", "2 and 3 ;; 3 and 2"],
    "rounding": [
        "\\frac13 ;; 0.33",
        "\\pi ;; 3.14",
        "3.1416 ;; 3.14",
        "2.345 ;; 2.34",
        "2.345 ;; 2.35",
        "\\frac{1+\\sqrt5}{2} ;; 1.618",
        "12.46 ;; 12.5",
        "\\frac13 ;; 33.3\\%",
        "299792458 ;; 3.00 \\times 10^8",
        "1 \\text{ mile} ;; 1.61 \\text{ km}",
    ],
    "assignment": [
        "x = 5 ;; 5",
        "5 ;; x = 5",
        "f(x) = x^2 ;; x^2",
        "y=2x+3 ;; 2x+3",
        "x \\in \\{5\\} ;; 5",
        "\\{5\\} ;; 5",
        "P(A) = \\frac14 ;; 0.25",
        "AB = 5 ;; 5",
    ],
    "conditions": ["2x for x>0 ;; 2x", "\\frac{x+1}{x-1}, x \\neq 1 ;; \\frac{x+1}{x-1}"],
    "constant": [
        "\\frac{x^3}{3}+c ;; \\frac{x^3}{3}+C",
        "\\frac{(x+1)^2}{2}+C ;; \\frac{x^2}{2}+x+C",
        "\\frac12\\sin^2x+C ;; -\\frac14\\cos 2x+C",
        "y = Ae^x ;; y = Ce^x",
    ],
    "case": ["b ;; B"],
    "base": ["1010 ;; 1010_2"],
}


def pairs(table: str) -> list[tuple[str, str]]:
    lines = [line.strip() for line in table.splitlines() if line.strip()]
    return [(answer, reference) for answer, reference in (line.split(" ;; ") for line in lines)]


def cases(tables: dict[str, str]) -> list[tuple[str, str]]:
    return [pair for table in tables.values() for pair in pairs(table)]


@pytest.mark.parametrize(("answer", "reference"), cases(EQUAL))
def test_the_same_said_in_two_ways_is_equal(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is True


@pytest.mark.parametrize(("answer", "reference"), cases(DIFFERENT))
def test_what_nearly_says_it_is_different(answer: str, reference: str) -> None:
    decision = decided(answer, reference)
    assert decision.equal is False
    assert decision.reason


@pytest.mark.parametrize(("answer", "reference"), pairs(UNFINISHED))
def test_what_is_left_to_be_worked_out_is_refused(answer: str, reference: str) -> None:
    assert decided(answer, reference)[:2] == (False, "left unevaluated")


@pytest.mark.parametrize(
    ("switch", "answer", "reference"),
    [(switch, *pair) for switch, lines in FORGIVEN.items() for pair in pairs("\n".join(lines))],
)
def test_what_is_forgiven_is_named_and_can_be_held_against_the_answer(switch: str, answer: str, reference: str) -> None:
    forgiven = decided(answer, reference)
    assert (forgiven.equal, forgiven.lenient) == (True, (switch,))
    assert decided(answer, reference, **{switch: False}).equal is False


@pytest.mark.parametrize(("answer", "reference"), [("2+3", "5"), ("\\gcd(12,18)", "6"), ("2\\cdot3", "6")])
def test_what_is_left_to_be_worked_out_may_be_let_pass(answer: str, reference: str) -> None:
    assert decided(answer, reference, unevaluated=True).equal is True


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("the red one", "x^2"),
        ("g(2)", "g(3)"),
        ("k^2\\pi, k\\in\\mathbb{Z}", "k\\pi, k\\in\\mathbb{Z}"),
        ("\\int_0^x f(t) dt", "\\int_0^x f(s) ds"),
        ("\\{x \\mid f(x) > 0\\}", "(0, 1)"),
    ],
)
def test_what_is_not_understood_is_left_to_others(answer: str, reference: str) -> None:
    decision = decided(answer, reference)
    assert decision.equal is None
    assert decision.reason


@pytest.mark.parametrize(
    ("answer", "reference", "rule"),
    [
        ("1/2", "0.5", "rational value"),
        ("\\sqrt8", "2\\sqrt2", "ball arithmetic to 10^-60"),
        ("(x+1)^2", "x^2+2x+1", "polynomial identity"),
        ("\\sin 2x", "2\\sin x\\cos x", "values at random points, to 10^-60"),
        ("x<3", "(-\\infty,3)", "intervals"),
        ("2x-y+3=0", "y=2x+3", "one equation up to a factor"),
        ("2, 3", "\\{3,2\\}", "members"),
    ],
)
def test_the_rule_is_named(answer: str, reference: str, rule: str) -> None:
    assert decided(answer, reference).rule == rule


def test_several_leniencies_are_all_named() -> None:
    assert decided("3 cm, 2 cm", "2, 3").lenient == ("units", "order")
    assert decided("x = 5 cm", "5").lenient == ("units", "assignment")


def test_the_reason_says_what_differs() -> None:
    assert decided("2", "3").reason == "2 is not 3"
    assert decided("x < 3", "x \\le 3").reason == "(-∞, 3.0000000) is not (-∞, 3.0000000]"
    assert decided("5 kg", "5 m").reason == "kg is not m"
    assert decided("2^{1000}+1", "2^{1000}").reason == "they differ beyond the first digits, 1.0715086e+301"
