"""What k outputs to each prompt say of a job before it is paid for: where there is something to learn, and where not.

GRPO and its kin compare the outputs to one prompt with one another. Where they all earn the same there is nothing to
compare, no gradient, and nothing learned for the price of k outputs: DAPO drops such prompts (Yu et al. 2025,
arXiv:2503.14476, section 3.2), TRL logs their share as `frac_reward_zero_std`.

    signal      the rewards to a prompt are not all the same
    right       a reward of at least what the grader gives a right answer
    pass@k      the chance that one of k outputs is right: 1 - C(n-c, k) / C(n, k) for c right of n, averaged over the
                prompts; unbiased where 1 - (1 - c/n)^k is not (Chen et al. 2021, arXiv:2107.03374, equation 1)
    intervals   95 %. What is sampled is the prompt, since outputs to one resemble each other: means over prompts have
                the percentile bootstrap over prompts; shares of prompts have Wilson's interval (1927), and so have
                means of equal values, which a bootstrap would call certain
"""

import math
import random
import statistics
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fairmark_graders import InvalidSample, Outcome, Sample

from ..outputs.output import Output
from ..service import Result

RESAMPLES = 2_000
"""50 of them lie beyond each end of an interval."""
_Z = statistics.NormalDist().inv_cdf(0.975)
_SAME = 1e-8
"""Rewards closer than this are one: what TRL takes for a standard deviation of 0."""


class Estimate(NamedTuple):
    """A number, and the ends of its interval."""

    value: float
    low: float
    high: float


class Prompt(NamedTuple):
    """One prompt and the rewards of its graded outputs, of which there are two at least."""

    row: int
    label: str | None
    rewards: tuple[float, ...]
    right: int
    """How many of them are right."""

    @property
    def mean(self) -> float:
        """The mean reward."""
        return statistics.fmean(self.rewards)

    @property
    def signal(self) -> bool:
        """Whether there is anything to compare."""
        return max(self.rewards) - min(self.rewards) > _SAME

    @property
    def always_right(self) -> bool:
        """Right every time, for the same reward."""
        return self.right == len(self.rewards) and not self.signal

    @property
    def always_wrong(self) -> bool:
        """Wrong every time, for the same reward."""
        return self.right == 0 and not self.signal

    @property
    def wrong_but_varies(self) -> bool:
        """What varies is not whether the answer is right: partial credit, shaping, or noise."""
        return self.right == 0 and self.signal

    def passes(self, k: int) -> float:
        """The estimate of pass@k; takes k outputs."""
        count = len(self.rewards)
        return 1 - math.comb(count - self.right, k) / math.comb(count, k)


class Quartile(NamedTuple):
    """A quarter of the outputs, of about one length."""

    shortest: int
    longest: int
    outputs: int
    reward: float


class Lengths(NamedTuple):
    """Reward against length."""

    unit: str
    """`tokens`, or `characters` where not every output's tokens are known."""
    correlation: float | None
    """Pearson's, both less the mean of the outputs to the same prompt; None where one of them never varies."""
    quartiles: list[Quartile]


@dataclass(frozen=True)
class Learnability:
    """The numbers of one sample of outputs."""

    prompts: list[Prompt]
    """Those with two graded outputs; all shares of prompts are of these."""
    outcomes: Mapping[Outcome, int]
    truncated: float | None
    """The share of outputs that were cut off, of those of which that is known."""
    lengths: Lengths | None

    @property
    def graded(self) -> float:
        """The share of outputs with a true score."""
        return self.outcomes.get("graded", 0) / sum(self.outcomes.values())

    @cached_property
    def reward(self) -> Estimate:
        """The mean reward, every prompt counting the same."""
        return mean([prompt.mean for prompt in self.prompts])

    @cached_property
    def passes(self) -> dict[int, Estimate]:
        """pass@k for k = 1, 2, 4 and so on, and for all outputs of the prompt that has fewest."""
        fewest = min(len(prompt.rewards) for prompt in self.prompts)
        steps = sorted({*(2**power for power in range(fewest.bit_length())), fewest})
        return {k: mean([prompt.passes(k) for prompt in self.prompts]) for k in steps}

    @property
    def classes(self) -> dict[str, list[Prompt]]:
        """The prompts of each class, by its name; empty where rows have none."""
        found: dict[str, list[Prompt]] = defaultdict(list)
        for prompt in self.prompts:
            if prompt.label is not None:
                found[prompt.label].append(prompt)
        return dict(sorted(found.items()))

    def share(self, which: Callable[[Prompt], bool]) -> Estimate:
        """The share of prompts of which something is true."""
        return share(self.prompts, which)


def measure(
    outputs: Sequence[Output], results: Sequence[Result], labels: Mapping[int, str], right: float = 1.0
) -> Learnability:
    """The numbers of graded outputs.

    results  one for each output, in order
    labels   the class of each row that has one
    right    the reward from which an answer counts as right
    """
    pairs = list(zip(outputs, results, strict=True))
    graded = [
        (output, result.score) for output, result in pairs if result.outcome == "graded" and result.score is not None
    ]
    rewards: dict[int, list[float]] = defaultdict(list)
    for output, score in graded:
        rewards[output.row].append(score)
    known = [output.truncated for output in outputs if output.truncated is not None]
    return Learnability(
        prompts=[_prompt(row, labels.get(row), own, right) for row, own in rewards.items() if len(own) > 1],
        outcomes=Counter(result.outcome for result in results),
        truncated=sum(known) / len(known) if known else None,
        lengths=_lengths(graded) if graded else None,
    )


def share(prompts: Sequence[Prompt], which: Callable[[Prompt], bool]) -> Estimate:
    """The share of prompts of which something is true."""
    return _wilson(sum(map(which, prompts)) / len(prompts), len(prompts))


def mean(values: Sequence[float]) -> Estimate:
    """The mean of one value for each prompt."""
    value, ordered = statistics.fmean(values), sorted(values)  # so that the order of the outputs changes nothing
    if ordered[0] == ordered[-1] and 0 <= value <= 1:
        return _wilson(value, len(values))
    draw = random.Random(0)
    means = sorted(statistics.fmean(draw.choices(ordered, k=len(ordered))) for _ in range(RESAMPLES))
    edge = round(RESAMPLES * 0.025)
    return Estimate(value, means[edge], means[-edge - 1])


def _wilson(value: float, count: int) -> Estimate:
    middle = (value + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    reach = _Z / (1 + _Z**2 / count) * math.sqrt(value * (1 - value) / count + (_Z / (2 * count)) ** 2)
    return Estimate(value, max(0.0, middle - reach), min(1.0, middle + reach))


def _prompt(row: int, label: str | None, rewards: Sequence[float], right: float) -> Prompt:
    return Prompt(row, label, tuple(rewards), sum(reward >= right - _SAME for reward in rewards))


def _lengths(graded: Sequence[tuple[Output, float]]) -> Lengths:
    tokens = [output.completion_tokens for output, _ in graded if output.completion_tokens is not None]
    unit, lengths = ("tokens", tokens) if len(tokens) == len(graded) else ("characters", [_size(o) for o, _ in graded])
    rewards = [reward for _, reward in graded]
    rows = [output.row for output, _ in graded]
    return Lengths(unit, _within(rows, lengths, rewards), _quartiles(lengths, rewards))


def _size(output: Output) -> int:
    try:
        return len(Sample(output.sample).get("output_text") or "")
    except InvalidSample:
        return 0


def _within(rows: Sequence[int], lengths: Sequence[int], rewards: Sequence[float]) -> float | None:
    try:
        return statistics.correlation(_less_mean(rows, lengths), _less_mean(rows, rewards))
    except statistics.StatisticsError:
        return None


def _less_mean(rows: Sequence[int], values: Sequence[float]) -> list[float]:
    """Each value less the mean of its prompt's, so that a long prompt or a hard one doesn't count."""
    own: dict[int, list[float]] = defaultdict(list)
    for row, value in zip(rows, values, strict=True):
        own[row].append(value)
    means = {row: statistics.fmean(values) for row, values in own.items()}
    return [value - means[row] for row, value in zip(rows, values, strict=True)]


def _quartiles(lengths: Sequence[int], rewards: Sequence[float]) -> list[Quartile]:
    """Outputs of one length stay together, so there may be fewer than four."""
    if len(lengths) < 2:
        return []
    edges = statistics.quantiles(lengths, n=4, method="inclusive")
    bins: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for length, reward in zip(lengths, rewards, strict=True):
        bins[bisect_left(edges, length)].append((length, reward))
    return [_quartile(bins[place]) for place in sorted(bins)]


def _quartile(outputs: Sequence[tuple[int, float]]) -> Quartile:
    lengths, rewards = zip(*outputs, strict=True)
    return Quartile(min(lengths), max(lengths), len(outputs), statistics.fmean(rewards))
