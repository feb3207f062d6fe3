"""The stand-in holds the SDK's callers to the documented rules; a test against it says something only then."""

import io
import json
from typing import Any

import openai
import pytest

from .conftest import EXACT, row
from .standin import KEY, MODEL, StandIn

ENDPOINT = {"type": "endpoint", "url": "http://127.0.0.1:9/", "headers": {"X-Key": "example-grader-key"}}


class Caller:
    """The SDK as users call it, typed models left aside."""

    def __init__(self, url: str) -> None:
        self.sdk = openai.OpenAI(api_key=KEY, base_url=url, max_retries=0)
        self.train, self.validation = self.upload(range(12)), self.upload(range(100, 110))

    def upload(self, numbers: range, **changed: Any) -> str:
        text = "".join(json.dumps({**row(number), **changed}) + "\n" for number in numbers)
        return self.sdk.files.create(file=("rows.jsonl", io.BytesIO(text.encode())), purpose="fine-tune").id

    def create(self, grader: Any = EXACT, hyperparameters: Any = None, **given: Any) -> Any:
        usual = {
            "model": MODEL,
            "training_file": self.train,
            "validation_file": self.validation,
            "method": {
                "type": "reinforcement",
                "reinforcement": {"grader": grader, "hyperparameters": hyperparameters or {}},
            },
        }
        raw = self.sdk.fine_tuning.jobs.with_raw_response.create(**{**usual, **given})
        return json.loads(raw.http_response.content)


@pytest.fixture
def caller(standin: StandIn) -> Caller:
    standin.hold = True
    return Caller(standin.url)


def multi(graders: Any) -> dict[str, Any]:
    return {"type": "multi", "name": "m", "graders": graders, "calculate_output": "a"}


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a model that can't be trained": ({"model": "gpt-4o"}, "not available for fine-tuning"),
    "no validation file": ({"validation_file": openai.omit}, "validation_file: no such file"),
    "a file that isn't there": ({"training_file": "file-none"}, "training_file: no such file"),
    "a suffix of 65": ({"suffix": "s" * 65}, "longer than 64"),
    "17 pairs of metadata": ({"metadata": {str(n): "" for n in range(17)}}, "more than 16 pairs"),
    "hyperparameters on top": ({"extra_body": {"hyperparameters": {}}}, "Unknown parameter: 'hyperparameters'"),
    "a batch of 257": ({"hyperparameters": {"batch_size": 257}}, "Invalid value: 257"),
    "51 epochs": ({"hyperparameters": {"n_epochs": 51}}, "Invalid value: 51"),
    "too much compute": ({"hyperparameters": {"compute_multiplier": 11}}, "Invalid value: 11"),
    "no such effort": ({"hyperparameters": {"reasoning_effort": "auto"}}, "Invalid value: 'auto'"),
    "a multi as the SDK types it": (
        {"grader": multi(EXACT)},
        "Invalid type for 'graders.type': expected an object, but got a string instead.",
    ),
    "a multi as an array": ({"grader": multi([EXACT])}, "Invalid type for 'grader.graders': expected an object"),
    "a multi in a multi": ({"grader": multi({"a": multi({"a": EXACT})})}, "Invalid value: 'multi'"),
    "a formula that can't be read": ({"grader": {**multi({"a": EXACT}), "calculate_output": "a +"}}, "character"),
    "a type that is ours": ({"grader": {"type": "math_equivalence"}}, "Invalid value: 'math_equivalence'"),
    "a label_model alone": ({"grader": {"type": "label_model"}}, "Invalid value: 'label_model'"),
    "a header copied from a job": (
        {"grader": {**ENDPOINT, "headers": {"X-Key": "**********"}}},
        "A header is redacted",
    ),
    "cosine": (
        {
            "grader": {
                "type": "text_similarity",
                "name": "c",
                "input": "",
                "reference": "",
                "evaluation_metric": "cosine",
            }
        },
        "Invalid metric",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_refused(caller: Caller, name: str) -> None:
    given, message = BROKEN[name]
    with pytest.raises(openai.BadRequestError) as refused:
        caller.create(**given)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"messages": [{"role": "system", "content": "?"}]}, "Line 1: expected messages of"),
        ({"messages": [{"role": "assistant", "content": "?"}]}, "Line 1: the last message is of assistant"),
        ({"messages": []}, "Line 1: expected messages of"),
    ],
)
def test_broken_rows_fail_the_job_once_it_begins(
    caller: Caller, standin: StandIn, changed: dict[str, Any], message: str
) -> None:
    created = caller.create(training_file=caller.upload(range(12), **changed))
    standin.advance()
    failed = standin.jobs[created["id"]].shown()
    assert failed["status"] == "failed"
    assert failed["error"]["message"].startswith(message)


def test_the_same_row_on_both_sides_fails_the_job(caller: Caller, standin: StandIn) -> None:
    created = caller.create(validation_file=caller.upload(range(10)))
    standin.advance()
    assert standin.jobs[created["id"]].error["message"] == "An example is in both files."


def test_a_healthy_job_has_an_empty_error_and_no_hyperparameters_on_top(caller: Caller) -> None:
    created = caller.create()
    assert created["error"] == {}
    assert "hyperparameters" not in created
    assert caller.sdk.fine_tuning.jobs.retrieve(created["id"]).error  # truthy in the SDK: the trap


def test_headers_come_back_redacted(caller: Caller) -> None:
    created = caller.create(grader=multi({"a": ENDPOINT}))
    shown = created["method"]["reinforcement"]["grader"]["graders"]["a"]
    assert shown["headers"] == {"X-Key": "**********"}


def test_a_grader_is_named_when_it_is_validated(caller: Caller) -> None:
    python: Any = {"type": "python", "source": "def grade(sample, item):\n    return 1.0\n"}
    named = caller.sdk.fine_tuning.alpha.graders.with_raw_response.validate(grader=python).http_response.json()
    assert named["grader"]["name"].startswith("grader-")


def test_a_grader_is_run_with_all_the_keys_of_the_live_api(caller: Caller) -> None:
    grader: Any = EXACT
    run = caller.sdk.fine_tuning.alpha.graders.with_raw_response.run(
        grader=grader, model_sample="7", item={"reference_answer": "7"}
    ).http_response.json()
    assert run["reward"] == 1.0
    assert len(run["metadata"]["errors"]) == 24


def test_a_cancelled_job_stays_cancelled(caller: Caller, standin: StandIn) -> None:
    created = caller.create()
    jobs = caller.sdk.fine_tuning.jobs
    assert jobs.cancel(created["id"]).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="Only paused jobs can be resumed; this one is cancelled"):
        jobs.resume(created["id"])


def test_a_wrong_key_opens_nothing(standin: StandIn) -> None:
    stranger = openai.OpenAI(api_key="example-wrong-key", base_url=standin.url)
    with pytest.raises(openai.AuthenticationError):
        stranger.fine_tuning.jobs.list()


def test_pages_lead_on_to_each_other(caller: Caller) -> None:
    created = [caller.create()["id"] for _ in range(5)]
    assert [job.id for job in caller.sdk.fine_tuning.jobs.list(limit=2)] == created[::-1]
