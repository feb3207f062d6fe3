"""`POST /v1/grade` against a real service."""

import json
from typing import Any

import httpx
import pytest
from tests.running import Running

EXACT = {
    "type": "string_check",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
    "operation": "eq",
}


def grade(service: Running, **body: Any) -> Any:
    answer = service.post("/v1/grade", body)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def row(sample: Any, answer: Any = "42", **more: Any) -> dict[str, Any]:
    return {"sample": sample, "item": {"reference_answer": answer}, **more}


def test_results_come_in_the_order_of_the_samples(service: Running) -> None:
    results = grade(service, grader="exact", samples=[row(str(n % 3), "1") for n in range(100)])
    assert [result["score"] for result in results] == [float(n % 3 == 1) for n in range(100)]


def test_a_result_has_exactly_the_contracts_fields(service: Running) -> None:
    [result] = grade(service, grader="exact", samples=[row({"output_text": "42"})])
    version = result.pop("version")
    assert result == {"score": 1.0, "outcome": "graded", "reason": None, "sub_scores": {}, "cached": False}
    assert version.startswith("exact@")


def test_a_configuration_stands_in_for_a_name(service: Running) -> None:
    [result] = grade(service, grader=EXACT, samples=[row("42")])
    assert (result["score"], result["version"][:7]) == (1.0, "inline@")


def test_a_sample_may_have_a_grader_of_its_own(service: Running) -> None:
    samples = [row("So 42."), row("So 42.", grader="contains"), row("x42", grader={**EXACT, "operation": "like"})]
    assert [result["score"] for result in grade(service, grader="exact", samples=samples)] == [0, 1, 1]


def test_a_batch_needs_no_grader_when_every_sample_has_one(service: Running) -> None:
    assert grade(service, samples=[row("42", grader="exact")])[0]["score"] == 1


def test_a_conversation_is_a_sample(service: Running) -> None:
    chat = [{"role": "assistant", "content": "41?"}, {"role": "user", "content": "no"}, {"content": "42"}]
    assert grade(service, grader="exact", samples=[row(chat)])[0]["score"] == 1


def test_no_samples_give_no_results(service: Running) -> None:
    assert grade(service, grader="exact", samples=[]) == []


def test_a_second_asking_is_answered_from_the_cache(service: Running) -> None:
    samples = [row("forty-two of them", "forty-two or so")]
    first, second = [grade(service, grader="similarity", samples=samples)[0] for _ in range(2)]
    assert (first["cached"], second["cached"]) == (False, True)
    assert first["score"] == second["score"]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ('{"sample": NaN, "item": {}}', "sample: expected a finite number, got nan"),
        ('{"sample": "42", "item": {"a": [{"b": NaN}]}}', "item.a[0].b: expected a finite number, got nan"),
        ('{"sample": "\\ud800", "item": {}}', "sample: expected Unicode text, got a lone surrogate"),
        ('{"sample": 3, "item": {}}', "sample: expected a string, a list of messages or an object, got a number"),
        ('{"sample": {"output_text": 3}, "item": {}}', "sample.output_text: expected a string, got a number"),
        ('{"sample": "42", "item": []}', "item: expected `object`, got `array`"),
        ('{"sample": "42", "item": null}', "item: expected `object`, got `null`"),
        ('{"item": {}}', "row: object missing required field `sample`"),
        ('{"sample": "42", "items": {}}', "row: object contains unknown field `items`"),
        ('{"sample": "42", "group": 3}', "group: expected `str | null`, got `int`"),
        ('{"sample": {"messages": "no"}}', "sample.messages: expected a list of messages, got a string"),
        ('{"sample": [null]}', "sample[0]: expected a message, got null"),
        ("3", "row: expected `object`, got `int`"),
        ("null", "row: expected `object`, got `null`"),
    ],
)
def test_a_broken_sample_is_invalid_alone(service: Running, broken: str, reason: str) -> None:
    good = '{"sample": "123456789012345678901234567890", "item": {"reference_answer": 123456789012345678901234567890}}'
    body = f'{{"grader": "exact", "samples": [{good}, {broken}, {good}]}}'
    answer = httpx.post(f"{service.url}/v1/grade", content=body, headers={"content-type": "application/json"}).json()
    assert [result["outcome"] for result in answer["results"]] == ["graded", "invalid", "graded"]
    assert [result["score"] for result in answer["results"]] == [1, None, 1]
    assert answer["results"][1]["reason"] == reason


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"samples": [row("42")]}, 422, "samples[0].grader"),
        ({"grader": "exacto", "samples": []}, 404, "grader"),
        ({"grader": "exact", "samples": [row("42"), row("42", grader="no")]}, 404, "samples[1].grader"),
        ({"grader": {**EXACT, "operation": "has"}, "samples": []}, 422, "grader.operation"),
        ({"grader": {**EXACT, "input": "{{ x.y }}"}, "samples": []}, 422, "grader.input"),
        ({"grader": "exact", "samples": [row("1", grader={"type": "nope"})]}, 422, "samples[0].grader.type"),
        ({"grader": "exact"}, 422, None),
        ({"grader": "exact", "samples": {}}, 422, "samples"),
        ({"grader": 3, "samples": []}, 422, "grader"),
        ({"grader": "exact", "samples": [], "sample": 1}, 422, None),
        ({"grader": "exact", "samples": [row("42")] * 4097}, 422, "samples"),
    ],
)
def test_a_bad_request_is_refused_before_any_work_by_field(
    service: Running, body: dict[str, Any], status: int, param: str | None
) -> None:
    answer = service.post("/v1/grade", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "said",
    [
        '{"choices": [{"message": {"tool_calls": 5}}]}',
        '{"output_text": null, "messages": [{"role": "assistant", "tool_calls": true}]}',
        '{"choices": 3}',
        f'{{"output_tools": {"[" * 978 + "]" * 978}}}',
        f'{{"output_json": {"[" * 978 + "]" * 978}}}',
    ],
)
def test_a_wild_sample_is_0_alone(service: Running, said: str) -> None:
    wild = {**EXACT, "input": "{{ sample.output_tools }} {{ sample.output_json }}"}
    good = '{"sample": "42", "item": {"reference_answer": "42"}, "grader": "exact"}'
    row = f'{{"sample": {said}, "item": {{"reference_answer": 1}}}}'
    body = f'{{"grader": {json.dumps(wild)}, "samples": [{good}, {row}]}}'
    answer = httpx.post(f"{service.url}/v1/grade", content=body, headers={"content-type": "application/json"}).json()
    assert [(result["outcome"], result["score"]) for result in answer["results"]] == [("graded", 1), ("graded", 0)]


def test_a_nan_beside_a_deep_sample_is_invalid_alone(service: Running) -> None:
    deep = "[" * 500 + "]" * 500
    body = f'{{"grader": "exact", "samples": [{{"sample": {{"output_json": {deep}}}}}, {{"sample": {{"x": NaN}}}}]}}'
    answer = httpx.post(f"{service.url}/v1/grade", content=body, headers={"content-type": "application/json"}).json()
    assert [result["outcome"] for result in answer["results"]] == ["ungradable", "invalid"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ('{"grader": "exact", "run": "\\ud800", "samples": []}', "run"),
        ('{"grader": "exact", "\\ud800": 1, "samples": []}', "body"),
        ('{"grader": {"type": "string_check", "input": "{{item.\\ud800}}"}, "samples": []}', "grader.input"),
        ('{"grader": {"type": "multi", "pass_threshold": NaN}, "samples": []}', "grader.pass_threshold"),
        ('{"grader": "exact", "run": "' + "r" * 201 + '", "samples": []}', "run"),
    ],
)
def test_what_surrounds_the_samples_is_refused_by_field(service: Running, body: str, param: str) -> None:
    answer = httpx.post(f"{service.url}/v1/grade", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)
    assert httpx.get(f"{service.url}/metrics").status_code == 200


def test_an_answer_too_long_is_0_and_a_reference_too_long_is_none(service: Running) -> None:
    results = grade(service, grader="exact", samples=[row("4" * 300_000), row("4", "2" * 300_000)])
    assert [(result["outcome"], result["score"]) for result in results] == [("graded", 0), ("ungradable", None)]


def test_explain_shows_how_a_verdict_came_about(service: Running) -> None:
    [result] = grade(service, grader="exact", samples=[row("<think>41?</think>42")], explain=True)
    assert result["explain"]["case"] == {"answer": "42", "reference": "42"}
    assert result["explain"]["rule"] == "string_check.eq"


def test_a_run_is_counted_under_its_name_with_its_flat_groups(service: Running) -> None:
    samples = [row("42", group="a"), row("42", group="a"), row("42", group="b"), row("41", group="b")]
    grade(service, grader="exact", samples=samples, run="native-test", step=3)
    assert service.metric('fairmark_run_samples_total{outcome="graded",run="native-test"}') == 4
    assert service.metric('fairmark_run_groups_total{run="native-test"}') == 2
    assert service.metric('fairmark_run_groups_zero_variance_total{run="native-test"}') == 1


def test_samples_are_counted_whether_cached_or_not(service: Running) -> None:
    line = 'fairmark_samples_total{grader="similarity",outcome="graded"}'
    before = service.metric(line)
    for _ in range(3):
        grade(service, grader="similarity", samples=[row("so many", "so few")] * 2)
    assert service.metric(line) - before == 6
