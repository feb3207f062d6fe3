"""When an output, or a value that a call returned, is the expected one."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_DECIMAL = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SEQUENCES = (list, tuple)


class Tolerance(BaseModel):
    """How far a number may be off; the wider one counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    absolute: float = Field(0.0, ge=0, allow_inf_nan=False)
    relative: float = Field(0.0, ge=0, allow_inf_nan=False)
    """Of the expected number."""

    def allows(self, found: float, expected: float) -> bool:
        """Whether a number is close enough. What is infinite or no number is close to nothing."""
        room = max(self.absolute, self.relative * abs(expected))
        return math.isfinite(room) and abs(found - expected) <= room


class OutputRule(BaseModel):
    """What of a program's output counts; bytes of UTF-8 are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    whitespace: Literal["lines", "words", "exact"] = "lines"
    """`lines`: not at the end of a line, nor empty lines at the end. `words`: nowhere, but as what parts words.

    `exact`: every byte counts.
    """
    line_order: Literal["kept", "any"] = "kept"
    """Whether the lines may come in any order."""

    def same(self, found: bytes, expected: bytes, tolerance: Tolerance | None) -> bool:
        """Whether an output is the expected one."""
        if found == expected:
            return True
        if self.whitespace == "exact" and self.line_order == "kept" and tolerance is None:
            return False
        left, right = self._lines(found), self._lines(expected)
        if self.line_order == "any":
            left, right = sorted(left), sorted(right)
        return left == right or (tolerance is not None and _close_lines(left, right, tolerance))

    def _lines(self, output: bytes) -> list[list[bytes]]:
        """Lines of what has to agree in them."""
        if self.whitespace == "exact":
            return [[line] for line in output.split(b"\n")]
        if self.whitespace == "words":
            lines = [line.split() for line in output.split(b"\n")]
            return [line for line in lines if line] if self.line_order == "any" else [output.split()]
        return [[line.rstrip()] for line in output.rstrip().split(b"\n")]


def _close_lines(left: Sequence[Sequence[bytes]], right: Sequence[Sequence[bytes]], tolerance: Tolerance) -> bool:
    """Whether lines agree word for word, numbers within the tolerance; beside a number no whitespace counts."""
    return len(left) == len(right) and all(
        one == other or _close_words(b" ".join(one).split(), b" ".join(other).split(), tolerance)
        for one, other in zip(left, right, strict=True)
    )


def _close_words(left: Sequence[bytes], right: Sequence[bytes], tolerance: Tolerance) -> bool:
    return len(left) == len(right) and all(
        one == other or (_is_number(one) and _is_number(other) and tolerance.allows(float(one), float(other)))
        for one, other in zip(left, right, strict=True)
    )


def _is_number(word: bytes) -> bool:
    return len(word) < 400 and _DECIMAL.fullmatch(word) is not None


class ValueRule(BaseModel):
    """When two plain values are the same: as Python's `==` has it, but for what is said here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tolerance: Tolerance | None = None
    lists_as_tuples: bool = False
    """Whether a tuple may stand where a list is expected: of values that were written in JSON, which has no tuples."""

    def same(self, found: Any, expected: Any) -> bool:
        """Whether a value is the expected one; both are plain and nested less than `plain.DEEPEST`."""
        if isinstance(expected, _SEQUENCES) and isinstance(found, _SEQUENCES):
            return self._same_kind(found, expected) and self._same_members(found, expected)
        if isinstance(expected, Mapping) and isinstance(found, Mapping):
            return found.keys() == expected.keys() and all(self.same(found[key], expected[key]) for key in expected)
        if self.tolerance is not None and _are_numbers((found, expected)):
            return bool(found == expected) or self.tolerance.allows(found, expected)
        try:
            return bool(found == expected)
        except ArithmeticError:  # decimal's signalling NaN
            return False

    def _same_kind(self, found: Any, expected: Any) -> bool:
        return type(found) is type(expected) or (self.lists_as_tuples and type(expected) is list)

    def _same_members(self, found: Sequence[Any], expected: Sequence[Any]) -> bool:
        return len(found) == len(expected) and all(map(self.same, found, expected))


def _are_numbers(values: Iterable[Any]) -> bool:
    """Whether all are integers or floats that a float can hold; what is true or false is no number."""
    return all(type(value) is float or (type(value) is int and value.bit_length() < 1000) for value in values)
