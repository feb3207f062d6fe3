"""OpenAI's `multi`: named parts and the formula that makes one score of theirs.

A multi judges nothing itself: whoever runs it grades the parts like any other grader, cached and shared one by one,
and hands their verdicts to `combine`. Parts are no multis.

A part without a score makes the whole ungradable when the formula names it. A formula without a value on these scores
(such as 1/x where x is 0) gives 0 with the outcome `grader_error`: what the scores are depends on what the model said,
so it can't be `None`. `invalid_grade` and `pass_threshold` are seen in OpenAI's configurations without a documented
effect on the score; they are kept for export and change nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from .formula import Formula, FormulaError, part_name
from .grader import Grader, Leaf
from .registry import AnyLeaf
from .types import Cell, Verdict

PartName = Annotated[str, AfterValidator(part_name)]


class Multi(Grader):
    """Parts by name, and the formula over their scores."""

    type: Literal["multi"]
    graders: dict[PartName, AnyLeaf] = Field(min_length=1, max_length=100)
    calculate_output: Formula
    pass_threshold: float | None = None
    invalid_grade: float | None = None

    @model_validator(mode="after")
    def _formula_names_parts(self) -> Self:
        unknown = sorted(self.calculate_output.names - self.graders.keys())
        if unknown:
            known = ", ".join(self.graders)
            raise ValueError(f"calculate_output: names '{unknown[0]}', which is no part; the parts are {known}")
        return self

    def leaves(self) -> Iterable[Leaf]:
        return self.graders.values()

    def decides(self) -> dict[str, Any]:
        versions = {name: part.version for name, part in self.graders.items()}
        return {"revision": self.revision, "parts": versions, "formula": self.calculate_output.source}

    def to_openai(self) -> dict[str, Any]:
        return super().to_openai() | {"graders": {name: part.to_openai() for name, part in self.graders.items()}}

    def combine(self, parts: Mapping[str, Verdict]) -> Verdict:
        """The verdict on the whole, from the verdict on each part."""
        whole = self._combined(parts)
        for part in parts.values():
            if part.cells:
                return whole._replace(cells=_cells(parts))
        return whole

    def _combined(self, parts: Mapping[str, Verdict]) -> Verdict:
        scores = {name: verdict.score for name, verdict in parts.items()}
        named = {name: verdict for name, verdict in parts.items() if name in self.calculate_output.names}
        for name, verdict in named.items():
            if verdict.score is None:
                reason = f"part '{name}' has no score: {verdict.reason}"
                return Verdict(None, "ungradable", reason, "multi", verdict.error, scores, verdict.repeatable)
        try:
            score = self.calculate_output({name: v.score for name, v in named.items() if v.score is not None})
        except FormulaError as error:
            return Verdict(0.0, "grader_error", f"calculate_output: {error}", "multi", "formula_parse", scores)
        raised = any(verdict.outcome == "grader_error" for verdict in named.values())
        return Verdict(
            score,
            "grader_error" if raised else "graded",
            _reasons(parts),
            "multi",
            next((verdict.error for verdict in named.values() if verdict.error), None),
            scores,
            all(verdict.repeatable for verdict in named.values()),
        )


def _cells(parts: Mapping[str, Verdict]) -> tuple[Cell, ...]:
    return tuple(cell._replace(part=name) for name, verdict in parts.items() for cell in verdict.cells)


def _reasons(parts: Mapping[str, Verdict]) -> str | None:
    return "; ".join(f"{name}: {verdict.reason}" for name, verdict in parts.items() if verdict.reason) or None
