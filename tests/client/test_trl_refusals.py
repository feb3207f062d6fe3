"""What a job of the provider `trl` is refused for before anything starts, and the order of its rows."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.client import trl_jobs
from tests.client.cli import fairmark
from tests.client.trl_jobs import OFFLINE, job, prepared, rows

from fairmark_client.data.prepared import Prepared
from fairmark_client.errors import JobRefused
from fairmark_client.jobs.job import Spec
from fairmark_client.jobs.trl import Trl
from fairmark_client.jobs.trl.rows import order, weights


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("prepared") / "data", rows(6), rows(4))


def spec(data: Path, method: str = "rft", **rest: Any) -> Spec:
    return job(data / "model", data, data / "job", method, **rest).spec


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"options": {"lorra": True}}, "options: trl jobs have no 'lorra'; did you mean lora?"),
        ({"options": {"suffix": "x"}}, "options: trl jobs have no 'suffix'; expected one of folder, key_env, lora, "),
        (
            {"options": {"lora": {"rank": 4}}},
            "options.lora: trl jobs have no 'rank'; expected one of alpha, dropout, r",
        ),
        ({"options": {"lora": 4}}, "options.lora: expected true, or an object with alpha, dropout, r, targets, got 4"),
        ({"options": {"lora": {"r": 0}}}, "options.lora.r: expected a whole number above 0, got 0"),
        ({"options": {"lora": {"alpha": "16"}}}, "options.lora.alpha: expected a number above 0, got '16'"),
        ({"options": {"lora": {"dropout": 1}}}, "options.lora.dropout: expected a share below 1, got 1"),
        ({"options": {"lora": {"targets": []}}}, "options.lora.targets: expected names of layers, or all-linear, got"),
        ({"options": {"pause_seconds": 0}}, "options.pause_seconds: expected seconds above 0, got 0"),
        ({"grader": None}, "grader: rft needs one, a name or a configuration"),
        ({"grader": {"type": "string_chek"}}, "grader: type: "),
    ],
)
def test_a_field_that_can_not_work_is_named(data: Path, wanted: dict[str, Any], refusal: str) -> None:
    with pytest.raises(JobRefused) as refused:
        Trl().check(spec(data, **wanted))
    assert str(refused.value).startswith(refusal)


def test_a_folder_that_was_not_prepared_is_refused(data: Path, tmp_path: Path) -> None:
    elsewhere = spec(data).model_copy(update={"data": str(tmp_path)})
    with pytest.raises(JobRefused, match=f"data: {tmp_path}/manifest.json: .*expected a folder made by"):
        Trl().check(elsewhere)


def test_sft_has_no_grader(data: Path) -> None:
    with pytest.raises(JobRefused, match="grader: sft trains without one"):
        Trl().check(spec(data, "sft", grader="exact"))


@pytest.mark.parametrize(
    ("method", "settings", "refusal"),
    [
        (
            "rft",
            {"num_generation": 4},
            "hyperparameters.num_generation: GRPOConfig of TRL has no such name; did you mean",
        ),
        ("sft", {"num_generations": 4}, "hyperparameters.num_generations: SFTConfig of TRL has no such name; "),
        ("rft", {"max_steps": "many"}, "hyperparameters.max_steps: Input should be a valid integer"),
        ("rft", {"output_dir": "x"}, "hyperparameters.output_dir: the job has a folder of its own (option folder)"),
        (
            "rft",
            {"per_device_train_batch_size": 6, "num_generations": 4},
            "hyperparameters: generation_batch_size (6) must be divisible by num_generations (4).",
        ),
        ("rft", {"num_generations": 1}, "hyperparameters: GRPO requires at least 2 generations per prompt"),
        (
            "rft",
            {"per_device_train_batch_size": 32, "num_generations": 4},
            "hyperparameters: one generation takes 8 prompts (generation_batch_size 32 / num_generations 4), and the "
            "whole run has 6: no step would be made",
        ),
    ],
)
def test_a_hyperparameter_that_can_not_work_is_named(
    data: Path, method: str, settings: dict[str, Any], refusal: str
) -> None:
    from fairmark_client.jobs.trl.configured import configured

    with pytest.raises(JobRefused) as refused:
        configured(spec(data, method, hyperparameters=settings), data, 6, 4)
    assert str(refused.value).startswith(refusal)


@pytest.mark.parametrize("settings", [{}, {"num_generations": 6}, {"num_generations_eval": 3}, {"eval_strategy": "no"}])
def test_what_is_left_out_fits_what_is_given(data: Path, settings: dict[str, Any]) -> None:
    from fairmark_client.jobs.trl.configured import configured

    config = configured(spec(data, hyperparameters=settings), data, 6, 4)
    assert {name: getattr(config, name) for name in settings} == settings
    assert config.generation_batch_size % config.num_generations == 0


def test_a_text_is_what_it_says(data: Path) -> None:
    from fairmark_client.jobs.trl.configured import configured

    settings = {
        "max_steps": "5",
        "learning_rate": "1e-5",
        "log_completions": "True",
        "mask_truncated_completions": "False",
    }
    config = configured(spec(data, hyperparameters=settings | {"save_steps": 4}), data, 6, 4)
    found = [getattr(config, name) for name in settings]
    assert found == [5, 1e-5, True, False]
    assert [type(value) for value in found] == [int, float, bool, bool]
    assert type(config.save_steps) is int


def test_epochs_are_laid_out_in_the_rows(data: Path) -> None:
    from fairmark_client.jobs.trl.configured import configured, lay_out

    config = configured(spec(data, "sft", hyperparameters={"num_train_epochs": 2.5}), data, 6, 4)
    assert lay_out(config, 6) == 15
    assert config.num_train_epochs == 1


def test_a_model_whose_tokenizer_can_not_chat_is_refused(data: Path, tmp_path: Path) -> None:
    from fairmark_client.jobs.trl.check import check

    model = trl_jobs.chatty_model(tmp_path / "model")
    wanted = spec(data).model_copy(update={"model": str(model)})
    check(wanted)
    (model / "chat_template.jinja").unlink()
    with pytest.raises(JobRefused, match=f"model: the tokenizer of {model} has no chat template"):
        check(wanted)


def test_a_folder_that_holds_no_model_is_refused(data: Path, tmp_path: Path) -> None:
    from fairmark_client.jobs.trl.check import check

    with pytest.raises(JobRefused, match=f"model: {tmp_path} can't be loaded: "):
        check(spec(data).model_copy(update={"model": str(tmp_path)}))


@pytest.mark.slow
def test_unsloth_is_refused_where_there_is_no_gpu(data: Path, tmp_path: Path) -> None:
    words = ["create", data, "--provider", "trl", "--method", "sft", "--model", "some/model", "--unsloth"]
    ledger = {"FAIRMARK_LEDGER": str(tmp_path / "jobs.sqlite"), "XDG_STATE_HOME": str(tmp_path)}
    # No GPU is seen, also where there is one.
    created = fairmark("jobs", *words, **OFFLINE, **ledger, CUDA_VISIBLE_DEVICES="")
    assert created.returncode == 2
    assert "options.unsloth: an NVIDIA GPU that torch can use and the package unsloth is missing" in " ".join(
        created.stderr.split()
    )
    assert not (tmp_path / "fairmark").exists()
    assert fairmark("jobs", "list", "--json", **ledger).stdout.strip() == "[]"


def test_without_weights_each_pass_has_every_row_once_in_an_order_of_its_own() -> None:
    places = order(5, None, 12, seed=0)
    assert sorted(places[:5]) == sorted(places[5:10]) == [0, 1, 2, 3, 4]
    assert places[:5] != places[5:10]
    assert len(places) == 12
    assert places == order(5, None, 12, seed=0)
    assert places != order(5, None, 12, seed=1)


def test_weights_are_those_of_the_training_side_for_sft_too(tmp_path: Path) -> None:
    weighed = [row | {"weight": weight} for row, weight in zip(rows(3), (3, 1, 1), strict=True)]
    assert weights(Prepared.open(prepared(tmp_path / "data", weighed, rows(2)))) == [3, 1, 1]


def test_rows_are_drawn_as_often_as_they_weigh() -> None:
    drawn = Counter(order(5, [4, 1, 1, 1, 1], 5 * 400, seed=0))
    # Of each pass of five draws the first row has 4/8, which is two and a half; every other row 5/8.
    assert drawn[0] == pytest.approx(1_000, abs=25)
    assert [drawn[place] for place in range(1, 5)] == pytest.approx([250] * 4, abs=50)
    first = Counter(order(5, [4, 1, 1, 1, 1], 5, seed=0))
    assert first[0] in (2, 3)
