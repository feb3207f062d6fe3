"""What there is to choose from: the options of a question, their labels, and letters of any script for them."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ..normal_form import compatible

MOST = 26
"""Options a question may have."""
LONGEST_FOLDED = 3_500
"""Characters that are left of a text after NFKC, which may make eighteen of one."""
_UNKNOWN = 10
"""Letters that are read as choices where the options aren't known: A to J."""

_FOLLOWS = (
    "because|since|as|due|which|and|or|but|so(?!-)|for|if|per|based on|according|given that|instead|rather|here|"
    "in this case|i think|i believe|i guess|i\\.e|и|или|а|так|потому|поскольку|porque|ya que|car|parce|weil|"
    "denn|da|ou|et|y|o|oder|und|works|fits|matches|holds|applies|it is|for sure|then|"
    "है|हैं|क्योंकि|হলো|হল|কারণ|لأن|لأنه|أو|است|olur|는|은|입니다|이다"
)
AFTER = re.compile(
    rf"""\s*(?:\Z|\n) | \s*[)\]}}】）」』"”»`|!;,。、，；．।۔،؛<>] | \s*[:：] | \s*[*_$]+(?!\w) | '(?!\w)
      | \.(?!\w|\.\w) | \.(?=[^\W\d_a-zA-Z]) | \s+[(\u2012-\u2015→-] | [\u2012-\u2015] | \\
      | \s*/\s* | \s*[&+]\s | \s+(?:{_FOLLOWS.replace(" ", "[ ]")})(?!\w)
      | \s+(?=(?:(?:[Tt]he|[Mm]y)\s)?(?:(?:[Ff]inal|[Cc]orrect)\s)?(?:[Aa]nswer|ANSWER)\b)
      | \s*(?:です|だ|である|が正|项|項|选项|選項|번|입니다|이다|선택) """,
    re.VERBOSE,
)
"""What may follow a choice."""

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
_SPELLED |= {ord(alef): "ا" for alef in "أإآٱ"} | {ord("ـ"): "", ord("\u2019"): "'", ord("\u200b"): "", 0xFE0F: ""}
_SPELLED |= {ord(tick): " " for tick in "✓✔✅☑👉"}


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
        text = compatible(text.translate(_SPELLED))[-LONGEST_FOLDED:]
    return "\n".join(words for line in text.splitlines() if (words := " ".join(line.split())))


def key(text: str) -> str:
    """What two spellings of one option's text share."""
    bare = MARKUP.sub("", text.casefold())
    return " ".join(bare.split()).strip(" .,;:!\"'`*“”‘«»。")


MARKUP = re.compile(r"\$|\\[()\[\]]|\*\*|\\(?:text|mathrm|textbf|mathbf)\b|[{}]")


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
        said = " ".join(MARKUP.sub("", line.casefold()).split())
        found = [option for option, _ in self.texts if said.startswith(option) and ends(said, option)]
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


def ends(said: str, option: str) -> bool:
    """Whether the text of an option ends where it does, and isn't the beginning of another word, number or name."""
    rest = said[len(option) :]
    if option[-1].isdecimal() and re.match(r"[.,/:]?\d|\s?[%/^*+=°]", rest):
        return False
    return not option[-1].isalnum() or AFTER.match(rest) is not None


_TOKEN = re.compile(r"[A-Za-z](?![A-Za-z])|\d{1,2}(?!\d)|[^\W\d_A-Za-z]")
