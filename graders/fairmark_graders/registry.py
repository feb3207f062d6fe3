"""Every grader that stands alone."""

from typing import Annotated

from pydantic import Field

from .string_check import StringCheck
from .text_similarity import TextSimilarity

AnyLeaf = Annotated[StringCheck | TextSimilarity, Field(discriminator="type")]
"""A new grader is one file and one name here."""
