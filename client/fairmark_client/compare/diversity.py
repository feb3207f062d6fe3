"""Whether a model went rigid: how much its answers differ from seed to seed, and its words from each other."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from pydantic import BaseModel

from .answers import Answer, Answers


class Diversity(BaseModel):
    """Of one model's outputs. Numbers over seeds are None where a row has one output."""

    distinct_answers: float | None
    """To a prompt, on average; at most the number of seeds."""
    entropy: float | None
    """Of the answers to a prompt over its seeds, in bits, on average: 0 where all agree."""
    agreeing: float | None
    """The share of prompts whose seeds all give the same answer."""
    commonest: str
    """The answer that is given most."""
    commonest_share: float
    distinct_1: float | None
    """Of all the words in a prompt's outputs, the share that are different ones (Li et al. 2016, arXiv 1510.03055), on
    average; 1 / seeds where every seed says the same, each word once."""
    distinct_2: float | None
    """The same for pairs of words."""
    distinct_texts: float
    """Different outputs among all outputs, whatever the prompt."""
    words: float
    """Mean length of an output."""
    tokens: float | None
    """The same in tokens, where all outputs say how many they are."""
    truncated: float | None
    """The share that was cut off, where all outputs say whether."""


def diversity(answers: Answers) -> Diversity:
    """Reads label for label where answers are classes, else the text itself with its spaces evened."""
    prompts = [found for found in answers.by_row if len(found) > 1]
    several = [[answer.says for answer in found] for found in prompts]
    commonest, count = Counter(answer.says for answer in answers.all).most_common(1)[0]
    return Diversity(
        distinct_answers=fmean(len(set(said)) for said in several) if several else None,
        entropy=fmean(map(entropy, several)) if several else None,
        agreeing=fmean(len(set(said)) == 1 for said in several) if several else None,
        commonest=commonest,
        commonest_share=count / len(answers.all),
        distinct_1=_distinct(prompts, lambda words: words),
        distinct_2=_distinct(prompts, pairwise),
        distinct_texts=len({answer.text for answer in answers.all}) / len(answers.all),
        words=fmean(len(answer.text.split()) for answer in answers.all),
        tokens=_mean([answer.output.completion_tokens for answer in answers.all]),
        truncated=_mean([answer.output.truncated for answer in answers.all]),
    )


def entropy(said: Sequence[str]) -> float:
    """Shannon's, in bits."""
    shares = [count / len(said) for count in Counter(said).values()]
    return abs(-math.fsum(share * math.log2(share) for share in shares))


def _distinct(prompts: Sequence[Sequence[Answer]], grams: Callable[[list[str]], Iterable[Any]]) -> float | None:
    counts = [Counter(gram for answer in found for gram in grams(answer.text.split())) for found in prompts]
    shares = [len(count) / count.total() for count in counts if count]
    return fmean(shares) if shares else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None
