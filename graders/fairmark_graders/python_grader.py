"""OpenAI's `python`: the user's own `grade(sample, item) -> float` decides, in the sandbox.

    source         less than 256 kB of Python with a function grade of two positional parameters
    extract        an optional extract(sample, item) in it: samples for which it returns the same share one verdict

The source is imported once, in a process that has shut itself in before, and each sample is graded in a fork of it
(sandbox/graders.py). Nothing of it is parsed, let alone run, in the process that holds the grader.

The failure rule of a user's own grader: what raises, returns no finite number or passes a limit scores 0 with the
outcome `grader_error`; a sandbox that is lost gives no score. docs/python_grader.md has the rest.
"""

import json
import math
from typing import Any, ClassVar, Literal

from pydantic import field_validator

from .errors import InvalidGrader, ModelFault, Problem, Ungradable
from .grader import Place, Settings, Shared, Tools
from .sample import Sample
from .sandbox import Limits, NotLoaded, Outcome, SandboxUnavailable
from .thinking import Thinking
from .types import Case, Item, Verdict

SOURCE_BYTES = 256_000
LIMITS = Limits(seconds=120.0, memory_bytes=2 << 30)
"""OpenAI's, of one call; seconds are processor time, or asleep."""
PRINTS = 10_000
"""Characters kept of what a grader prints, and as many of its traceback."""
_RESULT_BYTES = 1_000_000

_FIELDS = ("output_text", "output_json", "output_tools", "choices", "finish_reason", "completion_tokens")
_PASSED = {
    "time_limit": f"grade takes longer than {LIMITS.seconds:g} s",
    "memory_limit": f"grade takes more than {LIMITS.memory_bytes >> 30} GB of memory",
    "output_limit": f"grade writes more than {LIMITS.output_bytes >> 20} MB to one file or stream",
}


class Whole(Settings):
    """Settings under which a grader sees the thinking, as OpenAI's do, unless they say how it is told apart."""

    thinking: Thinking | None = None


class Python(Shared):
    """Call `grade` for each sample, or for all that agree in what `extract` finds in them."""

    runs_in: ClassVar[Place] = "sandbox"

    type: Literal["python"]
    source: str
    image_tag: str | None = None
    """OpenAI's name for a set of libraries. Here it chooses nothing, but verdicts under another tag are judged anew."""
    fairmark: Whole = Whole()

    @field_validator("source")
    @classmethod
    def _short(cls, source: str) -> str:
        try:
            size = len(source.encode())
        except UnicodeEncodeError:
            raise ValueError("expected Unicode, found half a surrogate pair") from None
        if size >= SOURCE_BYTES:
            raise ValueError(f"expected less than {SOURCE_BYTES:,} bytes, got {size:,}")
        return source

    def read(self, sample: Sample, item: Item) -> Case:
        if self.fairmark.thinking is not None:
            sample = self.fairmark.thinking.strip(sample, item)
            if sample.unfinished:
                raise ModelFault("the text is thinking that never ends")
        return Case({"sample": {**sample.fields, **{name: sample.get(name) for name in _FIELDS}}}, dict(item))

    def runs_on(self, tools: Tools) -> str:
        return tools.graders.release()

    async def judge(self, case: Case, tools: Tools) -> Verdict | Case:
        try:
            outcome = await tools.graders.call(self.source, {"answer": case.answer, "item": case.reference}, LIMITS)
        except NotLoaded as error:
            raise Ungradable(f"the grader can't be loaded any more: {error}", "grader_server") from None
        if outcome.status == "sandbox_error":
            raise Ungradable(outcome.detail or "the sandbox failed", "grader_server")
        return _found(outcome, case)

    async def check(self, tools: Tools) -> None:
        """Import the source in the sandbox. Raises `InvalidGrader` when that fails or there is no fitting `grade`."""
        try:
            await tools.graders.load(self.source)
        except NotLoaded as error:
            raise InvalidGrader([Problem("source", _utf_8(str(error)))]) from None
        except SandboxUnavailable as error:
            raise InvalidGrader([Problem("source", f"can't be run here: {error}")]) from None


def _found(outcome: Outcome, case: Case) -> Verdict | Case:
    """What a call came to; anything may have been written by code that the grader itself executes."""
    said = _said(outcome)
    if "extracted" in said and "sample" in case.answer:
        return Case({"extracted": said["extracted"]}, case.reference)
    prints = _utf_8((outcome.stdout + outcome.stderr)[: 4 * PRINTS].decode(errors="replace")[:PRINTS]) or None
    score = said.get("score")
    if isinstance(score, float) and math.isfinite(score):
        return Verdict(score, rule="python", prints=prints)
    traceback = _utf_8(str(said.get("traceback", ""))[-PRINTS:])
    reason = _PASSED.get(outcome.status) or _utf_8(str(said.get("failed", ""))) or _ended(outcome)
    prints = (prints or "") + traceback or None
    return Verdict(0.0, "grader_error", reason, "python", "grader_runtime", repeatable=False, prints=prints)


def _said(outcome: Outcome) -> dict[str, Any]:
    if outcome.status != "finished" or len(outcome.result) > _RESULT_BYTES:
        return {}
    try:
        said = json.loads(outcome.result)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _ended(outcome: Outcome) -> str:
    how = f"by signal {outcome.signal}" if outcome.signal else "without a result"
    return f"the grader's process ended {how}"


def _utf_8(text: str) -> str:
    """The text with half surrogate pairs escaped: they can't leave in a response, and would fail its whole batch."""
    return text.encode(errors="backslashreplace").decode()
