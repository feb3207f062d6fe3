"""OpenAI's string_check."""

import pytest

from fairmark_graders import InvalidGrader, grade, parse_grader

TEXT = {"type": "string_check", "name": "t", "input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}


@pytest.mark.parametrize(
    ("operation", "text", "reference", "score"),
    [
        ("eq", "six", "six", 1),
        ("eq", "Six", "six", 0),
        ("eq", "six ", "six", 0),
        ("eq", "é", "e\u0301", 0),
        ("eq", "", "", 1),
        ("ne", "Six", "six", 1),
        ("ne", "six", "six", 0),
        ("like", "it is six.", "six", 1),
        ("like", "six", "it is six.", 0),
        ("like", "it is Six.", "six", 0),
        ("ilike", "It is SIX.", "six", 1),
        ("ilike", "STRASSE 6", "straße", 1),
        ("ilike", "five", "six", 0),
        ("like", "six", "", 1),
    ],
)
def test_an_operation_scores(operation: str, text: str, reference: str, score: int) -> None:
    verdict = grade({**TEXT, "operation": operation}, text, {"answer": reference})
    assert (verdict.score, verdict.outcome, verdict.rule) == (score, "graded", f"string_check.{operation}")


def test_a_number_in_the_item_compares_as_its_json() -> None:
    assert grade({**TEXT, "operation": "eq"}, "1.0", {"answer": 1.0}).score == 1
    assert grade({**TEXT, "operation": "eq"}, "1", {"answer": 1.0}).score == 0


def test_a_missing_answer_is_0_and_a_missing_reference_is_none() -> None:
    grader = parse_grader({**TEXT, "operation": "eq"})
    assert (grade(grader, {}, {"answer": "6"}).score, grade(grader, {}, {"answer": "6"}).outcome) == (0, "graded")
    assert (grade(grader, "6", {}).score, grade(grader, "6", {}).outcome) == (None, "ungradable")
    assert grade(grader, {}, {}).score is None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"operation": "contains"}, "operation: input should be 'eq', 'ne', 'like' or 'ilike'"),
        ({"operation": None}, "operation: input should be 'eq', 'ne', 'like' or 'ilike'"),
        ({"input": 5}, "input: expected a string, got a number"),
        ({"input": "{{ output_text }}"}, "input: unknown namespace 'output_text'"),
        ({"trim": True}, "trim: unknown field"),
        ({"fairmark": {"trim": True}}, "fairmark.trim: unknown field"),
        ({"fairmark": {"thinking": {"open": ""}}}, "fairmark.thinking.open: string should have at least 1 character"),
        ({"type": "string-check"}, "type: unknown grader type 'string-check'; expected one of "),
    ],
)
def test_a_bad_configuration_is_refused_by_field(change: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({**TEXT, "operation": "eq", **change})
    assert str(refused.value).startswith(problem)


def test_every_missing_field_is_named_at_once() -> None:
    with pytest.raises(InvalidGrader, match="input: missing; reference: missing; operation: missing"):
        parse_grader({"type": "string_check"})


@pytest.mark.parametrize("configuration", [None, [], "exact", 3, {}, {"type": None}])
def test_what_is_no_configuration_is_refused(configuration: object) -> None:
    with pytest.raises(InvalidGrader):
        parse_grader(configuration)


def test_what_openai_gets_has_none_of_fairmarks_settings() -> None:
    grader = parse_grader({**TEXT, "operation": "eq", "fairmark": {"thinking": None}})
    assert grader.to_openai() == {**TEXT, "operation": "eq"}
