"""The platform calls a fairmark service for every rollout; what it trains on is what the service scores."""

import json
from statistics import fmean
from typing import Any

import pytest
from tests.running import Running

from fairmark_client.data.prepared import Prepared
from fairmark_client.jobs.job import Job as OurJob
from fairmark_client.jobs.openai import OpenAI

from .conftest import EXACT, GRADER_KEY, MakeSpec, job, rewrite, row
from .standin import StandIn
from .standin.training import Job, Rollout

GRADER = "exact_or_similar"
DONE = 6
"""Moves until a job of three steps is over."""


@pytest.fixture
def endpoint(guarded: Running, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The options of a job whose rollouts the service grades."""
    monkeypatch.setenv("GRADER_KEY", GRADER_KEY)
    return {"endpoint_url": f"{guarded.url}/endpoint/{GRADER}", "endpoint_key_env": "GRADER_KEY"}


def unsure(item: dict[str, Any], step: int, rollout: int) -> str:
    """Right, nearly right, and silent."""
    return [str(item["reference_answer"]), f"about {item['reference_answer']}", ""][(step + rollout) % 3]


def trained(standin: StandIn, begun: OurJob) -> Job:
    """The job as the platform has it, at its end."""
    standin.hold, standin.policy = True, unsure
    place = OpenAI().create(begun)
    standin.advance(DONE)
    assert standin.jobs[place].status == "succeeded"
    return standin.jobs[place]


def scored(guarded: Running, rollouts: list[Rollout]) -> list[float | None]:
    """What the service says of the same samples when it is asked directly."""
    samples = [{"sample": rollout.sample, "item": rollout.item} for rollout in rollouts]
    results = guarded.post(
        "/v1/grade", {"grader": GRADER, "samples": samples}, Authorization=f"Bearer {GRADER_KEY}"
    ).json()["results"]
    return [result["score"] for result in results]


def test_a_job_trains_on_the_scores_of_the_service(
    standin: StandIn, make_spec: MakeSpec, guarded: Running, endpoint: dict[str, str]
) -> None:
    begun = job(make_spec(grader=GRADER, options=endpoint))
    rollouts = trained(standin, begun).rollouts
    assert len(rollouts) == 3 * (4 + 4) * 2
    rewards = [rollout.score for rollout in rollouts]
    assert len(set(rewards)) > 2
    assert rewards == scored(guarded, rollouts)


def test_the_curves_are_the_means_of_those_scores(
    standin: StandIn, make_spec: MakeSpec, guarded: Running, endpoint: dict[str, str]
) -> None:
    begun = job(make_spec(grader=GRADER, options=endpoint))
    remote = trained(standin, begun)
    begun = begun.model_copy(update={"place": remote.id})
    steps = [event.metrics for event in OpenAI().events(begun, 0) if event.metrics]
    for metrics in steps:
        for side, shown in {"train": metrics.train_reward, "valid": metrics.valid_reward}.items():
            graded = [rollout for rollout in remote.rollouts if (rollout.step, rollout.side) == (metrics.step, side)]
            assert shown == pytest.approx(fmean(score or 0.0 for score in scored(guarded, graded)))
    assert len(steps) == 3


def test_answers_that_are_lost_are_asked_for_again_and_count_once(
    standin: StandIn, make_spec: MakeSpec, guarded: Running, endpoint: dict[str, str]
) -> None:
    standin.endpoint.loses_every = 3
    begun = job(make_spec(grader=GRADER, options=endpoint))
    rollouts = trained(standin, begun).rollouts
    assert {rollout.tries for rollout in rollouts} == {1, 2}
    assert len(rollouts) == 3 * (4 + 4) * 2
    assert [rollout.score for rollout in rollouts] == scored(guarded, rollouts)


def test_what_cant_be_graded_is_dropped_after_three_retries_and_never_trained_on_as_zero(
    standin: StandIn, make_spec: MakeSpec, endpoint: dict[str, str], prepared: Prepared
) -> None:
    rows = [row(number) for number in range(12)]
    rows[0]["reference_answer"] = None
    rewrite(prepared, "openai/rft/train.jsonl", list(map(json.dumps, rows)))
    begun = job(make_spec(grader=GRADER, options=endpoint))
    remote = trained(standin, begun)
    dropped = [rollout for rollout in remote.rollouts if rollout.score is None]
    assert [(rollout.step, rollout.tries) for rollout in dropped] == [(1, 4), (1, 4)]
    first = next(
        event.metrics for event in OpenAI().events(begun.model_copy(update={"place": remote.id}), 0) if event.metrics
    )
    assert first.errors["exact_or_similar/endpoint_grader_server_error"] == 0.25
    kept = [rollout.score for rollout in remote.rollouts if (rollout.step, rollout.side) == (1, "train")]
    assert first.train_reward == pytest.approx(fmean(score for score in kept if score is not None))


def test_an_endpoint_inside_a_multi_is_one_part_of_the_reward(
    standin: StandIn, make_spec: MakeSpec, guarded: Running, endpoint: dict[str, str]
) -> None:
    headers = {"Authorization": "Bearer ${GRADER_KEY}"}
    there = {
        "headers": headers,
        "type": "endpoint",
        "name": "there",
        "url": endpoint["endpoint_url"],
        "rate_limit": 500,
    }
    multi = {
        "type": "multi",
        "name": "both",
        "graders": {"here": EXACT, "there": there},
        "calculate_output": "(here + there) / 2",
    }
    rollouts = trained(standin, job(make_spec(grader=multi))).rollouts
    exact = [rollout.sample["output_text"] == rollout.item["reference_answer"] for rollout in rollouts]
    theirs = scored(guarded, rollouts)
    assert [rollout.score for rollout in rollouts] == [
        (right + (score or 0.0)) / 2 for right, score in zip(exact, theirs, strict=True)
    ]
