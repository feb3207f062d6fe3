"""How many words a text shares with a reference."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairmark_graders import grade

F1 = {"type": "f1", "input": "{{ sample.output_text }}", "reference": "{{ item.answers }}"}
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(["the", "a", "cat", "U.S.", "é", "北京", "—"])).map(" ".join)


def f1(text: str, answers: Any) -> float | None:
    return grade(F1, text, {"answers": answers}).score


@pytest.mark.parametrize(
    ("text", "reference", "score"),
    [
        # 2 of 3 words said, 2 of 2 right.
        ("the Red Eiffel Tower", "Eiffel tower", 4 / 5),
        ("cat cat cat", "cat dog", 2 / 5),
        ("cat dog", "cat cat cat", 2 / 5),
        ("dog", "cat", 0),
        ("", "cat", 0),
        ("cat", "", 0),
        ("", "", 1),
        # Three of three Han characters among four.
        ("北京市", "北京市区", 6 / 7),
        ("ルビー", "ルビ", 4 / 5),
    ],
)
def test_f1_is_the_value_reckoned_by_hand(text: str, reference: str, score: float) -> None:
    assert f1(text, reference) == pytest.approx(score)


@given(TEXTS, TEXTS)
def test_f1_lies_between_0_and_1_and_is_the_same_both_ways(text: str, reference: str) -> None:
    score = f1(text, reference)
    assert score is not None
    assert 0 <= score <= 1
    assert f1(reference, text) == score


def test_naming_every_candidate_costs_precision() -> None:
    assert (f1("Rome Paris Berlin Madrid", "Paris") or 0) < (f1("Paris", "Paris") or 0) / 2


def test_the_rule_is_the_type() -> None:
    assert grade(F1, "Paris", {"answers": "Paris"}).rule == "f1"
