"""Which of the declared labels an answer commits to; docs/classification.md has the rules with an example of each.

Text is compared after NFKC and casefold, and what stands between the words of a label (space, hyphen, underscore) is
all the same. A label counts as a whole word, the longest one first, so that `normal` isn't found in `abnormal` nor
`spam` in `not spam`; after a word that denies it, it doesn't count.

The first place that is there decides: the fields of a JSON object, boxes, what follows `Label:` or `Answer:`. Where
there is none, the first that holds a label: what follows `the answer is` or `therefore`, lines and sentences that are
nothing but a label, the whole text. Whatever one place names has to agree.

Every step is linear in the text, of which both ends are read; a JSON object is read whole.
"""

import json
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .braces import closing
from .normal_form import compatible

END = 2_000
"""Characters at the beginning and at the end of an answer in which its label is looked for.

Some 50 to 500 µs of prose, and 4 ms of the worst there is: nothing but labels.
"""
LONGEST_JSON = 10_000
"""Characters of an answer that may be a JSON object: 2 ms where it is all brackets."""
LONGEST = 200
"""Characters of a label."""

_NAME = r"(?:label|answer|class(?:ification)?|category|prediction|verdict|sentiment)(?![^\W_])"
_FIELD = re.compile(rf"(?:(?:final|predicted)[\s_-]+)?{_NAME}")
_LANGUAGE = string.ascii_letters + string.whitespace
"""What may stand between a fence and its object."""
_MARKUP = r"[\"'`*_]{0,4}"
_VALUE = rf"(?=\s{{0,9}}(?:(?P<quote>[\"'])(?P<quoted>[^\n]{{0,200}}?)(?P=quote)|{_MARKUP}(?P<line>[^\n]{{0,200}})))"
"""What follows a marker, looked at without taking it: there may be another marker in it."""
_MARKER = re.compile(_NAME)
_BEFORE = re.compile(
    r"(?:(?P<head>^[#*_ ]{1,9})|(?P<tag><)|(?<![^\W_])(?<![^\W_][-_]))(?:(?P<final>final)[\s_-]+|predicted[\s_-]+)?\Z",
    re.MULTILINE,
)
_BEFORE_LENGTH = 24
_AFTER = re.compile(
    rf"(?:{_MARKUP}[^\S\n]{{0,9}}[:=][*_]{{0,4}}|(?P<tag>>)|(?P<head>[*_ ]{{0,9}}(?=\n))"
    rf"|(?P<said>\s(?:is|was|would be|should be|must be)\b:?)){_VALUE}"
)
_CLASSIFIED = re.compile(rf"(?:classif(?:y|ied)|categori[sz]ed?|label(?:l?ed)?)\s(?:\w+\s){{0,3}}as\b:?{_VALUE}")
_CONCLUDED = re.compile(rf"\b(?:therefore|thus|hence|overall|in conclusion)\b,?{_VALUE}")
_SENTENCE = re.compile(r"\n|[.!]\s|\s[-\u2013]\s|\u2014")
_NOT = re.compile(r"(?:\bnot|\bnever|n['\u2019]t)\s(?:\w{1,12}\s){0,2}\Z")
_CLAUSE = re.compile(r"</|[.;!?](?:\s|$)|,?\s(?:because|since|given|due to)\s|\s[-\u2013]\s|\u2014")
"""Where what follows a marker ends and its explanation begins."""
_BOX = re.compile(r"\\f?boxed\s*\{")
_COMMAND = re.compile(r"\\[a-z]+")
_DENIAL = re.compile(
    r"(?:\b(?:(?P<not>not|never|\w+n['\u2019]t)|no|non|neither|nor|without|unlike|rather than|instead of|opposed to)"
    r"[\s\"'`*_(]{1,4}(?:(?:classif\w+|label\w*|categori\w+|call)\s(?:\w{1,12}\s){0,2})?"
    r"(?:(?:an?|the|any|as|be|to be|really|necessarily|considered|classified|look|looks|seem|appear)\s)"
    r"{0,3}[\"'`*_]{0,4}|[不非没未无])\Z"
)
_ASIDE = re.compile(
    r"[,;(]?\s\b(?:because|since|as|given|due to|although|though|while|whereas|despite|even though)\s[^.!?;,\n]*"
    r"|(?:(?<=[.!?;\n]\s)|\A)(?:although|though|while|whereas|despite|since|because)\s[^.!?;,\n]*"
)
"""What is said for an answer, or admitted against it."""
_DENIAL_LENGTH = 40
_DETERMINER = r"(?!\s(?!(?:it|i|they|he|she|this|that|there|the|because|since|as|and|or|but|nor)\b)[^\W_])"
"""What `no` isn't followed by where it is an answer: in `no doubt` it is none."""
_BETWEEN = re.compile(r"(?<=[^\W_])[\s_-]+(?=[^\W_])")
_BETWEEN_WORDS = r"[\s_-]{0,3}"
_NEVER = "(?!)"
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese and Chinese."""
_AROUND = string.whitespace + "\"'`*_#>.,:;!()[]\u2022\u201c\u201d\u2018\u2019-"


class _Marker(NamedTuple):
    """What stands before and after a name such as `label`."""

    before: re.Match[str]
    after: re.Match[str]


class Labels:
    """The labels a grader knows, each by every spelling of it."""

    def __init__(self, spellings: Sequence[tuple[str, str]]) -> None:
        """Each spelling with its label. A ValueError names two that read alike, or one with nothing to read."""
        self._by_key: dict[str, str] = {}
        for spelling, label in spellings:
            key = _key(_fold(spelling))
            if not key:
                raise ValueError(f"{spelling!r} has nothing to read")
            if self._by_key.setdefault(key, label) != label:
                raise ValueError(f"{spelling!r} reads like another label, {self._by_key[key]!r}")
        self._patterns = _patterns(_fold(spelling) for spelling, _ in spellings)

    def named(self, text: str) -> str | None:
        """The label that `text` is, and nothing else."""
        return self._by_key.get(_key(_fold(text))) if len(text) <= LONGEST else None

    def find(self, text: str) -> list[str]:
        """The different labels that an answer commits to: one, none, or several where it hedges."""
        alone = self.named(text)
        if alone is not None:
            return [alone]
        fields = _fields(text) if len(text) <= LONGEST_JSON else []
        return self._mentioned(fields) if fields else self._placed(_fold(_ends_of(text)))

    def _placed(self, text: str) -> list[str]:
        markers = list(_markers(text))
        if values := _boxed(text) or _marked(markers):
            return self._mentioned(values)
        return (
            self._mentioned(_said(markers, text))
            or list(dict.fromkeys(self._alone(text)))
            or self._mentioned([_ASIDE.sub("\n", text)], shortest=2)
            or (self._mentioned([text], shortest=2) if _ASIDE.search(text) else [])
        )

    def _alone(self, text: str) -> Iterator[str]:
        """The labels that have a line or a sentence to themselves, whatever marks are around them."""
        for sentence in _SENTENCE.split(text):
            label = self._by_key.get(_key(sentence.strip(_AROUND))) if len(sentence) <= LONGEST else None
            if label is not None:
                yield label

    def _mentioned(self, values: Iterable[str], shortest: int = 1) -> list[str]:
        """The different labels in some texts, the longest where they overlap, less those that are denied.

        `shortest` keeps articles and numbers in prose from being labels of one character.
        """
        text = "\n;\n".join(values)
        labels: dict[str, None] = {}
        for start, end in _spans(self._patterns, text):
            if end - start >= shortest and (label := self._meant(text, start, end)):
                labels[label] = None
        return list(labels)

    def _meant(self, text: str, start: int, end: int) -> str | None:
        """The label of a spelling; of one that is denied, the label that is its negation, such as `not spam`."""
        key = _key(text[start:end])
        denial = _DENIAL.search(text, max(0, start - _DENIAL_LENGTH), start)
        if denial is None:
            return self._by_key[key]
        return self._by_key.get(f"not{key}", self._by_key.get(f"non{key}")) if denial["not"] else None


def _ends_of(text: str) -> str:
    return text if len(text) <= 2 * END else f"{text[:END]}\n;\n{text[-END:]}"


def _fold(text: str) -> str:
    """As all spellings are compared; cut on the way, since one character may become eighteen."""
    return compatible(text)[-LONGEST_JSON:].casefold()[-LONGEST_JSON:].strip()


def _key(folded: str) -> str:
    return _BETWEEN.sub("", folded)


def _patterns(spellings: Iterable[str]) -> dict[str, re.Pattern[str]]:
    """A pattern for the spellings that begin with the same word, by that word."""
    more: dict[str, list[list[str]]] = {}
    for spelling in sorted(spellings, key=len, reverse=True):
        first, *rest = _BETWEEN.split(spelling)
        more.setdefault(first, []).append(rest)
    return {first: re.compile(_begins(first) + _goes_on(first, rests)) for first, rests in more.items()}


def _begins(word: str) -> str:
    """The word, and then that no other ends in it: `re` is ten times as fast with the word in front."""
    word, spaced = re.escape(word), not _UNSPACED.match(word)
    return word + rf"(?<![^\W_]{word})(?<![^\W_][-_]{word})(?<!\d[.,]{word})" * spaced


def _goes_on(first: str, rests: Iterable[list[str]]) -> str:
    more = [_BETWEEN_WORDS.join(map(re.escape, rest)) + _ends(rest[-1]) for rest in rests if rest]
    return f"(?:{_BETWEEN_WORDS}(?:{'|'.join(more) or _NEVER})|{_ends(first) if [] in rests else _NEVER})"


def _ends(word: str) -> str:
    """That the word isn't the beginning of another: a hyphen or underscore joins words, a point or comma digits."""
    return "" if _UNSPACED.match(word[-1]) else r"(?![^\W_]|[-_][^\W_]|[.,]\d)" + _DETERMINER * (word == "no")


def _spans(patterns: Mapping[str, re.Pattern[str]], text: str) -> Iterator[tuple[int, int]]:
    """Where spellings stand, the leftmost and then the longest first, none inside another."""
    found = [match.span() for word, pattern in patterns.items() if word in text for match in pattern.finditer(text)]
    last = 0
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if start >= last:
            yield start, end
            last = end


class _Pairs(list[tuple[str, object]]):
    """A JSON object with every field it has, also where two share a name."""


def _fields(text: str) -> list[str]:
    """What the fields called `label` or alike hold, of the JSON object that is the text or of those fenced in it."""
    return _of_object(text) or [value for block in text.split("```")[1::2] for value in _of_object(block)]


def _of_object(text: str) -> list[str]:
    body = text.strip(_LANGUAGE)
    if not (body.startswith("{") and body.endswith("}")):
        return []
    try:
        fields = json.loads(body, object_pairs_hook=_Pairs)
        found = [value for name, value in fields if _FIELD.fullmatch(name.casefold())]
        return [_fold(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for value in found]
    except (ValueError, RecursionError):
        return []


def _boxed(text: str) -> list[str]:
    r"""What `\boxed{…}` holds, less the commands around it."""
    values, end = [], 0
    for box in _BOX.finditer(text):
        if box.start() >= end:
            end = closing(text, box.end(), len(text))
            values.append(_COMMAND.sub(" ", text[box.end() : end]))
    return values


def _marked(markers: list[_Marker]) -> list[str]:
    """What follows `Label:`, `**Answer**:`, `## Label`, `<answer>` or `"label":`; final ones overrule the others."""
    found = [marker for marker in markers if marker.after["said"] is None]
    return _values(marker.after for marker in [m for m in found if m.before["final"]] or found)


def _said(markers: list[_Marker], text: str) -> list[str]:
    """What follows `the answer is`, `classified as` or `therefore`."""
    said = [marker.after for marker in markers if marker.after["said"]]
    classified = [
        match
        for match in _CLASSIFIED.finditer(text)
        if not _NOT.search(text, max(0, match.start() - _DENIAL_LENGTH), match.start())
    ]
    return _values(sorted([*said, *classified, *_CONCLUDED.finditer(text)], key=re.Match.start))


def _markers(text: str) -> Iterator[_Marker]:
    """Every name that marks what follows; looked for from the name on, since `re` is fastest at plain words."""
    for name in _MARKER.finditer(text):
        before = _BEFORE.search(text, max(0, name.start() - _BEFORE_LENGTH), name.start())
        after = _AFTER.match(text, name.end())
        if before and after and all(after[kind] is None or before[kind] for kind in ("tag", "head")):
            yield _Marker(before, after)


def _values(markers: Iterable[re.Match[str]]) -> list[str]:
    """What follows each marker: up to its closing quote, or else the end of its clause or the next marker."""
    values: list[str] = []
    following = None
    for marker in reversed([*markers]):
        value = marker["quoted"]
        if value is None:
            end = None if following is None else max(0, following - marker.start("line"))
            value = _CLAUSE.split(marker["line"][:end], maxsplit=1)[0]
        values.append(value)
        following = marker.start()
    return values
