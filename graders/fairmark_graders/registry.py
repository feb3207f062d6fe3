"""Every grader that stands alone."""

from typing import Annotated

from pydantic import Field

from .classification import Classification
from .code_tests import CodeTests
from .exact_match import ExactMatch
from .f1 import F1
from .function import Function
from .json_schema import JsonSchema
from .length_penalty import LengthPenalty
from .math_equivalence import MathEquivalence
from .multiple_choice import MultipleChoice
from .numeric import Numeric
from .overlong_penalty import OverlongPenalty
from .python_grader import Python
from .regex import Regex
from .repetition_penalty import RepetitionPenalty
from .string_check import StringCheck
from .tag_format import TagFormat
from .text_similarity import TextSimilarity
from .tool_calls import ToolCalls

AnyLeaf = Annotated[
    Classification
    | CodeTests
    | ExactMatch
    | F1
    | Function
    | JsonSchema
    | LengthPenalty
    | MathEquivalence
    | MultipleChoice
    | Numeric
    | OverlongPenalty
    | Python
    | Regex
    | RepetitionPenalty
    | StringCheck
    | TagFormat
    | TextSimilarity
    | ToolCalls,
    Field(discriminator="type"),
]
"""A new grader is one file and one name here."""
