"""Graders of structure and shape, served: from a catalog, in batches, in place and in workers, cached."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.running import Running

CATALOG: dict[str, dict[str, Any]] = {
    "pattern": {
        "type": "regex",
        "input": "{{ sample.output_text }}",
        "pattern": r"Answer: (\w)",
        "group": 1,
        "reference": "{{ item.answer }}",
    },
    "any_pattern": {"type": "regex", "input": "{{ sample.output_text }}", "pattern": "{{ item.pattern }}"},
    "shape": {"type": "json_schema", "json_schema": "{{ item.schema }}", "reference": "{{ item.fields }}"},
    "calls": {"type": "tool_calls", "reference": "{{ item.calls }}"},
    "short": {"type": "overlong_penalty", "max_completion_len": 100, "soft_punish_cache": 20},
    "fresh": {"type": "repetition_penalty"},
    "tagged": {"type": "tag_format"},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("catalog")
    for name, grader in CATALOG.items():
        (directory / f"{name}.json").write_text(json.dumps({**grader, "name": name}))
    running = Running("--catalog", str(directory), "--grading-processes", "1")
    yield running
    running.stop()


def graded(served: Running, grader: str, *samples: tuple[Any, dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [{"sample": sample, "item": item} for sample, item in samples]
    results: list[dict[str, Any]] = served.post("/v1/grade", {"grader": grader, "samples": rows}).json()["results"]
    return results


CALL = {"name": "f", "arguments": {"a": 1}}


@pytest.mark.parametrize(
    ("grader", "sample", "item", "score"),
    [
        ("pattern", "Answer: B", {"answer": "B"}, 1),
        ("pattern", "x" * 240_000 + "Answer: B", {"answer": "B"}, 1),
        ("any_pattern", "abba", {"pattern": "^(a|b)+$"}, 1),
        ("any_pattern", "abba", {"pattern": r"(a)\1"}, None),
        ("shape", '{"a": 1.0, "b": [1]}', {"schema": {"type": "object"}, "fields": {"a": 1, "b": [2]}}, 0.5),
        ("shape", '{"a": [[1]]}', {"schema": {"additionalProperties": {"$ref": "#"}}, "fields": {"a": [[1]]}}, 1),
        ("calls", {"output_tools": [CALL]}, {"calls": [CALL]}, 1),
        ("short", {"output_text": "x", "completion_tokens": 90}, {}, 0.5),
        ("short", "x", {}, None),
        ("fresh", "a b c a b c", {}, 0.25),
        ("fresh", "a b c d " * 30_000, {}, pytest.approx(1 - 4 / 119_998)),
        ("tagged", "<think>a</think><answer>b</answer>", {}, 1),
    ],
)
def test_a_sample_is_graded(served: Running, grader: str, sample: Any, item: dict[str, Any], score: Any) -> None:
    (result,) = graded(served, grader, (sample, item))
    assert result["score"] == score


@pytest.mark.parametrize(
    ("grader", "sample", "item"),
    [
        ("pattern", "it is\nAnswer: C", {"answer": "B"}),
        ("shape", '{"a": 1, "b": {"c": null}}', {"schema": "{}", "fields": {"a": 1}}),
        ("fresh", "to be or not to be", {}),
    ],
)
def test_equal_cases_are_judged_once(served: Running, grader: str, sample: str, item: dict[str, Any]) -> None:
    first, second = (graded(served, grader, (sample, item))[0] for _ in range(2))
    assert (first["cached"], second["cached"]) == (False, True)
    assert first["score"] == second["score"]


def test_a_patterns_items_do_not_share_verdicts(served: Running) -> None:
    rows = [("abba", {"pattern": pattern}) for pattern in ("a", "c", "b+")]
    assert [result["score"] for result in graded(served, "any_pattern", *rows)] == [1, 0, 1]


def test_a_pattern_of_a_request_that_can_not_be_run_is_refused_by_field(served: Running) -> None:
    grader = {**CATALOG["pattern"], "pattern": "(?=a)b"}
    answer = served.post("/v1/grade", {"grader": grader, "samples": [{"sample": "a", "item": {}}]})
    assert answer.status_code == 422
    assert "pattern: RE2 can't run it: invalid perl operator: (?= at character 1" in answer.text
