"""Resampling: the train side alone, to the share that was asked, with what that costs said."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fairmark_client.data.precision import effective, half_width
from fairmark_client.data.prepared import SIDES, Prepared, Side

from .imbalanced import prepared, rows, said


def share(data: Prepared, side: Side) -> float:
    labels = data.manifest.files[f"{side}.jsonl"].labels
    return labels["anomaly"] / sum(labels.values())


def texts(data: Prepared, side: Side) -> Counter[str]:
    return Counter(row["text"] for row in data.rows(side))


@pytest.mark.parametrize("ratio", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("sampling", ["over", "under"])
def test_the_train_side_gets_the_share_that_was_asked(tmp_path: Path, sampling: str, ratio: float) -> None:
    data = prepared(rows(2000, 40), tmp_path / "out", sampling=sampling, ratio=ratio)
    assert share(data, "train") == pytest.approx(ratio, abs=0.005)


def test_oversampling_repeats_rare_rows_alone_and_counts_the_copies(tmp_path: Path) -> None:
    data = prepared(rows(2000, 40), tmp_path / "out")
    copies = texts(data, "train")
    rare = {row["text"] for row in data.rows("train") if row["label"] == "anomaly"}
    assert len(rare) == 32
    assert {copies[text] for text in copies.keys() - rare} == {1}
    step = data.manifest.steps[2]
    assert step.counts["copies"] == {
        str(times): count for times, count in sorted(Counter(copies[text] for text in rare).items())
    }
    assert step.counts["rare_rows"] == sum(copies[text] for text in rare) == 392
    assert "32 'anomaly' rows stand 12.2 times each on average" in said(data, "resample")


def test_undersampling_keeps_every_rare_row_once(tmp_path: Path) -> None:
    data = prepared(rows(2000, 40), tmp_path / "out", sampling="under")
    assert set(texts(data, "train").values()) == {1}
    assert data.manifest.files["train.jsonl"].labels == {"anomaly": 32, "normal": 128}


def test_weights_repeat_nothing_and_make_the_share(tmp_path: Path) -> None:
    data = prepared(rows(2000, 40), tmp_path / "out", sampling="weights")
    train = list(data.rows("train"))
    assert set(texts(data, "train").values()) == {1}
    assert sum(row["weight"] for row in train) == pytest.approx(len(train), rel=1e-5)
    rare = sum(row["weight"] for row in train if row["label"] == "anomaly")
    assert rare / len(train) == pytest.approx(0.2, rel=1e-5)
    assert all("weight" not in row for side in ("validation", "test") for row in data.rows(side))


@pytest.mark.parametrize("sampling", ["over", "under", "weights"])
def test_no_row_of_train_is_on_another_side(tmp_path: Path, sampling: str) -> None:
    data = prepared(rows(2000, 40), tmp_path / "out", sampling=sampling)
    train, validation, test = (texts(data, side).keys() for side in SIDES)
    assert train & validation == train & test == validation & test == set()


@pytest.mark.parametrize("sampling", ["over", "under", "weights"])
def test_validation_and_test_keep_their_natural_distribution(tmp_path: Path, sampling: str) -> None:
    data = prepared(rows(2000, 40), tmp_path / "out", sampling=sampling)
    for side in ("validation", "test"):
        assert data.manifest.files[f"{side}.jsonl"].labels == {"anomaly": 4, "normal": 196}
        assert set(texts(data, side).values()) == {1}


def test_a_share_that_so_few_rows_cannot_make_is_not_called_what_was_asked(tmp_path: Path) -> None:
    told = said(prepared(rows(200, 10), tmp_path / "out", sampling="under", ratio=0.99), "resample")
    assert "became 88.9%, 99.0% was asked: the rows are too few" in told


def test_a_share_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    data = prepared(rows(1000, 300), tmp_path / "out")
    assert share(data, "train") == pytest.approx(0.3)
    assert "nothing is done: 30.0% of the train side is 'anomaly', 20.0% was asked" in said(data, "resample")


def test_few_rows_repeated_often_are_warned_of_by_their_number(tmp_path: Path) -> None:
    told = said(prepared(rows(2000, 40), tmp_path / "out"), "resample")
    assert "warning: 32 distinct 'anomaly' rows, 12 times each, will be learned by heart" in told
    assert "ask for 7.5%" in told
    assert "warning: 32 distinct rare rows are few to learn a class from" in told


def test_the_share_that_is_advised_is_harmless(tmp_path: Path) -> None:
    data = prepared(rows(2000, 80), tmp_path / "out", ratio=0.14)
    assert "warning" not in said(data, "resample").split("validation")[0]


def test_copies_of_near_duplicates_are_not_distinct(tmp_path: Path) -> None:
    made = rows(2000, 40)
    told = next(row["text"] for row in made if row["label"] == "anomaly")
    for number, row in enumerate(made):
        row["text"] = f"{told} {number}" if row["label"] == "anomaly" else row["text"]
    data = prepared(made, tmp_path / "out", seed=1)
    assert data.manifest.steps[2].counts["distinct_rare_rows"] == 40
    assert data.manifest.steps[2].counts["distinct_rare_groups"] == 1
    assert "warning: 1 distinct 'anomaly' rows, 10 times each, will be learned by heart" in said(data, "resample")


@pytest.mark.parametrize(("count", "points"), [(50, 13.9), (200, 6.9), (1000, 3.1)])
def test_the_interval_is_that_of_the_normal_approximation(count: int, points: float) -> None:
    assert round(100 * half_width(count), 1) == points


def test_equal_weights_are_worth_every_row_and_others_less() -> None:
    assert effective(np.ones(50)) == 50
    assert effective(np.array([1.0] * 49 + [51.0])) == pytest.approx(100**2 / (49 + 51**2))


def test_a_validation_of_fifty_rows_measures_to_fourteen_points(tmp_path: Path) -> None:
    told = said(prepared(rows(500, 100), tmp_path / "out"), "resample")
    assert "50 rows measure a share to about ± 14 points, recall of 'anomaly' to about ± 31" in told
    assert "4 times the rows, and 4 times as long at every evaluation" in told
    assert "lacks" not in told


def test_what_validation_lacks_is_said_with_what_it_takes(tmp_path: Path) -> None:
    told = said(prepared(rows(400, 20), tmp_path / "out"), "resample")
    assert (
        "warning: validation lacks 10 of at least 50 rows and 8 of at least 10 'anomaly' rows; where 5.00% are "
        "'anomaly', that takes 200 rows: give it a larger share, or enrich and re-weight it (--enrich)"
    ) in told


def test_an_enriched_validation_has_enough_and_its_weights_bring_nature_back(tmp_path: Path) -> None:
    plain = prepared(rows(1000, 40), tmp_path / "plain")
    data = prepared(rows(1000, 40), tmp_path / "out", enrich=True)
    assert data.manifest.files["validation.jsonl"].labels == {"anomaly": 10, "normal": 96}
    assert "lacks" not in said(data, "resample")
    weighed = list(data.rows("validation"))
    rare = sum(row["weight"] for row in weighed if row["label"] == "anomaly")
    assert rare / sum(row["weight"] for row in weighed) == pytest.approx(0.04, rel=1e-4)
    assert data.manifest.files["test.jsonl"].labels == plain.manifest.files["test.jsonl"].labels
    assert all("weight" not in row for row in data.rows("test"))


def test_what_more_enriched_rows_would_buy_is_told_of_their_weights(tmp_path: Path) -> None:
    data = prepared(rows(1000, 40), tmp_path / "out", enrich=True)
    worth = effective(np.array([row["weight"] for row in data.rows("validation")]))
    table = data.manifest.steps[2].counts["validation"]
    assert [row["rows"] for row in table] == [106, 212, 424]
    assert table[0]["half_width"] == pytest.approx(half_width(worth), rel=1e-4)
    assert half_width(worth) > half_width(106)


@pytest.mark.parametrize(("rare", "warned"), [(2, True), (90, True), (100, False)])
def test_a_test_side_that_can_hardly_measure_the_rare_class_is_warned_of(
    tmp_path: Path, rare: int, warned: bool
) -> None:
    told = said(prepared(rows(500, rare), tmp_path / "out"), "resample")
    assert (f"warning: test has {rare // 10} of at least 10 'anomaly' rows" in told) == warned


def test_enriching_fills_up_to_fifty_rows(tmp_path: Path) -> None:
    data = prepared(rows(200, 40), tmp_path / "out", enrich=True)
    assert data.manifest.files["validation.jsonl"].labels == {"anomaly": 10, "normal": 40}


def test_what_is_large_enough_is_not_enriched(tmp_path: Path) -> None:
    data = prepared(rows(2000, 400), tmp_path / "out", enrich=True)
    assert "it has enough of both, so nothing is enriched" in said(data, "resample")
    assert all("weight" not in row for row in data.rows("validation"))


def test_weights_stand_in_the_row_as_json(tmp_path: Path) -> None:
    data = prepared(rows(500, 20), tmp_path / "out", sampling="weights")
    for line in (data.folder / "train.jsonl").read_text().splitlines():
        assert isinstance(json.loads(line)["weight"], float)
