"""`fairmark graders`."""

import json
from pathlib import Path

from tests.running import Running

from fairmark_graders import parse_grader
from fairmark_graders.grader_file import grader_files, read_grader, shipped_catalog

from .cli import fairmark

EXACT = read_grader(shipped_catalog() / "exact.json")
BROKEN = (
    'type: string_check\ninput: "{{ sample.output_text }}"\nreference: "{{ itme.x }}"\noperation: eq\ncolour: red\n'
)


def test_the_list_shows_every_shipped_grader_with_type_place_and_version() -> None:
    listed = fairmark("graders", "list")
    assert listed.returncode == 0
    lines = {
        cells[1]: cells for line in listed.stdout.splitlines() if len(cells := line.replace("│", " │ ").split()) > 5
    }
    assert {path.stem for path in grader_files(shipped_catalog())} <= lines.keys()
    assert lines["exact"][3:8:2] == ["string_check", "inline", EXACT.version]
    assert "shared" in lines["similarity"]


def test_the_list_of_shipped_graders_breaks_no_line_at_80_columns() -> None:
    lines = fairmark("graders", "list", COLUMNS="80").stdout.splitlines()
    assert len(lines) == len(grader_files(shipped_catalog())) + 4
    assert max(map(len, lines)) <= 80


def test_the_list_of_a_folder_names_broken_files_and_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text((shipped_catalog() / "exact.json").read_text())
    (tmp_path / "bad.yaml").write_text(BROKEN)
    listed = fairmark("graders", "list", "--catalog", tmp_path)
    assert listed.returncode == 1
    assert f"│ {EXACT.version} │" in listed.stdout
    assert "bad.yaml: line 3: reference: unknown namespace 'itme'" in listed.stdout


def test_the_list_of_a_service_is_the_list_of_its_catalog(service: Running) -> None:
    assert fairmark("graders", "list", "--url", service.url).stdout == fairmark("graders", "list").stdout


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    listed = fairmark("graders", "list", "--catalog", tmp_path / "none")
    assert (listed.returncode, listed.stderr) == (2, f"fairmark: {tmp_path}/none: No such file or directory\n")


def test_show_prints_a_configuration_that_gives_the_same_grader() -> None:
    shown = fairmark("graders", "show", "exact")
    assert shown.returncode == 0
    assert parse_grader(json.loads(shown.stdout)).version == EXACT.version
    assert "fairmark" in json.loads(shown.stdout)


def test_show_keeps_the_null_that_leaves_thinking_in(tmp_path: Path) -> None:
    part = {
        "type": "string_check",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.answer }}",
        "operation": "eq",
        "fairmark": {"thinking": None},
    }
    multi = {"type": "multi", "graders": {"part": part}, "calculate_output": "part"}
    for name, grader in (("part", part), ("multi", multi)):
        (tmp_path / f"{name}.json").write_text(json.dumps(grader))
        shown = json.loads(fairmark("graders", "show", tmp_path / f"{name}.json").stdout)
        assert parse_grader(shown).version == parse_grader(grader).version
        assert "pass_threshold" not in shown


def test_show_for_openai_drops_what_is_fairmark_s_own_in_every_part() -> None:
    shown = json.loads(fairmark("graders", "show", "exact_or_similar", "--openai").stdout)
    assert "fairmark" not in json.dumps(shown)
    assert parse_grader(shown).type == "multi"


def test_show_guesses_what_a_wrong_name_means() -> None:
    shown = fairmark("graders", "show", "exat")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == "fairmark: the shipped catalog has no grader 'exat'; did you mean exact?\n"


def test_a_good_file_validates_with_its_version() -> None:
    path = shipped_catalog() / "exact.json"
    checked = fairmark("graders", "validate", path)
    assert (checked.returncode, checked.stdout) == (0, f"✓ {path}: string_check {EXACT.version}\n")


def test_validation_names_file_line_and_field_of_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(BROKEN)
    checked = fairmark("graders", "validate", path, shipped_catalog() / "exact.json")
    assert checked.returncode == 1
    first, second, third = checked.stdout.splitlines()
    assert first.startswith(f"✗ {path}: line 3: reference: unknown namespace 'itme'")
    assert second == f"✗ {path}: line 5: colour: unknown field"
    assert third.startswith("✓")


def test_a_file_that_is_not_there_is_a_problem_like_others(tmp_path: Path) -> None:
    checked = fairmark("graders", "validate", tmp_path / "none.json")
    assert checked.returncode == 1
    assert checked.stdout == f"✗ {tmp_path}/none.json: can't be read: No such file or directory\n"
