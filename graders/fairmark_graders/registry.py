"""Every grader that stands alone."""

from typing import Annotated

from pydantic import Field

from .classification import Classification
from .exact_match import ExactMatch
from .f1 import F1
from .function import Function
from .string_check import StringCheck
from .text_similarity import TextSimilarity

AnyLeaf = Annotated[
    Classification | ExactMatch | F1 | Function | StringCheck | TextSimilarity, Field(discriminator="type")
]
"""A new grader is one file and one name here."""
