"""`fairmark check learnability` with a real model server, a real checkpoint, and files."""

import itertools
import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from tests.running import Running

from fairmark_client.outputs.output import read

from ..cli import FAIRMARK, fairmark_here, rows, surroundings
from ..outputs.model_server import KEY, ModelServer, running, trouble
from ..training import make_tiny

HALF = "prompts with signal"


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with running() as server:
        yield server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight rows: how many of four outputs are right stands in the prompt."""
    return rows(tmp_path / "rows.jsonl", *(row(n) for n in range(8)))


def row(n: int) -> dict[str, Any]:
    return {"prompt": [{"role": "user", "content": f"{n}: {n % 5} of 4"}], "reference_answer": "yes"}


def answer(body: dict[str, Any]) -> str:
    """As many right ones among the seeds 0 to 3 as the prompt says."""
    right = int(body["messages"][-1]["content"].split()[1])
    return "yes" if body["seed"] < right else "no"


def check(data: Path, model: object, *options: object, grader: str = "exact", **environment: str) -> Any:
    """One check in the folder of the data."""
    arguments = ["check", "learnability", data, "--grader", grader, "--model", model, "--k", 4, *options]
    with chdir(data.parent):
        return fairmark_here(*arguments, OPENAI_API_KEY="", **environment)


def number(said: str, name: str) -> str:
    """The value in the line of that name."""
    found = re.search(rf"^│ +{re.escape(name)} +│ +(\S+) ", said, re.MULTILINE)
    assert found, said
    return found[1]


def test_what_an_endpoint_answers_is_graded_and_summed_up(data: Path, model: ModelServer) -> None:
    """0 1 2 3 4 0 1 2 right of 4: two prompts never, one always, five in between."""
    model.text = answer  # type: ignore[method-assign]
    done = check(data, model.url, "--max-tokens", 9)
    assert done.returncode == 0, done.stderr
    names = ("mean reward", HALF, "always right", "never right", "pass@1", "pass@4", "outputs", "cut off")
    assert [number(done.stdout, name) for name in names] == [
        "0.406", "62.5%", "12.5%", "25.0%", "40.6%", "75.0%", "32", "0.0%",
    ]  # fmt: skip
    assert "✓ worth running: 62% of the prompts have signal" in done.stdout
    assert {body["max_tokens"] for body in model.bodies} == {9}


def test_samples_are_kept_and_say_the_same_when_read_as_a_file(data: Path, model: ModelServer) -> None:
    model.text = answer  # type: ignore[method-assign]
    sampled = check(data, model.url, "--samples", "s.jsonl")
    read_again = check(data, "s.jsonl")
    assert sampled.stdout.splitlines()[1:] == read_again.stdout.splitlines()[1:]
    assert len(model.bodies) == 32


def test_what_an_interrupted_check_has_sampled_is_kept_unasked_and_not_sampled_again(
    data: Path, model: ModelServer, wait_until: Callable[..., None]
) -> None:
    answered = itertools.count(1)

    def text(body: dict[str, Any]) -> str:
        if next(answered) == 10:
            model.held.clear()
        return answer(body)

    model.text = text  # type: ignore[method-assign]
    command = [FAIRMARK, "check", "learnability", str(data), "--grader", "exact", "--model", model.url, "--k", "4"]
    started = subprocess.Popen(
        command, cwd=data.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings()
    )
    wait_until(lambda: sum(f.read_text().count("\n") for f in data.parent.glob("samples-*")) >= 10, 60)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=30)
    (samples,) = data.parent.glob("samples-little-*.jsonl")
    assert (started.returncode, f"what was sampled is in {samples.name}" in said) == (130, True)
    kept = len(list(read(samples)))
    before = len(model.bodies)
    model.held.set()
    done = check(data, model.url)
    assert done.returncode == 0, done.stderr
    assert (len(model.bodies) - before, len(list(read(samples)))) == (32 - kept, 32)


def test_other_rows_of_the_same_folder_have_samples_of_their_own(data: Path, model: ModelServer) -> None:
    model.text = answer  # type: ignore[method-assign]
    assert check(data, model.url, "--rows", 2).returncode == 0
    rows(data, *(row(n) for n in range(9, 1, -1)))
    assert check(data, model.url, "--rows", 2).stderr == ""
    assert len([*data.parent.glob("samples-little-*.jsonl")]) == 2


def test_an_endpoint_that_fails_for_good_is_named_with_where_the_rest_is(data: Path, model: ModelServer) -> None:
    model.text = answer  # type: ignore[method-assign]
    model.troubles = [trouble(429, "slow down"), trouble(400, "prompt too long")]
    done = check(data, model.url)
    assert done.returncode == 2
    assert re.fullmatch(
        r"fairmark: what was sampled is in samples-little-\w{6}\.jsonl; the same command goes on from there\n"
        r"fairmark: row \d, seed \d: http://127\.0\.0\.1:\d+/v1/chat/completions answers 400 prompt too long\n",
        done.stderr,
    )


def test_rows_with_signal_are_kept_as_they_came(data: Path, model: ModelServer) -> None:
    model.text = answer  # type: ignore[method-assign]
    done = check(data, model.url, "--keep", "0.1:0.9", "--out", "kept.jsonl")
    assert "kept.jsonl: 5 rows with signal and a mean reward between 0.1 and 0.9" in done.stdout
    kept = [json.loads(line) for line in (data.parent / "kept.jsonl").read_text().splitlines()]
    assert kept == [row(n) for n in (1, 2, 3, 6, 7)]


def test_a_job_that_is_not_worth_running_ends_with_1(data: Path, model: ModelServer) -> None:
    model.text = lambda body: "yes"  # type: ignore[method-assign]
    done = check(data, model.url, "--rows", 5)
    assert done.returncode == 1
    assert "✗ not worth running: 100% of the prompts are always right" in done.stdout
    assert len(model.bodies) == 20


def test_outputs_are_graded_on_a_service_with_its_own_grader(data: Path, model: ModelServer, service: Running) -> None:
    model.text = answer  # type: ignore[method-assign]
    named = check(data, model.url, "--url", service.url)
    assert (named.returncode, number(named.stdout, HALF)) == (0, "62.5%"), named.stderr
    assert f"exact on {service.url}" in " ".join(named.stdout.split())
    variable = check(data, model.url, FAIRMARK_URL=service.url, grader="similarity")
    assert (variable.returncode, number(variable.stdout, HALF)) == (0, "62.5%"), variable.stderr
    refused = check(data, model.url, "--url", service.url, grader="nothing")
    assert (refused.returncode, "nothing" in refused.stderr) == (2, True)


def test_a_grader_of_degrees_says_from_where_an_answer_is_right(data: Path, model: ModelServer) -> None:
    model.text = lambda body: "yea" if body["seed"] else "no"  # type: ignore[method-assign]
    degrees = {"type": "text_similarity", "evaluation_metric": "fuzzy_match"}
    fields = {"input": "{{ sample.output_text }}", "reference": "{{ item.reference_answer }}", "name": "near"}
    (data.parent / "near.json").write_text(json.dumps(degrees | fields))
    done = check(data, model.url, grader="near.json")
    assert "~ worth running in part: 100% of the prompts have signal, but no answer is ever right" in done.stdout
    done = check(data, model.url, "--right", 0.6, grader="near.json")
    assert "✓ worth running" in done.stdout
    (data.parent / "near.json").write_text(json.dumps(degrees | fields | {"pass_threshold": 0.6}))
    assert "✓ worth running" in check(data, model.url, grader="near.json").stdout


def test_an_endpoint_is_held_to_the_format_that_the_rows_were_prepared_for(tmp_path: Path, model: ModelServer) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
    manifest = {"fairmark": "0", "source": {}, "settings": {"label": "kind"}, "files": {}, "targets": {}}
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "response_format": form}))
    labelled = [{**row(n), "kind": "anomaly" if n % 2 else "normal"} for n in range(8)]
    rows(tmp_path / "train.jsonl", *labelled)
    model.text = answer  # type: ignore[method-assign]
    done = check(tmp_path, model.url, "--samples", tmp_path / "s.jsonl")
    assert done.returncode == 0, done.stderr
    assert {json.dumps(body["response_format"]) for body in model.bodies} == {json.dumps(form)}
    assert re.findall(r"^│ (anomaly|normal) +│ +(\d+) │ +(\S+)", done.stdout, re.MULTILINE) == [
        ("anomaly", "4", "0.375"),
        ("normal", "4", "0.438"),
    ]


def test_the_keys_of_the_model_are_sent_and_not_shown(data: Path, model: ModelServer) -> None:
    model.text = answer  # type: ignore[method-assign]
    done = check(data, model.url, "--key-env", "THE_KEY", THE_KEY=KEY)
    assert model.keys == {f"Bearer {KEY}"}
    assert KEY not in done.stdout + done.stderr + "".join(f.read_text() for f in data.parent.glob("samples-*"))


def test_a_checkpoint_answers_too(data: Path, tmp_path: Path) -> None:
    tiny = make_tiny(tmp_path / "tiny")
    done = check(data, tiny, "--max-tokens", 4, "--rows", 3)
    assert done.returncode == 1, done.stderr
    assert "✗ not worth running: 100% of the prompts are never right, and" in done.stdout
    (samples,) = data.parent.glob("samples-tiny-*.jsonl")
    assert len(list(read(samples))) == 12
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--keep", "0.1:0.9"], "--keep and --out: expected both or none"),
        (["--keep", "0.1:0.9", "--out", "none/k.jsonl"], "--out: none/k.jsonl: there is no folder none"),
        (["--keep", "some", "--out", "k.jsonl"], "--keep: expected two mean rewards, such as 0.1:0.9, got 'some'"),
        (["--keep", "0.9:0.1", "--out", "k.jsonl"], "--keep: expected the lower mean reward first, got '0.9:0.1'"),
        (["--model-name", "m"], "model: only an endpoint takes one"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: list[str], problem: str, data: Path) -> None:
    rows(data.parent / "o.jsonl", {"sample": "yes", "item": {}, "row": 0})
    done = check(data, "o.jsonl", *options)
    assert (done.returncode, problem in done.stderr) == (2, True), done.stderr


def test_a_file_without_outputs_to_these_rows_is_refused(data: Path) -> None:
    rows(data.parent / "o.jsonl", {"sample": "yes", "item": {}, "row": 99})
    done = check(data, "o.jsonl")
    assert (done.returncode, "o.jsonl: no outputs to rows of" in done.stderr) == (2, True)
