"""The formulas of a sentence without delimiters: the longest stretches of what only mathematics is made of."""

import re
from functools import lru_cache

from ..errors import TooComplex, Unreadable
from ..reader import read
from ..tree import Measure
from ..units import UNITS
from .spans import Span

_TOKEN = re.compile(r"\S+")
_EDGES = ",;.!?\"'“”`"
_SIGNS = frozenset("=+*/^<>≤≥≠≈≡±∓√π∞·×÷−∈∉∪∩∖|°%ℝℤℕℚℂ→[]{}…\\&")
_RELATIONS = frozenset("=<>≤≥≠≡∈")
_FUNCTIONS = frozenset(
    [
        *("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
        *("ln", "log", "exp", "sqrt", "pi", "mod", "(mod", "det", "lim", "infinity"),
    ]
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_HALVES = frozenset(["am", "pm", "a.m", "p.m"])
_JOINS = frozenset(["and", "or", "o", "ou", "oder", "&", "to", "-", "–", "i.e"])
_PLACES = frozenset(["on", "at", "in"])
_NO_UNIT = frozenset("a an as at by if in is it of on or so to us the per and".split())  # noqa: SIM905
_SCALES = frozenset(["dozen", "hundred", "thousand", "million", "billion", "trillion"])
_OF_UNITS = frozenset(["square", "cubic", "per", "squared", "cubed"])
_WORD = re.compile(
    r"[\w.]+-[A-Za-z]{2,}.*|[A-Za-z]+['’][a-z]+|\d+(?:st|nd|rd|th)|[A-Za-z]{2,}/[A-Za-z]+|[A-Za-z]+/[A-Za-z]{2,}"
)
_PARTS = re.compile(r"(?:\^-?\d+)?(?:[·/]|\Z)")
_LETTERS = re.compile(r"[-−(\[|]*[A-Za-z]['′]?(?:[(,|]+[A-Za-z])*[)\]|]*")


def runs(sentence: str) -> list[Span]:
    """The stretches that are formulas with a number, a relation or an operation; names alone are none."""
    tokens = [(word.start(), word.end(), word[0]) for word in _TOKEN.finditer(sentence)]
    kinds = _kinds([word.strip(_EDGES) for _, _, word in tokens])
    found, at = [], 0
    while at < len(tokens):
        if kinds[at] != "formula":
            at += 1
            continue
        last = _last(tokens, kinds, at)
        start, end = tokens[at][0], tokens[last][1]
        content = sentence[start:end].strip(_EDGES + ": ")
        if _tells(content):
            found.append(Span(start, end, content))
        at = last + 1
    return found


def _last(tokens: list[tuple[int, int, str]], kinds: list[str], first: int) -> int:
    """The last token of the run that begins with one."""
    last = at = first
    depth = 0
    while at < len(tokens):
        word = tokens[at][2]
        if kinds[at] == "word" and depth <= 0:
            break
        depth += sum(map(word.count, "([{")) - sum(map(word.count, ")]}"))
        if kinds[at] != "join":
            last = at
        if word[-1] in ":!?" and depth <= 0:
            break
        at += 1
    return last


def _kinds(words: list[str]) -> list[str]:
    """For each word whether it is of a "formula", a "join" between two, or a "word"."""
    kinds: list[str] = []
    for at, word in enumerate(words):
        before = words[at - 1] if at and kinds[-1] == "formula" else ""
        after = words[at + 1] if at + 1 < len(words) else ""
        if before and _belongs(word, before, after, words[at - 2] if at > 1 else ""):
            kinds.append("formula")
        elif word in _JOINS or not word or (word in _PLACES and kinds and words[at - 1] in ("and", "or")):
            kinds.append("join")
        else:
            kinds.append("formula" if _is_formula(word, before, after) else "word")
    return kinds


def _is_formula(word: str, before: str, after: str) -> bool:
    if word in ("a", "A", "I"):
        return after[:1] in _SIGNS or before[-1:] in _SIGNS
    if _LETTERS.fullmatch(word) or word in _FUNCTIONS:
        return True
    if word.lower() in _MONTHS:
        return after[:1].isdigit()
    if _WORD.fullmatch(word):
        return False
    return any(sign.isdigit() or sign in _SIGNS or "α" <= sign <= "ω" for sign in word) or word in ("Δ", "Ω", "-∞")


def _belongs(word: str, before: str, after: str, earlier: str) -> bool:
    """Whether a word continues the formula before it: a unit, "million", the half of a day, the month of a date."""
    if word.lower() in _HALVES:
        return before[:1].isdigit()
    if word.lower() in _MONTHS or word == "mod":
        return True
    if word == "in":
        return before.isdigit() and earlier in ("ft", "feet", "foot")
    if word in _SCALES:
        return before[-1:].isdigit()
    if not (before[-1:].isdigit() or before[-1:] in ")}" or is_unit(before) or before in _OF_UNITS | _SCALES):
        return False
    return word in _OF_UNITS and (is_unit(after) or word.endswith("ed")) or is_unit(word)


@lru_cache(maxsize=500)
def is_unit(word: str) -> bool:
    """Whether a word, or a few, are a unit of measure that is known."""
    if not word or word in _NO_UNIT or len(word) > 20:
        return False
    try:
        one = read(f"1 {word}")
    except (Unreadable, TooComplex):
        return False
    return isinstance(one, Measure) and all(part in UNITS for part in _PARTS.split(one.unit) if part)


def _tells(content: str) -> bool:
    return any(sign.isdigit() or sign in _SIGNS or sign == "π" for sign in content)
