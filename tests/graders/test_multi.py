"""OpenAI's multi: named parts and a formula."""

import re
from typing import Any

import pytest

from fairmark_graders import InvalidGrader, grade, parse_grader


def part(field: str, **changes: Any) -> dict[str, Any]:
    given = {
        "input": f"{{{{ sample.output_json.{field} }}}}",
        "reference": f"{{{{ item.{field} }}}}",
        "operation": "eq",
    }
    return {"type": "string_check", "name": field, **given, **changes}


def multi(formula: str, **parts: Any) -> dict[str, Any]:
    return {"type": "multi", "name": "m", "graders": parts, "calculate_output": formula}


TWO = multi("0.75 * a + 0.25 * b", a=part("a"), b=part("b"))


def test_the_formula_makes_one_score_of_the_parts() -> None:
    verdict = grade(TWO, '{"a": 1, "b": 3}', {"a": 1, "b": 2})
    assert (verdict.score, verdict.sub_scores) == (0.75, {"a": 1.0, "b": 0.0})


def test_an_ungradable_part_in_the_formula_makes_the_whole_ungradable_by_name() -> None:
    verdict = grade(TWO, '{"a": 1, "b": 3}', {"a": 1})
    assert (verdict.score, verdict.outcome) == (None, "ungradable")
    assert verdict.reason == "part 'b' has no score: the item has no 'item.b'"
    assert verdict.sub_scores == {"a": 1.0, "b": None}


def test_an_ungradable_part_outside_the_formula_is_only_reported() -> None:
    verdict = grade(multi("a", a=part("a"), b=part("b")), '{"a": 1}', {"a": 1})
    assert (verdict.score, verdict.sub_scores) == (1.0, {"a": 1.0, "b": None})


def test_an_unreadable_answer_is_0_in_every_part_with_the_reason() -> None:
    verdict = grade(TWO, "no json", {"a": 1, "b": 2})
    assert (verdict.score, verdict.error) == (0.0, "invalid_variable")
    assert verdict.reason
    assert "a: the sample has no 'sample.output_json.a'" in verdict.reason


def test_a_formula_without_a_value_is_a_grader_error_with_0() -> None:
    verdict = grade(multi("1 / a", a=part("a")), '{"a": 0}', {"a": 1})
    assert (verdict.score, verdict.outcome, verdict.error) == (0.0, "grader_error", "formula_parse")


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        (multi("c", a=part("a")), "calculate_output: names 'c', which is no part; the parts are a"),
        (multi("a +", a=part("a")), "calculate_output: "),
        (multi("a"), "graders: "),
        ({**multi("a"), "graders": [part("a")]}, "graders: expected an object, got list"),
        (multi("a", a=part("a", operation="has")), "graders.a.operation: input should be 'eq'"),
        (multi("a", a=part("a", input="{{ x.y }}")), "graders.a.input: unknown namespace 'x'"),
        (multi("a", a=TWO), "graders.a.type: unknown grader type 'multi'"),
        ({**multi("a", a=part("a")), "weights": {}}, "weights: unknown field"),
        ({"type": "multi", "graders": {"a": part("a")}}, "calculate_output: missing"),
    ],
)
def test_a_bad_multi_is_refused_by_field(configuration: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidGrader, match=rf"^{re.escape(problem)}"):
        parse_grader(configuration)


def test_openais_marks_are_kept_for_export_and_settings_are_not() -> None:
    parts = {"a": part("a", pass_threshold=0.5)}
    exported = {**multi("a", **parts), "pass_threshold": 0.5, "invalid_grade": 0.0}
    ours = {**exported, "graders": {"a": {**parts["a"], "fairmark": {"thinking": None}}}}
    assert parse_grader(ours).to_openai() == exported


def test_a_part_named_fairmark_is_exported_like_any_other() -> None:
    configuration = multi("fairmark", fairmark=part("a"))
    assert parse_grader(configuration).to_openai() == configuration
