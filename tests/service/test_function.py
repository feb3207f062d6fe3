"""`function` behind a real service: who may call what, and what of it goes over the wire."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.running import Serve

CODE = """
import os

def fn(sample, item):
    print("asked", sample["output_text"])
    return 1 / len(sample["output_text"])

def secrets(sample, item):
    return sum(name.startswith("FAIRMARK") for name in os.environ)
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "rewards.py").write_text(CODE)
    for name in ("fn", "secrets"):
        configuration = {"type": "function", "function": f"rewards:{name}", "packages": "."}
        (folder / f"{name}.json").write_text(json.dumps(configuration))
    return folder


def batch(*texts: str, **fields: Any) -> dict[str, Any]:
    return {"grader": "fn", "samples": [{"sample": text} for text in texts], **fields}


def test_a_function_of_the_catalog_is_called_and_its_failures_are_counted_apart(serve: Serve, catalog: Path) -> None:
    running = serve("--catalog", catalog, "--functions", "rewards", "--grading-processes", "2")
    results = running.post("/v1/grade", batch("four", "four", "")).json()["results"]
    assert [(r["score"], r["outcome"], r["cached"]) for r in results] == [
        (0.25, "graded", False),
        (0.25, "graded", False),
        (0.0, "grader_error", False),
    ]
    assert results[2]["reason"] == "the function raised ZeroDivisionError: division by zero"
    assert running.metric('fairmark_samples_total{grader="fn",outcome="grader_error"}') == 1


def test_half_a_surrogate_pair_that_a_function_says_is_escaped(serve: Serve, catalog: Path) -> None:
    (catalog / "rewards.py").write_text(
        CODE + 'def half(sample, item):\n    print("\\ud800")\n    raise ValueError("\\udc00")\n'
    )
    (catalog / "half.json").write_text('{"type": "function", "function": "rewards:half", "packages": "."}')
    running = serve("--catalog", catalog, "--functions", "rewards")
    (result,) = running.post("/v1/grade", batch("x", grader="half", explain=True)).json()["results"]
    assert result["reason"] == "the function raised ValueError: \\udc00"
    assert result["explain"]["prints"].startswith("\\ud800\nTraceback")
    assert result["explain"]["prints"].endswith("ValueError: \\udc00\n")


def test_prints_and_tracebacks_are_told_to_whoever_asks_for_an_explanation_alone(serve: Serve, catalog: Path) -> None:
    running = serve("--catalog", catalog, FAIRMARK_FUNCTIONS="rewards")
    assert "Traceback" not in running.post("/v1/grade", batch("")).text
    (result,) = running.post("/v1/grade", batch("", explain=True)).json()["results"]
    assert result["explain"]["prints"].startswith("asked \nTraceback (most recent call last):")


def test_a_function_sees_nothing_of_the_service_s_environment(serve: Serve, catalog: Path) -> None:
    running = serve("--catalog", catalog, FAIRMARK_FUNCTIONS="rewards", FAIRMARK_KEY="an-example-key-0001")
    headers = {"authorization": "Bearer an-example-key-0001"}
    answer = running.post("/v1/grade", batch("x", grader="secrets"), **headers)
    assert answer.json()["results"][0]["score"] == 0


def test_an_edit_of_the_code_is_taken_up_by_warm_workers(serve: Serve, catalog: Path, wait_until: Any) -> None:
    running = serve("--catalog", catalog, "--functions", "rewards", "--grading-processes", "2")
    (catalog / "rewards.py").write_text(CODE.replace("1 / len", "7 + 0 * len"))
    wait_until(lambda: running.post("/v1/grade", batch("four")).json()["results"][0]["score"] == 7)
    results = running.post("/v1/grade", batch(*["four"] * 20)).json()["results"]
    assert {result["score"] for result in results} == {7.0}


def test_a_request_may_bring_no_function(serve: Serve, catalog: Path) -> None:
    (catalog / "rewards.py").write_text(CODE + f"def trap(sample, item): open({str(catalog / 'sprung')!r}, 'w')\n")
    running = serve("--catalog", catalog, "--functions", "rewards")
    grader = {"type": "function", "function": "rewards:trap", "packages": str(catalog)}
    multi = {"type": "multi", "graders": {"f": grader}, "calculate_output": "f"}
    for path, body in [
        ("/v1/grade", batch("x", grader=grader)),
        ("/v1/grade", batch("x", grader=multi)),
        ("/v1/grade", {"samples": [{"sample": "x", "grader": grader}]}),
        ("/v1/fine_tuning/alpha/graders/run", {"grader": grader, "model_sample": "x"}),
        ("/v1/fine_tuning/alpha/graders/validate", {"grader": grader}),
    ]:
        answer = running.post(path, body)
        assert answer.status_code in (400, 422)
        assert "from the catalog alone" in answer.text
    assert not (catalog / "sprung").exists()


def test_without_the_setting_a_catalog_with_a_function_is_refused(catalog: Path) -> None:
    command = [sys.executable, "-m", "fairmark_service", "--port", "0", "--catalog", str(catalog)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1
    assert "fn.json: function: 'rewards': not allowed; the setting functions (FAIRMARK_FUNCTIONS)" in refused.stderr


@pytest.mark.parametrize("modules", ["rewards, acme", "rewards.", "rewards;os", ",", "re/wards"])
def test_what_is_no_list_of_modules_is_refused(modules: str) -> None:
    command = [sys.executable, "-m", "fairmark_service", "--port", "0", "--functions", modules]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert refused.stderr.startswith("fairmark serve: --functions: expected modules with commas between them")
