"""What the signs and commands of LaTeX and Unicode are for the parser: a kind and a value each."""

from .words import FUNCTIONS, NAMED_SETS, SYMBOLS, words_of

TEXT = frozenset(
    words_of(
        "text textbf textit textrm mbox mathrm rm operatorname textnormal emph textsf textup mathit mathsf mathtt "
        "operatornamewithlimits hbox textsc texttt bf it mathop cal"
    )
)
SIGNS: dict[str, tuple[str, str]] = {
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
    "∥": ("relation", "parallel"), "∇": ("letter", "nabla"), "⇛": ("restates", "restates"), "∀": ("where", "where"),
}  # fmt: skip

COMMANDS: dict[str, tuple[str, str]] = {
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

IGNORED = frozenset(
    words_of(
        "displaystyle textstyle scriptstyle boxed fbox limits nolimits nonumber notag hline phantom ensuremath "
        "strut therefore because label tag hfill centering small large Large angle triangle cr par noindent "
        "newline linebreak break allowbreak displaylimits Box square blacksquare checkmark qed qedhere "
        "mathstrut smash rule color"
    )
)
BLACKBOARD = {"ℝ": "Reals", "ℤ": "Integers", "ℕ": "Naturals", "ℚ": "Rationals", "ℂ": "Complexes"}
GREEK_LETTERS = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"], strict=True)) | {
    "Δ": "Delta", "Σ": "Sigma", "Ω": "Omega", "Γ": "Gamma", "Θ": "Theta", "Λ": "Lambda", "Π": "Pi", "Φ": "Phi",
    "Ψ": "Psi", "ς": "sigma", "ℓ": "ell", "ϖ": "pi",
}  # fmt: skip
