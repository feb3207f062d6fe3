"""A right answer as a model would give it, and what a score on it comes to."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from fairmark_graders import AnyGrader, Verdict
from fairmark_graders.template import Template, Variable

_SHOWN = 100
"""Characters of a reference."""

Form = str
"""How an answer is put: by the words of its table."""
AS_IT_IS, BOXED, IN_A_SENTENCE, FIRST, AS_JSON = (
    "as it is",
    "\\boxed{…}",
    "The answer is …",
    "the first of several",
    "as JSON",
)


class Answers:
    """The forms in which a grader may want its answers."""

    def __init__(self, grader: AnyGrader) -> None:
        self._paths = [*_json_paths(grader)]
        self.full = 1.0 if grader.pass_threshold is None else grader.pass_threshold
        """What a right answer earns: the grader's `pass_threshold`, or 1."""

    def forms(self, value: Any) -> dict[Form, str]:
        """A reference in every form that may suffice."""
        answer = one(value)
        found = {form: self.put(form, answer) for form in (AS_IT_IS, BOXED, IN_A_SENTENCE)} | {AS_IT_IS: text(value)}
        found |= {FIRST: answer} if _several(value) else {}
        return found | ({AS_JSON: self._object(value)} if self._paths else {})

    @property
    def keys(self) -> list[str]:
        """The fields of JSON that the grader reads."""
        return [path[-1] for path in self._paths]

    def put(self, form: Form, answer: str) -> str:
        """A text in one form."""
        match form:
            case "\\boxed{…}":
                return f"\\boxed{{{answer}}}"
            case "The answer is …":
                return f"The answer is {answer}."
            case "as JSON":
                return self._object(answer)
        return answer

    def scores_full(self, verdict: Verdict) -> bool:
        """Whether the score is what a right answer earns."""
        return verdict.outcome == "graded" and verdict.score is not None and verdict.score >= self.full - 1e-9

    def _object(self, value: Any) -> str:
        """An object that has the value in every field that the grader reads."""
        found: dict[str, Any] = {}
        for *outer, last in self._paths:
            inner = found
            for name in outer:
                inner = inner.setdefault(name, {})
            inner[last] = value
        return json.dumps(found, ensure_ascii=False)


def _json_paths(grader: AnyGrader) -> Iterator[tuple[str, ...]]:
    """Where in `sample.output_json` a grader's inputs are."""
    for leaf in grader.leaves():
        template = getattr(leaf, "input", None)
        for variable in template.variables if isinstance(template, Template) else ():
            if _of_json(variable):
                yield tuple(str(step) for step in variable.steps)


def _of_json(variable: Variable) -> bool:
    named = all(isinstance(step, str) for step in variable.steps)
    return (variable.namespace, variable.name) == ("sample", "output_json") and bool(variable.steps) and named


def _several(value: Any) -> bool:
    """Whether a reference is a list of right answers."""
    return isinstance(value, list) and bool(value) and not isinstance(value[0], list | dict)


def one(value: Any) -> str:
    """One right answer as a text: the first of several."""
    return text(value[0] if _several(value) else value)


def text(value: Any) -> str:
    """A value as an answer: what isn't a text, as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def folded(value: Any) -> str:
    """A value by which equal references are told; case and spaces make no difference."""
    return "".join(one(value).split()).casefold()


def shown(value: Any) -> str:
    """A value for a person, cut where it is long."""
    found = json.dumps(value, ensure_ascii=False)
    return found if len(found) <= _SHOWN else f"{found[:_SHOWN]}…"


def said(verdict: Verdict) -> str:
    """A verdict for a person: `0 (the text is thinking that never ends)`."""
    score = verdict.outcome if verdict.score is None else f"{verdict.score:g}"
    return f"{score} ({verdict.reason})" if verdict.reason else score


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which a share of them lies."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
