"""`python` behind a real service: in its catalog, in requests, as OpenAI's graders/run, and shared by extract."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, OpenAI
from tests.running import Running, Serve

WRATIO = """
from rapidfuzz import fuzz, utils

def grade(sample, item):
    return fuzz.WRatio(sample["output_text"], item["reference_answer"], processor=utils.default_process) / 100
"""
LAST = """
def extract(sample, item):
    return sample["output_text"].split()[-1]

def grade(sample, item):
    print("graded", extract(sample, item))
    return extract(sample, item) == item["answer"]
"""
FIXTURES = [
    {"sample": "it is 42", "item": {"answer": "42"}, "score": 1},
    {"sample": "it is 43", "item": {"answer": "42"}, "score": 0},
]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "last.py").write_text(LAST)
    (folder / "last.tests.jsonl").write_text("".join(json.dumps(fixture) + "\n" for fixture in FIXTURES))
    (folder / "shared_code.py").write_text("def helper(text): return text\n")
    return folder


@pytest.fixture
def client(service: Running) -> Any:
    with OpenAI(base_url=f"{service.url}/v1", api_key="fake-key-for-tests") as client:
        yield client


def python(source: str) -> Any:
    return {"type": "python", "source": source}


def batch(*texts: str, **fields: Any) -> dict[str, Any]:
    samples = [{"sample": text, "item": {"answer": "42"}} for text in texts]
    return {"grader": "last", "samples": samples, **fields}


def test_a_python_file_of_the_catalog_is_a_grader_of_its_name(serve: Serve, catalog: Path) -> None:
    running = serve("--catalog", catalog)
    results = running.post("/v1/grade", batch("it is 42", "it is 43")).json()["results"]
    assert [(result["score"], result["outcome"]) for result in results] == [(1.0, "graded"), (0.0, "graded")]
    assert results[0]["version"].startswith("last@")


def test_a_module_without_grade_is_no_grader(serve: Serve, catalog: Path) -> None:
    running = serve("--catalog", catalog)
    assert running.post("/v1/grade", batch("x", grader="shared_code")).status_code == 404


def test_rollouts_that_agree_in_what_extract_finds_cost_one_run_of_grade(serve: Serve, catalog: Path) -> None:
    running = serve("--catalog", catalog, "--sandboxes", "2")
    texts = [f"thought {number} gives 42" for number in range(8)]
    results = running.post("/v1/grade", batch(*texts)).json()["results"]
    assert {result["score"] for result in results} == {1.0}
    assert running.metric('fairmark_work_seconds_count{grader="last"}') == len(texts) + 1


def test_an_edit_is_taken_up_and_a_broken_one_is_not(serve: Serve, catalog: Path, wait_until: Any) -> None:
    running = serve("--catalog", catalog)
    (catalog / "last.tests.jsonl").unlink()
    (catalog / "last.py").write_text("def grade(sample, item): return 0.5\n")
    wait_until(lambda: running.post("/v1/grade", batch("x")).json()["results"][0]["score"] == 0.5)
    (catalog / "last.py").write_text("def grade(sample): return 0.75\n")
    wait_until(lambda: any("two positional parameters" in line for line in running.log))
    assert running.post("/v1/grade", batch("y")).json()["results"][0]["score"] == 0.5


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def grade(sample, item): return 1 +", 'last.py: source: File "grader.py", line 1'),
        ("import nowhere_to_be_found\ndef grade(sample, item): return 1", "No module named 'nowhere_to_be_found'"),
        ("def grade(sample, item): return 0.5", "last.tests.jsonl: line 1: expected 1, got 0.5"),
    ],
)
def test_a_catalog_with_a_grader_that_does_not_load_or_fails_its_fixtures_is_refused(
    catalog: Path, source: str, said: str
) -> None:
    (catalog / "last.py").write_text(source)
    command = [sys.executable, "-m", "fairmark_service", "--port", "0", "--catalog", str(catalog)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 1
    assert said in refused.stderr


def test_what_a_grader_raises_is_counted_apart_and_explained(serve: Serve, catalog: Path) -> None:
    running = serve("--catalog", catalog)
    (result,) = running.post("/v1/grade", batch("", explain=True)).json()["results"]
    assert (result["score"], result["outcome"]) == (0.0, "grader_error")
    assert result["reason"] == "line 3: IndexError: list index out of range"
    assert result["explain"]["prints"].startswith('Traceback (most recent call last):\n  File "grader.py", line 3')
    assert running.metric('fairmark_samples_total{grader="last",outcome="grader_error"}') == 1


def test_graders_run_gives_openai_s_own_answer(client: OpenAI) -> None:
    item = {"reference_answer": "fuzzy wuzzy had no hair"}
    answer = client.fine_tuning.alpha.graders.run(
        grader=python(WRATIO), model_sample="fuzzy wuzzy was a bear", item=item
    )
    assert answer.reward == 0.7555555555555555
    assert answer.metadata.type == "python"
    assert not any(flag is True for flag in answer.metadata.errors.to_dict().values())


def test_graders_run_flags_a_runtime_error_with_its_details(client: OpenAI) -> None:
    grader = python("def grade(sample, item): return item['answer']")
    answer = client.fine_tuning.alpha.graders.run(grader=grader, model_sample="x", item={})
    assert answer.reward == 0
    assert answer.metadata.errors.python_grader_runtime_error is True
    assert answer.metadata.errors.python_grader_runtime_error_details == "line 1: KeyError: 'answer'"


@pytest.mark.parametrize(
    ("source", "said"),
    [("def grade(sample, item): return 1 +", "invalid syntax"), ("x = 1", "expected a function grade(sample, item)")],
)
def test_a_source_that_does_not_load_is_a_bad_request(client: OpenAI, source: str, said: str) -> None:
    for ask in (
        lambda: client.fine_tuning.alpha.graders.validate(grader=python(source)),
        lambda: client.fine_tuning.alpha.graders.run(grader=python(source), model_sample="x"),
    ):
        with pytest.raises(BadRequestError) as refused:
            ask()
        assert said in refused.value.message
        assert refused.value.param == "grader.source"


def test_a_batch_with_a_grader_that_does_not_load_is_refused_before_any_work(service: Running) -> None:
    sound = {"type": "string_check", "input": "a", "reference": "a", "operation": "eq"}
    body = {"samples": [{"sample": "x", "grader": sound}, {"sample": "x", "grader": python("x = 1")}]}
    answer = service.post("/v1/grade", body)
    assert answer.status_code == 422
    assert "expected a function grade(sample, item)" in answer.text


def test_a_multi_takes_a_python_part(service: Running) -> None:
    check = {"type": "string_check", "input": "{{ sample.output_text }}", "reference": "x", "operation": "eq"}
    parts = {"own": python("def grade(sample, item): return len(sample['output_text'])"), "check": check}
    grader = {"type": "multi", "graders": parts, "calculate_output": "own + check"}
    (result,) = service.post("/v1/grade", {"grader": grader, "samples": [{"sample": "x"}]}).json()["results"]
    assert (result["score"], result["sub_scores"]) == (2.0, {"own": 1.0, "check": 1.0})
