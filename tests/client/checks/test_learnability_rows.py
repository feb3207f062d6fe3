"""Which rows are looked at, of which class they are, and which are kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from fairmark_client.checks.learnability import Prompt
from fairmark_client.checks.learnability_rows import chosen, classes, kept
from fairmark_client.data.prepared import Row


def row(n: int, **fields: Any) -> Row:
    return {"prompt": [{"role": "user", "content": str(n)}], "reference_answer": str(n % 3), **fields}


def test_a_row_that_was_repeated_is_looked_at_once() -> None:
    rows = list(enumerate([row(0)] * 50 + [row(n) for n in range(1, 10)]))
    picked = chosen(rows, 100, {})
    assert sorted(own["prompt"][0]["content"] for _, own in picked) == [str(n) for n in range(10)]
    assert all(rows[place][1] == own for place, own in picked)


def test_the_rows_are_drawn_at_random_and_the_same_again() -> None:
    rows = list(enumerate(map(row, range(100))))
    assert chosen(rows, 10, {}) == chosen(rows, 10, {}) != chosen(rows, 10, {}, seed=1)
    assert [place for place, _ in chosen(rows, 10, {})] != list(range(10))


@pytest.mark.parametrize("seed", range(5))
def test_a_class_has_the_share_of_the_rows_drawn_that_it_has_of_all(seed: int) -> None:
    """A fifth of the rows are copies of ten that are rare: of 20 drawn four are such, of 80 all ten."""
    rows = list(enumerate([row(n % 10) for n in range(100)] + [row(n) for n in range(10, 410)]))
    labels = {place: "rare" if place < 100 else "common" for place, _ in rows}
    for count, rare in [(20, 4), (80, 10)]:
        drawn = [labels[place] for place, _ in chosen(rows, count, labels, seed)]
        assert (drawn.count("rare"), len(drawn)) == (rare, count)


def test_a_few_references_are_classes_and_many_are_answers(tmp_path: Path) -> None:
    rows = list(enumerate(map(row, range(5))))
    assert classes(tmp_path / "rows.jsonl", rows) == {0: "0", 1: "1", 2: "2", 3: "0", 4: "1"}
    many = [(n, row(n, reference_answer=n)) for n in range(13)]
    assert classes(tmp_path / "rows.jsonl", many) == {}


def test_the_class_is_the_label_that_the_manifest_names(tmp_path: Path) -> None:
    manifest = {"fairmark": "0", "source": {}, "settings": {"label": "kind"}, "files": {}, "targets": {}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert classes(tmp_path, [(0, row(0, kind="a")), (1, row(1, kind=True))]) == {0: "a", 1: "true"}


def test_rows_with_signal_are_kept_by_their_mean_reward_with_all_their_copies() -> None:
    rows = [row(0), row(1), row(2), row(1), row(3, weight=2.0), row(4)]
    rewards = {0: (1.0, 0.9), 1: (0.0, 0.2), 2: (0.9, 0.9), 4: (0.0, 1.0), 5: (0.8, 1.0)}
    prompts = [Prompt(place, None, own, 0) for place, own in rewards.items()]
    assert kept(list(enumerate(rows)), prompts, 0.1, 0.9) == [rows[1], rows[3], rows[4], rows[5]]
