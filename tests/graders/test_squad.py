"""SQuAD's normalisation, and what exact_match and f1 take for their references."""

import re
import string
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cpu import cpu_at_most

from fairmark_graders import Verdict, grade
from fairmark_graders.squad import LONGEST, normalised

EXACT = {"type": "exact_match", "input": "{{ sample.output_text }}", "reference": "{{ item.answers }}"}
F1 = {**EXACT, "type": "f1"}
WORDS = st.lists(
    st.sampled_from(["the", "The", "a", "an", "Anna", "cat", "U.S.", "é", "e\u0301", "ß", "—", "«x»", "B"])
)
TEXTS = st.one_of(st.text(max_size=60), WORDS.map(" ".join))


def exact(text: str, answers: Any) -> Verdict:
    return grade(EXACT, text, {"answers": answers})


def f1(text: str, answers: Any) -> float | None:
    return grade(F1, text, {"answers": answers}).score


def of_the_script(text: str) -> str:
    """The normalisation of SQuAD 1.1's evaluation script, in its four steps."""
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


@given(st.text(st.characters(codec="ascii", exclude_characters=string.digits), max_size=60))
def test_ascii_without_digits_is_normalised_as_by_the_script(text: str) -> None:
    if theirs := of_the_script(text):
        assert normalised(text) == theirs


@given(TEXTS)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@given(TEXTS)
def test_only_white_space_is_normalised_to_nothing(text: str) -> None:
    assert (normalised(text) == "") == (not text.strip())


@given(TEXTS)
def test_canonically_equivalent_texts_are_the_same(text: str) -> None:
    assert normalised(unicodedata.normalize("NFD", text)) == normalised(unicodedata.normalize("NFC", text))


@given(TEXTS)
def test_every_reference_matches_itself(text: str) -> None:
    assert exact(text, text).score == f1(text, text) == 1


@pytest.mark.parametrize(
    "answers", [["Paris", "Lutetia"], '["Paris", "Lutetia"]', [1.5, "lutetia"], ["", "Lutetia"], "Lutetia"]
)
def test_the_best_of_several_references_counts(answers: Any) -> None:
    assert exact("Lutetia", answers).score == 1
    assert exact("Rome", answers).score == 0
    assert exact("", answers).score == 0
    assert f1("old Lutetia", answers) == pytest.approx(2 / 3)


def test_numbers_in_a_list_count_as_their_json() -> None:
    assert exact("1.5", [1.5, 2]).score == exact("2", [1.5, 2]).score == 1


def test_a_string_that_is_a_list_of_numbers_is_one_reference() -> None:
    assert exact("1", "[1, 2]").score == 0
    assert exact("[1, 2]", "[1, 2]").score == 1


def test_a_path_into_the_item_may_name_the_list() -> None:
    nested = {**EXACT, "reference": "{{ item.answers.text }}"}
    assert grade(nested, "Paris", {"answers": {"text": ["Paris", "Lutetia"], "answer_start": [3, 9]}}).score == 1


@pytest.mark.parametrize("answers", [[], [""], ["", " "], ""])
def test_a_question_without_an_answer_wants_an_empty_one(answers: Any) -> None:
    assert exact("", answers).score == f1("", answers) == 1
    assert exact("Paris", answers).score == f1("Paris", answers) == 0


@pytest.mark.parametrize("text", ["Paris", "", "x" * (LONGEST + 1), "<think>endless"])
@pytest.mark.parametrize("answers", [None, ["Paris", None], [["Paris"]], "x" * (LONGEST + 1), ["x" * LONGEST, "x"]])
def test_an_unreadable_reference_is_ungradable_whatever_the_answer(text: str, answers: Any) -> None:
    for verdict in (exact(text, answers), grade(F1, text, {"answers": answers})):
        assert (verdict.score, verdict.outcome) == (None, "ungradable")


def test_a_reference_made_of_the_sample_is_the_models_to_keep_short() -> None:
    turned = {**F1, "input": "{{ item.answers }}", "reference": "{{ sample.output_text }}"}
    assert grade(turned, "x" * 10_001, {"answers": "x"}).score == 0


@pytest.mark.parametrize(
    "unit", ["a ", "word ", ".", " -5", "1.5-", "é", "ΐ", "각", "北", "e\u0316\u0301", "\u0316\u0301", "Aa"]
)
def test_hostile_texts_take_milliseconds(unit: str) -> None:
    text = (unit * LONGEST)[:LONGEST]
    for configuration, answers in ((EXACT, text), (F1, text), (F1, list(text)), (EXACT, list(text))):
        with cpu_at_most(0.5):  # 130 ms at most on an idle machine
            grade(configuration, text, {"answers": answers})
