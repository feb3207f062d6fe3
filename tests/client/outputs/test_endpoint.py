"""Outputs from an OpenAI-compatible endpoint: a real server on loopback, and what can go wrong with one."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response

from fairmark_client.data.prepared import Row
from fairmark_client.errors import DataError, ModelError
from fairmark_client.outputs.endpoint import REQUESTS, Endpoint
from fairmark_client.outputs.opening import open_source
from fairmark_client.outputs.output import Decoding, Output, read

from .model_server import KEY, ModelServer, completion, running, trouble

ROWS: list[tuple[int, Row]] = [
    (place, {"prompt": [{"role": "user", "content": word}], "reference_answer": word})
    for place, word in enumerate(["one", "two", "three"])
]
DECODING = Decoding(temperature=0.5, top_p=0.9, max_tokens=32)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def sampled(model: ModelServer, *seeds: int, **options: Any) -> list[Output]:
    return open_source(model.url).sample(ROWS, seeds, DECODING, **options)


def test_there_is_one_output_for_each_row_and_seed_in_their_order(model: ModelServer) -> None:
    outputs = sampled(model, 0, 1)
    assert [(output.row, output.seed, output.sample) for output in outputs] == [
        (place, seed, f"{word} {seed}") for place, word in enumerate(["one", "two", "three"]) for seed in (0, 1)
    ]


def test_the_request_says_how_to_sample_and_the_output_records_it(model: ModelServer) -> None:
    output = open_source(model.url).sample(ROWS[:1], [7], DECODING)[0]
    assert model.bodies == [
        {
            "model": "little",
            "messages": [{"role": "user", "content": "one"}],
            "temperature": 0.5,
            "top_p": 0.9,
            "max_tokens": 32,
            "seed": 7,
        }
    ]
    assert output.model_dump(exclude={"seconds"}, exclude_none=True) == {
        "sample": "one 7",
        "item": {"messages": [{"role": "user", "content": "one"}], "reference_answer": "one"},
        "row": 0,
        "seed": 7,
        "model": "little",
        "decoding": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 32},
        "completion_tokens": 2,
        "truncated": False,
    }


def test_tools_and_a_response_format_are_sent_along(model: ModelServer) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
    row = {**ROWS[0][1], "tools": [tool]}
    open_source(model.url).sample([(0, row)], [0], Decoding(response_format=form))
    assert (model.bodies[0]["tools"], model.bodies[0]["response_format"]) == ([tool], form)


def test_an_answer_that_calls_a_tool_is_recorded_as_its_message(model: ModelServer) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    model.troubles = [completion(None, "tool_calls", tool_calls=[call])]
    output = open_source(model.url).sample(ROWS[:1], [0], DECODING)[0]
    assert output.sample == [{"role": "assistant", "content": None, "tool_calls": [call]}]


def test_an_answer_cut_off_is_marked(model: ModelServer) -> None:
    model.troubles = [completion(None, "length")]
    output = open_source(model.url).sample(ROWS[:1], [0], DECODING)[0]
    assert (output.sample, output.truncated) == ("", True)


def test_what_may_pass_is_tried_again(model: ModelServer) -> None:
    model.troubles = [trouble(429, "slow down"), trouble(503, "loading"), trouble(500, "oops")]
    assert len(sampled(model, 0)) == 3
    assert len(model.bodies) == 6


def test_a_server_that_asks_for_a_pause_gets_it(model: ModelServer) -> None:
    model.troubles = [trouble(429, "slow down", retry_after="1")]
    began = time.monotonic()
    open_source(model.url).sample(ROWS[:1], [0], DECODING)
    assert time.monotonic() - began >= 1  # its own first pause is 0.75 s at most


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (trouble(400, "messages: too long"), "answers 400 messages: too long"),
        (trouble(401, "no such key"), "answers 401 no such key"),
        (trouble(429, "pay first", "insufficient_quota"), "answers 429 pay first"),
        (trouble(429, "come tomorrow", retry_after="40000"), "answers 429 come tomorrow"),
        (Response("<html>sign in</html>"), "doesn't answer like OpenAI: body: Invalid JSON"),
        (Response('{"choices": []}'), "doesn't answer like OpenAI: choices: List should have at least 1 item"),
        (Response('{"choices": [{"index": 0}]}'), "choices.0.message: Field required"),
    ],
)
def test_what_no_other_try_would_change_ends_the_run_and_is_named(
    answer: Response, problem: str, model: ModelServer
) -> None:
    model.troubles = [answer]
    with pytest.raises(ModelError) as raised:
        open_source(model.url).sample(ROWS[:1], [3], DECODING)
    assert str(raised.value).startswith("row 0, seed 3: http://127.0.0.1:")
    assert problem in str(raised.value)
    assert len(model.bodies) == 1


def test_a_server_that_never_answers_is_given_up(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairmark_client.outputs.calls.TRIES", 2)
    model.held.clear()
    with pytest.raises(ModelError, match=r"no answer after 2 tries; last: nothing within 0\.2 s"):
        Endpoint(model.url, "little", timeout_seconds=0.2).sample(ROWS[:1], [0], DECODING)


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairmark_client.outputs.calls.TRIES", 1)
    with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:9/v1/models: no answer after 1 try"):
        open_source("http://127.0.0.1:9/v1")


def test_requests_are_made_a_few_at_a_time(model: ModelServer, wait_until: Callable[..., None]) -> None:
    model.held.clear()
    source = open_source(model.url, model="little")
    with ThreadPoolExecutor(1) as other:
        outputs = other.submit(source.sample, ROWS, range(20), DECODING)
        wait_until(lambda: len(model.bodies) == REQUESTS)
        model.held.set()
        assert len(outputs.result(30)) == 60


def test_a_later_failure_keeps_what_was_answered_and_the_next_run_goes_on_from_there(
    model: ModelServer, tmp_path: Path
) -> None:
    samples = tmp_path / "samples.jsonl"
    model.troubles = [completion("fine"), completion("fine"), trouble(400, "too long")]
    with pytest.raises(ModelError, match="too long"):
        sampled(model, 0, samples=samples)
    assert [output.sample for _, output in read(samples)] == ["fine", "fine"]
    done: list[int] = []
    outputs = sampled(model, 0, 1, samples=samples, progress=done.append)
    assert sorted(output.sample for output in outputs if output.seed == 0)[0] == "fine"
    assert (len(model.bodies), done) == (7, [2, 3, 4, 5, 6])
    assert len(list(read(samples))) == 6


def test_a_line_that_was_being_written_when_the_run_was_killed_is_sampled_again(
    model: ModelServer, tmp_path: Path
) -> None:
    samples = tmp_path / "samples.jsonl"
    sampled(model, 0, samples=samples)
    whole = samples.read_text()
    samples.write_text(whole[:-20])
    sampled(model, 0, samples=samples)
    assert sorted(output.row for _, output in read(samples)) == [0, 1, 2]
    assert len(model.bodies) == 4


def test_a_file_of_something_else_is_left_as_it_is(model: ModelServer, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("one\ntwo")
    with pytest.raises(DataError, match=r"notes\.txt: holds something else than outputs that were sampled"):
        sampled(model, 0, samples=notes)
    assert (notes.read_text(), model.bodies) == ("one\ntwo", [])


def test_a_file_of_other_samples_is_not_mixed_with_these(model: ModelServer, tmp_path: Path) -> None:
    samples = tmp_path / "samples.jsonl"
    sampled(model, 0, samples=samples)
    with pytest.raises(DataError, match=r"samples\.jsonl: line 1: .*temperature=0\.5.*name another file"):
        open_source(model.url).sample(ROWS, [0], Decoding(), samples=samples)
    changed = [(place, {**row, "reference_answer": "four"}) for place, row in ROWS]
    with pytest.raises(DataError, match="item: row . is another one now"):
        open_source(model.url).sample(changed, [0], DECODING, samples=samples)


def test_the_limit_is_sent_under_its_new_name_where_only_that_is_taken(model: ModelServer) -> None:
    model.troubles = [trouble(400, "'max_tokens' is not supported. Use 'max_completion_tokens' instead.")] * 3
    assert len(sampled(model, 0)) == 3
    assert [("max_tokens" in body, "max_completion_tokens" in body) for body in model.bodies] == [
        (True, False),
        (True, False),
        (True, False),
        (False, True),
        (False, True),
        (False, True),
    ]


def test_a_server_with_several_models_needs_one_to_be_named(model: ModelServer) -> None:
    model.models = ["little", "large"]
    with pytest.raises(ModelError, match="has 2 models, name one of them: little, large"):
        open_source(model.url)
    assert open_source(model.url, model="large").sample(ROWS[:1], [0], DECODING)[0].model == "large"


def test_the_key_is_that_of_the_variable_named_and_is_not_told(
    model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", KEY)
    open_source(model.url, key_env="THE_KEY").sample(ROWS[:1], [0], DECODING)
    assert model.keys == {f"Bearer {KEY}"}
    for words in (KEY, "x" * 490 + KEY):
        model.troubles = [trouble(401, f"no such key: {words}")]
        with pytest.raises(ModelError, match="no such key: ") as raised:
            open_source(model.url, key_env="THE_KEY").sample(ROWS[:1], [0], DECODING)
        assert KEY[:7] not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "key_env", "problem"),
    [
        ("http://user:secret@127.0.0.1/v1", None, "expected the key in a variable"),
        ("http://127.0.0.1", None, "expected http"),
        ("http://127.0.0.1/v1", "NO_SUCH_VARIABLE", "NO_SUCH_VARIABLE is not set"),
    ],
)
def test_what_is_no_address_or_key_is_refused(url: str, key_env: str | None, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as raised:
        open_source(url, key_env=key_env)
    assert "secret" not in str(raised.value)
