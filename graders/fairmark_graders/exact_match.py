"""fairmark's `exact_match`: 1 when the text is one of the references after SQuAD's normalisation, else 0.

squad.py says what is normalised. Where a text has to be right to the letter, `string_check` is the grader.
"""

from typing import Literal

from .squad import Squad


class ExactMatch(Squad):
    """Compare `input` with `reference`, or with each of several."""

    type: Literal["exact_match"]

    def best(self, answer: str, references: list[str]) -> float:
        return float(answer in references)
