"""One spelling for one character, and the wrapping around an answer taken off."""

import re
import unicodedata
from functools import lru_cache

from ...normal_form import composed
from .words import words_of

_PLAIN = {
    **dict.fromkeys("−–—‐‑‒﹣－", "-"), **dict.fromkeys("×∗✕✖⨯", "*"), **dict.fromkeys("·⋅∙•", "·"),
    **dict.fromkeys("÷∕⁄", "/"), "′": "'", "’": "'", "‘": "'", "ʹ": "'", "″": "''", "“": '"', "”": '"',
    "…": "...", "⋯": "...", "∶": ":", "：": ":", "，": ",", "、": ",", "；": ";", "。": ".", "（": "(", "）": ")",
    "∣": "|", "❘": "|", "⟨": "\\langle ", "⟩": "\\rangle ", "〈": "\\langle ", "〉": "\\rangle ", "º": "°", "˚": "°",
    "⌊": "\\lfloor ", "⌋": "\\rfloor ", "⌈": "\\lceil ", "⌉": "\\rceil ", "‖": "\\|", "ϕ": "φ", "ϵ": "ε", "ϑ": "θ",
    "Ω": "Ω", "µ": "μ", "％": "%", "℃": "°C", "℉": "°F", "\t": " ", "\n": "\n", "\r": " ",
    "½": "\\frac{1}{2}", "⅓": "\\frac{1}{3}", "⅔": "\\frac{2}{3}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}",
    "⅕": "\\frac{1}{5}", "⅖": "\\frac{2}{5}", "⅗": "\\frac{3}{5}", "⅘": "\\frac{4}{5}", "⅙": "\\frac{1}{6}",
    "⅚": "\\frac{5}{6}", "⅐": "\\frac{1}{7}", "⅛": "\\frac{1}{8}", "⅜": "\\frac{3}{8}", "⅝": "\\frac{5}{8}",
    "⅞": "\\frac{7}{8}", "⅑": "\\frac{1}{9}", "⅒": "\\frac{1}{10}",
}  # fmt: skip
_KEPT = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱˣᵏᵐᵗᵀ₀₁₂₃₄₅₆₇₈₉ₙₖₘᵢⱼ₊₋₌ℝℤℕℚℂ√∛∜ªÅ")
_FRACTIONS = "".join(char for char, plain in _PLAIN.items() if plain.startswith("\\frac"))
_FRACTION = re.compile(rf"(\d|(?<![^\s(]))([{_FRACTIONS}])")
_ODD = re.compile(r"[^ -~]")


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    if char in _PLAIN:
        return _PLAIN[char]
    if char in _KEPT:
        return char
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category[0] == "Z":
        return " "
    if category == "Mn":
        return ""
    if (letter := unicodedata.normalize("NFD", char)[0]).isascii() and letter.isalpha():
        return letter
    return "" if category[0] == "C" else unicodedata.normalize("NFKC", char)


def plain_characters(text: str) -> str:
    """One character for those that look alike; nothing for control characters, halves of surrogates and marks of
    direction."""
    if text.isascii() and text.isprintable():
        return text
    if "\\" not in text:
        text = _FRACTION.sub(_stroked, text)
    return _ODD.sub(lambda match: _plain(match[0]), composed(text))


def _stroked(fraction: re.Match[str]) -> str:
    """`2 5/8` of `2⅝` in plain text, where a LaTeX command would make a letter of the unit behind it."""
    top, bottom = re.findall(r"\d+", _PLAIN[fraction[2]])
    return f"{fraction[1]} {top}/{bottom}".strip()


_PAIRS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("```", "```"), ("`", "`"), ("__", "__"),
          ("*", "*"), ("_", "_"), ('"', '"'), ("\\begin{math}", "\\end{math}"),
          ("\\begin{equation*}", "\\end{equation*}"), ("\\begin{equation}", "\\end{equation}"))  # fmt: skip
_MAY_OPEN = frozenset(opening[0] for opening, _ in _PAIRS)
_BOXES = frozenset(words_of("boxed fbox text textbf textit textrm emph mbox underline ensuremath"))
_SWITCHES = frozenset(
    words_of("displaystyle textstyle bf rm it large Large LARGE huge Huge small tiny normalsize centering")
)
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
_MARKUP = re.compile(
    r"&nbsp;|&#160;|<br\s*/?>|</?(?:b|i|strong|em|p|span|div)>|\\(?:no)?newline\b|\\(?:phantom|(?:text)?color)\{[^{}]*\}"
)
_BOLD = re.compile(r"\*\*([ijk])\*\*(?![\w({])")
"""A unit vector in Markdown."""
_UPRIGHT = r"\\(?:text|mathrm)\s?\{[^{}]{1,20}\}(?:\^\{?\d\}?)?"
_UNIT_FRACTION = re.compile(rf"(?<=[\d ,])\\[dt]?frac\s?\{{\s?({_UPRIGHT})\s?\}}\s?\{{\s?({_UPRIGHT})\s?\}}")
_MAY_BE_MARKUP = re.compile(r"[&<]|\*\*[ijk]\*|\\(?:no|new|phan|color|textcolor|[dt]?frac\s?\{\s?\\(?:text|mathrm))")
_LEAD = re.compile(
    r"""(?ix)
    (?: \s* (?:so|thus|hence|therefore|then|and\ so|finally|either|both|only|we\ (?:get|have|obtain|find)(?:\ that)?)
        \s*[:,]?\s+ (?![=<>]) )*
    (?: (?:(?:it|the\ [a-z]+)\ (?:converges|exists|holds|works|is\ (?:defined|true))\ )?
        (?:exactly|precisely|only|if\ and\ only)?\s*(?:when|if|for)\s+\$?
        (?=(?:-?\d+\s*[<≤]\s*)?[a-z]\s*(?:[<>≤≥≠∈=]|\\(?:leq?|geq?|neq?|in|lt|gt)\b|(?:is|must|has)\b)) )?
    (?: (?:the|an?)?\s?(?:point|line|curve|plane|circle|parabola|ellipse|hyperbola|interval|set|matrix|vector|function
        |equation|polynomial|pair|ordered\ pair|ordered\ triple|triple|points|intervals|domain|range)\s
        (?=[(\[{$]|\\[({\[lb]|[a-z](?:\([a-z]\)|\^\{-1\}\([a-z]\))?\s*=)
        (?!.*[,;]\s*(?:and\s)?[a-z]{4}) )?  # of several headings the first counts too
    (?: (?: [=≈~≃≅∴⇒] | \\(?:approx|sim|simeq|implies|therefore|Rightarrow)\b
      | (?:the|my|our|your)?\s*(?:final|correct|right|exact|required|simplified|numerical)?\s*
        (?:answer|ans|result|solution(?:\ set)?|value)s?
        \s*(?:is|are|equals|=|:|\b)(?:\ (?:given\ by|equal\ to))?\s*:?
      | (?:the\ )?(?:correct|right|best)\ (?:option|choice)\ is(?=\s[a-eA-E]\b)
      | (?:the|its|their)\s[a-z\s]{1,60}\s(?:is|are|equals)\s+(?=[-\d$\\(])
      | it\ is | it\ equals | (?:converges|tends)\ to | (?:approximately|approx\.?|about|roughly|around|exactly)
      | there\ (?:are|is|were|will\ be)(?=\s+\d|\s+\\) | a\ total\ of(?=\s) | total\ of(?=\s)
    ) (?=[\s\d$\\(\[{:=+-]) )?"""
)
_CURRENCIES = {"Rs": "₹", "INR": "₹", "USD": "\\$", "US": "\\$", "EUR": "€", "GBP": "£"}
_MONEY = re.compile(r"(Rs|INR|USD|US|EUR|GBP)\.?\s?\\?\$?\s?(?=[0-9])")
_NO_MEMBER = re.compile(r"\([A-J]\)|[^{}]*(?:=|\\equiv\b)")
_LISTS = re.compile(r"[,;|:]|\\(?:mid|in)\b|∈")
_MOST_LAYERS = 40


def without_markup(text: str) -> str:
    """The text without HTML, colours and what only makes space."""
    text = text.replace("{:}", ":")
    if not _MAY_BE_MARKUP.search(text):
        return text
    text = _UNIT_FRACTION.sub(r"\1/\2", _BOLD.sub(r"\\mathbf{\1}", text))
    return _MARKUP.sub(lambda match: "\\," if match[0][0] == "\\" else " ", text)


def unwrapped(text: str) -> str:
    """What an answer says once dollars, boxes, fonts, emphasis, "the answer is" and a final full stop are off."""
    for _ in range(_MOST_LAYERS):
        inner = _without_layer(text)
        if inner == text:
            return inner
        text = inner
    return text


def _without_layer(text: str) -> str:
    text = _without_stops(text)
    first = text[:1]
    if first in _MAY_OPEN:
        text = _without_pair(text.replace("**", "") if text.startswith("**") else text)
        return _without_command(text) if text.startswith("\\") else text
    if first == "{":
        return _without_group(text)
    return _without_lead(text) if first.isalpha() or first in "=≈~≃≅∴⇒" else text


def _without_stops(text: str) -> str:
    text = text.strip().rstrip(",;:").strip()
    while text.endswith(("\\", "\\,", "\\;", "\\ ", "\\quad")) and not text.endswith("\\\\"):
        text = text.removesuffix("\\quad").rstrip("\\,; ")
    if text.endswith(".") and not text.endswith(("...", "\\.")):
        text = text[:-1].rstrip()
    return text


def _without_pair(text: str) -> str:
    for opening, end in _PAIRS:
        if text.startswith(opening) and text.endswith(end) and len(text) >= len(opening) + len(end):
            inner = text[len(opening) : -len(end)]
            if opening not in inner and end not in inner:
                return inner
    return text


def _without_command(text: str) -> str:
    match = _COMMAND.match(text)
    if match and match[1] in _SWITCHES:
        return _without_braces(text[match.end() :])
    if not match or match[1] not in _BOXES or not text.startswith("{", match.end()):
        return _without_lead(text)
    end = closing(text, match.end())
    inner = text[match.end() + 1 : end]
    if end == len(text) - 1:
        return inner
    return text[end + 1 :] if end > 0 and _without_lead(f"{inner.strip()} 0").strip() == "0" else text


def _without_braces(text: str) -> str:
    return text[1:-1] if text.startswith("{") and closing(text, 0) == len(text) - 1 else text


def _without_group(text: str) -> str:
    """A text without the braces around all of it, where these make no set of it: a choice, or an equation."""
    inner = _without_braces(text)
    return inner if inner is not text and _NO_MEMBER.match(inner) and not _LISTS.search(inner) else text


def _without_lead(text: str) -> str:
    lead = _LEAD.match(text)
    text = text[lead.end() :] if lead and lead.end() < len(text) else text
    money = _MONEY.match(text)
    return f"{_CURRENCIES[money[1]]}{text[money.end() :]}" if money else text


def closing(text: str, at: int) -> int:
    """Where the brace that opens at `at` closes, or -1."""
    depth = 0
    for brace in _BRACES.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return brace.start()
    return -1


_BRACES = re.compile(r"\\.|[{}]")
