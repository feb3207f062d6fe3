"""Test code, taken apart into tests and run one after the other, in the process that judges.

Tests are the assertions at its margin (loops and the like with assertions in them, too), the calls of functions that it
defines itself (`check(candidate)`), its functions `test_…` and the methods of its `unittest` cases where it doesn't
call them. All other statements prepare what comes after them.
"""

import ast
import builtins
import importlib.util
import sys
import unittest
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import CodeType
from typing import Any, NamedTuple

FILE = "tests.py"
SOLUTION = "solution"
"""The module that tests may import the program as."""
MOST = 1_000
_LONGEST_MESSAGE = 200


class Unreadable(Exception):
    """Test code that can't be run, whatever program it is for; the message says why."""


class Beside(Exception):
    """Test code that has to share a process with the program; the message says what for."""


class Step(NamedTuple):
    """Something to run; a test, or what prepares for one."""

    code: CodeType
    is_test: bool


class Suite:
    """The tests of several pieces of code, which share their names."""

    def __init__(self, pieces: Sequence[str]) -> None:
        """Take code apart. Raises `Unreadable`."""
        try:
            trees = [ast.parse(piece, FILE) for piece in pieces]
            self.body = [statement for tree in trees for statement in tree.body]
            _check_imports(self.body)
            self._defined = {s.name for s in self.body if isinstance(s, ast.FunctionDef)}
            self.steps = [*self._written(), *self._uncalled()]
        except (SyntaxError, ValueError, RecursionError) as error:
            raise Unreadable(f"the tests are no Python: {type(error).__name__}") from None
        if self.count > MOST:
            raise Unreadable(f"expected at most {MOST:,} tests, got {self.count:,}")
        if not self.count:
            raise Unreadable("nothing in the tests is a test: no assertion and no function test_…")

    @property
    def count(self) -> int:
        return sum(step.is_test for step in self.steps)

    def _written(self) -> Iterator[Step]:
        """Its statements, but for those that would only start a runner of tests."""
        for statement in self.body:
            if not _starts_runner(statement):
                yield Step(_compiled(statement), self._is_test(statement))

    def _is_test(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return False
            case ast.Expr(ast.Call(ast.Name(name))):
                return name in self._defined
        return any(isinstance(node, ast.Assert) for node in ast.walk(statement))

    def _uncalled(self) -> Iterator[Step]:
        called = _called(node for statement in self.body for node in ast.walk(statement))
        for statement in self.body:
            match statement:
                case ast.FunctionDef(name) if name.startswith("test") and name not in called and not _takes(statement):
                    yield Step(_call(f"{name}()"), True)
                case ast.ClassDef(name, bases) if any("TestCase" in ast.unparse(base) for base in bases):
                    for method in statement.body:
                        if isinstance(method, ast.FunctionDef) and method.name.startswith("test"):
                            yield Step(_call(f"__debug(_ := {name}({method.name!r}))"), True)


def free_names(body: Sequence[ast.stmt], function: str | None) -> tuple[set[str], set[str]]:
    """Names that test code uses and nobody has given it: the program's, and Python's own modules.

    A built-in function is Python's unless it is the one under test, so a program can't put its own in the way.
    """
    nodes = [node for statement in body for node in ast.walk(statement)]
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    called = _called(nodes)
    free = used - _bound(nodes) - (set(dir(builtins)) - {function})
    modules = {name for name in free if name in sys.stdlib_module_names and name not in called and name != function}
    return free - modules, modules


def _check_imports(nodes: Iterable[ast.AST]) -> None:
    """Whether there is what tests import, but for where they `try` to. Raises `Unreadable`."""
    for node in nodes:
        match node:
            case ast.Try():
                continue
            case ast.Import(aliases):
                modules = [alias.name for alias in aliases]
            case ast.ImportFrom(str(module), _, 0):
                modules = [module]
            case _:
                modules = []
        for top in {module.partition(".")[0] for module in modules} - {SOLUTION}:
            if importlib.util.find_spec(top) is None:
                raise Unreadable(f"the tests need the module {top[:80]}, which isn't there")
        _check_imports(ast.iter_child_nodes(node))


def _bound(nodes: Sequence[ast.AST]) -> set[str]:
    """Names that code gives a meaning to, anywhere."""
    bound: set[str] = set()
    for node in nodes:
        match node:
            case ast.Name(name, ast.Store()) | ast.FunctionDef(name) | ast.ClassDef(name) | ast.arg(name):
                bound.add(name)
            case ast.alias(name, asname):
                bound.add(asname or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
    return bound


def perform(suite: Suite, names: dict[str, Any], wanted: Sequence[int], tell: Callable[[dict[str, Any]], bool]) -> None:
    """Run the tests whose numbers are wanted, and tell of each; until told that it is enough. Raises `Beside`.

    What prepares for a test is run for all of them; when it raises, the next test has failed.
    """
    names["__debug"] = unittest.TestCase.debug
    number, broken = -1, None
    for step in suite.steps:
        number += step.is_test
        if step.is_test and number not in wanted:
            continue
        problem = _run(step, names) or (broken if step.is_test else None)
        if step.is_test and not tell({"passed": True} if problem is None else problem):
            break
        broken = None if step.is_test else problem or broken


def _run(step: Step, names: dict[str, Any]) -> dict[str, Any] | None:
    """What went wrong."""
    try:
        exec(step.code, names)
    except (Beside, MemoryError):
        raise
    except BaseException as error:
        return _problem(error)
    return None


def _problem(error: BaseException) -> dict[str, Any]:
    try:
        message = str(error)[:_LONGEST_MESSAGE]
    except BaseException:
        message = ""
    return {"passed": False, "error": type(error).__name__[:80], "message": message}


def _compiled(statement: ast.stmt) -> CodeType:
    return compile(ast.Module([statement], []), FILE, "exec", dont_inherit=True)


def _call(source: str) -> CodeType:
    return compile(source, FILE, "exec", dont_inherit=True)


def _called(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are called as functions."""
    return {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def _takes(function: ast.FunctionDef) -> bool:
    """Whether it needs arguments: fixtures, which nobody here provides."""
    arguments = function.args
    return len(arguments.posonlyargs) + len(arguments.args) > len(arguments.defaults)


def _starts_runner(statement: ast.stmt) -> bool:
    match statement:
        case ast.If(ast.Compare(ast.Name("__name__"))):
            return True
        case ast.Expr(ast.Call(ast.Attribute(ast.Name("unittest" | "pytest"), "main"))):
            return True
    return False
