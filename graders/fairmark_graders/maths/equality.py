"""Whether an answer says what the reference says: `decide`.

One rule after the other looks at the two trees, and the first that knows what they are decides; what none knows stays
undecided. The two roles differ: the answer has to be as finished as the reference, solved, evaluated, and one where one
is asked for.
"""

from .comparing.comparison import Comparison, Rule
from .comparing.conditions import compare_cases, compare_conditions, compare_sets_of
from .comparing.curves import compare_both_signs
from .comparing.entries import compare_entries
from .comparing.equations import compare_relations
from .comparing.expressions import compare_bases, compare_expressions, compare_kinds, compare_ratios
from .comparing.flats import compare_flats, compare_spans
from .comparing.integers import compare_integers
from .comparing.margins import compare_margins
from .comparing.members import compare_members
from .comparing.sets import compare_combined, compare_regions
from .comparing.shape import bound
from .comparing.wording import compare_letters, compare_words
from .decision import Decision, Leniency
from .errors import TooComplex
from .tree import Node, Number

__all__ = ["Decision", "Leniency", "decide"]

RULES: tuple[Rule, ...] = (
    compare_letters,
    compare_words,
    compare_integers,
    compare_margins,
    compare_regions,
    compare_flats,
    compare_spans,
    compare_conditions,
    compare_both_signs,
    compare_entries,
    compare_members,
    compare_relations,
    compare_combined,
    compare_sets_of,
    compare_ratios,
    compare_cases,
    compare_kinds,
    compare_bases,
    compare_expressions,
)


def decide(answer: Node, reference: Node, allow: Leniency) -> Decision:
    """Whether the answer is the reference.

    Raises `TooComplex` whose `of` is the reference where that is too large as such, whatever the answer: what can't be
    decided about an answer is held against the answer.
    """
    if type(answer) is Number and type(reference) is Number and answer.value == reference.value:
        return Decision(True, "rational value")
    try:
        bound(reference)
    except TooComplex as error:
        error.of = "reference"
        raise
    try:
        bound(answer)
        return Comparison(RULES, allow).decide(answer, reference)
    except TooComplex as error:
        error.of = "answer"
        raise
