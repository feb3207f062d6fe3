"""Grading in this process, without a service: the same graders and verdicts, no cache.

`agrade` is for code that is async already, `grade` for all other code; `grade` also works where an event loop is
running (a notebook), since its own loop runs in a thread of its own.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine, Mapping
from functools import cache
from typing import Any, TypeVar

from .errors import Fault
from .grader import Awaited, Inline, Leaf, Tools
from .load import AnyGrader, parse_grader
from .multi import Multi
from .sample import RawSample, Sample
from .types import Case, Item, Verdict
from .workers import Workers

T = TypeVar("T")

_LOCK = threading.Lock()


async def agrade(grader: AnyGrader | Mapping[str, Any], sample: RawSample, item: Item | None = None) -> Verdict:
    """The verdict of a grader (or of its configuration) on one sample. Raises `InvalidGrader` or `InvalidSample`."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_grade(grader, sample, item), _loop()))


def grade(grader: AnyGrader | Mapping[str, Any], sample: RawSample, item: Item | None = None) -> Verdict:
    """The same for code that isn't async."""
    return run(_grade(grader, sample, item))


def run(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns, from any thread, with or without an event loop; no end of a process waits for it."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


async def grade_with(tools: Tools, grader: AnyGrader, sample: Sample, item: Item) -> Verdict:
    """The verdict on one sample, judged with these tools; for code that brings its own and closes them."""
    if isinstance(grader, Multi):
        return grader.combine({name: await _leaf(tools, part, sample, item) for name, part in grader.graders.items()})
    return await _leaf(tools, grader, sample, item)


async def _grade(grader: AnyGrader | Mapping[str, Any], raw: RawSample, item: Item | None) -> Verdict:
    return await grade_with(_tools(), parse_grader(grader), Sample(raw), item or {})


async def _leaf(tools: Tools, grader: Leaf, sample: Sample, item: Item) -> Verdict:
    case = grader.start(sample, item)
    return case if isinstance(case, Verdict) else await judge_with(tools, grader, case)


async def judge_with(tools: Tools, grader: Leaf, case: Case) -> Verdict:
    """The verdict on a case that was read before."""
    try:
        if isinstance(grader, Inline):
            return grader.judge(case)
        assert isinstance(grader, Awaited)
        found: Verdict | Case = grader.quick(case) or await grader.judge(case, tools)
        return found if isinstance(found, Verdict) else await judge_with(tools, grader, found)
    except Fault as fault:
        return fault.verdict


@cache
def _tools() -> Tools:
    return Tools(workers=Workers())


def _loop() -> asyncio.AbstractEventLoop:
    with _LOCK:
        return _running_loop()


@cache
def _running_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="fairmark", daemon=True).start()
    return loop


def _forget() -> None:
    """A forked child has neither the thread nor the workers."""
    global _LOCK
    _LOCK = threading.Lock()  # the parent's may have been held
    _running_loop.cache_clear()
    _tools.cache_clear()


os.register_at_fork(after_in_child=_forget)
