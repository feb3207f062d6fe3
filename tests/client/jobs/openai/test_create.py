"""A job's files are sent and it is created, once, whatever happens on the way."""

import json
import logging

import pytest

from fairmark_client.data.prepared import Prepared
from fairmark_client.errors import JobError, JobRefused
from fairmark_client.jobs.openai import Azure, OpenAI

from .conftest import EXACT, RESPONSE_FORMAT, MakeSpec, job, prepare
from .standin import KEY, MODEL, StandIn
from .standin.routes import MODELS

CREATE = "POST /fine_tuning/jobs"
UPLOAD = "POST /files"


def test_a_job_is_created_with_what_the_platform_documents(
    standin: StandIn, make_spec: MakeSpec, prepared: Prepared
) -> None:
    hyperparameters = {"n_epochs": 2, "reasoning_effort": "low"}
    options = {"suffix": "sums", "metadata": {"team": "ours"}}
    place = OpenAI().create(job(make_spec(hyperparameters=hyperparameters, options=options, seed=7)))
    [body] = standin.bodies
    assert standin.contents[body.pop("training_file")] == prepared.file("openai", "rft", "train").read_bytes()
    assert standin.contents[body.pop("validation_file")] == prepared.file("openai", "rft", "validation").read_bytes()
    assert list(standin.jobs) == [place]
    assert body == {
        "model": MODEL,
        "suffix": "sums",
        "seed": 7,
        "metadata": {"team": "ours", "fairmark_job": "openai-1a2b3c"},
        "method": {
            "type": "reinforcement",
            "reinforcement": {"grader": EXACT, "hyperparameters": hyperparameters},
        },
    }


def test_the_response_format_of_the_data_goes_along(standin: StandIn, make_spec: MakeSpec, prepared: Prepared) -> None:
    prepare(prepared.folder, range(12), range(100, 110), response_format=RESPONSE_FORMAT)
    OpenAI().create(job(make_spec()))
    assert standin.bodies[0]["method"]["reinforcement"]["response_format"] == RESPONSE_FORMAT


def test_a_supervised_job_takes_the_files_with_answers(standin: StandIn, make_spec: MakeSpec) -> None:
    spec = make_spec(method="sft", model=MODELS["supervised"][0], grader=None, hyperparameters={"n_epochs": 3})
    OpenAI().create(job(spec))
    [body] = standin.bodies
    assert body["method"] == {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}
    assert b"assistant" in standin.contents[body["training_file"]]


def test_a_multi_goes_out_as_an_object_of_graders_with_its_secrets_from_the_environment(
    standin: StandIn, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_KEY", "example-grader-key")
    endpoint = {
        "type": "endpoint",
        "name": "ours",
        "url": "http://127.0.0.1:9/endpoint/exact",
        "headers": {"Authorization": "Bearer ${GRADER_KEY}"},
    }
    multi = {
        "type": "multi",
        "name": "both",
        "graders": {"here": EXACT, "there": endpoint},
        "calculate_output": "(here + there) / 2",
    }
    spec = make_spec(grader=multi)
    place = OpenAI().create(job(spec))
    sent = standin.bodies[0]["method"]["reinforcement"]["grader"]
    assert sent["graders"]["there"]["headers"] == {"Authorization": "Bearer example-grader-key"}
    assert sent["graders"]["here"] == EXACT
    assert "example-grader-key" not in spec.model_dump_json()
    assert "example-grader-key" not in json.dumps(standin.jobs[place].shown())


def test_a_grader_of_the_catalog_goes_out_without_our_own_settings(standin: StandIn, make_spec: MakeSpec) -> None:
    OpenAI().create(job(make_spec(grader="exact_or_similar")))
    sent = standin.bodies[0]["method"]["reinforcement"]["grader"]
    assert set(sent["graders"]) == {"exact", "similar"}
    assert "fairmark" not in json.dumps(sent)


def test_a_grader_of_ours_is_called_by_its_address(
    standin: StandIn, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADER_KEY", "example-grader-key")
    options = {"endpoint_url": "http://127.0.0.1:9/endpoint/math", "endpoint_key_env": "GRADER_KEY"}
    OpenAI().create(job(make_spec(grader="math", options=options)))
    assert standin.bodies[0]["method"]["reinforcement"]["grader"] == {
        "type": "endpoint",
        "name": "math",
        "url": "http://127.0.0.1:9/endpoint/math",
        "headers": {"Authorization": "Bearer example-grader-key"},
    }


def test_the_same_files_are_uploaded_once(standin: StandIn, make_spec: MakeSpec) -> None:
    for id in ("openai-000001", "openai-000002"):
        OpenAI().create(job(make_spec(), id=id))
    assert len(standin.files) == 2
    assert len(standin.jobs) == 2


def test_a_file_that_was_found_unfit_is_uploaded_anew(standin: StandIn, make_spec: MakeSpec) -> None:
    OpenAI().create(job(make_spec(), id="openai-000001"))
    next(iter(standin.files.values()))["status"] = "error"
    OpenAI().create(job(make_spec(), id="openai-000002"))
    assert len(standin.files) == 3


def test_files_are_waited_for_until_they_are_processed(standin: StandIn, make_spec: MakeSpec) -> None:
    standin.slow_files = 1
    OpenAI().create(job(make_spec()))
    assert [file["looks"] for file in standin.files.values()] == [2, 2]


def test_an_upload_whose_answer_is_lost_isnt_repeated(standin: StandIn, make_spec: MakeSpec) -> None:
    standin.fail("POST", "^/files$", 500, heard=True)
    OpenAI().create(job(make_spec()))
    assert standin.calls[UPLOAD] == 2


@pytest.mark.parametrize("metadata_filter", ["honoured", "ignored", "refused"])
def test_a_job_whose_answer_is_lost_isnt_created_twice(
    standin: StandIn, make_spec: MakeSpec, metadata_filter: str
) -> None:
    standin.metadata_filter = metadata_filter  # type: ignore[assignment]
    OpenAI().create(job(make_spec(), id="openai-000001"))
    standin.fail("POST", "^/fine_tuning/jobs$", 500, heard=True)
    place = OpenAI().create(job(make_spec(), id="openai-000002"))
    assert list(standin.jobs)[1:] == [place]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(standin: StandIn, make_spec: MakeSpec, status: int) -> None:
    standin.fail("POST", "graders/validate$", status, times=2, headers={"retry-after-ms": "10"})
    standin.fail("POST", "^/fine_tuning/jobs$", status)
    OpenAI().create(job(make_spec()))
    assert len(standin.jobs) == 1
    assert standin.calls[CREATE] == 2


def test_a_job_that_was_created_before_a_crash_is_found(standin: StandIn, make_spec: MakeSpec) -> None:
    begun = job(make_spec())
    assert OpenAI().create(begun) == OpenAI().create(begun)
    assert standin.calls[CREATE] == 1


def test_an_old_job_of_another_ledger_under_the_same_id_isnt_taken(standin: StandIn, make_spec: MakeSpec) -> None:
    place = OpenAI().create(job(make_spec()))
    standin.jobs[place].created_at -= 100_000
    assert OpenAI().create(job(make_spec())) != place


def test_an_organization_that_is_wound_down_learns_that_it_is_final_and_what_to_run_instead(
    standin: StandIn, make_spec: MakeSpec, prepared: Prepared
) -> None:
    standin.wound_down = True
    with pytest.raises(JobRefused) as refused:
        OpenAI().create(job(make_spec()))
    assert "takes no new training jobs from this organization any more" in str(refused.value)
    assert f"fairmark jobs create {prepared.folder} --provider trl --method rft" in str(refused.value)
    assert standin.calls[CREATE] == 1


def test_a_grader_that_the_platform_finds_invalid_stops_the_job_before_its_files_are_sent(
    standin: StandIn, make_spec: MakeSpec
) -> None:
    grader = {
        "type": "score_model",
        "name": "judge",
        "model": "gpt-4.1",
        "input": [{"role": "user", "content": "?"}],
        "seed": 0,
    }
    with pytest.raises(JobRefused, match=r"400 grader\.seed: Unknown parameter"):
        OpenAI().create(job(make_spec(grader=grader)))
    assert standin.calls[UPLOAD] == 0


def test_a_service_without_validation_of_graders_is_taken_as_it_is(standin: StandIn, make_spec: MakeSpec) -> None:
    standin.fail("POST", "graders/validate$", 404)
    OpenAI().create(job(make_spec()))
    assert len(standin.jobs) == 1


def test_a_wrong_key_is_named_by_its_variable_and_never_shown(
    standin: StandIn, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", "example-wrong-key")
    with pytest.raises(JobRefused) as refused:
        OpenAI().create(job(make_spec(options={"key_env": "OTHER_KEY"})))
    assert "401 Incorrect API key provided: **********" in str(refused.value)
    assert "example-wrong-key" not in str(refused.value)


def test_no_key_is_logged_even_when_the_sdk_is_told_to_log_all(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GRADER_KEY", "example-grader-key")
    options = {"endpoint_url": "http://127.0.0.1:9/", "endpoint_key_env": "GRADER_KEY"}
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "openai"):
        OpenAI().create(job(make_spec(options=options)))
    assert "/fine_tuning/jobs" in caplog.text
    assert "example-grader-key" not in caplog.text
    assert KEY not in caplog.text


def test_a_service_that_isnt_there_may_be_there_later(make_spec: MakeSpec, standin: StandIn) -> None:
    with pytest.raises(JobError, match="OpenAI: not reached") as failed:
        OpenAI().look(job(make_spec(options={"base_url": "http://127.0.0.1:9/v1"}), place="ftjob-1"))
    assert not isinstance(failed.value, JobRefused)


def test_something_else_than_the_api_is_named(standin: StandIn, make_spec: MakeSpec) -> None:
    standin.fail("GET", "^/fine_tuning/jobs$", 200, content="<html>welcome</html>")
    with pytest.raises(JobError, match="doesn't answer as OpenAI's API does"):
        OpenAI().create(job(make_spec()))


def test_azure_is_the_same_under_its_own_address_and_key(
    standin: StandIn, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", standin.url.removesuffix("/v1"))
    spec = make_spec(provider="azure")
    del spec.options["base_url"]
    Azure().check(spec)
    assert Azure().create(job(spec)) in standin.jobs
