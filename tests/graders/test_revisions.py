"""What graders whose verdicts are cached say of fixed cases, held against their `revision`.

Replicas of two releases share a cache. A verdict that changes while its key doesn't would be one release's verdict
handed out by the other. After raising a revision, adding rows or pinning another library that decides,
`python -m tests.graders.test_revisions` keeps the verdicts of now; those that need another revision stay as they were.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fairmark_graders import Sample, grade
from fairmark_graders.grader import Shared
from fairmark_graders.load import parse_grader
from fairmark_graders.registry import AnyLeaf
from fairmark_graders.types import Case

KEPT = Path(__file__).with_name("revisions.json")
PINS = Path(__file__).parents[2] / "requirements" / "test.txt"
KEEP = "keep the verdicts of now: python -m tests.graders.test_revisions"
TEMPLATES = {"input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}
METRICS = ("fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_l")
CAT, MAT = "The cat sat on the mat; it didn't move.", "A cat was sitting on that mat, and it did not move."
ADD = "```python\ndef add(a, b):\n    return a + b\n```"
PRINT = "```python\nprint(sum(map(int, input().split())))\n```"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

Row = tuple[dict[str, Any], str, Any]
"""A configuration, a sample, and the item's answer."""
ROWS: list[Row] = [
    *(
        ({"type": "text_similarity", "evaluation_metric": metric, **TEMPLATES}, text, MAT)
        for metric in METRICS
        for text in (CAT, MAT, "", "猫", "<think>a mat</think> cats")
    ),
    *(
        ({"type": "math_equivalence", **TEMPLATES}, text, answer)
        for text, answer in [
            ("so \\boxed{\\frac{1}{2}}", "0.5"), ("The answer is 1,000.", "1000"), ("x = 2", "2"), ("3.14", "\\pi"),
            ("\\boxed{(1, 2]}", "(1, 2]"), ("{1, 2}", "{2, 1}"), ("50%", "0.5"), ("12 cm", "12"), ("nothing", "7"),
            ("\\boxed{\\int_0^1 x \\, dx}", "\\frac{1}{2}"), ("x^2 - 1", "(x - 1)(x + 1)"), ("2", "\\frac{"),
        ]
    ),
    *(
        ({"type": "regex", "input": TEMPLATES["input"], "pattern": "(\\d+) apples", **more}, text, "7")
        for text in ("7 apples", "seven apples", "I ate 8 apples")
        for more in ({}, {"match": "fullmatch"}, {"reference": "{{ item.answer }}", "group": 1})
    ),
    *(
        ({"type": "json_schema", "input": TEMPLATES["input"], "json_schema": SCHEMA, **more}, text, {"n": 1})
        for text in ('{"n": 1}', '{"n": "1"}', '{"m": 1}', "no JSON", '```json\n{"n": 2}\n```')
        for more in ({}, {"reference": "{{ item.answer }}"})
    ),
    *(
        ({"type": "repetition_penalty", "ngram_size": 2}, text, None)
        for text in ("a b a b a b a b", "a b c d e f", "", "a")
    ),
    *(
        ({"type": "code_tests", "input": TEMPLATES["input"], "tests": "{{ item.answer }}", **more}, text, tests)
        for text, tests in [
            (ADD, ["assert add(1, 2) == 3", "assert add(1, 2) == 4"]), (PRINT, [{"input": "1 2", "output": "3\n"}]),
            (PRINT, [{"input": "1", "output": "2"}, {"input": "1 1", "output": "2"}]), ("no code", ["assert 1"]),
        ]
        for more in ({}, {"score": "share"})
    ),
    *(
        ({"type": "python", "source": f"def grade(sample, item):\n    return {formula}\n"}, "42", "42")
        for formula in ("float(sample['output_text'] == item['answer'])", "len(sample['output_text']) / 4", "None")
    ),
]  # fmt: skip


class Judged(NamedTuple):
    """What decides the verdicts of a type beside the cases, and the verdicts, each under its grader and its case."""

    revision: int
    libraries: dict[str, str]
    verdicts: dict[str, list[Any]]


def judged() -> dict[str, Judged]:
    found = {kind: Judged(leaf.revision, {}, {}) for kind, leaf in SHARED.items()}
    for configuration, sample, answer in ROWS:
        grader, item = parse_grader(configuration), {"answer": answer}
        assert isinstance(grader, Shared)
        case = grader.start(Sample(sample), item)
        if isinstance(case, Case):  # else there is nothing to judge, and nothing is cached
            verdict = grade(grader, sample, item)._replace(prints="")  # tracebacks, with paths in them
            kept = found[configuration["type"]]
            kept.libraries.update(grader.decides()["libraries"])
            kept.verdicts[json.dumps([configuration, *case])] = json.loads(json.dumps(verdict))
    return found


def read() -> dict[str, Judged]:
    return {kind: Judged(**kept) for kind, kept in json.loads(KEPT.read_text()).items()}


SHARED = {
    leaf.model_fields["type"].annotation.__args__[0]: leaf
    for leaf in AnyLeaf.__origin__.__args__  # type: ignore[attr-defined]
    if issubclass(leaf, Shared)
}


@pytest.fixture(scope="module")
def now() -> dict[str, Judged]:
    return judged()


@pytest.mark.parametrize("kind", sorted(SHARED))
def test_a_verdict_changes_only_under_another_revision(now: dict[str, Judged], kind: str) -> None:
    before, after = read()[kind], now[kind]
    assert after.revision >= before.revision
    assert after.verdicts, f"give {kind} rows"
    if after[:2] == before[:2]:
        common = before.verdicts.keys() & after.verdicts.keys()
        assert changed(before, after, common) == {}, f"raise the revision of {kind}"
    assert (after.revision, [*after.verdicts]) == (before.revision, [*before.verdicts]), KEEP


def test_the_verdicts_are_of_the_pinned_libraries() -> None:
    """Where others are installed, verdicts may differ, and so do the keys."""
    libraries = [library for found in read().values() for library in found.libraries.items()]
    kept = {f"{name.replace('_', '-')}=={release}" for name, release in libraries}
    assert kept <= set(re.findall(r"^\S+==\S+", PINS.read_text(), re.MULTILINE)), KEEP


def changed(before: Judged, after: Judged, cases: Iterable[str]) -> dict[str, tuple[list[Any], list[Any]]]:
    return {
        case: (before.verdicts[case], after.verdicts[case])
        for case in cases
        if before.verdicts[case] != after.verdicts[case]
    }


def keep() -> None:
    before = read()
    after = {kind: kept(before.get(kind), found)._asdict() for kind, found in sorted(judged().items())}
    text = json.dumps(after).replace('], "[', '],\n"[').replace('}, "', '},\n"')  # a verdict a line
    assert json.loads(text) == after
    KEPT.write_text(text + "\n")


def kept(before: Judged | None, after: Judged) -> Judged:
    """The new, but for the verdicts that may not change."""
    if before is None or before[:2] != after[:2]:
        return after
    return after._replace(verdicts={case: before.verdicts.get(case, new) for case, new in after.verdicts.items()})


if __name__ == "__main__":
    keep()
