"""`fairmark check grader`."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from fairmark_client.commands.check_grader import Options, check
from fairmark_client.data.prepared import Manifest

from .cli import fairmark, fairmark_here, rows

NUMBERS = [{"reference_answer": str(number)} for number in range(200)]


Checked = Callable[..., tuple[int, str]]


@pytest.fixture
def checked(capsys: pytest.CaptureFixture[str]) -> Checked:
    """The exit code and what is printed, without a process of its own."""

    def run(grader: str, source: Path, out: Path | None = None) -> tuple[int, str]:
        code = 0
        try:
            check(Options(grader, str(source), "train", None, None if out is None else str(out), None))
        except typer.Exit as end:
            code = end.exit_code
        return code, capsys.readouterr().out

    return run


def found(path: Path) -> list[tuple[int, str, str]]:
    return [tuple(json.loads(line).values()) for line in path.read_text().splitlines()]


def counts(table: str) -> dict[str, tuple[str, str]]:
    """The rows and failures of each check."""
    cells = [[cell.strip() for cell in line.split("│")] for line in table.splitlines() if line.count("│") == 4]
    return {name: (looked, failed) for _, name, looked, failed, _ in cells}


def test_references_that_are_read_and_told_apart_exit_with_0(tmp_path: Path) -> None:
    checked = fairmark("check", "grader", "exact", "--data", rows(tmp_path / "rows.jsonl", *NUMBERS))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert counts(checked.stdout) == {
        "check": ("rows", "failed"),
        "the line holds an item": ("200", "0"),
        "the grader can read the reference": ("200", "0"),
        "the reference scores full": ("200", "0"),
        "graded again, it scores the same": ("200", "0"),
        "an empty answer doesn't score full": ("200", "0"),
        "another row's reference doesn't": ("199", "0"),
    }
    assert "full score: as it is 100.0%, \\boxed{…} 0.0%, The answer is … 0.0%" in checked.stdout
    assert "milliseconds a row: p50 " in checked.stdout


@pytest.mark.parametrize(
    ("grader", "row", "problem"),
    [
        ("exact", {"answer": "1"}, ("readable", "the item has no 'item.reference_answer'")),
        ("exact", {"reference_answer": None}, ("readable", "the item has no 'item.reference_answer'")),
        ("exact", {"reference_answer": ""}, ("empty", 'an empty answer to "" scores 1')),
        (
            "exact",
            {"reference_answer": "<think>1"},
            ("full", '"<think>1" scores 0 (the text is thinking that never ends)'),
        ),
        ("label", {"reference_answer": "?"}, ("readable", "\"?\": the reference '?' is none of the labels")),
        ("exact", '{"reference_answer": 1', ("row", "expected JSON, got")),
        ("exact", {"sample": "1", "item": [1]}, ("row", "item: expected an object, got an array")),
    ],
)
def test_a_row_that_fails_is_named_and_exits_with_1(
    checked: Checked, tmp_path: Path, grader: str, row: Any, problem: tuple[str, str]
) -> None:
    before = NUMBERS if grader != "label" else []
    source = rows(tmp_path / "rows.jsonl", *before, row)
    code, printed = checked(grader, source, tmp_path / "out.jsonl")
    assert code == 1, printed
    line, name, said = found(tmp_path / "out.jsonl")[-1]
    assert (line, name) == (len(before) + 1, problem[0])
    assert said.startswith(problem[1])
    assert f"✗ {source}:{len(before) + 1}: {problem[1]}" in printed


@pytest.mark.parametrize(("share", "code"), [(2, 0), (3, 1)])
def test_one_row_in_a_hundred_may_say_the_same_as_another(
    checked: Checked, tmp_path: Path, share: int, code: int
) -> None:
    pairs = [{"reference_answer": answer} for _ in range(share) for answer in ("1/2", "0.5", "7")]
    source = rows(tmp_path / "rows.jsonl", *NUMBERS, *pairs)
    found, printed = checked("number", source)
    assert f'✗ {source}:202: "1/2" of line 201 scores 1 for "0.5"' in printed
    assert counts(printed)["another row's reference doesn't"][1] == str(share)
    assert found == code


def test_a_random_grader_is_caught(tmp_path: Path) -> None:
    (tmp_path / "dice.py").write_text(
        "import random\ndef fn(sample, item):\n    return random.random() if sample['output_text'] else 0\n"
    )
    (tmp_path / "dice.yaml").write_text("type: function\nfunction: dice:fn\npackages: .\npass_threshold: 0\n")
    source = rows(tmp_path / "rows.jsonl", {"a": {"b": [1]}})
    command = ("check", "grader", tmp_path / "dice.yaml", "--data", source)
    checked = fairmark_here(*command, "--reference", "a.b[0]")
    assert checked.returncode == 1
    assert counts(checked.stdout)["graded again, it scores the same"] == ("1", "1")
    unnamed = fairmark_here(*command)
    assert (unnamed.returncode, unnamed.stdout) == (2, "")
    assert unnamed.stderr.startswith("fairmark: --reference: name the item's field with the right answer")


def test_rows_of_samples_give_their_items_and_several_right_answers_give_the_first(
    checked: Checked, tmp_path: Path
) -> None:
    grader = {
        "type": "exact_match",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.answers }}",
    }
    (tmp_path / "qa.json").write_text(json.dumps(grader))
    items = [{"sample": "x", "item": {"answers": ["Paris", "Paname"]}}, {"sample": "x", "item": {"answers": ["Rome"]}}]
    source = rows(tmp_path / "rows.jsonl", *items)
    code, printed = checked(str(tmp_path / "qa.json"), source)
    assert code == 0, printed
    assert "the first of several 100.0%" in printed


def test_a_file_of_other_data_is_summed_up(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", *({"x": n} for n in range(1000)))
    checked = fairmark_here("check", "grader", "exact", "--data", source, "--limit", 500)
    assert checked.returncode == 1
    assert checked.stdout.count("✗") == 21
    assert counts(checked.stdout)["the grader can read the reference"] == ("500", "500")


def test_an_empty_file_and_a_wrong_field_exit_with_2(tmp_path: Path) -> None:
    empty = fairmark("check", "grader", "exact", "--data", "-")
    assert (empty.returncode, empty.stderr) == (2, "fairmark: stdin has no rows\n")
    source = rows(tmp_path / "rows.jsonl", *NUMBERS)
    wrong = fairmark_here("check", "grader", "exact", "--data", source, "--reference", "a b")
    assert wrong.returncode == 2
    assert "expected a field of the item" in wrong.stderr


def prepared(folder: Path, **sides: list[dict[str, Any]]) -> Path:
    """A folder as `fairmark data prepare` leaves it."""
    folder.mkdir()
    manifest = Manifest(fairmark="0", source={}, settings={}, files={}, targets={})
    (folder / "manifest.json").write_text(manifest.model_dump_json())
    for side, items in sides.items():
        rows(folder / f"{side}.jsonl", *items)
    return folder


def asked(*answers: str) -> list[dict[str, Any]]:
    prompt = [{"role": "user", "content": "Is it normal?"}]
    return [{"prompt": prompt, "reference_answer": answer, "weight": 2} for answer in answers]


def test_a_prepared_folder_is_checked_on_its_train_side_unless_another_is_named(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "data", train=asked("normal", "anomaly") * 5, test=asked("normal", "?"))
    train = fairmark_here("check", "grader", "label", "--data", folder)
    assert train.returncode == 0, train.stdout
    assert f"{folder}/train.jsonl · label@" in train.stdout
    test = fairmark_here("check", "grader", "label", "--data", folder, "--side", "test")
    assert test.returncode == 1
    assert f"{folder}/test.jsonl:2: \"?\": the reference '?' is none of the labels" in test.stdout


def test_a_folder_without_a_manifest_or_the_side_exits_with_2(tmp_path: Path) -> None:
    bare = fairmark_here("check", "grader", "label", "--data", tmp_path)
    assert bare.returncode == 2
    assert "expected a folder made by fairmark data prepare" in bare.stderr
    folder = prepared(tmp_path / "data", train=asked("normal"))
    lost = fairmark_here("check", "grader", "label", "--data", folder, "--side", "validation")
    assert (lost.returncode, lost.stderr) == (2, f"fairmark: {folder}/validation.jsonl: No such file or directory\n")


def test_an_exploit_that_pays_is_named_with_a_row_and_exits_with_1(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", *NUMBERS)
    checked = fairmark_here("check", "grader", "contains", "--data", source, "--out", tmp_path / "out.jsonl")
    assert checked.returncode == 1
    assert "exploits on 100 rows; who only guesses earns" in checked.stdout
    assert re.search(rf"✗ {source}:\d+: one or the other: \"\d+ or \d+\" scores 1", checked.stdout)
    assert re.search(r"│ one or the other +│ +1 │ 100% │ +pays │", checked.stdout)
    assert ("exploit", "one or the other") in {
        (check, problem.partition(":")[0]) for _, check, problem in found(tmp_path / "out.jsonl")
    }


def test_what_the_commonest_answer_earns_is_a_warning_with_advice(tmp_path: Path) -> None:
    items = [{"reference_answer": "anomaly" if n % 50 == 0 else "normal"} for n in range(200)]
    checked = fairmark_here("check", "grader", "label", "--data", rows(tmp_path / "rows.jsonl", *items))
    assert checked.returncode == 0, checked.stdout
    assert '! always answering "normal" earns 0.98 on average, since 98.0% of the rows' in checked.stdout
    assert "give each mistake its cost (docs/classification.md: frequencies), or resample the train side" in (
        checked.stdout.replace("\n", " ")
    )
    assert re.search(r"^\d+ exploits earn nothing$", checked.stdout, re.MULTILINE)


def test_weights_say_how_often_a_row_is_trained_on(tmp_path: Path) -> None:
    items = [row | {"weight": 1} for row in asked(*["normal"] * 40)]
    items += [row | {"weight": 10} for row in asked("anomaly")]
    checked = fairmark_here("check", "grader", "label", "--data", prepared(tmp_path / "data", train=items))
    assert '! always answering "normal" earns 0.8 on average, since 80.0% of the rows' in checked.stdout
    broken = prepared(tmp_path / "broken", train=[items[0], items[1] | {"weight": "much"}])
    checked = fairmark_here("check", "grader", "label", "--data", broken)
    assert (checked.returncode, "train.jsonl:2: weight: expected a number above 0, got" in checked.stdout) == (1, True)
