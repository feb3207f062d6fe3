"""`fairmark regrade`, on logs of a real service and on such as it would write."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.running import Serve

from fairmark_graders.fixtures import fixtures_file, read_fixtures
from fairmark_graders.grader_file import grader_files, shipped_catalog

from .cli import fairmark, row, rows


def logged(answer: Any, score: Any, grader: str = "exact", **changes: Any) -> dict[str, Any]:
    """A line of the log, for the reference 42."""
    case = {"answer": answer, "reference": "42"}
    fields = {"outcome": "graded", "reason": None, "version": f"{grader}@0123456789ab", "run": None, "step": 3}
    return {"case": case, "score": score} | fields | changes


def counts(table: str) -> dict[str, str]:
    cells = [[cell.strip() for cell in line.split("│")] for line in table.splitlines() if line.count("│") == 3]
    return {kind: count for _, kind, count, _ in cells}


def flips(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("samples", [False, True])
def test_a_log_of_the_service_under_a_changed_grader(serve: Serve, tmp_path: Path, samples: bool) -> None:
    log = tmp_path / "verdicts.jsonl"
    running = serve("--verdict-log", log, *(["--verdict-log-samples"] if samples else []))
    sent = [row("42"), row("it is 42"), row("<think>42</think>41"), row("42", None), row(5)]
    for grader in ("exact", "exact_or_similar"):
        running.post("/v1/grade", {"grader": grader, "samples": sent})
    running.stop()
    same = fairmark("regrade", log, "--with", "exact")
    kept = {"same": "4", "no case in the log": "1"} if samples else {"same": "3", "no case in the log": "2"}
    assert (same.returncode, counts(same.stdout)) == (
        0,
        {"of other graders": "5", "mean score": "0.3333 → 0.3333"} | kept,
    )
    multi = fairmark("regrade", log, "--with", "exact_or_similar")
    assert (multi.returncode, counts(multi.stdout)["same"]) == (0, kept["same"])

    changed = tmp_path / "exact.json"
    changed.write_text(
        json.dumps(
            {
                "type": "string_check",
                "operation": "like",
                "input": "{{ sample.output_text }}",
                "reference": "{{ item.reference_answer }}",
                "fairmark": {"thinking": None},
            }
        )
    )
    flipped = fairmark("regrade", log, "--with", changed, "--out", tmp_path / "out.jsonl")
    assert flipped.returncode == 1
    # Only where the samples were logged is the thinking still there to be read.
    assert counts(flipped.stdout)["higher"] == ("2" if samples else "1")
    assert ("3 were logged without their samples: " in flipped.stdout) is not samples
    assert [flip["line"] for flip in flips(tmp_path / "out.jsonl")] == ([2, 3] if samples else [2])


@pytest.mark.slow
def test_every_shipped_grader_takes_its_own_cases_back_from_the_log(serve: Serve, tmp_path: Path) -> None:
    log = tmp_path / "verdicts.jsonl"
    running = serve("--verdict-log", log)
    paths = grader_files(shipped_catalog())
    for path in paths:
        fixtures = read_fixtures(fixtures_file(path))
        samples = [{"sample": fixture.sample, "item": fixture.item} for fixture in fixtures]
        running.post("/v1/grade", {"grader": path.stem, "samples": samples})
    running.stop()
    for path in paths:
        regraded = fairmark("regrade", log, "--with", path.stem)
        assert regraded.returncode == 0, regraded.stdout
        assert int(counts(regraded.stdout)["same"]) > 1


def test_every_flip_is_counted_and_the_commonest_are_shown(tmp_path: Path) -> None:
    log = rows(
        tmp_path / "log",
        *[logged("so 42", 0.0)] * 3,
        logged("42", 0.5),
        logged("41", 1.0),
        logged("41", None, outcome="ungradable"),
        logged("40", 0.0),
        logged("40", 0.0, case=None),
        logged("40", 0.0, grader="other"),
        "{}",
    )
    regraded = fairmark("regrade", log, "--with", "contains", "--name", "exact", "--out", "-")
    assert regraded.returncode == 1
    assert counts(regraded.stderr) == {
        "higher": "4",
        "lower": "1",
        "a score now": "1",
        "same": "1",
        "no case in the log": "1",
        "of other graders": "1",
        "no verdict": "1",
        "mean score": "0.25 → 0.6667",
    }
    assert "line 10: expected a verdict, with case, outcome, reason, score, version" in regraded.stderr
    assert '│        3 │ 0          │ 1   │ "so 42" │ "42"      │' in regraded.stderr
    first = json.loads(regraded.stdout.splitlines()[0])
    assert first == {
        "line": 1,
        "was": 0.0,
        "now": 1.0,
        "outcome": "graded",
        "reason": None,
        "verdict": logged("so 42", 0.0),
    }


def test_cases_of_another_type_of_grader_are_no_crash(tmp_path: Path) -> None:
    log = rows(tmp_path / "log", logged({"a": [1]}, 1.0), logged("42", 1.0))
    regraded = fairmark("regrade", log, "--with", "similarity", "--name", "exact")
    assert regraded.returncode == 1
    assert counts(regraded.stdout)["no score any more"] == "1"
    assert "the grader can't take what the log has" in " ".join(regraded.stdout.split())


def test_lines_that_somebody_has_edited_are_counted_and_the_rest_is_judged(tmp_path: Path) -> None:
    log = rows(
        tmp_path / "log",
        logged("42", "high"),
        logged("42", True),
        logged("42", 1.0, version=None),
        logged("42", 1.0, outcome=1),
        logged("42", 1.0, case=[1], grader="exact_or_similar"),
        logged("42", 1.0, case={"exact": 1}, grader="exact_or_similar"),
        logged("42", 1.0, sample="42", item={"reference_answer": "42"}, grader="exact_or_similar"),
    )
    regraded = fairmark("regrade", log, "--with", "exact_or_similar")
    assert regraded.returncode == 0, regraded.stderr
    assert counts(regraded.stdout) == {
        "no verdict": "4",
        "no case in the log": "2",
        "same": "1",
        "mean score": "1 → 1",
    }


def test_a_score_that_only_its_outcome_tells_apart_is_a_flip(tmp_path: Path) -> None:
    log = rows(tmp_path / "log", logged("41", 0.0, outcome="grader_error"))
    regraded = fairmark("regrade", log, "--with", "exact")
    assert (regraded.returncode, counts(regraded.stdout)["another outcome"]) == (1, "1")
    assert "│ 0 (grader_error) │ 0   │" in regraded.stdout


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "stdin has no verdicts"),
        (
            [logged("42", 1.0, grader="other"), logged("42", 1.0, grader="another")],
            "stdin has no case of a grader called 'exact'; --name says whose verdicts to look at: another, other\n",
        ),
    ],
)
def test_with_nothing_to_compare_it_exits_with_2(lines: list[Any], said: str) -> None:
    regraded = fairmark("regrade", "-", "--with", "exact", stdin="".join(json.dumps(line) + "\n" for line in lines))
    assert regraded.returncode == 2
    assert regraded.stderr.startswith(f"fairmark: {said}")
