"""Thinking is not the answer: one stripping rule for every grader that reads text.

1. Text after the last closing tag is the answer; the opening tag may stand in the prompt.
2. Thinking that was opened and never closed holds no answer: the model's fault, score 0.
3. Without tags, the whole text is the answer.

Thinking counts as opened when the text holds the opening tag, when `item.prompt` ends with it, or when the grader
says that every prompt of this model does (`opened_by_prompt`).
"""

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

    def strip(self, sample: Sample, item: Item) -> Sample:
        """The sample with the text that follows its thinking; without output_text when the thinking never ends."""
        text = sample.fields.get("output_text") or sample.get("output_text")
        if text is None:
            return sample
        # One character is looked for 40 times as fast as a tag (0.04 against 1.6 µs in 2 kB), and mostly isn't there.
        if self.close[0] in text and self.close in text:
            return sample.with_text(text.rpartition(self.close)[2].lstrip())
        if self.opened_by_prompt or (self.open[0] in text and self.open in text) :
            return sample.with_text(None)
        prompt = item.get("prompt")
        if type(prompt) is str and prompt.rstrip().endswith(self.open):
            return sample.with_text(None)
        return sample
