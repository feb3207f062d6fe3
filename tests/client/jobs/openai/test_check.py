"""What can't work is refused before anything is sent, in words that name the field and the way out."""

import json
import logging
from datetime import date
from typing import Any

import pytest

from fairmark_client.data.prepared import Prepared
from fairmark_client.errors import JobRefused
from fairmark_client.jobs.openai import Azure, OpenAI, shutdown

from .conftest import EXACT, RESPONSE_FORMAT, MakeSpec, job, prepare, rewrite
from .standin import MODEL, StandIn

ENDPOINT = {"type": "endpoint", "url": "https://grader.example.com/endpoint/math"}
JUDGE = {"type": "score_model", "name": "judge", "model": "gpt-4.1", "input": [{"role": "user", "content": "?"}]}


def multi(**graders: Any) -> dict[str, Any]:
    return {"type": "multi", "name": "both", "graders": graders, "calculate_output": " + ".join(graders)}


GRADERS = {
    "no such type": ({"type": "magic"}, "grader.type: the platform runs no 'magic'"),
    "our own type": ({"type": "math_equivalence"}, "--option endpoint_url=https://grader.example.com/endpoint/NAME"),
    "our own type in a multi": (
        multi(a=EXACT, b={"type": "numeric"}),
        "grader.graders.b.type: the platform runs no 'numeric'",
    ),
    "a catalog's own type": ("math", "grader.type: the platform runs no 'math_equivalence'"),
    "a name of another catalog": ("ours", "https://grader.example.com/endpoint/ours"),
    "a label_model alone": (
        {**JUDGE, "type": "label_model", "labels": ["a"], "passing_labels": ["a"]},
        "grader.type: label_model can't stand alone",
    ),
    "a multi in a multi": (multi(a=multi(b=EXACT)), "grader.graders.a.type: multi can't stand inside a multi"),
    "parts as a list": ({**multi(a=EXACT), "graders": [EXACT]}, "grader.graders: expected an object from a name"),
    "parts as one grader": ({**multi(a=EXACT), "graders": EXACT}, "grader.graders.type: expected an object, got str"),
    "a formula over no part": (
        {**multi(a=EXACT), "calculate_output": "a + b"},
        "grader.calculate_output: names 'b', which is no part",
    ),
    "a broken formula": ({**multi(a=EXACT), "calculate_output": "a **"}, "grader.calculate_output: character"),
    "an operation not in the list": ({**EXACT, "operation": "contains"}, "grader.operation: "),
    "cosine, which is for evals": (
        {**EXACT, "type": "text_similarity", "evaluation_metric": "cosine", "operation": None},
        "grader.",
    ),
    "a judge without a model": ({**JUDGE, "model": ""}, "grader.model: missing"),
    "a url that nobody outside reaches": (
        {**ENDPOINT, "url": "https://127.0.0.1/endpoint/math"},
        "grader.url: expected an https address that the platform reaches",
    ),
    "a url of one's own network": ({**ENDPOINT, "url": "https://10.0.0.7/"}, "grader.url: expected an https address"),
    "a url without a host": ({**ENDPOINT, "url": "https://"}, "grader.url: expected an https address"),
    "a url that is none": ({**ENDPOINT, "url": "https://[::grader"}, "grader.url: expected an https address"),
    "a url without TLS": ({**ENDPOINT, "url": "http://grader.example.com/"}, "grader.url: expected an https address"),
    "a header's value": (
        {**ENDPOINT, "headers": {"Authorization": "Bearer example-grader-key"}},
        "grader.headers.Authorization: a header's value is a secret",
    ),
    "a header that was redacted": (
        {**ENDPOINT, "headers": {"X-Key": "**********"}},
        "grader.headers.X-Key: a header's value is a secret",
    ),
    "a variable that isn't set": (
        {**ENDPOINT, "headers": {"X-Key": "${NOT_SET_HERE}"}},
        "the environment variable NOT_SET_HERE isn't set",
    ),
    "headers as a list": ({**ENDPOINT, "headers": ["X-Key"]}, "grader.headers: expected an object"),
    "a rate of nothing": ({**ENDPOINT, "rate_limit": 0}, "grader.rate_limit: expected requests a second"),
    "a field that endpoints don't have": ({**ENDPOINT, "timeout": 5}, "grader.timeout: unknown here"),
    "a column that rows don't have": (
        {**EXACT, "reference": "{{ item.answer }}"},
        "train.jsonl:1: item.answer is missing; the grader reads it",
    ),
    "JSON that no response format asks for": (
        {**EXACT, "input": "{{ sample.output_json.label }}"},
        "reads sample.output_json.label, which is there under a response format only",
    ),
    "a template that can't be read": (
        {**JUDGE, "input": [{"role": "user", "content": "{{ row.x }}"}]},
        "grader: unknown namespace 'row'",
    ),
}

FAR = {"base_url": "https://models.example.com/v1"}


@pytest.mark.parametrize("name", GRADERS)
def test_a_grader_that_no_platform_would_run_is_refused(make_spec: MakeSpec, name: str) -> None:
    grader, message = GRADERS[name]
    with pytest.raises(JobRefused) as refused:
        OpenAI().check(make_spec(grader=grader, options=FAR))
    assert message in str(refused.value)
    assert "example-grader-key" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("batch_size", 0, '"auto" or a whole number from 1 to 256'),
        ("batch_size", 257, '"auto" or a whole number from 1 to 256'),
        ("batch_size", 4.0, '"auto" or a whole number from 1 to 256'),
        ("batch_size", True, '"auto" or a whole number from 1 to 256'),
        ("n_epochs", 51, '"auto" or a whole number from 1 to 50'),
        ("learning_rate_multiplier", 0, '"auto" or a number above 0'),
        ("learning_rate_multiplier", "1", '"auto" or a number above 0'),
        ("learning_rate_multiplier", float("inf"), '"auto" or a number above 0'),
        ("compute_multiplier", 0.00001, '"auto" or a number above 0.00001 and up to 10'),
        ("compute_multiplier", 10.5, '"auto" or a number above 0.00001 and up to 10'),
        ("eval_interval", 0, '"auto" or a whole number of at least 1'),
        ("eval_samples", 0, '"auto" or a whole number of at least 1'),
        ("reasoning_effort", "auto", "one of default, low, medium, high"),
        ("learning_rate", 1e-5, "unknown for rft; there are batch_size, "),
    ],
)
def test_a_hyperparameter_out_of_its_range_is_refused(
    make_spec: MakeSpec, standin: StandIn, name: str, value: Any, message: str
) -> None:
    with pytest.raises(JobRefused) as refused:
        OpenAI().check(make_spec(hyperparameters={name: value}))
    assert str(refused.value).startswith(f"hyperparameters.{name}: ")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "hyperparameters",
    [
        dict.fromkeys(
            (
                "batch_size",
                "n_epochs",
                "learning_rate_multiplier",
                "compute_multiplier",
                "eval_interval",
                "eval_samples",
            ),
            "auto",
        ),
        {"batch_size": 1, "n_epochs": 1, "learning_rate_multiplier": 0.1, "compute_multiplier": 0.0001},
        {"batch_size": 256, "n_epochs": 50, "compute_multiplier": 10, "eval_interval": 5, "reasoning_effort": "high"},
    ],
)
def test_what_passes_here_the_platform_takes(
    make_spec: MakeSpec, standin: StandIn, hyperparameters: dict[str, Any]
) -> None:
    spec = make_spec(hyperparameters=hyperparameters)
    OpenAI().check(spec)
    OpenAI().create(job(spec))
    assert len(standin.jobs) == 1


def test_what_only_rft_knows_is_refused_for_sft(make_spec: MakeSpec) -> None:
    with pytest.raises(JobRefused, match=r"hyperparameters\.compute_multiplier: unknown for sft"):
        OpenAI().check(make_spec(method="sft", grader=None, hyperparameters={"compute_multiplier": 1}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"suffix": "s" * 65}, "options.suffix: expected at most 64 characters, got 65"),
        ({"suffix": 5}, "options.suffix: expected a string"),
        ({"metadata": {str(n): "" for n in range(16)}}, "options.metadata: expected at most 15 pairs"),
        ({"metadata": {"k" * 65: ""}}, "expected a key of at most 64 characters"),
        ({"metadata": {"k": "v" * 513}}, "a value of at most 512"),
        ({"metadata": {"k": 1}}, "options.metadata: expected an object whose values are strings"),
        ({"metadata": {"fairmark_job": "x"}}, "this key is fairmark's own"),
        ({"lora": True}, "options.lora: unknown here; there are base_url: the service's address"),
        ({"base_url": "http://models.example.com/v1"}, "options.base_url: expected https://host/path"),
        ({"base_url": "https://me:pw@models.example.com"}, "options.base_url: expected https://host/path"),
        ({"base_url": "models.example.com"}, "options.base_url: expected https://host/path"),
        ({"key_env": "NOT_SET_HERE"}, "OpenAI wants a key: set the environment variable NOT_SET_HERE"),
        ({"endpoint_url": "http://grader.example.com", **FAR}, "options.endpoint_url.url: expected an https address"),
        (
            {"endpoint_url": "https://grader.example.com", "endpoint_key_env": "NOT_SET_HERE", **FAR},
            "the environment variable NOT_SET_HERE isn't set",
        ),
    ],
)
def test_an_option_that_breaks_a_limit_is_refused(make_spec: MakeSpec, options: dict[str, Any], message: str) -> None:
    with pytest.raises(JobRefused) as refused:
        OpenAI().check(make_spec(options=options))
    assert message in str(refused.value)


def test_a_file_that_breaks_a_rule_of_the_platform_is_refused_by_its_line(
    make_spec: MakeSpec, prepared: Prepared
) -> None:
    lines = prepared.file("openai", "rft", "train").read_text().splitlines()
    lines[3] = json.dumps({"messages": [{"role": "assistant", "content": "?"}], "reference_answer": "1"})
    rewrite(prepared, "openai/rft/train.jsonl", lines)
    with pytest.raises(JobRefused, match=r"train\.jsonl:4: messages: expected the last message to be the user's"):
        OpenAI().check(make_spec())


def test_a_file_with_too_few_rows_is_refused(make_spec: MakeSpec, prepared: Prepared) -> None:
    prepare(prepared.folder, range(12), range(100, 109))
    with pytest.raises(JobRefused, match=r"validation\.jsonl: expected at least 10 rows, got 9"):
        OpenAI().check(make_spec())


def test_data_that_was_prepared_for_others_only_is_refused(make_spec: MakeSpec, prepared: Prepared) -> None:
    prepared.manifest.targets = {"trl": {}}
    (prepared.folder / "manifest.json").write_text(prepared.manifest.model_dump_json())
    with pytest.raises(JobRefused, match="no train file for openai rft.*run fairmark data prepare"):
        OpenAI().check(make_spec())


def test_a_field_of_the_response_format_may_be_read(make_spec: MakeSpec, prepared: Prepared) -> None:
    prepare(prepared.folder, range(12), range(100, 110), response_format=RESPONSE_FORMAT)
    OpenAI().check(make_spec(grader={**EXACT, "input": "{{ sample.output_json.label }}"}))


def test_checking_sends_nothing(make_spec: MakeSpec, standin: StandIn) -> None:
    OpenAI().check(make_spec())
    assert not standin.calls


def test_azure_wants_an_address(make_spec: MakeSpec) -> None:
    spec = make_spec(provider="azure")
    del spec.options["base_url"]
    with pytest.raises(JobRefused, match="AZURE_OPENAI_ENDPOINT"):
        Azure().check(spec)


def test_without_a_model_it_is_said_that_there_is_none_to_be_had(make_spec: MakeSpec) -> None:
    with pytest.raises(
        JobRefused, match="no public base for RFT since o4-mini was shut down on 2026-10-23.*train here"
    ):
        OpenAI().check(make_spec(model=" "))


def test_a_date_warns_and_refuses_nothing(make_spec: MakeSpec, caplog: pytest.LogCaptureFixture) -> None:
    spec = make_spec(options={"base_url": "https://api.openai.com/v1"})
    with caplog.at_level(logging.WARNING, "fairmark"):
        OpenAI().check(spec)
    assert "OpenAI takes no " in caplog.text
    assert f"fairmark jobs create {spec.data} --provider trl --method rft --model HUB_NAME" in caplog.text


def test_a_service_that_is_only_compatible_has_no_dates(make_spec: MakeSpec, caplog: pytest.LogCaptureFixture) -> None:
    OpenAI().check(make_spec())
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("model", "day", "said"),
    [
        (MODEL, date(2026, 10, 22), ["takes no new fine-tuning jobs from 2027-01-06 on; days left: 76"]),
        (MODEL, date(2026, 10, 23), ["was shut down on 2026-10-23", "takes no new fine-tuning jobs from 2027-01-06"]),
        ("gpt-5", date(2027, 1, 5), ["from 2027-01-06 on; days left: 1"]),
        ("gpt-5", date(2027, 1, 6), ["takes no fine-tuning jobs from anybody since 2027-01-06"]),
    ],
)
def test_the_dates_of_openai(model: str, day: date, said: list[str]) -> None:
    warnings = list(shutdown.openai(model, day))
    assert len(warnings) == len(said)
    assert all(words in warning for words, warning in zip(said, warnings, strict=True))


@pytest.mark.parametrize(
    ("model", "day", "said"),
    [
        (MODEL, date(2026, 10, 15), []),
        (MODEL, date(2026, 10, 16), ["only customers who had fine-tuned"]),
        (MODEL, date(2027, 4, 16), ["was to end on 2027-04-16 at the earliest"]),
        ("gpt-5", date(2027, 4, 16), []),
    ],
)
def test_the_dates_of_azure(model: str, day: date, said: list[str]) -> None:
    warnings = list(shutdown.azure(model, day))
    assert len(warnings) == len(said)
    assert all(words in warning for words, warning in zip(said, warnings, strict=True))
