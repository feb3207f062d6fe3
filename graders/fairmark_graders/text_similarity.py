"""OpenAI's `text_similarity`: how like the reference a text is, from 0 to 1, by one of OpenAI's named metrics.

Sizes decide first: an answer longer than its metric takes scores 0, a reference that long can't be graded. Short
texts are compared in place where that takes less than a millisecond, all others in a worker. `cosine` needs a judge's
embeddings and is refused. docs/text_similarity.md has library, version and parameters of each metric.
"""

import importlib.util
from collections.abc import Iterable
from typing import Literal

from pydantic import field_validator

from .errors import ModelFault, Ungradable
from .grader import Comparison, Shared, Tools
from .sample import Sample
from .text_metrics import METRICS, Metric, compare
from .types import Case, Item, Verdict
from .wordnet import RELEASE, find
from .workers import OverLimit, WorkerLost

CPU_SECONDS = 30.0
"""Three times what the slowest pair of texts needs in a cold worker: lengths decide, this stops what they overlook."""

MetricName = Literal[
    "cosine", "fuzzy_match", "bleu", "gleu", "meteor", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"
]


class TextSimilarity(Comparison, Shared):
    """Compare `input` with `reference` by one metric."""

    type: Literal["text_similarity"]
    evaluation_metric: MetricName

    @field_validator("evaluation_metric")
    @classmethod
    def _available(cls, name: MetricName) -> MetricName:
        if name == "cosine":
            raise ValueError("'cosine' compares embeddings and needs a judge model, which fairmark has no use of yet")
        missing = [library for library in METRICS[name].libraries if importlib.util.find_spec(library) is None]
        if missing:
            raise ValueError(f"'{name}' needs {' and '.join(missing)}; install fairmark[text]")
        if name == "meteor" and find() is None:
            raise ValueError(f"'meteor' needs {RELEASE}; run python -m fairmark_graders.wordnet")
        return name

    @property
    def metric(self) -> Metric:
        return METRICS[self.evaluation_metric]

    def libraries(self) -> tuple[str, ...]:
        return self.metric.libraries

    def read(self, sample: Sample, item: Item) -> Case:
        try:
            case = super().read(sample, item)
        except ModelFault:
            self._fit_reference(self.reference.render(sample, item))
            raise
        self._fit_reference(case.reference)
        if len(case.answer) > self.metric.longest:
            raise ModelFault(f"the text is {self._too_long(case.answer)}", "limit")
        return case

    def quick(self, case: Case) -> Verdict | None:
        if max(map(len, case)) > self.metric.in_place:
            return None
        return self._verdict(compare(self.evaluation_metric, *case))

    def warm(self) -> Iterable[Case]:
        return Case("short", "short"), Case("long " * 600, "long " * 600)

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        try:
            score = await tools.workers.run(compare, self.evaluation_metric, *case, cpu_seconds=CPU_SECONDS)
        except OverLimit as error:
            raise ModelFault(f"comparing the texts {error}", "limit", repeatable=False) from None
        except WorkerLost as error:
            raise Ungradable(str(error)) from None
        return self._verdict(score)

    def _verdict(self, score: float) -> Verdict:
        return Verdict(score, rule=f"text_similarity.{self.evaluation_metric}")

    def _fit_reference(self, reference: str) -> None:
        """A reference made of the sample is the model's to keep short."""
        if len(reference) > self.metric.longest:
            if "sample" in self.reference.namespaces:
                raise ModelFault(f"the reference is {self._too_long(reference)}", "limit")
            raise Ungradable(f"the reference is {self._too_long(reference)}", repeatable=True)

    def _too_long(self, text: str) -> str:
        return f"{len(text):,} characters long; {self.evaluation_metric} takes {self.metric.longest:,}"
