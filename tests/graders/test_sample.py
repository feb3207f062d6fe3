"""One mapping from what callers have to OpenAI's sample fields."""

from typing import Any

import pytest

from fairmark_graders.errors import InvalidSample
from fairmark_graders.sample import Sample

CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
OTHER = {"id": "c2", "type": "function", "function": {"name": "open", "arguments": "{}"}}
CHAT = [
    {"role": "assistant", "content": "let me look", "tool_calls": [CALL]},
    {"role": "tool", "content": "found 6"},
    {"role": "assistant", "tool_calls": [OTHER]},
    {"role": "tool", "content": "7"},
    {"role": "assistant", "content": '{"n": 6}'},
]


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ("six", "output_text", "six"),
        ("six", "choices", [{"index": 0, "message": {"role": "assistant", "content": "six"}, "finish_reason": None}]),
        ('{"n": 6}', "output_json", {"n": 6}),
        ('{"n": 123456789012345678901234567890}', "output_json", {"n": 123456789012345678901234567890}),
        ("six", "output_json", None),
        ("NaN", "output_json", None),
        ('"\\ud800"', "output_json", None),
        ('"\\ud83d\\ude00"', "output_json", "😀"),
        ("[" * 100_000, "output_json", None),
        ("six", "output_tools", []),
        (CHAT, "output_text", '{"n": 6}'),
        (CHAT, "output_json", {"n": 6}),
        (CHAT, "output_tools", [CALL, OTHER]),
        (CHAT[:3], "output_text", "let me look"),
        ([{"role": "assistant", "content": None, "tool_calls": [CALL]}], "output_text", ""),
        ([], "output_text", None),
        ([{"role": "assistant", "content": [{"type": "text", "text": "si"}, {"text": "x"}]}], "output_text", "six"),
        ({"output_text": "", "output_json": None, "output_tools": []}, "output_text", ""),
        ({"output_text": '{"n": 6}', "output_json": None}, "output_json", {"n": 6}),
        ({"output_json": {"n": 6}}, "output_text", None),
        ({"choices": [{"message": {"content": "six"}, "finish_reason": "stop"}]}, "output_text", "six"),
        ({"choices": [{"message": {"content": "six"}, "finish_reason": "stop"}]}, "finish_reason", "stop"),
        ({"choices": [{"message": {"tool_calls": [CALL]}}]}, "output_tools", [CALL]),
        ({"output_tools": [CALL], "choices": [{"message": {"tool_calls": []}}]}, "output_tools", [CALL]),
        ({"output_text": "six", "completion_tokens": 3}, "completion_tokens", 3),
        ({}, "output_text", None),
        ({"choices": [None], "messages": None}, "output_text", None),
    ],
)
def test_a_field_is_found_whatever_shape_the_caller_has(raw: Any, field: str, value: object) -> None:
    assert Sample(raw).get(field) == value


def test_a_field_that_was_sent_wins_over_one_that_could_be_made() -> None:
    assert Sample({"output_text": "a", "choices": [{"message": {"content": "b"}}]}).get("output_text") == "a"


def test_looking_at_a_sample_leaves_the_callers_object_as_it_was() -> None:
    raw = {"output_text": "[1]"}
    assert Sample(raw).get("output_json") == [1]
    assert raw == {"output_text": "[1]"}


@pytest.mark.parametrize("raw", [None, 3, 1.5, True, {"output_text": 3}, {"output_text": ["six"]}])
def test_what_is_no_sample_is_refused_by_name(raw: Any) -> None:
    with pytest.raises(InvalidSample, match=r"^sample(\.output_text)?: expected a string"):
        Sample(raw)
