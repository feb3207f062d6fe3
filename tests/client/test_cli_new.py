"""`fairmark graders new`, and graders in Python files on the command line."""

import json
from pathlib import Path

import pytest

from .cli import fairmark


def test_a_new_grader_passes_its_own_fixtures(tmp_path: Path) -> None:
    made = fairmark("graders", "new", "mine", "--into", tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    tested = fairmark("graders", "test", tmp_path / "mine.py")
    assert tested.returncode == 0
    assert "│ mine   │        4 │      4 │" in tested.stdout


@pytest.mark.parametrize("there", ["mine.py", "mine.tests.jsonl", "mine.json", "mine.yaml"])
def test_nothing_is_overwritten_or_made_a_rival_of(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("kept")
    refused = fairmark("graders", "new", "mine", "--into", tmp_path)
    assert (refused.returncode, refused.stderr) == (2, f"fairmark: {tmp_path}/{there} is there already\n")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {there: "kept"}


@pytest.mark.parametrize("name", ["", "a/b", "../mine", "a b"])
def test_a_name_that_a_service_would_refuse_is_refused(tmp_path: Path, name: str) -> None:
    refused = fairmark("graders", "new", name, "--into", tmp_path)
    assert refused.returncode == 2
    assert "expected a name of letters, digits and _.-" in refused.stderr
    assert not any(tmp_path.iterdir())


def test_rows_are_graded_by_a_python_file_and_explained_with_what_it_printed(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def grade(sample, item):\n    print('looking')\n    return 1 / item['n']\n")
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"sample": "x", "item": {"n": n}}) + "\n" for n in (4, 0)))
    graded = fairmark("grade", "--grader", tmp_path / "own.py", tmp_path / "rows.jsonl", "--explain")
    assert "0.25  graded" in graded.stdout
    assert "0  grader_error" in graded.stdout
    assert "looking" in graded.stdout
    assert "line 3: ZeroDivisionError: division by zero" in graded.stdout


def test_a_python_file_that_does_not_load_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import re\n\ndef grade(sample, item):\n    return 1 +\n")
    refused = fairmark("graders", "validate", tmp_path / "own.py")
    assert refused.returncode == 1
    assert f'✗ {tmp_path}/own.py: source: File "grader.py", line 4' in refused.stdout


def test_references_are_checked_by_a_python_file(tmp_path: Path) -> None:
    fairmark("graders", "new", "mine", "--into", tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"reference_answer": "42"}\n{"reference_answer": "43"}\n')
    checked = fairmark(
        "check", "grader", tmp_path / "mine.py", "--data", tmp_path / "rows.jsonl", "--reference", "reference_answer"
    )
    assert checked.returncode == 0
    assert "full score: as it is 100.0%" in checked.stdout
