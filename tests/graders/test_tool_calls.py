"""fairmark's tool_calls."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cpu import cpu_at_most

from fairmark_graders import InvalidGrader, Sample, grade, parse_grader
from fairmark_graders.grader import Inline

GRADER = {"type": "tool_calls", "reference": "{{ item.calls }}"}


def call(name: str, **arguments: object) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def as_openai(*calls: dict[str, Any]) -> dict[str, Any]:
    """A sample as OpenAI writes tool calls."""
    made = [
        {"id": "c1", "type": "function", "function": {**made, "arguments": json.dumps(made["arguments"])}}
        for made in calls
    ]
    return {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": made}}]}


A, B, C = call("weather", city="Oslo"), call("time", zone="CET"), call("alarm", hour=7)


@pytest.mark.parametrize(
    ("match", "made", "wanted", "score"),
    [
        ("ordered", [A, B], [A, B], 1),
        ("ordered", [B, A], [A, B], 0),
        ("ordered", [A, B, C], [A, B], 0),
        ("ordered", [A], [A, B], 0),
        ("any_order", [B, A], [A, B], 1),
        ("any_order", [A, A, B], [A, B], 0),
        ("any_order", [A, B], [A, A, B], 0),
        ("subset", [C, B, A], [A, B], 1),
        ("subset", [A], [A, B], 0),
        ("subset", [A, B], [A, A], 0),
        ("ordered", [], [], 1),
        ("ordered", [A], [], 0),
        ("any_order", [A], [], 0),
        ("subset", [A], [], 0),
    ],
)
def test_calls_match_as_asked(match: str, made: list[Any], wanted: list[Any], score: int) -> None:
    sample = as_openai(*made) if made else "There is nothing to call."
    verdict = grade({**GRADER, "match": match}, sample, {"calls": wanted})
    assert (verdict.score, verdict.rule) == (score, f"tool_calls.{match}")


@pytest.mark.parametrize(
    ("made", "wanted", "score"),
    [
        (1, 1.0, 1),
        (1, True, 0),
        (0, False, 0),
        (1, "1", 0),
        (None, "null", 0),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, 1),
        ([1, 2], [2, 1], 0),
        ([True], [1], 0),
        ({"a": [1, {"b": 2.0}]}, {"a": [1.0, {"b": 2}]}, 1),
        (9007199254740993, 9007199254740992, 0),
        (9007199254740993, 9007199254740992.0, 0),
        (0.1, 0.1, 1),
        ("é", "e\u0301", 0),
        ([], {}, 0),
    ],
)
def test_arguments_compare_by_type_and_value(made: object, wanted: object, score: int) -> None:
    assert grade(GRADER, as_openai(call("f", x=made)), {"calls": [call("f", x=wanted)]}).score == score


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
        'Let me see.\n<tool_call>{"name": "weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}</tool_call> Done.',
        '<tool_call>{"name": "weather", "arguments": {"city": "Oslo"}}',
        '<think>A tool.</think>{"name": "weather", "parameters": {"city": "Oslo"}}',
        '[{"name": "weather", "arguments": {"city": "Oslo"}}]',
        'So:\n```json\n[{"name": "weather", "arguments": {"city": "Oslo"}}]\n```\n',
        '```\n{"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}\n```',
        'I need the weather.\n{"name": "weather", "arguments": {"city": "Oslo"}}',
        '```tool_call\n{"name": "weather", "arguments": {"city": "Oslo"}}\n```',
        '{"tool_calls": [{"function": {"name": "weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}}]}',
        '<tool_call>\n```json\n[{"name": "weather", "arguments": {"city": "Oslo"}}]\n```\n</tool_call><|im_end|>',
        '{"type": "function", "name": "weather", "parameters": {"city": "Oslo"}}<|eot_id|>',
        '<|python_tag|>{"name": "weather", "parameters": {"city": "Oslo"}}<|eom_id|>',
        '<function=weather>{"city": "Oslo"}</function>',
        '[TOOL_CALLS] [{"name": "weather", "arguments": {"city": "Oslo"}}]</s>',
        'Sure.[TOOL_CALLS]weather[ARGS]{"city": "Oslo"}',
        '[TOOL_CALLS]weather[CALL_ID]a1B2c3D4e[ARGS]{"city": "Oslo"}',
        '[TOOL_CALLS]weather{"city": "Oslo"}',
        'In {braces} and $\\frac{1}{2}$: {"name": "weather", "arguments": {"city": "Oslo"}}',
    ],
)
def test_calls_are_read_from_text_where_there_are_no_others(text: str) -> None:
    assert grade(GRADER, text, {"calls": [A]}).score == 1


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>{json.dumps(A)}</tool_call>\n<tool_call>{json.dumps(B)}</tool_call>",
        f"<tool_call>\n{json.dumps(A)}\n{json.dumps(B)}\n</tool_call>",
        f"<tool_call>[{json.dumps(A)}, {json.dumps(B)}]</tool_call>",
        f"<tool_call>{json.dumps(A)}</tool_call> and ```json\n{json.dumps(B)}\n```",
        f"```json\n{json.dumps(A)}\n```\nand\n```json\n{json.dumps(B)}\n```",
        f"{json.dumps(A)}; {json.dumps(B)}",
        f"[TOOL_CALLS][{json.dumps(A)}, {json.dumps(B)}]",
        '[TOOL_CALLS]weather[ARGS]{"city": "Oslo"}[TOOL_CALLS]time[ARGS]{"zone": "CET"}',
        f"First {json.dumps(A)}, then {json.dumps({'plan': [B]})}.",
    ],
)
def test_every_call_in_a_text_counts_wherever_it_stands(text: str) -> None:
    assert grade(GRADER, text, {"calls": [A, B]}).score == 1
    for hidden in ([A], [B], []):
        assert grade(GRADER, text, {"calls": hidden}).score == 0


@pytest.mark.parametrize("echoed", ["a</tool_call>b", "<tool_call>", json.dumps(B), "[TOOL_CALLS]", "```json"])
def test_what_an_argument_quotes_is_no_call(echoed: str) -> None:
    made = call("echo", text=echoed, object={"inner": B})
    assert grade(GRADER, f"<tool_call>{json.dumps(made)}</tool_call>", {"calls": [made]}).score == 1


@settings(deadline=None)
@given(st.lists(st.sampled_from([A, B, C, call("echo", text='"}{<tool_call>')]), max_size=5), st.data())
def test_calls_are_read_from_text_as_they_were_written(wanted: list[Any], data: st.DataObject) -> None:
    forms = st.sampled_from(["<tool_call>{}</tool_call>", "\n```json\n{}\n```\n", "[TOOL_CALLS] [{}]", " so {}; "])
    text = "Well." + "".join(data.draw(forms).replace("{}", json.dumps(made)) for made in wanted)
    assert grade(GRADER, text, {"calls": wanted}).score == 1


def test_a_sample_that_says_it_has_no_calls_needs_no_text() -> None:
    assert grade(GRADER, {"output_tools": []}, {"calls": []}).score == 1
    assert grade(GRADER, {"output_tools": []}, {"calls": [A]}).score == 0


def test_calls_of_their_own_win_over_the_text() -> None:
    sample = {"output_text": f"<tool_call>{json.dumps(A)}</tool_call>", "output_tools": [B]}
    assert grade(GRADER, sample, {"calls": [B]}).score == 1


def test_calls_inside_thinking_were_not_made() -> None:
    text = f"<think><tool_call>{json.dumps(A)}</tool_call></think>No need."
    assert grade(GRADER, text, {"calls": []}).score == 1


def test_json_that_is_no_call_is_none() -> None:
    assert grade(GRADER, '{"name": "Oslo"}', {"calls": []}).score == 1


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        ("<tool_call>weather(Oslo)</tool_call>", "call 1 isn't JSON with the name of a tool"),
        ({"output_tools": [A, {"function": {"name": 7}}]}, "call 2 isn't JSON with the name of a tool"),
        (
            {"output_tools": [{"name": "f", "arguments": "[1]"}]},
            "call 1, of 'f', has arguments that are no JSON object",
        ),
        ({"output_tools": [{"name": "f", "arguments": "{"}]}, "call 1, of 'f', has arguments that are no JSON object"),
        ({"output_tools": [A] * 101}, "there are more than 100 tool calls"),
        ({"output_tools": [call("f", x=[0] * 2_000)]}, "the tool calls are of more than 2,000 values"),
        ({"output_tools": [call("f", x="a" * 100_000)]}, "the tool calls are over 100,000 characters long"),
        (json.dumps([A] * 101), "there are more than 100 tool calls"),
        ("<tool_call>" * 20_000, "call 1 isn't JSON with the name of a tool"),
        ("<tool_call>\n<function=weather>\n<parameter=city>\nOslo", "call 1 isn't JSON with the name of a tool"),
        (f"<tool_call>{json.dumps(A)} or so</tool_call>", "call 1 has text behind its JSON"),
        (f"{json.dumps(A)}<tool_call>[]</tool_call>", "call 2 isn't JSON with the name of a tool"),
        ('<tool_call>{"name": "f", "arguments": {"x": NaN}}', "call 1 isn't JSON with the name of a tool"),
        ({"output_tools": [{"name": "f", "arg": {"x": 1}}]}, "call 1, of 'f', has 'arg' and no arguments"),
        (
            {"output_tools": [{"name": "f", "arguments": {}, "parameters": {}}]},
            "call 1, of 'f', has both 'arguments' and 'parameters'",
        ),
        (
            f'<tool_call>{{"name": "f", "arguments": {{"x": {"9" * 5_000}}}}}',
            "call 1 isn't JSON with the name of a tool",
        ),
        ('{"a' * 100_000, "the text is over 250,000 characters long"),
        ('{"a' * 50_000, "the JSON in the text is in more than 200 pieces"),
        ('{"a":' * 50_000, "the JSON in the text is nested more than 100 deep"),
        ("x" * 250_001, "the text is over 250,000 characters long"),
        ("<think>forever", "the text is thinking that never ends"),
        ({}, "there is no text"),
    ],
)
def test_what_can_not_be_read_is_0_with_the_reason(sample: Any, reason: str) -> None:
    verdict = grade(GRADER, sample, {"calls": [A]})
    assert (verdict.score, verdict.outcome, verdict.reason) == (0, "graded", reason)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("depth", [150, 900, 50_000])
def test_deep_nesting_is_a_fault_and_no_crash(depth: int) -> None:
    text = f'<tool_call>{{"name": "f", "arguments": {{"x": {nested(depth)}}}}}</tool_call>'
    assert grade(GRADER, text, {"calls": [A]}).score == 0
    assert grade(GRADER, "x", {"calls": f'[{{"name": "f", "arguments": {nested(depth)}}}]'}).outcome == "ungradable"


@pytest.mark.parametrize(
    "calls",
    [
        None,
        "f(x)",
        7,
        [7],
        [{"name": "f", "arguments": "x"}],
        [{"arguments": {}}],
        [A] * 101,
        [None],
        {"name": "f", "kwargs": {}},
    ],
)
@pytest.mark.parametrize("sample", ["no calls", {}, "<tool_call>broken", {"output_tools": [{}]}])
def test_a_bad_reference_is_ungradable_whatever_the_model_did(calls: object, sample: Any) -> None:
    assert grade(GRADER, sample, {"calls": calls}).outcome == "ungradable"


@pytest.mark.parametrize("key", ["arguments", "parameters", "args", "input"])
def test_arguments_have_several_names(key: str) -> None:
    made = {"id": "c1", "type": "tool_use", "name": "weather", key: {"city": "Oslo"}}
    assert grade(GRADER, {"output_tools": [made]}, {"calls": [A]}).score == 1
    assert grade(GRADER, as_openai(A), {"calls": [made]}).score == 1
    assert grade(GRADER, as_openai(call("weather", city="Rome")), {"calls": [made]}).score == 0


@pytest.mark.parametrize(
    "text", ["The weather is fine. " * 11_000, "[TOOL_CALLS" * 20_000, '{"' * 100_000, "<" * 240_000]
)
def test_no_text_takes_long_to_look_through(text: str) -> None:
    grader, sample = parse_grader(GRADER), Sample(text)
    assert isinstance(grader, Inline)
    with cpu_at_most(0.1):
        grader.start(sample, {"calls": [A]})


@pytest.mark.parametrize("calls", [A, [A], json.dumps([A]), as_openai(A)["choices"][0]["message"]["tool_calls"]])
def test_a_reference_may_be_a_call_a_list_or_either_as_text(calls: object) -> None:
    assert grade(GRADER, as_openai(A), {"calls": calls}).score == 1


def test_arguments_that_are_left_out_are_the_empty_object() -> None:
    none: list[Any] = [None, "", "null", "{}", {}]
    wrong: list[Any] = [0, False, [], "[]"]
    for arguments in none:
        assert (
            grade(GRADER, {"output_tools": [{"name": "f", "arguments": arguments}]}, {"calls": [call("f")]}).score == 1
        )
    assert grade(GRADER, {"output_tools": [{"name": "f"}]}, {"calls": [call("f")]}).score == 1
    for arguments in wrong:
        assert (
            grade(GRADER, {"output_tools": [{"name": "f", "arguments": arguments}]}, {"calls": [call("f")]}).score == 0
        )


def test_names_alone_may_count() -> None:
    assert grade({**GRADER, "names_only": True}, as_openai(call("weather")), {"calls": [A]}).score == 1
    assert grade({**GRADER, "names_only": True}, as_openai(call("clock")), {"calls": [A]}).score == 0


def test_named_arguments_may_be_ignored() -> None:
    grader = parse_grader({**GRADER, "ignore_arguments": ["reason"]})
    assert grade(grader, as_openai(call("weather", city="Oslo", reason="asked")), {"calls": [A]}).score == 1
    assert grade(grader, as_openai(call("weather", city="Rome")), {"calls": [A]}).score == 0


def test_an_argument_left_out_has_its_default() -> None:
    grader = parse_grader({**GRADER, "defaults": {"weather": {"unit": "C"}}})
    assert grade(grader, as_openai(call("weather", city="Oslo", unit="C")), {"calls": [A]}).score == 1
    assert grade(grader, as_openai(A), {"calls": [call("weather", city="Oslo", unit="C")]}).score == 1
    assert grade(grader, as_openai(call("weather", city="Oslo", unit="F")), {"calls": [A]}).score == 0
    assert grade(grader, as_openai(call("time", zone="CET", unit="C")), {"calls": [B]}).score == 0


@pytest.mark.parametrize(
    ("match", "made", "score"),
    [
        ("any_order", [A, B, C], 1),
        ("any_order", [A, B], 2 / 3),
        ("any_order", [A, B, call("x")], 1 / 3),
        ("any_order", [A, call("x"), call("y")], 0),
        ("ordered", [A, C, B], 1 / 3),
        ("ordered", [A, C], 2 / 3),
        ("ordered", [C, B, A], 0),
        ("subset", [A, B, call("x"), call("y")], 2 / 3),
    ],
)
def test_partial_credit_is_what_matched_less_what_is_extra(match: str, made: list[Any], score: float) -> None:
    grader = {**GRADER, "match": match, "partial_credit": True}
    assert grade(grader, as_openai(*made), {"calls": [A, B, C]}).score == pytest.approx(score)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"match": "superset"}, "match: input should be 'ordered', 'any_order' or 'subset'"),
        ({"reference": "{{ sample.output_tools }}"}, "reference: expected variables of the item only"),
        ({"reference": None}, "reference: expected a string, got null"),
        ({"strict": True}, "strict: unknown field"),
    ],
)
def test_a_bad_configuration_is_refused_by_field(change: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({**GRADER, **change})
    assert str(refused.value).startswith(problem)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
calls = st.lists(
    st.builds(lambda name, x: call(name, x=x), st.sampled_from(["f", "g"]), st.sampled_from([0, False, "0"]) | values),
    max_size=8,
)


@settings(deadline=None)
@given(calls, st.randoms(use_true_random=False), st.booleans())
def test_any_order_is_blind_to_order_on_either_side(wanted: list[Any], random: Any, partial: bool) -> None:
    grader = parse_grader({**GRADER, "match": "any_order", "partial_credit": partial})
    made = wanted[: random.randint(0, len(wanted))] + [call("h")] * random.randint(0, 1)
    shuffled = random.sample(made, len(made)), random.sample(wanted, len(wanted))
    plain = grade(grader, {"output_tools": made, "output_text": ""}, {"calls": wanted}).score
    assert grade(grader, {"output_tools": shuffled[0], "output_text": ""}, {"calls": shuffled[1]}).score == plain


@settings(deadline=None)
@given(calls)
def test_the_reference_itself_has_full_marks_in_every_mode(wanted: list[Any]) -> None:
    for match in ("ordered", "any_order", "subset"):
        sample = {"output_tools": wanted, "output_text": ""}
        assert grade({**GRADER, "match": match}, sample, {"calls": wanted}).score == 1


def longest_common(left: list[str], right: list[str]) -> int:
    rows = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            rows[i + 1][j + 1] = rows[i][j] + 1 if a == b else max(rows[i][j + 1], rows[i + 1][j])
    return rows[-1][-1]


@settings(deadline=None)
@given(*[st.lists(st.sampled_from("abc"), min_size=1, max_size=12)] * 2)
def test_ordered_credit_is_the_longest_common_subsequence(made: list[str], wanted: list[str]) -> None:
    grader = {**GRADER, "match": "ordered", "partial_credit": True}
    matched = longest_common(made, wanted)
    score = grade(grader, as_openai(*map(call, made)), {"calls": [*map(call, wanted)]}).score
    assert score == max(0, matched - (len(made) - matched)) / len(wanted)
