"""Test code that is nothing but calls of the program's functions with the results they ought to have.

    assert f(1, [2]) == (3, 4)     assert f("a") is None     assert not f(x=0)     assert f([]) == set(), "no words"

Such code needs no interpreter beside the program: the calls are made there, and the results compared elsewhere. Any
other statement, and any argument or result that is no literal, makes it code that a process of its own has to run.
"""

import ast
from typing import Any, NamedTuple

LONGEST = 4_000
"""Characters of test code that is taken apart here, in 3 ms; longer code goes to the process that runs tests."""


class Call(NamedTuple):
    """A call, and the value it ought to have."""

    function: str
    args: list[Any]
    kwargs: dict[str, Any]


class Expectation(NamedTuple):
    """What an assertion says of a call's value."""

    call: Call
    relation: str
    """`==`, `!=`, `is` (None, True or False), `true` or `false`."""
    expected: Any = None


class NotCalls(Exception):
    """Code that is more than calls with their results."""


def expectations(code: str) -> list[Expectation]:
    """What code says, where it is nothing but assertions on calls. Raises `NotCalls` or `SyntaxError`."""
    if len(code) > LONGEST:
        raise NotCalls
    try:
        return [_expectation(statement) for statement in ast.parse(code).body]
    except (RecursionError, MemoryError):
        raise NotCalls from None


def call(text: str) -> Call:
    """The call that an expression is. Raises `NotCalls` or `SyntaxError`."""
    if len(text) > LONGEST:
        raise NotCalls
    return _call(ast.parse(text.strip(), mode="eval").body)


def _expectation(statement: ast.stmt) -> Expectation:
    match statement:
        case ast.Assert(ast.Compare(left, [operator], [right])):
            return _comparison(left, operator, right)
        case ast.Assert(ast.UnaryOp(ast.Not(), operand)):
            return Expectation(_call(operand), "false")
        case ast.Assert(test):
            return Expectation(_call(test), "true")
    raise NotCalls


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Expectation:
    match operator, right:
        case ast.Is(), ast.Constant(None | True | False as value):
            return Expectation(_call(left), "is", value)
        case ast.Eq() | ast.NotEq(), _:
            relation = "==" if isinstance(operator, ast.Eq) else "!="
            try:
                return Expectation(_call(left), relation, _literal(right))
            except NotCalls:
                return Expectation(_call(right), relation, _literal(left))
    raise NotCalls


def _call(node: ast.expr) -> Call:
    match node:
        case ast.Call(function, args, keywords) if all(keyword.arg for keyword in keywords):
            kwargs = {str(keyword.arg): _literal(keyword.value) for keyword in keywords}
            return Call(_name(function), [_literal(argument) for argument in args], kwargs)
    raise NotCalls


def _name(node: ast.expr) -> str:
    """The name of the function; one of Python's is the program's too, since nobody tests `sum(10, 15)` otherwise."""
    if not isinstance(node, ast.Name):
        raise NotCalls
    return node.id


def _literal(node: ast.expr) -> Any:
    """The value of a literal, also `set()`, `frozenset({1})` and `float("inf")`. Raises `NotCalls`."""
    match node:
        case ast.Call(ast.Name("set"), [], []):
            return set()
        case ast.Call(ast.Name("set" | "frozenset" | "tuple" as name), [content], []):
            return {"set": set, "frozenset": frozenset, "tuple": tuple}[name](_members(content))
        case ast.Call(ast.Name("float"), [ast.Constant(str(text))], []) if text.strip("+-") in ("inf", "nan"):
            return float(text)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise NotCalls from None


def _members(node: ast.expr) -> Any:
    members = _literal(node)
    if not isinstance(members, list | tuple | set):
        raise NotCalls
    return members
