"""Whole answers to hard questions, written by people who knew nothing of the grader: sentences, solutions, boxes.

A set is unseen until its failures have been read; after that it only guards against going back. Nobody has read those
of `seventh`: whoever does has another written. docs/math_equivalence.md reports what sets measured while unseen.

    python -m tests.graders.maths.whole_answers        recall and false accepts by set, ours and math-verify's
"""

import json
from pathlib import Path
from typing import NamedTuple

from fairmark_graders import grade

GRADER = {"type": "math_equivalence", "input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}
SETS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"]


class Row(NamedTuple):
    """What a model said to a question, and whether a fair teacher would give it full marks."""

    phenomenon: str
    question: str
    answer: str
    reference: str
    equal: bool
    note: str = ""

    @property
    def passes(self) -> bool:
        return grade(GRADER, self.answer, {"answer": self.reference}).score == 1


class Rates(NamedTuple):
    """Shares of the right answers that pass and of the wrong ones that do."""

    recall: float
    false_accepts: float


def load(name: str) -> list[Row]:
    lines = (Path(__file__).parent / f"{name}.jsonl").read_text().splitlines()
    return [Row(**json.loads(line)) for line in lines]


def rates(rows: list[Row], passed: list[bool]) -> Rates:
    right = [ok for row, ok in zip(rows, passed, strict=True) if row.equal]
    wrong = [ok for row, ok in zip(rows, passed, strict=True) if not row.equal]
    return Rates(sum(right) / len(right), sum(wrong) / len(wrong))
