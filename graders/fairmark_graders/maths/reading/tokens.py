"""Text to tokens: one pass of one pattern over LaTeX, plain text and Unicode."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import Unreadable
from ..units import SPELLINGS
from .numerals import NUMERAL, based, grouped_digits, repeating, scientific
from .signs import BLACKBOARD, COMMANDS, GREEK_LETTERS, IGNORED, SIGNS, TEXT
from .words import (
    AMBIGUOUS_FUNCTIONS,
    CONNECTIVE_VALUES,
    CONNECTIVES,
    FUNCTIONS,
    NAMED_SETS,
    SPOKEN,
    SYMBOLS,
    is_short_word,
    looks_like_a_word,
)

_RAISED_SIGNS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱˣᵏᵐᵗᵀ"
_LOWERED_SIGNS = "₀₁₂₃₄₅₆₇₈₉ₙₖₘᵢⱼ₊₋₌"
_SIZES = "left|right|[bB]igg?[lrm]?|middle"


class Token(NamedTuple):
    """One sign of a text; `kind` is what the parser decides by."""

    kind: str
    value: Any = ""
    gap: bool = False
    """Whether space stands before it."""
    upright: bool = False
    """Whether it stands in `\\text{…}` or in prose, where letters make words."""
    raw: str = ""


END = Token("end")

_PATTERN = re.compile(
    rf"""
    (?P<gap>\s+|~|\\[ ,;:!>/]|\\(?:hspace|vspace|hskip|mspace)\*?\s?\{{[^{{}}]{{0,20}}\}})
  | (?P<digits>[0-9]+)(?=[-+*/^=)}}\]yzn;]|x(?![0-9A-Fa-f])|$)
  | (?=[0-9.(A-F]){NUMERAL}
  | (?P<letters>[^\W\d_{_RAISED_SIGNS}{_LOWERED_SIGNS}]+)
  | (?P<degree>(?:\{{\}})?\^\s?(?:\\circ(?![A-Za-z])|\{{\s?(?:\\circ|°)\s?\}}|°)|\\(?:text)?degree(?![A-Za-z])|°)
  | (?P<bar>\\(?:{_SIZES})(?![A-Za-z])\s?(?:\\?\||\\[lr]?[vV]ert(?![A-Za-z])|[.<>]))
  | (?P<size>\\(?:{_SIZES})(?![A-Za-z]))
  | (?P<font>\\(?:{"|".join(TEXT)})(?![A-Za-z])\s?\{{)
  | (?P<boards>\\(?:mathbb|mathds|bm|Bbb|mathbf)\s?(?:\{{\s?[RZNQCEP]\s?\}}|\s[RZNQCEP](?![A-Za-z])))
  | (?P<environment>\\(?:begin|end)\s?\{{[A-Za-z]{{1,12}}\*?\}})
  | (?P<command>\\[A-Za-z]+)
  | (?P<row>\\\\(?:\s?\[[^\]]{{0,10}}\])?)
  | (?P<sup>[{_RAISED_SIGNS}]+)
  | (?P<sub>[{_LOWERED_SIGNS}]+)
  | (?P<sign>\.\.\.|<=>|->|=>|<=|>=|==|(?<!\d)!=|:=|\*\*|\+-|\+/-|!!|''|\|\||\\.|[^\w\s]|_)
""",
    re.VERBOSE,
)

_MATH_AND_PROSE = re.compile(r"\$\$?(?=[^\s$])([^$]*)(?<=[^\s$\\])\$\$?(?![0-9])")
_GLUED = re.compile(
    r"([a-z]?)((?:arc)?(?:sin|cos|tan|cot|sec|csc)|ln|log|sqrt|pi)([xyzuv]|theta|alpha|beta|pi|(?<=pi)[a-z])"
)
_OPERANDS = frozenset(["number", "node", "letter", ")", "}", "]"])
_COUNTED = re.compile(r"\s[0-9]")
_IN_MATHS, _IN_PROSE = "\ue000", "\ue001"


class Tokenizer:
    """The pass over the text, and what it must remember: open braces, and whether letters make words here."""

    def __init__(self, text: str) -> None:
        if "$" in text:
            text = _MATH_AND_PROSE.sub(rf"{_IN_MATHS}\1{_IN_PROSE}", text)
        self.mixed = _IN_MATHS in text
        self.latex = "\\" in text or self.mixed
        self.upright = self.mixed or not self.latex
        self.text = text
        self.tokens: list[Token] = []
        self.gap = False
        self.braces: list[tuple[bool, bool]] = []
        self.brackets = 0
        self.spaced_commas = ", " in text
        self.end = 0
        """Where the text goes on after the token at hand."""

    def run(self) -> list[Token]:
        for match in _PATTERN.finditer(self.text):
            kind = match.lastgroup or "sign"
            raw = match[0]
            if kind == "gap":
                self.space(raw, match.end())
            elif kind == "number" or kind == "digits":
                self.tokens.append(Token("number", raw, self.gap, self.upright, raw))
                self.gap = False
            else:
                self.end = match.end()
                _HANDLERS[kind](self, raw)
        self.tokens += (END, END, END)
        return self.tokens

    def add(self, kind: str, value: Any, raw: str = "") -> None:
        self.tokens.append(Token(kind, value, self.gap, self.upright, raw))
        self.gap = False

    def space(self, raw: str, end: int) -> None:
        """Space, or in `ℝ \\ {0}` what is left of `\\setminus`."""
        if raw == "\\ " and self.text.startswith(("{", "\\{"), end) and self.tokens:
            self.add("difference", "difference", raw)
        self.gap = True

    def sign(self, raw: str) -> None:
        if raw in "{}":
            return self.brace(raw)
        if raw in "()[]":
            self.brackets += 1 if raw in "([" else -1
        if raw == "+-" and self.tokens and not self.gap and self.tokens[-1].kind in _OPERANDS:
            self.add("+", "+")
            raw = "-"
        if raw == '"' and self.tokens and not self.gap and self.tokens[-1].kind == "number":
            raw = "''"
        kind, value = SIGNS.get(raw) or self.unknown(raw)
        if kind == "skip":
            self.gap = True
        else:
            self.add(kind, value, raw)

    def unknown(self, raw: str) -> tuple[str, str]:
        if raw in (_IN_MATHS, _IN_PROSE):
            self.upright = raw == _IN_PROSE
            return "skip", ""
        if raw in BLACKBOARD:
            return "letter", BLACKBOARD[raw]
        if self.upright and raw in "?@\\":
            return "skip", ""
        return "odd", raw

    def brace(self, raw: str) -> None:
        if raw == "{":
            self.braces.append((True, self.upright))
            self.add("{", "{")
        elif self.braces:
            written, self.upright = self.braces.pop()
            if written:
                self.close()
        else:
            self.add("}", "}")

    def close(self) -> None:
        """Drop `{}`, which only keeps signs apart in LaTeX."""
        if (
            (self.latex or self.text[self.end : self.end + 1] in ("_", "^"))
            and self.tokens[-1].kind == "{"
            and not (len(self.tokens) > 1 and self.tokens[-2].kind in "^_")
        ):
            self.tokens.pop()
        else:
            self.add("}", "}")

    def commas(self, raw: str) -> None:
        """Inside brackets `1,234` is two numbers, unless other commas there have a space after them."""
        if not self.brackets > 0 or self.spaced_commas:
            return self.add("number", raw.replace(",", ""), raw)
        for index, part in enumerate(raw.split(",")):
            if index:
                self.add(",", ",")
            self.add("number", part, part)

    def grouped(self, raw: str) -> None:
        self.add("number", grouped_digits(raw), raw)

    def based(self, raw: str) -> None:
        node = based(raw)
        if node is None:
            raise Unreadable(f"{raw!r} has a digit that its base doesn't")
        self.add("node", node, raw)

    def repeating(self, raw: str) -> None:
        self.add("node", repeating(raw), raw)

    def scientific(self, raw: str) -> None:
        self.add("node", scientific(raw), raw)

    def degree(self, raw: str) -> None:
        self.add("degree", "degree", raw)

    def size(self, raw: str) -> None:
        """`\\left` and `\\big` say nothing."""

    def bar(self, raw: str) -> None:
        if raw[-1] in "<>":
            self.add("langle" if raw[-1] == "<" else "rangle", raw[-1])
        elif raw.endswith(("\\|", "Vert")):
            self.add("||", "||")
        elif raw[-1] != ".":
            left, right = raw.startswith("\\left") or "gl" in raw, raw.startswith("\\right") or "gr" in raw
            self.add("lvert" if left else "rvert" if right else "|", "|")

    def boards(self, raw: str) -> None:
        letter = next(char for char in reversed(raw) if char in "RZNQCEP")
        self.add("letter", NAMED_SETS.get(letter, letter) if "mathbf" not in raw else letter, raw)

    def environment(self, raw: str) -> None:
        self.add("begin" if raw[1] == "b" else "environment end", raw[raw.index("{") + 1 : -1])

    def row(self, raw: str) -> None:
        self.add("row", "row")

    def sup(self, raw: str) -> None:
        self.add("sup", raw.translate(_RAISED), raw)

    def sub(self, raw: str) -> None:
        lowered = raw.translate(_RAISED)
        if lowered.isdecimal() and not self.gap and self.tokens and self.tokens[-1].raw.isdecimal():
            return self.based(f"{self.tokens.pop().raw}_{lowered}")
        self.add("_", "_")
        if lowered.isdecimal():
            return self.add("number", lowered, lowered)
        self.add("{", "{")
        for char in lowered:
            self.add(*SIGNS.get(char, ("number" if char.isdecimal() else "letter", char)), char)
        self.add("}", "}")

    def command(self, raw: str) -> None:
        name = raw[1:]
        if name in TEXT:
            self.upright = True
        elif name in COMMANDS:
            self.add(*COMMANDS[name], raw)
        elif name in IGNORED:
            self.gap = True
        else:
            self.odd_command(name, raw)

    def odd_command(self, name: str, raw: str) -> None:
        """Commands run into the letters after them, as in `\\cdotx`, aren't read; units have commands in siunitx."""
        if name in SPELLINGS:
            self.add("word", name, name)
        else:
            self.add("odd", raw, raw)

    def font(self, raw: str) -> None:
        """`\\text{` leaves no token: its braces go, and letters inside make words."""
        self.braces.append((False, self.upright))
        self.upright = True

    def letters(self, raw: str) -> None:
        if raw in GREEK_LETTERS:
            self.add("letter", GREEK_LETTERS[raw], raw)
        elif raw in BLACKBOARD:
            self.add("letter", BLACKBOARD[raw], raw)
        elif len(raw) == 1:
            self.add("letter" if raw.isascii() else "word", raw, raw)
        else:
            self.run_of_letters(raw)

    def run_of_letters(self, raw: str) -> None:
        low = raw if raw in SPOKEN else raw.lower()
        if raw in FUNCTIONS and self.is_function(raw):
            self.add("function", FUNCTIONS[raw], raw)
        elif low in CONNECTIVES and (self.upright or len(raw) > 2 or raw in ("or", "if", "is", "to", "in")):
            self.add(CONNECTIVES[low], CONNECTIVE_VALUES.get(low, low), raw)
        elif low in SPOKEN:
            self.add("spoken", SPOKEN[low], raw)
        elif raw in SYMBOLS:
            self.add("letter", SYMBOLS[raw], raw)
        elif (glued := _GLUED.fullmatch(raw)) and (glued[2] != "pi" or not looks_like_a_word(raw)):
            for part in filter(None, glued.groups()):
                self.letters(part)
        else:
            self.word_or_product(raw)

    def is_function(self, raw: str) -> bool:
        if raw == "lg" and self.text[self.end : self.end + 1] in ("}", ")"):
            return False
        if raw == "span" and "{" in self.text[self.end : self.end + 8]:
            return True
        return raw not in AMBIGUOUS_FUNCTIONS or "(" in self.text[self.end : self.end + 2]

    def word_or_product(self, raw: str) -> None:
        """Letters of a product apart; what may be a word or a unit stays whole."""
        if raw in SPELLINGS or self.is_word(raw):
            self.add("word", raw.lower(), raw)
            return
        for char in raw:
            self.letters(char) if char.isascii() or char in GREEK_LETTERS else self.add("odd", char, char)

    def is_word(self, raw: str) -> bool:
        if not raw.isascii():
            return any(char not in GREEK_LETTERS and not char.isascii() for char in raw)
        if looks_like_a_word(raw):
            return len(raw) > 3 or not self.text.startswith("^", self.end)
        if raw == self.text:
            return is_short_word(raw)
        if not self.upright:
            return False
        if self.latex or is_short_word(raw) and (raw[0].isupper() or _COUNTED.match(self.text, self.end)):
            return True
        return (
            len(raw) > 2
            and self.gap
            and bool(self.tokens)
            and self.tokens[-1].kind in ("number", "node", ")", "word", "%")
        )


_RAISED = str.maketrans(_RAISED_SIGNS + _LOWERED_SIGNS, "0123456789+-nixkmtT0123456789nkmij+-=")

_HANDLERS: dict[str, Callable[[Tokenizer, str], None]] = {
    name: getattr(Tokenizer, name) for name in _PATTERN.groupindex if name not in ("gap", "number", "digits")
}
