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
from collections.abc import Iterable, Mapping
from functools import lru_cache
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
    r"\b(sys\.std(in|out|err)|redirect_std(out|err)|builtins\.\w+ *=|mock|inspect|globals|__globals__|asyncio|await)\b"
)
"""What test code names when it reaches into the process of the program: its streams, names, source or coroutines."""
_CLASS = re.compile(r"^[ \t]*class (?!.*(TestCase|Exception|Error)\b)", re.MULTILINE)
"""Classes whose objects test code may hand to the program, which they can't be while it is in another process."""


class Unreadable(ValueError):
    """Tests that nobody can read; the message says what was expected."""


def suite(found: Any, function: str | None) -> dict[str, Any]:
    """The tests that an item holds; `function` names what they test where they don't. Raises `Unreadable`.

    What it returns is shared, and not to be changed.
    """
    try:
        if isinstance(found, str) and len(found) <= _KEPT:
            return _of_text(found, function)
        return _of_any(_loaded(found) if isinstance(found, str) else found, function)
    except RecursionError:
        raise Unreadable("expected tests, got objects within objects") from None


def _of_any(found: Any, function: str | None) -> dict[str, Any]:
    if isinstance(found, Mapping):
        return _of_object(found, function)
    if isinstance(found, str):
        return _code((found,), function)
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


@lru_cache(maxsize=100)
def _of_text(text: str, function: str | None) -> dict[str, Any]:
    return _of_any(_loaded(text), function)


def _of_object(found: Mapping[str, Any], function: str | None) -> dict[str, Any]:
    named = next((found[name] for name in _FUNCTION if found.get(name)), None)
    function = function if named is None else _checked(named)
    inner = next((found[name] for name in _TESTS if found.get(name)), None)
    setup = [_text(found[name], name) for name in _SETUP if found.get(name)]
    if inner is not None and not setup:
        return suite(inner, function)
    if inner is not None:
        pieces = inner if isinstance(inner, list) else [inner]
        return _code((*setup, *(_text(piece, "tests") for piece in pieces)), function)
    inputs, outputs = found.get("inputs"), found.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs) or not inputs:
        raise Unreadable("expected `tests`, or as many `inputs` as `outputs`")
    if named is None:
        return _inputs(inputs, outputs)
    return _json_calls(zip(inputs, outputs, strict=True), function)


def _of_list(found: list[Any], function: str | None) -> dict[str, Any]:
    if len(found) > MOST:
        raise Unreadable(f"expected at most {MOST:,} tests, got {len(found):,}")
    if all(isinstance(test, str) for test in found):
        return _code(tuple(found), function)
    if not all(isinstance(test, dict) for test in found):
        raise Unreadable("expected a list of objects, or of strings of Python")
    if all({"input", "output"} <= test.keys() for test in found):
        if any(test.get("testtype") == "functional" for test in found):
            pairs = [(test["input"], test["output"]) for test in found]
            return _json_calls(pairs, function)
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


def _json_calls(pairs: Iterable[tuple[Any, Any]], function: str | None) -> dict[str, Any]:
    name = _checked(function)
    return _calls([_json_call(pair, name) for pair in pairs], written_in="json")


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


def _object_call(test: dict[str, Any], place: int, function: str | None) -> dict[str, Any]:
    if "expected" not in test or not test.keys() & {"call", "args", "kwargs"}:
        raise Unreadable(f"[{place}]: expected `input` and `output`, or `expected` and `args`, `kwargs` or `call`")
    called, args, kwargs = test.get("call"), test.get("args", []), test.get("kwargs", {})
    if called is not None and not isinstance(called, str):
        raise Unreadable(f"[{place}].call: expected a string, got {kind(called)}")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Unreadable(f"[{place}]: expected a list of `args` and an object of `kwargs`")
    if called is None or _NAME.fullmatch(called):
        return _call(asserts.Call(called or _checked(function), args, kwargs), "==", test["expected"])
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


def _code(pieces: tuple[str, ...], function: str | None) -> dict[str, Any]:
    """Test code: calls where it is nothing but them. What is too long to be read here, the tests' process reads."""
    length = sum(map(len, pieces))
    if length > LONGEST or not any(map(str.strip, pieces)):
        raise Unreadable(f"expected at most {LONGEST:,} characters of Python, and some")
    calls = _asserted(pieces) if length <= asserts.LONGEST else None
    if calls is not None:
        return _calls(calls, written_in="python")
    if any(map(_CHECK.search, pieces)) and not any(map(_CHECKED.search, pieces)):
        pieces = (*pieces, f"check({_checked(function)})")
    found: dict[str, Any] = {"form": "code", "pieces": [*pieces], "function": function}
    found["beside"] = any(map(_SHARES_PROCESS.search, pieces))
    found["has_classes"] = any(map(_CLASS.search, pieces))
    return found


@lru_cache(maxsize=1000)
def _asserted(pieces: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """The calls that test code is, or None where it is more. Raises `Unreadable`."""
    try:
        return [_call(*one) for piece in pieces for one in asserts.expectations(piece)]
    except (SyntaxError, ValueError) as error:
        raise Unreadable(f"expected Python, got {type(error).__name__}") from None
    except asserts.NotCalls:
        return None


def _checked(name: Any) -> str:
    if name is None:
        raise Unreadable("expected the name of the function under test, got none")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Unreadable("expected the function's name to be one name")
    return name
