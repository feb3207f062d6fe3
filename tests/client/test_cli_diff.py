"""`fairmark graders diff`."""

import json
from pathlib import Path
from typing import Any

import pytest

from .cli import fairmark, row, rows

ROWS = (
    row("42"),
    row("it is 42"),
    row("41"),
    row("a", None),
    row(5),
    "nothing",
    row("\x1b[31m42", "42"),
)


def kinds(table: str) -> dict[str, int]:
    """The counts of the summary."""
    cells = [line.split("│") for line in table.splitlines() if line.count("│") == 4]
    return {kind.strip(): int(count) for _, kind, count, _, _ in cells}


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_disagreement_is_printed_with_both_explanations_and_exits_with_1(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", *ROWS)
    compared = fairmark("graders", "diff", "exact", source, "--baseline", "contains")
    assert compared.returncode == 1
    assert f"{source}:2  theirs is higher" in compared.stdout
    assert 'ours       0; string_check.eq; {"answer": "it is 42", "reference": "42"}' in compared.stdout
    assert 'theirs     1; string_check.ilike; {"answer": "it is 42", "reference": "42"}' in compared.stdout
    assert "sample     \\x1b[31m42" in compared.stdout
    assert kinds(compared.stdout) == {"agree": 4, "theirs is higher": 2, "no row": 1}
    assert "line 6: expected JSON" in compared.stderr


def test_what_is_written_to_a_file_is_not_printed(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", *ROWS)
    compared = fairmark(
        "graders", "diff", "exact", source, "--baseline", "contains", "--out", tmp_path / "out.jsonl", "--limit", 2
    )
    assert "theirs     " not in compared.stdout
    told = {"outcome": "graded", "reason": None, "read": {"answer": "it is 42", "reference": "42"}}
    assert records(tmp_path / "out.jsonl") == [
        {
            "line": 2,
            "kind": "theirs is higher",
            "reference": "42",
            "ours": told | {"score": 0.0, "rule": "string_check.eq"},
            "theirs": told | {"score": 1.0, "rule": "string_check.ilike"},
        }
    ]


def test_graders_that_agree_exit_with_0(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", {"said": "42", "reference_answer": "42"})
    compared = fairmark("graders", "diff", "exact", source, "--baseline", "exact", "--sample", "said")
    assert (compared.returncode, kinds(compared.stdout)) == (0, {"agree": 1})


def test_math_verify_says_what_it_read(tmp_path: Path) -> None:
    source = rows(
        tmp_path / "rows.jsonl",
        row("so it is $\\frac{2}{4}$", "1/2"),
        row("\\boxed{7}", "7"),
        row("7", ""),
        row("7", None),
    )
    compared = fairmark(
        "graders", "diff", "exact", source, "--baseline", "math-verify", "--out", tmp_path / "out.jsonl"
    )
    assert compared.returncode == 1
    assert kinds(compared.stdout) == {"theirs is higher": 2, "agree": 1, "theirs gives no score": 1}
    assert "theirs math-verify 0." in compared.stdout
    first, _, third = records(tmp_path / "out.jsonl")
    assert (
        first["theirs"]["reason"] == "reads 1/2 (from '\\\\frac{2}{4}'); the reference is 1/2 (from '\\\\frac{1}{2}')"
    )
    assert third["theirs"]["reason"] == "reads nothing in the reference '\\\\boxed{}'"


def test_math_differs_from_math_verify_with_what_either_read(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", row(r"\boxed{\frac{1}{3}}", r"0.\overline{3}"), row("so it is 8", "8"))
    compared = fairmark("graders", "diff", "math", source, "--baseline", "math-verify", COLUMNS="300")
    assert compared.returncode == 1
    assert kinds(compared.stdout) == {"ours is higher": 1, "agree": 1}
    assert r'{"answer": "\\frac{1}{3}", "reference": "0.\\overline{3}"}' in compared.stdout
    assert "theirs     0; reads 1/3" in compared.stdout


@pytest.mark.slow
def test_what_hangs_math_verify_costs_that_row_alone(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", row("4 is not $9^{9^{9^{9}}}$", "4"), row("4", "4"))
    compared = fairmark("graders", "diff", "contains", source, "--baseline", "math-verify")
    assert "comparing needed more than " in compared.stdout
    assert kinds(compared.stdout) == {"ours is higher": 1, "agree": 1}


@pytest.mark.parametrize("baseline", ["nothing", "math-verify"])
def test_a_baseline_that_can_not_be_used_exits_with_2(tmp_path: Path, baseline: str) -> None:
    (tmp_path / "fixed.yaml").write_text(
        'type: string_check\noperation: eq\ninput: "{{ sample.output_text }}"\nreference: "the {{ item.answer }}"\n'
    )
    compared = fairmark("graders", "diff", tmp_path / "fixed.yaml", "-", "--baseline", baseline)
    assert (compared.returncode, compared.stdout) == (2, "")
    assert compared.stderr.startswith("fairmark: ")
