"""A grader's version: the same for what scores alike, another for what may not."""

import importlib.metadata
import subprocess
import sys

import pytest

from fairmark_graders import StringCheck, parse_grader

TEXT = {"type": "string_check", "input": "{{ sample.output_text }}", "reference": "6", "operation": "eq"}
SIMILAR = {
    "type": "text_similarity",
    "input": "{{ sample.output_text }}",
    "reference": "6",
    "evaluation_metric": "bleu",
}


def test_the_name_is_no_part_of_it() -> None:
    assert parse_grader({**TEXT, "name": "a"}).version == parse_grader({**TEXT, "name": "b"}).version


def test_another_configuration_is_another_version() -> None:
    versions = {parse_grader({**TEXT, "operation": operation}).version for operation in ("eq", "ne", "like", "ilike")}
    assert len(versions) == 4


def test_settings_of_fairmarks_own_are_part_of_it() -> None:
    assert parse_grader({**TEXT, "fairmark": {"thinking": None}}).version != parse_grader(TEXT).version


def test_a_mark_that_changes_no_score_is_no_part_of_it() -> None:
    assert parse_grader({**TEXT, "pass_threshold": 0.5}).version == parse_grader(TEXT).version


def test_a_default_written_out_is_the_same_version() -> None:
    assert parse_grader({**TEXT, "fairmark": {}, "pass_threshold": None}).version == parse_grader(TEXT).version


def test_another_revision_of_the_code_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = parse_grader(TEXT).version
    monkeypatch.setattr(StringCheck, "revision", StringCheck.revision + 1)
    assert parse_grader(TEXT).version != before


def test_another_release_of_a_library_that_decides_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = parse_grader(SIMILAR).version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99.0")
    assert parse_grader(SIMILAR).version != before


def test_a_release_that_decides_in_a_part_changes_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    multi = {"type": "multi", "graders": {"similar": SIMILAR}, "calculate_output": "similar"}
    before = parse_grader(multi).version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99.0")
    assert parse_grader(multi).version != before


def test_it_is_the_same_in_another_process() -> None:
    code = f"from fairmark_graders import parse_grader; print(parse_grader({TEXT!r}).version)"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        for seed in ("1", "2")
    ]
    assert {run.stdout.strip() for run in runs} == {parse_grader(TEXT).version}
