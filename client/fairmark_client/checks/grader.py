"""Does a grader read the references of a data set, and tell them apart, before anybody trains on them?

Each row's reference is graded as if a model had answered it: as it is, boxed, in a sentence, and as JSON where the
grader reads JSON. It passes when one of these scores full, again when graded again, while an empty answer and another
row's reference don't. Rows are graded one after the other, so that a row's time is its own.

    tools = Tools(Workers())
    check = GraderCheck(grader, reference(grader), tools)
    for line, item in enumerate(items, 1):
        await check.look(line, item)
    trials = check.trials()                     # on a sample of the rows
    constant = await trials.constant()
    tried = [found async for found in trials.exploits()]
    await tools.close()
"""

import time
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fairmark_graders import AnyGrader, Item, Sample, Tools, Verdict
from fairmark_graders.local import grade_with
from fairmark_graders.template import Variable

from .answers import AS_IT_IS, Answers, Form, folded, said, shown
from .sampling import Sampling
from .trials import Trials

CHECKS = {
    "row": "the line holds an item",
    "readable": "the grader can read the reference",
    "full": "the reference scores full",
    "again": "graded again, it scores the same",
    "empty": "an empty answer doesn't score full",
    "other": "another row's reference doesn't",
}
ALIKE = 0.01
"""The share of rows for which another row's reference may score full: `1/2` and `0.5` may stand in one data set."""


class Looked(NamedTuple):
    """What came of one row: each check that was made, with what is wrong where something is."""

    checks: Mapping[str, str | None]
    forms: Iterable[Form] = ()
    """The forms in which the reference scores full."""
    seconds: float | None = None
    """What grading the best of them took."""
    reference: Any = None
    """None where the grader can't read it."""


class GraderCheck:
    """One data set on its way past one grader: what failed, and a sample of its rows to try exploits on."""

    def __init__(self, grader: AnyGrader, reference: Variable, tools: Tools) -> None:
        """`tools` judge; whoever makes them closes them."""
        self.rows = 0
        self.made: Counter[str] = Counter()
        """Rows by the check that was made."""
        self.failed: Counter[str] = Counter()
        self.forms: Counter[Form] = Counter()
        """Rows by the forms in which their reference scores full."""
        self.seconds = array("d")
        """What grading each row took."""
        self._grader, self._reference, self._tools = grader, reference, tools
        self._probe, self._sampling = Probe(grader, reference, tools), Sampling()

    async def look(self, line: int, item: Item, weight: float = 1.0) -> Looked:
        """Make every check that a row allows; `line` is what it is called, `weight` how often it is trained on."""
        looked = await self._probe.look(line, item)
        self.count(looked)
        if looked.reference is not None:
            self._sampling.add(line, item, looked.reference, weight)
        return looked

    def count(self, looked: Looked) -> None:
        """Count what came of a row; one that holds no item, too."""
        self.rows += 1
        self.made.update(looked.checks.keys())
        self.failed.update(name for name, problem in looked.checks.items() if problem)
        self.forms.update(looked.forms)
        if looked.seconds is not None:
            self.seconds.append(looked.seconds)

    def fails(self, name: str) -> bool:
        """Whether too many rows fail a check: any at all, but for references that say the same in other words."""
        return self.failed[name] > (self.made[name] * ALIKE if name == "other" else 0)

    def trials(self, schema: Mapping[str, Any] | None = None) -> Trials:
        """Exploits on a sample of what was looked at; `schema` is that of the JSON a prompt asks for.

        There is nothing to try while no reference was read.
        """
        form = max(self.forms, key=lambda form: self.forms[form], default=AS_IT_IS)
        return Trials(self._grader, self._reference, self._sampling, self._tools, form, schema)


class Probe:
    """Puts references to a grader, as answers."""

    def __init__(self, grader: AnyGrader, reference: Variable, tools: Tools) -> None:
        """`tools` judge; whoever makes them closes them."""
        self.answers = Answers(grader)
        self._grader, self._reference, self._tools = grader, reference, tools
        self._earlier: list[tuple[int, Any]] = []
        """Two different references of earlier rows: one of them differs from any other."""

    async def look(self, line: int, item: Item) -> Looked:
        """Make every check that this row allows; `line` is what later rows call it."""
        value = self._reference.find(Sample(""), item)
        if value is None:
            return Looked({"row": None, "readable": f"the item has no '{self._reference}'"})
        forms = self.answers.forms(value)
        timed = {form: await self._timed(text, item) for form, text in forms.items()}
        best = max(timed, key=lambda form: _rank(timed[form][0]))
        verdict, seconds = timed[best]
        if verdict.score is None:
            return Looked({"row": None, "readable": f"{shown(value)}: {verdict.reason}"})
        checks = {"row": None, "readable": None} | await self._checks(line, item, value, best, verdict)
        full = [form for form, (found, _) in timed.items() if self.answers.scores_full(found)]
        return Looked(checks, full, seconds, value)

    async def _checks(self, line: int, item: Item, value: Any, form: Form, verdict: Verdict) -> dict[str, str | None]:
        full, forms = self.answers.scores_full, self.answers.forms
        checks: dict[str, str | None] = {"full": None, "again": None, "empty": None}
        if not full(verdict):
            checks["full"] = f"{shown(value)} scores {said(verdict)}"
        again = await self._grade(forms(value)[form], item)
        if (again.score, again.outcome) != (verdict.score, verdict.outcome):
            checks["again"] = f"{shown(value)} scores {said(verdict)}, then {said(again)}"
        if full(empty := await self._grade("", item)):
            checks["empty"] = f"an empty answer to {shown(value)} scores {said(empty)}"
        if other := self._other(line, value):
            where, swapped = other
            found = await self._grade(forms(swapped).get(form, forms(swapped)["as it is"]), item)
            told = f"{shown(swapped)} of line {where} scores {said(found)} for {shown(value)}"
            checks["other"] = told if full(found) else None
        return checks

    def _other(self, line: int, value: Any) -> tuple[int, Any] | None:
        """A different reference of an earlier row; case and spaces make no difference."""
        other = next((earlier for earlier in self._earlier if folded(earlier[1]) != folded(value)), None)
        if not self._earlier or other is not None:
            self._earlier = [(line, value), *([other] if other else [])]
        return other

    async def _timed(self, text: str, item: Item) -> tuple[Verdict, float]:
        began = time.perf_counter()
        return await self._grade(text, item), time.perf_counter() - began

    async def _grade(self, text: str, item: Item) -> Verdict:
        return await grade_with(self._tools, self._grader, Sample(text), item)


def _rank(verdict: Verdict) -> tuple[bool, float]:
    return verdict.outcome == "graded", verdict.score if verdict.score is not None else -1e300
