"""What graders whose verdicts are cached say of fixed samples, held against their `revision`.

Replicas of two releases share a cache. A verdict that changes while the revision doesn't would be one release's verdict
handed out by the other. After raising the revision: `python -m tests.graders.test_revisions` keeps the new verdicts.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from fairmark_graders import grade
from fairmark_graders.grader import Shared
from fairmark_graders.load import parse_grader
from fairmark_graders.registry import AnyLeaf

KEPT = Path(__file__).with_name("revisions.json")
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
Judged = dict[str, dict[str, Any]]
"""By type, the revision and what it says of each of the rows."""


def judged() -> Judged:
    found: Judged = {}
    for configuration, sample, answer in ROWS:
        grader = parse_grader(configuration)
        verdict = grade(grader, sample, {"answer": answer})._asdict()
        del verdict["prints"]  # tracebacks, with paths in them
        kept = found.setdefault(configuration["type"], {"revision": grader.revision, "verdicts": []})
        kept["verdicts"].append(list(verdict.values()))
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def now() -> Judged:
    return judged()


SHARED = sorted(
    leaf.model_fields["type"].annotation.__args__[0]
    for leaf in AnyLeaf.__origin__.__args__  # type: ignore[attr-defined]
    if issubclass(leaf, Shared)
)


@pytest.mark.parametrize("kind", SHARED)
def test_a_verdict_changes_only_under_another_revision(now: Judged, kind: str) -> None:
    before, after = json.loads(KEPT.read_text())[kind], now[kind]
    assert after["revision"] >= before["revision"]
    if after["revision"] == before["revision"]:
        assert after["verdicts"] == before["verdicts"], f"raise the revision of {kind}"
    else:
        assert after == before, "keep the new verdicts: python -m tests.graders.test_revisions"


def keep() -> None:
    """Write down what is said now; what differs under the same revision stays as it was."""
    before: Judged = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    after = {
        kind: before[kind] if kind in before and before[kind]["revision"] == found["revision"] else found
        for kind, found in judged().items()
    }
    lines = [
        f'"{kind}": {json.dumps(found)}'.replace("[[", "[\n[").replace("], [", "],\n[")
        for kind, found in sorted(after.items())
    ]
    KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    keep()
