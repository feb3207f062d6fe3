"""The metrics of `text_similarity`, from two texts to a number between 0 and 1.

OpenAI names the metrics and documents neither library version nor parameters, so equality with its scores can't be
proven; each function says what this one is. Libraries are imported at first use. docs/text_similarity.md has the
table, the measurements and the reasons.
"""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple


class Metric(NamedTuple):
    """A metric and what grading with it needs to know."""

    score: Callable[[str, str], float]
    libraries: tuple[str, ...]
    """The distributions that compute it; each is imported under its own name."""
    longest: int
    """Characters of the longest text it takes: keeps the slowest pair to a second of processor (fuzzy_match: nine)."""
    in_place: int
    """Characters up to which the slowest pair takes less than a millisecond; 0 where a library takes long to import."""


def compare(metric: str, answer: str, reference: str) -> float:
    """The similarity of two texts. Two empty ones are the same, an empty one is like no other."""
    if not answer.strip() or not reference.strip():
        return float(answer.strip() == reference.strip())
    return METRICS[metric].score(answer, reference)


def fuzzy_match(answer: str, reference: str) -> float:
    """rapidfuzz `fuzz.WRatio` with `utils.default_process`, over 100.

    OpenAI says "using rapidfuzz" and no more; this scorer and processor are those of its own python grader example.
    Case and punctuation don't count, and a text that holds the other whole is near to it.
    """
    from rapidfuzz import fuzz, utils

    return fuzz.WRatio(answer, reference, processor=utils.default_process) / 100


def bleu(answer: str, reference: str) -> float:
    """sacrebleu sentence BLEU, over 100: 13a tokens, case kept, up to 4-grams, exponential smoothing, effective order.

    Papineni et al. 2002; smoothing method 3 of Chen and Cherry 2014. These are sacrebleu's own defaults.
    """
    score: float = _bleu().sentence_score(" ".join(_tokens(answer)), [" ".join(_tokens(reference))]).score
    return min(1.0, score / 100)


def gleu(answer: str, reference: str) -> float:
    """NLTK `sentence_gleu` on sacrebleu's 13a tokens, case kept, 1- to 4-grams. Wu et al. 2016, section 5.2."""
    from .nltk_metrics import sentence_gleu

    return float(sentence_gleu([_tokens(reference)], _tokens(answer), min_len=1, max_len=4))


def meteor(answer: str, reference: str) -> float:
    """NLTK `single_meteor_score` on sacrebleu's 13a tokens in lower case, Porter stems, synonyms of WordNet 3.0.

    alpha 0.9, beta 3, gamma 0.5: NLTK's defaults, from Lavie and Agarwal 2007. As in NLTK, synonyms are looked up for
    the stem of a word, and identical texts score just under 1 (a single equal word 0.5), since the penalty for
    fragments also counts one unbroken run.
    """
    from .nltk_metrics import single_meteor_score
    from .wordnet.loaded import WORDNET

    return float(single_meteor_score(_tokens(reference), _tokens(answer), wordnet=WORDNET))


def rouge_n(n: int, answer: str, reference: str) -> float:
    """F1 over n-grams, as rouge-score 0.1.2 computes `rouge1` to `rouge5` without stemming. Lin 2004."""
    ours, theirs = _ngrams(_words(answer), n), _ngrams(_words(reference), n)
    return _f1((ours & theirs).total(), ours.total(), theirs.total())


def rouge_l(answer: str, reference: str) -> float:
    """F1 over the longest common subsequence, as rouge-score 0.1.2 computes `rougeL` without stemming. Lin 2004.

    The subsequence comes from rapidfuzz, which needs a 64th of the steps and is compiled: 2,000 words take 1.4 ms.
    """
    from rapidfuzz.distance import LCSseq

    ours, theirs = _words(answer), _words(reference)
    numbers = {word: number for number, word in enumerate(dict.fromkeys([*ours, *theirs]))}
    common = LCSseq.similarity(array("L", map(numbers.__getitem__, ours)), array("L", map(numbers.__getitem__, theirs)))
    return _f1(common, len(ours), len(theirs))


def _words(text: str) -> list[str]:
    """rouge-score's tokens: lower-case runs of a-z and 0-9; other scripts hold none."""
    return re.findall("[a-z0-9]+", text.lower())


def _ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(n)), strict=False))


def _f1(common: int, ours: int, theirs: int) -> float:
    """In rouge-score's order of operations, so that equal means equal to the last bit."""
    precision, recall = common / max(ours, 1), common / max(theirs, 1)
    return 2 * precision * recall / (precision + recall) if common else 0.0


def _tokens(text: str) -> list[str]:
    """sacrebleu's 13a tokens, WMT's: punctuation split off, numbers kept whole."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

    tokenizers: tuple[Any, Any] = Tokenizer13a, TokenizerRegexp
    tokens: list[str] = tokenizers[0]()(text).split()
    for tokenizer in tokenizers:
        tokenizer.__call__.cache_clear()  # it keeps 65,536 texts for good: gigabytes of long answers
    return tokens


@cache
def _bleu() -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize="none", effective_order=True)


METRICS: dict[str, Metric] = {
    "fuzzy_match": Metric(fuzzy_match, ("rapidfuzz",), 10_000, 400),
    "bleu": Metric(bleu, ("sacrebleu",), 100_000, 0),
    "gleu": Metric(gleu, ("nltk", "sacrebleu"), 100_000, 0),
    "meteor": Metric(meteor, ("nltk", "sacrebleu"), 100_000, 0),
    **{f"rouge_{n}": Metric(partial(rouge_n, n), (), 100_000, 2_000) for n in range(1, 6)},
    "rouge_l": Metric(rouge_l, ("rapidfuzz",), 100_000, 2_000),
}
"""OpenAI's `evaluation_metric`, all but `cosine`."""
