"""What the shaping parts of a `multi` share: the text they look at, and how long it is.

The whole text counts, thinking included, since that is what is paid for and where models ramble; a grader whose
settings name thinking tags looks at what follows them. docs/shaping.md says how the parts are combined and why.
"""

import math
from abc import ABC
from typing import Literal, Self

from pydantic import model_validator

from .errors import Ungradable
from .grader import Leaf, Settings
from .sample import Sample, kind
from .template import LONGEST
from .thinking import Thinking
from .types import Case, Item

MOST_TOKENS = 10**9

Unit = Literal["tokens", "characters", "words"]


class WholeText(Settings):
    """Settings under which thinking stands where it is, unless its tags are named."""

    thinking: Thinking | None = None


class Shaping(Leaf, ABC):
    """A grader of how something is said, and not of what."""

    fairmark: WholeText = WholeText()

    def text(self, sample: Sample, item: Item) -> str:
        """The text that counts; empty where there is none."""
        if self.fairmark.thinking is not None:
            sample = self.fairmark.thinking.strip(sample, item)
        return sample.get("output_text") or ""


class LengthShaping(Shaping, ABC):
    """A grader of how long a sample is."""

    unit: Unit = "tokens"
    """`tokens` are the caller's `sample.completion_tokens`; `words` are what stands between white space."""

    @model_validator(mode="after")
    def _tokens_are_all_there_is(self) -> Self:
        if self.unit == "tokens" and self.fairmark.thinking is not None:
            raise ValueError("unit: the caller's count of tokens can't be split into thinking and answer")
        return self

    def read(self, sample: Sample, item: Item) -> Case:
        return Case(self._length(sample, item), None)

    def _length(self, sample: Sample, item: Item) -> float:
        if self.unit == "tokens":
            return _tokens(sample)
        text = self.text(sample, item)
        if self.unit == "characters":
            return len(text)
        return len(text.split()) if len(text) <= LONGEST else math.inf


def _tokens(sample: Sample) -> float:
    """Not the model's to leave out, so a sample without it has no score."""
    tokens = sample.get("completion_tokens")
    if isinstance(tokens, int | float) and not isinstance(tokens, bool) and 0 <= tokens <= MOST_TOKENS:
        return tokens
    got = "nothing" if tokens is None else kind(tokens)
    raise Ungradable(
        f"sample.completion_tokens: expected the caller's count of tokens, 0 to {MOST_TOKENS:,}, got {got}"
    )
