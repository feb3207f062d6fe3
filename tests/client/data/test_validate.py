"""Every rule of a platform, with a file that breaks exactly it; and data that break none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.json
import pytest

from fairmark_client.data import rules
from fairmark_client.data.format import RESPONSE_FORMAT, targets
from fairmark_client.data.prepared import MANIFEST, File, Manifest, Method, Prepared, digest
from fairmark_client.data.validate import Problem, problems, variables
from fairmark_graders import parse_grader

Row = dict[str, Any]
EXACT = {
    "type": "string_check",
    "name": "exact",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
    "operation": "eq",
}
AS_JSON = EXACT | {"input": "{{ sample.output_json.label }}"}
METHODS: tuple[Method, ...] = ("rft", "sft")


def response_format(**properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}


LABEL = response_format(label={"enum": ["anomaly", "normal"]})


def rows(side: str, count: int = 12, **fields: Any) -> list[Row]:
    """Different rows, every fourth an anomaly."""
    return [
        {
            "prompt": [{"role": "system", "content": "Judge."}, {"role": "user", "content": f"{side} {number}"}],
            "reference_answer": "normal" if number % 4 else "anomaly",
            **fields,
        }
        for number in range(count)
    ]


def prepared(folder: Path, *train: Row, validation: list[Row] | None = None, answers: Any = None) -> Prepared:
    """A folder as `fairmark data prepare` leaves it; the training side ends with `train`."""
    sides = {
        "train": [*rows("train"), *train],
        "validation": rows("validation") if validation is None else validation,
        "test": [],
    }
    for side, made in sides.items():
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
    chosen, files = targets(folder, ["openai", "trl"], METHODS, answers)
    for side in sides:
        path = folder / f"{side}.jsonl"
        files[path.name] = File(rows=len(sides[side]), bytes=path.stat().st_size, sha256=str(digest(path)))
    manifest = Manifest(fairmark="0", source={}, settings={}, files=files, targets=chosen, response_format=answers)
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    return Prepared.open(folder)


def found(data: Prepared, grader: Any = None) -> list[str]:
    return [str(problem) for problem in problems(data, None if grader is None else parse_grader(grader))]


def changed(data: Prepared, name: str, change: Callable[[list[Any]], None]) -> list[str]:
    """What is wrong once the lines of one file are changed, its hash in the manifest along with them."""
    path = data.folder / name
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    data.manifest.files[name].sha256 = str(digest(path))
    return found(data)


def last(**fields: Any) -> Callable[[list[Any]], None]:
    """A change of the last line."""
    return lambda lines: lines[-1].update(fields)


def said(content: Any, role: str = "user") -> list[Row]:
    return [{"role": role, "content": content}]


def test_prepared_data_break_no_rule(tmp_path: Path) -> None:
    assert found(prepared(tmp_path), EXACT) == []


def test_prepared_data_with_a_response_format_break_no_rule(tmp_path: Path) -> None:
    assert found(prepared(tmp_path, answers=LABEL), AS_JSON) == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"messages": []}, "messages: expected a list of messages with at least one, got an empty list"),
        ({"messages": "CPU"}, "messages: expected a list of messages with at least one, got a string"),
        ({"messages": ["CPU"]}, "messages: expected a list of messages with at least one, got an array"),
        (
            {"messages": [*said("Judge.", "system"), *said("CPU")]},
            "messages[0].role: expected 'developer' instead of 'system'",
        ),
        (
            {"messages": [*said("x", "function"), *said("CPU")]},
            "messages[0].role: expected one of developer, user, assistant, tool, got 'function'",
        ),
        (
            {"messages": [*said("CPU"), *said("anomaly", "assistant")]},
            "messages: expected the last message to be the user's, got 'assistant'",
        ),
        (
            {"messages": said([{"type": "input_audio", "input_audio": {}}])},
            "messages[0].content[0]: expected text or an image (text, image_url), got 'input_audio'",
        ),
        ({"messages": said(3)}, "messages[0].content: expected text or a list of parts, got a number"),
        (
            {"messages": said("Think in a Chain of Thought.")},
            "messages[0].content: 'chain of thought' may trip Azure's safety filter",
        ),
        ({"tools": "hammer"}, "tools: reserved for the functions that a model may call: expected a list of objects"),
        ({"parallel_tool_calls": True}, "parallel_tool_calls: the server adds a field of this name: rename it"),
    ],
)
def test_a_line_that_openais_reinforcement_fine_tuning_refuses(tmp_path: Path, fields: Row, problem: str) -> None:
    assert changed(prepared(tmp_path), "openai/rft/train.jsonl", last(**fields)) == [
        f"openai/rft/train.jsonl:12: {problem}"
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [*said("Judge.", "developer"), *said("CPU"), *said("Since when?", "assistant"), *said("Now")]},
        {"messages": said([{"type": "text", "text": "CPU"}, {"type": "image_url", "image_url": {"url": "x"}}])},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [{}]}, *said("{}", "tool"), *said("So?")]},
        {"tools": [{"type": "function"}]},
        {"extra": {"nested": [1]}},
    ],
)
def test_a_line_that_openais_reinforcement_fine_tuning_takes(tmp_path: Path, fields: Row) -> None:
    assert changed(prepared(tmp_path), "openai/rft/train.jsonl", last(**fields)) == []


def test_a_filtered_phrase_is_a_warning_and_a_wrong_role_is_fatal(tmp_path: Path) -> None:
    data = prepared(tmp_path)
    for content, role, fatal in (("chain-of-thought", "user", False), ("CPU", "system", True)):
        changed(data, "openai/rft/train.jsonl", last(messages=[*said(content, role), *said("CPU")]))
        assert [problem.fatal for problem in problems(data)] == [fatal]


def test_a_line_with_nothing_for_the_grader_to_read(tmp_path: Path) -> None:
    assert changed(prepared(tmp_path), "openai/rft/train.jsonl", lambda lines: lines[-1].pop("reference_answer")) == [
        "openai/rft/train.jsonl:12: reference_answer: missing; expected at least one field beside messages for the "
        "grader to read"
    ]


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        (said("CPU"), "messages: expected the last message to be the assistant's, got 'user'"),
        (
            [*said("CPU"), *said("", "assistant")],
            "messages[1].content: expected the answer to learn, got an empty text",
        ),
    ],
)
def test_a_line_that_supervised_fine_tuning_refuses(tmp_path: Path, messages: list[Row], problem: str) -> None:
    assert changed(prepared(tmp_path), "openai/sft/validation.jsonl", last(messages=messages)) == [
        f"openai/sft/validation.jsonl:12: {problem}"
    ]


@pytest.mark.parametrize(
    ("name", "fields", "problem"),
    [
        ("rft", {"prompt": []}, "prompt: expected a list of messages with at least one, got an empty list"),
        (
            "rft",
            {"prompt": said("x", "assistant")},
            "prompt: expected the last message to be the user's, got 'assistant'",
        ),
        ("rft", {"log_metric": 1}, "log_metric: a grader can't get a column of this name from TRL: rename it"),
        (
            "rft",
            {"reference_answer": 1},
            "reference_answer: a number, and a string in trl/rft/train.jsonl:1: an Arrow table refuses it, fairmark's "
            "jobs don't",
        ),
        ("sft", {"completion": []}, "completion: expected a list of messages, got an empty list"),
        ("sft", {"completion": said("", "assistant")}, "completion: expected the answer to learn, got an empty text"),
    ],
)
def test_a_line_that_trl_cant_use(tmp_path: Path, name: str, fields: Row, problem: str) -> None:
    assert changed(prepared(tmp_path), f"trl/{name}/train.jsonl", last(**fields)) == [
        f"trl/{name}/train.jsonl:12: {problem}"
    ]


def test_an_arrow_table_takes_trls_files_and_refuses_columns_of_two_types(tmp_path: Path) -> None:
    prepared(tmp_path, *rows("more", 1, host=None))
    for name in ("rft", "sft"):
        assert pyarrow.json.read_json(tmp_path / f"trl/{name}/train.jsonl").num_rows == 13
    data = prepared(tmp_path, *rows("more", 1, host="db1"), *rows("odd", 1, host=7))
    assert [(one.line, one.field) for one in problems(data)] == [(14, "host")]
    with pytest.raises(pyarrow.ArrowInvalid, match="host"):
        pyarrow.json.read_json(tmp_path / "trl/rft/train.jsonl")


def test_a_missing_value_goes_with_any_type_of_trls_columns(tmp_path: Path) -> None:
    assert changed(prepared(tmp_path), "trl/rft/train.jsonl", last(host=None)) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [("{", "expected JSON, got {"), ("[]", "expected an object, got []"), ("NaN", "NaN is not JSON")],
)
def test_a_line_that_is_no_object(tmp_path: Path, line: str, problem: str) -> None:
    (one,) = changed(prepared(tmp_path), "openai/rft/train.jsonl", lambda lines: lines.append(line))
    assert one.startswith(f"openai/rft/train.jsonl:13: {problem}")


def test_fewer_than_ten_rows_are_too_few_for_openai(tmp_path: Path) -> None:
    assert found(prepared(tmp_path, validation=rows("validation", 9))) == [
        f"openai/{method}/validation.jsonl: expected at least 10 rows, got 9" for method in METHODS
    ]
    assert found(prepared(tmp_path, validation=rows("validation", 10))) == []


@pytest.mark.parametrize("side", ["train", "validation"])
def test_reinforcement_fine_tuning_has_a_limit_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    assert rules.MOST_ROWS == {"train": 50_000, "validation": 1_000}
    data = prepared(tmp_path)
    monkeypatch.setitem(rules.MOST_ROWS, side, 12)
    assert found(data) == []
    monkeypatch.setitem(rules.MOST_ROWS, side, 11)
    assert found(data) == [f"openai/rft/{side}.jsonl: expected at most 11 rows, got 12; change --shares"]


def test_a_file_over_512_megabytes_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules.MOST_BYTES == 512_000_000
    data = prepared(tmp_path)
    largest = max((file.bytes, name) for name, file in data.manifest.files.items() if name.startswith("openai/"))
    monkeypatch.setattr(rules, "MOST_BYTES", largest[0])
    assert found(data) == []
    monkeypatch.setattr(rules, "MOST_BYTES", largest[0] - 1)
    assert found(data) == [f"{largest[1]}: expected at most {largest[0] - 1:,} bytes, got {largest[0]:,}"]


def test_a_row_in_both_files_is_named_with_both_lines(tmp_path: Path) -> None:
    shared = rows("validation")[3]
    assert found(prepared(tmp_path, shared)) == [
        f"{name}/validation.jsonl:4: the same row as {name}/train.jsonl:13; a row may be in one of the two only"
        for name in ("openai/rft", "openai/sft", "trl/rft", "trl/sft")
    ]


def test_a_row_that_is_repeated_in_training_is_no_problem(tmp_path: Path) -> None:
    assert found(prepared(tmp_path, *rows("train")[:3]), EXACT) == []


def test_a_file_that_changed_or_is_gone_is_named(tmp_path: Path) -> None:
    data = prepared(tmp_path)
    (tmp_path / "test.jsonl").write_text("{}\n")
    (tmp_path / "trl/sft/train.jsonl").unlink()
    why = "missing, or changed since the manifest was written; prepare the data again"
    assert set(found(data)) == {f"test.jsonl: {why}", f"trl/sft/train.jsonl: {why}"}


def test_both_files_are_required(tmp_path: Path) -> None:
    data = prepared(tmp_path)
    del data.manifest.targets["openai"]["rft"]["validation"]
    assert found(data) == ["manifest.json: no validation file of rft; both are required"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("tools", "where it means something else"),
        ("parallel_tool_calls", "where it means something else"),
        ("weight", "which knows no weights: there every row counts the same"),
    ],
)
def test_a_column_that_openais_files_leave_out_is_a_warning_said_once(tmp_path: Path, name: str, why: str) -> None:
    data = prepared(tmp_path, *rows("more", 2, **{name: 1}))
    message = f"left out of the files for openai, {why}"
    assert list(problems(data)) == [Problem("train.jsonl", 13, name, message, fatal=False)]


# Response formats


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"type": "text"}, "type"),
        ({"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}, "json_schema.name"),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "array"}}}, "json_schema.schema"),
    ],
)
def test_a_response_format_that_is_none(tmp_path: Path, broken: Row, field: str) -> None:
    (one,) = problems(prepared(tmp_path, answers=broken))
    assert (one.file, one.field, one.fatal) == (RESPONSE_FORMAT, field, True)


def test_a_grader_that_reads_json_without_a_response_format(tmp_path: Path) -> None:
    why = "the grader reads it, and OpenAI fills it under a response format only; give one"
    assert found(prepared(tmp_path), AS_JSON) == [f"{RESPONSE_FORMAT}: sample.output_json.label: {why}"]


def test_a_grader_that_reads_a_property_the_response_format_lacks(tmp_path: Path) -> None:
    first, *_ = found(prepared(tmp_path, answers=response_format(verdict={"type": "string"})), AS_JSON)
    assert (
        first
        == f"{RESPONSE_FORMAT}: sample.output_json.label: the grader reads it, and the response format has verdict"
    )


def test_an_answer_that_the_response_format_doesnt_allow(tmp_path: Path) -> None:
    odd = rows("odd", 1)[0] | {"reference_answer": "unknown"}
    (one,) = found(prepared(tmp_path, odd, answers=LABEL), AS_JSON)
    assert one.startswith(
        'train.jsonl:13: item.reference_answer: the response format doesn\'t allow {"label": "unknown"}: '
    )


def test_a_row_that_lacks_a_property_is_named_and_the_others_are_tested(tmp_path: Path) -> None:
    both = response_format(label={"type": "string"}, reason={"type": "string"})
    data = prepared(tmp_path)
    lacking, *others = rows("train", 12, reason="load")
    del lacking["reason"]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (lacking, *others)))
    data.manifest.files["train.jsonl"].sha256 = str(digest(tmp_path / "train.jsonl"))
    data.manifest.response_format = both
    told = [str(one) for one in problems(data, parse_grader(AS_JSON)) if one.file == "train.jsonl"]
    missing = "the response format requires 'reason', which neither the reference nor a column holds"
    assert told == [f"train.jsonl:1: item.reference_answer: {missing}"]


# The grader


def test_a_grader_reads_what_its_templates_name() -> None:
    grader = parse_grader(
        {
            "type": "multi",
            "graders": {"a": EXACT, "b": EXACT | {"reference": "{{ item.facts[0].name }} of {{ item.place }}"}},
            "calculate_output": "a + b",
        }
    )
    read = {"sample.output_text", "item.reference_answer", "item.facts[0].name", "item.place"}
    assert {str(variable) for variable in variables(grader)} == read


def test_a_default_that_a_row_may_lack_is_not_asked_for() -> None:
    grader = parse_grader({"type": "code_tests", "input": "{{ sample.output_text }}", "tests": "{{ item.tests }}"})
    assert {str(variable) for variable in variables(grader)} == {"sample.output_text", "item.tests"}


def test_a_row_that_lacks_what_the_grader_reads_is_named_on_each_platform(tmp_path: Path) -> None:
    grader = EXACT | {"input": "{{ sample.output_text }} {{ item.unit }}", "reference": "{{ item.reference_answer }} %"}
    data = prepared(tmp_path, *rows("more", 1), validation=rows("validation", unit="%"))
    missing = [one for one in found(data, grader) if "missing" in one]
    assert len(missing) == 2 * 13
    assert missing[0] == "openai/rft/train.jsonl:1: item.unit: missing; the grader reads it"
    assert missing[-1] == "trl/rft/train.jsonl:13: item.unit: missing; the grader reads it"


def test_a_grader_may_read_the_prompt(tmp_path: Path) -> None:
    grader = {
        "type": "multi",
        "graders": {"right": EXACT, "told": EXACT | {"input": "{{ item.messages[0].content }}", "reference": "Judge."}},
        "calculate_output": "right * told",
    }
    assert found(prepared(tmp_path), grader) == []


def test_a_column_that_the_platform_takes_away_is_missed_by_the_grader(tmp_path: Path) -> None:
    grader = EXACT | {"reference": "{{ item.parallel_tool_calls }}"}
    data = prepared(tmp_path, validation=rows("validation", parallel_tool_calls="yes"))
    missing = "item.parallel_tool_calls: missing; the grader reads it"
    assert f"openai/rft/validation.jsonl:1: {missing}" in found(data, grader)
    assert f"trl/rft/validation.jsonl:1: {missing}" not in found(data, grader)


def test_a_right_answer_that_doesnt_score_full_is_named(tmp_path: Path) -> None:
    odd = rows("odd", 1)[0] | {"reference_answer": "anomaly "}
    grader = {"type": "classification", "input": "{{ sample.output_text }}", "labels": ["normal", "anomaly"]}
    grader |= {"reference": "{{ item.reference_answer }}"}
    assert found(prepared(tmp_path, odd), grader) == []
    odd["reference_answer"] = "sick"
    (one,) = found(prepared(tmp_path, odd), grader)
    assert one.startswith('train.jsonl:13: item.reference_answer: the right answer "sick" scores ungradable')
    assert one.endswith("; expected 1")


def test_a_wrong_answer_that_scores_full_is_a_warning_and_many_are_fatal(tmp_path: Path) -> None:
    odd = rows("odd", 1)[0] | {"reference_answer": "norm"}
    hackable = EXACT | {"operation": "like"}
    few = prepared(tmp_path, *rows("many", 200), odd)
    assert [(one.line, one.fatal) for one in problems(few, parse_grader(hackable))] == [(213, False)]
    anything = EXACT | {"input": "{{ item.reference_answer }}"}
    fatal = [one for one in problems(few, parse_grader(anything)) if one.fatal]
    assert [(one.file, one.message) for one in fatal] == [
        ("train.jsonl", "wrong answers score full in 213 of 213"),
        ("validation.jsonl", "wrong answers score full in 12 of 12"),
    ]


def test_a_repeated_row_is_tested_once(tmp_path: Path) -> None:
    odd = rows("odd", 1)[0] | {"reference_answer": "sick"}
    grader = {"type": "classification", "input": "{{ sample.output_text }}", "labels": ["normal", "anomaly"]}
    grader |= {"reference": "{{ item.reference_answer }}"}
    assert len(found(prepared(tmp_path, odd, odd, odd), grader)) == 1
