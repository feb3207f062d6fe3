"""`calculate_output`: the arithmetic that makes one score of the scores of a multi's parts.

    expression  operand, then any number of: operator expression
    operand     number | name | "+" operand | "-" operand | "(" expression ")" | function "(" expression, … ")"

From tightest to loosest: `^` (from the right), signs, `* /`, `+ -`. docs/formula.md holds every corner.

A Pratt parser (Pratt 1973, "Top down operator precedence") turns the text into a straight-line program: each number,
name and result has a slot, and each step fills one slot from one or two others. Evaluation is a loop, so only the
parser needs a bound on depth. Every slot is a finite float, since integers grow without end.
"""

import math
import operator
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Any, NamedTuple, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from .errors import FairmarkError

MAX_LENGTH = 10_000
"""Characters; the 5,000 steps that fit in take about a millisecond."""
MAX_DEPTH = 100
"""Open parentheses, signs and right-hand operands; each is two Python frames while parsing."""

_Operation = Callable[..., float]


class FormulaError(FairmarkError, ValueError):
    """A formula that can't be read or has no finite value; the message names the character, counted from 1."""


class _Token(NamedTuple):
    kind: str | None
    text: str
    start: int

    def error(self, problem: str) -> FormulaError:
        return FormulaError(f"character {self.start + 1}: {problem}")

    def unexpected(self, expected: str) -> FormulaError:
        found = repr(self.text[:40]) if self.text else "the end"
        hint = " (a power is written ^)" if self.text == "**" else ""
        return self.error(f"expected {expected}, found {found}{hint}")


class _Step(NamedTuple):
    token: _Token
    apply: _Operation
    left: int
    right: int | None
    slot: int


class _Infix(NamedTuple):
    apply: _Operation
    binding: int
    right: int
    """What the operators of the right operand bind tighter than; below `binding`, it groups from the right."""


def _floor(x: float) -> float:
    return float(math.floor(x))


def _ceil(x: float) -> float:
    return float(math.ceil(x))


_SIGN = 3
_INFIX = {
    "+": _Infix(operator.add, 1, 1),
    "-": _Infix(operator.sub, 1, 1),
    "*": _Infix(operator.mul, 2, 2),
    "/": _Infix(operator.truediv, 2, 2),
    "^": _Infix(math.pow, 4, _SIGN),  # ** would turn complex where pow raises
}
_FOLDS: dict[str, _Operation] = {"min": min, "max": max}
_FUNCTIONS: dict[str, _Operation] = _FOLDS | {
    "abs": abs, "floor": _floor, "ceil": _ceil, "exp": math.exp, "sqrt": math.sqrt, "log": math.log,
}  # fmt: skip

_NAME = re.compile(r"[^\W\d]\w*")
_TOKEN = re.compile(rf"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>{_NAME.pattern})|\*\*|\S")


def part_name(name: str) -> str:
    """`name`, if a formula can say it; raises FormulaError otherwise."""
    if not _NAME.fullmatch(name):
        raise FormulaError(f"expected letters, digits and _ with no digit first, found {name[:40]!r}")
    return name


def _run(steps: Iterable[_Step], slots: list[float]) -> None:
    """Fills the slots; NaN and infinity stop it at the step they come from, since min or 1/x could hide them later."""
    for token, apply, left, right, slot in steps:
        try:
            value = apply(slots[left]) if right is None else apply(slots[left], slots[right])
        except (ArithmeticError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            operands = f"{slots[left]}" if right is None else f"{slots[left]} and {slots[right]}"
            raise token.error(f"{token.text} of {operands} has no finite value")
        slots[slot] = value


class _Parser:
    def __init__(self, source: str) -> None:
        tokens = [_Token(found.lastgroup, found[0], found.start()) for found in _TOKEN.finditer(source)]
        self.rest = iter([*tokens, _Token(None, "", len(source))])
        self.token = next(self.rest)
        self.depth = 0
        self.slots: list[float] = []  # NaN until a value is known
        self.names: dict[str, int] = {}
        self.steps: list[_Step] = []
        self.result = self.expression()
        self.expect("", "an operator (+ - * / ^) or the end")

    def advance(self) -> _Token:
        token, self.token = self.token, next(self.rest, self.token)
        return token

    def expect(self, text: str, expected: str) -> None:
        token = self.advance()
        if token.text != text:
            raise token.unexpected(expected)

    def expression(self, above: int = 0) -> int:
        """The slot of the longest expression here whose operators all bind tighter than `above`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.token.error(f"expected at most {MAX_DEPTH} levels of nesting")
        left = self.operand()
        while (infix := _INFIX.get(self.token.text)) and infix.binding > above:
            token = self.advance()
            left = self.emit(token, infix.apply, left, self.expression(infix.right))
        self.depth -= 1
        return left

    def operand(self) -> int:
        token = self.advance()
        match token.kind, token.text:
            case "number", _:
                return self.number(token)
            case "name", name:
                return self.call(token) if self.token.text == "(" else self.variable(name)
            case _, "(":
                inside = self.expression()
                self.expect(")", "an operator (+ - * / ^) or ')'")
                return inside
            case _, "-":
                return self.emit(token, operator.neg, self.expression(_SIGN))
            case _, "+":
                return self.expression(_SIGN)
        raise token.unexpected("a number, a name, a function or '('")

    def number(self, token: _Token) -> int:
        value = float(token.text)
        if math.isinf(value):
            raise token.unexpected("a number below 1.8e308")
        return self.fill(value)

    def variable(self, name: str) -> int:
        if name not in self.names:
            self.names[name] = self.fill(math.nan)
        return self.names[name]

    def call(self, token: _Token) -> int:
        if token.text not in _FUNCTIONS:
            raise token.unexpected(f"one of {', '.join(_FUNCTIONS)} before '('")
        apply, arguments = _FUNCTIONS[token.text], self.arguments()
        if token.text in _FOLDS:
            return reduce(partial(self.emit, token, apply), arguments)
        if len(arguments) > 1:
            raise token.error(f"expected 1 argument of {token.text}, found {len(arguments)}")
        return self.emit(token, apply, *arguments)

    def arguments(self) -> list[int]:
        found: list[int] = []
        while not found or self.token.text == ",":
            self.advance()
            found.append(self.expression())
        self.expect(")", "an operator (+ - * / ^), ',' or ')'")
        return found

    def emit(self, token: _Token, apply: _Operation, left: int, right: int | None = None) -> int:
        """Adds a step, or takes it now if its operands are known, so that `1/0` is refused when it is loaded."""
        known = not math.isnan(self.slots[left]) and (right is None or not math.isnan(self.slots[right]))
        step = _Step(token, apply, left, right, self.fill(math.nan))
        if known:
            _run([step], self.slots)
        else:
            self.steps.append(step)
        return step.slot

    def fill(self, value: float) -> int:
        self.slots.append(value)
        return len(self.slots) - 1


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, parsed once; equal to any other of the same source.

    As a field of a pydantic model it is read from its source and dumped as it.
    """

    source: str
    names: frozenset[str] = field(compare=False)
    _variables: tuple[tuple[str, int], ...] = field(compare=False, repr=False)
    _slots: tuple[float, ...] = field(compare=False, repr=False)
    _steps: tuple[_Step, ...] = field(compare=False, repr=False)
    _result: int = field(compare=False, repr=False)

    @classmethod
    def parse(cls, source: str) -> Self:
        """Raises FormulaError on bad syntax, an unknown function, and numbers that make no finite value."""
        if len(source) > MAX_LENGTH:
            raise FormulaError(f"expected at most {MAX_LENGTH:,} characters, found {len(source):,}")
        read = _Parser(source)
        return cls(
            source, frozenset(read.names), tuple(read.names.items()), tuple(read.slots), tuple(read.steps), read.result
        )

    def __call__(self, values: Mapping[str, float]) -> float:
        """A finite value, given one for each name; raises FormulaError where a value or a step isn't finite."""
        slots = list(self._slots)
        for name, slot in self._variables:
            value = values.get(name)
            if value is None or not abs(value) <= sys.float_info.max:  # also catches NaN and integers past any float
                raise FormulaError(f"expected a finite value of {name[:40]!r}")
            slots[slot] = float(value)
        _run(self._steps, slots)
        return slots[self._result]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema()
        dump = core_schema.plain_serializer_function_ser_schema(operator.attrgetter("source"), return_schema=text)
        return core_schema.no_info_wrap_validator_function(
            lambda value, read: value if isinstance(value, cls) else cls.parse(read(value)), text, serialization=dump
        )
