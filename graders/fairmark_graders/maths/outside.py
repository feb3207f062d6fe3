"""What `equality` leaves open, by math-verify and sympy: for a worker, since neither knows when to stop.

sympy simplifies where `equality` only proves, so this reaches integrals, limits and sums that are left as they are. Of
math-verify no more is used than that: it is given two expressions alone, never a text to pick a number from, and it may
say that they are equal and nothing else.

Importing this takes a second: sympy itself, and what parser and integrator build when first used.
"""

import logging

from math_verify import LatexExtractionConfig, parse, verify
from sympy import Expr

logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns of having no timeouts: workers have them

_LATEX = [LatexExtractionConfig()]


def equal(answer: str, reference: str) -> bool:
    """Whether sympy shows two expressions to be equal; False where it can't, or can't read them."""
    ours, theirs = _expression(answer), _expression(reference)
    if ours is None or theirs is None:
        return False
    return bool(verify(theirs, ours, float_rounding=15, numeric_precision=30, timeout_seconds=None))


def _expression(text: str) -> Expr | None:
    """What math-verify reads an answer as, where that is an expression."""
    found = parse(f"\\boxed{{{text}}}", _LATEX, fallback_mode="no_fallback", parsing_timeout=None)
    return found[0] if found and isinstance(found[0], Expr) else None


equal(r"\int_0^1 x \, dx", r"\frac{1}{2}")  # so that no task of a new worker pays for it out of its limit
