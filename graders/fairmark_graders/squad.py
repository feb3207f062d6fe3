"""What `exact_match` and `f1` share: SQuAD's normalisation, and the best of several references.

The normalisation is that of the evaluation script of Rajpurkar et al. 2016 (SQuAD 1.1): lower case, punctuation
deleted, the words a, an and the deleted, runs of white space one space. Its punctuation is ASCII's; as in the script of
Lewis et al. 2020 (MLQA), everything Unicode calls punctuation is deleted too. Beyond them:

- case is folded and canonically equivalent spellings are one: `STRASSE` is `straße`, e + ´ is é;
- a point between two digits and a minus before a number stay: 3.5 isn't 35, -5 isn't 5;
- a text of nothing but articles or punctuation stays what it is: the reference `A` isn't an empty answer.

All of it is linear in the text.
"""

import json
import re
import string
import unicodedata
from abc import abstractmethod
from typing import Any

from .errors import ModelFault, Ungradable
from .grader import Comparison, Inline
from .normal_form import composed
from .sample import Sample, kind, parsed
from .template_value import value
from .types import Case, Item, Verdict

LONGEST = 10_000
"""Characters of an answer, and of all references together: 3 ms of the slowest script, 0.7 ms of English."""

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_MINUS = re.compile(r"(?<![\w.])[-−](?=\.?\d)")
_RESTORED = str.maketrans("\ue000\ue001", ".-")
"""Characters for private use stand for the marks of a number while punctuation is deleted."""
_ASCII_PUNCTUATION = dict.fromkeys(map(ord, string.punctuation))


def normalised(text: str) -> str:
    """The text as SQuAD compares it; empty only for white space."""
    folded = text.lower() if text.isascii() else _folded(text)
    marked = _MINUS.sub("\ue001", _POINT.sub("\ue000", folded))
    words = marked.translate(_punctuation(folded)).translate(_RESTORED)
    return _spaced(_ARTICLES.sub(" ", words)) or _spaced(words) or _spaced(folded)


def _folded(text: str) -> str:
    return composed(composed(text).casefold())


def _punctuation(text: str) -> dict[int, None]:
    if text.isascii():
        return _ASCII_PUNCTUATION
    return _ASCII_PUNCTUATION | {ord(c): None for c in set(text) if unicodedata.category(c)[0] == "P"}


def _spaced(text: str) -> str:
    return " ".join(text.split())


class Squad(Comparison, Inline):
    """A comparison of normalised texts; of several references the best counts.

    There are several where the item's field is a list, or a string that is a JSON list of strings. Those that are
    empty count only when all are, and then the right answer is an empty one, as in SQuAD 2.0; so it is for an empty
    list.
    """

    type: str

    @abstractmethod
    def best(self, answer: str, references: list[str]) -> float:
        """How well a normalised text matches the closest of normalised references, 0 to 1; linear in them all."""

    def judge(self, case: Case) -> Verdict:
        answer = normalised(case.answer)
        references = [reference for reference in map(normalised, case.reference) if reference] or [""]
        return Verdict(self.best(answer, references), rule=self.type)

    def read(self, sample: Sample, item: Item) -> Case:
        try:
            case = super().read(sample, item)
        except ModelFault:
            self._references(self.reference.render(sample, item), sample, item)
            raise
        references = self._references(case.reference, sample, item)
        if len(case.answer) > LONGEST:
            raise ModelFault(f"the text is {self._too_long(len(case.answer))}", "limit")
        return Case(case.answer, references)

    def _references(self, rendered: str, sample: Sample, item: Item) -> list[str]:
        named = value(self.reference, sample, item)
        references = [_text(reference) for reference in named] if isinstance(named, list) else _listed(rendered)
        if (length := sum(map(len, references))) > LONGEST:
            reason = f"the references are {self._too_long(length)}"
            raise (
                ModelFault(reason, "limit")
                if "sample" in self.reference.namespaces
                else Ungradable(reason, repeatable=True)
            )
        return references

    def _too_long(self, length: int) -> str:
        return f"{length:,} characters long; {self.type} takes {LONGEST:,}"


def _text(reference: Any) -> str:
    if isinstance(reference, str):
        return reference
    if isinstance(reference, bool | int | float):
        return json.dumps(reference)
    raise Ungradable(f"the list of references holds {kind(reference)}; expected texts", repeatable=True)


def _listed(text: str) -> list[str]:
    """The strings of a JSON list of them, or the text alone: columns of many trainers hold nothing but strings."""
    found = parsed(text) if text.startswith("[") and text.endswith("]") else None
    return found if isinstance(found, list) and all(isinstance(member, str) for member in found) else [text]
