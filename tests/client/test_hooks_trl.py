"""The reward functions as TRL uses them, against a running service."""

import asyncio
import inspect
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.running import Running

from fairmark_client import Refused
from fairmark_client.hooks import trl
from fairmark_client.hooks.reward import Reward, Settings
from fairmark_client.hooks.trl import reward_func, reward_func_async

SUMS = {"prompts": ["1 + 1?", "1 + 1?", "2 + 2?"], "completions": ["2", "3", "4"], "solution": ["2", "2", "4"]}
STRICT = {
    "type": "string_check",
    "name": "strict",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.solution }}",
    "operation": "eq",
}


@pytest.fixture(autouse=True)
def _url(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_URL", service.url)


@pytest.fixture(autouse=True)
def _fresh_functions() -> Iterator[None]:
    """Functions read the environment once in a process; each test has its own."""
    yield
    for name in [name for name in vars(trl) if name.startswith(("exact", "similarity", "reward_func_eyJ"))]:
        delattr(trl, name)


def test_rewards_come_in_order_and_as_many_as_completions() -> None:
    assert trl.exact(**SUMS) == [1.0, 0.0, 1.0]


def test_an_async_function_gives_the_same_rewards() -> None:
    assert asyncio.run(trl.exact_async(**SUMS)) == [1.0, 0.0, 1.0]


def test_trl_sees_which_functions_are_async() -> None:
    functions = [
        trl.exact,
        trl.exact_async,
        trl.reward,
        trl.reward_async,
        reward_func("exact"),
        reward_func_async("exact"),
    ]
    assert [inspect.iscoroutinefunction(function) for function in functions] == [False, True] * 3


def test_a_missing_reference_is_none_and_not_zero() -> None:
    assert trl.exact(**{**SUMS, "solution": ["2", None, "4"]}) == [1.0, None, 1.0]


def test_conversations_are_graded_by_their_last_answer() -> None:
    prompts = [[{"role": "user", "content": "2 + 2?"}]] * 2
    call = {"type": "function", "function": {"name": "add", "arguments": {"a": 2, "b": 2}}}
    completions = [
        [{"role": "assistant", "content": "4"}],
        [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "name": "add", "content": "4"},
            {"role": "assistant", "content": "It is 4"},
        ],
    ]
    assert trl.exact(prompts=prompts, completions=completions, solution=["4", "4"]) == [1.0, 0.0]


def test_tool_calls_reach_the_grader() -> None:
    called = {**STRICT, "input": "{{ sample.output_tools[0].function.name }}", "reference": "add"}
    completion = [
        {"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "add", "arguments": {}}}]}
    ]
    assert reward_func(called)(prompts=["2 + 2?"], completions=[completion]) == [1.0]


def test_the_number_of_tokens_reaches_the_grader_and_the_ids_do_not() -> None:
    counted = {**STRICT, "input": "{{ sample.completion_tokens }} {{ item.completion_ids }}", "reference": "3 "}
    rewards = reward_func(counted)(prompts=["a"], completions=["b"], completion_ids=[[7, 8, 9]])
    assert rewards == [None]  # item.completion_ids is missing, which is no fault of the model
    counted["input"] = "{{ sample.completion_tokens }}"
    counted["reference"] = "3"
    assert reward_func(counted)(prompts=["a"], completions=["b"], completion_ids=[[7, 8, 9]]) == [1.0]


def test_a_grader_column_sends_each_row_to_its_grader() -> None:
    graders = ["exact", STRICT | {"operation": "ne"}, None, json.dumps(STRICT)]
    rewards = trl.similarity(
        prompts=["?"] * 4, completions=["cat"] * 4, solution=["cat", "cat", "cap", "cat"], grader=graders
    )
    assert rewards[:2] == [1.0, 0.0]
    assert 0 < rewards[2] < 1
    assert rewards[3] == 1.0


def test_a_grader_column_of_a_data_set_may_hold_nulls_that_a_configuration_has_not() -> None:
    padded = {**STRICT, "evaluation_metric": None}
    assert trl.exact(prompts=["?"], completions=["4"], solution=["4"], grader=[padded]) == [1.0]


def test_the_environment_names_the_grader_of_reward() -> None:
    program = f"from fairmark_client.hooks.trl import reward; print(reward(**{SUMS!r}))"
    assert run(program) == "[1.0, 0.0, 1.0]"
    assert run(program, FAIRMARK_GRADER=json.dumps(STRICT | {"operation": "ne"})) == "[0.0, 1.0, 0.0]"


def test_the_environment_names_the_column_of_the_reference_unless_the_program_does() -> None:
    program = """
from fairmark_client.hooks.trl import reward, reward_func
batch = {"prompts": ["?"], "completions": ["4"], "solution": ["4"], "answer": ["5"], "worked": ["6"]}
print(reward(**batch), reward_func("exact", columns={"reference_answer": "solution"})(**batch))
print(reward_func("exact", columns={})(**batch))
"""
    assert run(program, FAIRMARK_REFERENCE="answer").split() == ["[0.0]", "[1.0]", "[None]"]


def test_a_grader_that_is_no_json_is_an_error_that_shows_it() -> None:
    with pytest.raises(ValueError, match="grader: expected a name, or a configuration as JSON.*{type:"):
        trl.exact(prompts=["?"], completions=["4"], solution=["4"], grader=["{type: string_check}"])


def test_a_grader_in_the_environment_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_GRADER", "{type: string_check}")
    with pytest.raises(ValueError, match="^FAIRMARK_GRADER: expected a name, or a configuration as JSON"):
        Reward("reward", Settings())


def run(program: str, **environment: str) -> str:
    """What a program of its own prints."""
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    return found.stdout.strip()


def test_an_unknown_grader_is_an_error_that_names_it() -> None:
    with pytest.raises(Refused, match="nonsuch"):
        trl.nonsuch(**SUMS)


@pytest.mark.parametrize("name", ["__wrapped__", "_private"])
def test_private_names_are_no_graders(name: str) -> None:
    with pytest.raises(AttributeError):
        getattr(trl, name)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (trl.reward, "reward"),
        (trl.exact, "exact"),
        (reward_func("exact"), "exact"),
        (reward_func(STRICT), "strict"),
        (reward_func(STRICT, name="answers"), "answers"),
        (reward_func_async({**STRICT, "name": ""}), "string_check"),
    ],
)
def test_a_function_bears_the_name_of_its_metric(function: Any, name: str) -> None:
    assert function.__name__ == name


def test_functions_reach_a_spawned_process() -> None:
    functions = [trl.exact, trl.exact_async, trl.reward, reward_func(STRICT, columns={}, name="answers")]
    program = f"""
import pickle
exact, exact_async, reward, answers = pickle.loads({pickle.dumps(functions)!r})
print(exact_async.__name__, answers.__name__, exact(**{SUMS!r}), answers(**{SUMS!r}))
"""
    assert run(program) == "exact_async answers [1.0, 0.0, 1.0] [1.0, 0.0, 1.0]"


def test_a_key_in_the_program_is_neither_pickled_nor_shown() -> None:
    function = reward_func("exact", key="fake-key-for-tests-only")
    assert "fake-key" not in repr(function)
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(function)


def test_settings_do_not_show_their_key() -> None:
    assert "fake-key" not in repr(Settings("exact", key="fake-key-for-tests-only"))


def test_importing_the_hook_brings_neither_trainer_nor_service() -> None:
    program = "import sys, fairmark_client.hooks.trl, fairmark_client.hooks.unsloth; print(' '.join(sys.modules))"
    loaded = {name.partition(".")[0] for name in run(program).split()}
    heavy = {"torch", "trl", "transformers", "datasets", "numpy", "fastapi", "starlette", "uvicorn", "redis", "msgspec"}
    assert not loaded & (
        heavy | {"fairmark_service", "prometheus_client", "nltk", "rapidfuzz", "sacrebleu", "rouge_score"}
    )


def test_the_first_row_is_printed_as_mapped_once(capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        trl.exact(**SUMS)
    printed = capfd.readouterr().err
    assert printed.count("fairmark: exact grades rows such as") == 1
    assert '"reference_answer": "2"' in printed


def test_a_long_completion_does_not_hide_the_reference(capfd: pytest.CaptureFixture[str]) -> None:
    trl.exact(prompts=["?"], completions=["why " * 5_000], solution=["2"])
    printed = capfd.readouterr().err
    assert '"reference_answer": "2"' in printed
    assert len(printed) < 1_000


def test_other_ranks_print_nothing(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    trl.exact(**SUMS)
    assert capfd.readouterr().err == ""


class Logged(dict[str, Any]):
    """Takes what a reward function logs."""

    def __call__(self, name: str, value: Any) -> None:
        self[name] = value


def test_outcomes_reasons_and_sub_scores_go_into_the_trainers_table() -> None:
    table, metrics = Logged(), Logged()
    function = reward_func("exact_or_similar", name="both")
    function(**{**SUMS, "solution": ["2", None, "4"]}, log_extra=table, log_metric=metrics)
    assert table.keys() == {"both_answer", "both_outcome", "both_reason", "both_sub_scores"}
    assert table["both_outcome"] == ["graded", "ungradable", "graded"]
    assert "reference_answer" in table["both_reason"][1]
    assert json.loads(table["both_sub_scores"][0]) == {"exact": 1.0, "similar": 1.0}
    assert metrics == {"both/ungradable": 1 / 3, "both/zero_variance": 0.0}


def test_the_extracted_answer_goes_into_the_trainers_table() -> None:
    table = Logged()
    trl.exact(**SUMS, log_extra=table)
    assert table["exact_answer"] == ["2", "3", "4"]


def test_the_extracted_answer_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_EXPLAIN", "0")
    table = Logged()
    reward_func("exact", name="bare")(**SUMS, log_extra=table)
    assert table.keys() == {"bare_outcome", "bare_reason", "bare_sub_scores"}


def test_the_extracted_answers_of_a_multi_are_logged_by_part() -> None:
    table = Logged()
    trl.exact_or_similar(prompts=["?"] * 2, completions=["4"] * 2, solution=["4", None], log_extra=table)
    assert json.loads(table["exact_or_similar_answer"][0]) == {"exact": "4", "similar": "4"}
    assert table["exact_or_similar_answer"][1] == ""


def test_a_long_name_of_a_run_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_RUN", "long" * 100)
    assert trl.exact(**SUMS) == [1.0, 0.0, 1.0]


def test_zero_variance_is_the_share_of_prompts_whose_scores_are_all_the_same() -> None:
    metrics = Logged()
    trl.exact(prompts=["a", "a", "b", "b"], completions=["1", "1", "1", "2"], solution=["1"] * 4, log_metric=metrics)
    assert metrics["exact/zero_variance"] == 0.5


def test_run_and_groups_are_counted_by_the_service(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_RUN", "sums-of-one-digit")
    state = SimpleNamespace(global_step=3, trial_name=None)
    trl.exact(prompts=["a", "a"], completions=["1", "1"], solution=["1", "1"], trainer_state=state)
    counted = [line for line in httpx.get(f"{service.url}/metrics").text.splitlines() if "sums-of-one-digit" in line]
    assert counted


def test_no_completions_are_no_rewards() -> None:
    assert trl.exact(prompts=[], completions=[]) == []
