"""A place in the tokens of a text."""

from typing import Any

from ..errors import TooComplex, Unreadable
from ..units import SPELLINGS
from .tokens import Token, Tokenizer
from .words import looks_like_a_word

DEEPEST = 40
"""Brackets, roots, exponents and the like inside one another: up to 15 calls each, of the 1,000 that Python allows."""


class Cursor:
    """Where the parser is: the token there in parts, and how deep it has gone."""

    def __init__(self, text: str) -> None:
        tokenizer = Tokenizer(text)
        self.tokens = tokenizer.run()
        self.latex = tokenizer.latex
        self.at = -1
        self.depth = 0
        self.missing_closers = 0
        self.kind: str
        self.value: Any
        self.advance()

    def advance(self) -> None:
        self.at += 1
        self.kind, self.value, self.gap, self.upright, self.raw = self.tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def took(self, kind: str) -> bool:
        """Step over a token of that kind, if it stands here."""
        if self.kind != kind:
            return False
        self.advance()
        return True

    def close(self, *closers: str) -> str:
        """Step over a closing bracket; one may be missing at the end of the text. Returns how it is written."""
        if self.kind == "||" and "|" in closers:
            self.replace("|", "|")
            return "|"
        if self.kind in closers:
            closer: str = self.value
            self.advance()
            return closer
        if self.kind == "end" and not self.missing_closers:
            self.missing_closers += 1
            return closers[0][-1]
        raise self.unreadable(f"expected {closers[0]!r}")

    def replace(self, kind: str, value: str) -> None:
        """Put what is left of the token here in its place."""
        self.tokens[self.at] = Token(kind, value, False, self.upright, value)
        self.at -= 1
        self.advance()

    def took_apart(self) -> bool:
        """Put letters in the place of a unit's name, where a unit can't stand: `mg` is a product in `mg/2`."""
        name = self.raw
        upright = self.latex and self.upright
        if self.kind != "word" or name not in SPELLINGS or len(name) > 3 or not name.isalpha() or upright:
            return False
        if looks_like_a_word(name):
            return False
        self.tokens[self.at : self.at + 1] = [Token("letter", char, False, self.upright, char) for char in name]
        self.at -= 1
        self.advance()
        return True

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise TooComplex(f"nested more than {DEEPEST} deep")

    def unreadable(self, why: str) -> Unreadable:
        here = "the end" if self.kind == "end" else repr(self.raw or self.value)
        return Unreadable(f"{why} at {here}")
