"""What a comparison comes to: everything that was measured, as JSON has it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fairmark_graders import __version__

from ..outputs.output import Decoding
from .answers import Answers
from .diversity import Diversity
from .measures import Measure, measures
from .statistics import LEVEL


class Cost(BaseModel):
    """What it took to train a model; None where nobody said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dollars: float | None = Field(None, ge=0, allow_inf_nan=False)
    hours: float | None = Field(None, ge=0, allow_inf_nan=False)


class Estimate(BaseModel):
    """A measure and its 95 % interval; None where there is nothing to measure."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Difference(Estimate):
    """A measure of the second model minus the first's."""

    error: float | None = None
    """Its standard error."""
    p: float | None = None
    test: Literal["McNemar", "swap"] | None = None
    p_adjusted: float | None = None
    """By Holm, for all pairs of models."""
    rows_needed: int | None = None
    """Rows that would show a difference of this size four times in five."""
    detectable: float | None = None
    """The difference that the rows there are show four times in five."""

    @property
    def shown(self) -> bool:
        """Whether test and interval both say that there is one."""
        if self.low is None or self.high is None or self.p_adjusted is None:
            return False
        return self.p_adjusted < 1 - LEVEL and not self.low <= 0 <= self.high


class Model(BaseModel):
    """One model on these rows."""

    name: str
    model: str
    """What its outputs say they come from."""
    seeds: int
    outputs: int
    decodings: list[Decoding | None]
    cost: Cost
    measures: dict[str, Estimate]
    by_class: dict[str, Estimate] = {}
    """The share that is right, of the rows of each class."""
    confusion: dict[str, dict[str, float]] = {}
    """Outputs, counted by their weight, by the class expected and what was found."""
    ungraded: dict[str, int]
    """Outputs without a score, by grader."""
    diversity: Diversity


class Pair(BaseModel):
    """Two models, `second` minus `first`, by measure."""

    first: str
    second: str
    differences: dict[str, Difference]


class Comparison(BaseModel):
    """Everything that was measured; `answers` has the outputs themselves and isn't part of the JSON."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    fairmark: str = __version__
    rows: int
    weighted: bool
    """Whether rows count by their `weight`."""
    headline: str
    """The measure that the verdict is about."""
    classes: list[str]
    rare: str | None
    labels_read: str
    """How an output's label was read, or what counts as right."""
    graders: list[str]
    """The first is the one that was trained on."""
    versions: list[str]
    """The same graders with the digits that say everything about how they judge."""
    models: list[Model]
    pairs: list[Pair]
    elsewhere: "Comparison | None" = None
    """The same models out of the domain."""
    answers: list[Answers] = Field([], exclude=True, repr=False)

    def model(self, name: str) -> Model:
        return next(model for model in self.models if model.name == name)

    def pair(self, first: str, second: str) -> Pair:
        return next(pair for pair in self.pairs if (pair.first, pair.second) == (first, second))

    @property
    def measures(self) -> list[Measure]:
        return measures(self.classes, self.rare, self.graders)

    @property
    def measure(self) -> Measure:
        """The one of the headline."""
        return next(measure for measure in self.measures if measure.name == self.headline)
