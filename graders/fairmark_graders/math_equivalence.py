"""fairmark's `math_equivalence`: 1 when the final answer of a text equals the reference mathematically, else 0.

The final answer is found first (`maths/answer`) and only it is read, so a long chain of thought costs what a short
one does. Most pairs are decided at once and exactly; what is long goes to a worker, and so do expressions that are left
open, which sympy gets to see. docs/math_equivalence.md has what is recognised, what is forgiven, and where math-verify
differs.

Whether a sample is ungradable depends on the reference alone: it is read first, and an answer nobody can read, or one
too complex to decide, scores 0.
"""

import importlib.util
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Literal, Self, TypeVar

from pydantic import Field, model_validator

from .errors import ModelFault, Ungradable
from .grader import Comparison, Shared, Tools
from .maths.answer import NoAnswer, Place, TooLong, final_answer, reference_answer
from .maths.comparing.shape import bound, walk
from .maths.decision import Decision, Leniency
from .maths.errors import TooComplex, Unreadable
from .maths.reader import read
from .maths.tree import Call, Negative, Node, Number, Power, Product, Quotient, Relation, Sum, Symbol
from .sample import Sample
from .types import Case, Item, Verdict
from .workers import OverLimit, WorkerLost

CPU_SECONDS = 1.0
"""Sizes decide first; this stops what sympy makes of the rest, which for an integral takes it 30 ms."""

IN_PLACE = 400
"""Characters of an answer and its reference together that are compared in place: the slowest take 5 ms, most 0.1."""

SYMPY = 200
"""Characters of an answer that sympy gets to see: its parser takes 0.4 s for 1,300."""

_EXACTLY = Leniency(rounding=False, unevaluated=True)
_EXPRESSIONS = (Number, Symbol, Negative, Sum, Product, Quotient, Power, Call)
_DOTS = Symbol("...")
_LIBRARIES = {
    "math-verify": "math_verify",
    "latex2sympy2_extended": "latex2sympy2_extended",
    "sympy": "sympy",
    "python-flint": "flint",
}
T = TypeVar("T")


class MathEquivalence(Comparison, Shared):
    """Compare the final answer of `input` with `reference`."""

    type: Literal["math_equivalence"]
    answer_in: Place = "auto"
    """Where the answer is: the last box, after the last marker, the last number, the whole text, or wherever it is."""
    marker: str | None = Field(None, min_length=1, max_length=100)
    """The words before the answer, in place of the usual ones (`####`, "the answer is", "Answer:", …)."""
    allow: Leniency = Leniency()
    """What is forgiven."""

    @model_validator(mode="after")
    def _available(self) -> Self:
        missing = [name for name, module in _LIBRARIES.items() if importlib.util.find_spec(module) is None]
        if missing:
            raise ValueError(f"'math_equivalence' needs {' and '.join(missing)}; install fairmark[math]")
        _decide()
        if self.marker is not None and self.answer_in not in ("auto", "marker"):
            raise ValueError(f"marker: expected none where answer_in is '{self.answer_in}'")
        return self

    def libraries(self) -> tuple[str, ...]:
        return tuple(_LIBRARIES)

    def read(self, sample: Sample, item: Item) -> Case:
        try:
            text, right = super().read(sample, item)
        except ModelFault:
            self._reference(self.reference.render(sample, item))
            raise
        reference = self._reference(right)
        try:
            return Case(final_answer(text, self.answer_in, self.marker), reference)
        except NoAnswer as error:
            raise ModelFault(str(error)) from None
        except TooLong as error:
            raise ModelFault(str(error), "limit") from None

    def quick(self, case: Case) -> Verdict | None:
        if case.answer == case.reference:
            return Verdict(1.0, rule="math_equivalence.same")
        if _is_long(case):
            return None
        decision = self._decision(case)
        return None if decision.equal is None and _may_ask_sympy(case) else _verdict(case, decision)

    def warm(self) -> Iterable[Case]:
        """One that sympy gets to see, where that is to be expected: its import takes two seconds of every start."""
        return [Case(r"\int_0^1 x \, dx", r"\frac{1}{2}")] if self.allow.unevaluated else []

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        if _is_long(case):
            try:
                decision = await _in_worker(tools, compare, *case, self.allow)
            except (Unreadable, TooComplex) as error:
                raise _fault(error) from None
        elif await _in_worker(tools, _Sympy(), *case):
            decision = Decision(True, "sympy")
        else:
            decision = self._decision(case)
        return _verdict(case, decision)

    def _decision(self, case: Case) -> Decision:
        try:
            return _decide()(_tree(case.answer), _tree(case.reference), self.allow)
        except (Unreadable, TooComplex) as error:
            raise _fault(error) from None

    def _reference(self, text: str) -> str:
        """The reference, found to be readable; one made of the sample is the model's to write."""
        try:
            reference = reference_answer(text)
            complaint = _complaint(reference)
        except (NoAnswer, TooLong) as error:
            complaint = str(error)
        if complaint is None:
            return reference
        reason = f"the reference can't be read: {complaint}"
        raise ModelFault(reason) if "sample" in self.reference.namespaces else Ungradable(reason, repeatable=True)


def compare(answer: str, reference: str, allow: Leniency) -> Decision:
    """Whether two texts say the same, for a worker. Raises `Unreadable` or `TooComplex`."""
    return _decide()(read(answer), read(reference), allow)


async def _in_worker(tools: Tools, function: Callable[..., T], *args: object) -> T:
    try:
        return await tools.workers.run(function, *args, cpu_seconds=CPU_SECONDS)
    except OverLimit as error:
        raise ModelFault(f"comparing the answers {error}", "limit", repeatable=False) from None
    except WorkerLost as error:
        raise Ungradable(str(error)) from None


class _Sympy:
    """`outside.equal` for a worker, which finds it by importing sympy, before its clock starts.

    This process never imports that: it takes a second and 60 MB.
    """

    def __call__(self, answer: str, reference: str) -> bool:
        return _sympy()(answer, reference)

    def __reduce__(self) -> tuple[Callable[[], object], tuple[()]]:
        return _sympy, ()


def _sympy() -> Callable[[str, str], bool]:
    from .maths.outside import equal

    return equal


@cache
def _decide() -> Callable[[Node, Node, Leniency], Decision]:
    """`equality.decide`, imported when a grader is loaded: flint isn't part of the base install."""
    from .maths.equality import decide

    return decide


def _is_long(case: Case) -> bool:
    return len(case.answer) + len(case.reference) > IN_PLACE


def _may_ask_sympy(case: Case) -> bool:
    """Whether both are short expressions; a relation may stand in one, as where a sum begins."""
    return all(len(text) <= SYMPY and _is_expression(_tree(text)) for text in case)


def _is_expression(node: Node) -> bool:
    return isinstance(node, _EXPRESSIONS) and all(
        isinstance(at, (*_EXPRESSIONS, Relation)) and at != _DOTS for at in walk(node)
    )


@lru_cache(maxsize=2_000)
def _complaint(reference: str) -> str | None:
    """Why nothing can be graded against a reference: nobody reads it, or tells it from itself and one."""
    try:
        tree = _tree(reference)
        bound(tree)
        if any(isinstance(at, Power | Call) for at in walk(tree)):  # nothing else grows beyond what it is written with
            _decide()(Sum((tree, Number(1))), tree, _EXACTLY)
    except (Unreadable, TooComplex) as error:
        return str(error)
    return None


def _tree(text: str) -> Node:
    """What a text says. Raises `Unreadable` or `TooComplex`."""
    found = _short(text) if len(text) <= IN_PLACE else _long(text)
    if isinstance(found, Exception):
        raise found
    return found


def _read(text: str) -> Node | Unreadable | TooComplex:
    try:
        return read(text)
    except (Unreadable, TooComplex) as error:
        return error.with_traceback(None)


_short, _long = lru_cache(maxsize=2_000)(_read), lru_cache(maxsize=50)(_read)
"""A group of rollouts shares its reference and most of its answers. A tree takes 100 bytes a character."""


def _fault(error: Unreadable | TooComplex) -> ModelFault:
    """The answer is to blame: the reference was found to be sound before."""
    if isinstance(error, Unreadable):
        return ModelFault(f"the answer can't be read: {error}")
    return ModelFault(f"the answer is too complex: {error}", "limit")


def _verdict(case: Case, decision: Decision) -> Verdict:
    rule = f"math_equivalence.{decision.rule}"
    if decision.equal:
        return Verdict(1.0, reason=f"forgiven: {', '.join(decision.lenient)}" if decision.lenient else None, rule=rule)
    verb = "is not" if decision.equal is False else "could not be shown to be"
    why = f": {decision.reason}" if decision.reason else ""
    return Verdict(0.0, reason=f"{_shown(case.answer)} {verb} {_shown(case.reference)}{why}", rule=rule)


def _shown(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}…"
