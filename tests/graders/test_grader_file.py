"""Graders in files: what is read, and what is said of a file that is wrong."""

import json
import os
import sys
from pathlib import Path

import pytest

from fairmark_graders import InvalidGrader, Multi, StringCheck, grade
from fairmark_graders.grader_file import MAX_BYTES, grader_files, read_grader, shipped_catalog

EXACT = {
    "type": "string_check",
    "name": "exact",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
    "operation": "eq",
}
YAML = """\
# The reference, word for word.
type: string_check
input: "{{ sample.output_text }}"
reference: "{{ item.reference_answer }}"
operation: eq
"""


def problems(path: Path, content: str | bytes) -> list[str]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidGrader) as refused:
        read_grader(path)
    return [str(problem) for problem in refused.value.problems]


def test_json_and_yaml_give_the_same_grader(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({**EXACT, "name": None}))
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "a.yml").write_text("\ufeff" + YAML)
    first, *others = [read_grader(path) for path in grader_files(tmp_path)]
    assert others == [first, first]


def test_every_shipped_example_is_named_after_its_file() -> None:
    graders = {path.stem: read_grader(path) for path in grader_files(shipped_catalog())}
    assert {name: grader.name for name, grader in graders.items()} == {name: name for name in graders}
    assert {"exact", "contains", "similarity", "rouge", "exact_or_similar"} <= graders.keys()


@pytest.mark.parametrize("indent", [2, "\t"])
def test_a_wrong_field_of_a_json_file_is_found_on_its_line(tmp_path: Path, indent: int | str) -> None:
    text = json.dumps({**EXACT, "operation": "same"}, indent=indent)
    assert problems(tmp_path / "a.json", text) == ["line 6: operation: input should be 'eq', 'ne', 'like' or 'ilike'"]


def test_every_wrong_field_is_told_with_its_line(tmp_path: Path) -> None:
    found = problems(tmp_path / "a.yaml", YAML.replace("eq", "same") + "colour: red\n")
    assert [problem.split(": ")[:2] for problem in found] == [["line 5", "operation"], ["line 6", "colour"]]


def test_a_wrong_part_is_found_on_its_line_even_if_its_name_has_a_dot(tmp_path: Path) -> None:
    text = """\
type: multi
calculate_output: "1"
graders:
  a.b:
    type: string_check
    input: x
    reference: x
    operation: same
"""
    found = problems(tmp_path / "a.yaml", text)
    assert [problem.partition(": ")[0] for problem in found] == ["line 4", "line 8"]


def test_a_missing_field_is_told_with_the_line_of_what_should_hold_it(tmp_path: Path) -> None:
    text = 'type: multi\ncalculate_output: exact\ngraders:\n  exact: {type: string_check, input: "", reference: ""}\n'
    assert problems(tmp_path / "a.yaml", text) == ["line 4: graders.exact.operation: missing"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", '{"type":\n}', "line 2: expecting value"),
        ("a.json", "", "line 1: expecting value"),
        ("a.json", '{"a": 1,\n"b": {"c": 1,\n"c": 2}}', "line 3: the key 'c' is there twice"),
        ("a.json", '{"a": NaN}', "NaN is not JSON"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", '{"a":\n"\xff"}'.encode("latin-1"), "line 2: expected UTF-8, found byte 0xff"),
        ("a.json", " " * (MAX_BYTES + 1), "expected at most 1,000,000 bytes"),
        ("a.yaml", "", "the file is empty"),
        ("a.yaml", "type: string_check\ninput: a: b\n", "line 2: mapping values are not allowed here"),
        ("a.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: the key 'c' is there twice"),
        ("a.yaml", "a: 1\n---\nb: 2\n", "line 2: expected a single document in the stream, but found another document"),
        ("a.yaml", "a: &x [1]\nb: *x\n", "line 1: expected no alias of this value"),
        ("a.yaml", "a: &x {b: *x}\n", "line 1: expected no alias of this value"),
        ("a.yaml", "a: 1\nb: \x07\n", "line 2: special characters are not allowed"),
        ("a.yaml", "[" * 1_000, "nested too deeply"),
        ("a.yaml", "a: 2024-13-45\n", "month must be in 1..12"),
    ],
)
def test_a_file_that_is_no_json_or_yaml_is_refused_with_the_line(
    tmp_path: Path, name: str, content: str | bytes, expected: str
) -> None:
    assert problems(tmp_path / name, content) == [expected]


def test_yaml_builds_no_python_objects(tmp_path: Path) -> None:
    (found,) = problems(tmp_path / "a.yaml", "a: 1\nb: !!python/object/apply:os.getpid []\n")
    assert found.startswith("line 2: could not determine a constructor")


def test_integers_beyond_64_bits_stay_exact(tmp_path: Path) -> None:
    huge = 2**70 + 1
    (tmp_path / "a.json").write_text(json.dumps({**EXACT, "reference": f"{huge}"}))
    assert grade(read_grader(tmp_path / "a.json"), {"output_text": str(huge)}).score == 1.0


def test_a_missing_file_a_directory_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    for name, expected in [
        ("none.json", "can't be read: No such file"),
        ("", "regular file"),
        ("pipe.json", "regular"),
    ]:
        with pytest.raises(InvalidGrader, match=expected):
            read_grader(tmp_path / name)


def test_without_pyyaml_json_is_read_and_yaml_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "a.json").write_text(json.dumps(EXACT))
    assert isinstance(read_grader(tmp_path / "a.json"), StringCheck)
    assert problems(tmp_path / "a.yaml", YAML) == [
        "YAML takes PyYAML, which the cli extra brings: pip install 'fairmark[cli]'"
    ]
    assert problems(tmp_path / "a.json", json.dumps({**EXACT, "operation": "same"})) == [
        "operation: input should be 'eq', 'ne', 'like' or 'ilike'"
    ]
    assert problems(tmp_path / "a.json", '{"a": 1, "a": 2}') == ["the key 'a' is there twice"]


def test_a_directory_gives_its_visible_grader_files_by_name(tmp_path: Path) -> None:
    for name in ["b.json", "a.yaml", ".hidden.json", "README.md", "c.yml"]:
        (tmp_path / name).touch()
    assert [path.name for path in grader_files(tmp_path)] == ["a.yaml", "b.json", "c.yml"]


def test_the_multi_example_takes_half_of_the_similarity() -> None:
    multi = read_grader(shipped_catalog() / "exact_or_similar.yaml")
    assert isinstance(multi, Multi)
    verdict = grade(multi, "pariss", {"reference_answer": "paris"})
    assert verdict.sub_scores["exact"] == 0.0
    assert verdict.score == 0.5 * (verdict.sub_scores["similar"] or 0.0) > 0.3
