"""fairmark's `tag_format`: 1 when the text is made of the asked-for blocks, such as `<think>…</think>`, else 0.

What open-r1 has as `format_reward` and `tag_count_reward`, and TRL as `think_format_reward` (`tags: ["think"]` with
`text_after`). Stricter than these where a model would notice: every tag stands once, a block of nothing but white space
or invisible characters is none, and nothing stands around the blocks. Looser in white space around them, which is free.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .errors import ModelFault
from .grader import Inline
from .sample import Sample
from .shaping import Shaping, WholeText
from .template import LONGEST
from .types import Case, Item, Verdict

Tag = Annotated[str, StringConstraints(pattern=r"^[^<>/\s]{1,50}$")]

# Something that can be seen: neither white space nor a character without width, which would fill a block for free.
_SEEN = re.compile(r"[^\s\u00ad\u200b-\u200f\u2060-\u2064\u2800\u3164\ufeff]")

MOST_BRACKETS = 20_000
"""Opening angle brackets; looking for ten tags among that many takes 5 ms at the worst, for two a fifth of that."""


class TagsStay(WholeText):
    """Settings under which no tag is ever stripped, since tags are what is looked at."""

    thinking: None = None


class TagFormat(Shaping, Inline):
    """Look for blocks between tags, in their order and with nothing around them."""

    type: Literal["tag_format"]
    fairmark: TagsStay = TagsStay()
    tags: list[Tag] = Field(["think", "answer"], min_length=1, max_length=10)
    """The names of the blocks."""
    text_after: bool = False
    """Whether the answer is what follows the last block, with no tags of its own; there has to be some then."""
    opened_by_prompt: bool = False
    """Whether the chat template writes the first opening tag, which the text then doesn't hold; where `item.prompt`
    ends with that tag, it did."""
    partial_credit: bool = False
    """Whether some of it counts: the share of tags that stand exactly once, the format as a whole being one more."""

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len({*self.tags}) < len(self.tags):
            raise ValueError("tags: expected different names")
        return self

    def read(self, sample: Sample, item: Item) -> Case:
        text = self.text(sample, item)
        if len(text) > LONGEST:
            raise ModelFault(f"the text is over {LONGEST:,} characters long", "limit")
        if text.count("<") > MOST_BRACKETS:
            raise ModelFault(f"the text holds more than {MOST_BRACKETS:,} angle brackets", "limit")
        first, prompt = f"<{self.tags[0]}>", item.get("prompt")
        opened = self.opened_by_prompt or (isinstance(prompt, str) and prompt.rstrip().endswith(first))
        return Case([opened, first + text if opened else text], None)

    def judge(self, case: Case) -> Verdict:
        opened, text = case.answer
        found = [text.count(tag) for name in self.tags for tag in (f"<{name}>", f"</{name}>")]
        problem = self._problem(text) if set(found) == {1} else "not every tag stands exactly once"
        if problem is None:
            return Verdict(1.0, rule="tag_format")
        own = found[opened:]
        return Verdict(own.count(1) / (len(own) + 1) * self.partial_credit, reason=problem, rule="tag_format")

    def _problem(self, text: str) -> str | None:
        """What is wrong with a text in which every tag stands once."""
        for name in self.tags:
            before, _, rest = text.partition(f"<{name}>")
            inside, closed, text = rest.partition(f"</{name}>")
            if _SEEN.search(before):
                return f"there is text before <{name}>"
            if not closed:
                return "the blocks stand in another order or inside one another"
            if not _SEEN.search(inside):
                return f"<{name}> holds nothing"
        if bool(_SEEN.search(text)) == self.text_after:
            return None
        return f"there is {'no' if self.text_after else 'some'} text after </{self.tags[-1]}>"
