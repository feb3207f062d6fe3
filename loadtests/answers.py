"""Mathematical answers, each with a right reference and a wrong one; from integers to what takes sympy."""

import random
from typing import NamedTuple

MOST = 1_000_000
"""What algebra is made of stays below it: a run hardly ever meets the same answer in two groups."""


class Answer(NamedTuple):
    """An answer, a right reference and a wrong one."""

    answer: str
    right: str
    wrong: str


def answer(chance: random.Random) -> Answer:
    """One of a realistic mix: nine in ten are numbers, the tenth takes algebra."""
    return chance.choice(MIX)(chance)


def integer(chance: random.Random) -> Answer:
    n = chance.randrange(-10_000, 1_000_000)
    return Answer(chance.choice(["{}", "{:,}", "{}.0", "x = {}"]).format(n), str(n), str(n + 1))


def _fraction(chance: random.Random) -> Answer:
    top, bottom = chance.randrange(1, 1000), chance.randrange(2, 1000)
    wrong = f"\\frac{{{top + 1}}}{{{bottom}}}"
    return Answer(f"\\dfrac{{{2 * top}}}{{{2 * bottom}}}", f"\\frac{{{top}}}{{{bottom}}}", wrong)


def _decimal(chance: random.Random) -> Answer:
    n = chance.randrange(1, 100_000)
    return Answer(f"{n / 1000:.4f}", f"{n}/1000", f"{n + 1}/1000")


def _percent(chance: random.Random) -> Answer:
    n = chance.randrange(1, 100_000)
    return Answer(f"{n / 100}\\%", f"{n / 100}\\%", f"{(n + 1000) / 100}\\%")


def _money(chance: random.Random) -> Answer:
    n = chance.randrange(1000, 1_000_000)
    return Answer(f"\\${n:,}.00", str(n), str(n - 1))


def _unit(chance: random.Random) -> Answer:
    n = chance.randrange(1, 100_000)
    return Answer(f"{n} \\text{{ cm}}", f"{n}\\text{{ cm}}", f"{n}\\text{{ m}}")


def _pair(chance: random.Random) -> Answer:
    a, b = chance.randrange(-500, 500), chance.randrange(500, 999)
    return Answer(f"\\left({a}, {b}\\right)", f"({a},{b})", f"({b},{a})")


def _surd(chance: random.Random) -> Answer:
    a, b = chance.randrange(2, 200), chance.choice([2, 3, 5, 6, 7])
    return Answer(f"\\sqrt{{{a * a * b}}}", f"{a}\\sqrt{{{b}}}", f"{a}\\sqrt{{{b + 1}}}")


def _multiple_of_pi(chance: random.Random) -> Answer:
    a, b = chance.randrange(1, 500), chance.randrange(2, 99)
    return Answer(f"\\frac{{{a}\\pi}}{{{b}}}", f"\\frac{{{a}}}{{{b}}}\\pi", f"\\frac{{{a}\\pi}}{{{b + 1}}}")


def _square(chance: random.Random) -> Answer:
    a, b = chance.randrange(1, MOST), chance.randrange(1, MOST)
    expanded = f"{a * a}x^2 + {2 * a * b}x + {{}}"
    return Answer(f"({a}x+{b})^2", expanded.format(b * b), expanded.format(b * b + 1))


def _partial_fractions(chance: random.Random) -> Answer:
    a = chance.randrange(2, MOST)
    return Answer(f"\\frac{{1}}{{x}} - \\frac{{1}}{{x+{a}}}", f"\\frac{{{a}}}{{x(x+{a})}}", f"\\frac{{1}}{{x(x+{a})}}")


def _conjugate(chance: random.Random) -> Answer:
    a = chance.randrange(2, MOST)
    return Answer(
        f"\\frac{{1}}{{\\sqrt{{{a + 1}}}-\\sqrt{{{a}}}}}", f"\\sqrt{{{a + 1}}}+\\sqrt{{{a}}}", f"\\sqrt{{{2 * a + 1}}}"
    )


def _interval(chance: random.Random) -> Answer:
    a = chance.randrange(-MOST, MOST)
    return Answer(f"x \\ge {a}", f"[{a}, \\infty)", f"({a}, \\infty)")


def _double_angle(chance: random.Random) -> Answer:
    a = chance.randrange(2, MOST)
    return Answer(f"{2 * a}\\sin x\\cos x", f"{a}\\sin 2x", f"{a}\\sin x")


def _integral(chance: random.Random) -> Answer:
    a, n = chance.randrange(2, MOST), chance.randrange(2, 9)
    return Answer(
        f"\\int_0^{{{a}}} x^{{{n}}} \\, dx", f"\\frac{{{a ** (n + 1)}}}{{{n + 1}}}", f"\\frac{{{a**n}}}{{{n}}}"
    )


def _sum(chance: random.Random) -> Answer:
    n = chance.randrange(10, MOST)
    return Answer(f"\\sum_{{k=1}}^{{{n}}} k^2", str(n * (n + 1) * (2 * n + 1) // 6), str(n * (n + 1) // 2))


def _limit(chance: random.Random) -> Answer:
    a = chance.randrange(2, MOST)
    return Answer(f"\\lim_{{x \\to 0}} \\frac{{\\sin {a}x}}{{x}}", str(a), f"\\frac{{1}}{{{a}}}")


HARD = (_integral, _sum, _limit)
PLAIN = (integer, _fraction, _decimal, _percent, _money, _unit, _pair, _surd, _multiple_of_pi)
ALGEBRA = (_square, _partial_fractions, _conjugate, _interval, _double_angle)
MIX = [*[integer] * 54, *[_fraction] * 18, *[_decimal] * 6, *[_unit] * 6, *[_pair] * 6, *ALGEBRA * 2]
