"""fairmark's json_schema."""

import importlib.util
import json
import pickle
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cpu import cpu_at_most
from tests.graders.in_place import in_place

from fairmark_graders import InvalidGrader, Sample, grade, parse_grader
from fairmark_graders.grader import Leaf
from fairmark_graders.json_schema import graded
from fairmark_graders.schema import validator, weight

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}
VALID = {"type": "json_schema", "json_schema": PERSON}
FIELDS = {"type": "json_schema", "reference": "{{ item.answer }}"}
FROM_ITEM = {"type": "json_schema", "json_schema": "{{ item.schema }}"}


@pytest.mark.parametrize(
    ("text", "score", "reason"),
    [
        ('{"name": "Ada", "age": 36}', 1, None),
        ('{"name": "Ada", "age": 36.0}', 1, None),
        ('{"name": "Ada", "age": "36"}', 0, '$.age: the value is not of type "integer"'),
        ('{"name": "Ada", "age": true}', 0, '$.age: the value is not of type "integer"'),
        ('{"name": "Ada", "age": -1}', 0, "$.age: the value is less than the minimum of 0"),
        ('{"age": 36}', 0, '$: "name" is a required property'),
        ('{"name": "Ada", "job": ""}', 0, "$: Additional properties are not allowed ('job' was unexpected)"),
        ("[]", 0, '$: the value is not of type "object"'),
    ],
)
def test_a_document_is_valid_or_the_path_of_what_is_not_is_told(text: str, score: int, reason: str | None) -> None:
    verdict = grade(VALID, text)
    assert (verdict.score, verdict.reason, verdict.rule) == (score, reason, "json_schema.valid")


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ('Here:\n```json\n{"name": "Ada"}\n```\nDone.', 1),
        ('```JSON\n{"name": 1}\n```\nno:\n```json\n{"name": "Ada"}\n```', 1),
        ('```json\n{"name": "Ada"}\n```\nor\n```json\n{"name": 1}\n```', 0),
        ('```json\n{"name": "Ada"}\n```\n```\n{"name": 1}\n```', 1),
        ('```\n{"name": "Ada"}\n```', 1),
        ('```json\n{"name": "Ada"}', 1),
        ('```json\n{"name": "```\\n"}\n```', 1),
        ('```python\n{"name": "Ada"}\n```', 1),
        ('```python\nx = 1\n```\n```\n{"name": "Ada"}\n```', 1),
        ('```\n{"name": "Ada"}\n```\nIt prints\n```\nok\n```', 1),
        ('```json\n{"name": "Ada"}\n```\nor\n```json\n{"name": \n```', 0),
        ('The answer is {"name": "Ada"}.', 1),
        ('{"name": "Ada"}\n\nHope that helps, {friend}!', 1),
        ('{"name": "Ada"}<|im_end|>', 1),
        ('\\boxed{{"name": "Ada"}}', 1),
        ('<answer>{"name": "Ada"}</answer>', 1),
        ('1. Do\n    ```json\n    {"name": "Ada"}\n    ```', 1),
        ('```jsonc\n{"name": "Ada"}\n```', 1),
        ('{"name": 1} or {"name": "Ada"}', 0),
        ('{"name": "Ada"} or {"name": "Bob"}', 0),
        ('So [{"name": "Ada"}].', 0),
        ('So {"person": {"name": "Ada"}}.', 0),
        ('So {"person": {"name": "Ada"}, oops}.', 0),
        ('So {"name": NaN}', 0),
        ('So {"name": "Ada', 0),
        ("{'name': 'Ada'}", 0),
        ('So {"name": "Ada", "age": ' + "9" * 5_000 + "}", 0),
        ('{"' * 50_000, 0),
        ('{"a":' * 20_000, 0),
        ('<think>{"name": 1}</think>{"name": "Ada"}', 1),
        ('{"name": 1, "name": "Ada"}', 1),
        ('{"name": "Ada", "name": 1}', 0),
        ('{"name": "Ada", "age": NaN}', 0),
        ('{"name": "\\ud800"}', 0),
        ("null", 0),
        ("", 0),
        ("<think>", 0),
        ("```json\n" * 1_000, 0),
        ("```\n" * 60_000, 0),
    ],
)
def test_the_document_is_the_whole_text_or_its_last_fenced_block_or_the_only_json_in_it(text: str, score: int) -> None:
    verdict = grade(VALID, text)
    assert (verdict.score, verdict.outcome) == (score, "graded")


def test_output_json_of_the_caller_wins() -> None:
    assert grade(VALID, {"output_text": "so", "output_json": {"name": "Ada"}}).score == 1


def test_the_arguments_of_a_tool_call_may_be_validated() -> None:
    grader = {**VALID, "input": "{{ sample.output_tools[0].function.arguments }}"}
    call = {"type": "function", "function": {"name": "f", "arguments": '{"name": "Ada"}'}}
    assert grade(grader, {"output_tools": [call]}).score == 1
    assert grade(grader, {"output_tools": []}).score == 0


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ({"a": 1, "b": {"c": [1, 2]}}, 1),
        ({"b": {"c": [1, 2]}, "a": 1.0, "more": 5}, 1),
        ({"a": True, "b": {"c": [1, 2]}}, 2 / 3),
        ({"a": "1", "b": {"c": [2, 1]}}, 0),
        ({"a": 1, "b": {"c": [1]}}, 2 / 3),
        ({"a": 1, "b": {"c": [1, 2, 3]}}, 3 / 4),
        ({"a": 1, "b": 7}, 1 / 3),
        ({"a": {"a": 1}, "b": {"c": {"0": 1}}}, 0),
        ([], 0),
        (7, 0),
    ],
)
def test_the_share_of_fields_equal_to_the_references(answer: object, score: float) -> None:
    verdict = grade(FIELDS, json.dumps(answer), {"answer": {"a": 1, "b": {"c": [1, 2]}}})
    assert verdict.score == pytest.approx(score)
    assert verdict.rule == "json_schema.fields"


@pytest.mark.parametrize(
    ("reference", "answer", "score"),
    [
        ({"a": None}, {"a": None}, 1),
        ({"a": None}, {}, 0),
        ({"a": {}}, {"a": {}}, 1),
        ({"a": {}}, {"a": []}, 0),
        ({"a": []}, {"a": [1]}, 0),
        ({"a": 2**53 + 1}, {"a": 2**53}, 0),
        ({"a": 10**400}, {"a": 10**400}, 1),
        ('{"a": 0.1}', {"a": 0.1}, 1),
        ([1, 2], [1, 2], 1),
    ],
)
def test_fields_compare_by_type_and_value(reference: object, answer: object, score: int) -> None:
    assert grade(FIELDS, json.dumps(answer), {"answer": reference}).score == score


def test_the_first_wrong_field_is_named() -> None:
    verdict = grade(FIELDS, '{"a": [1, {"b c": 2}]}', {"answer": {"a": [1, {"b c": 3}], "d": 4}})
    assert verdict.reason == "2 of 3 fields are wrong, such as $.a[1]['b c']"


def test_an_invalid_document_has_no_fields_right() -> None:
    verdict = grade({**VALID, **FIELDS}, '{"name": "Ada", "job": ""}', {"answer": {"name": "Ada"}})
    assert (verdict.score, verdict.rule) == (0, "json_schema.valid")
    assert grade({**VALID, **FIELDS}, '{"name": "Ada"}', {"answer": {"name": "Ada", "age": 3}}).score == 0.5


@pytest.mark.parametrize("as_text", [False, True])
def test_the_schema_may_stand_in_the_item(as_text: bool) -> None:
    item = {"schema": json.dumps(PERSON) if as_text else PERSON}
    assert grade(FROM_ITEM, '{"name": "Ada"}', item).score == 1
    assert grade(FROM_ITEM, '{"name": 1}', item).score == 0


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "text"}, "$.type: \"text\" is not valid under any of the schemas listed in the 'anyOf' keyword"),
        (
            {"properties": {"a": {"pattern": "(a)\\1"}}},
            '$.properties.a.pattern: "(a)\\\\1" is not a "regex" that runs in linear time',
        ),
        ({"patternProperties": {"(?=a)": True}}, '$.patternProperties[\'(?=a)\']: "(?=a)" is not a "regex" that'),
        ({"pattern": "(a{1000}){1000}"}, '$.pattern: "(a{1000}){1000}" is not a "regex" that'),
        ({"minimum": "3"}, '$.minimum: "3" is not of type "number"'),
        ({"$ref": "#/$defs/none"}, "$: Pointer '/$defs/none' does not exist"),
        ({"items": {"$ref": "https://example.com/a.json"}}, "$: Resource 'https://example.com/a.json' is not present"),
        ({"$ref": "file:///etc/hostname"}, "$: Resource 'file:///etc/hostname' is not present"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "$['$schema']: expected 'https://json-schema.org/dr"),
    ],
)
def test_a_bad_schema_is_refused_with_its_path(schema: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({**VALID, "json_schema": schema})
    assert str(refused.value).startswith(f"json_schema: {problem}")
    for sample in ("{}", "not JSON", ""):
        verdict = grade(FROM_ITEM, sample, {"schema": schema})
        assert (verdict.score, verdict.outcome) == (None, "ungradable")
        assert problem in str(verdict.reason)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"json_schema": 5}, "json_schema: expected a schema or a template, got a number"),
        ({"json_schema": None}, "json_schema: missing; expected a schema, unless there is a reference"),
        ({"json_schema": "{{ sample.schema }}"}, "json_schema: expected variables of the item only"),
        ({"reference": "{{ sample.output_text }}"}, "reference: expected variables of the item only"),
        ({"strict": True}, "strict: unknown field"),
    ],
)
def test_a_bad_configuration_is_refused_by_field(change: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({**VALID, **change})
    assert str(refused.value).startswith(problem)


def test_a_schema_nested_too_deeply_is_refused() -> None:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(400):
        schema = {"items": schema}
    with pytest.raises(InvalidGrader, match="json_schema: Recursion limit reached"):
        parse_grader({**VALID, "json_schema": schema})
    assert grade(FROM_ITEM, "[]", {"schema": schema}).outcome == "ungradable"


@pytest.mark.parametrize("missing", ["jsonschema_rs"])
def test_without_its_library_it_is_refused_with_the_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == missing else found(name))
    with pytest.raises(InvalidGrader, match=r"type: 'json_schema' needs jsonschema-rs; install fairmark\[patterns\]"):
        parse_grader(VALID)


@pytest.mark.parametrize("answer", ["not JSON", None, "{", [[[]]] * 9])
@pytest.mark.parametrize("sample", ['{"a": 1}', "not JSON", {}, "<think>"])
def test_a_bad_reference_is_ungradable_whatever_the_model_said(answer: object, sample: Any) -> None:
    deep = "[" * 101 + "]" * 101
    item = {"answer": deep if isinstance(answer, list) else answer}
    assert grade(FIELDS, sample, item).outcome == "ungradable"


@pytest.mark.parametrize("depth", [101, 500, 50_000])
def test_deep_nesting_is_a_fault_and_no_crash(depth: int) -> None:
    verdict = grade({**VALID, "json_schema": {}}, "[" * depth + "]" * depth)
    assert (verdict.score, verdict.outcome) == (0, "graded")


def test_a_hundred_levels_are_taken() -> None:
    assert grade({**VALID, "json_schema": {}}, "[" * 100 + "]" * 100).score == 1


def test_a_document_of_the_caller_that_is_too_large_is_0() -> None:
    verdict = grade({**VALID, "json_schema": {}}, {"output_json": ["x"] * 60_000})
    assert (verdict.score, verdict.error, verdict.reason) == (0, "limit", "the JSON is over 100,000 characters long")


def test_formats_are_not_asserted() -> None:
    assert grade({**VALID, "json_schema": {"format": "email"}}, '"nobody"').score == 1


def test_unknown_keywords_are_annotations() -> None:
    assert grade({**VALID, "json_schema": {"description": "x", "strict": True}}, "{}").score == 1


def tree(branches: int) -> dict[str, Any]:
    """A schema of trees that says the same thing several times."""
    return {"oneOf": [{"type": "object", "properties": {"a": {"$ref": "#"}}} for _ in range(branches)]}


def chain(depth: int) -> Any:
    document: Any = 3
    for _ in range(depth):
        document = {"a": document}
    return document


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        (tree(4), chain(80)),
        ({"type": "object", "allOf": [{"properties": {"a": {"$ref": "#"}}}] * 3}, chain(80)),
        (
            {"type": "array", "contains": {"$ref": "#"}, "items": {"$ref": "#"}},
            [[[[[[[[[[[[[[[[[[[[3]]]]]]]]]]]]]]]]]]]],
        ),
        (
            {"type": "object", "unevaluatedProperties": {"$ref": "#"}, "not": {"properties": {"a": {"$ref": "#"}}}},
            chain(80),
        ),
        ({"allOf": [{"$ref": "#"}]}, 3),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, 3),
        ({"uniqueItems": True}, [[i] for i in range(12_000)]),
        ({"items": {"pattern": "^(a|b)*a(a|b){60}c$"}}, ["ab" * 40_000]),
        ({"pattern": "(a+)+$"}, "a" * 90_000 + "!"),
    ],
)
def test_no_schema_blows_up(schema: dict[str, Any], document: object) -> None:
    with cpu_at_most(3):
        assert graded(json.dumps(schema), None, document).outcome == "graded"
    assert grade({**VALID, "json_schema": schema}, json.dumps(document)).error is None  # no limit of the worker's


def test_what_is_small_is_judged_in_place_and_the_rest_in_a_worker() -> None:
    short, long = ({"name": "x" * length} for length in (1, 90_000))
    assert in_place(VALID, json.dumps(short)) is not None
    assert in_place(VALID, json.dumps(long)) is None
    assert in_place({**VALID, "json_schema": tree(2)}, json.dumps(short)) is None


def test_what_is_large_is_compared_in_a_worker_with_the_same_result() -> None:
    text = json.dumps(list(range(8_000)))
    assert grade(FIELDS, text, {"answer": [0, 1]}).score == 2 / 8_000
    assert grade(FIELDS, text, {"answer": list(range(8_000))}).score == 1


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({}, 1),
        ({"type": "string"}, 2),
        ({"enum": [1, 2, 3]}, 5),
        ({"$defs": {"a": {"type": "string"}}}, 1),
        ({"$defs": {"a": {"type": "string"}}, "items": {"$ref": "#/$defs/a"}}, 4),
        ({"$defs": {"a/b": {"type": "string"}}, "$ref": "#/$defs/a~1b"}, 3),
        ({"$ref": "#"}, float("inf")),
        ({"$ref": "#name", "$anchor": "name"}, float("inf")),
        ({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}, float("inf")),
    ],
)
def test_a_schema_weighs_what_it_is_with_its_references_in_place(schema: dict[str, Any], values: float) -> None:
    assert weight(json.dumps(schema)).values == values


def test_references_that_double_are_weighed_at_once_and_refused() -> None:
    names = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(60)} | {"d60": {}}
    schema = {"$defs": names, "$ref": "#/$defs/d0"}
    assert weight(json.dumps(schema)).values > 2**60
    with pytest.raises(InvalidGrader, match="json_schema: its references unroll to more than 1,000,000 values"):
        parse_grader({**VALID, "json_schema": schema})
    assert grade(FROM_ITEM, "1", {"schema": schema}).outcome == "ungradable"


def best_time(run: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return min(times)


def refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="linear time"):
        validator(json.dumps(schema))


def test_a_bad_schema_of_an_item_is_read_once() -> None:
    slow = {"allOf": [*({"pattern": f"\\p{{L}}{{24}}{i}"} for i in range(19)), {"pattern": "(?=a)"}]}
    reading = best_time(lambda: refused({**slow, "title": str(time.perf_counter())}))
    grader = parse_grader(FROM_ITEM)
    assert isinstance(grader, Leaf)
    assert reading > 10 * best_time(lambda: grader.start(Sample("{}"), {"schema": slow}))


@pytest.mark.parametrize(
    "place", [lambda p: {"allOf": [{"pattern": x} for x in p]}, lambda p: {"patternProperties": dict.fromkeys(p, {})}]
)
def test_an_items_schema_has_a_bounded_number_of_patterns(place: Callable[[list[str]], dict[str, Any]]) -> None:
    patterns = [f"^a{i}$" for i in range(21)]
    assert grade(FROM_ITEM, "3", {"schema": place(patterns[:20])}).score == 1
    verdict = grade(FROM_ITEM, "3", {"schema": place(patterns)})
    assert (verdict.score, verdict.outcome) == (None, "ungradable")
    assert str(verdict.reason).endswith("expected at most 20 patterns, got 21")
    assert grade({**VALID, "json_schema": place(patterns)}, "3").score == 1


def test_deep_documents_are_told_what_is_wrong_where_that_is_cheap() -> None:
    recursive = {"type": "object", "properties": {"a": {"$ref": "#"}}}
    assert grade({**VALID, "json_schema": recursive}, json.dumps(chain(8))).reason == (
        '$.a.a.a.a.a.a.a.a: the value is not of type "object"'
    )
    assert grade({**VALID, "json_schema": tree(2)}, json.dumps(chain(8))).reason == "not valid under the schema"


def test_a_document_too_long_for_its_schema_is_told_before_it_is_validated() -> None:
    schema = {"items": {"anyOf": [{"const": number} for number in range(3_000)]}}
    verdict = grade({**VALID, "json_schema": schema}, "[" + "0," * 45_000 + "0]")
    assert (verdict.score, verdict.error) == (0, "limit")
    assert verdict.reason == "the JSON is too long for its schema: 270,147,006 steps"


def test_a_pattern_of_many_counts_is_weighed() -> None:
    heavy = weight(json.dumps({"pattern": "(a{999999999}){9}" * 500, "$ref": "#"}))
    assert heavy.patterns == float("inf")
    assert weight(json.dumps({"pattern": "(a{20}){30}"})).patterns == 11 * 600
    assert weight(json.dumps({"pattern": "^\\d{4}-\\d{2}$"})).patterns == 13 + 6


def test_a_copy_made_by_pickle_is_the_same_grader() -> None:
    for configuration in (VALID, FROM_ITEM):
        grader = parse_grader(configuration)
        assert pickle.loads(pickle.dumps(grader)).version == grader.version


def test_the_release_of_the_library_is_in_the_version() -> None:
    assert "jsonschema-rs" in parse_grader(VALID).decides()["libraries"]


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(documents.filter(lambda document: document is not None), documents)
def test_a_document_is_wholly_right_only_against_itself(reference: Any, other: Any) -> None:
    assert graded(None, reference, reference).score == 1
    score = graded(None, reference, other).score
    assert score is not None
    assert 0 <= score <= 1
