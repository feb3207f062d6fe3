"""Numbers as they are written: grouped digits, repeating decimals, other bases, scientific notation."""

import re
from fractions import Fraction

from ..errors import TooComplex
from ..tree import Based, Negative, Number, Power, Product
from .words import BASES

LONGEST = 4000
"""Digits of a number, before and after the point together: int() of more is slow, and Python refuses beyond 4,300."""

_WORD_BASES = "|".join(BASES)
_GROUP = r"(?:\\!,\\!|\{,\}|\\[,!;: ]|,\\!|\{\\,\}|')"

NUMERAL = rf"""
    (?:(?P<based>(?:0[xX][0-9A-Fa-f]{{1,40}}(?![0-9A-Za-z])|0b[01]{{1,60}}(?![0-9A-Za-z]))
      | (?:\(?\s?(?:[0-9]{{1,60}}|[0-9A-F]{{2,60}}(?=\)?_\{{?\s?(?:1[1-6]|hex))
          |[0-9][0-9A-Fa-f]{{1,60}}(?=\)?_\{{\s?(?:16|hex))))(?:\s?\))?\s?
        _\s?(?:\{{\s?)?(?:\\(?:text|mathrm|textrm)\s?\{{\s?)?(?:(?:{_WORD_BASES})\b|[0-9]{{1,2}}(?![0-9]))\s?\}}{{0,2}})
  | (?P<repeating>[0-9]{{0,40}}\.[0-9]{{0,60}}
      (?: \\(?:overline|bar|overbar)\s?(?:\{{[0-9]{{1,60}}\}}|[0-9])
        | (?:\\dot\s?(?:\{{[0-9]\}}|[0-9])[0-9]{{0,30}}){{1,2}}
        | \([0-9]{{1,40}}\)
        | (?<=[0-9])\s?(?:\.\.\.|\\(?:ldots|dots|cdots|dotsc)(?![A-Za-z])) ))
  | (?P<scientific>(?:[0-9]{{1,40}}\.[0-9]{{1,40}}[eE][+-]?[0-9]{{1,6}}|[0-9]{{1,40}}[eE][0-9]{{1,6}}
      |1[eE][+-][0-9]{{1,6}}|[0-9]{{1,40}}[eE][+-][0-9]{{2,6}})(?![\w.]))
  | (?P<grouped>[1-9][0-9]{{0,2}}(?:{_GROUP}[0-9]{{3}}){{1,20}}(?![0-9])(?:\.[0-9]{{1,40}})?
      | [0-9]{{1,20}}\{{,\}}[0-9]{{1,40}}
      | (?<![_^])[1-9][0-9]{{0,2}}(?:[ ][0-9]{{3}}){{1,20}}(?![0-9/^]|\s*(?:[0-9/]|\\frac))(?:\.[0-9]{{1,40}})?)
  | (?P<commas>[1-9][0-9]{{0,2}}(?:,[0-9]{{3}}){{1,20}}(?![0-9])(?:\.[0-9]{{1,40}})?)
  | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+))
"""
"""Groups of the tokenizer's pattern; what could be scanned again and again is bounded."""

_NOT_DIGITS = re.compile(r"[^0-9.]")


def plain_number(digits: str) -> Number:
    """`12`, `12.50` or `.5`."""
    if len(digits) > LONGEST:
        raise TooComplex(f"a number of {len(digits):,} characters; {LONGEST:,} can be read")
    whole, point, decimals = digits.partition(".")
    if not point:
        return Number(int(digits))
    value = Fraction(int(whole + decimals), 10 ** len(decimals))
    return Number(value.numerator if value.denominator == 1 else value, len(decimals))


def grouped_digits(text: str) -> str:
    """`1{,}234` and `1 234 567` without what stands between; `3{,}5`, which has a decimal comma, as `3.5`."""
    whole, comma, rest = text.partition("{,}")
    if comma and "{,}" not in rest and (len(rest) != 3 or whole == "0" or len(whole) > 3):
        return f"{whole}.{rest}" if rest.isdecimal() else _NOT_DIGITS.sub("", text)
    return _NOT_DIGITS.sub("", text)


def scientific(text: str) -> Product:
    """`6.02e23`, with the tree of `6.02 \\times 10^{23}`."""
    mantissa, _, exponent = text.lower().partition("e")
    return Product((plain_number(mantissa), Power(Number(10), signed(int(exponent)))), written=True)


def signed(value: int) -> Number | Negative:
    return Negative(Number(-value)) if value < 0 else Number(value)


def based(text: str) -> Based | None:
    """`1010_2`, `(1F)_{16}`, `12_{\\text{eight}}`, `0x1F`; None where a digit isn't one of that base."""
    if text[:2] in ("0x", "0X"):
        return Based(text[2:].upper(), 16)
    if text[:2] == "0b":
        return Based(text[2:], 2)
    digits, _, subscript = text.partition("_")
    digits = digits.strip(" ()").upper()
    name = re.sub(r"\\[a-z]+|[{}\s]", "", subscript)
    base = BASES.get(name) or int(name)
    return Based(digits, base) if 2 <= base <= 36 and all(int(digit, 36) < base for digit in digits) else None


def repeating(text: str) -> Number:
    """`0.1\\overline{6}`, `0.\\dot{1}4\\dot{2}`, `0.(3)`, `0.333...`; digits whose repetition can't be seen stay."""
    whole, _, rest = text.partition(".")
    fixed = re.match(r"[0-9]*", rest)[0]  # type: ignore[index]  # which matches anything
    mark = rest[len(fixed) :]
    cycle = re.sub(r"[^0-9]", "", mark)
    if not cycle:
        fixed, cycle = _cycle(fixed, whole)
    if not cycle:
        return plain_number(f"{whole}.{fixed}")
    scale = 10 ** len(fixed)
    value = Fraction(int(whole + fixed or "0"), scale) + Fraction(int(cycle), scale * (10 ** len(cycle) - 1))
    return Number(value.numerator if value.denominator == 1 else value)


def _cycle(digits: str, whole: str) -> tuple[str, str]:
    """The digits before, and those that come at least twice in a row at the end (one digit alone: three times).

    2.718281828… repeats nothing.
    """
    if whole == "2" and digits.startswith("71828"):
        return digits, ""
    if len(set(digits)) == 1 and len(digits) > 1:
        return "", digits[0]
    for length in range(1, len(digits) // 2 + 1):
        cycle, times = digits[-length:], 3 if length == 1 else 2
        if digits.endswith(cycle * times):
            return _without(digits, cycle), cycle
    return digits, ""


def _without(digits: str, cycle: str) -> str:
    while digits.endswith(cycle):
        digits = digits.removesuffix(cycle)
    return digits
