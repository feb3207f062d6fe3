"""The comparison in a few plain sentences: who is better and by how much, at what price, and what went wrong."""

from collections.abc import Iterator
from typing import NamedTuple

from ..outputs.output import Decoding
from . import wording
from .results import Comparison, Difference, Model, Pair

FEW = 10
"""Rows of the rare class below which their measures say little."""
RIGID = 0.5
"""Of the untrained model's variety: what is below has gone rigid."""
WORDS = 5
"""Of an output on average, below which there is no wording to go rigid."""
CONSTANT = 0.99


class Sentence(NamedTuple):
    """One finding, and the numbers that it rests on."""

    text: str
    numbers: str = ""

    def __str__(self) -> str:
        return f"{self.text[:-1]} ({self.numbers})." if self.numbers else self.text


def verdict(comparison: Comparison) -> list[Sentence]:
    """What was found, the last model first."""
    pairs = list(reversed(comparison.pairs))
    said = [_better(comparison, pair) for pair in pairs]
    said += [found for pair in pairs for found in _only_the_grader(comparison, pair)]
    said += [found for model in comparison.models[1:] for found in _rigid(comparison, model)]
    if elsewhere := comparison.elsewhere:
        base = comparison.models[0].name
        said += [_kept(elsewhere, pair) for pair in elsewhere.pairs if pair.first == base]
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


def _better(comparison: Comparison, pair: Pair) -> Sentence:
    measure = comparison.measure
    apart = pair.differences[measure.name]
    if apart.value is None:
        return Sentence(f"{pair.second} and {pair.first} can't be compared: one of them has no {measure.name}.")
    if not apart.shown:
        return _not_shown(comparison, pair, apart)
    verb = "beats" if apart.value > 0 else "falls short of"
    by = f"{wording.size(measure.kind, apart.value)} of {measure.name}"
    text = f"{pair.second} {verb} {pair.first} by {by}{_price(comparison, pair, apart.value)}."
    return Sentence(text, f"95 % interval {wording.ends(measure.kind, apart)}, {wording.chance(apart)}")


def _price(comparison: Comparison, pair: Pair, gain: float) -> str:
    dollars = dollars_apart(comparison, pair)
    if dollars is None:
        return ""
    if dollars <= 0:
        return f", for {wording.dollars(-dollars)} less" if dollars < 0 else ", at the same cost"
    point = f": {wording.dollars(dollars / (100 * gain))} a point" if gain > 0 else ""
    return f", for {wording.dollars(dollars)} more{point}"


def _not_shown(comparison: Comparison, pair: Pair, apart: Difference) -> Sentence:
    measure = comparison.measure
    text = f"{pair.second} and {pair.first}: no difference in {measure.name} that {comparison.rows:,} rows can show"
    dollars = dollars_apart(comparison, pair)
    text += f", for {wording.dollars(dollars)} more." if dollars and dollars > 0 else "."
    seen = f"{wording.change(measure.kind, apart.value)}, 95 % interval {wording.ends(measure.kind, apart)}"
    seen += " points" * (measure.kind == "share")
    return Sentence(text, f"{seen}, {wording.chance(apart)}{_rows_needed(comparison, apart)}")


def _rows_needed(comparison: Comparison, apart: Difference) -> str:
    """What it would take to show the difference seen, and what these rows can show."""
    kind, said = comparison.measure.kind, ""
    if apart.value and (apart.rows_needed or 0) <= comparison.rows:
        return "; too few rows bear on it for the test to be sure"
    if apart.value:
        said += f"; {apart.rows_needed:,} rows would be needed to show {wording.size(kind, apart.value)}"
    if apart.detectable:
        said += f"; these show {wording.size(kind, apart.detectable)} four times in five"
    return said


def _only_the_grader(comparison: Comparison, pair: Pair) -> Iterator[Sentence]:
    """A reward that rises while nothing else does was perhaps earned by learning the grader."""
    trained = f"reward by {comparison.graders[0]}"
    others = [comparison.headline, "accuracy", *(f"reward by {name}" for name in comparison.graders[1:])]
    if _gains(pair, trained) and not any(_gains(pair, name) for name in others):
        gain = wording.size("reward", pair.differences[trained].value or 0.0)
        yield Sentence(
            f"The training grader pays {pair.second} {gain} more than {pair.first}, and nothing else bears it out: it "
            "may have learned the grader instead of the task; read the rows where they differ."
        )


def _gains(pair: Pair, measure: str) -> bool:
    apart = pair.differences[measure]
    return apart.shown and (apart.value or 0.0) > 0


def _rigid(comparison: Comparison, model: Model) -> Iterator[Sentence]:
    base = comparison.models[0]
    own, before = model.diversity, base.diversity
    if own.commonest_share >= CONSTANT > before.commonest_share:
        answer, share = own.commonest[:60], wording.share(own.commonest_share)
        yield Sentence(f"{model.name} answers nearly always the same: {answer!r} in {share} of its outputs.")
    if before.words >= WORDS and _stiffer(own.distinct_2, before.distinct_2, 1 / model.seeds):
        yield Sentence(
            f"{model.name} has gone rigid in its words: its seeds say nearly the same.",
            f"{wording.share(own.distinct_2)} of the word pairs to a prompt are different ones, "
            f"{wording.share(before.distinct_2)} of {base.name}'s",
        )
    gains = _gains(comparison.pair(base.name, model.name), comparison.headline)
    if _stiffer(own.entropy, before.entropy, 0) and not gains:
        yield Sentence(
            f"{model.name} hardly varies its answer from seed to seed and isn't the better for it: more training by "
            "reward has little to choose from.",
            f"{wording.plain(own.entropy)} bits, {base.name} {wording.plain(before.entropy)}",
        )


def _stiffer(own: float | None, before: float | None, least: float) -> bool:
    """Whether less than a share of the variety is left that was there, beyond the least there can be."""
    return own is not None and before is not None and before > least and own - least < RIGID * (before - least)


def _kept(elsewhere: Comparison, pair: Pair) -> Sentence:
    measure = elsewhere.measure
    apart = pair.differences[measure.name]
    where = f"Out of the domain {pair.second}"
    if apart.value is None:
        return Sentence(f"{where} and {pair.first} can't be compared: one of them has no {measure.name}.")
    change = f"{elsewhere.rows:,} rows, {wording.change(measure.kind, apart.value)}"
    numbers = f"{change}, 95 % interval {wording.ends(measure.kind, apart)}, {wording.chance(apart)}"
    if apart.shown:
        verb = "has forgotten" if apart.value < 0 else "has gained"
        return Sentence(f"{where} {verb}: {wording.size(measure.kind, apart.value)} of {measure.name}.", numbers)
    lost = f"{where} shows no loss against {pair.first} that {elsewhere.rows:,} rows can tell from chance."
    return Sentence(lost, numbers + _rows_needed(elsewhere, apart))


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
        rows = f"{rare} rows are" if rare > 1 else "1 row is"
        yield f"Only {rows} {comparison.rare}: what is said of them is little more than a hint."


def _graders(comparison: Comparison) -> Iterator[str]:
    if len(comparison.graders) == 1 and not comparison.classes:
        yield "Nothing but the grader that was trained on has judged: name another with --held-out."
    for model in comparison.models:
        for grader, count in model.ungraded.items():
            if count:
                of = f"{count:,} of {model.outputs:,} outputs of {model.name}"
                yield f"{of} have no score by {grader}, and don't count there."
