"""Graders: how good is this output? Usable in any process, without the web service.

from fairmark_graders import grade, parse_grader

exact = parse_grader({"type": "string_check", "input": "{{ sample.output_text }}",
                      "reference": "{{ item.reference_answer }}", "operation": "eq"})
grade(exact, "42", {"reference_answer": "42"}).score  # 1.0
"""

from .errors import FairmarkError, Fault, InvalidGrader, InvalidSample, ModelFault, Problem, Ungradable
from .grader import Fresh, Grader, Inline, Leaf, Shared, Tools
from .load import AnyGrader, parse_grader
from .local import agrade, grade
from .math_equivalence import MathEquivalence
from .multi import Multi
from .sample import RawSample, Sample
from .string_check import StringCheck
from .text_similarity import TextSimilarity
from .types import Case, Item, Outcome, Verdict, invalid

__version__ = "0.1.0"

__all__ = [
    "AnyGrader",
    "Case",
    "FairmarkError",
    "Fault",
    "Fresh",
    "Grader",
    "Inline",
    "InvalidGrader",
    "InvalidSample",
    "Item",
    "Leaf",
    "MathEquivalence",
    "ModelFault",
    "Multi",
    "Outcome",
    "Problem",
    "RawSample",
    "Sample",
    "Shared",
    "StringCheck",
    "TextSimilarity",
    "Tools",
    "Ungradable",
    "Verdict",
    "agrade",
    "grade",
    "invalid",
    "parse_grader",
]
