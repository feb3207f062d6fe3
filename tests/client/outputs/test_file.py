"""A file of outputs as a source."""

import json
from pathlib import Path
from typing import Any

import pytest

from fairmark_client.data.prepared import Row, item
from fairmark_client.errors import DataError
from fairmark_client.outputs.file import File
from fairmark_client.outputs.opening import open_source
from fairmark_client.outputs.output import Decoding

from ..cli import fairmark, rows


def prepared(count: int) -> list[tuple[int, Row]]:
    return [
        (n, {"prompt": [{"role": "user", "content": f"{n} + {n}?"}], "reference_answer": str(2 * n)})
        for n in range(count)
    ]


DATA = prepared(3)


def line(place: int, sample: str, **fields: Any) -> dict[str, Any]:
    return {"sample": sample, "item": item(DATA[place][1]), **fields}


def sampled(path: Path, seeds: int = 1) -> list[tuple[int, int, Any]]:
    outputs = open_source(str(path)).sample(DATA, range(seeds), Decoding())
    return [(output.row, output.seed, output.sample) for output in outputs]


def test_outputs_come_by_row_and_seed_whatever_their_order_in_the_file(tmp_path: Path) -> None:
    lines = [line(place, f"{place}-{seed}", row=place, seed=seed) for seed in (1, 0) for place in (2, 0, 1)]
    assert sampled(rows(tmp_path / "o.jsonl", *lines), 2) == [
        (place, seed, f"{place}-{seed}") for place in range(3) for seed in range(2)
    ]


def test_lines_as_grade_takes_them_answer_the_row_with_their_item(tmp_path: Path) -> None:
    lines = [line(place, f"{place}-{seed}") for seed in range(2) for place in (2, 0, 1)]
    assert sampled(rows(tmp_path / "o.jsonl", *lines), 2) == [
        (place, seed, f"{place}-{seed}") for place in range(3) for seed in range(2)
    ]


def test_an_item_that_is_the_whole_row_becomes_what_graders_get(tmp_path: Path) -> None:
    path = rows(tmp_path / "o.jsonl", {"sample": "x", "item": DATA[1][1]})
    assert File(path).answering(DATA)[0].item == item(DATA[1][1])


def test_numbers_of_any_size_are_compared(tmp_path: Path) -> None:
    row = {**DATA[0][1], "id": 10**30}
    path = rows(tmp_path / "o.jsonl", {"sample": "x", "item": item(row)})
    assert [output.row for output in File(path).answering([(0, DATA[0][1]), (1, row)])] == [1]


def test_what_was_not_asked_for_is_left_alone(tmp_path: Path) -> None:
    more = {"sample": "?", "item": {}, "row": 7}
    path = rows(
        tmp_path / "o.jsonl", *(line(place, "x", row=place, seed=seed) for place in range(3) for seed in (0, 9)), more
    )
    assert len(sampled(path)) == 3


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"sample": "x"}, "item: expected that of one of the rows"),
        ({"sample": "x", "item": {"other": 1}}, "item: expected that of one of the rows"),
        (line(0, "x", row=1), "item: isn't that of row 1 in the data"),
        (line(0, "x", row="first"), "row: Input should be a valid integer"),
        (line(0, "x", row=0, sead=1), "sead: Extra inputs are not permitted"),
        (line(0, "x", row=0, seed=0), "seed: row 0 has an output under seed 0 already"),
        ("[1, 2]", "expected an object, got [1, 2]"),
        ('{"sample": NaN}', "NaN is not JSON"),
    ],
)
def test_a_line_that_can_not_be_used_is_named(bad: Any, problem: str, tmp_path: Path) -> None:
    path = rows(tmp_path / "o.jsonl", line(0, "x", row=0, seed=0), "", bad)
    with pytest.raises(DataError, match=r"o\.jsonl: line 3: ") as raised:
        sampled(path)
    assert problem in str(raised.value)


def test_an_output_that_is_missing_is_named(tmp_path: Path) -> None:
    path = rows(tmp_path / "o.jsonl", *(line(place, "x", row=place) for place in range(3)))
    with pytest.raises(DataError, match="no output for row 0 under seed 1"):
        sampled(path, 2)


def test_the_decoding_is_the_recorded_one(tmp_path: Path) -> None:
    path = rows(tmp_path / "o.jsonl", line(0, "x", row=0, decoding={"temperature": 0.3}, model="m"))
    (output,) = open_source(str(path)).sample(DATA[:1], [0], Decoding())
    assert (output.model, output.decoding) == ("m", Decoding(temperature=0.3))


def test_fairmark_grade_takes_a_file_of_outputs_as_it_is(tmp_path: Path) -> None:
    full = line(1, "2", row=1, seed=3, model="m", decoding={"max_tokens": 8}, completion_tokens=1, truncated=False)
    graded = fairmark("grade", rows(tmp_path / "o.jsonl", full), "--grader", "exact", "--out", tmp_path / "r.jsonl")
    assert graded.returncode == 0, graded.stderr
    assert json.loads((tmp_path / "r.jsonl").read_text())["score"] == 1


@pytest.mark.parametrize("text", ["nowhere", "nowhere.jsonl"])
def test_what_names_no_source_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        open_source(str(tmp_path / text))


def test_what_only_another_kind_of_source_takes_is_refused(tmp_path: Path) -> None:
    path = rows(tmp_path / "o.jsonl", line(0, "x", row=0))
    with pytest.raises(DataError, match="model: only an endpoint takes one"):
        open_source(str(path), model="m")
