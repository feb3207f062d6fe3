"""Prompts from rows, and the lines that platforms train on."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from fairmark_client.data.format import Prompt, answer, targets
from fairmark_client.errors import DataError

ROW = {
    "prompt": [{"role": "system", "content": "Judge."}, {"role": "user", "content": "CPU 97 %"}],
    "reference_answer": "anomaly",
    "id": 7,
    "weight": 2.5,
}
FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "verdict",
        "schema": {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]},
    },
}
USER = {"role": "user", "content": "CPU 97 %"}


def sides(folder: Path, *rows: dict[str, Any]) -> Path:
    for side in ("train", "validation"):
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def written(folder: Path, platform: str, method: Any, row: dict[str, Any], response_format: Any = None) -> Any:
    targets(sides(folder, row), [platform], [method], response_format)
    return lines(folder / platform / method / "train.jsonl")[0]


def two_properties(*required: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"label": {}, "reason": {}}, "required": list(required)}
    return {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}


# Prompts


def test_a_template_puts_columns_into_the_users_message() -> None:
    prompt = Prompt("Load {{ item.load }} on {{item.host.name}}?", "Judge.")
    assert prompt.messages({"load": 0.97, "host": {"name": "db1"}}) == [
        {"role": "system", "content": "Judge."},
        {"role": "user", "content": "Load 0.97 on db1?"},
    ]


def test_a_template_names_the_field_that_a_row_lacks() -> None:
    with pytest.raises(DataError, match=r"template: the item has no 'item.load'; the row has host, label"):
        Prompt("Load {{ item.load }}?").messages({"host": "db1", "label": 1})


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{{ item.load", "never closed"),
        ("{{ row.load }}", "unknown namespace 'row'"),
        ("{{ sample.output_text }}", "there is no sample yet"),
        ("Is it an anomaly?", "every prompt is the same"),
    ],
)
def test_a_template_that_makes_no_prompt_is_refused_at_once(template: str, complaint: str) -> None:
    with pytest.raises(DataError, match=f"template: .*{complaint}"):
        Prompt(template)


@pytest.mark.parametrize("column", ["prompt", "question", "problem", "instruction", "query", "input", "text"])
def test_without_a_template_the_usual_columns_are_the_prompt(column: str) -> None:
    assert Prompt().messages({"id": 1, column: "CPU 97 %"}) == [USER]


@pytest.mark.parametrize("column", ["messages", "prompt"])
def test_a_conversation_stays_as_it_is(column: str) -> None:
    talk = [USER, {"role": "assistant", "content": "Since when?"}, USER]
    assert Prompt().messages({column: talk}) == talk


def test_the_system_message_goes_before_a_conversation() -> None:
    assert Prompt(None, "Judge.").messages({"messages": [USER]}) == [{"role": "system", "content": "Judge."}, USER]


def test_two_system_messages_are_one_too_many() -> None:
    with pytest.raises(DataError, match="system: the row's messages bring their own"):
        Prompt(None, "Judge.").messages({"messages": [{"role": "developer", "content": "x"}, USER]})


def test_a_row_without_a_prompt_is_told_what_was_expected() -> None:
    with pytest.raises(DataError, match="prompt: expected a column messages, prompt, question, .*the row has load"):
        Prompt().messages({"load": 1})


def test_an_empty_column_is_not_among_those_that_a_row_has() -> None:
    with pytest.raises(DataError, match=r"the item has no 'item.load'; the row has host$"):
        Prompt("Load {{ item.load }}?").messages({"host": "db1", "load": None})


def test_a_conversation_that_holds_the_answer_is_refused() -> None:
    with pytest.raises(DataError, match="messages: expected the last message to be the user's, got 'assistant'"):
        Prompt().messages({"messages": [USER, {"role": "assistant", "content": "anomaly"}]})


def test_a_message_without_a_role_is_named_by_its_place() -> None:
    with pytest.raises(DataError, match=r"messages\[1\]: expected an object with role and content"):
        Prompt().messages({"messages": [USER, {"content": "x"}]})


# Answers


def test_a_plain_answer_is_the_reference() -> None:
    assert answer(ROW) == "anomaly"
    assert answer({"reference_answer": {"a": 1}}) == '{"a": 1}'


def test_under_a_response_format_the_one_property_is_the_reference() -> None:
    assert json.loads(answer({**ROW, "label": 1}, FORMAT)) == {"label": "anomaly"}


def test_a_reference_that_is_an_object_gives_the_properties() -> None:
    row = {"reference_answer": {"label": "anomaly", "reason": "load", "note": "not asked for"}}
    assert json.loads(answer(row, two_properties("label"))) == {"label": "anomaly", "reason": "load"}


def test_other_properties_come_from_the_columns_of_their_names() -> None:
    row = {"reference_answer": "anomaly", "reason": "load"}
    assert json.loads(answer(row, two_properties("label", "reason"))) == {"label": "anomaly", "reason": "load"}


def test_a_property_that_nothing_holds_is_named() -> None:
    with pytest.raises(DataError, match="the response format requires 'reason'"):
        answer(ROW, two_properties("label", "reason"))


# Files


def test_openai_rft_says_developer_for_system_and_leaves_the_weight_out(tmp_path: Path) -> None:
    assert written(tmp_path, "openai", "rft", ROW) == {
        "messages": [{"role": "developer", "content": "Judge."}, USER],
        "reference_answer": "anomaly",
        "id": 7,
    }


def test_openai_rft_leaves_out_columns_that_the_server_has_under_their_names(tmp_path: Path) -> None:
    row = {**ROW, "tools": "hammer", "parallel_tool_calls": 3, "messages": "sms"}
    assert written(tmp_path, "openai", "rft", row).keys() == {"messages", "reference_answer", "id"}


def test_openai_sft_ends_with_the_answer_as_json(tmp_path: Path) -> None:
    assert written(tmp_path, "openai", "sft", ROW, FORMAT) == {
        "messages": [*ROW["prompt"], {"role": "assistant", "content": '{"label": "anomaly"}'}]  # type: ignore[misc]
    }


def test_trl_rft_keeps_the_columns_for_the_reward_function(tmp_path: Path) -> None:
    row = {**ROW, "completion": "x", "trainer_state": 1, "messages": []}
    assert written(tmp_path, "trl", "rft", row) == ROW


def test_trl_sft_is_a_prompt_and_a_completion(tmp_path: Path) -> None:
    completion = [{"role": "assistant", "content": "anomaly"}]
    assert written(tmp_path, "trl", "sft", ROW) == {"prompt": ROW["prompt"], "completion": completion}


def test_letters_beyond_ascii_stay_readable(tmp_path: Path) -> None:
    written(tmp_path, "openai", "rft", {**ROW, "note": "größer"})
    assert "größer" in (tmp_path / "openai/rft/train.jsonl").read_text()


def test_every_file_is_in_the_manifest_with_its_rows_and_hash(tmp_path: Path) -> None:
    made, files = targets(sides(tmp_path, ROW, ROW), ["openai", "trl"], ["rft", "sft"], FORMAT)
    assert made["trl"]["sft"] == {"train": "trl/sft/train.jsonl", "validation": "trl/sft/validation.jsonl"}
    named = {path for methods in made.values() for each in methods.values() for path in each.values()}
    assert files.keys() == named | {"openai/rft/response_format.json"}
    for path, file in files.items():
        content = (tmp_path / path).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert file.rows == (2 if path.endswith(".jsonl") else None)


def test_the_response_format_is_written_as_it_was_given(tmp_path: Path) -> None:
    targets(sides(tmp_path, ROW), ["openai"], ["rft"], FORMAT)
    assert json.loads((tmp_path / "openai/rft/response_format.json").read_text()) == FORMAT


def test_a_row_without_an_answer_is_named_by_file_and_line(tmp_path: Path) -> None:
    without = {name: value for name, value in ROW.items() if name != "reference_answer"}
    with pytest.raises(DataError, match=r"train.jsonl: line 2: no reference_answer; expected the right answer"):
        targets(sides(tmp_path, ROW, without), ["trl"], ["sft"])


def test_a_platform_without_a_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no format for 'bedrock'; expected openai .which Azure takes too. or trl"):
        targets(sides(tmp_path, ROW), ["bedrock"], ["rft"])
