"""fairmark's regex."""

import importlib.util
import pickle
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cpu import cpu_at_most
from tests.graders.in_place import in_place

from fairmark_graders import InvalidGrader, Sample, Verdict, grade, parse_grader
from fairmark_graders.grader import Leaf
from fairmark_graders.regex import STEPS_IN_PLACE, find

FINDS = {"type": "regex", "input": "{{ sample.output_text }}"}
GROUP = {**FINDS, "pattern": r"Answer:\s*(?P<letter>[A-D])\b", "reference": "{{ item.answer }}"}


@pytest.mark.parametrize(
    ("change", "text", "score"),
    [
        ({"pattern": "b+"}, "abba", 1),
        ({"pattern": "b+"}, "aa", 0),
        ({"pattern": "b+", "match": "fullmatch"}, "abba", 0),
        ({"pattern": "[ab]+", "match": "fullmatch"}, "abba", 1),
        ({"pattern": "a|ab", "match": "fullmatch"}, "ab", 1),
        ({"pattern": "ABBA"}, "abba", 0),
        ({"pattern": "ABBA", "ignore_case": True}, "abba", 1),
        ({"pattern": "^b$"}, "a\nb\nc", 0),
        ({"pattern": "(?m)^b$"}, "a\nb\nc", 1),
        ({"pattern": "a.b"}, "a\nb", 0),
        ({"pattern": "(?s)a.b"}, "a\nb", 1),
        ({"pattern": "^.$"}, "é", 1),
        ({"pattern": r"\d"}, "٣", 0),
        ({"pattern": r"\pN"}, "٣", 1),
        ({"pattern": "naïve 😀"}, "so naïve 😀", 1),
        ({"pattern": "x}}"}, "x}}", 1),
    ],
)
def test_a_pattern_is_found_or_not(change: dict[str, object], text: str, score: int) -> None:
    verdict = grade({**FINDS, **change}, text)
    assert (verdict.score, verdict.outcome) == (score, "graded")
    assert verdict.rule == f"regex.{change.get('match', 'search')}"


@pytest.mark.parametrize("group", [1, "letter"])
def test_what_a_group_found_is_compared_with_the_reference(group: object) -> None:
    grader = parse_grader({**GROUP, "group": group})
    assert grade(grader, "Answer: B.", {"answer": "B"}).score == 1
    wrong = grade(grader, "Answer: C.", {"answer": "B"})
    assert (wrong.score, wrong.reason) == (0, f"group {group} is 'C'")


def test_without_a_group_the_whole_match_is_compared() -> None:
    grader = parse_grader({**FINDS, "pattern": r"\d+", "reference": "{{ item.answer }}"})
    assert grade(grader, "it is 42 é", {"answer": 42}).score == 1
    assert grade(grader, "it is 421", {"answer": 42}).score == 0


def test_a_group_that_took_no_part_is_not_the_empty_text() -> None:
    grader = parse_grader({**FINDS, "pattern": "(a)|b", "group": 1, "reference": "{{ item.answer }}"})
    assert grade(grader, "b", {"answer": ""}).reason == "group 1 matched nothing"


def test_the_first_match_counts_and_a_greedy_start_finds_the_last() -> None:
    text, item = "Answer: A? No. Answer: B", {"answer": "B"}
    assert grade({**GROUP, "group": 1}, text, item).score == 0
    assert grade({**GROUP, "group": 1, "pattern": r"(?s).*Answer:\s*([A-D])"}, text, item).score == 1


def test_a_variable_that_is_the_whole_pattern_holds_a_pattern() -> None:
    grader = parse_grader({**FINDS, "pattern": "{{ item.pattern }}"})
    assert grade(grader, "3x5", {"pattern": "3.5"}).score == 1


def test_a_variable_among_other_characters_stands_for_its_own() -> None:
    grader = parse_grader({**FINDS, "pattern": "^{{ item.answer }}$"})
    assert grade(grader, "3.5", {"answer": "3.5"}).score == 1
    assert grade(grader, "3x5", {"answer": "3.5"}).score == 0
    assert grade(grader, "é(", {"answer": "é("}).score == 1


@pytest.mark.parametrize("answer", ["", ["A", "B"], {"a": 1}, None])
def test_an_item_that_every_text_would_match_is_ungradable(answer: object) -> None:
    for pattern in ("^{{ item.answer }}", "{{ item.answer }}"):
        assert grade({**FINDS, "pattern": pattern}, "A", {"answer": answer}).outcome == "ungradable"


def test_a_reference_that_is_a_list_is_ungradable_and_a_number_is_its_text() -> None:
    grader = parse_grader({**FINDS, "pattern": r"\d+", "reference": "{{ item.answer }}"})
    assert grade(grader, "42", {"answer": ["42", "43"]}).reason == (
        "the reference '{{ item.answer }}': expected a text, got an array"
    )
    assert grade(grader, "42", {"answer": 42}).score == 1


@pytest.mark.parametrize(("ignore_case", "score"), [(True, 1), (False, 0)])
def test_ignoring_case_holds_for_the_reference_too(ignore_case: bool, score: int) -> None:
    grader = {**GROUP, "pattern": "(?i)answer: (.+)", "group": 1, "ignore_case": ignore_case}
    assert grade(grader, "Answer: straße", {"answer": "STRASSE"}).score == score


@settings(deadline=None)
@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_any_answer_stands_for_its_own_characters(answer: str, other: str) -> None:
    grader = {**FINDS, "pattern": r"\A{{ item.answer }}\z", "fairmark": {"thinking": None}}
    assert grade(grader, answer, {"answer": answer}).score == 1
    assert grade(grader, other, {"answer": answer}).score == (other == answer)


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (r"(a)\1", r"pattern: RE2 can't run it: invalid escape sequence: \1 at character 4"),
        ("a(?=b)", "pattern: RE2 can't run it: invalid perl operator: (?= at character 2"),
        ("(?<!a)b", "pattern: RE2 can't run it: invalid perl operator: (?<! at character 1"),
        ("(", "pattern: RE2 can't run it: missing ): ( at character 1"),
        ("((a{30}){30}){30}", "pattern: RE2 can't run it: invalid repetition size: {30}"),
        (r"\pL{1000}", "pattern: RE2 can't run it: pattern too large"),
        ("\ud800", "pattern: expected Unicode text, got a lone surrogate"),
        ("", "pattern: expected 1 to 10,000 characters, got 0"),
        ("a" * 10_001, "pattern: expected 1 to 10,000 characters, got 10,001"),
        ("a{1000}" * 6, "pattern: expected at most 5,000 instructions, got "),
        ("{{ sample.output_text }}", "pattern: expected variables of the item only"),
    ],
)
def test_a_pattern_that_can_not_be_run_is_refused(pattern: str, problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({**FINDS, "pattern": pattern})
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"group": 2}, "pattern: has 1 groups, and no group 2"),
        ({"group": "digit"}, "pattern: has no group called 'digit'"),
        ({"group": -1}, "group: expected the number or the name of a group"),
        ({"group": True}, "group: expected the number or the name of a group"),
        ({"group": 1, "reference": None}, "group: there is no reference to compare it with"),
        ({"match": "match"}, "match: input should be 'search' or 'fullmatch'"),
        ({"reference": "{{ sample.output_text }}"}, "reference: expected variables of the item only"),
        ({"flags": "i"}, "flags: unknown field"),
    ],
)
def test_a_bad_configuration_is_refused_by_field(change: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({**GROUP, **change})
    assert str(refused.value).startswith(problem)


def test_without_re2_it_is_refused_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == "re2" else found(name))
    with pytest.raises(InvalidGrader, match=r"type: 'regex' needs RE2; install fairmark\[patterns\]"):
        parse_grader(GROUP)


@pytest.mark.parametrize("pattern", [r"(a)\1", "", "(", "a" * 1_001])
@pytest.mark.parametrize("sample", ["a", {}, "x" * 250_001])
def test_an_items_unreadable_pattern_is_ungradable_whatever_the_model_said(pattern: str, sample: object) -> None:
    verdict = grade({**FINDS, "pattern": "{{ item.pattern }}"}, sample, {"pattern": pattern})  # type: ignore[arg-type]
    assert (verdict.score, verdict.outcome) == (None, "ungradable")


def test_a_bad_pattern_of_an_item_is_read_once() -> None:
    grader, item = parse_grader({**FINDS, "pattern": "{{ item.pattern }}"}), {"pattern": r"\pL" * 333}
    assert isinstance(grader, Leaf)
    times = []
    for _ in range(5):
        began = time.process_time()
        assert isinstance(grader.start(Sample("a"), item), Verdict)
        times.append(time.process_time() - began)
    assert times[0] > 10 * min(times[1:])


@pytest.mark.parametrize("sample", ["Answer: B", {}, "<think>"])
def test_a_missing_reference_is_ungradable_and_a_missing_text_is_0(sample: object) -> None:
    grader = parse_grader(GROUP)
    assert grade(grader, sample, {}).outcome == "ungradable"  # type: ignore[arg-type]
    assert grade(grader, "" if sample == "Answer: B" else sample, {"answer": "B"}).score == 0  # type: ignore[arg-type]


def test_thinking_is_not_searched() -> None:
    assert grade(GROUP, "<think>Answer: B</think>Answer: C", {"answer": "Answer: C"}).score == 1


def test_half_a_surrogate_pair_in_the_text_is_a_question_mark() -> None:
    assert grade({**FINDS, "pattern": r"^a\?$"}, "a\ud800").score == 1


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 249_999 + "!"),
        ("(a|aa)+$", "a" * 249_999 + "!"),
        ("(x+x+)+y", "x" * 250_000),
        ("(.*)*=", "." * 250_000),
        ("(a|b)*a(a|b){100}c", "ab" * 125_000),
    ],
)
def test_no_pattern_blows_up(pattern: str, text: str) -> None:
    with cpu_at_most(3):
        assert find(pattern, False, "search", None, text) == (False, None)


def test_short_texts_are_searched_in_place_and_long_ones_in_a_worker() -> None:
    grader = {**FINDS, "pattern": "a{48}b"}
    assert in_place(grader, "a" * 1_000) is not None
    assert in_place(grader, "a" * STEPS_IN_PLACE) is None
    assert grade(grader, "a" * STEPS_IN_PLACE + "b").score == 1


def test_a_text_too_long_for_its_pattern_is_told_before_it_is_searched() -> None:
    verdict = grade({**FINDS, "pattern": "a{900}a{900}b|a{1000}a{1000}"}, "é" * 240_000)
    assert (verdict.score, verdict.error) == (0, "limit")
    assert "too long for this pattern" in str(verdict.reason)


def test_a_copy_made_by_pickle_is_the_same_grader() -> None:
    grader = parse_grader({**GROUP, "group": "letter"})
    copy = pickle.loads(pickle.dumps(grader))
    assert copy.version == grader.version
    assert grade(copy, "Answer: B", {"answer": "B"}).score == 1


def test_the_release_of_re2_is_in_the_version() -> None:
    assert "google-re2" in parse_grader(GROUP).decides()["libraries"]


def test_re2_is_not_imported_with_the_package() -> None:
    code = "import sys, fairmark_graders; sys.exit('re2' in sys.modules or 'jsonschema_rs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
