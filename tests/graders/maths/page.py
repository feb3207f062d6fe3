"""The generated part of docs/math_equivalence.md: `python -m tests.graders.maths.page` prints it."""

from collections.abc import Iterator

from tests.graders.maths.truth import CASES, SUBJECTS, TEXTS, MathCase, load

from fairmark_graders import grade
from fairmark_graders.maths.decision import Leniency

GRADER = {"type": "math_equivalence", "input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}
SHOWN = [
    ("0.75", "\\frac{3}{4}"),
    ("(x+1)^2", "x^2+2x+1"),
    ("\\sqrt{7-4\\sqrt{3}}", "2-\\sqrt{3}"),
    ("12", "12 \\text{ cm}"),
    ("0.7", "\\frac{3}{4}"),
    ("x = 5 or 6", "5"),
    ("2 +", "4"),
    ("9^{9^{9^{9}}}", "4"),
]
EXAMPLES = 4


def generated() -> str:
    """What a verdict says, what is forgiven and recognised, and where math-verify says otherwise."""
    return "\n".join([*_verdicts(), "", *_switches(), "", *_recognised(), "", *_disagreements()])


def _verdicts() -> Iterator[str]:
    yield "## What a verdict says"
    yield ""
    yield "| in the box | reference | score | `rule` | `reason` |"
    yield "|---|---|---|---|---|"
    for answer, reference in SHOWN:
        score, _, reason, rule, *_ = grade(GRADER, f"\\boxed{{{answer}}}", {"answer": reference})
        yield f"| {_code(answer)} | {_code(reference)} | {score:g} | {rule or ''} | {reason or ''} |"


def _recognised() -> Iterator[str]:
    yield "## What is recognised"
    yield ""
    yield f"From the {len(CASES)} cases of the tests; each line's examples are a few of its cases."
    yield ""
    yield "| subject | cases | equal | not equal |"
    yield "|---|---|---|---|"
    for subject in SUBJECTS:
        cases = load(subject)
        if subject != TEXTS:
            yield f"| {subject.replace('_', ' ')} | {len(cases)} | {_pairs(cases, True)} | {_pairs(cases, False)} |"


def _pairs(cases: list[MathCase], equal: bool) -> str:
    """The first case of each of the first phenomena."""
    firsts = {case.phenomenon: case for case in reversed(cases) if case.equal is equal}
    ordered = [case for case in cases if case.equal is equal and firsts[case.phenomenon] is case]
    sign = "=" if equal else "≠"
    return "<br>".join(f"{_code(case.answer)} {sign} {_code(case.reference)}" for case in ordered[:EXAMPLES])


def _code(text: str) -> str:
    """As code in a table's cell."""
    shown = " ".join(text.split()).replace("|", "\\|").replace("\x08", "␈")
    marks = "``" if "`" in shown else "`"
    return f"{marks}{shown}{marks}" if shown else "(nothing)"


def _switches() -> Iterator[str]:
    yield "## What is forgiven"
    yield ""
    yield "| `allow` | by default | forgives |"
    yield "|---|---|---|"
    for name, field in Leniency.model_fields.items():
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        yield f"| `{name}` | {'yes' if field.default else 'no'} | {meaning} |"


def _disagreements() -> Iterator[str]:
    differing = [case for case in CASES if case.math_verify is not None]
    refused = sum(case.equal for case in differing)
    right, wrong = sum(case.equal for case in CASES), sum(not case.equal for case in CASES)
    yield "## Where math-verify 0.9 says otherwise"
    yield ""
    yield (
        f"It agrees in {len(CASES) - len(differing)} of the {len(CASES)} cases, refuses {refused} of the {right} right "
        f"answers and accepts {len(differing) - refused} of the {wrong} wrong ones. These are cases chosen to be hard: "
        f"the shares say nothing about ordinary data."
    )
    yield ""
    yield "| answer | reference | people | math-verify | why |"
    yield "|---|---|---|---|---|"
    for case in differing:
        said = [("equal" if equal else "not equal") for equal in (case.equal, case.math_verify)]
        yield f"| {_code(case.answer)} | {_code(case.reference)} | {said[0]} | {said[1]} | {case.note} |"


if __name__ == "__main__":
    print(generated())
