"""Thinking is not the answer: one stripping rule for every grader that reads text.

1. Text after the last closing tag is the answer; the opening tag may stand in the prompt.
2. Thinking that was opened and never closed holds no answer: the model's fault, score 0.
3. Without tags, the whole text is the answer.

Thinking counts as opened when the text holds the opening tag, when `item.prompt` ends with it, or when the grader
says that every prompt of this model does (`opened_by_prompt`).
"""

from collections.abc import Callable
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from .sample import Sample
from .types import Item


class Thinking(BaseModel):
    """The tags around a model's thinking."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    open: str = Field("<think>", min_length=1)
    close: str = Field("</think>", min_length=1)
    opened_by_prompt: bool = False
    """Whether the chat template writes the opening tag, so that a text without a closing one is unfinished."""

    @cached_property
    def answer(self) -> Callable[[str, Item], str | None]:
        """Gives what a text says after its thinking: the very text when there is none, None when that never ends."""
        opening, closing, always = self.open, self.close, self.opened_by_prompt

        def answer(text: str, item: Item) -> str | None:
            # One character is found 40 times as fast as a tag (0.04 against 1.6 µs in 2 kB), and mostly isn't there.
            end = text.rfind(closing) if closing[0] in text else -1
            if end >= 0:
                return text[end + len(closing) :].lstrip()
            if always or (opening[0] in text and opening in text):
                return None
            prompt = item.get("prompt")
            return None if type(prompt) is str and prompt.rstrip().endswith(opening) else text

        return answer

    def strip(self, sample: Sample, item: Item) -> Sample:
        """The sample with the text that follows its thinking; without one when the thinking never ends."""
        text = sample.get("output_text")
        if text is None:
            return sample
        answer = self.answer(text, item)
        return sample if answer is text else sample.with_text(answer)
