"""What a preparation can be told; recorded in the manifest as it was."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from .prepared import Method


def _whole(shares: tuple[float, float, float]) -> tuple[float, float, float]:
    if not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError(f"expected shares that make 1, not {sum(shares):g}")
    if min(shares) < 0 or min(shares[:2]) == 0:
        raise ValueError("expected shares of train and validation above 0, which every platform wants")
    return shares


class Settings(BaseModel):
    """How rows become a data set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    """The column with each row's class."""
    rare: str
    """The class that is rare, as the label says it."""
    ratio: float = Field(0.2, gt=0, lt=1)
    """The rare share wanted on the train side."""
    sampling: Literal["over", "under", "weights"] = "over"
    """How it comes about: rare rows repeated, others left out, or a weight for each row."""
    shares: Annotated[tuple[float, float, float], AfterValidator(_whole)] = (0.8, 0.1, 0.1)
    """Of train, validation and test."""
    group: str | None = None
    """A column whose values may not be on two sides: a customer, a machine."""
    near_duplicates: float = Field(0.8, gt=0, le=1)
    """What two rows share when they are kept together: `near_duplicates.py`."""
    enrich: bool = False
    """Take rare rows from the train side where validation has too few, and weight its rows to make up for it."""
    seed: int = Field(0, ge=0, lt=2**32)
    columns: dict[str, str] = {}
    """New names of columns: {new: the source's}."""
    template: str | None = None
    """Of the prompt; None where a column holds it."""
    system: str | None = None
    targets: tuple[Literal["openai", "trl"], ...] = ("openai", "trl")
    methods: tuple[Method, ...] = ("rft", "sft")
    response_format: dict[str, Any] | None = None
