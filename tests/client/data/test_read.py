"""Reading rows: the same from every format, bad ones named by file, line and field."""

import csv
import datetime
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from fairmark_client.data.prepared import SIDES, Row
from fairmark_client.data.source import opened
from fairmark_client.errors import DataError

from .imbalanced import jsonl, prepared, rows, said

FORMATS = ["jsonl", "csv", "parquet", "datasets", "generator"]


def written(kind: str, folder: Path, made: list[Row]) -> Any:
    """The rows in one of the formats."""
    match kind:
        case "jsonl":
            return jsonl(folder / "rows.jsonl", made)
        case "csv":
            with (folder / "rows.csv").open("w", newline="") as file:
                table = csv.DictWriter(file, made[0])
                table.writeheader()
                table.writerows(made)
            return folder / "rows.csv"
        case "parquet":
            parquet.write_table(arrow.Table.from_pylist(made), folder / "rows.parquet", row_group_size=100)
            return folder / "rows.parquet"
        case "datasets":
            datasets = pytest.importorskip("datasets")
            datasets.Dataset.from_list(made).save_to_disk(folder / "rows")
            return folder / "rows"
    return (row for row in made)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_rows(tmp_path: Path, kind: str) -> None:
    made = rows(200, 10)
    assert [row for _, row in opened(written(kind, tmp_path, made))] == made


@pytest.mark.parametrize("kind", FORMATS)
def test_a_row_is_named_by_its_place(tmp_path: Path, kind: str) -> None:
    place = 8 if kind == "csv" else 7  # the head is the first line
    made = rows(20, 5)
    made[6]["label"] = None
    with pytest.raises(DataError, match=rf"(line|row) {place}: label: missing; expected a label in every row"):
        prepared(written(kind, tmp_path, made), tmp_path / "out")


GOOD = b'{"text": "a", "label": "normal"}\n'
BAD_LINES = {
    "a tail that was cut": (GOOD + b'{"text": "b", "lab', 'line 2: expected JSON, got {"text": "b", "lab '),
    "a NaN": (GOOD + b'{"text": NaN, "label": "anomaly"}\n', "line 2: NaN is not JSON; expected a number or null"),
    "a number beyond all": (GOOD + b'{"x": 1e999, "label": "normal"}\n', "line 2: expected finite numbers"),
    "invalid UTF-8": (
        GOOD + b'{"text": "\xff", "label": "x"}\n',
        "line 2: expected UTF-8, got the byte 0xff at byte 11",
    ),
    "half of a pair": (GOOD + b'{"text": "\\ud800", "label": "x"}\n', "line 2: expected Unicode text"),
    "an array": (GOOD + b"\n[1, 2]\n", "line 3: expected an object, got [1, 2]"),
    "no label": (GOOD + b'{"text": "b"}\n', "line 2: no column 'label' for --label; there are 'text'"),
    "a label of another name": (
        b'{"text": "b", "labels": 1}\n',
        "line 1: no column 'label' for --label; did you mean 'labels'?",
    ),
    "no prompt": (
        b'{"body": "b", "label": "normal"}\n',
        "line 1: prompt: expected a column messages, prompt, question",
    ),
    "our own column": (b'{"text": "b", "label": "x", "weight": 2}\n', "line 1: weight: fairmark's own column; rename"),
    "an empty reference": (
        b'{"text": "b", "label": "x", "reference_answer": ""}\n',
        "line 1: reference_answer: missing",
    ),
    "no rows": (b"\n", "no rows"),
    "no rare row": (GOOD, "no row whose 'label' is 'anomaly'; there are 'normal'"),
    "another spelling": (
        GOOD.replace(b"normal", b"Anomaly"),
        "no row whose 'label' is 'anomaly'; did you mean 'Anomaly'?",
    ),
    "rare rows only": (GOOD.replace(b"normal", b"anomaly"), "every row is 'anomaly'; expected another label"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_bad_line_of_jsonl_is_named(tmp_path: Path, case: str) -> None:
    text, problem = BAD_LINES[case]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(text)
    with pytest.raises(DataError) as raised:
        prepared(path, tmp_path / "out")
    assert problem in str(raised.value)
    assert "rows.jsonl: " in str(raised.value)


BAD_CSV = {
    "too few fields": (b"text,label\na,normal\nb\n", "line 3: expected 2 fields, got 1; 'label' is missing"),
    "too many fields": (b"text,label\na,normal,1\n", "line 2: expected 2 fields, got 3"),
    "after a field over lines": (b'text,label\n"a\nb",normal\nc\n', "line 4: expected 2 fields, got 1"),
    "a quote never closed": (b'text,label\n"a,normal\n', "line 2: expected CSV: unexpected end of data"),
    "a quote inside": (b'text,label\n"a"b,normal\n', "line 2: expected CSV: "),
    "a column twice": (b"text,label,text\n", "line 1: two columns are called 'text'"),
    "a column without a name": (b"text,,label\n", "line 1: column 2 has no name"),
    "invalid UTF-8": (b"text,label\na,normal\n\xff,normal\n", "line 3: expected UTF-8, got the byte 0xff at byte 1"),
    "an empty label": (b"text,label\na,\n", "line 2: label: missing"),
}


@pytest.mark.parametrize("case", BAD_CSV)
def test_a_bad_line_of_csv_is_named(tmp_path: Path, case: str) -> None:
    text, problem = BAD_CSV[case]
    path = tmp_path / "rows.csv"
    path.write_bytes(text)
    with pytest.raises(DataError) as raised:
        prepared(path, tmp_path / "out")
    assert f"rows.csv: {problem}" in str(raised.value)


def test_a_csv_may_begin_with_a_mark_and_end_its_lines_as_windows_does(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("\ufefftext,label\r\n007,é\r\n".encode())
    assert list(opened(tmp_path / "rows.csv")) == [(2, {"text": "007", "label": "é"})]


@pytest.mark.parametrize(
    ("name", "make", "problem"),
    [
        ("rows.xlsx", lambda path: path.write_text(""), "expected .jsonl, .csv, .parquet, or a folder"),
        ("rows.jsonl", lambda path: None, "no such file"),
        ("rows.parquet", lambda path: path.write_text("no"), "expected Parquet: "),
        ("rows", lambda path: path.mkdir(), "expected a folder that datasets' save_to_disk made"),
    ],
)
def test_what_is_no_source_is_refused(tmp_path: Path, name: str, make: Callable[[Path], object], problem: str) -> None:
    make(tmp_path / name)
    with pytest.raises(DataError, match=f"{name}: {problem}"):
        prepared(tmp_path / name, tmp_path / "out")


def test_a_parquet_file_with_a_column_twice_is_refused(tmp_path: Path) -> None:
    table = arrow.table([arrow.array(["a"]), arrow.array(["b"])], names=["text", "text"])
    parquet.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(DataError, match=r"rows.parquet: two columns are called 'text'"):
        opened(tmp_path / "rows.parquet")


def test_a_folder_of_several_data_sets_names_them(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    part = datasets.Dataset.from_list(rows(10, 2))
    datasets.DatasetDict({"train": part, "test": part}).save_to_disk(tmp_path / "both")
    with pytest.raises(DataError, match="holds several data sets; name one: .*both/train, .*both/test"):
        prepared(tmp_path / "both", tmp_path / "out")


def test_a_table_says_nan_for_what_is_missing_and_dates_become_text(tmp_path: Path) -> None:
    table = arrow.table({"x": [1.5, float("nan")], "day": [datetime.date(2026, 1, 2), None]})
    parquet.write_table(table, tmp_path / "rows.parquet")
    assert [row for _, row in opened(tmp_path / "rows.parquet")] == [
        {"x": 1.5, "day": "2026-01-02"},
        {"x": None, "day": None},
    ]


@pytest.mark.parametrize(
    ("value", "problem"), [(b"raw", "got bytes"), (float("inf"), "finite number"), ("\ud800", "surrogate")]
)
def test_a_value_that_json_cannot_carry_is_named_by_row_and_field(tmp_path: Path, value: Any, problem: str) -> None:
    with pytest.raises(DataError, match=rf"^list: row 2: x: .*{problem}"):
        prepared([{"text": "a", "label": "n"}, {"x": value, "label": "n"}], tmp_path / "out")


def test_a_value_nested_beyond_all_is_named(tmp_path: Path) -> None:
    deep: Any = "a"
    for _ in range(2000):
        deep = [deep]
    with pytest.raises(DataError, match=r"^list: row 1: x: nested too deeply"):
        prepared([{"text": "a", "x": deep, "label": "n"}], tmp_path / "out")


def test_an_answer_that_the_response_format_has_no_place_for_is_named_by_its_line(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"verdict": {}, "reason": {}}, "required": ["verdict", "reason"]}
    made = [row | {"reason": "hot"} for row in rows(20, 5)]
    del made[6]["reason"]
    asked = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    with pytest.raises(DataError, match=r"rows\.jsonl: line 7: the response format requires .reason."):
        prepared(jsonl(tmp_path / "rows.jsonl", made), tmp_path / "out", methods=("sft",), response_format=asked)


def test_columns_report_their_types_and_what_is_missing(tmp_path: Path) -> None:
    made = rows(100, 10)
    for number, row in enumerate(made):
        row |= {"count": number, "share": number / 7, "code": f"{number:03}", "note": "" if number % 2 else None}
    del made[3]["share"]
    (read, *_) = prepared(made, tmp_path / "out").manifest.steps
    assert read.counts["columns"] == {
        "machine": {"types": {"text": 100}, "missing": 0},
        "text": {"types": {"text": 100}, "missing": 0},
        "label": {"types": {"text": 100}, "missing": 0},
        "count": {"types": {"integer": 100}, "missing": 0},
        "share": {"types": {"number": 99}, "missing": 1},
        "code": {"types": {"numeric text": 100}, "missing": 0},
        "note": {"types": {}, "missing": 100},
    }
    assert read.counts["labels"] == {"anomaly": 10, "normal": 90}


def test_a_row_that_repeats_an_earlier_one_is_left_out_and_counted(tmp_path: Path) -> None:
    made = rows(200, 20)
    again = [dict(reversed(row.items())) for row in made[:30]]  # the order of columns makes no other row
    data = prepared([*made, *again], tmp_path / "out", sampling="weights")
    assert sum(data.manifest.files[f"{side}.jsonl"].rows or 0 for side in ("train", "validation", "test")) == 200
    assert "30 rows repeat an earlier one in every column and are left out" in said(data, "read")


def test_the_same_words_under_two_answers_are_named_and_stay_on_one_side(tmp_path: Path) -> None:
    made = rows(200, 20)
    turned = [row | {"label": "normal"} for row in made if row["label"] == "anomaly"]
    data = prepared([*made, *turned], tmp_path / "out")
    assert "20 rows ask the same as others and have another answer than most of them" in said(data, "read")
    sides: dict[str, set[str]] = {}
    for side in SIDES:
        for row in data.rows(side):
            sides.setdefault(row["text"], set()).add(side)
    assert {len(found) for found in sides.values()} == {1}


def test_what_most_rows_of_a_prompt_do_not_answer_is_a_contradiction_whatever_their_ids(tmp_path: Path) -> None:
    asked = [{"text": "load 97", "label": label} for label in ["normal"] * 5 + ["anomaly"] * 2]
    made = [row | {"id": number} for number, row in enumerate([*rows(200, 20), *asked])]
    assert "2 rows ask the same as others" in said(prepared(made, tmp_path / "out"), "read")


def test_a_column_is_renamed_and_the_label_keeps_its_own_name_too(tmp_path: Path) -> None:
    made = [{"body": row["text"], "label": row["label"], "weight": 3} for row in rows()]
    columns = {"question": "body", "reference_answer": "label", "kilos": "weight"}
    data = prepared(made, tmp_path / "out", columns=columns)
    row = next(data.rows("test"))
    assert list(row) == ["prompt", "label", "question", "reference_answer", "kilos"]
    assert row["prompt"] == [{"role": "user", "content": row["question"]}]
    assert row["reference_answer"] == row["label"]


def test_a_template_that_tells_the_answer_is_refused(tmp_path: Path) -> None:
    told = r"template: \{\{ item.label \}\} is the answer, which no prompt may tell"
    for columns in ({}, {"reference_answer": "label"}):
        with pytest.raises(DataError, match=f"row 1: {told}"):
            prepared(rows(), tmp_path / "out", template="{{ item.text }} {{ item.label }}", columns=columns)


def test_a_label_that_is_not_the_answer_may_stand_in_a_prompt(tmp_path: Path) -> None:
    made = [row | {"reference_answer": row["text"]} for row in rows()]
    with pytest.raises(DataError, match=r"\{\{ item.reference_answer \}\} is the answer"):
        prepared(made, tmp_path / "out", template="{{ item.reference_answer }}")
    assert prepared(made, tmp_path / "out", template="{{ item.label }} {{ item.machine }}", sampling="weights").folder


@pytest.mark.parametrize("role", ["label", "group"])
def test_a_label_or_group_called_weight_goes_under_another_name(tmp_path: Path, role: str) -> None:
    named = {"label": "label", "group": "machine"} | {role: "weight"}
    made = [{"text": row["text"], named["label"]: row["label"], named["group"]: row["machine"]} for row in rows()]
    data = prepared(made, tmp_path / "out", **named, columns={"class": "weight"})
    assert {"weight", "class"} & next(data.rows("test")).keys() == {"class"}


def test_a_conversation_becomes_the_prompt_and_is_no_column_any_more(tmp_path: Path) -> None:
    made = [{"messages": [{"role": "user", "content": row["text"]}], "label": row["label"]} for row in rows()]
    row = next(prepared(made, tmp_path / "out", system="Judge.").rows("test"))
    assert list(row) == ["prompt", "label", "reference_answer"]
    assert [message["role"] for message in row["prompt"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"question": "txt"}, "row 1: no column 'txt' for --map; did you mean 'text'?"),
        ({"machine": "text"}, "row 1: machine: the source has a column of that name, and --map machine=text"),
    ],
)
def test_a_name_that_fits_nothing_or_something_else_is_refused(
    tmp_path: Path, columns: dict[str, str], problem: str
) -> None:
    with pytest.raises(DataError) as raised:
        prepared(rows(), tmp_path / "out", columns=columns)
    assert problem in str(raised.value)


def test_a_label_that_is_a_number_is_named_as_json_has_it(tmp_path: Path) -> None:
    made = [row | {"label": int(row["label"] == "anomaly")} for row in rows()]
    data = prepared(made, tmp_path / "out", rare="1")
    assert data.manifest.files["test.jsonl"].labels == {"0": 98, "1": 2}
    assert {row["reference_answer"] for row in data.rows("test")} == {0, 1}


def test_what_a_row_says_stays_as_it_was(tmp_path: Path) -> None:
    chance = random.Random(3)
    odd = {"big": 2**80, "deep": {"a": [1, None, True]}, "text": 'é "quoted" \u2028 line\n', "float": 0.1}
    made = [*rows(100, 10), odd | {"label": "normal", "machine": f"m{chance.random()}"}]
    data = prepared(jsonl(tmp_path / "rows.jsonl", made), tmp_path / "out", sampling="weights")
    (found,) = [row for side in SIDES for row in data.rows(side) if "big" in row]
    assert {name: found[name] for name in odd} == odd
    assert json.dumps(found["big"]) == str(2**80)
