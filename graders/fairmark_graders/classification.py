"""fairmark's `classification`: one of the declared labels, with a reward for each kind of mistake.

A right answer earns 1 and a wrong one 0, unless `rewards` says otherwise cell by cell, or `frequencies` says how common
the labels are. Then a wrong answer f costs p/(1 - p), where p is the share of f: whoever always gives the same answer,
or guesses without looking, earns p - (1 - p) p/(1 - p) = 0 on average, and whoever is always right earns 1.

An answer without a label, or with several, earns what the worst wrong answer would, and 0 at most: where mistakes cost
something, saying nothing is no way out. The way out is `abstain`, where it is declared. docs/classification.md
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, model_validator

from .errors import ModelFault, Ungradable
from .grader import Comparison, Inline
from .labels import LONGEST, Labels
from .sample import Sample
from .types import Case, Cell, Item, Verdict

NONE, SEVERAL, ABSTAINED = "(none)", "(several)", "(abstained)"
"""What is found where no label is."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]
Shares = dict[Label, Annotated[FiniteFloat, Field(ge=1e-9, le=1e12)]]
"""A share or a count for each label; only their proportions matter."""


class Abstention(BaseModel):
    """That the model may say it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Label
    """How it says so."""
    reward: FiniteFloat = 0.0


class Classification(Comparison, Inline):
    """Find one of `labels` in `input`, and reward it by the one in `reference`."""

    type: Literal["classification"]
    labels: tuple[Label, ...] = Field(min_length=2, max_length=100)
    synonyms: dict[Label, tuple[Label, ...]] = {}
    """Other spellings of a label, or of abstaining."""
    rewards: dict[Label, dict[Label, FiniteFloat]] = {}
    """By the expected label and the one found; 1 where they are equal and 0 elsewhere, unless it is here."""
    frequencies: Shares | None = None
    """How common each label is where the model is trained; sets the costs of mistakes."""
    abstain: Abstention | None = None
    natural_shares: Shares | None = None
    """How common each label is where the model will be used; only for the metrics."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if "sample" in self.reference.namespaces:
            raise ValueError("reference: expected the item's label, not what the sample says")
        if self.rewards and self.frequencies:
            raise ValueError("frequencies: set the rewards, so there can be no 'rewards' beside them")
        if taken := {NONE, SEVERAL, ABSTAINED} & {*self.labels}:
            raise ValueError(f"labels: {taken.pop()!r} stands for an answer without a label")
        for field, name in self._named():
            if name not in self.labels:
                raise ValueError(f"{field}: {name!r} is none of the labels")
        for field, shares in (("frequencies", self.frequencies), ("natural_shares", self.natural_shares)):
            missing = [label for label in self.labels if shares is not None and label not in shares]
            if missing:
                raise ValueError(f"{field}: {missing[0]!r} has none; expected a share for each label")
        try:
            _ = self._answers, self._references
        except ValueError as error:
            raise ValueError(f"labels: {error}") from None
        return self

    def _named(self) -> Iterator[tuple[str, str]]:
        """Every label that a field speaks of."""
        yield from (("rewards", name) for row in self.rewards.items() for name in (row[0], *row[1]))
        yield from (("frequencies", name) for name in self.frequencies or ())
        yield from (("natural_shares", name) for name in self.natural_shares or ())
        abstaining = self.abstain.label if self.abstain else None
        yield from (("synonyms", name) for name in self.synonyms if name != abstaining)

    def decides(self) -> dict[str, Any]:
        decided = super().decides()
        del decided["configuration"]["natural_shares"]
        return decided

    @cached_property
    def _references(self) -> Labels:
        return Labels(self._spelled())

    @cached_property
    def _answers(self) -> Labels:
        """The labels, and the words for abstaining where that is allowed."""
        own = self.abstain.label if self.abstain else None
        abstaining = () if own is None else (own, *self.synonyms.get(own, ()))
        return Labels([*self._spelled(), *((spelling, ABSTAINED) for spelling in abstaining)])

    def _spelled(self) -> list[tuple[str, str]]:
        """Each label under each of its spellings."""
        return [(spelling, label) for label in self.labels for spelling in (label, *self.synonyms.get(label, ()))]

    def read(self, sample: Sample, item: Item) -> Case:
        try:
            text, reference = super().read(sample, item)
        except ModelFault as fault:
            refused = self._verdict(self._expected(self.reference.render(sample, item)), NONE)
            fault.verdict = refused._replace(reason=fault.verdict.reason, error=fault.verdict.error)
            raise
        expected = self._expected(reference)
        found = self._answers.find(text)
        return Case(found[0] if len(found) == 1 else found, expected)

    def _expected(self, reference: str) -> str:
        label = self._references.named(reference)
        if label is None:
            raise Ungradable(f"the reference {reference[:100]!r} is none of the labels", repeatable=True)
        return label

    def judge(self, case: Case) -> Verdict:
        if isinstance(case.answer, str):
            return self._verdict(case.reference, case.answer)
        return self._verdict(case.reference, SEVERAL if case.answer else NONE)

    def _verdict(self, expected: str, found: str) -> Verdict:
        """The one verdict of a cell: a batch counts equal ones by identity."""
        verdict = self._made.get((expected, found))
        if verdict is None:
            verdict = self._made[expected, found] = self._make(expected, found)
        return verdict

    @cached_property
    def _made(self) -> dict[tuple[str, str], Verdict]:
        return {}

    def _make(self, expected: str, found: str) -> Verdict:
        cells = (Cell(expected, found),)
        if found == ABSTAINED and self.abstain:
            return Verdict(self.abstain.reward, rule="classification.abstained", cells=cells)
        if found in (NONE, SEVERAL):
            score = min(0.0, *(self._reward(expected, label) for label in self.labels))
            reason = "no label in the answer" if found == NONE else "the answer names several labels"
            return Verdict(score, reason=reason, rule="classification.unread", error="sample_parse", cells=cells)
        rule = "classification.right" if found == expected else "classification.wrong"
        return Verdict(self._reward(expected, found), rule=rule, cells=cells)

    def _reward(self, expected: str, found: str) -> float:
        if self.frequencies and found != expected:
            return -self.frequencies[found] / sum(n for label, n in self.frequencies.items() if label != found)
        return self.rewards.get(expected, {}).get(found, float(found == expected))
