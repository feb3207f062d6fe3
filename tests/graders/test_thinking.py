"""Thinking is told from the answer by one rule."""

from typing import Any

import pytest

from fairmark_graders import Verdict, grade, parse_grader


def check(**fairmark: Any) -> Any:
    grader = {"type": "string_check", "input": "{{ sample.output_text }}", "reference": "6", "operation": "eq"}
    return parse_grader({**grader, "fairmark": fairmark} if fairmark else grader)


@pytest.mark.parametrize(
    "text",
    [
        "6",
        "<think>5?</think>6",
        "<think>5?</think>\n\n6",
        "5?</think>6",
        "<think>a</think>5<think>no</think>6",
        "<think></think>6",
    ],
)
def test_the_answer_is_what_follows_the_last_thinking(text: str) -> None:
    assert grade(check(), text).score == 1


@pytest.mark.parametrize("text", ["<think>6", "6 <think> or", "<think>\n6"])
def test_thinking_that_never_ends_holds_no_answer(text: str) -> None:
    assert grade(check(), text) == Verdict(0.0, reason="the text is thinking that never ends", error="sample_parse")


def test_unfinished_thinking_does_not_pass_as_something_other_than_the_reference() -> None:
    differs = {"type": "string_check", "input": "{{ sample.output_text }}", "reference": "6", "operation": "ne"}
    assert grade(differs, "<think>no idea").score == 0


def test_thinking_opened_by_the_items_prompt_must_end_too() -> None:
    assert grade(check(), "6", {"prompt": "How many?<think>\n"}).score == 0
    assert grade(check(), "5?</think>6", {"prompt": "How many?<think>\n"}).score == 1


def test_thinking_opened_by_the_chat_template_must_end_too() -> None:
    assert grade(check(thinking={"opened_by_prompt": True}), "6").score == 0


def test_the_tags_can_be_others() -> None:
    tags = {"open": "[THINK]", "close": "[/THINK]"}
    assert grade(check(thinking=tags), "[THINK]5?[/THINK]6").score == 1
    assert grade(check(thinking=tags), "<think>5?</think>6").score == 0


def test_thinking_can_be_left_in() -> None:
    assert grade(check(thinking=None), "<think>5?</think>6").score == 0


def test_json_is_read_from_the_answer_and_not_from_the_thinking() -> None:
    grader = {"type": "string_check", "input": "{{ sample.output_json.n }}", "reference": "6", "operation": "eq"}
    assert grade(grader, '<think>{"n": 5}</think>{"n": 6}').score == 1
    assert grade(grader, '<think>{"n": 6}').score == 0


def test_tool_calls_count_though_the_text_never_ends() -> None:
    grader = {"type": "string_check", "input": "{{ sample.output_tools[0].id }}", "reference": "c", "operation": "eq"}
    assert grade(grader, {"output_text": "<think>", "output_tools": [{"id": "c"}]}).score == 1


def test_unfinished_thinking_does_not_hide_a_missing_reference() -> None:
    grader = {
        "type": "string_check",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.x }}",
        "operation": "eq",
    }
    assert grade(grader, "<think>").score is None
