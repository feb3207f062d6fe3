"""One spelling for one character, and the wrapping around an answer taken off."""

import re
import unicodedata
from functools import lru_cache

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
_KEPT = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ₀₁₂₃₄₅₆₇₈₉ℝℤℕℚℂ√∛∜ªÅ")
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
    return "" if category[0] == "C" else unicodedata.normalize("NFKC", char)


def plain_characters(text: str) -> str:
    """One character for those that look alike; nothing for control characters, halves of surrogates and marks of
    direction."""
    if text.isascii() and text.isprintable():
        return text
    return _ODD.sub(lambda match: _plain(match[0]), text)


_PAIRS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("**", "**"), ("```", "```"), ("`", "`"),
          ('"', '"'), ("\\begin{math}", "\\end{math}"), ("\\begin{equation*}", "\\end{equation*}"),
          ("\\begin{equation}", "\\end{equation}"))  # fmt: skip
_BOXES = ("\\boxed", "\\fbox", "\\text", "\\textbf", "\\textit", "\\textrm", "\\emph", "\\displaystyle", "\\bf", "\\rm",
          "\\mathrm", "\\mathbf", "\\mbox", "\\underline", "\\bm", "\\boldsymbol", "\\textstyle", "\\color", "\\Large",
          "\\large", "\\huge", "\\Huge", "\\ensuremath", "\\mathit", "\\tiny", "\\small", "\\normalsize",
          "\\LARGE")  # fmt: skip
_BOLD = frozenset({"mathrm", "mathbf", "bm", "boldsymbol", "mathit", "color"})
_BOX = re.compile(r"\\([A-Za-z]+)\s*")
_MARKUP = re.compile(r"[&<]|\\(?:no|new|phan|color|textcolor)")
_HTML = re.compile(
    r"&nbsp;|&#160;|<br\s*/?>|</?(?:b|i|strong|em|p|span|div)>|\\(?:no)?newline\b|\\(?:phantom|(?:text)?color)\{[^{}]*\}"
)
_LEAD = re.compile(
    r"""(?ix)
    (?: \s* (?:so|thus|hence|therefore|then|and\ so|finally|answer|ans|solution|we\ (?:get|have|obtain|find)(?:\ that)?)
        \s*[:,]?\s+ (?![=<>]) )*
    (?: (?: [=≈~≃≅∴⇒] | \\(?:approx|implies|therefore|Rightarrow)\b
      | (?:the|my|our|your)?\s*(?:final|correct|right|exact|required|simplified|numerical)?\s*
        (?:answer|ans|result|solution(?:\ set)?|value)s?
        \s*(?:is|are|equals|=|:|\b)(?:\ (?:given\ by|equal\ to))?\s*:?
      | (?:the|its|their)\s[a-z\s]{1,60}\s(?:is|are|equals)\s+(?=[-\d$\\(])
      | it\ is | it\ equals | (?:approximately|approx\.?|about|roughly|around|nearly|exactly)
      | there\ (?:are|is|were|will\ be)(?=\s+\d|\s+\\) | a\ total\ of(?=\s) | total\ of(?=\s)
    ) (?=[\s\d$\\(\[{:=+-]) )?"""
)
_MOST_LAYERS = 40


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
    for before, after in _PAIRS:
        size = len(before)
        if text.startswith(before) and text.endswith(after) and len(text) >= size + len(after):
            inner = text[size : -len(after)]
            if before not in inner and after not in inner:
                return inner
    if text.startswith("\\"):
        return _without_box(text)
    return _without_lead(text) if text[:1].isalpha() or text[:1] in "=≈~≃≅∴⇒" else text


def _without_lead(text: str) -> str:
    lead = _LEAD.match(text)
    return text[lead.end() :] if lead and lead.end() < len(text) else text


def _without_stops(text: str) -> str:
    text = text.strip().rstrip(",;:").strip()
    while text.endswith(("\\", "\\,", "\\;", "\\ ", "\\quad")) and not text.endswith("\\\\"):
        text = text.removesuffix("\\quad").rstrip("\\,; ")
    if text.endswith(".") and not text.endswith(("...", "\\.")):
        text = text[:-1].rstrip()
    return text


def _without_box(text: str) -> str:
    match = _BOX.match(text)
    if not match or "\\" + match[1] not in _BOXES:
        return _without_lead(text)
    if match.end() == len(text):
        return ""
    if text[match.end()] != "{":
        return text[match.end() :] if match[1] not in {"text", "boxed", "fbox", "mathrm", "mathbf"} else text
    if (
        match[1] in {"mathrm", "mathbf", "bm", "boldsymbol", "mathit", "color"}
        or closing(text, match.end()) != len(text) - 1
    ):
        return text
    return text[match.end() + 1 : -1]


def closing(text: str, at: int) -> int:
    """Where the brace that opens at `at` closes, or -1."""
    depth = 0
    for brace in re.finditer(r"\\.|[{}]", text[at:]):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return at + brace.start()
    return -1


def without_markup(text: str) -> str:
    """The text without HTML and what only makes space."""
    return _HTML.sub(lambda match: "\\," if match[0][0] == "\\" else " ", text) if _MARKUP.search(text) else text
