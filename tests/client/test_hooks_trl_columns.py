"""How a data set's columns become items."""

import datetime
from typing import Any

import numpy as np
import pytest

from fairmark_client import AmbiguousColumn
from fairmark_client.hooks import columns


def item(mapping: dict[str, str] | None = None, **row: Any) -> dict[str, Any]:
    return columns.rows(["?"], ["!"], None, {name: [value] for name, value in row.items()}, mapping)[0]["item"]


@pytest.mark.parametrize(
    "name",
    ["solution", "answer", "ground_truth", "label", "labels", "target", "gold", "expected_answer", "reference_answer"],
)
def test_a_usual_name_is_the_reference(name: str) -> None:
    assert item(None, **{name: "4"})["reference_answer"] == "4"


def test_the_reference_may_stand_inside_a_column() -> None:
    assert item(reward_model={"ground_truth": "4", "style": "rule"})["reference_answer"] == "4"


def test_two_usual_names_are_an_error_that_names_both_and_the_way_out() -> None:
    with pytest.raises(AmbiguousColumn) as error:
        item(solution="4", answer="2 + 2 = 4")
    for word in ("'solution'", "'answer'", "FAIRMARK_REFERENCE=", "columns="):
        assert word in str(error.value)


def test_a_column_that_has_the_items_own_name_is_no_guess() -> None:
    assert item(reference_answer="4", answer="2 + 2 = 4")["reference_answer"] == "4"


def test_a_mapping_wins_over_the_usual_names() -> None:
    row = item({"reference_answer": "answer"}, solution="wrong", answer="4")
    assert row["reference_answer"] == "4"


def test_an_empty_mapping_maps_nothing() -> None:
    assert "reference_answer" not in item({}, solution="4", answer="5")


def test_a_mapped_column_that_is_missing_is_named_with_those_there_are() -> None:
    with pytest.raises(AmbiguousColumn, match="'soluton'.* solution"):
        item({"reference_answer": "soluton"}, solution="4")


def test_without_a_usual_name_the_item_goes_as_it_is() -> None:
    assert item(tests=["a"], level=3) == {"tests": ["a"], "level": 3, "prompt": "?"}


def test_a_row_without_the_mapped_field_goes_without_a_reference() -> None:
    batch = {"reward_model": [{"ground_truth": "4"}, None]}
    first, second = columns.rows(["?", "?"], ["4", "4"], None, batch, None)
    assert first["item"]["reference_answer"] == "4"
    assert "reference_answer" not in second["item"]


class Picture:
    """Stands for an image: something JSON has no word for."""


@pytest.mark.parametrize("value", [Picture(), float("nan"), print, b"bytes", datetime.date(2026, 1, 1), [1, Picture()]])
def test_what_json_cannot_carry_is_dropped(value: Any) -> None:
    assert item(solution="4", extra=value) == {"solution": "4", "prompt": "?", "reference_answer": "4"}


def test_what_json_cannot_carry_leaves_the_rest_of_a_mapping() -> None:
    assert item(extra={"image": Picture(), "caption": "a cat"})["extra"] == {"caption": "a cat"}


def test_a_tensor_is_dropped() -> None:
    torch = pytest.importorskip("torch")
    assert item(extra=torch.zeros(2)) == {"prompt": "?"}


@pytest.mark.parametrize(
    ("value", "plain"), [(np.int64(4), 4), (np.float32(0.5), 0.5), (np.array([1, 2]), [1, 2]), (np.bool_(True), True)]
)
def test_numbers_of_numpy_are_numbers(value: Any, plain: Any) -> None:
    assert item(extra=value)["extra"] == plain


def test_what_the_trainer_adds_is_no_column() -> None:
    added = {"trainer_state": object(), "log_extra": print, "log_metric": print, "environments": [object()]}
    assert columns.rows(["?"], ["!"], None, added, None)[0]["item"] == {"prompt": "?"}


def test_a_conversation_is_the_items_messages() -> None:
    prompt = [{"role": "user", "content": "2 + 2?"}]
    row = columns.rows([prompt], ["4"], None, {}, None)[0]
    assert row["item"] == {"messages": prompt}


def group(prompt: Any, **row: Any) -> str:
    return columns.rows([prompt], ["!"], None, {name: [value] for name, value in row.items()}, None)[0]["group"]


def test_a_group_is_the_same_for_the_same_prompt_and_no_other() -> None:
    prompt = [{"role": "user", "content": "2 + 2?"}]
    assert group(prompt) == group([dict(reversed(prompt[0].items()))])
    assert group(prompt) != group("2 + 2?")


def test_a_group_is_the_same_for_another_copy_of_what_json_cannot_carry() -> None:
    prompts = [[{"role": "user", "content": [Picture()]}, Picture()] for _ in range(2)]
    assert group(prompts[0]) == group(prompts[1])


def test_prompts_of_the_same_text_are_told_apart_by_their_reference() -> None:
    prompts = [[{"role": "user", "content": [{"type": "image", "image": Picture()}]}] for _ in range(2)]
    assert group(prompts[0], solution="cat") != group(prompts[1], solution="dog")
    assert group(prompts[0], solution="cat", seconds=1) == group(prompts[1], solution="cat", seconds=2)


@pytest.mark.parametrize(
    ("completion", "got"),
    [
        (None, "None"),
        (4, "int"),
        (b"4", "bytes"),
        ({"role": "assistant", "content": "4"}, "dict"),
        (["4"], "a list of str"),
        ([{"role": "assistant", "content": "4"}, 4], "a list of int"),
        (Picture(), "Picture"),
    ],
)
def test_a_completion_of_another_shape_is_an_error_that_names_it(completion: Any, got: str) -> None:
    with pytest.raises(ValueError, match=rf"^completions\[1\]: expected a text or a list of messages, got {got}$"):
        columns.rows(["?", "?"], ["4", completion], None, {}, None)


def test_a_completion_that_json_cannot_carry_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"^completions\[0\]: content: expected what JSON can carry"):
        columns.rows(["?"], [[{"role": "assistant", "content": [Picture()]}]], None, {}, None)


@pytest.mark.parametrize(
    ("completions", "ids", "named"), [(["4"], None, "completions"), (["4"] * 2, [[7]], "completion_ids")]
)
def test_a_batch_of_another_length_is_named(completions: list[str], ids: list[list[int]] | None, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}: expected 2, one for each prompt, got 1$"):
        columns.rows(["?", "?"], completions, ids, {}, None)


def test_a_whole_array_of_numpy_is_a_column() -> None:
    rows = columns.rows(["?", "?"], ["4", "5"], None, {"solution": np.array([4, 5])}, None)
    assert [row["item"]["reference_answer"] for row in rows] == [4, 5]


@pytest.mark.parametrize("empty", ["answer", "reference_answer"])
def test_a_column_that_is_all_null_is_no_reference(empty: str) -> None:
    assert item(None, solution="4", **{empty: None})["reference_answer"] == "4"


def test_a_grader_that_names_its_own_fields_needs_no_choice_among_columns() -> None:
    with pytest.raises(AmbiguousColumn, match=r"or columns=\{\} when the grader names its own fields"):
        item(solution="4", answer="5")
