"""OpenAI's `string_check`: 1 when the texts compare as asked, else 0.

`like` and `ilike` ask whether the input contains the reference. Nothing is trimmed or normalised: OpenAI documents
neither. Case is folded for `ilike` (str.casefold), so that `STRASSE` matches `straße`.
"""

import operator
from collections.abc import Callable
from typing import Literal

from .grader import Comparison, Inline
from .types import Case, Verdict

Operation = Literal["eq", "ne", "like", "ilike"]

_HOLDS: dict[Operation, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "like": operator.contains,
    "ilike": lambda text, part: part.casefold() in text.casefold(),
}
_VERDICTS = {
    name: (Verdict(0.0, rule=f"string_check.{name}"), Verdict(1.0, rule=f"string_check.{name}")) for name in _HOLDS
}


class StringCheck(Comparison, Inline):
    """Compare `input` with `reference` by one operation."""

    type: Literal["string_check"]
    operation: Operation

    def judge(self, case: Case) -> Verdict:
        operation = self.operation
        return _VERDICTS[operation][_HOLDS[operation](*case)]
