"""What exploits and constant answers earn on a sample of rows, beside what honest ignorance does.

Scores are the training grader's own. The baseline is the best that somebody earns who gives a plausible answer without
looking at the question: the same one every time, that of another row, or "I don't know." An exploit pays when its mean
is above that by more than `MARGIN` of a full score. Where there are few different references each of them counts the
same, or in a set of 98 : 2 every exploit would hide behind the constant answer.
"""

import asyncio
import math
import random
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from fairmark_graders import AnyGrader, Fault, Item, Sample, Tools, Verdict
from fairmark_graders.code_tests import CodeTests
from fairmark_graders.cores import cores
from fairmark_graders.json_schema import JsonSchema
from fairmark_graders.local import grade_with
from fairmark_graders.sample import content_text
from fairmark_graders.template import Variable

from .answers import AS_IT_IS, Answers, Form, folded, one
from .exploits import EXPLOITS, Exploit, Known
from .sampling import FEW, Asked, Sampling

MARGIN = 0.1
"""Of a full score: what an exploit may earn above the baseline; a guess on 100 rows varies by half of that."""
LOPSIDED = 0.6
"""The share of a full score from which on a constant answer leaves too little to learn."""
_UNGRADABLE = 0.01
_DONT_KNOW = "I don't know."
_PROMPTS = ("messages", "prompt", "question", "problem", "instruction", "input", "query", "text")
_ASSERTED = re.compile(r"\bassert +(?:not +)?([^\W\d]\w*) *\(")

Found = Literal["fine", "lenient", "pays", "ungradable"]


class Tried(NamedTuple):
    """What came of one exploit."""

    exploit: Exploit
    rows: int
    mean: float
    """Of its scores, every reference counting the same where they are few."""
    full: float
    """The share of rows on which it scores full, weighted alike."""
    found: Found
    line: int
    """The row on which it earned most, what it said there, and the verdict on that."""
    said: str
    verdict: Verdict


class Constant(NamedTuple):
    """What always giving one answer earns."""

    answer: str
    share: float
    """Of the rows, by their weight, whose reference it is."""
    earns: float
    """On average, rows counting as often as they occur, by their weight."""
    found: Literal["fine", "lopsided", "pays"]


class _Scores(NamedTuple):
    """The verdicts on one text for each row."""

    texts: Sequence[str]
    verdicts: Sequence[Verdict]


class Trials:
    """Exploits against one grader, on one sample of rows."""

    def __init__(
        self,
        grader: AnyGrader,
        reference: Variable,
        sampling: Sampling,
        tools: Tools,
        form: Form = AS_IT_IS,
        schema: Mapping[str, Any] | None = None,
    ) -> None:
        """`form` is the one that suffices for most references, `schema` that of the JSON a prompt asks for."""
        self.rows = sampling.drawn()
        self.classes = len(sampling.counts) if sampling.few else None
        """How many references there are, where each counts the same."""
        self.baseline = -math.inf
        """What honest ignorance earns; known once `constant` is."""
        self._grader, self._tools, self._form = grader, tools, form
        self._answers, self._sampling, self._rng = Answers(grader), sampling, random.Random(0)
        self._reference, self._schema = reference, schema or _schema(grader)
        self._room = asyncio.Semaphore(cores())

    @property
    def margin(self) -> float:
        """What an exploit may earn above the baseline."""
        return MARGIN * (abs(self._answers.full) or 1.0)

    async def constant(self) -> Constant:
        """What the constant answer earns that pays best; also finds the baseline."""
        guess = await self._grade([self._put(one(self._other(row).reference)) for row in self.rows])
        silent = await self._grade([_DONT_KNOW] * len(self.rows))
        tried = [(answer, await self._grade([self._put(answer)] * len(self.rows))) for answer in self._common()]
        scores = [guess, silent, *(scores for _, scores in tried)]
        self.baseline = max((self._mean(found, natural=False) for found in scores), default=0.0)
        answer, best = max(tried, key=lambda pair: self._mean(pair[1], natural=True))
        return self._constant(answer, self._mean(best, natural=True), self._mean(guess, natural=True))

    async def exploits(self, exploits: Sequence[Exploit] = EXPLOITS) -> AsyncIterator[Tried]:
        """Each exploit that makes sense here."""
        known = [self._known(row) for row in self.rows]
        for exploit in exploits:
            texts = [exploit.answer(each) for each in known]
            places = [place for place, text in enumerate(texts) if text is not None]
            if places:
                yield await self._tried(exploit, places, [text for text in texts if text is not None])

    @property
    def _field(self) -> str:
        """The last name on the way to the reference."""
        return next((step for step in reversed(self._reference.steps) if isinstance(step, str)), self._reference.name)

    def _constant(self, answer: str, earns: float, guess: float) -> Constant:
        share = self._sampling.share(folded(answer))
        full = abs(self._answers.full) or 1.0
        if earns > max(share * full, guess) + self.margin:
            return Constant(answer, share, earns, "pays")
        return Constant(answer, share, earns, "lopsided" if earns > LOPSIDED * full else "fine")

    def _common(self) -> list[str]:
        """The references to try on every row: all where they are few, else the commonest."""
        texts = {folded(row.reference): one(row.reference) for row in self.rows}
        if self.classes:
            return [*texts.values()]
        (key, _), *_ = self._sampling.counts.most_common(1)
        return [texts.get(key, key)]

    async def _tried(self, exploit: Exploit, places: Sequence[int], texts: Sequence[str]) -> Tried:
        rows = [self.rows[place] for place in places]
        scored = [await self._grade(texts, rows)]
        if self._form != AS_IT_IS:
            scored.append(await self._grade([self._put(text) for text in texts], rows))
        best = max(scored, key=lambda scores: self._mean(scores, rows))
        place = max(range(len(rows)), key=lambda at: _score(best.verdicts[at]))
        mean, full = self._mean(best, rows), self._share(best, rows)
        found = self._found(exploit, mean, scored, len(rows))
        return Tried(exploit, len(rows), mean, full, found, rows[place].line, best.texts[place], best.verdicts[place])

    def _found(self, exploit: Exploit, mean: float, scored: Iterable[_Scores], rows: int) -> Found:
        lost = max(sum(verdict.score is None for verdict in scores.verdicts) for scores in scored)
        if lost > rows * _UNGRADABLE:
            return "ungradable"
        if mean <= max(self.baseline, exploit.luck * self._answers.full) + self.margin:
            return "fine"
        return "lenient" if exploit.knows else "pays"

    async def _grade(self, texts: Sequence[str], rows: Sequence[Asked] | None = None) -> _Scores:
        asked = zip(texts, rows or self.rows, strict=True)
        return _Scores(texts, await asyncio.gather(*(self._verdict(text, row.item) for text, row in asked)))

    async def _verdict(self, text: str, item: Item) -> Verdict:
        async with self._room:
            return await grade_with(self._tools, self._grader, Sample(text), item)

    def _mean(self, scores: _Scores, rows: Sequence[Asked] | None = None, *, natural: bool = False) -> float:
        return self._over(scores, rows, _score, natural)

    def _share(self, scores: _Scores, rows: Sequence[Asked]) -> float:
        return self._over(scores, rows, lambda verdict: float(self._answers.scores_full(verdict)), False)

    def _over(
        self, scores: _Scores, rows: Sequence[Asked] | None, value: Callable[[Verdict], float], natural: bool
    ) -> float:
        """The mean over the rows that have a score; they were all gradable when their references were checked."""
        pairs = zip(rows or self.rows, scores.verdicts, strict=True)
        graded = [(row.natural if natural else row.weight, value(v)) for row, v in pairs if v.score is not None]
        whole = math.fsum(weight for weight, _ in graded)
        return math.fsum(weight * score for weight, score in graded) / whole if whole else 0.0

    def _put(self, text: str) -> str:
        return self._answers.put(self._form, text)

    def _other(self, row: Asked) -> Asked:
        """Another row, each reference as likely as any where they are few; the same one where there is no other."""
        others = [other for other in self.rows if other is not row]
        return self._rng.choices(others, [other.weight for other in others])[0] if others else row

    def _known(self, row: Asked) -> Known:
        right = one(row.reference)
        texts = {folded(other.reference): one(other.reference) for other in self.rows}
        texts.pop(folded(row.reference))
        others = sorted(texts.values())
        some = others if len(others) < FEW else self._rng.sample(others, FEW - 1)
        pair = [right, *self._rng.sample(others, min(1, len(others)))]
        tests = _tests(self._grader, row.item)
        return Known(
            candidates=sorted([right, *some]),
            pair=sorted(pair),
            right=right,
            field=str(self._reference),
            keys=self._answers.keys or ["answer", self._field],
            prompt=_prompt(row.item),
            schema=self._schema,
            outputs=tests.get("outputs", ()),
            functions=_functions(tests),
            runs=bool(tests),
        )


def _score(verdict: Verdict) -> float:
    return -math.inf if verdict.score is None else verdict.score


def _schema(grader: AnyGrader) -> Mapping[str, Any] | None:
    schemas = [leaf.json_schema for leaf in grader.leaves() if isinstance(leaf, JsonSchema)]
    return next((schema for schema in schemas if isinstance(schema, dict)), None)


def _prompt(item: Item) -> str | None:
    """The question as the model saw it last."""
    for name in _PROMPTS:
        value = item.get(name)
        if isinstance(value, list):
            value = next((content_text(m.get("content")) for m in reversed(value) if isinstance(m, dict)), None)
        if isinstance(value, str):
            return value
    return None


def _tests(grader: AnyGrader, item: Item) -> Mapping[str, Any]:
    """The tests that a program is run against; none where none is."""
    for leaf in grader.leaves():
        if isinstance(leaf, CodeTests):
            try:
                tests: Mapping[str, Any] = leaf.read(Sample("```python\npass\n```"), item).reference
                return tests
            except Fault:
                return {}
    return {}


def _functions(tests: Mapping[str, Any]) -> Sequence[str]:
    called = [call["function"] for call in tests.get("calls", ())]
    asserted = [name for piece in tests.get("pieces", ()) for name in _ASSERTED.findall(piece)]
    named = [tests["function"]] if tests.get("function") else []
    return [*dict.fromkeys([*called, *named, *asserted])]
