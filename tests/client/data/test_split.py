"""Splitting: by label, with what belongs together on one side."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fairmark_client.data.near_duplicates import BYTES, Sketch, groups, joined
from fairmark_client.data.prepared import SIDES, Prepared, Row
from fairmark_client.data.split import enrich, split, wanted
from fairmark_client.errors import DataError

from .imbalanced import WORDS, prepared, report, rows, said


def sides_of(data: Prepared, column: str) -> dict[str, set[str]]:
    """On which sides each value of a column is."""
    found: dict[str, set[str]] = {}
    for side in SIDES:
        for row in data.rows(side):
            found.setdefault(row[column], set()).add(side)
    return found


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.1), (0.6, 0.15, 0.25), (0.9, 0.1, 0.0)])
def test_every_label_has_its_share_on_every_side_to_a_row(shares: tuple[float, float, float]) -> None:
    labels = np.random.default_rng(0).choice(4, 5003, p=[0.7, 0.2, 0.08, 0.02])
    targets = wanted(labels, shares)
    sides = split(labels, np.arange(len(labels)), targets, seed=1)
    table = np.zeros((3, 4), int)
    np.add.at(table, (sides, labels), 1)
    assert np.abs(table - targets).max() < 1.5


def test_no_entity_is_on_two_sides(tmp_path: Path) -> None:
    data = prepared(rows(2000, 100), tmp_path / "out", group="machine")
    found = sides_of(data, "machine")
    assert len(found) == 50
    assert {len(sides) for sides in found.values()} == {1}
    assert "50 entities by 'machine', each on one side" in said(data, "split")


def test_without_a_group_entities_are_on_several_sides(tmp_path: Path) -> None:
    found = sides_of(prepared(rows(2000, 100), tmp_path / "out"), "machine")
    assert max(len(sides) for sides in found.values()) == 3


def test_rows_without_an_entity_stand_alone(tmp_path: Path) -> None:
    made = [row | {"machine": None} for row in rows(400, 40)]
    data = prepared(made, tmp_path / "out", group="machine")
    assert "400 entities by 'machine'" in said(data, "split")


def reworded(text: str, chance: random.Random) -> str:
    """One word in forty exchanged, in capitals, with other punctuation."""
    words = text.split()
    words[chance.randrange(len(words))] = "exchanged"
    return ", ".join(words).upper() + "!"


def families(count: int, chance: random.Random) -> list[Row]:
    """Texts of forty words, each with a near-duplicate."""
    made = []
    for family in range(count):
        text = report(chance, 40)
        label = "anomaly" if family % 10 == 0 else "normal"
        made += [{"family": str(family), "text": words, "label": label} for words in (text, reworded(text, chance))]
    chance.shuffle(made)
    return made


def test_near_duplicates_stay_on_one_side(tmp_path: Path) -> None:
    data = prepared(families(300, random.Random(0)), tmp_path / "out")
    found = sides_of(data, "family")
    torn = [family for family, sides in found.items() if len(sides) > 1]
    assert len(found) == 300
    assert torn == []
    assert "600 rows are near-duplicates of another (80% of their wording), in 300 groups" in said(data, "split")


@pytest.mark.parametrize("template", [None, "What is wrong? {{ item.text }}"])
def test_rows_that_ask_the_same_stay_on_one_side_whatever_is_beside(tmp_path: Path, template: str | None) -> None:
    chance = random.Random(0)
    asked = [f"fan {number}" for number in range(200)]
    made = [
        {
            "id": f"{place:08x}",
            "text": text,
            "note": report(chance),
            "label": "normal" if int(text[4:]) % 9 else "anomaly",
        }
        for place, text in enumerate(chance.choices(asked, k=1000))
    ]
    data = prepared(made, tmp_path / "out", template=template, targets=("openai",), methods=("sft",))
    assert {len(sides) for sides in sides_of(data, "text").values()} == {1}
    assert data.manifest.steps[-1].counts == {"fatal": 0, "warnings": 0}


def test_rows_that_differ_are_no_near_duplicates(tmp_path: Path) -> None:
    assert "no row is a near-duplicate of another" in said(prepared(rows(), tmp_path / "out"), "split")


def signatures(*texts: str) -> np.ndarray:
    sketch = Sketch()
    return np.frombuffer(b"".join(sketch.signature({"text": text}) for text in texts), np.uint8).reshape(-1, BYTES)


@pytest.mark.parametrize(("shared", "least", "most"), [(0.9, 0.99, 1), (0.8, 0.3, 0.75), (0.6, 0, 0.01)])
def test_pairs_are_found_as_often_as_the_page_says(shared: float, least: float, most: float) -> None:
    chance = random.Random(0)
    count, pairs = 120, 200
    texts = []
    for pair in range(pairs):
        own = round(count * (1 - shared) / (1 + shared))  # so that shared / (shared + both own) is the share
        common = [f"{chance.choice(WORDS)}{pair}x{place}" for place in range(count - own)]
        # A word of its own at the end of each side: runs of words, not words, are what is compared.
        texts += [" ".join([*common, *(f"{side}{pair}y{place}" for place in range(own))]) for side in "ab"]
    found = groups(signatures(*texts), 0.8).reshape(-1, 2)
    share = float((found[:, 0] == found[:, 1]).mean())
    assert least <= share <= most
    assert len(np.unique(found)) == 2 * pairs - round(share * pairs)


def test_numbers_alone_are_near_duplicates_only_when_they_are_the_same() -> None:
    sketch, chance = Sketch(), random.Random(0)
    tables = [{f"x{place}": chance.random() for place in range(10)} for _ in range(200)]
    found = b"".join(sketch.signature(row) for row in [*tables, tables[0]])
    places = groups(np.frombuffer(found, np.uint8).reshape(-1, BYTES), 0.8)
    assert places[0] == places[-1]
    assert len(np.unique(places)) == 200


def test_the_sign_and_the_point_of_a_number_count() -> None:
    numbers = [1.5, 22.25, 3.75, 4.5, 50.5]
    texts = [" ".join(str(sign * number * scale) for number in numbers) for sign in (1, -1) for scale in (1, 100)]
    assert len(np.unique(groups(signatures(*texts), 0.8))) == 4


def test_what_entities_and_near_duplicates_link_is_one_group() -> None:
    alike = np.array([0, 0, 1, 2, 3])
    entity = np.array([10, 11, 11, 12, 12])
    assert joined(alike, entity).tolist() == [0, 0, 0, 1, 1]


def test_a_large_group_goes_to_train_and_what_was_reached_is_said(tmp_path: Path) -> None:
    made = [row | {"machine": "big" if number < 700 else row["machine"]} for number, row in enumerate(rows(1000, 50))]
    data = prepared(made, tmp_path / "out", group="machine", shares=(0.4, 0.3, 0.3), sampling="under")
    assert sides_of(data, "machine")["big"] <= {"train"}
    assert "groups don't divide as wanted: 40.0% / 30.0% / 30.0% became 7" in said(data, "split")


def test_one_group_of_everything_is_refused(tmp_path: Path) -> None:
    made = [row | {"machine": "only"} for row in rows(100, 10)]
    with pytest.raises(DataError, match="validation: no rows are left for it; of 100 rows the largest group"):
        prepared(made, tmp_path / "out", group="machine")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("count", "enriched"), [(2, False), (3, True), (4, False), (5, True), (8, False)])
def test_rows_too_few_for_three_sides_are_refused(tmp_path: Path, count: int, enriched: bool) -> None:
    with pytest.raises(DataError, match=f": no rows are left for it; {count} rows are too few for the shares"):
        prepared(rows(count, count // 2), tmp_path / "out", enrich=enriched)


def test_large_groups_come_to_every_side() -> None:
    labels = np.zeros(1000, int)
    owners = np.repeat(np.arange(50), 20)
    sides = [split(labels, owners, wanted(labels, (0.6, 0.2, 0.2)), seed) for seed in range(20)]
    assert {tuple(np.bincount(found[::20], minlength=3)) for found in sides} == {(30, 10, 10)}
    assert len(Counter(int(found[0]) for found in sides)) == 3


def test_enriching_takes_from_train_and_leaves_the_test_side() -> None:
    targets = wanted(np.repeat([0, 1], [980, 20]), (0.8, 0.1, 0.1))
    test = targets[2].copy()
    assert enrich(targets, rare=1)
    assert targets.sum(axis=0).tolist() == pytest.approx([980, 20])
    assert targets[1].tolist() == pytest.approx([98, 10])
    assert targets[2].tolist() == test.tolist()


def test_enriching_takes_half_at_most() -> None:
    targets = wanted(np.repeat([0, 1], [16, 4]), (0.5, 0.25, 0.25))
    assert enrich(targets, rare=1)
    assert targets.tolist() == pytest.approx(np.array([[4, 1], [8, 2], [4, 1]]))


def test_enough_is_not_enriched() -> None:
    targets = wanted(np.repeat([0, 1], [9000, 1000]), (0.8, 0.1, 0.1))
    assert not enrich(targets, rare=1)
