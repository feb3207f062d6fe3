"""The comparison in a few plain sentences: who is better and by how much, at what price, and what went wrong."""

from collections.abc import Iterator

from ..outputs.output import Decoding
from . import wording
from .measures import Measure
from .results import Comparison, Difference, Model, Pair

FEW = 10
"""Rows of the rare class below which their measures say little."""
RIGID = 0.5
"""Of the untrained model's variety: what is below has gone rigid."""
CONSTANT = 0.99


def verdict(comparison: Comparison) -> list[str]:
    """The sentences, the last model first."""
    pairs = list(reversed(comparison.pairs))
    said = [_better(comparison, pair) for pair in pairs]
    said += [text for pair in pairs for text in _only_the_grader(comparison, pair)]
    said += [text for model in comparison.models[1:] for text in _rigid(comparison, model)]
    if comparison.elsewhere:
        said += [
            _kept(comparison.elsewhere, pair) for pair in comparison.elsewhere.pairs if _of_the_base(pair, comparison)
        ]
    return said


def notes(comparison: Comparison) -> list[str]:
    """What a reader has to know before believing the numbers."""
    return [*_decoding(comparison), *_rows(comparison), *_graders(comparison)]


def dollars_apart(comparison: Comparison, pair: Pair) -> float | None:
    """What the second model cost more than the first; the untrained one costs nothing."""
    first, second = (_dollars(comparison, name) for name in (pair.first, pair.second))
    return None if first is None or second is None else second - first


def dollars_per_point(comparison: Comparison, model: Model) -> float | None:
    """What a point of the headline has cost over the untrained model; None where no gain is shown."""
    base = comparison.models[0]
    if model is base or model.cost.dollars is None:
        return None
    gained = comparison.pair(base.name, model.name).differences[comparison.headline]
    gain = gained.value or 0.0
    return model.cost.dollars / (100 * gain) if gained.shown and gain > 0 else None


def _dollars(comparison: Comparison, name: str) -> float | None:
    found = comparison.model(name).cost.dollars
    return 0.0 if found is None and name == comparison.models[0].name else found


def _better(comparison: Comparison, pair: Pair) -> str:
    measure = _headline(comparison)
    apart = pair.differences[measure.name]
    if apart.value is None:
        return f"{pair.second} and {pair.first} can't be compared by {measure.name}: one of them has none."
    return _shown(comparison, pair, measure, apart) if apart.shown else _not_shown(comparison, pair, measure, apart)


def _shown(comparison: Comparison, pair: Pair, measure: Measure, apart: Difference) -> str:
    gain = apart.value or 0.0
    verb = "beats" if gain > 0 else "falls short of"
    by = f"{wording.size(measure.kind, gain)} of {measure.name}"
    sure = f"95 % interval {wording.ends(measure.kind, apart)}, {wording.chance(apart)}"
    return f"{pair.second} {verb} {pair.first} by {by} ({sure}){_price(comparison, pair, gain)}."


def _price(comparison: Comparison, pair: Pair, gain: float) -> str:
    apart = dollars_apart(comparison, pair)
    if apart is None:
        return ""
    if apart <= 0:
        return f", for {wording.dollars(-apart)} less" if apart < 0 else ", at the same cost"
    return f", for {wording.dollars(apart)} more" + (f": {wording.dollars(apart / (100 * gain))} a point" * (gain > 0))


def _not_shown(comparison: Comparison, pair: Pair, measure: Measure, apart: Difference) -> str:
    seen = f"{wording.change(measure.kind, apart.value)}, 95 % interval {wording.ends(measure.kind, apart)}"
    unit = " points" * (measure.kind == "share")
    said = f"{pair.second} and {pair.first}: no difference in {measure.name} that {comparison.rows:,} rows can show "
    said += f"({seen}{unit}, {wording.chance(apart)})"
    if apart.rows_needed and apart.rows_needed > comparison.rows:
        said += (
            f"; {apart.rows_needed:,} rows would be needed for one of {wording.size(measure.kind, apart.value or 0)}"
        )
    elif not apart.rows_needed:
        said += "; they never differ"
    if apart.detectable:
        said += f", and these would show one of {wording.size(measure.kind, apart.detectable)} four times in five"
    dollars = dollars_apart(comparison, pair)
    return said + (f". It cost {wording.dollars(dollars)} more." if dollars and dollars > 0 else ".")


def _only_the_grader(comparison: Comparison, pair: Pair) -> Iterator[str]:
    """A reward that rises while nothing else does was perhaps earned by learning the grader."""
    trained, headline = pair.differences[f"reward by {comparison.graders[0]}"], pair.differences[comparison.headline]
    if trained.shown and (trained.value or 0) > 0 and not (headline.shown and (headline.value or 0) > 0):
        gain = wording.size("reward", trained.value or 0)
        yield (
            f"The training grader pays {pair.second} {gain} more than {pair.first}, and {comparison.headline} doesn't "
            "bear it out: read the rows where they differ, it may have learned the grader instead of the task."
        )


def _rigid(comparison: Comparison, model: Model) -> Iterator[str]:
    base = comparison.models[0]
    own, before = model.diversity, base.diversity
    if own.commonest_share >= CONSTANT > before.commonest_share:
        yield f"{model.name} gives one answer, {own.commonest[:60]!r}, to {own.commonest_share:.0%} of the prompts."
    if _stiffer(own.distinct_2, before.distinct_2, 1 / model.seeds):
        yield (
            f"{model.name} has gone rigid in its words: of the word pairs that its seeds say to a prompt "
            f"{own.distinct_2:.0%} are different ones, {before.distinct_2:.0%} of {base.name}'s."
        )
    headline = comparison.pair(base.name, model.name).differences[comparison.headline]
    if _stiffer(own.entropy, before.entropy, 0) and not (headline.shown and (headline.value or 0) > 0):
        yield (
            f"{model.name} hardly varies its answer from seed to seed ({own.entropy:.2f} bits, {base.name} "
            f"{before.entropy:.2f}) and isn't the better for it: more training by reward has little to choose from."
        )


def _stiffer(own: float | None, before: float | None, least: float) -> bool:
    """Whether less than a share of the variety is left that was there, beyond the least there can be."""
    return own is not None and before is not None and before > least and own - least < RIGID * (before - least)


def _kept(elsewhere: Comparison, pair: Pair) -> str:
    measure = _headline(elsewhere)
    apart = pair.differences[measure.name]
    rows = f"Out of the domain ({elsewhere.rows:,} rows, {elsewhere.graders[-1]})"
    if apart.value is None:
        return f"{rows} {pair.second} has no {measure.name}."
    seen = f"95 % interval of the change {wording.ends(measure.kind, apart)}, {wording.chance(apart)}"
    if apart.shown:
        lost = f"has lost {wording.size(measure.kind, apart.value)}" if apart.value < 0 else "has even gained "
        gained = wording.size(measure.kind, apart.value) * (apart.value > 0)
        return f"{rows} {pair.second} {lost}{gained} of {measure.name} against {pair.first} ({seen})."
    would = f"; a loss of {wording.size(measure.kind, apart.detectable)} would have" if apart.detectable else ""
    return f"{rows} no loss of {pair.second} against {pair.first} shows ({seen}){would}."


def _of_the_base(pair: Pair, comparison: Comparison) -> bool:
    return pair.first == comparison.models[0].name


def _headline(comparison: Comparison) -> Measure:
    return next(measure for measure in comparison.measures if measure.name == comparison.headline)


def _decoding(comparison: Comparison) -> Iterator[str]:
    for model in comparison.models:
        if len(model.decodings) > 1:
            yield f"{model.name}'s own outputs were sampled with different settings."
    found = {model.name: model.decodings[0] for model in comparison.models}
    if unknown := [name for name, decoding in found.items() if decoding is None]:
        yield f"How {' and '.join(unknown)} was sampled isn't recorded: it may not compare."
    known = [decoding for decoding in found.values() if decoding]
    if any(decoding != known[0] for decoding in known):
        said = "; ".join(f"{name}: {settings(decoding)}" for name, decoding in found.items())
        yield f"The models were sampled differently ({said}): part of a difference may come from that."


def settings(decoding: Decoding | None) -> str:
    """A decoding in one line."""
    if decoding is None:
        return "not recorded"
    said = f"temperature {decoding.temperature:g}, top-p {decoding.top_p:g}, at most {decoding.max_tokens:,} tokens"
    return said + ", held to a JSON schema" * bool(decoding.response_format)


def _rows(comparison: Comparison) -> Iterator[str]:
    seeds = {model.name: model.seeds for model in comparison.models}
    if len({*seeds.values()}) > 1:
        yield f"The models have different numbers of seeds: {', '.join(f'{n} {s}' for n, s in seeds.items())}."
    for own in comparison.answers:
        if fewer := sum(len(answers) < own.seeds for answers in own.by_row):
            yield f"{fewer:,} of {comparison.rows:,} rows have fewer than {own.seeds} outputs of {own.name}."
    if comparison.weighted:
        yield "The rows were enriched: each counts by its weight, so that shares are those of the natural distribution."
    rare = sum(answers[0].expected == comparison.rare for answers in comparison.answers[0].by_row)
    if comparison.rare and rare < FEW:
        yield f"Only {rare} rows are {comparison.rare}: what is said of them is little more than a hint."


def _graders(comparison: Comparison) -> Iterator[str]:
    if len(comparison.graders) == 1 and not comparison.classes:
        yield "Nothing but the grader that was trained on has judged: name another with --held-out."
    for model in comparison.models:
        for grader, count in model.ungraded.items():
            if count:
                of = f"{count:,} of {model.outputs:,} outputs of {model.name}"
                yield f"{of} have no score by {grader}, and don't count there."
