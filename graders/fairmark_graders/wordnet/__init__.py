"""WordNet's synonyms, as the METEOR metric asks for them.

Reads the files Princeton distributes, of release 3.0 and no other: it is the release NLTK's METEOR is used with, and
one release means one score everywhere. `python -m fairmark_graders.wordnet` puts them into this environment; a system
package (`wordnet-base` on Debian) is found too. Nothing is ever downloaded while grading.

A word's synonyms are the one-word members of every set that holds one of its base forms, found by the detachment
rules and the exception lists of WordNet's morphy(7), as `nltk.corpus.wordnet.synsets` finds them.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

RELEASE = "WordNet 3.0"
PLACES = (Path(sys.prefix, "share", "wordnet"), Path("/usr/share/wordnet"))
"""Where the files are looked for, in this order."""

PARTS = ("noun", "verb", "adj", "adv")
FILES = tuple(f"{kind}.{part}" if kind == "data" else f"{part}.{kind}" for kind in ("data", "exc") for part in PARTS)

_ENDINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "noun": tuple(
        zip(
            ("s", "ses", "ves", "xes", "zes", "ches", "shes", "men", "ies"),
            ("", "s", "f", "x", "z", "ch", "sh", "man", "y"),
            strict=True,
        )
    ),
    "verb": (("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")),
    "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "adv": (),
}


class Lemma(str):
    """A member of a set. NLTK's METEOR asks for its name by a call."""

    __slots__ = ()

    def name(self) -> str:
        return str(self)


class Synset(tuple[str, ...]):
    """A set of synonyms."""

    __slots__ = ()

    def lemmas(self) -> list[Lemma]:
        return [Lemma(word) for word in self]


class WordNet:
    """The sets of one release, in memory (about 0.6 s and 60 MB)."""

    def __init__(self, folder: Path) -> None:
        self._sets = {part: _sets(folder / f"data.{part}") for part in PARTS}
        self._exceptions = {part: _exceptions(folder / f"{part}.exc") for part in PARTS}

    @lru_cache(maxsize=10_000)  # noqa: B019  one WordNet lives as long as its process
    def synsets(self, word: str) -> list[Synset]:
        """Every set that holds a base form of `word`, in any part of speech."""
        return [found for part in PARTS for form in self._bases(word.lower(), part) for found in self._sets[part][form]]

    def _bases(self, word: str, part: str) -> Iterator[str]:
        forms = self._exceptions[part].get(word) or _detached(word, part)
        return (form for form in dict.fromkeys([word, *forms]) if form in self._sets[part])


def find(places: Iterable[Path] = PLACES) -> Path | None:
    """The first folder that holds every file, of the right release."""
    return next((place for place in places if _holds(place)), None)


def _holds(place: Path) -> bool:
    try:
        with open(place / "data.noun", encoding="utf-8") as file:
            return RELEASE in file.read(2000) and all((place / name).is_file() for name in FILES)
    except OSError:
        return False


def _sets(path: Path) -> dict[str, list[Synset]]:
    """One-word members by lower-case lemma; a line is `offset file type count word id word id … | gloss`."""
    sets = defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for fields in (line.split(" | ", 1)[0].split(" ") for line in file if not line.startswith(" ")):
            words = [word.partition("(")[0] for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
            found = Synset(word for word in words if "_" not in word)
            for lemma in {word.lower() for word in found}:
                sets[lemma].append(found)
    return dict(sets)


def _exceptions(path: Path) -> dict[str, list[str]]:
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {fields[0]: fields[1:] for fields in lines}


def _detached(word: str, part: str) -> list[str]:
    return [word[: -len(old)] + new for old, new in _ENDINGS[part] if word.endswith(old)]
