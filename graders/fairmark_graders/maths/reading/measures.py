"""Units after a value: `cm`, `km/h`, `m s^{-1}`, `square metres per second`, and nouns: `red apples`."""

from collections.abc import Sequence
from typing import NamedTuple

from ..units import COMPOUND_NAMES, SPELLINGS
from .tokens import Token

_POWERS_BEFORE = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_SINGLE = frozenset("msghJNWVACFKTHLlΩM")
"""Units of one letter that are read after a space in plain text; others need `\\text`."""
_VARIABLE_LIKE = frozenset({"mg", "ms", "mV", "mA", "mN", "pt", "pm", "hm", "dm", "kA", "kV", "mC", "mT", "mH", "Gy",
                            "mW", "mJ", "mK", "kN", "pp", "cd", "ha", "nm", "gal", "dL", "pF", "mS"})  # fmt: skip
"""Units that are also products of usual variables; in LaTeX outside `\\text` they stay products."""
_ALGEBRA_AFTER = frozenset(
    ["+", "-", "*", "/", "^", "_", "(", "letter", "number", "frac", "sqrt", "root", "function", "sup", "±", "!", "'"]
)
MAY_BE_UNITS = frozenset([*SPELLINGS, "\\mu", "\\Omega", "k"])
"""Letters that a unit may start with."""
_LONGEST_NOUN = 4
_MOST_FACTORS = 8


class Ahead(NamedTuple):
    """A unit found ahead, and the token after it."""

    unit: str
    at: int


def unit_ahead(tokens: Sequence[Token], at: int, latex: bool) -> Ahead | None:
    """The unit that starts at a token, if one does."""
    first = _factor(tokens, at, latex, inside=False)
    if first is None:
        return None
    factors, after = [(first.name, first.exponent)], first.after
    sign, bracket = 1, False
    while len(factors) < _MOST_FACTORS:
        sign, start = _joined(tokens, after, sign)
        opens = start > 0 and sign < 0 and tokens[start].kind == "(" and not bracket
        factor = _factor(tokens, start + opens, latex, inside=True) if start > 0 else None
        if factor is None:
            break
        factors.append((factor.name, sign * factor.exponent))
        bracket, after = bracket or opens, factor.after
        if bracket and tokens[after].kind == ")":
            bracket, after = False, after + 1
    return None if _is_algebra(tokens, at, after, latex) else Ahead(_spelled(factors), after)


class _Factor(NamedTuple):
    name: str
    exponent: int
    after: int


def _factor(tokens: Sequence[Token], at: int, latex: bool, inside: bool) -> _Factor | None:
    power = _POWERS_BEFORE.get(tokens[at].raw.lower(), 1)
    at += power > 1
    if prefixed := _prefixed(tokens[at], tokens[at + 1] if at + 1 < len(tokens) else tokens[at]):
        return _Factor(prefixed, power, at + 2)
    name = _name(tokens[at], latex, inside or _in_series(tokens, at))
    if name is None or (tokens[at].kind == "in" and not _is_inch(tokens, at)):
        return None
    exponent, after = _exponent(tokens, at + 1)
    return _Factor(name, power * exponent, after)


def _prefixed(prefix: Token, name: Token) -> str | None:
    """`\\mu\\text{m}`, `\\text{k}\\Omega`."""
    if prefix.raw == "\\mu" and name.upright and f"μ{name.raw}" in SPELLINGS:
        return f"μ{name.raw}"
    return f"{prefix.raw}Ω" if name.raw == "\\Omega" and prefix.raw in ("k", "M", "m") else None


def _is_inch(tokens: Sequence[Token], at: int) -> bool:
    return at > 0 and tokens[at + 1].kind in _ENDS_AND_POWERS


def _name(token: Token, latex: bool, inside: bool) -> str | None:
    raw = token.raw
    if raw == "\\Omega" and token.gap:
        return "Ω"
    if raw == "in" and not inside and token.kind == "in":
        return "in"
    if token.kind not in ("word", "letter", "function", "money") or raw.startswith("\\") and token.kind != "word":
        return None
    name = SPELLINGS.get(raw) or (SPELLINGS.get(raw.lower()) if len(raw) > 2 else None)
    if name is None and raw.lower() in ("unit", "units"):
        name = "unit"
    if name is None or token.kind == "word" and raw == "in":
        return None
    if len(raw) == 1 and token.kind == "letter":
        return name if (token.upright and latex) or inside or (token.gap and raw in _SINGLE and not latex) else None
    return None if latex and not token.upright and raw in _VARIABLE_LIKE else name


def _exponent(tokens: Sequence[Token], at: int) -> tuple[int, int]:
    kind = tokens[at].kind
    if kind in ("sup", "squared"):
        value = tokens[at].value
        return (int(value), at + 1) if value.lstrip("+-").isdecimal() and len(value) < 3 else (1, at)
    if kind != "^":
        return 1, at
    end = at + 1
    braced = tokens[end].kind == "{"
    end += braced
    negative = tokens[end].kind == "-"
    end += negative
    digits = tokens[end].value
    if tokens[end].kind != "number" or not digits.isdecimal() or len(digits) > 2:
        return 1, at
    end += 1 + braced
    return (-int(digits) if negative else int(digits)), end


def _joined(tokens: Sequence[Token], at: int, sign: int) -> tuple[int, int]:
    """The sign of the next factor's exponent and where it starts; -1 where nothing can follow.

    What follows a stroke is below it up to the next sign: `J/mol K` is `J/(mol·K)`.
    """
    token = tokens[at]
    if token.kind == "/" or token.raw.lower() == "per":
        return -1, at + 1
    if token.kind == "*":
        return sign, at + 1
    if token.kind == "-" and not token.gap and not tokens[at + 1].gap:
        return sign, at + 1
    if token.kind in ("word", "letter") and token.upright:
        return sign, at
    return sign, -1


def _is_algebra(tokens: Sequence[Token], at: int, after: int, latex: bool) -> bool:
    """Whether a lone plain letter such as the m of `5 m + 3` may be a variable."""
    if tokens[at].kind != "letter" or (latex and tokens[at].upright) or _in_series(tokens, at):
        return False
    return tokens[after].kind in _ALGEBRA_AFTER


def _in_series(tokens: Sequence[Token], at: int) -> bool:
    """Whether another value and its unit follow: `3h 20min`."""
    value, name = tokens[at + 1], tokens[min(at + 2, len(tokens) - 1)]
    return tokens[at].raw in "hmd" and value.kind == "number" and name.kind != "letter" and name.raw in SPELLINGS


def _spelled(factors: list[tuple[str, int]]) -> str:
    if len(factors) == 1 and factors[0][1] == 1:
        return factors[0][0]
    factors = [part for name, exponent in factors for part in _parts(name, exponent)]
    above = "·".join(_raised(name, exponent) for name, exponent in factors if exponent > 0)
    below = [_raised(name, -exponent) for name, exponent in factors if exponent < 0]
    if not below:
        return above
    return f"{above or '1'}/" + (below[0] if len(below) == 1 else f"({'·'.join(below)})")


def _parts(name: str, exponent: int) -> list[tuple[str, int]]:
    """`mph` in the middle of a compound, in its own parts."""
    if name not in COMPOUND_NAMES.values():
        return [(name, exponent)]
    above, _, below = name.partition("/")
    both = [(above, exponent)] + ([(below, -exponent)] if below else [])
    return [(base, power * int(raised or 1)) for part, power in both for base, _, raised in [part.partition("^")]]


def _raised(name: str, exponent: int) -> str:
    return name if exponent == 1 else f"{name}^{exponent}"


def noun_ahead(tokens: Sequence[Token], at: int) -> Ahead | None:
    """One to four plain words up to the end or a separator, the first in the singular."""
    words: list[str] = []
    while _is_noun(tokens[at]) and len(words) <= _LONGEST_NOUN:
        words.append(tokens[at].raw.lower())
        at += 1
    ended = tokens[at].kind in _ENDS and len(words) <= _LONGEST_NOUN
    if not words or not ended or words[0] in _NOT_NOUNS or not _VERBS.isdisjoint(words):
        return None
    return Ahead(" ".join(singular(word) for word in words), at)


def _is_noun(token: Token) -> bool:
    return token.kind == "word" or token.raw in ("to", "per", "in", "for", "with") or (
        token.kind == "letter" and token.upright and token.raw == "a"
    )  # fmt: skip


_ENDS = frozenset(
    ["end", ",", ";", "and", "or", "row", "&", "quad", "relation", ")", "]", "}", "\\}", "where", "because"]
)
_VERBS = frozenset(["has", "have", "had", "does", "can", "must", "will", "gives", "fails", "works"])
_NOT_NOUNS = frozenset(["to", "in", "for", "with", "by", "as", "on", "at", "from", "than", "not", "which", "that",
                        "except", "then", "but", "factorial", "score", "wrong", "false", "right", "true", "no", "etc",
                        "upwards", "onwards", "doubled", "tripled", "halved", "inverted", "reversed", "negated",
                        "rejected", "excluded"])  # fmt: skip
_ENDS_AND_POWERS = _ENDS | {"^", "sup", "squared", "/", "*"}
_IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot",
              "mice": "mouse", "geese": "goose", "teeth": "tooth", "vertices": "vertex", "indices": "index",
              "dice": "die", "halves": "half", "persons": "person", "pence": "penny", "axes": "axis",
              "matrices": "matrix"}  # fmt: skip


def singular(word: str) -> str:
    """`apples`, `boxes`, `cities`, `people` as `apple`, `box`, `city`, `person`."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2 else word
