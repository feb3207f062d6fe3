"""How learnability looks in the terminal: the numbers, by class, by length, and the verdict with its reasons."""

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..checks.learnability import Estimate, Learnability, Lengths, Prompt, mean, share
from ..checks.learnability_verdict import Verdict
from .console import printable

_WORDS = {
    "yes": ("✓ worth running: ", "bold green"),
    "partly": ("~ worth running in part: ", "bold yellow"),
    "no": ("✗ not worth running: ", "bold red"),
}
_BAR = 14
"""Cells of a bar from the least reward, or 0, to the highest, or 1."""


def shown(title: str, found: Learnability, verdict: Verdict) -> RenderableType:
    """Everything, top to bottom; the verdict comes last, where it is read first."""
    parts: list[RenderableType] = [Text(printable(title), "bold"), _numbers(found)]
    if len(found.classes) > 1:
        parts += [Text("by class", "bold"), _classes(found.classes)]
    if found.lengths and len(found.lengths.quartiles) > 1:
        parts += [Text(_correlated(found.lengths), "bold"), _lengths(found.lengths)]
    return Group(*parts, *_lines(verdict))


def _lines(verdict: Verdict) -> Iterator[Text]:
    yield Text.assemble(_WORDS[verdict.word], printable(verdict.because))
    yield Text(f"  {printable(verdict.advice)}")
    for remark in verdict.remarks:
        yield Text(f"  · {printable(remark)}", "yellow")


def _table(*columns: str) -> Table:
    table = Table(box=box.ROUNDED, border_style="dim")
    table.add_column(columns[0], overflow="fold")
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _numbers(found: Learnability) -> Table:
    table = _table("", "", "95 %")
    for name, value, spread in _measures(found):
        table.add_row(name, value, Text(spread, "dim"))
    return table


def _measures(found: Learnability) -> Iterator[tuple[str, str, str]]:
    if found.prompts:
        yield "mean reward", f"{found.reward.value:.3f}", _span(found.reward)
        yield _share("prompts with signal", found.share(lambda prompt: prompt.signal))
        yield _share("  but never right", found.share(lambda prompt: prompt.wrong_but_varies))
        yield _share("prompts without signal", found.share(lambda prompt: not prompt.signal))
        yield _share("  always right", found.share(lambda prompt: prompt.always_right))
        yield _share("  never right", found.share(lambda prompt: prompt.always_wrong))
        for k, passes in found.passes.items():
            yield _share(f"pass@{k}", passes)
    outputs = sum(found.outcomes.values())
    yield "outputs", f"{outputs:,}", ""
    for outcome, count in found.outcomes.items():
        if outcome != "graded":
            yield f"  {outcome}", f"{count / outputs:.1%}", ""
    if found.truncated is not None:
        yield "  cut off", f"{found.truncated:.1%}", ""


def _share(name: str, share: Estimate) -> tuple[str, str, str]:
    return name, f"{share.value:.1%}", f"{share.low:.0%} – {share.high:.0%}"


def _span(estimate: Estimate) -> str:
    return f"{estimate.low:.3f} – {estimate.high:.3f}"


def _classes(classes: dict[str, list[Prompt]]) -> Table:
    table = _table("class", "prompts", "reward", "95 %", "signal", "right", "wrong")
    for name, prompts in classes.items():
        reward = mean([prompt.mean for prompt in prompts])
        table.add_row(
            Text(printable(name)),
            f"{len(prompts):,}",
            f"{reward.value:.3f}",
            Text(_span(reward), "dim"),
            f"{share(prompts, lambda prompt: prompt.signal).value:.1%}",
            f"{share(prompts, lambda prompt: prompt.always_right).value:.1%}",
            f"{share(prompts, lambda prompt: prompt.always_wrong).value:.1%}",
        )
    return table


def _lengths(lengths: Lengths) -> Table:
    table = _table(lengths.unit, "outputs", "reward")
    table.add_column("", no_wrap=True, style="cyan", width=_BAR)
    rewards = [quartile.reward for quartile in lengths.quartiles]
    least, most = min(0.0, *rewards), max(1.0, *rewards)
    for quartile in lengths.quartiles:
        bar = "█" * round(_BAR * (quartile.reward - least) / (most - least))
        table.add_row(
            _range(quartile.shortest, quartile.longest), f"{quartile.outputs:,}", f"{quartile.reward:.3f}", bar
        )
    return table


def _correlated(lengths: Lengths) -> str:
    if lengths.correlation is None:
        return "by length"
    return f"by length; among outputs to one prompt, r = {lengths.correlation:.2f}"


def _range(shortest: int, longest: int) -> str:
    return f"{shortest:,}" if shortest == longest else f"{shortest:,} – {longest:,}"
