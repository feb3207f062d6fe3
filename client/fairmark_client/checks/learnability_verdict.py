"""Whether a job is worth running on what was sampled, why, and what to do about it. The thresholds and their reasons:

- With a share s of prompts that have signal, a step takes 1/s times the outputs it learns from. At 50 % that is twice
  the price; below, dropping the others pays. Below 10 %, nine of ten dollars buy nothing.
- With a fifth of the outputs lacking a true score, fairmark's hooks stop a run.
- A tenth of the outputs cut off is as much as a reward can lose to the limit before anybody notices.
- A correlation of 0.3 between reward and length explains a tenth of the reward; length grows within a few steps.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from .learnability import Learnability, Prompt, share

ENOUGH_SIGNAL = 0.5
LITTLE_SIGNAL = 0.1
MOST_UNGRADED = 0.2
MANY_TRUNCATED = 0.1
LENGTH_PAYS = 0.3
_MOST = 2 / 3
_NAMED = 10
"""Rows that are named one by one."""

Word = Literal["yes", "partly", "no"]


class Verdict(NamedTuple):
    """Whether to run it, in a word; the reason, and what to do, in a sentence each; and what else to know."""

    word: Word
    because: str
    advice: str
    remarks: list[str]


def judge(found: Learnability) -> Verdict:
    """The verdict on a sample of outputs."""
    if found.graded < 1 - MOST_UNGRADED:
        because = f"{1 - found.graded:.0%} of the outputs have no true score"
        return Verdict("no", because, "mend the grader or the references first: fairmark check grader", [])
    if not found.prompts:
        return Verdict("no", "no prompt has two graded outputs to compare", "sample more of each: --k", [])
    return Verdict(*_of_signal(found), list(_remarks(found)))


def _of_signal(found: Learnability) -> tuple[Word, str, str]:
    signal = found.share(lambda prompt: prompt.signal).value
    because = f"{signal:.0%} of the prompts have signal"
    if signal < LITTLE_SIGNAL:
        return "no", *_without_signal(found)
    if not any(prompt.right for prompt in found.prompts):
        advice = "if the grader gives partial credit, say from where an answer is right (--right); if not, SFT first"
        return "partly", f"{because}, but no answer is ever right", advice
    if signal < ENOUGH_SIGNAL:
        advice = f"drop the others ({_keep(found)} --out FILE), or pay for {1 / signal:.1f} outputs to learn from one"
        return "partly", because, advice
    return "yes", because, "run it"


def _keep(found: Learnability) -> str:
    """The option that keeps every prompt with signal, whatever the range of the rewards."""
    means = [prompt.mean for prompt in found.prompts if prompt.signal]
    return f"--keep {math.floor(min(means) * 1000) / 1000:g}:{math.ceil(max(means) * 1000) / 1000:g}"


def _without_signal(found: Learnability) -> tuple[str, str]:
    """Why so few prompts have any, and what to do."""
    right = found.share(lambda prompt: prompt.always_right).value
    wrong = found.share(lambda prompt: prompt.always_wrong).value
    if right >= _MOST:
        return f"{right:.0%} of the prompts are always right", "take harder rows, or leave the model as it is"
    if wrong < _MOST:
        because = f"{right:.0%} of the prompts are always right and {wrong:.0%} never"
        return because, "take rows in between, or teach the hard ones by SFT first"
    if found.truncated and found.truncated > MANY_TRUNCATED:
        because = f"{wrong:.0%} of the prompts are never right, and {found.truncated:.0%} of the outputs are cut off"
        return because, "let answers be longer first (--max-tokens)"
    because = f"too hard, {wrong:.0%} of the prompts are never right"
    return because, "SFT first, easier rows, or a grader that gives credit for a part"


def _remarks(found: Learnability) -> Iterator[str]:
    yield from _doubts(found.prompts)
    for label, prompts in found.classes.items():
        if len(found.classes) > 1 and not any(prompt.signal for prompt in prompts):
            yield f"nothing to learn in class {label}: {_alike(prompts)}"
    if leaking := [prompt.row for prompt in found.prompts if prompt.wrong_but_varies]:
        yield f"never right and yet of varying reward, by shaping or noise: {_rows(leaking)}"
    if found.truncated and found.truncated > MANY_TRUNCATED:
        yield f"{found.truncated:.0%} of the outputs are cut off; longer ones: --max-tokens"
    correlation = found.lengths.correlation if found.lengths else None
    if correlation and abs(correlation) > LENGTH_PAYS:
        which = "longer" if correlation > 0 else "shorter"
        yield f"{which} answers earn more (r = {correlation:.2f}): watch the length"
    if found.graded < 1:
        yield f"{1 - found.graded:.1%} of the outputs have no true score, and are left out"


def _doubts(prompts: Sequence[Prompt]) -> Iterator[str]:
    signal = share(prompts, lambda prompt: prompt.signal)
    sides = [value >= mark for value in (signal.low, signal.high) for mark in (LITTLE_SIGNAL, ENOUGH_SIGNAL)]
    if sides[:2] != sides[2:]:
        yield f"the share with signal may be {signal.low:.0%} to {signal.high:.0%}: more rows would tell (--rows)"


def _alike(prompts: Sequence[Prompt]) -> str:
    for words, which in {"always right": "always_right", "never right": "always_wrong"}.items():
        if all(getattr(prompt, which) for prompt in prompts):
            return f"{len(prompts):,} prompts, {words}"
    return f"the rewards to each of its {len(prompts):,} prompts are the same"


def _rows(rows: Sequence[int]) -> str:
    named = ", ".join(f"{row:,}" for row in sorted(rows)[:_NAMED])
    return f"{'rows' if len(rows) > 1 else 'row'} {named}" + (
        f" and {len(rows) - _NAMED:,} more" if rows[_NAMED:] else ""
    )
