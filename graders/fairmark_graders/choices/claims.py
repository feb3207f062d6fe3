"""The choice, or the choices side by side, that a stretch of text begins with."""

import re

from .options import AFTER, MOST, Claim, Options

_NOISE = (
    "(?:the|most|likely|best|correct|right|final|only|clearly|definitely|probably|simply|indeed|actually|just|"
    "therefore|thus|hence|so|then|either|both|option|choice|letter|answer|number|no|alternative|statement|candidate|"
    "is|are|be|its|it's|la|el|le|die|der|das|with|for|as|on|to|would|must|should|"
    "вариант|вариантом|ответ|под|буквой|буква|опция|opción|opcion|opção|letra|opzione|lettera|lettre|buchstabe|"
    "alternativa|seçenek|pilihan|विकल्प|বিকল্প|الخيار|خيار|الاجابة|گزینه)"
)
_OPEN = re.compile(
    rf"""(?: [\s"'“”‘«»„「『【〔<>*_`#~$:：=,.({{\[\u2012-\u2015-]
      | \\(?:text|textbf|mathrm|mathbf|mathsf|boxed|fbox|bf|rm|left|displaystyle|quad)\b | \\[(\[,;!\ ]
      | {_NOISE}(?=[\s"'(*_`$:\[]) (?!\s+(?:because|since)\b)
      | 选项?|選項?|为|為|是|番号|第
      | not\s+[(*]*\w[)*]*,?\s*but(?:\s+(?:rather|instead))? )*""",
    re.VERBOSE | re.IGNORECASE,
)
PLAIN = re.compile(
    r"""(?:[\s"'“”‘«»„「『【〔<>*_`$(\[{-]|\\(?:text|textbf|mathrm|mathbf|mathsf|bf|rm|left)\b|\\[(\[,;! ]
      |(?:option|choice|letter|вариант|विकल्प|বিকল্প|الخيار)(?=[\s(*])|选项|選項)*""",
    re.VERBOSE | re.IGNORECASE,
)
"""What may stand before a choice that is all there is."""
_MARKS = re.compile(r"""(?:[\s"'“”‘«»„「『【<>*_`#~$:：=]|\\[(\[])*""")
_CLOSE = re.compile(r"""[)\]}*_`"”»」』】〕$~]*|'+(?!\w)|\\[)\]]""")
_CJK = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]")
COPULA = re.compile(
    r"\W*(?:is|are|was|were|isn't|aren't|can|cannot|can't|could|would|might|may|does|doesn't|do|don't|has|have|"
    r"seems?|looks?|fails?|contradicts?|es|est|ist|не|неверн\w*|错误?|不)\b"
)
GOOD = (
    r"(?:(?:the|most|clearly|therefore|indeed|thus|only|also|equally|probably|definitely|both|all|an?|more|likely|my|our)\s+)*"
    r"(?:(?:final|single|logical|obvious|only)\s+)*(?:(?<=only\s)option|(?<=most\s)(?:likely|plausible)(?=\s*(?:\Z|[^\w\s]|answer|option|choice))|(?:correct|right|best|true|answers?|appropriate|accurate|valid|acceptable|proper|choice|one))\b"
)
_POSITIVE = re.compile(rf"\W*(?:is|are|must be|has to be|seems?|looks?|would be|should be)\s+{GOOD}", re.IGNORECASE)
WRONG = re.compile(
    r"[^\w,.;:!]*(?:(?:is|are|was|were|as)\s+)?(?:clearly\s+|also\s+|both\s+|all\s+|obviously\s+)*"
    r"(?:wrong|incorrect|not|(?:is|are|was|were)n['’]t|ruled out|eliminated|excluded|"
    r"(?:(?<=is )|(?<=are ))(?:false|invalid|impossible)|неверн\w*|错|错误|不对)\b"
    r"|[\s*_]*[:\u2012-\u2015-][\s*_]*(?:incorrect|wrong|not correct|no)\b|[\s*_]*[❌✗✘]",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"\s*(?:(?P<comma>[,;、，]\s*)(?:(?:and/or|or|and)\s+)?|[/&+|~∨\u2044\u2215]\s*|(?:\.{1,3}|…)\s*(?:or|alternatively)\b,?\s+|"
    r"\(?(?:and/or|or|and|oder|und|ou|et|y|o|или|и|أو|या|অথবা)\s+|[或和与と]|または)"
    r"(?:also\s+|maybe\s+|perhaps\s+|possibly\s+|both\s+)?(?:option\s+|choice\s+|answer\s+)?[\s(\[*_`'\"“$]*",
    re.IGNORECASE,
)
_OTHERS = re.compile(r"[^\W_]{1,2}[)\]*_`]*\s+(?:are|were)\b")
_SPACE = re.compile(r"\s+")
_WORDS_BEFORE = 4
"""Words before a choice with which the text of an option may begin instead, such as both in `Both A and C`."""


def claim_at(
    text: str, at: int, options: Options, *, weak: bool = False, opening: re.Pattern[str] | None = None
) -> Claim | None:
    """The choice, or the choices side by side, that a stretch of text begins with."""
    start = opened(text, at, opening or _OPEN)
    lettered = _lettered(text, start, options, weak=weak)
    named = _text_from(text, opened(text, at, _MARKS), start, options)
    if named is None or (lettered is not None and lettered.end > named.end):
        return lettered
    return _named(text, named, options)


def whole_choice(text: str, options: Options) -> frozenset[int] | None:
    """The places of a text that is a choice, or several, and says no more than the option's own words."""
    if exact := options.of_text(text):
        return exact
    claim = claim_at(text, 0, options, opening=PLAIN)
    return claim.places if claim and not re.search(r"\w", text[claim.end :]) else None


def _text_from(text: str, low: int, high: int, options: Options) -> Claim | None:
    """The option whose text begins at one of the words up to `high`: what may stand before a choice may be its own."""
    if not options.texts:
        return None
    spaces = [space.end() for space in _SPACE.finditer(text, low, high)]
    found = (options.text_at(text, start) for start in [low, *spaces[-_WORDS_BEFORE:], high])
    return next(filter(None, found), None)


def _named(text: str, named: Claim, options: Options) -> Claim | None:
    """Options side by side of which the first is named by its text, with the letter that may stand behind it."""
    places, end = named.places, named.end
    for _ in range(MOST):
        closing = opened(text, end, _CLOSE)
        letter = _lettered(text, opened(text, closing, PLAIN), options) if text[closing : closing + 2] == " (" else None
        separator = _SEPARATOR.match(text, end)
        following = letter or (separator and options.text_at(text, separator.end()))
        if not following:
            break
        places, end = places | following.places, following.end
    return None if WRONG.match(text, end) else Claim(places, named.start, end)


def opened(text: str, at: int, opening: re.Pattern[str]) -> int:
    """Where what may stand before or behind a choice has ended."""
    opened = opening.match(text, at, at + 120)
    return opened.end() if opened else at


def _lettered(text: str, start: int, options: Options, *, weak: bool = False) -> Claim | None:
    """Labels side by side, with the text of the option where it follows."""
    places: set[int] = set()
    end = at = start
    for _ in range(MOST):
        label = _label(text, at, options, weak=weak, more=bool(places))
        if label is None and _OTHERS.match(text, at):
            return None
        if label is None:
            break
        place, end = label
        places.add(place)
        if own := _own_text(text, end, options):
            places |= own.places
            end = max(end, own.end)
        separator = _SEPARATOR.match(text, end)
        if separator is None:
            break
        at = separator.end()
    if not places or WRONG.match(text, end) or (COPULA.match(text, end) and not _POSITIVE.match(text, end)):
        return None
    return Claim(frozenset(places), start, end)


def _own_text(text: str, end: int, options: Options) -> Claim | None:
    """The text behind a label, unless a sentence on another option begins there: `B. Paris (A) is in France`."""
    own = options.text_at(text, opened(text, end, _OPEN))
    return None if own and text.startswith(". ", end) and text.startswith(" (", own.end) else own


def _label(text: str, at: int, options: Options, *, weak: bool, more: bool) -> tuple[int, int] | None:
    """The label there, and where its brackets end, if it can be nothing but a label."""
    found = options.label_at(text, at)
    if found is None:
        return None
    place, end = found
    closing = _CLOSE.match(text, end)
    closed = closing.end() if closing else end
    if text[closed : closed + 1] == "?":
        return None
    bracketed = closed > end and text[at - 1 : at] in ("(", "[", "*", "{", "_", "`")
    if more and COPULA.match(text, closed) and not _POSITIVE.match(text, closed):
        return None
    if bracketed and not weak:
        return place, closed
    if AFTER.match(text, end) or COPULA.match(text, end) or _CJK.match(text, end) and text[at].isascii():
        return place, closed
    return (place, closed) if options.text_at(text, opened(text, closed, _OPEN)) else None
