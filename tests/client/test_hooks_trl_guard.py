"""What stops a run: too many samples without a true score, or a grader that changes."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from tests.running import Running, Serve

from fairmark_client import Ungraded, VersionChanged
from fairmark_client.hooks.guard import FEWEST, FEWEST_IF_ALL, WINDOW
from fairmark_client.hooks.trl import reward_func

RAISES = {"type": "multi", "graders": {}, "calculate_output": "1 / part"}
"""A grader that raises on a score of 0: a user's own fault, counted apart."""


def call(function: Any, good: int, bad: int, **extra: Any) -> list[float | None]:
    count = good + bad
    solution = ["4"] * good + [None] * bad
    rewards: list[float | None] = function(
        prompts=["2 + 2?"] * count, completions=["4"] * count, solution=solution, **extra
    )
    return rewards


def test_too_many_ungradable_samples_stop_the_run_with_the_reason(service: Running) -> None:
    function = reward_func("exact", url=service.url, name="too-many")
    with pytest.raises(Ungraded, match=r"7 of the last 32 samples .*allowed: 20%.*7 × ungradable: .*reference_answer"):
        call(function, 25, 7)


def test_a_few_ungradable_samples_do_not_stop_the_run(service: Running) -> None:
    function = reward_func("exact", url=service.url, name="a-few")
    assert call(function, 26, 6).count(None) == 6


def test_the_share_can_be_set(service: Running) -> None:
    assert call(reward_func("exact", url=service.url, max_ungradable_share=0.5), 20, 20).count(None) == 20
    with pytest.raises(Ungraded, match="allowed: 0%"):
        call(reward_func("exact", url=service.url, max_ungradable_share=0), 31, 1)


def test_the_share_can_be_set_by_variable(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_MAX_UNGRADABLE_SHARE", "0.5")
    assert call(reward_func("exact", url=service.url, name="by-variable"), 20, 20).count(None) == 20


def test_a_share_of_few_samples_says_nothing(service: Running) -> None:
    function = reward_func("exact", url=service.url, name="few")
    assert call(function, 1, FEWEST - 2) == [1.0] + [None] * (FEWEST - 2)
    with pytest.raises(Ungraded):
        call(function, 0, 1)


def test_old_samples_are_forgotten(service: Running) -> None:
    function = reward_func("exact", url=service.url, name="old")
    call(function, 1, FEWEST - 2)
    with pytest.raises(Ungraded):
        call(function, 64, 0)
    call(function, 256, 0)
    assert call(function, 8, 51).count(None) == 51


def test_all_of_the_first_samples_are_enough_to_stop(service: Running) -> None:
    function = reward_func("exact", url=service.url, name="all")
    call(function, 0, FEWEST_IF_ALL - 1)
    with pytest.raises(Ungraded, match="8 of the last 8"):
        call(function, 0, 1)


def test_a_batch_larger_than_the_window_counts_as_a_whole(service: Running) -> None:
    function = reward_func("exact", url=service.url, name="large")
    count, solution = WINDOW * 2, [None] * WINDOW + ["4"] * WINDOW
    with pytest.raises(Ungraded, match="256 of the last 512"):
        function(prompts=["?"] * count, completions=["4"] * count, solution=solution)


@pytest.mark.parametrize("share", [20, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float, service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="^max_ungradable_share: expected a share from 0 to 1"):
        call(reward_func("exact", url=service.url, max_ungradable_share=share), 1, 0)
    monkeypatch.setenv("FAIRMARK_MAX_UNGRADABLE_SHARE", str(share))
    with pytest.raises(ValueError, match="^FAIRMARK_MAX_UNGRADABLE_SHARE: expected"):
        call(reward_func("exact", url=service.url, name=f"share-{share}"), 1, 0)


def test_configurations_that_differ_by_row_are_no_change(service: Running) -> None:
    head = {"type": "string_check", "name": "a" * 200, "input": "{{ sample.output_text }}", "operation": "eq"}
    graders = [{**head, "reference": reference} for reference in ("4", "5")]
    function = reward_func("exact", url=service.url, name="by-row")
    assert call(function, 2, 0, grader=graders) == [1.0, 0.0]


def test_graders_that_raise_count_too(service: Running) -> None:
    part = {"type": "string_check", "name": "part", "input": "a", "reference": "b", "operation": "eq"}
    function = reward_func({**RAISES, "graders": {"part": part}}, url=service.url, name="raises")
    with pytest.raises(Ungraded, match="grader_error"):
        call(function, 40, 0)


def change(running: Running, catalog: Path, wait_until: Callable[..., None]) -> None:
    """Changes what `exact` is, and waits until the service has it."""
    before = version(running)
    path = catalog / "exact.json"
    path.with_suffix(".tests.jsonl").unlink()  # they hold `exact` to what it was
    path.write_text(json.dumps({**json.loads(path.read_text()), "operation": "like"}))
    wait_until(lambda: version(running) != before)


def version(running: Running) -> str:
    graders = httpx.get(f"{running.url}/v1/graders/exact").json()
    return str(graders["version"])


def test_a_grader_that_changes_stops_the_run_with_both_versions(
    serve: Serve, catalog: Path, wait_until: Callable[..., None]
) -> None:
    running = serve("--catalog", catalog)
    function = reward_func("exact", url=running.url)
    call(function, 1, 0)
    before = version(running)
    change(running, catalog, wait_until)
    with pytest.raises(VersionChanged, match=f"{before}.*{version(running)}"):
        call(function, 1, 0)


def test_a_change_can_be_allowed(
    serve: Serve, catalog: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> None:
    monkeypatch.setenv("FAIRMARK_ALLOW_VERSION_CHANGE", "1")
    running = serve("--catalog", catalog)
    function = reward_func("exact", url=running.url)
    call(function, 1, 0)
    change(running, catalog, wait_until)
    assert call(function, 1, 0) == [1.0]


def test_another_run_begins_with_the_grader_as_it_is(
    serve: Serve, catalog: Path, wait_until: Callable[..., None]
) -> None:
    running = serve("--catalog", catalog)
    function = reward_func("exact", url=running.url)
    call(function, 1, 0, trainer_state=SimpleNamespace(global_step=0))
    change(running, catalog, wait_until)
    assert call(function, 1, 0, trainer_state=SimpleNamespace(global_step=0)) == [1.0]
