"""The grader on the rows it is to train with: the right answer must score full, a wrong one must not.

Answers have the form that the model's will have: under a response format the JSON object it asks for, else whatever
form the grader takes (checks/answers.py). The wrong answer is another row's; where all are the same, an empty one.
"""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from fairmark_graders import AnyGrader, InvalidGrader, Sample, Verdict, agrade, local, parse_grader
from fairmark_graders.template import Template, Variable

from ..checks.answers import AS_IT_IS, Answers, Form, folded, said, shown
from ..checks.grader import ALIKE
from ..checks.reference import lone_reference
from ..errors import DataError
from .format import answer, schema
from .prepared import Prepared, Row, Side, item
from .problem import Problem

_BATCH = 128
_USUAL = "{{ item.reference_answer }}"


class _Case(NamedTuple):
    """A row, and another whose answer is wrong here."""

    line: int
    row: Row
    reference: Any
    other: Row | None


class _Found(NamedTuple):
    """What came of one row."""

    line: int
    problems: list[str]
    fooled: str | None
    """Of a wrong answer that scores full: which."""


def self_test(prepared: Prepared, grader: AnyGrader) -> Iterator[Problem]:
    """Rows of both sides on which the grader is wrong; a row that is repeated is looked at once.

    Wrong answers that score full are told one by one, and are fatal when there are more than can be other words for the
    same. Rows without a reference are left alone: a grader may need none.
    """
    test = _Test(prepared, grader)
    sides: tuple[Side, ...] = ("train", "validation")
    for side in sides:
        looked, fooled = 0, list[str]()
        for found in test.side(side):
            looked += 1
            for message in found.problems:
                yield Problem(f"{side}.jsonl", found.line, test.field, message)
            if found.fooled:
                fooled.append(found.fooled)
                yield Problem(f"{side}.jsonl", found.line, test.field, found.fooled, fatal=False)
        if len(fooled) > looked * ALIKE:
            yield Problem(
                f"{side}.jsonl", None, test.field, f"wrong answers score full in {len(fooled):,} of {looked:,}"
            )


class _Test:
    """One grader on one data set."""

    def __init__(self, prepared: Prepared, grader: AnyGrader) -> None:
        self._prepared, self._grader, self._answers = prepared, grader, Answers(grader)
        self._response_format = prepared.manifest.response_format
        self._allowed = _validator(self._response_format)
        self._reference = lone_reference(grader) or _usual()
        self.field = str(self._reference)

    def side(self, side: Side) -> Iterator[_Found]:
        """Every different row of a side that has a reference."""
        cases = self._cases(side)
        while batch := list(islice(cases, _BATCH)):
            yield from local.run(self._all(batch))

    def _cases(self, side: Side) -> Iterator[_Case]:
        seen, earlier = set[bytes](), list[tuple[str, Row]]()
        for line, row in enumerate(self._prepared.rows(side), 1):
            mark = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest()
            reference = self._reference.find(Sample(""), item(row))
            if mark in seen or reference is None:
                continue
            seen.add(mark)
            mine = folded(reference)
            other = next((kept for theirs, kept in earlier if theirs != mine), None)
            if not earlier or other is not None:
                earlier = [(mine, row), *[pair for pair in earlier if pair[0] != mine][:1]]
            yield _Case(line, row, reference, other)

    async def _all(self, batch: list[_Case]) -> list[_Found]:
        return list(await asyncio.gather(*map(self._one, batch)))

    async def _one(self, case: _Case) -> _Found:
        try:
            forms = self._forms(case.row, case.reference)
        except DataError as error:
            return _Found(case.line, [str(error)], None)
        form, verdict = await self._best(forms, case.row)
        problems = [*await self._refused(forms), *self._short(case.reference, verdict)]
        return _Found(case.line, problems, None if problems else await self._fooled(case, form))

    async def _best(self, forms: dict[Form, str], row: Row) -> tuple[Form, Verdict]:
        """The first form that scores full, or else the one that scores best."""
        graded: dict[Form, Verdict] = {}
        for form, text in forms.items():
            graded[form] = await agrade(self._grader, text, item(row))
            if self._answers.scores_full(graded[form]):
                return form, graded[form]
        return max(graded.items(), key=lambda found: _rank(found[1]))

    def _forms(self, row: Row, reference: Any) -> dict[Form, str]:
        if self._response_format is not None:
            return {AS_IT_IS: answer(row, self._response_format)}
        return self._answers.forms(reference)

    async def _refused(self, forms: dict[Form, str]) -> list[str]:
        """What the response format has against the answer it asks for."""
        if self._allowed is None:
            return []
        verdict = await agrade(self._allowed, forms[AS_IT_IS])
        return [] if verdict.score == 1 else [f"the response format doesn't allow {forms[AS_IT_IS]}: {verdict.reason}"]

    def _short(self, reference: Any, verdict: Verdict) -> list[str]:
        if self._answers.scores_full(verdict):
            return []
        return [f"the right answer {shown(reference)} scores {said(verdict)}; expected {self._answers.full:g}"]

    async def _fooled(self, case: _Case, form: Form) -> str | None:
        wrong = self._wrong(case, form)
        verdict = await agrade(self._grader, wrong, item(case.row))
        if not self._answers.scores_full(verdict):
            return None
        return f"the wrong answer {shown(wrong)} scores {said(verdict)} for {shown(case.reference)}"

    def _wrong(self, case: _Case, form: Form) -> str:
        if case.other is None:
            return ""
        try:
            forms = self._forms(case.other, self._reference.find(Sample(""), item(case.other)))
        except DataError:  # told of that row itself
            return ""
        return forms.get(form, forms[AS_IT_IS])


def _usual() -> Variable:
    (variable,) = Template(_USUAL).variables
    return variable


def _validator(response_format: dict[str, Any] | None) -> AnyGrader | None:
    """What holds an answer against the response format's schema; None where there is none, or no library for it."""
    found = schema(response_format)
    try:
        return parse_grader({"type": "json_schema", "json_schema": found}) if found else None
    except InvalidGrader:
        return None


def _rank(verdict: Verdict) -> tuple[bool, float]:
    return verdict.outcome == "graded", verdict.score if verdict.score is not None else float("-inf")
