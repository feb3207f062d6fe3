"""Programs with one small mistake each: a right program with one operator, constant or condition changed."""

import ast
import copy
import random
from collections.abc import Callable, Iterator

Change = Callable[[], None]

_OPERATORS: dict[type, type] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult},
    **{ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.RShift: ast.LShift},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And},
}


def mutants(source: str, most: int) -> list[str]:
    """That many different ones at most; the same for the same source."""
    tree = ast.parse(source)
    number = sum(1 for _ in _changes(tree))
    chosen = random.Random(source).sample(range(number), min(most, number))
    made = (_changed(tree, index) for index in sorted(chosen))
    return [mutant for mutant in dict.fromkeys(made) if mutant != ast.unparse(tree)]


def _changed(tree: ast.Module, index: int) -> str:
    tree = copy.deepcopy(tree)
    for number, change in enumerate(_changes(tree)):
        if number == index:
            change()
            break
    return ast.unparse(tree)


def _changes(tree: ast.Module) -> Iterator[Change]:
    """Every small mistake that could be made, as what makes it."""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=operator) | ast.AugAssign(op=operator) | ast.BoolOp(op=operator):
                if type(operator) in _OPERATORS:
                    yield _setter(node, "op", _OPERATORS[type(operator)]())
            case ast.Compare(ops=[operator, *others]) if type(operator) in _OPERATORS:
                yield _setter(node, "ops", [_OPERATORS[type(operator)](), *others])
            case ast.Constant(bool(value)):
                yield _setter(node, "value", not value)
            case ast.Constant(int(value)):
                yield _setter(node, "value", value + 1)
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                yield _setter(node, "test", ast.UnaryOp(ast.Not(), test))
            case ast.Return(value=value) if value is not None:
                yield _setter(node, "value", ast.Constant(None))


def _setter(node: ast.AST, field: str, value: object) -> Change:
    return lambda: setattr(node, field, value)
