"""The tests of an item, in all the shapes they come in."""

import contextlib
import json
from typing import Any

import pytest
from tests.cpu import cpu_at_most

from fairmark_graders.code.asserts import Call, Expectation, NotCalls, call, expectations
from fairmark_graders.code.forms import MOST, Unreadable, suite

PAIRS = {"form": "inputs", "inputs": ["1\n", "2"], "outputs": ["1", "4\n"]}


@pytest.mark.parametrize(
    "found",
    [
        [{"input": "1\n", "output": "1"}, {"input": "2", "output": "4\n"}],
        {"inputs": ["1\n", "2"], "outputs": ["1", "4\n"]},
        {"tests": [{"input": "1\n", "output": "1", "note": 3}, {"input": "2", "output": "4\n"}]},
        {"inputs": ["1\n", ["2"]], "outputs": [["1"], ["4", ""]], "fn_name": None},
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_inputs_and_outputs(found: Any, as_text: bool) -> None:
    assert suite(json.dumps(found) if as_text else found, None) == PAIRS


def one_call(args: list[Any], expected: Any, **more: Any) -> dict[str, Any]:
    return {"function": "f", "args": args, "kwargs": {}, "relation": "==", "expected": expected} | more


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([{"args": [1, [2]], "expected": 3}], one_call([1, [2]], 3)),
        ([{"kwargs": {"a": 1}, "expected": None}], one_call([], None, kwargs={"a": 1})),
        ([{"call": "f", "args": [1], "expected": 3}], one_call([1], 3)),
        ([{"call": "f((1, 2), a={3})", "expected": 3}], one_call([{"tuple": [1, 2]}], 3, kwargs={"a": {"set": [3]}})),
        ({"inputs": [[1, 2]], "outputs": [3], "fn_name": "f"}, one_call([1, 2], 3)),
        ({"inputs": [[1, 2]], "outputs": [[3]], "fn_name": "f"}, one_call([1, 2], [3], **{"or": 3})),
        ({"inputs": ["[1]\n2"], "outputs": ["[3]"], "fn_name": "f"}, one_call([[1], 2], [3])),
        ([{"input": "[1]\n2", "output": "[3]", "testtype": "functional"}], one_call([[1], 2], [3])),
        ({"tests": [{"args": [{"a": 1}], "expected": 3}], "function": "f"}, one_call([{"dict": [["a", 1]]}], 3)),
    ],
)
def test_calls_written_in_json(found: Any, expected: Any) -> None:
    assert suite(found, "f") == {"form": "calls", "written_in": "json", "calls": [expected]}


def test_assertions_on_calls_are_calls() -> None:
    found = suite(["assert f(1) == (2,)", "assert f([]) is None\nassert not f(x=0), 'message'"], None)
    assert found["written_in"] == "python"
    assert [(test["relation"], test["expected"]) for test in found["calls"]] == [
        ("==", {"tuple": [2]}),
        ("is", None),
        ("false", None),
    ]


SPLIT = [
    ("assert f(1) == 2", Expectation(Call("f", [1], {}), "==", 2)),
    ("assert 2 == f(1)", Expectation(Call("f", [1], {}), "==", 2)),
    ("assert f(-1, 'a', [1, {2: (3,)}]) != 2.5", Expectation(Call("f", [-1, "a", [1, {2: (3,)}]], {}), "!=", 2.5)),
    ("assert f() is True", Expectation(Call("f", [], {}), "is", True)),
    ("assert f()", Expectation(Call("f", [], {}), "true")),
    ("assert not f()", Expectation(Call("f", [], {}), "false")),
    (
        "assert f(set(), frozenset([1])) == set([1, 2])",
        Expectation(Call("f", [set(), frozenset([1])], {}), "==", {1, 2}),
    ),
    ("assert f() == float('inf')", Expectation(Call("f", [], {}), "==", float("inf"))),
    ("assert f(1+2j) == 'x' 'y'", Expectation(Call("f", [1 + 2j], {}), "==", "xy")),
    ("assert sum(10, 15) == 150", Expectation(Call("sum", [10, 15], {}), "==", 150)),
]


@pytest.mark.parametrize(("code", "expectation"), SPLIT)
def test_an_assertion_is_taken_apart(code: str, expectation: Expectation) -> None:
    assert expectations(code) == [expectation]


@pytest.mark.parametrize(
    "code",
    [
        "assert sorted(f(1)) == [2]",
        "assert f(x) == 2",
        "assert f(1) == g(1)",
        "assert f(1) < 2",
        "assert 1 < f(1) < 2",
        "assert f(*[1]) == 2",
        "assert f(**{'a': 1}) == 2",
        "assert f(1).x == 2",
        "assert Solution().f(1) == 2",
        "assert f(1) == 2 and f(2) == 3",
        "assert f(1) is 2",
        "x = 1",
        "for i in range(3):\n    assert f(i) == i",
        "assert f(g(1)) == 2",
        "assert f(lambda x: x) == 2",
        "assert f(1) == " + "[" * 90 + "]" * 90 + "\n" + "#" * 4000,
    ],
)
def test_what_is_more_than_calls_stays_code(code: str) -> None:
    with pytest.raises(NotCalls):
        expectations(code)


def test_a_call_may_be_written_as_one() -> None:
    assert call(" f(1, b=(2,)) ") == Call("f", [1], {"b": (2,)})


CHECK = "def check(candidate):\n    assert candidate(1) == 2\n"


def test_check_is_called_with_the_function() -> None:
    found = suite(CHECK, "f")
    assert (found["form"], found["pieces"], found["function"]) == ("code", [CHECK, "check(f)"], "f")


def test_check_is_not_called_twice() -> None:
    assert suite(CHECK + "check(f)", "f")["pieces"] == [CHECK + "check(f)"]


def test_set_up_comes_before_the_tests() -> None:
    found = suite({"test_list": ["assert f(1) == x"], "test_setup_code": "x = 3"}, None)
    assert found["pieces"] == ["x = 3", "assert f(1) == x"]


@pytest.mark.parametrize(
    "code",
    [
        "sys.stdout = x\nassert f(1)",
        "with redirect_stdout(x):\n  f()\nassert x",
        "import asyncio\nassert asyncio.run(f(1)) == 1",
    ],
)
def test_code_that_reaches_into_the_process_is_known_by_its_words(code: str) -> None:
    assert suite(["import sys, inspect", code], None)["beside"] is True


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (3, "a list of tests, got a number"),
        ([], "got none"),
        ({}, "expected `tests`"),
        ([1], "a list of objects"),
        (["assert f(1) == 2", {"input": "", "output": ""}], "a list of objects"),
        ([{"input": "1"}], r"\[0\]: expected `input` and `output`"),
        ([{"input": 1, "output": "1"}], r"inputs\[0\]: expected a string, got a number"),
        ({"inputs": ["1"], "outputs": []}, "as many `inputs` as `outputs`"),
        ({"inputs": ["1"], "outputs": ["{"], "fn_name": "f"}, "JSON value"),
        ({"inputs": ["1"], "outputs": ["1"], "fn_name": "a.b"}, "one name"),
        ([{"call": "f(x)", "expected": 1}], r"\[0\].call"),
        ([{"call": 3, "expected": 1}], r"\[0\].call: expected a string"),
        ([{"args": 3, "expected": 1}], "list of `args`"),
        ("[1", "JSON or Python"),
        ("[" * 100_000, "JSON or Python"),
        ("assert f(", "expected Python, got SyntaxError"),
        ("assert f(\0)", "expected Python"),
        (" ", "characters of Python, and some"),
        ({"tests": {"tests": [1]}}, "a list of objects"),
        ([{"input": "", "output": ""}] * (MOST + 1), f"at most {MOST:,}"),
    ],
)
def test_tests_that_nobody_can_read(found: Any, complaint: str) -> None:
    with pytest.raises(Unreadable, match=complaint):
        suite(found, "f")


@pytest.mark.parametrize(
    "found", [[{"args": [], "expected": 1}], CHECK, {"inputs": [[1]], "outputs": [1], "fn_name": ""}]
)
def test_a_function_that_nobody_names_can_not_be_tested(found: Any) -> None:
    with pytest.raises(Unreadable, match="name of the function under test, got none|list of lines|a string, got"):
        suite(found, None)


@pytest.mark.parametrize("piece", ["f(", "[", "{1:", "not ", "lambda:", "assert f(1) == 2\n", "(", "-"])
def test_no_test_code_is_read_for_long(piece: str) -> None:
    with cpu_at_most(0.5):
        for repeated in (40, 4000 // len(piece), 400_000 // len(piece)):
            with contextlib.suppress(Unreadable):
                suite(piece * repeated, "f")
