"""The shaping parts of a multi: overlong_penalty, length_penalty, repetition_penalty and tag_format."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graders.in_place import in_place
from trl.rewards import (
    get_cosine_scaled_reward,
    get_repetition_penalty_reward,
    get_soft_overlong_punishment,
    think_format_reward,
)

from fairmark_graders import InvalidGrader, grade, parse_grader

OVERLONG = {"type": "overlong_penalty", "max_completion_len": 100, "soft_punish_cache": 20}
LENGTH = {"type": "length_penalty", "max_len": 100}
REPETITION = {"type": "repetition_penalty"}
FORMAT = {"type": "tag_format"}


@pytest.mark.parametrize(
    ("tokens", "penalty"), [(0, 0), (80, 0), (81, 0.05), (90, 0.5), (100, 1), (101, 1), (10**9, 1), (90.0, 0.5)]
)
def test_overlong_is_a_line_over_the_cache(tokens: int, penalty: float) -> None:
    assert grade(OVERLONG, {"completion_tokens": tokens}).score == pytest.approx(penalty)


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(1, 200), st.data())
def test_overlong_is_what_trl_subtracts(tokens: int, most: int, data: st.DataObject) -> None:
    cache = data.draw(st.integers(0, most))
    grader = {**OVERLONG, "max_completion_len": most, "soft_punish_cache": cache}
    (reward,) = get_soft_overlong_punishment(most, cache)(completion_ids=[[0] * tokens])
    assert grade(grader, {"completion_tokens": tokens}).score == pytest.approx(-reward)


def test_without_a_cache_overlong_is_a_step() -> None:
    grader = {**OVERLONG, "soft_punish_cache": 0}
    assert [grade(grader, {"completion_tokens": n}).score for n in (100, 101)] == [0, 1]


@pytest.mark.parametrize(
    ("tokens", "cosine", "linear"), [(0, 0, 0), (25, 0.1464466, 0.25), (50, 0.5, 0.5), (150, 1, 1)]
)
def test_length_grows_along_its_schedule(tokens: int, cosine: float, linear: float) -> None:
    sample = {"completion_tokens": tokens}
    assert grade(LENGTH, sample).score == pytest.approx(cosine)
    assert grade({**LENGTH, "schedule": "linear"}, sample).score == pytest.approx(linear)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 300), st.integers(1, 300))
def test_a_weighted_length_penalty_is_trls_cosine_scaled_reward_of_right_answers(tokens: int, most: int) -> None:
    trl = get_cosine_scaled_reward(most, min_value_correct=0.25, max_value_correct=1.0)
    right: dict[str, Any] = {"completions": [[{"content": r"\boxed{1}"}]], "solution": ["$1$"]}
    (reward,) = trl(**right, completion_ids=[[0] * min(tokens, most)])
    penalty = grade({**LENGTH, "max_len": most}, {"completion_tokens": tokens}).score
    assert penalty is not None
    assert 1 - 0.75 * penalty == pytest.approx(reward)


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 10**6))
def test_longer_is_never_better(schedule: str, one: float, other: float, most: int) -> None:
    grader = parse_grader({**LENGTH, "max_len": most, "schedule": schedule})
    short, long = (grade(grader, {"completion_tokens": tokens}).score for tokens in sorted([one, other]))
    assert short is not None
    assert long is not None
    assert 0 <= short <= long <= 1


@pytest.mark.parametrize(("unit", "length"), [("characters", 13), ("words", 3)])
def test_a_unit_other_than_tokens_is_counted_in_the_text(unit: str, length: int) -> None:
    grader = {**LENGTH, "schedule": "linear", "unit": unit}
    assert grade(grader, "one two\n three").score == pytest.approx((length + (unit == "characters")) / 100)


def test_thinking_counts_unless_its_tags_are_named() -> None:
    grader = {**LENGTH, "schedule": "linear", "unit": "words"}
    text = "<think>\na b c\n</think> d"
    assert grade(grader, text).score == pytest.approx(6 / 100)
    assert grade({**grader, "fairmark": {}}, text).score == pytest.approx(6 / 100)
    assert grade({**grader, "fairmark": {"thinking": {}}}, text).score == pytest.approx(1 / 100)


@pytest.mark.parametrize("grader", [OVERLONG, LENGTH])
@pytest.mark.parametrize("tokens", [None, "90", True, -1, math.nan, math.inf, 10**20, [90]])
def test_without_the_callers_count_of_tokens_there_is_no_score(grader: dict[str, Any], tokens: object) -> None:
    verdict = grade(grader, {"output_text": "a b", "completion_tokens": tokens})
    assert (verdict.score, verdict.outcome) == (None, "ungradable")
    assert str(verdict.reason).startswith("sample.completion_tokens: expected the caller's count of tokens, 0 to 1,0")


@pytest.mark.parametrize("sample", ["", {}, "<think>"])
def test_no_text_has_no_length_and_no_repetition(sample: Any) -> None:
    tags: dict[str, Any] = {"fairmark": {"thinking": {}}}
    assert grade({**OVERLONG, "unit": "words", **tags}, sample).score == 0
    assert grade({**REPETITION, **tags}, sample).score == 0


def test_a_text_over_the_bound_has_the_full_penalty() -> None:
    text = "ab " * 90_000
    overlong = grade({**OVERLONG, "max_completion_len": 10**9, "unit": "words"}, text)
    assert (overlong.score, overlong.reason) == (1, "too many words, 1,000,000,000 is the limit")
    assert grade(REPETITION, text).score == 1


@pytest.mark.parametrize(
    ("change", "text", "penalty"),
    [
        ({}, "a b c d e f", 0),
        ({}, "a b", 0),
        ({}, "a b c a b c", 1 / 4),
        ({}, "A b C\na  B c", 1 / 4),
        ({}, "go " * 12, 9 / 10),
        ({"ngram_size": 1}, "a b a b", 1 / 2),
        ({"ngram_size": 2}, "a b a b", 1 / 3),
        ({"unit": "characters", "ngram_size": 2}, "哈哈哈哈", 2 / 3),
    ],
)
def test_repetition_is_the_share_of_n_grams_seen_before(change: dict[str, Any], text: str, penalty: float) -> None:
    assert grade({**REPETITION, **change}, text).score == pytest.approx(penalty)


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), max_size=30), st.integers(1, 5))
def test_repetition_is_what_trl_subtracts_with_words_for_tokens(words: list[int], size: int) -> None:
    (reward,) = get_repetition_penalty_reward(size, -1.0)(completion_ids=[words])
    text = " ".join(map(str, words))
    assert grade({**REPETITION, "ngram_size": size}, text).score == pytest.approx(-reward)


def test_long_texts_are_counted_in_a_worker_with_the_same_result() -> None:
    text = "a b c d " * 30_000
    assert in_place(REPETITION, text[:8_000]) is not None
    assert in_place(REPETITION, text) is None
    assert grade(REPETITION, text).score == pytest.approx(1 - 4 / 119_998)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<think>a</think><answer>b</answer>", None),
        ("\n<think>\na\n</think>\n\n<answer>b</answer>\n", None),
        ("<think>a</think>", "not every tag stands exactly once"),
        ("<think>a</think><answer>b</answer><answer>c</answer>", "not every tag stands exactly once"),
        ("<think>a<think>b</think></think><answer>b</answer>", "not every tag stands exactly once"),
        ("<answer>b</answer><think>a</think>", "there is text before <think>"),
        ("<think>a<answer>b</answer></think>", "the blocks stand in another order or inside one another"),
        ("<think>a</think>so<answer>b</answer>", "there is text before <answer>"),
        ("<think>a</think><answer>b</answer>.", "there is some text after </answer>"),
        ("<think> \n</think><answer>b</answer>", "<think> holds nothing"),
        ("</think><think>a<answer>b</answer>", "there is text before <think>"),
        ("<think>a</think></answer><answer>b", "there is text before <answer>"),
        ("<think>a</answer><answer>b</think>", "the blocks stand in another order or inside one another"),
        ("</think><answer>b</answer><think>a", "there is text before <think>"),
        ("", "not every tag stands exactly once"),
    ],
)
def test_the_format_is_the_blocks_and_nothing_else(text: str, problem: str | None) -> None:
    verdict = grade(FORMAT, text)
    assert (verdict.score, verdict.reason) == (problem is None, problem)


@pytest.mark.parametrize(
    ("text", "score"), [("<think>a</think>b", 1), ("<think>a</think>", 0), ("b", 0), ("a<think>a</think>b", 0)]
)
def test_the_answer_may_be_what_follows_the_thinking(text: str, score: int) -> None:
    assert grade({**FORMAT, "tags": ["think"], "text_after": True}, text).score == score


@pytest.mark.parametrize("nothing", ["", " \n", "\u200b", "\ufeff\u2060 \u00ad"])
def test_a_block_of_what_can_not_be_seen_holds_nothing(nothing: str) -> None:
    assert grade(FORMAT, f"<think>{nothing}</think><answer>b</answer>").score == 0
    assert grade({**FORMAT, "tags": ["think"], "text_after": True}, f"<think>a</think>{nothing}").score == 0
    assert grade(FORMAT, f"{nothing}<think>a</think>{nothing}<answer>b</answer>{nothing}").score == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " ", "\n", "<", "think>"]), max_size=8).map("".join))
def test_what_has_the_format_has_it_for_trl_too(text: str) -> None:
    if grade({**FORMAT, "tags": ["think"], "text_after": True}, text).score == 1:
        assert think_format_reward([[{"content": text.strip()}]]) == [1.0]


def test_the_first_tag_may_stand_in_the_prompt() -> None:
    grader = {**FORMAT, "opened_by_prompt": True}
    assert grade(grader, "a</think><answer>b</answer>").score == 1
    assert grade(grader, "<think>a</think><answer>b</answer>").score == 0
    assert grade(FORMAT, "a</think><answer>b</answer>", {"prompt": "Why?<think>\n"}).score == 1


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("<think>a</think><answer>b</answer>", 1),
        ("<answer>b</answer><think>a</think>", 4 / 5),
        ("<think>a</think>b", 2 / 5),
        ("<think>a</think><answer>b</answer><answer>", 3 / 5),
        ("nothing", 0),
    ],
)
def test_partial_credit_is_the_share_of_tags_that_stand_once(text: str, score: float) -> None:
    assert grade({**FORMAT, "partial_credit": True}, text).score == pytest.approx(score)


TAGS = ["<think>", "</think>", "<answer>", "</answer>"]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*TAGS, "a", "<b>"]), max_size=10), st.booleans())
def test_partial_credit_is_its_formula(pieces: list[str], opened: bool) -> None:
    grader = {**FORMAT, "opened_by_prompt": opened}
    whole = grade(grader, "".join(pieces)).score
    whole_text = (["<think>"] if opened else []) + pieces
    own = TAGS[opened:]
    once = sum(whole_text.count(tag) == 1 for tag in own)
    partial = grade({**grader, "partial_credit": True}, "".join(pieces)).score
    assert partial == (1 if whole else pytest.approx(once / (len(own) + 1)))
    assert not whole or once == len(own)


def test_a_tag_of_the_prompt_earns_nothing() -> None:
    assert grade({**FORMAT, "partial_credit": True, "opened_by_prompt": True}, "nothing").score == 0


@pytest.mark.parametrize("text", ["x" * 250_001, "<" * 20_001])
def test_a_text_over_a_bound_has_no_format(text: str) -> None:
    verdict = grade(FORMAT, text)
    assert (verdict.score, verdict.error) == (0, "limit")


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        ({**OVERLONG, "max_completion_len": 0}, "max_completion_len: input should be greater than 0"),
        ({**OVERLONG, "soft_punish_cache": 101}, "soft_punish_cache: expected at most max_completion_len"),
        ({**OVERLONG, "unit": "bytes"}, "unit: input should be 'tokens', 'characters' or 'words'"),
        ({**OVERLONG, "fairmark": {"thinking": {}}}, "unit: the caller's count of tokens can't be split"),
        ({**LENGTH, "max_len": -1}, "max_len: input should be greater than 0"),
        ({**LENGTH, "schedule": "sine"}, "schedule: input should be 'cosine' or 'linear'"),
        ({**REPETITION, "ngram_size": 0}, "ngram_size: input should be greater than or equal to 1"),
        ({**REPETITION, "ngram_size": 21}, "ngram_size: input should be less than or equal to 20"),
        ({**REPETITION, "max_penalty": -1}, "max_penalty: unknown field"),
        ({**FORMAT, "tags": []}, "tags: list should have at least 1 item"),
        ({**FORMAT, "tags": ["<think>"]}, "tags.0: string should match pattern"),
        ({**FORMAT, "tags": ["a", "a"]}, "tags: expected different names"),
        ({**FORMAT, "fairmark": {"thinking": {}}}, "fairmark.thinking: input should be None"),
    ],
)
def test_a_bad_configuration_is_refused_by_field(configuration: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader(configuration)
    assert str(refused.value).startswith(problem)


def shaped(text: str, tokens: int) -> float | None:
    exact = {"type": "regex", "input": "{{ sample.output_text }}", "pattern": "{{ item.answer }}"}
    grader = {"type": "multi", "calculate_output": "correct * (1 - overlong)"}
    sample = {"output_text": text, "completion_tokens": tokens}
    return grade({**grader, "graders": {"correct": exact, "overlong": OVERLONG}}, sample, {"answer": "42"}).score


def test_a_shaped_reward_takes_from_right_answers_and_gives_wrong_ones_nothing() -> None:
    assert [shaped("42", tokens) for tokens in (10, 90, 200)] == [1, 0.5, 0]
    assert [shaped("41", tokens) for tokens in (10, 90, 200)] == [0, 0, 0]
