"""The truth suite: what people hold for equal and what they don't, one JSON line each, a file for each subject.

`answer` and `reference` are what stands in a model's box and in the row; in `texts.jsonl` the answer is the whole text.
`math_verify` is what math-verify 0.9 says where it says otherwise, and `note` why that is, or why the case is as it is.
"""

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "cases"
TEXTS = "texts"


class MathCase(NamedTuple):
    """One answer to one reference."""

    subject: str
    phenomenon: str
    answer: str
    reference: str
    equal: bool
    note: str = ""
    math_verify: bool | None = None

    @property
    def text(self) -> str:
        """What the model said."""
        return self.answer if self.subject == TEXTS else f"So we get $\\boxed{{{self.answer}}}$."

    @property
    def title(self) -> str:
        return f"{self.subject}: {self.answer} for {self.reference}"


def load(subject: str) -> list[MathCase]:
    lines = (FOLDER / f"{subject}.jsonl").read_text().splitlines()
    return [MathCase(subject=subject, **json.loads(line)) for line in lines]


SUBJECTS = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
CASES = [case for subject in SUBJECTS for case in load(subject)]
