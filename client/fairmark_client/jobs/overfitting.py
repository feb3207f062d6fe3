"""Signs that a job learns the training rows by heart, or the grader's weakness, rather than the task.

Each is a pure function over what the steps reported so far, in order: a remark with its numbers, or None.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from .job import Metrics
from .remark import Remark

GAP_FINE, GAP_STOP = 0.05, 0.10
"""Train minus validation reward, by Microsoft's advice on reward hacking (azure-skills): up to the one is fine, beyond
the other stop. It assumes that both sides have the same mixture of rows."""
WINDOW = 5
"""Steps that are averaged: one batch's reward says little."""
LEFT_OF_SPREAD = 0.25
SAME_GROUPS = 0.8
LONGER = 1.5
LOSS_WORSE = 0.05


def overfitting(metrics: Sequence[Metrics]) -> Iterator[Remark]:
    """All that there is to say."""
    for sign in SIGNS:
        if remark := sign(metrics):
            yield remark


def gap(metrics: Sequence[Metrics]) -> Remark | None:
    """Train reward, averaged over the steps before the last evaluation, minus that evaluation's validation reward."""
    gaps = _gaps(metrics)
    if not gaps or gaps[-1][1] <= GAP_FINE:
        return None
    (first_step, first), (step, last) = gaps[0], gaps[-1]
    grave = last > GAP_STOP
    began = "" if len(gaps) == 1 else f", {first:+.2f} at step {first_step}"
    why = f"train reward is {last:+.2f} from validation at step {step}{began}; {GAP_STOP:.2f} is too much"
    return Remark(f"overfitting: gap beyond {GAP_STOP if grave else GAP_FINE:.2f}", why, grave)


def widening(metrics: Sequence[Metrics]) -> Remark | None:
    """The gap's growth since the first evaluation.

    Where only the training side is resampled, the sides differ from the start, and the gap alone says little.
    """
    gaps = _gaps(metrics)
    if len(gaps) < 2 or gaps[-1][1] - gaps[0][1] <= GAP_STOP or gaps[-1][1] > GAP_FINE:
        return None
    (first_step, first), (step, last) = gaps[0], gaps[-1]
    why = f"train minus validation reward went from {first:+.2f} (step {first_step}) to {last:+.2f} (step {step})"
    return Remark("overfitting: widening gap", why, grave=True)


def collapse(metrics: Sequence[Metrics]) -> Remark | None:
    """Rewards that no longer differ inside their groups teach nothing, whatever each hour costs."""
    same = [step.zero_variance for step in metrics if step.zero_variance is not None][-WINDOW:]
    if len(same) == WINDOW and fmean(same) >= SAME_GROUPS:
        why = f"{fmean(same):.0%} of the last {WINDOW} steps' groups have one reward for all: they teach nothing"
        return Remark("overfitting: no variance", why, grave=True)
    spread = [step.reward_std for step in metrics if step.reward_std is not None]
    if len(spread) < 2 * WINDOW or fmean(spread[:WINDOW]) == 0:
        return None
    first, last = fmean(spread[:WINDOW]), fmean(spread[-WINDOW:])
    if last > LEFT_OF_SPREAD * first:
        return None
    why = f"the spread of rewards inside groups fell from {first:.3f} to {last:.3f}"
    return Remark("overfitting: falling variance", why)


def growth(metrics: Sequence[Metrics]) -> Remark | None:
    """Answers that grow while the reward doesn't: the model pads them, and each step costs more."""
    both = [
        (step.completion_tokens, step.train_reward)
        for step in metrics
        if step.completion_tokens is not None and step.train_reward is not None
    ]
    if len(both) < 2 * WINDOW:
        return None
    (tokens, reward), (tokens_now, reward_now) = _means(both[:WINDOW]), _means(both[-WINDOW:])
    if tokens_now <= LONGER * tokens or reward_now - reward > GAP_FINE:
        return None
    why = (
        f"answers went from {tokens:,.0f} to {tokens_now:,.0f} tokens, the reward from {reward:.2f} to {reward_now:.2f}"
    )
    return Remark("overfitting: growing answers", why)


def rising_loss(metrics: Sequence[Metrics]) -> Remark | None:
    """SFT: a validation loss that rises again has its best model behind it."""
    losses = [(step.valid_loss, step.step) for step in metrics if step.valid_loss is not None]
    if len(losses) < 3:
        return None
    best, at = min(losses)
    if min(losses[-2:])[0] <= best * (1 + LOSS_WORSE):
        return None
    why = f"the validation loss rose from {best:.3f} (step {at}) to {losses[-1][0]:.3f} (step {losses[-1][1]})"
    return Remark("overfitting: rising loss", why, grave=True)


SIGNS: tuple[Callable[[Sequence[Metrics]], Remark | None], ...] = (gap, widening, collapse, growth, rising_loss)


def _gaps(metrics: Sequence[Metrics]) -> list[tuple[int, float]]:
    """By step with an evaluation: the mean train reward of the steps up to it, less its validation reward."""
    found, train = list[tuple[int, float]](), deque[float](maxlen=WINDOW)
    for step in metrics:
        if step.train_reward is not None:
            train.append(step.train_reward)
        if step.valid_reward is not None and train:
            found.append((step.step, fmean(train) - step.valid_reward))
    return found


def _means(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return fmean(first for first, _ in pairs), fmean(second for _, second in pairs)
