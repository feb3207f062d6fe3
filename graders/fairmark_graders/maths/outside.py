"""What `equality` leaves open, by math-verify and sympy: for a worker, since neither knows when to stop.

sympy simplifies where `equality` only proves, so this reaches integrals, limits and sums that are left as they are. Of
math-verify no more is used than that: it is given the two answers alone, never a text to pick a number from; it may
say that two expressions are equal and nothing else; and what isn't an expression to both readers (words, sets,
relations, where it takes much for equal) is left as `equality` left it.

Importing this takes a second: sympy itself, and what parser and integrator build when first used.
"""

import logging

from math_verify import LatexExtractionConfig, parse, verify
from sympy import Expr

from .comparing.shape import walk
from .decision import Decision, Leniency
from .equality import decide
from .reader import read
from .tree import Call, Negative, Node, Number, Power, Product, Quotient, Sum, Symbol

logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns of having no timeouts: workers have them

LONGEST = 200
"""Characters of an answer that sympy gets to see: its parser takes 0.4 s for 1,300."""

_EXPRESSIONS = (Number, Symbol, Negative, Sum, Product, Quotient, Power, Call)
_LATEX = [LatexExtractionConfig()]


def settle(answer: str, reference: str, allow: Leniency) -> Decision:
    """The decision of `equality`, and where it has none, sympy's. Raises `Unreadable` or `TooComplex`."""
    ours, theirs = read(answer), read(reference)
    decision = decide(ours, theirs, allow)
    if decision.equal is not None or max(len(answer), len(reference)) > LONGEST:
        return decision
    if _is_expression(ours) and _is_expression(theirs) and _equal(answer, reference):
        return Decision(True, "sympy")
    return decision


def _is_expression(node: Node) -> bool:
    return all(isinstance(at, _EXPRESSIONS) for at in walk(node))


def _equal(answer: str, reference: str) -> bool:
    """Whether sympy shows two expressions to be equal; False where it can't, or can't read them."""
    ours, theirs = _expression(answer), _expression(reference)
    if ours is None or theirs is None:
        return False
    return bool(verify(theirs, ours, float_rounding=15, numeric_precision=30, timeout_seconds=None))


def _expression(text: str) -> Expr | None:
    """What math-verify reads an answer as, where that is an expression."""
    found = parse(f"\\boxed{{{text}}}", _LATEX, fallback_mode="no_fallback", parsing_timeout=None)
    return found[0] if found and isinstance(found[0], Expr) else None


_equal(r"\int_0^1 x \, dx", r"\frac{1}{2}")  # so that no task of a new worker pays for it out of its limit
