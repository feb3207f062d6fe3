"""Models of a known quality against each other: what is measured, what is refused, and what the verdict says."""

from typing import Any

import pytest

from fairmark_client.compare.comparison import compare
from fairmark_client.compare.labels import reader
from fairmark_client.compare.results import Comparison, Cost, Difference
from fairmark_client.compare.verdict import dollars_per_point, notes, verdict
from fairmark_client.data.prepared import Row, item
from fairmark_client.errors import DataError
from fairmark_client.outputs.grading import InProcess
from fairmark_client.outputs.output import Decoding, Output
from fairmark_graders import AnyGrader, parse_grader

from .models import held_out, outputs

EXACT = parse_grader(
    {
        "type": "string_check",
        "name": "exact",
        "operation": "eq",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.reference_answer }}",
    }
)
CONTAINS = parse_grader({**EXACT.model_dump(mode="json", exclude_unset=True), "name": "contains", "operation": "like"})
CLASSES = parse_grader(
    {
        "type": "classification",
        "name": "classes",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.label }}",
        "labels": ["normal", "anomaly"],
        "synonyms": {"anomaly": ["attack"]},
        "abstain": {"label": "unsure"},
    }
)


def compared(
    rows: list[Row],
    said: dict[str, list[Output]],
    *graders: AnyGrader,
    label: str | None = "label",
    rare: str | None = None,
    **options: Any,
) -> Comparison:
    graders = graders or (CONTAINS,)
    places = list(enumerate(rows))
    here = [InProcess(grader, f"{grader.name}@{grader.version}") for grader in graders]
    return compare(places, said, here, reader(graders, places, label, rare), **options)


@pytest.mark.parametrize("weight", ["1", None, -1, 0, float("inf"), float("nan"), True])
def test_a_weight_that_is_none_is_named(weight: Any) -> None:
    rows = [*held_out(4), {**held_out(5)[4], "weight": weight}]
    said = {name: outputs(rows, name, 1) for name in ("base", "rft")}
    with pytest.raises(DataError, match="row 4: weight: expected a number above 0, got "):
        compared(rows, said)


def saying(rows: list[Row], *texts: str, **fields: Any) -> list[Output]:
    """An output for each row."""
    return [
        Output(sample=text, item=item(row), row=i, **fields)
        for i, (row, text) in enumerate(zip(rows, texts, strict=True))
    ]


def row(label: str, **fields: Any) -> Row:
    return {"prompt": [{"role": "user", "content": "?"}], "reference_answer": label, "label": label, **fields}


def change(comparison: Comparison, measure: str, first: str = "base", second: str = "rft") -> Difference:
    return comparison.pair(first, second).differences[measure]


def said(comparison: Comparison) -> str:
    return "\n".join(map(str, verdict(comparison)))


ROWS = held_out(120, 5)


@pytest.fixture(scope="module")
def three() -> Comparison:
    cost = {"sft": Cost(dollars=3.1, hours=0.2), "rft": Cost(dollars=41.0, hours=0.5)}
    return compared(ROWS, {name: outputs(ROWS, name) for name in ("base", "sft", "rft")}, rare="anomaly", cost=cost)


def test_the_better_model_is_named_with_its_price(three: Comparison) -> None:
    gain = change(three, "F1 of anomaly", "sft", "rft")
    assert gain.value is not None
    assert gain.low is not None
    assert gain.high is not None
    first = str(verdict(three)[0])
    assert first == (
        f"rft beats sft by {100 * gain.value:.1f} points of F1 of anomaly, for $37.90 more: "
        f"${37.9 / (100 * gain.value):.2f} a point (95 % interval {100 * gain.low:.1f} to {100 * gain.high:.1f}, "
        f"p {'< 0.001' if (gain.p_adjusted or 0) < 0.001 else f'= {gain.p_adjusted:.2g}'})."
    )


def test_a_point_gained_costs_the_dollars_by_the_points_over_the_untrained_model(three: Comparison) -> None:
    gain = change(three, "F1 of anomaly").value
    assert gain
    assert dollars_per_point(three, three.model("rft")) == pytest.approx(41 / (100 * gain))
    assert dollars_per_point(three, three.model("base")) is None


def test_a_confusion_matrix_holds_every_output(three: Comparison) -> None:
    cells = three.model("base").confusion
    assert sum(sum(found.values()) for found in cells.values()) == 360
    assert cells["anomaly"].keys() == {"normal", "anomaly", "(none)"}
    assert cells["anomaly"]["anomaly"] / 72 == pytest.approx(three.model("base").measures["recall of anomaly"].value)


def test_a_seed_decides_every_number(three: Comparison) -> None:
    again = compared(ROWS, {name: outputs(ROWS, name) for name in ("base", "sft", "rft")}, rare="anomaly")
    assert [model.measures for model in again.models] == [model.measures for model in three.models]
    assert again.pairs == three.pairs


def test_the_json_is_the_whole_comparison_without_the_outputs(three: Comparison) -> None:
    read = Comparison.model_validate_json(three.model_dump_json())
    assert read == three.model_copy(update={"answers": []})


def test_models_that_say_the_same_do_not_differ_and_nothing_is_certain() -> None:
    own = outputs(ROWS, "sft")
    twins = compared(ROWS, {"base": own, "rft": own})
    found = change(twins, "accuracy")
    assert (found.value, found.p, found.shown) == (0, 1, False)
    assert found.low == pytest.approx(0.025 ** (1 / 120) - 1)
    assert "no difference in accuracy that 120 rows can show" in said(twins)


def test_how_often_twins_may_differ_on_few_rows_is_bounded_by_those_rows() -> None:
    # All 4 anomalies are found by both: 4 rows leave a recall of 0.025 ** (1 / 4) and a difference of the rest.
    rows = held_out(40, 10)
    own = saying(rows, *(row["label"] for row in rows))
    twins = compared(rows, {"base": own, "rft": own}, rare="anomaly")
    recall = twins.model("rft").measures["recall of anomaly"]
    assert (recall.low, recall.high) == pytest.approx((0.025 ** (1 / 4), 1))
    assert change(twins, "recall of anomaly").low == pytest.approx(0.025 ** (1 / 4) - 1)
    assert twins.model("rft").measures["reward by contains"].low == pytest.approx(0.025 ** (1 / 40))


def test_a_difference_too_small_for_the_rows_says_how_many_it_would_take() -> None:
    rows = held_out(30, 5)
    small = compared(rows, {name: outputs(rows, name, seeds=1) for name in ("sft", "rft")})
    found = change(small, "accuracy", "sft", "rft")
    assert found.test == "McNemar"
    assert found.rows_needed
    assert "no difference in accuracy that 30 rows can show (" in said(small)
    assert f"{found.rows_needed:,} rows would be needed to show {100 * abs(found.value or 0):.1f} points" in said(small)


def test_several_seeds_are_not_several_rows() -> None:
    rows = held_out(40, 4)
    one = {name: outputs(rows, name, seeds=1) for name in ("base", "rft")}
    copied = {name: [o.model_copy(update={"seed": s}) for o in own for s in range(5)] for name, own in one.items()}
    single, five = (change(compared(rows, own), "accuracy") for own in (one, copied))
    assert five.test == "swap"
    assert (five.value, five.low, five.high) == pytest.approx((single.value, single.low, single.high))
    assert five.p == pytest.approx(single.p, abs=0.01)


def test_weights_give_the_shares_of_the_natural_distribution() -> None:
    # 2 anomalies of 4 rows stand for 1 in 10: one of them and one normal row are right.
    rows = [
        row("anomaly", weight=0.2),
        row("anomaly", weight=0.2),
        row("normal", weight=1.8),
        row("normal", weight=1.8),
    ]
    told = saying(rows, "anomaly", "normal", "normal", "anomaly")
    model = compared(rows, {"base": told, "rft": told}, rare="anomaly").model("rft")
    assert model.measures["recall of anomaly"].value == pytest.approx(0.5)
    assert model.measures["precision of anomaly"].value == pytest.approx(0.2 / 2.0)
    assert model.measures["accuracy"].value == pytest.approx(0.5)


def test_the_graders_own_reading_of_a_label_counts() -> None:
    rows = [row("anomaly"), row("anomaly"), row("normal"), row("normal")]
    told = saying(rows, "an attack", "unsure", "normal or attack", "normal")
    model = compared(rows, {"base": told, "rft": told}, CLASSES, rare="anomaly").model("rft")
    assert model.confusion["anomaly"] == {"normal": 0, "anomaly": 1, "(abstained)": 1, "(several)": 0}
    assert model.measures["without a label"].value == 0.5


def test_labels_that_are_numbers_are_read_in_the_text() -> None:
    rows = [row("x") | {"label": value} for value in (0, 1, 1)]
    told = saying(rows, "Label: 0", "Label: 1", "Label: 0")
    assert compared(rows, {"base": told, "rft": told}, rare="1").model("rft").measures["recall of 1"].value == 0.5


def test_where_answers_are_no_classes_right_is_full_marks_by_a_grader_that_was_not_trained_on() -> None:
    rows = [row("42"), row("43")]
    told = saying(rows, "it is 42", "43")
    found = compared(rows, {"base": told, "rft": told}, CONTAINS, EXACT, label=None)
    assert found.model("rft").measures["accuracy"].value == 0.5
    assert found.labels_read == "right is full marks by exact"
    alone = compared(rows, {"base": told, "rft": told}, CONTAINS, label=None)
    assert notes(alone)[-1] == "Nothing but the grader that was trained on has judged: name another with --held-out."


def test_a_large_gain_on_four_rows_is_neither_shown_nor_held_against_the_grader() -> None:
    rows = held_out(40, 10)
    told = {"base": saying(rows, *(["normal"] * 40)), "rft": saying(rows, *(row["label"] for row in rows))}
    found = compared(rows, told, rare="anomaly")
    assert change(found, "F1 of anomaly").value == 1
    assert "no difference in F1 of anomaly that 40 rows can show" in said(found)
    assert "too few rows bear on it for the test to be sure" in said(found)
    assert "the training grader" not in said(found).lower()
    assert "Only 4 rows are anomaly: what is said of them is little more than a hint." in notes(found)


def test_a_reward_that_rises_alone_is_said_to_be_the_graders() -> None:
    rows = [row("anomaly" if place % 2 else "normal") for place in range(60)]
    honest = saying(rows, *(["I say normal", "I say normal"] * 30))
    hacked = saying(rows, *(["normal anomaly", "anomaly normal"] * 30))
    found = compared(rows, {"base": honest, "rft": hacked}, CONTAINS)
    assert "pays rft 0.500 more than base, and nothing else bears it out" in said(found)


def test_a_model_that_says_one_thing_has_gone_rigid() -> None:
    rows = held_out(60, 2)
    stiff = [o.model_copy(update={"sample": "Label: normal"}) for o in outputs(rows, "base")]
    found = compared(rows, {"base": outputs(rows, "base"), "rft": stiff})
    diversity = found.model("rft").diversity
    assert (diversity.entropy, diversity.distinct_answers, diversity.agreeing) == (0, 1, 1)
    assert diversity.distinct_1 == pytest.approx(1 / 3)
    assert "rft answers nearly always the same: 'normal' in 100.0 % of its outputs" in said(found)
    assert "rft has gone rigid in its words" in said(found)


def test_entropy_is_in_bits_over_the_seeds_of_a_prompt() -> None:
    rows = [row("normal"), row("anomaly")]
    told = [
        Output(sample=text, item=item(rows[place]), row=place, seed=seed)
        for place, texts in enumerate([["normal", "anomaly"], ["anomaly", "anomaly"]])
        for seed, text in enumerate(texts)
    ]
    diversity = compared(rows, {"base": told, "rft": told}).model("rft").diversity
    assert (diversity.entropy, diversity.distinct_answers, diversity.agreeing) == (0.5, 1.5, 0.5)


def test_other_settings_of_sampling_are_flagged() -> None:
    rows = held_out(12, 2)
    found = compared(
        rows,
        {
            "base": outputs(rows, "base", decoding=Decoding(temperature=0.2)),
            "sft": outputs(rows, "sft"),
            "rft": outputs(rows, "rft", seeds=2, decoding=None),
        },
    )
    flagged = "\n".join(notes(found))
    assert "How rft was sampled isn't recorded" in flagged
    assert "base: temperature 0.2, top-p 1, at most 1,024 tokens; sft: temperature 1, top-p 1" in flagged
    assert "different numbers of seeds: base 3, sft 3, rft 2." in flagged


def test_what_has_no_score_is_counted_and_left_out_of_the_mean() -> None:
    rows = [row("normal"), {**row("normal"), "reference_answer": None}]
    told = saying(rows, "normal", "normal")
    found = compared(rows, {"base": told, "rft": told}, CONTAINS, label=None)
    assert found.model("rft").measures["reward by contains"].value == 1
    assert "1 of 2 outputs of rft have no score by contains, and don't count there." in notes(found)


def refused(rows: list[Row], told: dict[str, list[Output]], **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        compared(rows, told, **options)
    return str(caught.value)


def test_outputs_of_other_rows_are_refused_with_their_number() -> None:
    rows = [row("normal"), row("anomaly"), row("normal")]
    others = [row("normal"), row("normal"), row("normal")]
    told = saying(rows, "a", "b", "c")
    assert (
        refused(rows, {"base": told, "rft": saying(others, "a", "b", "c")})
        == "rft: 1 of 3 outputs answer other rows than these: row 1"
    )


def test_missing_rows_are_refused_with_their_number() -> None:
    rows = [row("normal"), row("anomaly"), row("normal")]
    told = saying(rows, "a", "b", "c")
    assert refused(rows, {"base": told, "rft": told[:1]}) == "rft: 2 of 3 rows have no output: rows 1, 2"


def test_a_row_answered_twice_under_a_seed_is_refused() -> None:
    rows = [row("normal"), row("anomaly")]
    told = saying(rows, "a", "b")
    assert refused(rows, {"base": told, "rft": [*told, told[0]]}) == "rft: row 0 has several outputs under seed 0"


@pytest.mark.parametrize(
    ("labels", "options", "problem"),
    [
        (["a", "a"], {}, "label: expected 2 to 20 different labels, got 1"),
        (["a", None], {}, "row 1: label: expected a label, got null"),
        (["a", "b"], {"rare": "c", "label": None}, "rare: expected one of the labels (there are none), got 'c'"),
        (["a", "A"], {}, "label: 'a' reads like another label, 'A'"),
    ],
)
def test_labels_that_cannot_be_classes_are_refused(labels: list[Any], options: dict[str, Any], problem: str) -> None:
    rows = [row("x") | {"label": label} for label in labels]
    told = saying(rows, "a", "b")
    assert refused(rows, {"base": told, "rft": told}, **options).startswith(problem)


def test_one_model_is_no_comparison() -> None:
    rows = [row("a"), row("b")]
    assert refused(rows, {"base": saying(rows, "a", "b")}) == "expected at least two models to compare, got 1"
