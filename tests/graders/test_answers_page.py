"""The examples in docs/answers.md, held against the graders."""

import re
from pathlib import Path

import pytest

from fairmark_graders import grade

PAGE = (Path(__file__).parents[2] / "docs" / "answers.md").read_text()
TEMPLATES = {"input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}


def examples(title: str, head: str) -> list[list[str]]:
    """The cells of the table with that head in a section; code marks dropped."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    table = re.search(rf"^\| {re.escape(head)}.*\n\|[-|]+\n((?:\|.*\n)+)", section, re.MULTILINE)
    assert table, title
    return [[cell.strip().strip("`") for cell in line[1:-1].split("|")] for line in table[1].splitlines()]


@pytest.mark.parametrize("row", examples("multiple_choice", "text | score"), ids=lambda row: row[0])
def test_an_example_of_multiple_choice_scores_as_shown(row: list[str]) -> None:
    assert grade({"type": "multiple_choice", **TEMPLATES}, row[0], {"answer": "B"}).score == float(row[1])


@pytest.mark.parametrize("row", examples("numeric", "text | reference"), ids=lambda row: row[0])
def test_an_example_of_numeric_scores_as_shown(row: list[str]) -> None:
    assert grade({"type": "numeric", **TEMPLATES}, row[0], {"answer": row[1]}).score == float(row[2])


@pytest.mark.parametrize("row", examples("exact_match and f1", "text | reference"), ids=lambda row: row[0])
def test_an_example_of_short_texts_scores_as_shown(row: list[str]) -> None:
    for name, score in zip(("exact_match", "f1"), row[2:], strict=True):
        assert grade({"type": name, **TEMPLATES}, row[0], {"answer": row[1]}).score == pytest.approx(
            float(score), abs=0.001
        )
