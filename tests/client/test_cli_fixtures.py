"""`fairmark graders test`, and graders of type function on the command line."""

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fairmark_graders.grader_file import grader_files, shipped_catalog

from .cli import FAIRMARK, fairmark, row, rows, surroundings


def test_every_shipped_grader_passes(catalog: Path) -> None:
    tested = fairmark("graders", "test")
    assert (tested.returncode, tested.stderr) == (0, "")
    for path in grader_files(catalog):
        assert f"│ {path.stem} " in tested.stdout


def test_a_verdict_that_differs_is_named_by_line_and_exits_with_1(catalog: Path) -> None:
    with (catalog / "exact.tests.jsonl").open("a") as fixtures:
        fixtures.write(json.dumps({**row("41"), "score": 1}))
    tested = fairmark("graders", "test", catalog / "exact.json")
    assert tested.returncode == 1
    assert tested.stdout.endswith(f"✗ {catalog}/exact.json: fixture on line 7: expected 1, got 0\n")


def test_a_folder_is_tested_with_its_broken_files_and_those_without_fixtures(tmp_path: Path) -> None:
    shutil.copy(shipped_catalog() / "exact.json", tmp_path / "bare.json")
    (tmp_path / "broken.json").write_text("{}")
    (tmp_path / "bear.tests.jsonl").touch()
    tested = fairmark("graders", "test", tmp_path)
    assert tested.returncode == 1
    assert "│ bare   │     none │" in tested.stdout
    assert f"✗ {tmp_path}/broken.json: line 1: type: missing" in tested.stdout
    assert f"✗ {tmp_path}/bear.tests.jsonl: fixtures of no grader: none of that name" in tested.stdout


@pytest.mark.parametrize(
    ("named", "problem"),
    [("bare.json", "no fixtures: expected "), (".", "no fixtures: expected "), ("none", "can't be")],
)
def test_where_there_is_nothing_to_test_it_exits_with_2(tmp_path: Path, named: str, problem: str) -> None:
    shutil.copy(shipped_catalog() / "exact.json", tmp_path / "bare.json")
    tested = fairmark("graders", "test", f"{tmp_path}/{named}")
    assert problem in tested.stderr + tested.stdout
    assert tested.returncode == (1 if named == "none" else 2)


def test_an_interrupt_does_not_wait_for_the_fixtures(tmp_path: Path, wait_until: Callable[..., None]) -> None:
    began = tmp_path / "began"
    (tmp_path / "rewards.py").write_text(
        f"import pathlib\ndef fn(sample, item):\n    pathlib.Path({str(began)!r}).touch()\n    while True: pass\n"
    )
    (tmp_path / "slow.yaml").write_text("type: function\nfunction: rewards:fn\npackages: .\ncpu_seconds: 50\n")
    rows(tmp_path / "slow.tests.jsonl", {**row("4"), "score": 1})
    command = [FAIRMARK, "graders", "test", str(tmp_path / "slow.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings()) as testing:
        wait_until(began.exists)
        testing.send_signal(signal.SIGINT)
        assert testing.wait(30) == 130  # the fixture would take 50


def test_a_function_grades_a_file_and_its_traceback_is_explained(tmp_path: Path) -> None:
    (tmp_path / "rewards.py").write_text("def fn(sample, item): return 1 / len(sample['output_text'])")
    (tmp_path / "short.yaml").write_text("type: function\nfunction: rewards:fn\npackages: .\n")
    source = rows(tmp_path / "rows.jsonl", row("four"), row(""))
    graded = fairmark("grade", source, "--grader", tmp_path / "short.yaml", "--explain")
    assert graded.returncode == 1
    assert "rows.jsonl:1  0.25  graded" in graded.stdout
    assert "rows.jsonl:2  0  grader_error" in graded.stdout
    assert "ZeroDivisionError: division by zero" in graded.stdout


def test_a_function_that_can_not_be_imported_is_refused_before_any_row(tmp_path: Path) -> None:
    (tmp_path / "rewards.py").write_text("import nothing_of_that_name")
    (tmp_path / "short.yaml").write_text("type: function\nfunction: rewards:fn\npackages: .\n")
    graded = fairmark("grade", rows(tmp_path / "rows.jsonl", row("4")), "--grader", tmp_path / "short.yaml")
    assert (graded.returncode, graded.stdout) == (2, "")
    assert "rewards:fn can't be imported: ModuleNotFoundError" in graded.stderr


def test_a_function_whose_module_is_missing_is_a_problem_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text("type: function\nfunction: rewards:fn\npackages: .\n")
    problem = f"function: no file of a module 'rewards' in {tmp_path} or on the path"
    validated = fairmark("graders", "validate", tmp_path / "short.yaml")
    assert (validated.returncode, validated.stdout) == (1, f"✗ {tmp_path}/short.yaml: {problem}\n")
    listed = fairmark("graders", "list", "--catalog", tmp_path)
    assert listed.returncode == 1
    assert f"✗ short.yaml: {problem}" in listed.stdout
