r"""Which of some options a text chooses.

An option has a place, a label (`A`, or what the item calls it) and, where the item says so, a text. A letter of any
script stands for the place it has in its own alphabet: B, b, Ｂ, ⓑ, Б, Β, ب, খ, イ and 乙 are all the second. Letters
of the labels' own script must be labels.

What counts as choosing, the strongest first:

1. the last box, or the last `<answer>`, which then is the whole text
2. a text that is a choice and nothing else
3. what follows `the answer is`, `Answer:`, `答案是` and the like; the last one counts
4. only where anything counts: `I choose B`, `so B`, `B is correct`, a first or last line that is a choice, and the only
   choice that is mentioned in brackets, in bold or by its text

A choice is read where it can be nothing else: in `the answer is a prime` the letter is an article, in `C major` and
`B-cells` part of a name. What is denied (`not A`, `B is wrong`) or only supposed isn't chosen. Choices side by side
(`A or B`) are several.

Looked at are the last `TAIL` characters and the first `HEAD`, so a text of any length costs the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from .errors import FairmarkError

Mode = Literal["strict", "marked", "anywhere"]

TAIL = 3_000
HEAD = 500
MOST = 26
"""Options a question may have."""
_UNKNOWN = 10
"""Letters that are read as choices where the options aren't known: A to J."""
_TRIES = 40
"""Markers that are looked at, from the end."""
_WORDS_BEFORE = 4
"""Words before a choice with which the text of an option may begin instead, such as both in `Both A and C`."""

_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзик",
    "αβγδεζηθικ",
    "אבגדהוזחטי",
    "ابجدهوزحطي",
    "աբգդեզէըթժ",
    "აბგდევზთიკ",
    "कखगघङचछजझञ",
    "अबसद",
    "কখগঘঙচছজঝঞ",
    "કખગઘઙચછજઝઞ",
    "ਕਖਗਘਙਚਛਜਝਞ",
    "กขคงจฉชซฌญ",
    "アイウエオカキクケコ",
    "あいうえおかきくけこ",
    "甲乙丙丁戊己庚辛壬癸",
    "가나다라마바사아자차",
    "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊ",
)
_PLACES = {letter: (alphabet, place) for alphabet in _ALPHABETS for place, letter in enumerate(alphabet)}
_NUMERALS = {numeral: str(n) for n, numeral in enumerate("一二三四五六七八九十", 1)}
_SPELLED = {first + n: f"({chr(65 + n)})" for first in (0x24B6, 0x24D0, 0x1F150, 0x1F170, 0x1F110) for n in range(26)}
_SPELLED |= {first + n: f"({n + 1})" for first in (0x2460, 0x2776, 0x2780, 0x278A) for n in range(10)}
_SPELLED |= {ord(alef): "ا" for alef in "أإآٱ"} | {ord("ـ"): "", ord("\u2019"): "'", ord("\u200b"): ""}
_SPELLED |= {0xFDFA: " ", 0xFDFB: " "}  # of which NFKC makes whole sentences
_STACKED = re.compile(r"((?<![^\w\s\0-\x7f])[^\w\s\0-\x7f]{30})[^\w\s\0-\x7f]+")
"""More marks on a letter than Unicode's stream-safe format allows; putting n of them in order takes n² steps."""


class Unclear(FairmarkError):
    """The text chooses nothing that can be read; the message says what was found."""


class Claim(NamedTuple):
    """A choice, or several side by side, and where in the text it stands."""

    places: frozenset[int]
    start: int
    end: int


def folded(text: str) -> str:
    """The text with one spelling for each letter (full-width, circled and composed ones are plain), and no empty space.

    NFKC makes up to eighteen characters of one; what is looked at is cut to size again.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _STACKED.sub(r"\1", text.translate(_SPELLED)))[-(TAIL + HEAD) :]
    return "\n".join(words for line in text.splitlines() if (words := " ".join(line.split())))


def key(text: str) -> str:
    """What two spellings of one option's text share."""
    bare = _MARKUP.sub("", text.casefold())
    return " ".join(bare.split()).strip(" .,;:!\"'`*“”‘«»。")


_MARKUP = re.compile(r"\$|\\[()\[\]]|\*\*|\\(?:text|mathrm|textbf|mathbf)\b|[{}]")


class Options:
    """What there is to choose from."""

    def __init__(self, labels: Sequence[str], texts: Sequence[str] = (), numbered: bool = False) -> None:
        """`texts` are those of the labels, or none are known. `numbered`: whether a bare number is a place, from 1."""
        self.labels = labels
        folds = [folded(label).strip().casefold() for label in labels]
        self._labels = {label: place for place, label in enumerate(folds)}
        self._long = sorted((label for label in self._labels if len(label) > 1), key=len, reverse=True)
        self._scripts = {_PLACES[label][0] for label in folds if label in _PLACES}
        keys = [key(folded(text)) for text in texts]
        self.texts = sorted(((text, place) for place, text in enumerate(keys) if text), key=_longest_first)
        self._initials = {text[0] for text, _ in self.texts}
        self._numbered = numbered and not any(map(str.isdecimal, [*keys, *folds]))

    def named(self, places: frozenset[int]) -> str:
        """The labels of some places; the text of an option that has none."""
        return ", ".join(self.labels[place] if self.labels else self.texts[0][0] for place in sorted(places))

    def has_label(self, text: str) -> bool:
        return folded(text).strip().casefold() in self._labels

    def place(self, token: str) -> int | None:
        """The place of a label, letter or number; None when it is none of these."""
        token = token.casefold()
        if (place := self._labels.get(token)) is not None:
            return place
        token = _NUMERALS.get(token, token)
        if token.isdecimal():
            place = int(token) - 1 if self._numbered else -1
        else:
            script, place = _PLACES.get(token, ("", -1))
            place = -1 if script in self._scripts else place
        return place if 0 <= place < len(self.labels) else None

    def of_text(self, text: str) -> frozenset[int]:
        """The places of the options with that very text."""
        wanted = key(text)
        return frozenset(place for option, place in self.texts if option == wanted)

    def label_at(self, text: str, at: int) -> tuple[int, int] | None:
        """The place of the label that begins there, and where it ends."""
        for label in self._long:
            if text[at : at + len(label)].casefold() == label:
                return self._labels[label], at + len(label)
        token = _TOKEN.match(text, at)
        place = self.place(token[0]) if token else None
        return None if token is None or place is None else (place, token.end())

    def text_at(self, text: str, at: int) -> Claim | None:
        """The option, or the options, whose text begins there and is no beginning of something longer."""
        if text[at : at + 1].casefold()[:1] not in self._initials:
            return None
        line = text[at : at + len(self.texts[0][0]) + 80].split("\n", 1)[0]
        said = " ".join(_MARKUP.sub("", line.casefold()).split())
        found = [option for option, _ in self.texts if said.startswith(option) and _ends(said, option)]
        if not found:
            return None
        places = frozenset(place for option, place in self.texts if option == found[0])
        return Claim(places, at, at + len(found[0]))


@lru_cache(maxsize=64)
def unknown(reference: int = 0, *, numbered: bool = False) -> Options:
    """Options of which nothing is known: the letters A to J, and on to the reference's."""
    return Options([chr(65 + n) for n in range(max(_UNKNOWN, reference + 1))], numbered=numbered)


@lru_cache(maxsize=256)
def known(labels: tuple[str, ...], texts: tuple[str, ...]) -> Options:
    """The options of an item; the samples of a group share them."""
    return Options(labels, texts, numbered=True)


def _longest_first(option: tuple[str, int]) -> int:
    return -len(option[0])


def _ends(said: str, option: str) -> bool:
    """Whether the text of an option ends where it does, and isn't the beginning of another word, number or name."""
    rest = said[len(option) :]
    if option[-1].isdecimal() and re.match(r"[.,/:]?\d|\s?[%/^*+=°]", rest):
        return False
    return not option[-1].isalnum() or _AFTER.match(rest) is not None


_TOKEN = re.compile(r"[A-Za-z](?![A-Za-z])|\d{1,2}(?!\d)|[^\W\d_A-Za-z]")
_NOISE = (
    "(?:the|most|likely|best|correct|right|final|only|clearly|definitely|probably|simply|indeed|actually|just|"
    "therefore|thus|hence|so|then|either|both|option|choice|letter|answer|number|no|alternative|statement|candidate|"
    "is|are|be|with|for|as|on|to|would|must|should|"
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
_PLAIN = re.compile(
    r"""(?:[\s"'“”‘«»„「『【〔<>*_`$(\[{-]|\\(?:text|textbf|mathrm|mathbf|mathsf|bf|rm|left)\b|\\[(\[,;! ]
      |(?:option|choice|letter|вариант|विकल्प|বিকল্প|الخيار)(?=[\s(*])|选项|選項)*""",
    re.VERBOSE | re.IGNORECASE,
)
"""What may stand before a choice that is all there is."""
_MARKS = re.compile(r"""(?:[\s"'“”‘«»„「『【<>*_`#~$:：=]|\\[(\[])*""")
_CLOSE = re.compile(r"""[)\]}*_`"”»」』】〕$~]*|'+(?!\w)|\\[)\]]""")
_WORDS = (
    "because|since|as|due|which|and|or|but|so(?!-)|for|if|per|based on|according|given that|instead|rather|here|"
    "in this case|i\\.e|и|или|а|так|потому|поскольку|porque|ya que|car|parce|weil|denn|da|ou|et|y|o|oder|und|"
    "है|हैं|क्योंकि|হলো|হল|কারণ|لأن|لأنه|أو|است|olur|는|은|입니다|이다"
)
_AFTER = re.compile(
    rf"""\s*(?:\Z|\n) | \s*[)\]}}】）」』"”»`|!;,。、，；．।۔،؛<>] | \s*[:：] | \s*[*_$]+(?!\w) | '(?!\w)
      | \.(?!\w|\.\w) | \.(?=[^\W\d_a-zA-Z]) | \s+[(\u2012-\u2015→-] | [\u2012-\u2015] | \\
      | \s*/\s* | \s*[&+]\s | \s+(?:{_WORDS})(?!\w) | (?:です|だ|である|が正|项|項|选项|번|입니다|이다|선택) """,
    re.VERBOSE,
)
_CJK = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]")
_COPULA = re.compile(
    r"\W*(?:is|are|was|were|isn't|aren't|can|cannot|can't|could|would|might|may|does|doesn't|do|don't|has|have|"
    r"seems?|looks?|fails?|contradicts?|es|est|ist|не|неверн\w*|错误?|不)\b"
)
_GOOD = (
    r"(?:(?:the|most|clearly|therefore|indeed|thus|only|also|probably|definitely|both|all|an?|more|likely|my|our)\s+)*"
    r"(?:(?:final|single|logical|obvious|only)\s+)*(?:correct|right|best|true|answers?|appropriate|accurate|valid|proper|choice|one)\b"
)
_POSITIVE = re.compile(rf"\W*(?:is|are|must be|has to be|seems?|looks?|would be|should be)\s+{_GOOD}", re.IGNORECASE)
_WRONG = re.compile(
    r"\W*(?:(?:is|are|was|were|as)\s+)?(?:clearly\s+|also\s+|both\s+|all\s+|obviously\s+)*"
    r"(?:wrong|incorrect|false|invalid|not|ruled out|eliminated|excluded|impossible|неверн\w*|错|错误|不对)\b",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"\s*(?:(?P<comma>[,;、，]\s*)(?:(?:and/or|or|and)\s+)?|[/&+]\s*|"
    r"(?:and/or|or|and|oder|und|ou|et|y|o|или|и|أو|या|অথবা)\s+|[或和与と]|または)"
    r"(?:also\s+|maybe\s+|perhaps\s+|possibly\s+|both\s+)?(?:option\s+|choice\s+|answer\s+)?[\s(\[*_`'\"“$]*",
    re.IGNORECASE,
)
_HYPOTHESIS = re.compile(
    r"\b(?:if|suppose|supposing|assume|assuming|whether|unless|pretend|might|may|some|tempt\w*|one could|not that|"
    r"doubt\w*|если|si|wenn|如果|假设)\b[^.;\n]*\Z",
    re.IGNORECASE,
)
_SAYS = r"\b(?:is|are|was|be|would be|must be|should be|has to be|will be|seems to be|appears to be|turns out to be)\b"
_MARKER = re.compile(
    rf"""\b(?:answer|choice|option|solution|conclusion|selection|pick)s?\b[*_]*
           (?:\s+(?:to|for|of|here|that|in|from|among)\b[^\n.:=?!]{{0,80}}?)?[\s*_]*(?:[:：=]|(?<=\s)[\u2012-\u2015-]\s|{_SAYS})
      | \banswer[*_#\s]*\n | \#\#\#\#
      | \b(?:ответ|вариант)(?:ом)?\b[\s*_]*(?:[:—–-]|будет|это|является)?
      | (?:答案|正确选项|正確選項|正解|答え|回答|故选|故選|应选|應選|所以选|因此选|정답)
           [*_]*\s*(?:应该|應該|应|應)?(?::|是|为|為|选|選|は|은|는)?
      | \b(?:réponse|respuesta|antwort|risposta|resposta|odpowiedź|cevap|jawaban|jawabannya|solución|lösung)\b
           (?:\s+(?:correcte|correcta|richtige|corretta|final|finale|benar|poprawna|doğru))?
           [\s*_]*(?::|est|es|ist|è|é|adalah|lautet|to)?
      | (?:الإجابة|الاجابة|الجواب|پاسخ|उत्तर|জবাব|উত্তর|תשובה|คำตอบ|απάντηση)
           \s*(?:الصحيحة|الصحيح|صحیح|สุดท้าย|הנכונה)?\s*(?::|هي|هو|है|হলো|হল|היא|คือ|είναι)?""",
    re.VERBOSE | re.IGNORECASE,
)
_MARKER_WORDS = (
    "answer", "choice", "option", "solution", "conclusion", "selection", "pick", "####",
    "antwort", "respuesta", "risposta", "resposta", "cevap", "jawaban",
)  # fmt: skip
_MARKER_WORDS_BEYOND = (
    "ответ", "вариант", "答案", "正确选项", "正確選項", "正解", "答え", "回答", "故选", "故選", "应选", "應選",
    "所以选", "因此选", "정답",     "réponse", "odpowiedź", "solución", "lösung",
    "الاجابة", "الجواب", "پاسخ", "उत्तर", "জবাব", "উত্তর", "תשובה", "คำตอบ", "απάντηση",
)  # fmt: skip
_CHOOSES = re.compile(
    r"""\b(?: choose|chose|choosing|pick|picked|picking|select|selected|selecting|go\ with|going\ with|opt\ for
      | vote\ for|i\ (?:would\ )?(?:say|guess|answer)|my\ guess|i\ (?:think|believe)|verdict|it's|it\ is
      | it\ must\ be|that's
      | so|thus|hence|therefore|thereby|consequently|accordingly|conclude|leaves(?:\ only|\ us\ with)?
      | leaving(?:\ only)?|left\ with|выбираю|elijo|wähle )\b[:,]?
      | → | ⇒ | => | ∴ | 选择? | 選擇?""",
    re.VERBOSE | re.IGNORECASE,
)
_CHOOSING_WORDS = (
    "choos", "chose", "pick", "select", "go with", "going with", "opt for", "vote for", "i say",
    "i would say", "i guess", "i answer", "my guess", "i think", "i believe", "verdict", "it's", "it is", "it must be",
    "that's", "so", "thus", "hence", "therefore", "thereby", "consequently", "accordingly", "conclude", "leav",
    "left with", "=>", "→", "⇒", "∴",
    "выбираю", "elijo", "wähle", "选", "選",
)  # fmt: skip
_CORRECT = re.compile(
    rf"\s?(?:(?:is|must be|has to be|seems|looks|would be|should be|are)\s+{_GOOD}|remains?\b|(?:is|are) left\b)",
    re.IGNORECASE,
)
_PRAISING_WORDS = (" is ", " are ", " must be ", " has to be ", " seems ", " looks ", " would be ", " remain")
_BEFORE = re.compile(
    r"(?<![\w'-])(?P<denied>(?:not|nor|neither|if|whether)\s+)?(?:(?:option|choice|answer|letter)\s+)?"
    r"[(\[*_`]*(?P<label>[^\W_]{1,2})[)\]*_`.]*\s*\Z",
    re.IGNORECASE,
)
_JOINED = re.compile(r"(?P<label>[^\W_]{1,2})[)\]*_`]*\s*(?:,|/|&|\bor\b|\band\b|\bnor\b)\s*\Z", re.IGNORECASE)
_RUN = re.compile(r"\b(?=[A-J]{2})A?B?C?D?E?F?G?H?I?J?\b")
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BRACE = re.compile(r"[{}]")
_BETWEEN = re.compile(
    r"[\W_]*(?:(?:or|and|also|alternatively|maybe|perhaps|the|final|correct|my|our)\b[\W_]*){0,4}", re.IGNORECASE
)
_ALSO = re.compile(r"\b(?:also|equally|as well|too)\b")
_GOES_ON = re.compile(r".?(?:\s*\Z|[\s)\]*_}]*[).:,;!\u2012-\u2015*-]|\s*\(|\s+(?:because|since|as)\b)|[)\]*}:.]")
_SPACE = re.compile(r"\s+")
_SYMBOLS = re.compile(r"[\W_]*")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|[。！？]")
_MENTION = re.compile(
    r"""\((?P<bracketed>[^\W_]{1,2})\) | \*\*\(?(?P<bold>[^\W_]{1,2})[).:]{0,2}\*\*
      | \b(?:option|choice)\s+\(?(?P<named>[^\W_]{1,2})\b""",
    re.VERBOSE | re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|nor|neither|never|n't|rule[sd]? out|eliminat\w+|exclud\w+|unlike|except)\b[^.;\n]{0,20}\Z"
)


def chosen(text: str, options: Options, mode: Mode, *, several: bool = False) -> frozenset[int]:
    """The places a text chooses: several where it names several side by side, or where `ABD` may stand for them.

    Raises `Unclear`.
    """
    text = _between_tags(text)
    spelled = _spread if several else folded
    if (boxed := _last_box(text)) is not None:
        begins = _line(spelled(boxed), options)
        return _told(_whole(spelled(boxed), options) or (begins and begins.places), "the box holds no choice")
    whole = _whole(spelled(text), options) if len(text) <= HEAD else None
    if whole is not None or mode == "strict":
        return _told(whole, "the text is no choice and nothing else")
    windows = [text] if len(text) <= TAIL + HEAD else [text[-TAIL:], text[:HEAD]]
    for window in map(spelled, windows):
        if places := _concluded(window, options, mode):
            return places
    raise Unclear("the text chooses nothing")


def _spread(text: str) -> str:
    """The text with letters in order, such as `ABD`, apart from one another."""
    return _RUN.sub(lambda run: ", ".join(run[0]), folded(text))


def _told(places: frozenset[int] | None, otherwise: str) -> frozenset[int]:
    if places is None:
        raise Unclear(otherwise)
    return places


def _between_tags(text: str) -> str:
    """What stands in the last `<answer>`, or the text itself."""
    start = text.rfind("<answer>", max(0, len(text) - TAIL))
    return text if start < 0 else text[start + len("<answer>") :].partition("</answer>")[0]


def _last_box(text: str) -> str | None:
    """What the last box holds, and the one that stands beside it; None where there is none."""
    boxes = list(_BOX.finditer(text, max(0, len(text) - TAIL)))[-2:]
    if not boxes:
        return None
    held = _braced(text, boxes[-1].end())
    if len(boxes) == 2:
        before = _braced(text, boxes[0].end())
        between = text[boxes[0].end() + len(before) + 1 : boxes[1].start()]
        if len(between) < 40 and _BETWEEN.fullmatch(between):
            held = f"{before}, {held}"
    return held


def _braced(text: str, start: int) -> str:
    """What a brace holds that was opened before `start`, if it is closed soon enough."""
    depth = 1
    for brace in _BRACE.finditer(text, start, start + HEAD):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start : brace.start()]
    return text[start : start + HEAD]


def _whole(text: str, options: Options) -> frozenset[int] | None:
    """The places of a text that is a choice, or several, and says no more than the option's own words."""
    if exact := options.of_text(text):
        return exact
    claim = _claim(text, 0, options, opening=_PLAIN)
    return claim.places if claim and not re.search(r"\w", text[claim.end :]) else None


def _concluded(window: str, options: Options, mode: Mode) -> frozenset[int] | None:
    """The last conclusion of a stretch of text, together with what contradicts it at once."""
    plain = window.isascii()
    claims = _after(_MARKER, _MARKER_WORDS if plain else _MARKER_WORDS + _MARKER_WORDS_BEYOND, window, options)
    if mode == "anywhere":
        claims += [*_after(_CHOOSES, _CHOOSING_WORDS, window, options, weak=True), *_called_correct(window, options)]
        claims += _last_line(window, options)
    if claims:
        return _last(window, sorted(set(claims), key=lambda claim: (claim.end, -claim.start)))
    if mode == "anywhere":
        return _first_line(window, options) or _mentioned(window, options)
    return None


def _after(
    marker: re.Pattern[str], words: Iterable[str], window: str, options: Options, *, weak: bool = False
) -> list[Claim]:
    """The last two claims that follow a marker, or the one there is."""
    found: list[Claim] = []
    for mark in _found(marker, words, window):
        claim = _claim(window, mark.end(), options, weak=weak)
        if claim is None or _HYPOTHESIS.search(window, max(0, mark.start() - 60), mark.start()):
            continue
        found.append(claim._replace(start=mark.start()))
        if len(found) == 2:
            break
    return found


def _found(marker: re.Pattern[str], words: Iterable[str], window: str) -> Iterator[re.Match[str]]:
    """What begins with one of some words, the last first: to look for each costs a tenth of looking for all at once."""
    lower = window.lower()
    if len(lower) != len(window):
        lower = window
    starts = {start for word in words for start in _starts(lower, word)}
    matches = (marker.match(window, start) for start in sorted(starts, reverse=True)[:_TRIES])
    return filter(None, matches)


def _starts(text: str, word: str) -> Iterator[int]:
    """The last places of a word."""
    start = len(text)
    for _ in range(_TRIES):
        start = text.rfind(word, 0, start)
        if start < 0:
            return
        yield start


def _last(window: str, claims: list[Claim]) -> frozenset[int]:
    """What the last claim says, with the one before it where no word stands between or the last is `also` right."""
    last = claims[-1]
    places = last.places
    for claim in claims[-4:-1]:
        also = _BETWEEN.fullmatch(window, claim.end, last.start) or _ALSO.search(window, last.start, last.end)
        if also or claim.end > last.start:
            places |= claim.places
    return places


def _claim(
    text: str, at: int, options: Options, *, weak: bool = False, opening: re.Pattern[str] | None = None
) -> Claim | None:
    """The choice, or the choices side by side, that a stretch of text begins with."""
    start = _opened(text, at, opening or _OPEN)
    lettered = _lettered(text, start, options, weak=weak)
    named = _text_from(text, _opened(text, at, _MARKS), start, options)
    if named is None or (lettered is not None and lettered.end > named.end):
        return lettered
    return _named(text, named, options)


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
    while len(places) <= MOST:
        closing = _opened(text, end, _CLOSE)
        letter = (
            _lettered(text, _opened(text, closing, _PLAIN), options) if text[closing : closing + 2] == " (" else None
        )
        separator = _SEPARATOR.match(text, end)
        following = letter or (separator and options.text_at(text, separator.end()))
        if not following:
            break
        places, end = places | following.places, following.end
    return None if _WRONG.match(text, end) else Claim(places, named.start, end)


def _opened(text: str, at: int, opening: re.Pattern[str]) -> int:
    """Where what may stand before or behind a choice has ended."""
    opened = opening.match(text, at, at + 120)
    return opened.end() if opened else at


def _lettered(text: str, start: int, options: Options, *, weak: bool = False) -> Claim | None:
    """Labels side by side, with the text of the option where it follows."""
    places: set[int] = set()
    end = at = start
    while len(places) <= MOST:
        label = _label(text, at, options, weak=weak, more=bool(places))
        if label is None:
            break
        place, end = label
        places.add(place)
        own = options.text_at(text, _opened(text, end, _OPEN))
        if own is not None:
            places |= own.places
            end = max(end, own.end)
        separator = _SEPARATOR.match(text, end)
        if separator is None:
            break
        at = separator.end()
    if not places or _WRONG.match(text, end) or (_COPULA.match(text, end) and not _POSITIVE.match(text, end)):
        return None
    return Claim(frozenset(places), start, end)


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
    if more and _COPULA.match(text, closed) and not _POSITIVE.match(text, closed):
        return None
    if bracketed and not weak:
        return place, closed
    if _AFTER.match(text, end) or _COPULA.match(text, end) or _CJK.match(text, end) and text[at].isascii():
        return place, closed
    return (place, closed) if options.text_at(text, _opened(text, closed, _OPEN)) else None


def _called_correct(window: str, options: Options) -> Iterator[Claim]:
    """The last choice that is called correct; two where `and` joins it to another."""
    for praise in _found(_CORRECT, _PRAISING_WORDS, window):
        end = praise.start()
        named = _BEFORE.search(window, max(0, end - 30), end)
        place = options.place(named["label"]) if named else None
        if named is None or place is None or named["denied"]:
            continue
        if _HYPOTHESIS.search(window, max(0, named.start() - 40), named.start()):
            continue
        joined = _JOINED.search(window, max(0, named.start() - 20), named.start())
        other = options.place(joined["label"]) if joined else None
        yield Claim(frozenset({place} if other is None else {place, other}), named.start(), praise.end())
        return


def _last_line(window: str, options: Options) -> Iterator[Claim]:
    """The choice that the last line begins with, or that its last sentence is."""
    text = window.rstrip()
    line = text.rpartition("\n")[2][-HEAD:]
    sentence = _SENTENCE.split(line)[-1]
    start = len(text) - len(line)
    if begins := _line(line, options):
        yield begins._replace(start=start + begins.start, end=start + begins.end)
    if places := _whole(sentence, options):
        yield Claim(places, len(text) - len(sentence), len(text))


def _first_line(window: str, options: Options) -> frozenset[int] | None:
    begins = _line(window.strip().partition("\n")[0][:HEAD], options)
    return begins.places if begins else None


def _line(line: str, options: Options) -> Claim | None:
    """The choice a line begins with, such as `B) 42` or `**B**. Because …`, and the one right behind it."""
    claim = _claim(line, 0, options)
    if claim is None or not _GOES_ON.match(line, max(0, claim.end - 1)):
        return None
    behind = _claim(line, _opened(line, claim.end, _SYMBOLS), options, opening=_PLAIN)
    return claim._replace(places=claim.places | behind.places, end=behind.end) if behind else claim


def _mentioned(window: str, options: Options) -> frozenset[int] | None:
    """The only choice that is mentioned in a way that can be nothing else, less those that are denied."""
    places: set[int] = set()
    for mention in _MENTION.finditer(window):
        place = options.place(mention[mention.lastgroup or 0])
        if place is not None and place not in places and not _denied(window, mention.start(), mention.end()):
            places.add(place)
    return frozenset(places) or _mentioned_by_text(window.rstrip().rpartition("\n")[2], options)


def _mentioned_by_text(line: str, options: Options) -> frozenset[int] | None:
    """The options whose texts stand in a line, the longest first, each in its own words."""
    said = " ".join(_MARKUP.sub("", line.casefold()).split())
    places: set[int] = set()
    for option, place in options.texts:
        start = said.find(option)
        end = start + len(option)
        if (
            start < 0
            or said[start - 1 : start].isalnum()
            or not (_ends(said[start:], option) or _COPULA.match(said, end))
        ):
            continue
        if len(option) > 2 and not _denied(said, start, end):
            places.add(place)
        said = said.replace(option, "\0")
    return frozenset(places) or None


def _denied(text: str, start: int, end: int) -> bool:
    return bool(_WRONG.match(text, end) or _DENIED.search(text, max(0, start - 40), start))
