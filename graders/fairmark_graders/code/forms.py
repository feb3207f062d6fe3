"""The tests of an item, in the shapes that data sets have them in, as one of three suites.

    [{"input": "1 2\\n", "output": "3\\n"}, …]                          inputs   what a program prints for an input
    {"inputs": […], "outputs": […]}
    [{"call": "add(1, 2)", "expected": 3}, …]                           calls    what its functions return
    [{"args": [1, 2], "kwargs": {}, "expected": 3}, …]
    {"inputs": [[1, 2], …], "outputs": [3, …], "fn_name": "add"}
    ["assert add(1, 2) == 3", …]                                        calls, or code where it is more than that
    "def check(candidate):\\n    assert candidate(1, 2) == 3"            code

Each may be JSON in a string, and stand in an object under `tests`, beside the name of a `function` and `setup` code. A
suite is JSON itself, since a case is made of it; values are written as in `sandbox/inside/plain.py`.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from ..sample import kind
from ..sandbox.inside import plain
from . import asserts

MOST = 1_000
"""Tests of one item."""
LONGEST = 16_000_000
"""Characters of all of them."""
_KEPT = 1_000_000
"""Characters of a text whose reading is kept, since a group of rollouts shares its tests."""

_FUNCTION = ("function", "fn_name", "entry_point")
_TESTS = ("tests", "test", "test_list", "assert_case")
_SETUP = ("setup", "test_setup_code")
_CHECK = re.compile(r"^def check\(", re.MULTILINE)
_CHECKED = re.compile(r"^check\(", re.MULTILINE)
_NAME = re.compile(r"[^\W\d]\w*")

_SHARES_PROCESS = re.compile(
    r"\b(sys\.std(in|out|err)|redirect_std(out|err)|builtins\.\w+ *=|mock|inspect|globals|__globals__)\b"
)
"""What test code names when it reaches into the process of the program: its streams, its names, its source."""

Function = Callable[[], str]
"""Gives the name of the function under test, for tests that don't name it. Raises `Ungradable`."""


class Unreadable(ValueError):
    """Tests that nobody can read; the message says what was expected."""


def suite(found: Any, function: Function) -> dict[str, Any]:
    """The tests that an item holds. Raises `Unreadable`, and what `function` raises."""
    if isinstance(found, str):
        found = _read(found) if len(found) <= _KEPT else _loaded(found)
    if isinstance(found, Mapping):
        return _of_object(found, function)
    if isinstance(found, str):
        return _code([found], function)
    if not isinstance(found, list) or not found:
        raise Unreadable(f"expected a list of tests, got {kind(found) if found else 'none'}")
    return _of_list(found, function)


def _loaded(text: str) -> Any:
    """The value of a text that is JSON, the text itself where it is code."""
    if len(text) > LONGEST:
        raise Unreadable(f"over {LONGEST:,} characters long")
    if text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("expected JSON or Python, got neither") from None


_read = lru_cache(maxsize=100)(_loaded)


def _of_object(found: Mapping[str, Any], function: Function) -> dict[str, Any]:
    named = next((found[name] for name in _FUNCTION if found.get(name)), None)
    if named is not None:
        function = partial(_checked_name, named)
    inner = next((found[name] for name in _TESTS if found.get(name)), None)
    setup = [_text(found[name], name) for name in _SETUP if found.get(name)]
    if inner is not None and not setup:
        return suite(inner, function)
    if inner is not None:
        return _code(
            [*setup, *(_text(piece, "tests") for piece in ([inner] if isinstance(inner, str) else inner))], function
        )
    inputs, outputs = found.get("inputs"), found.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs) or not inputs:
        raise Unreadable("expected `tests`, or as many `inputs` as `outputs`")
    if named is None:
        return _inputs(inputs, outputs)
    return _calls([_json_call(pair, function()) for pair in zip(inputs, outputs, strict=True)], written_in="json")


def _of_list(found: list[Any], function: Function) -> dict[str, Any]:
    if len(found) > MOST:
        raise Unreadable(f"expected at most {MOST:,} tests, got {len(found):,}")
    if all(isinstance(test, str) for test in found):
        return _code(found, function)
    if not all(isinstance(test, dict) for test in found):
        raise Unreadable("expected a list of objects, or of strings of Python")
    if all({"input", "output"} <= test.keys() for test in found):
        return _inputs([test["input"] for test in found], [test["output"] for test in found])
    return _calls([_object_call(test, place, function) for place, test in enumerate(found)], written_in="json")


def _inputs(inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
    texts = [[_lines(text, f"{name}[{at}]") for at, text in enumerate(given)]
             for name, given in (("inputs", inputs), ("outputs", outputs))]  # fmt: skip
    return {"form": "inputs", "inputs": texts[0], "outputs": texts[1]}


def _lines(text: Any, name: str) -> str:
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "\n".join(text)
    return _text(text, name)


def _text(text: Any, name: str) -> str:
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return "\n".join(text)
    if not isinstance(text, str):
        raise Unreadable(f"{name}: expected a string, got {kind(text)}")
    return text


def _calls(calls: list[dict[str, Any]], written_in: str) -> dict[str, Any]:
    return {"form": "calls", "written_in": written_in, "calls": calls}


def _json_call(pair: tuple[Any, Any], function: str) -> dict[str, Any]:
    """A call of APPS, LiveCodeBench and what is made of them.

    Arguments are a list, or a text with one JSON value in each line. APPS wraps many results in a list of one.
    """
    given, result = pair
    if isinstance(given, str):
        given, result = [_value(line) for line in given.split("\n") if line.strip()], _value(result)
        return _call(asserts.Call(function, given, {}), "==", result)
    if not isinstance(given, list):
        raise Unreadable(f"inputs: expected a list of arguments, got {kind(given)}")
    call = _call(asserts.Call(function, given, {}), "==", result)
    if isinstance(result, list) and len(result) == 1:
        call["or"] = plain.encode(result[0])
    return call


def _value(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        raise Unreadable("expected a JSON value for each argument and result") from None


def _object_call(test: dict[str, Any], place: int, function: Function) -> dict[str, Any]:
    if "expected" not in test or not test.keys() & {"call", "args", "kwargs"}:
        raise Unreadable(f"[{place}]: expected `input` and `output`, or `expected` and `args`, `kwargs` or `call`")
    called, args, kwargs = test.get("call"), test.get("args", []), test.get("kwargs", {})
    if called is not None and not isinstance(called, str):
        raise Unreadable(f"[{place}].call: expected a string, got {kind(called)}")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Unreadable(f"[{place}]: expected a list of `args` and an object of `kwargs`")
    if called is None or _NAME.fullmatch(called):
        return _call(asserts.Call(called or _checked_name(function()), args, kwargs), "==", test["expected"])
    try:
        return _call(asserts.call(called), "==", test["expected"])
    except (asserts.NotCalls, SyntaxError, ValueError):
        raise Unreadable(f"[{place}].call: expected a name, or a call with literals") from None


def _call(call: asserts.Call, relation: str, expected: Any) -> dict[str, Any]:
    try:
        return {
            "function": call.function,
            "args": [plain.encode(argument) for argument in call.args],
            "kwargs": {name: plain.encode(argument) for name, argument in call.kwargs.items()},
            "relation": relation,
            "expected": plain.encode(expected),
        }
    except plain.NotPlain as error:
        raise Unreadable(f"expected plain values, got {error}") from None


def _code(pieces: list[str], function: Function) -> dict[str, Any]:
    """Test code: calls where it is nothing but them. What is too long to be read here, the tests' process reads."""
    if sum(map(len, pieces)) > LONGEST or not any(map(str.strip, pieces)):
        raise Unreadable(f"expected at most {LONGEST:,} characters of Python, and some")
    named = any(map(_CHECK.search, pieces))
    try:
        expectations = [one for piece in pieces for one in asserts.expectations(piece)]
        return _calls([_call(*one) for one in expectations], written_in="python")
    except (SyntaxError, ValueError) as error:
        raise Unreadable(f"expected Python, got {type(error).__name__}") from None
    except asserts.NotCalls:
        name = _checked_name(function()) if named else None
    if name and not any(map(_CHECKED.search, pieces)):
        pieces = [*pieces, f"check({name})"]
    return {"form": "code", "pieces": pieces, "function": name, "beside": any(map(_SHARES_PROCESS.search, pieces))}


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Unreadable("expected the function's name to be one name")
    return name
