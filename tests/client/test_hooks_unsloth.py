"""The reward functions for TRL 0.22: sync, and always a number."""

import inspect
import logging

import pytest
from tests.running import Running

from fairmark_client import Ungraded
from fairmark_client.hooks import unsloth


@pytest.fixture(autouse=True)
def _url(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_URL", service.url)


def rewards(prompts: str, completions: str, solutions: str) -> list[float]:
    """One sample for each letter; `-` is a missing solution."""
    solution = [None if letter == "-" else letter for letter in solutions]
    found: list[float] = unsloth.exact(prompts=list(prompts), completions=list(completions), solution=solution)
    return found


def test_what_is_graded_gets_its_score() -> None:
    assert rewards("pp", "ab", "aa") == [1.0, 0.0]


def test_what_is_not_graded_gets_the_mean_of_its_prompt() -> None:
    assert rewards("pppqq", "abbab", "aa-aa") == [1.0, 0.0, 0.5, 1.0, 0.0]


def test_a_prompt_without_a_graded_sample_gets_the_mean_of_the_batch() -> None:
    assert rewards("pppqq", "aabxx", "aaa--") == [1.0, 1.0, 0.0, 2 / 3, 2 / 3]


def test_a_batch_without_a_graded_sample_gives_all_the_same() -> None:
    assert rewards("pq", "ab", "--") == [0.0, 0.0]


def test_filling_in_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        rewards("pp", "ab", "a-")
    assert "1 of 2 samples could not be graded" in caplog.text


def test_too_many_stop_the_run() -> None:
    function = unsloth.reward_func("exact", name="stops")
    with pytest.raises(Ungraded):
        function(prompts=["?"] * 40, completions=["a"] * 40, solution=[None] * 40)


def test_no_function_is_async() -> None:
    functions = [unsloth.reward, unsloth.exact, unsloth.reward_func("exact")]
    assert not any(inspect.iscoroutinefunction(function) for function in functions)
