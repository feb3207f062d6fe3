"""What the reward function of a local job hands TRL, and what it keeps, on a real service."""

from statistics import fmean, stdev
from typing import Any

import pytest
import torch
from tests.client.trl_jobs import GRADER
from tests.running import Running

from fairmark_client.jobs.trl.rewards import Rewards
from fairmark_client.jobs.trl.train import DISK_FULL, OUT_OF_MEMORY, can_go_on, reason

EXACT = {
    "type": "string_check",
    "name": "same",
    "operation": "eq",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
}
MULTI = {
    "type": "multi",
    "name": "both",
    "graders": {"close": GRADER, "same": EXACT},
    "calculate_output": "0.5 * close + 0.5 * same",
}
ROWS: list[dict[str, Any]] = [
    {"prompt": [{"role": "user", "content": "a"}], "reference_answer": "left", "weight": 2, "facts": {"x": 1}},
    {"prompt": [{"role": "user", "content": "b"}], "reference_answer": "right", "facts": {"y": 2}},
    {"prompt": [{"role": "user", "content": "c"}], "reference_answer": "right", "facts": {}},
]


class Logged:
    """What TRL is told beside the rewards."""

    def __init__(self) -> None:
        self.metrics: dict[str, float] = {}
        self.columns: dict[str, list[Any]] = {}

    def ask(self, rewards: Rewards, places: list[int], said: list[str]) -> list[float | None]:
        """The rewards, asked for as TRL does."""
        return rewards.function(
            prompts=[None] * len(said),
            completions=[[{"role": "assistant", "content": text}] for text in said],
            completion_ids=[[1]] * len(said),
            row=places,
            trainer_state=None,
            log_extra=self.columns.__setitem__,
            log_metric=self.metrics.__setitem__,
        )


@pytest.fixture(autouse=True)
def _service(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_URL", service.url)


def test_parts_of_a_multi_are_logged_by_name() -> None:
    logged = Logged()
    rewards = Rewards(MULTI, ROWS, 2, unsloth=False)
    assert rewards.function.__name__ == "both"
    scores = logged.ask(rewards, [0, 0, 1], ["left", "nothing", "right"])
    assert logged.metrics["parts/same"] == pytest.approx(2 / 3)
    assert fmean(score or 0 for score in scores) == pytest.approx(
        (logged.metrics["parts/same"] + logged.metrics["parts/close"]) / 2
    )


def test_the_item_is_the_row_as_it_stands() -> None:
    grader = EXACT | {"input": "{{ item.facts }}", "reference": '{"x":1}'}
    assert Logged().ask(Rewards(grader, ROWS, 3, unsloth=False), [0, 1], ["", ""]) == [1, 0]


def test_the_weight_of_a_row_is_not_for_graders() -> None:
    grader = EXACT | {"reference": "{{ item.weight }}"}
    assert Logged().ask(Rewards(grader, ROWS, 3, unsloth=False), [0], ["2"]) == [None]


def test_the_spread_is_that_inside_groups() -> None:
    rewards = Rewards(GRADER, ROWS, 3, unsloth=False)
    scores = Logged().ask(rewards, [0, 0, 1, 1], ["left", "lift", "right", "right"])
    group = [score for score in scores[:2] if score is not None]
    assert rewards.spread() == pytest.approx(stdev(group) / 2)
    assert rewards.spread() is None


def test_validation_is_a_mean_over_rows_and_kept_apart_from_training() -> None:
    rewards = Rewards(EXACT, ROWS, 1, unsloth=False)
    logged = Logged()
    logged.ask(rewards, [0, 0], ["left", "left"])
    assert rewards.validated() is None
    logged.ask(rewards, [1, 2], ["right", "wrong"])
    logged.ask(rewards, [1], ["right"])
    assert rewards.validated() == pytest.approx(2 / 3)


def test_validation_rows_count_as_they_weigh() -> None:
    rewards = Rewards(EXACT, ROWS, 0, unsloth=False)
    Logged().ask(rewards, [0, 1], ["left", "wrong"])
    assert rewards.validated() == pytest.approx(2 / 3)


def test_what_memory_runs_out_with_says_what_to_lower() -> None:
    with pytest.raises(RuntimeError, match="can't allocate memory") as raised:
        torch.empty(1 << 50, dtype=torch.uint8)
    assert reason(raised.value) == OUT_OF_MEMORY
    assert reason(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")) == OUT_OF_MEMORY
    assert reason(MemoryError()) == OUT_OF_MEMORY


def test_after_a_full_disk_a_job_can_go_on() -> None:
    with pytest.raises(OSError, match="No space left") as raised, open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")
    for error in (raised.value, RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534")):
        assert can_go_on(error)
        assert reason(error) == DISK_FULL
    assert not can_go_on(ValueError("one"))


def test_the_reason_is_one_line_and_says_what_kind() -> None:
    assert reason(KeyError("a")) == "KeyError: 'a'"
    assert reason(ValueError("one\ntwo")) == "ValueError: one"
    assert reason(ValueError()) == "ValueError"
