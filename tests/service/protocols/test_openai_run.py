"""The real OpenAI SDK against a real service, with only its `base_url` changed."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from tests.running import Running

TEXT = {"input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}
CHECK: Any = {"type": "string_check", "name": "check", **TEXT, "operation": "eq"}
SIMILAR: Any = {"type": "text_similarity", "name": "similar", **TEXT, "evaluation_metric": "rouge_l"}
MULTI: Any = {
    "type": "multi",
    "name": "both",
    "graders": {"check": CHECK, "similar": SIMILAR},
    "calculate_output": "0.5 * check + 0.5 * similar",
}
INVALID: Any = {**CHECK, "operation": "contains"}
ERROR_KEYS = {
    "formula_parse_error",
    "sample_parse_error",
    "sample_parse_error_details",
    "truncated_observation_error",
    "unresponsive_reward_error",
    "invalid_variable_error",
    "invalid_variable_error_details",
    "other_error",
    "python_grader_server_error",
    "python_grader_server_error_type",
    "python_grader_runtime_error",
    "python_grader_runtime_error_details",
    "model_grader_server_error",
    "model_grader_refusal_error",
    "model_grader_refusal_error_details",
    "model_grader_parse_error",
    "model_grader_parse_error_details",
    "model_grader_exceeded_max_tokens_error",
    "model_grader_server_error_details",
    "endpoint_grader_internal_error",
    "endpoint_grader_internal_error_details",
    "endpoint_grader_server_error",
    "endpoint_grader_server_error_details",
    "endpoint_grader_safety_check_error",
}


@pytest.fixture
def client(service: Running) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{service.url}/v1", api_key="fake-key-for-tests") as client:
        yield client


@pytest.mark.parametrize(
    ("grader", "said", "reward"),
    [
        (CHECK, "fuzzy wuzzy", 1.0),
        (CHECK, "fuzzy", 0.0),
        ({**CHECK, "operation": "like"}, "oh fuzzy wuzzy", 1.0),
        (SIMILAR, "fuzzy wuzzy", 1.0),
        (MULTI, "fuzzy wuzzy", 1.0),
        (MULTI, "fuzzy bear", 0.25),
    ],
)
def test_run_rewards(client: OpenAI, grader: Any, said: str, reward: float) -> None:
    answer = client.fine_tuning.alpha.graders.run(grader=grader, model_sample=said, item={"answer": "fuzzy wuzzy"})
    assert answer.reward == pytest.approx(reward)
    assert (answer.metadata.name, answer.metadata.type) == (grader["name"], grader["type"])


def test_run_of_a_multi_names_its_sub_rewards(client: OpenAI) -> None:
    answer = client.fine_tuning.alpha.graders.run(grader=MULTI, model_sample="fuzzy", item={"answer": "fuzzy"})
    assert answer.sub_rewards == {"check": 1.0, "similar": 1.0}


def test_run_has_every_error_key_of_the_live_api(client: OpenAI) -> None:
    answer = client.fine_tuning.alpha.graders.run(grader=CHECK, model_sample="a", item={"answer": "a"})
    errors = answer.metadata.errors.to_dict()
    assert set(errors) == ERROR_KEYS
    assert not any(errors.values())
    assert 0 < answer.metadata.execution_time < 5


@pytest.mark.parametrize(
    ("grader", "item", "flag"),
    [
        (CHECK, {}, "invalid_variable_error"),
        ({**CHECK, "input": "{{ sample.output_json.n }}"}, {"answer": "a"}, "invalid_variable_error"),
        ({**MULTI, "calculate_output": "1 / (check - 1)"}, {"answer": "said"}, "formula_parse_error"),
    ],
)
def test_run_flags_what_went_wrong_with_a_reward_of_0(client: OpenAI, grader: Any, item: Any, flag: str) -> None:
    answer = client.fine_tuning.alpha.graders.run(grader=grader, model_sample="said", item=item)
    raised = {key: value for key, value in answer.metadata.errors.to_dict().items() if value}
    assert answer.reward == 0
    assert raised.keys() <= {flag, f"{flag}_details"}
    assert raised[flag] is True


def test_run_names_a_grader_that_has_no_name(client: OpenAI) -> None:
    nameless = {key: value for key, value in CHECK.items() if key != "name"}
    answer = client.fine_tuning.alpha.graders.run(grader=nameless, model_sample="a", item={"answer": "a"})  # type: ignore[arg-type]
    assert answer.metadata.name.startswith("grader-")


def test_run_reads_json_from_the_model_sample(client: OpenAI) -> None:
    grader: Any = {**CHECK, "input": "{{ sample.output_json.n }}"}
    assert client.fine_tuning.alpha.graders.run(grader=grader, model_sample='{"n": 6}', item={"answer": 6}).reward == 1


@pytest.mark.parametrize("grader", [CHECK, SIMILAR, MULTI])
def test_validate_gives_the_grader_back(client: OpenAI, grader: Any) -> None:
    answer = client.fine_tuning.alpha.graders.with_raw_response.validate(grader=grader)
    assert answer.http_response.json() == {"grader": grader}


def test_validate_names_a_grader_that_has_no_name(client: OpenAI) -> None:
    nameless: Any = {key: value for key, value in CHECK.items() if key != "name"}
    named = client.fine_tuning.alpha.graders.with_raw_response.validate(grader=nameless).http_response.json()["grader"]
    assert named.pop("name").startswith("grader-")
    assert named == nameless


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"operation": "contains"}, "grader.operation"),
        ({"reference": "{{ items.x }}"}, "grader.reference"),
        ({"type": "nope"}, "grader.type"),
        ({"extra": 1}, "grader.extra"),
        ({"type": "multi", "graders": [CHECK], "calculate_output": "a"}, "grader.graders"),
        ({"type": "text_similarity", "evaluation_metric": "cosine"}, "grader.evaluation_metric"),
    ],
)
def test_an_invalid_grader_is_a_bad_request_by_field(client: OpenAI, change: Any, param: str) -> None:
    graders, invalid = client.fine_tuning.alpha.graders, cast("Any", {**CHECK, **change})
    with pytest.raises(BadRequestError) as run:
        graders.run(grader=invalid, model_sample="a")
    with pytest.raises(BadRequestError) as validated:
        graders.validate(grader=invalid)
    assert (run.value.code, run.value.param) == ("invalid_grader", param)
    assert (validated.value.code, validated.value.param) == ("invalid_grader", param)


def test_a_model_sample_that_is_no_string_is_a_bad_request(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="model_sample: expected `str`"):
        client.fine_tuning.alpha.graders.run(grader=CHECK, model_sample=3)  # type: ignore[arg-type]


def test_what_is_not_served_is_not_found(client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="Not Found"):
        client.models.list()


@pytest.mark.anyio
async def test_the_async_client_works_too(service: Running) -> None:
    async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key="fake-key-for-tests") as client:
        graders = client.fine_tuning.alpha.graders
        assert (await graders.run(grader=MULTI, model_sample="a", item={"answer": "a"})).reward == 1
        await graders.validate(grader=CHECK)
        with pytest.raises(BadRequestError):
            await graders.validate(grader=INVALID)
