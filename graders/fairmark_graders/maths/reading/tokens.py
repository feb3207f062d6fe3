"""Text to tokens: one pass of one pattern over LaTeX, plain text and Unicode."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import Unreadable
from ..units import SPELLINGS
from .numerals import NUMERAL, based, grouped_digits, repeating, scientific
from .words import (
    AMBIGUOUS_FUNCTIONS,
    CONNECTIVE_VALUES,
    CONNECTIVES,
    FUNCTIONS,
    NAMED_SETS,
    SPOKEN,
    SYMBOLS,
    looks_like_a_word,
    words_of,
)

_TEXT = frozenset(
    words_of(
        "text textbf textit textrm mbox mathrm rm operatorname textnormal emph textsf textup mathit mathsf mathtt "
        "operatornamewithlimits hbox textsc texttt bf it mathop cal"
    )
)
_RAISED_SIGNS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ"
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
  | (?P<digits>[0-9]+)(?=[-+*/^=)}}\]yzn;]|x(?![0-9])|$)
  | (?=[0-9.(A-F]){NUMERAL}
  | (?P<letters>[^\W\d_{_RAISED_SIGNS}]+)
  | (?P<degree>(?:\{{\}})?\^\s?(?:\\circ(?![A-Za-z])|\{{\s?(?:\\circ|°)\s?\}}|°)|\\(?:text)?degree(?![A-Za-z])|°)
  | (?P<bar>\\(?:{_SIZES})(?![A-Za-z])\s?(?:\\?\||\\[lr]?[vV]ert(?![A-Za-z])|[.<>]))
  | (?P<size>\\(?:{_SIZES})(?![A-Za-z]))
  | (?P<font>\\(?:{"|".join(_TEXT)})(?![A-Za-z])\s?\{{)
  | (?P<boards>\\(?:mathbb|mathds|bm|Bbb|mathbf)\s?(?:\{{\s?[RZNQC]\s?\}}|\s[RZNQC](?![A-Za-z])))
  | (?P<environment>\\(?:begin|end)\s?\{{[A-Za-z]{{1,12}}\*?\}})
  | (?P<command>\\[A-Za-z]+)
  | (?P<row>\\\\(?:\s?\[[^\]]{{0,10}}\])?)
  | (?P<sup>[{_RAISED_SIGNS}]+)
  | (?P<sub>[₀-₉]+)
  | (?P<sign>\.\.\.|<=>|->|=>|<=|>=|==|!=|:=|\*\*|\+-|\+/-|!!|''|\|\||\\.|[^\w\s]|_)
""",
    re.VERBOSE,
)

_SIGNS: dict[str, tuple[str, str]] = {
    **{char: (char, char) for char in "+-*/^_!|(){}[],;:&'%±∓<>"},
    "<": ("relation", "<"), ">": ("relation", ">"), "=": ("relation", "="), "==": ("relation", "="),
    ":=": ("relation", "="), "<=": ("relation", "<="), ">=": ("relation", ">="), "!=": ("relation", "!="),
    "≤": ("relation", "<="), "≥": ("relation", ">="), "≠": ("relation", "!="), "⩽": ("relation", "<="),
    "⩾": ("relation", ">="), "≦": ("relation", "<="), "≧": ("relation", ">="), "≈": ("relation", "~"),
    "≃": ("relation", "~"), "≅": ("relation", "~"), "~": ("relation", "~"), "≡": ("relation", "equiv"),
    "∈": ("relation", "in"), "∉": ("relation", "not in"), "⊂": ("relation", "subset"), "⊆": ("relation", "subset"),
    "->": ("relation", "to"), "→": ("relation", "to"), "↦": ("relation", "to"), "∝": ("relation", "proportional"),
    "**": ("^", "^"), "·": ("*", "*"), "+-": ("±", "±"), "+/-": ("±", "±"), "!!": ("!!", "!!"),
    "∪": ("union", "union"), "∩": ("intersection", "intersection"), "∖": ("difference", "difference"),
    "√": ("root", "2"), "∛": ("root", "3"), "∜": ("root", "4"), "∞": ("letter", "infinity"), "∅": ("letter", "Empty"),
    "Ø": ("letter", "Empty"), "...": ("letter", "..."), "||": ("||", "||"), "\\|": ("||", "||"),
    "\\{": ("\\{", "{"), "\\}": ("\\}", "}"), "\\%": ("%", "%"), "\\$": ("money", "$"), "$": ("money", "$"),
    "£": ("money", "£"), "€": ("money", "€"), "¥": ("money", "¥"), "₹": ("money", "₹"), "¢": ("word", "cents"),
    "\\&": ("and", "and"), "\\_": ("_", "_"), "\\#": ("skip", ""), "#": ("skip", ""), '"': ("skip", ""),
    "\\-": ("skip", ""), "\\'": ("'", "'"), "∨": ("or", "or"), "∧": ("and", "and"), "⇒": ("and", "and"),
    "=>": ("and", "and"), "⇔": ("and", "and"), "<=>": ("and", "and"), "∫": ("integral", "integral"),
    "∑": ("sum", "sum"), "∏": ("sum", "product"), "∂": ("letter", "partial"), "∆": ("letter", "Delta"),
    "''": ("''", "''"), ".": ("skip", ""), "‰": ("word", "‰"), "¬": ("function", "not"), "∠": ("skip", ""),
    "△": ("skip", ""), "∘": ("letter", "composed"), "⊥": ("relation", "perpendicular"), 
    "∥": ("relation", "parallel"), "∀": ("where", "where"),
}  # fmt: skip

_COMMANDS: dict[str, tuple[str, str]] = {
    **{name: ("function", plain) for name, plain in FUNCTIONS.items()},
    **{name: ("letter", plain) for name, plain in SYMBOLS.items()},
    **dict.fromkeys(["frac", "dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"], ("frac", "frac")),
    **dict.fromkeys(["binom", "dbinom", "tbinom"], ("binom", "binomial")),
    **dict.fromkeys(["cdot", "times", "ast", "bullet"], ("*", "*")), "div": ("/", "/"), "slash": ("/", "/"),
    "pm": ("±", "±"), "mp": ("∓", "∓"), "sqrt": ("sqrt", "sqrt"), "over": ("over", "over"), "choose": ("choose", ""),
    **dict.fromkeys(["le", "leq", "leqslant", "leqq"], ("relation", "<=")),
    **dict.fromkeys(["ge", "geq", "geqslant", "geqq"], ("relation", ">=")),
    "lt": ("relation", "<"), "gt": ("relation", ">"), **dict.fromkeys(["ne", "neq"], ("relation", "!=")),
    **dict.fromkeys(["approx", "simeq", "cong", "sim", "thickapprox"], ("relation", "~")),
    "equiv": ("relation", "equiv"), "in": ("relation", "in"), "notin": ("relation", "not in"),
    **dict.fromkeys(["subset", "subseteq", "subseteqq", "subsetneq"], ("relation", "subset")),
    "propto": ("relation", "proportional"),
    **dict.fromkeys(["to", "rightarrow", "mapsto", "longrightarrow"], ("relation", "to")),
    "coloneqq": ("relation", "="), "triangleq": ("relation", "="), "not": ("not", "not"),
    "cup": ("union", "union"), "bigcup": ("union", "union"), "cap": ("intersection", "intersection"),
    "setminus": ("difference", ""), "backslash": ("difference", ""), "smallsetminus": ("difference", ""),
    "mid": ("mid", "divides"), "parallel": ("relation", "parallel"), "perp": ("relation", "perpendicular"),
    "circ": ("letter", "composed"), "neg": ("function", "not"), "lnot": ("function", "not"),
    "vert": ("|", "|"), "lvert": ("lvert", "|"), "rvert": ("rvert", "|"), "Vert": ("||", ""),
    "lVert": ("||", ""), "rVert": ("||", ""), "lfloor": ("lfloor", "floor"), "rfloor": ("rfloor", ""),
    "lceil": ("lceil", "ceil"), "rceil": ("rceil", ""), "langle": ("langle", "<"), "rangle": ("rangle", ">"),
    "lbrace": ("\\{", "{"), "rbrace": ("\\}", "}"), "lbrack": ("[", "["), "rbrack": ("]", "]"), "colon": (":", ":"),
    "lparen": ("(", "("), "rparen": (")", ")"),
    **dict.fromkeys(["quad", "qquad", "enspace", "enskip"], ("quad", "")),
    **dict.fromkeys(["ldots", "cdots", "dots", "dotsc", "dotsb", "vdots", "ddots", "dotsm"], ("letter", "...")),
    "mod": ("mod", "mod"), "bmod": ("mod", "mod"), "pmod": ("pmod", "mod"), "pod": ("pmod", "mod"),
    "int": ("integral", ""), "iint": ("integral", ""), "oint": ("integral", ""), "sum": ("sum", "sum"),
    "prod": ("sum", "product"), "lim": ("sum", "limit"), "prime": ("'", "'"),
    **dict.fromkeys(["overline", "bar", "conj", "overbar"], ("bar", "conjugate")),
    **dict.fromkeys(["hat", "vec", "overrightarrow", "widehat"], ("mark", "basis")),
    **dict.fromkeys(["tilde", "widetilde", "dot", "ddot", "underline"], ("mark", "")),
    **dict.fromkeys(["mathbf", "boldsymbol", "bm", "pmb"], ("mark", "basis")),
    **dict.fromkeys(["mathcal", "mathscr", "mathfrak", "overset", "underset"], ("mark", "")),
    **dict.fromkeys(["land", "wedge", "implies", "Rightarrow", "iff", "Leftrightarrow", "Longrightarrow", "And",
                     "Longleftrightarrow", "leftrightarrow"], ("and", "and")),
    **dict.fromkeys(["lor", "vee"], ("or", "or")), "forall": ("where", "where"), "colonequals": ("relation", "="),
    **dict.fromkeys(["euro", "texteuro"], ("money", "€")), "pounds": ("money", "£"), "yen": ("money", "¥"),
    "textdollar": ("money", "$"), "dollar": ("money", "$"), "percent": ("%", "%"), "Omega": ("letter", "Omega"),
    "complement": ("letter", "complement"), "lbrace ": ("\\{", "{"), "C": ("letter", "Complexes"),
    **{letter: ("letter", name) for letter, name in NAMED_SETS.items()},
}  # fmt: skip

_IGNORED = frozenset(
    words_of(
        "displaystyle textstyle scriptstyle boxed fbox limits nolimits nonumber notag hline phantom ensuremath "
        "strut therefore because label tag hfill centering small large Large angle triangle cr par noindent "
        "newline linebreak break allowbreak displaylimits Box square blacksquare checkmark qed qedhere "
        "mathstrut smash rule color"
    )
)
_BLACKBOARD = {"ℝ": "Reals", "ℤ": "Integers", "ℕ": "Naturals", "ℚ": "Rationals", "ℂ": "Complexes"}
_GREEK_LETTERS = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"], strict=True)) | {
    "Δ": "Delta", "Σ": "Sigma", "Ω": "Omega", "Γ": "Gamma", "Θ": "Theta", "Λ": "Lambda", "Π": "Pi", "Φ": "Phi",
    "Ψ": "Psi", "ς": "sigma", "ℓ": "ell", "ϖ": "pi",
}  # fmt: skip
_MATH_AND_PROSE = re.compile(r"\$\$?(?=[^\s$])([^$]*)(?<=[^\s$\\])\$\$?(?![0-9])")
_GLUED = re.compile(r"(arc)?(sin|cos|tan|cot|sec|csc|ln|log|sqrt|pi)([A-Za-z]|pi|theta|alpha|beta)")
_OPERANDS = frozenset(["number", "node", "letter", ")", "}", "]"])
_IN_MATHS, _IN_PROSE = "\ue000", "\ue001"


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text and `END`, twice, so that two can always be looked ahead."""
    return Tokenizer(text).run()


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
        kind, value = _SIGNS.get(raw) or self.unknown(raw)
        if kind == "skip":
            self.gap = True
        else:
            self.add(kind, value, raw)

    def unknown(self, raw: str) -> tuple[str, str]:
        if raw in (_IN_MATHS, _IN_PROSE):
            self.upright = raw == _IN_PROSE
            return "skip", ""
        if raw in _BLACKBOARD:
            return "letter", _BLACKBOARD[raw]
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
        letter = next(char for char in reversed(raw) if char in NAMED_SETS)
        self.add("letter", NAMED_SETS[letter] if "mathbf" not in raw else letter, raw)

    def environment(self, raw: str) -> None:
        self.add("begin" if raw[1] == "b" else "environment end", raw[raw.index("{") + 1 : -1])

    def row(self, raw: str) -> None:
        self.add("row", "row")

    def sup(self, raw: str) -> None:
        self.add("sup", raw.translate(_RAISED), raw)

    def sub(self, raw: str) -> None:
        self.add("_", "_")
        self.add("number", raw.translate(_RAISED), raw)

    def command(self, raw: str) -> None:
        name = raw[1:]
        if name in _TEXT:
            self.upright = True
        elif name in _COMMANDS:
            self.add(*_COMMANDS[name], raw)
        elif name in _IGNORED:
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
        if raw in _GREEK_LETTERS:
            self.add("letter", _GREEK_LETTERS[raw], raw)
        elif raw in _BLACKBOARD:
            self.add("letter", _BLACKBOARD[raw], raw)
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
        elif _GLUED.fullmatch(raw) and raw not in SPELLINGS and not looks_like_a_word(raw):
            self.glued(raw)
        else:
            self.word_or_product(raw)

    def is_function(self, raw: str) -> bool:
        return raw not in AMBIGUOUS_FUNCTIONS or "(" in self.text[self.end : self.end + 2]

    def glued(self, raw: str) -> None:
        match = _GLUED.fullmatch(raw)
        assert match
        for part in ((match[1] or "") + match[2], match[3]):
            self.letters(part)

    def word_or_product(self, raw: str) -> None:
        """Letters of a product apart; what may be a word or a unit stays whole."""
        if raw in SPELLINGS or self.is_word(raw):
            self.add("word", raw.lower(), raw)
            return
        for char in raw:
            self.letters(char) if char.isascii() or char in _GREEK_LETTERS else self.add("odd", char, char)

    def is_word(self, raw: str) -> bool:
        if not raw.isascii() and any(char not in _GREEK_LETTERS and not char.isascii() for char in raw):
            return True
        if looks_like_a_word(raw):
            return True
        if not self.upright:
            return False
        if self.latex:
            return True
        return (
            len(raw) > 2
            and self.gap
            and bool(self.tokens)
            and self.tokens[-1].kind in ("number", "node", ")", "word", "%")
        )


_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ₀₁₂₃₄₅₆₇₈₉", "0123456789+-ni0123456789")

_HANDLERS: dict[str, Callable[[Tokenizer, str], None]] = {
    name: getattr(Tokenizer, name) for name in _PATTERN.groupindex if name not in ("gap", "number", "digits")
}

COMMAND_NAMES = tuple(_COMMANDS)
"""The LaTeX commands that are read."""
