"""Text to tree: one final answer or reference, in LaTeX, plain text, Unicode or words.

Linear in the length of the text and bounded: `LONGEST` characters here, levels in `reading.cursor`, digits in
`reading.numerals`. Nothing is evaluated, and nothing is read twice. What isn't mathematics is `Words`.
"""

import re
from fractions import Fraction

from .errors import TooComplex, Unreadable
from .reading.brackets import Parser
from .reading.labels import label
from .reading.phrases import signs_for_phrases
from .reading.spelling import plain_characters, unwrapped, without_markup
from .reading.substances import with_formulas
from .reading.times import with_digits
from .reading.words import canonical_words, set_phrase
from .tree import Negative, Node, Number, Quotient, Words

LONGEST = 5000
"""Characters of an answer: the longest that people write down as one have a few hundred."""

_SHORT = re.compile(r"(-?)([0-9]{1,300})(?:\.([0-9]{1,300}))?(?:(/)([0-9]{1,300}))?")
_COMMA = re.compile(r"(?<=0),(?=(?:\d{3,}|0\d+)\Z)")
"""A decimal comma where no list can be meant: `0,875`, `0,05`."""
_FRACTION = re.compile(r"(-?)\\[dt]?frac\{([0-9]{1,300})\}\{([0-9]{1,300})\}")


def read(text: str) -> Node:
    """What a text says. Raises `Unreadable` and `TooComplex`."""
    return _short(text) or _read(text)


def _short(text: str) -> Node | None:
    """Whole numbers, decimals and fractions, which most answers are."""
    if match := _SHORT.fullmatch(text):
        sign, whole, decimals, stroke, bottom = match.groups()
        node: Node = Number(int(whole)) if decimals is None else _decimal(whole, decimals)
        if stroke:
            node = Quotient(node, Number(int(bottom)))
    elif match := _FRACTION.fullmatch(text):
        sign, top, bottom = match.groups()
        node = Quotient(Number(int(top)), Number(int(bottom)))
    else:
        return None
    return Negative(node) if sign else node


def _decimal(whole: str, decimals: str) -> Number:
    value = Fraction(int(whole + decimals), 10 ** len(decimals))
    return Number(value.numerator if value.denominator == 1 else value, len(decimals))


def _read(text: str) -> Node:
    _fit(text)
    written = without_markup(plain_characters(text)).strip()
    _fit(written)
    text = with_digits(unwrapped(written))
    if not text:
        raise Unreadable("the text is empty")
    text = _COMMA.sub(".", text) if text[:2] in ("0,", "-0") else text
    return _short(text) or _label(written, text) or read_inside(text)


def _fit(text: str) -> None:
    if len(text) > LONGEST:
        raise TooComplex(f"the text has {len(text):,} characters; {LONGEST:,} can be read")


def _label(written: str, text: str) -> Node | None:
    phrase = set_phrase(text)
    if phrase is not None:
        return Words(phrase)
    return label(text, read_inside) or (label(written, read_inside) if written != text else None)


def read_inside(text: str) -> Node:
    """A text without its wrapping: mathematics, or else words."""
    parser = Parser(signs_for_phrases(text))
    try:
        return parser.read()
    except Unreadable:
        if not any(token.kind in _PROSE or token.upright and len(token.raw) > 1 for token in parser.tokens):
            raise
        words = with_formulas(canonical_words(text))
        if not words:
            raise
        return Words(words)


_PROSE = frozenset(["word", "or", "and", "where", "because", "in", "to", "spoken", "otherwise"])
