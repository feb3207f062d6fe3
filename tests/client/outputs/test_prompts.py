"""Rows that a model is to answer."""

from pathlib import Path
from typing import Any

import pytest

from fairmark_client.errors import DataError
from fairmark_client.outputs.prompts import prompts

from ..cli import rows

ROW = {"prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}], "n": 1}


def test_rows_come_with_their_places_and_all_their_columns(tmp_path: Path) -> None:
    other = {**ROW, "n": 2}
    assert prompts(rows(tmp_path / "rows.jsonl", ROW, "", other)) == [(0, ROW), (1, other)]


def test_of_a_prepared_folder_the_side_is_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(
        '{"fairmark": "0", "source": {}, "settings": {}, "files": {}, "targets": {}}'
    )
    rows(tmp_path / "test.jsonl", ROW)
    assert prompts(tmp_path, "test") == [(0, ROW)]
    with pytest.raises(DataError, match=r"train\.jsonl: No such file"):
        prompts(tmp_path)


def test_a_folder_that_was_not_prepared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"manifest\.json: .*expected a folder made by fairmark data prepare"):
        prompts(tmp_path)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([ROW, {"reference_answer": "yes"}], "rows.jsonl: line 2: prompt: Field required"),
        ([{"prompt": "hello"}], "rows.jsonl: line 1: prompt: Input should be a valid list"),
        ([{"prompt": []}], "rows.jsonl: line 1: prompt: List should have at least 1 item"),
        ([{"prompt": [{"content": "hello"}]}], "rows.jsonl: line 1: prompt.0.role: Field required"),
        (["{"], "rows.jsonl: line 1: expected JSON"),
        ([], "rows.jsonl: no rows"),
    ],
)
def test_rows_that_can_not_be_prompted_are_named(lines: list[Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        prompts(rows(tmp_path / "rows.jsonl", *lines))
    assert problem in str(raised.value)
