"""What a grader is: its fields are its configuration, `read` finds what to compare, `judge` decides.

A grader says where it runs by the class it extends:

    Inline  judged at once, in under about a millisecond for any input: no cache key, no cache, no slot
    Shared  equal cases get one judgement: cached, joined while in flight, admitted to a bounded number of slots
    Fresh   judged anew every time (sampling judges, random graders): admitted, but never cached or joined

What a judgement needs beyond the case (processes that can be killed, the sandbox; later judges) arrives as `Tools`.
"""

import asyncio
import hashlib
import importlib.metadata
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from .errors import Fault, ModelFault
from .sample import Sample
from .sandbox import Graders, Sandbox
from .template import LONGEST, Template, too_long
from .thinking import Thinking
from .types import Case, Item, Verdict
from .workers import Workers

Place = Literal["workers", "sandbox"]
"""Where judgements wait for their turn; slow programs keep no sums waiting."""

_CASE = partial(tuple.__new__, Case)
"""Makes a case of its two members in half the time of calling it."""


@dataclass(frozen=True)
class Tools:
    """What a judgement may use; one set is shared by all graders of a process."""

    workers: Workers
    sandbox: Sandbox = field(default_factory=Sandbox)
    """Starts when a program is first to be run."""
    graders: Graders = field(default_factory=Graders)
    """Starts when a user's grader is first loaded."""

    async def close(self) -> None:
        """End every process that these started."""
        await asyncio.gather(self.workers.close(), self.sandbox.close(), self.graders.close())


class Settings(BaseModel):
    """What fairmark adds to a grader of OpenAI's, all of it under the key `fairmark` and dropped on export."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    thinking: Thinking | None = Thinking()
    """How thinking is told from the answer; null to read the whole text."""


class Grader(BaseModel, ABC):
    """A rule with its configuration; frozen, and refused when a field is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: ClassVar[int] = 1
    """To be raised when a change in the code changes any score, so that no cached verdict outlives it."""

    name: str | None = Field(None, max_length=200)

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits over everything but the name that decides a score.

        The same in every process and under every Python: a hash of the configuration, `revision` and library releases.
        """
        return hashlib.sha256(json.dumps(self.decides(), sort_keys=True).encode()).hexdigest()[:12]

    @abstractmethod
    def leaves(self) -> Iterable["Leaf"]:
        """The graders that do the judging: itself, or its parts."""

    @abstractmethod
    def decides(self) -> dict[str, Any]:
        """Everything that decides a score, as JSON."""

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle is the configuration: what was compiled of it is compiled again."""
        return type(self).model_validate, (self.model_dump(mode="json", exclude_unset=True),)

    def to_openai(self) -> dict[str, Any]:
        """The configuration as OpenAI takes it: without fairmark's own settings."""
        return self.model_dump(mode="json", exclude_none=True, exclude={"fairmark"})


class Leaf(Grader, ABC):
    """A grader that stands alone: every one but `multi`."""

    pass_threshold: float | None = None
    """OpenAI's mark for reporting passes; kept for export, it never changes a score."""
    fairmark: Settings = Settings()

    def libraries(self) -> tuple[str, ...]:
        """The distributions whose release may change a score under this configuration."""
        return ()

    def leaves(self) -> Iterable["Leaf"]:
        return [self]

    def decides(self) -> dict[str, Any]:
        return {
            "configuration": self.model_dump(mode="json", exclude={"name", "pass_threshold"}),
            "revision": self.revision,
            "libraries": {name: importlib.metadata.version(name) for name in self.libraries()},
        }

    @abstractmethod
    def read(self, sample: Sample, item: Item) -> Case:
        """What to compare: pure, cheap and linear in its input. Raises `ModelFault` or `Ungradable`."""

    @cached_property
    def start(self) -> Callable[[Sample, Item], Case | Verdict]:
        """Gives the case that is to be judged, or the verdict where there is nothing left to judge.

        A closure, since looking up anything on a model costs 40 ns, and a sample would need five such looks.
        """
        read = self.read

        def start(sample: Sample, item: Item) -> Case | Verdict:
            try:
                return read(sample, item)
            except Fault as fault:
                return fault.verdict

        return start


class Comparison(Leaf, ABC):
    """A grader that compares one text with another, each from a template; thinking is stripped first."""

    input: Template
    reference: Template

    @cached_property
    def _read(self) -> Callable[[Sample, Item], Case]:
        """`read`, quick where nothing is out of the ordinary: the text as such against one string of the item."""
        name = self.reference.field("item")
        if name is None or self.input.field("sample") != "output_text":
            return self._read_any
        thinking, read_any = self.fairmark.thinking, self._read_any
        answer = thinking.answer if thinking else lambda text, item: text

        def read(sample: Sample, item: Item) -> Case:
            text, right = sample.text, item.get(name)
            if text is None or type(right) is not str or len(text) > LONGEST or len(right) > LONGEST:
                return read_any(sample, item)
            left = answer(text, item)
            return read_any(sample, item) if left is None else _CASE((left, right))

        return read

    def _read_any(self, sample: Sample, item: Item) -> Case:
        if self.fairmark.thinking is not None:
            sample = self.fairmark.thinking.strip(sample, item)
        try:
            right = self.reference.render(sample, item)
        except ModelFault:
            self.input.render(sample, item)  # a missing item in it weighs more than what the model left out
            raise
        left = self.input.render(sample, item)
        if len(right) > LONGEST:
            raise too_long(self.reference, "the reference")
        if len(left) > LONGEST:
            raise too_long(self.input, "the text")
        return Case(left, right)

    def read(self, sample: Sample, item: Item) -> Case:
        return self._read(sample, item)


class Inline(Leaf, ABC):
    """Judged at once, without a cache: its verdict costs less than looking one up."""

    @abstractmethod
    def judge(self, case: Case) -> Verdict:
        """The verdict. Raises `ModelFault` or `Ungradable`."""

    @cached_property
    def start(self) -> Callable[[Sample, Item], Verdict]:
        read, judge = self.read, self.judge

        def start(sample: Sample, item: Item) -> Verdict:
            try:
                return judge(read(sample, item))
            except Fault as fault:
                return fault.verdict

        return start


class Awaited(Leaf, ABC):
    """Judged with tools, which may take a while."""

    runs_in: ClassVar[Place] = "workers"
    """Which of the tools does the work: as much of it is judged at a time as that has room for."""

    def quick(self, case: Case) -> Verdict | None:
        """The verdict where it takes less than about a millisecond, here; None where it needs tools.

        Raises `ModelFault` or `Ungradable`.
        """
        return None

    async def check(self, tools: Tools) -> None:
        """Load what users wrote, before it is served. Raises `InvalidGrader`."""
        return None

    def runs_on(self, tools: Tools) -> str:
        """The releases that decide beside those in the version, since they are the service's and not the grader's."""
        return ""

    def warm(self) -> Iterable[Case]:
        """Cases to judge before the first sample comes, so that no sample pays for imports."""
        return ()

    @abstractmethod
    async def judge(self, case: Case, tools: Tools) -> Verdict | Case:
        """The verdict on a case that `quick` left open. Raises `ModelFault` or `Ungradable`.

        Or the case that it comes down to, where that takes tools to find: it is looked up, shared and judged like any.
        """


class Shared(Awaited, ABC):
    """Judged once per case; the verdict is kept when it is repeatable."""


class Fresh(Awaited, ABC):
    """Judged anew for every sample."""


def brings_code(grader: Grader) -> bool:
    """Whether a user's code is in it, which has to be loaded before it is known to be a grader."""
    return any(isinstance(leaf, Awaited) and type(leaf).check is not Awaited.check for leaf in grader.leaves())
