"""Fixtures beside a grader's file."""

import json
from pathlib import Path
from typing import Any

import pytest

from fairmark_graders import InvalidGrader
from fairmark_graders.fixtures import MAX_BYTES, fixtures_file, prove, read_fixtures
from fairmark_graders.grader_file import grader_files, read_grader, shipped_catalog

SIMILAR = shipped_catalog() / "similarity.json"


def problems(folder: Path, *lines: Any, grader: Path = SIMILAR) -> list[str]:
    """What is wrong with a grader whose fixtures these are; a string stands as it is."""
    path = folder / grader.name
    path.write_text(grader.read_text())
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    fixtures_file(path).write_text("\n".join(texts))
    try:
        prove(path, read_grader(path))
    except InvalidGrader as error:
        return [str(problem) for problem in error.problems]
    return []


def line(sample: Any, **expected: Any) -> dict[str, Any]:
    return {"sample": sample, "item": {"reference_answer": "abcd"}, **expected}


def test_what_comes_out_as_expected_is_proven(tmp_path: Path) -> None:
    fixtures = (
        line("abcd", score=1),
        "",
        line("abc", score=0.857143),
        line("<think>", score=0, outcome="graded"),
        {"sample": "a", "score": None},
        {"sample": "a", "item": {}, "outcome": "ungradable"},
    )
    assert problems(tmp_path, *fixtures) == []


@pytest.mark.parametrize(
    ("fixture", "problem"),
    [
        (line("abcd", score=0), "expected 0, got 1"),
        (line("abc", score=0.85), "expected 0.85, got 0.857143"),
        (line("abcd", score=None), "expected no score, got 1"),
        (line("abcd", outcome="ungradable"), "expected ungradable, got 1"),
        (line("<think>", score=1), "expected 1, got 0: the text is thinking that never ends"),
        ({"sample": "a", "score": 0}, "expected 0, got ungradable: the item has no 'item.reference_answer'"),
        (line("abcd", score=1, outcome="grader_error"), "expected 1 (grader_error), got 1"),
    ],
)
def test_what_comes_out_otherwise_is_a_problem_with_its_line(
    tmp_path: Path, fixture: dict[str, Any], problem: str
) -> None:
    assert problems(tmp_path, line("abcd", score=1), fixture) == [f"similarity.tests.jsonl: line 2: {problem}"]


@pytest.mark.parametrize(
    ("fixture", "problem"),
    [
        ("{", "expected JSON (Expecting property name enclosed in double quotes at character 2)"),
        ("[]", "expected an object, got an array"),
        ('{"sample": "a", "score": NaN}', "NaN is not JSON; expected a number or null"),
        ({"score": 1}, "sample: expected a string, a list of messages or an object, got null"),
        (line("a"), "expected a score, an outcome or both"),
        (line("a", score="1"), "score: expected a number or null, got a string"),
        (line("a", score=True), "score: expected a number or null, got a boolean"),
        (line("a", outcome="right"), "outcome: expected one of graded, ungradable, invalid, grader_error"),
        (line("a", expect=1), "expect: unknown field; expected item, outcome, sample, score"),
        ({"sample": "a", "item": [], "score": 1}, "item: expected an object, got an array"),
    ],
)
def test_a_line_that_is_no_fixture_is_named(tmp_path: Path, fixture: Any, problem: str) -> None:
    assert problems(tmp_path, fixture) == [f"similarity.tests.jsonl: line 1: {problem}"]


def test_a_line_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "exact.tests.jsonl").write_bytes(b'\n{"sample": "\xe9"}')
    with pytest.raises(InvalidGrader, match="^exact.tests.jsonl: line 2: expected UTF-8, got the byte 0xe9$"):
        read_fixtures(tmp_path / "exact.tests.jsonl")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, " " * (MAX_BYTES + 1)) == ["similarity.tests.jsonl: expected at most 1,000,000 bytes"]


def test_a_grader_without_fixtures_needs_none(tmp_path: Path) -> None:
    assert read_fixtures(tmp_path / "exact.tests.jsonl") == []


def test_a_file_of_fixtures_is_no_grader(tmp_path: Path) -> None:
    for name in ("exact.json", "exact.tests.jsonl"):
        (tmp_path / name).touch()
    assert [path.name for path in grader_files(tmp_path)] == ["exact.json"]


@pytest.mark.parametrize("path", grader_files(shipped_catalog()), ids=lambda path: path.stem)
def test_every_shipped_grader_passes_its_fixtures(path: Path) -> None:
    prove(path, read_grader(path))


@pytest.mark.parametrize("path", grader_files(shipped_catalog()), ids=lambda path: path.stem)
def test_every_shipped_grader_has_a_full_a_zero_and_an_ungradable_fixture(path: Path) -> None:
    expected = [fixture.expected for fixture in read_fixtures(fixtures_file(path))]
    assert {1, 0} <= {found.get("score") for found in expected}
    assert "ungradable" in {found.get("outcome") for found in expected}
