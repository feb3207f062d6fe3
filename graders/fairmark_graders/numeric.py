"""fairmark's `numeric`: 1 when the final number of a text is the reference's, within a tolerance, else 0.

maths/answer says where the answer is, maths/reader.py reads it: digits with separators, fractions, mixed and
repeating decimals, powers of ten, percentages, currency, units, numbers in words. Reckoning is exact, in fractions, so
0.1 + 0.2 is 0.3 and a tolerance ends where it says. What stands for several numbers, or for a number that isn't
rational (`\\sqrt{2}`), is no answer here: that is `math_equivalence`'s.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from .errors import FairmarkError, ModelFault, Ungradable
from .grader import Comparison, Inline
from .maths.answer import NoAnswer, Place, TooLong, final_answer, reference_answer
from .maths.errors import TooComplex, Unreadable
from .maths.reader import read
from .maths.tree import Alternatives, Based, Measure, Negative, Node, Number, Power, Product, Quotient, Relation, Symbol
from .maths.units import Unit, unit
from .sample import Sample
from .types import Case, Item, Verdict

LONGEST = 200
"""Characters of a number and its unit; nothing is reckoned with longer ones."""
LARGEST_EXPONENT = 1_000
"""Of a power of ten: 1e999999999 is never expanded."""

_SCIENTIFIC = re.compile(r"(?<![\w.])(\d[\d,]*\.?\d*|\.\d+)[eE]([-−+]?\d{1,9})(?!\w)")
"""Here an e between digits is never Euler's number."""
_REMARK = re.compile(r"\s\((?P<said>[^()]+)\)\Z")
_EXPLAINS = re.compile(r"(?!.*\b(?:or|alternatively|maybe|perhaps|possibly)\b).*(?:[=×*+·]|[A-Za-z]{2})", re.IGNORECASE)
_THOUSANDS = ("K", "M")
"""Units by their letter, but written at a number they rather stand for thousands and millions."""


class Tolerance(BaseModel):
    """How far from the reference a number may be; the widest of what is set counts, the bounds are inside."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    absolute: float = Field(0, ge=0, allow_inf_nan=False)
    """In the reference's unit."""
    relative: float = Field(0, ge=0, allow_inf_nan=False)
    """As a share of the reference, 0.01 for 1 %; it gives 0 no room."""
    significant_digits: int | None = Field(None, ge=1, le=100)
    """Half a unit of the reference's n-th digit: what rounding to n digits may change; it gives 0 no room."""

    def allows(self, value: Fraction, right: Fraction) -> str | None:
        """The name of what allows a value; None when nothing does."""
        difference = abs(value - right)
        if not difference:
            return "exact"
        if difference <= Fraction(str(self.absolute)):
            return "absolute"
        if difference <= abs(right) * Fraction(str(self.relative)):
            return "relative"
        if self.significant_digits is not None and right and difference <= _half_unit(right, self.significant_digits):
            return "significant_digits"
        return None


def _half_unit(right: Fraction, digits: int) -> Fraction:
    """Half of what one more in the n-th significant digit is worth."""
    exponent = len(str(abs(right.numerator))) - len(str(right.denominator))
    if abs(right) < Fraction(10) ** exponent:
        exponent -= 1
    return Fraction(10) ** (exponent - digits + 1) / 2


class Numeric(Comparison, Inline):
    """Compare the final number of `input` with the number that `reference` is."""

    type: Literal["numeric"]
    answer_in: Place = "auto"
    """Where the answer is: the last box, after the last marker, the last number, the whole text, or wherever it is."""
    marker: str | None = Field(None, min_length=1, max_length=100)
    """The words before the answer, in place of the usual ones."""
    tolerance: Tolerance = Tolerance()
    units: Literal["optional", "required", "same"] = "optional"
    """Whether a unit may be left out, has to be there where the reference has one, or has to be the reference's own.

    Where both have one, `optional` and `required` convert, exactly; what doesn't convert is wrong. `%` is a hundredth.
    """

    def read(self, sample: Sample, item: Item) -> Case:
        try:
            case = super().read(sample, item)
        except ModelFault:
            _reference(self.reference.render(sample, item))
            raise
        _reference(case.reference)
        try:
            return Case(final_answer(case.answer, self.answer_in, self.marker), case.reference)
        except NoAnswer as error:
            raise ModelFault(str(error)) from None
        except TooLong as error:
            raise ModelFault(str(error), "limit") from None

    def judge(self, case: Case) -> Verdict:
        right = _reference(case.reference)
        try:
            said = _said(case.answer)
        except NoNumber as error:
            raise ModelFault(f"the answer {case.answer[:80]!r} {error}") from None
        for value in said.in_unit_of(right, self.units):
            if allowed := self.tolerance.allows(value, right.value):
                return Verdict(1.0, reason=_forgiven(said, right), rule=f"numeric.{allowed}")
        return Verdict(0.0, rule="numeric")


class NoNumber(FairmarkError):
    """A text isn't one rational number of a size that is reckoned with; the message says what it is."""


class Quantity(NamedTuple):
    """A number and its unit, spelled as in maths/units.py; what that doesn't know is a word such as `apple`."""

    value: Fraction
    unit: str | None

    def in_unit_of(self, right: "Quantity", units: str) -> list[Fraction]:
        """What this may be in another's unit; nothing where it can't be."""
        if self.unit == right.unit:
            return [self.value]
        left_out = self.unit is None or right.unit is None
        if units == "same":
            return []
        values = [self.value] if left_out and (units == "optional" or right.unit is None) else []
        return values + self._converted(right)

    def equals(self, other: "Quantity") -> bool:
        """Whether both are the same number, in whatever unit, be it a percent."""
        return self.value in ([other.value] if other.unit == self.unit else other._converted(self))

    def _converted(self, right: "Quantity") -> list[Fraction]:
        mine, theirs = _unit(self.unit), _unit(right.unit)
        if mine is None or theirs is None or (mine.dimensions, mine.pi) != (theirs.dimensions, theirs.pi):
            return []
        return [(self.value * mine.size + mine.offset - theirs.offset) / theirs.size]


def _unit(name: str | None) -> Unit | None:
    """The unit of a name; a pure number's is 1."""
    return Unit((), Fraction(1)) if name is None else unit(name)


def _forgiven(said: Quantity, right: Quantity) -> str | None:
    if said.unit == right.unit:
        return None
    if said.unit is None:
        return f"the unit {right.unit} was left out"
    return f"{said.unit} was read as {right.unit}" if right.unit else f"the unit {said.unit} was added"


@lru_cache(maxsize=4096)
def _reference(text: str) -> Quantity:
    try:
        return _quantity(reference_answer(text))
    except (NoAnswer, TooLong) as error:
        raise Ungradable(str(error), repeatable=True) from None
    except NoNumber as error:
        raise Ungradable(f"the reference {text[:80]!r} {error}", repeatable=True) from None


def _said(text: str) -> Quantity:
    """The number that an answer is, less a remark at its end that explains it or says it again. Raises `NoNumber`.

    A remark leaves 10 of `10 (2 × 5)` and 0.5 of `0.5 (50%)`.
    """
    try:
        return _quantity(text)
    except NoNumber:
        remark = _REMARK.search(text) if len(text) <= LONGEST else None
        if remark is None:
            raise
    said = _quantity(text[: remark.start()])
    if not _EXPLAINS.match(remark["said"]) and not said.equals(_quantity(remark["said"])):
        raise NoNumber("names several numbers")
    return said


def _quantity(text: str) -> Quantity:
    """Raises `NoNumber`."""
    if len(text) > LONGEST:
        raise NoNumber(f"is {len(text):,} characters long; a number has {LONGEST} at most")
    try:
        node = read(_SCIENTIFIC.sub(r"\1×10^{\2}", text))
    except (Unreadable, TooComplex) as error:
        raise NoNumber(f"is no number: {error}") from None
    return _measured(node)


def _measured(node: Node) -> Quantity:
    match node:
        case Relation():
            return _right_side(node)
        case Alternatives(items):
            return _agreed(items)
        case Measure(value, name):
            return Quantity(_value(value), name)
        case Negative(Measure(value, name)):
            return Quantity(-_value(value), name)
        case Product((Number(value), Symbol(name)), written=False) if unit(name) and name not in _THOUSANDS:
            return Quantity(Fraction(value), name)  # the m of 5m: there are no variables here
    return Quantity(_value(node), None)


def _agreed(items: tuple[Node, ...]) -> Quantity:
    """The number that is said several times, such as `0.5 or 50%`."""
    first, *others = map(_measured, items)
    if not all(map(first.equals, others)):
        raise NoNumber("names several numbers")
    return first


def _right_side(relation: Relation) -> Quantity:
    """The 5 of `x = 5` and `v = 2 * 2.5 = 5`; a number that is said to be another is neither."""
    *before, last = relation.operands
    if set(relation.signs) - {"="}:
        raise NoNumber("is a relation, not one number")
    said = _measured(last)
    if any(isinstance(node, Number | Negative | Measure) and not said.equals(_measured(node)) for node in before):
        raise NoNumber("is a relation, not one number")
    return said


def _value(node: Node) -> Fraction:
    match node:
        case Number(value):
            return Fraction(value)
        case Based(digits, base):
            return Fraction(int(digits, base))
        case Negative(of):
            return -_value(of)
        case Quotient(top, bottom) if divisor := _value(bottom):
            return _value(top) / divisor
        case Product(factors, written=True) if len(factors) == 2 and isinstance(factors[1], Power):
            return _value(factors[0]) * _value(factors[1])
        case Power(Number(10), exponent) if (power := _value(exponent)).denominator == 1:
            if abs(power) > LARGEST_EXPONENT:
                raise NoNumber(f"has a power of ten beyond {LARGEST_EXPONENT:,}")
            return Fraction(10) ** int(power)
        case Symbol("infinity"):
            raise NoNumber("is infinite")
    raise NoNumber("is not one rational number")
