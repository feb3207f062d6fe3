"""fairmark's `f1`: how many words a text shares with the reference, 0 to 1, as SQuAD counts them.

The harmonic mean of the share of the answer's words that stand in the reference and of the reference's that stand in
the answer; a word that is there twice counts twice. squad.py says what is normalised. Scripts that put no spaces
between words have a word per character: Han and kana, as in the evaluation script of Lewis et al. 2020 (MLQA).
"""

import re
from collections import Counter
from typing import Literal

from .squad import Squad

_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


class F1(Squad):
    """Compare the words of `input` with those of `reference`, or with the closest of several."""

    type: Literal["f1"]

    def best(self, answer: str, references: list[str]) -> float:
        said = Counter(_words(answer))
        return max(_f1(said, Counter(_words(reference))) for reference in references)


def _f1(said: Counter[str], right: Counter[str]) -> float:
    """As in SQuAD: no word at all is like no word at all, and like nothing else."""
    if not said or not right:
        return float(said == right)
    shared = sum(min(count, said[word]) for word, count in right.items())
    return 2 * shared / (said.total() + right.total())


def _words(text: str) -> list[str]:
    if text.isascii():
        return text.split()
    return text.translate({ord(c): f" {c} " for c in set(text) if _UNSPACED.match(c)}).split()
