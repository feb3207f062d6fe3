"""What a job on the platform says of itself, in our words; and the orders it takes."""

import warnings
from collections.abc import Callable

import pytest

from fairmark_client.errors import JobError, JobRefused
from fairmark_client.jobs.job import Job, Metrics
from fairmark_client.jobs.openai import OpenAI, reports

from .conftest import EXACT, MakeSpec, job
from .standin import MODEL, StandIn

Start = Callable[..., Job]


@pytest.fixture
def start(standin: StandIn, make_spec: MakeSpec) -> Start:
    """Creates a job; it has done so many moves: two until it runs, then one a step."""

    def create(moves: int = 0, **spec: object) -> Job:
        standin.hold = True
        begun = job(make_spec(**spec))
        begun = begun.model_copy(update={"place": OpenAI().create(begun)})
        standin.advance(moves)
        return begun

    return create


def test_a_job_is_followed_from_its_files_to_its_model(standin: StandIn, start: Start) -> None:
    begun, said = start(), []
    standin.hold = False
    for _ in range(6):
        seen = OpenAI().look(begun)
        said.append((seen.status, seen.said))
    assert said == [
        ("queued", "queued"),
        ("running", "running"),
        ("running", "running"),
        ("running", "running"),
        ("running", "running"),
        ("succeeded", "succeeded"),
    ]
    assert seen.model_made
    assert seen.model_made.startswith(f"ft:{MODEL}:")
    assert seen.billed_seconds == round(3 * 731.5)
    assert seen.finished_at


def test_an_empty_error_is_none(start: Start) -> None:
    assert OpenAI().look(start(moves=2)).error is None


def test_a_job_that_failed_says_why(standin: StandIn, start: Start) -> None:
    begun = start()
    broken = next(iter(standin.jobs.values()))
    broken.train = b"{}\n" * 12
    standin.advance()
    seen = OpenAI().look(begun)
    assert (seen.status, seen.error) == (
        "failed",
        "invalid_training_file: training_file: Line 1: expected an object with messages.",
    )


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("validating_files", "queued"),
        ("queued", "queued"),
        ("running", "running"),
        ("pausing", "pausing"),
        ("paused", "paused"),
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("resuming_from_snapshot", "running"),
        (None, "running"),
    ],
)
def test_a_status_ends_a_job_only_when_it_is_known_to(said: str | None, status: str) -> None:
    assert reports.look({"status": said, "error": {}}).status == status


def test_events_come_oldest_first_and_steps_with_their_metrics(standin: StandIn, start: Start) -> None:
    events = list(OpenAI().events(start(moves=4), 0))
    assert [event.message[:20] for event in events] == [
        "Created fine-tuning ",
        "Files validated, mov",
        "Fine-tuning job star",
        "Step 1/3 , train mea",
        "Step 2/3 , train mea",
    ]
    assert [event.metrics is not None for event in events] == [False, False, False, True, True]
    metrics = events[-1].metrics
    assert metrics
    assert metrics.model_dump(exclude_defaults=True) == {
        "step": 2,
        "total_steps": 3,
        "train_reward": 1.0,
        "valid_reward": 1.0,
        "completion_tokens": 1002.0,
        "step_seconds": 731.5,
        "graders": {"exact": {"train": 1.0, "valid": 1.0}},
        "errors": {
            "valid_parse_error": 0.0,
            "unresponsive": 0.0,
            "exact/other_error": 0.0,
            "exact/endpoint_grader_server_error": 0.0,
        },
    }


def test_the_tokens_of_judges_are_those_of_training_and_evaluation(start: Start) -> None:
    judge = {"type": "score_model", "name": "judge", "model": "gpt-4.1", "input": [{"role": "user", "content": "?"}]}
    *_, last = OpenAI().events(start(moves=3, grader=judge), 0)
    assert last.metrics
    assert last.metrics.grader_tokens == {"gpt-4.1-2025-04-14": {"prompt": 1600, "cached": 0, "completion": 160}}


def test_events_are_read_over_pages_and_afterwards_only_the_new_ones(standin: StandIn, start: Start) -> None:
    provider, begun = OpenAI(), start(moves=2)
    remote = next(iter(standin.jobs.values()))
    for number in range(250):
        remote.say(f"message {number}")
    for place, event in enumerate(remote.events):
        event["created_at"] = place
    first = list(provider.events(begun, 0))
    assert [event.key for event in first] == [event["id"] for event in remote.events]
    assert standin.calls["GET /fine_tuning/jobs/*/events"] == 3
    remote.say("one more")
    new = list(provider.events(begun, len(first)))
    assert [event.message for event in new] == ["message 249", "one more"]
    assert standin.calls["GET /fine_tuning/jobs/*/events"] == 4


def test_a_service_that_lists_the_oldest_first_is_followed_too(standin: StandIn, start: Start) -> None:
    standin.oldest_first = True
    provider, begun = OpenAI(), start(moves=2)
    remote = next(iter(standin.jobs.values()))
    for place, event in enumerate(remote.events):
        event["created_at"] = place
    assert [event.at for event in provider.events(begun, 0)] == [0, 1, 2]
    remote.say("one more")
    *_, last = provider.events(begun, 3)
    assert last.message == "one more"


def test_events_that_the_ledger_lost_are_read_again(standin: StandIn, start: Start) -> None:
    provider, begun = OpenAI(), start(moves=2)
    for place, event in enumerate(next(iter(standin.jobs.values())).events):
        event["created_at"] = place
    assert [len(list(provider.events(begun, known))) for known in (0, 2, 3)] == [3, 3, 1]


def test_metrics_that_cant_be_read_leave_their_message(standin: StandIn, start: Start) -> None:
    begun = start(moves=2)
    next(iter(standin.jobs.values())).say("odd", data={"step": "none", "scores": []})
    *_, odd = OpenAI().events(begun, 0)
    assert (odd.message, odd.metrics) == ("odd", None)


def test_a_mean_of_nothing_is_left_out(standin: StandIn, start: Start) -> None:
    begun = start(moves=2)
    graders = '{"graders": [{"name": "exact", "train_reward_mean": NaN, "train_other_error_mean": NaN}]}'
    data = f'{{"step": 1, "train_mean_reward": NaN, "scores": {graders}, "errors": {graders}}}'
    page = f'{{"data": [{{"id": "e", "created_at": 1, "message": "step 1", "data": {data}}}]}}'
    standin.fail("GET", "/events$", 200, content=page)
    (step,) = OpenAI().events(begun, 0)
    assert step.metrics == Metrics(step=1, graders={"exact": {}})


def test_a_service_that_lists_the_same_page_again_is_not_followed_forever(standin: StandIn, start: Start) -> None:
    begun = start(moves=2)
    page = '{"data": [{"id": "e", "created_at": 1}], "has_more": true}'
    standin.fail("GET", "/events$", 200, times=100, content=page)
    assert {event.key for event in OpenAI().events(begun, 0)} == {"e"}
    assert standin.calls["GET /fine_tuning/jobs/*/events"] == 2


def test_a_supervised_job_reports_its_losses(start: Start) -> None:
    begun = start(moves=3, method="sft", model="gpt-4.1-mini-2025-04-14", grader=None)
    *_, last = OpenAI().events(begun, 0)
    assert last.metrics
    assert (last.metrics.loss, last.metrics.valid_loss) == (2.0, 2.1)


def test_checkpoints_come_with_the_rewards_that_the_sdk_doesnt_know(standin: StandIn, start: Start) -> None:
    standin.policy = lambda row, step, rollout: row["reference_answer"] if step in (2, 3, 4) or rollout else "?"
    begun = start(moves=8, hyperparameters={"n_epochs": 2})
    found = OpenAI().checkpoints(begun)
    assert [(checkpoint.step, checkpoint.valid_reward) for checkpoint in found] == [(2, 1.0), (3, 1.0), (4, 1.0)]
    assert found[0].place.endswith(":ckpt-step-2")


def test_a_pause_is_asked_for_and_seen(standin: StandIn, start: Start) -> None:
    provider, begun = OpenAI(), start(moves=3)
    provider.pause(begun)
    assert provider.look(begun).status == "pausing"
    provider.pause(begun)
    standin.advance()
    assert provider.look(begun).status == "paused"
    provider.pause(begun)
    provider.resume(begun)
    provider.resume(begun)
    standin.advance(2)
    assert provider.look(begun).status == "running"


def test_what_is_billed_is_said_once_no_more_can_come(standin: StandIn, start: Start) -> None:
    provider, begun = OpenAI(), start(moves=3)
    provider.pause(begun)
    standin.advance()
    assert provider.look(begun).billed_seconds is None
    provider.cancel(begun)
    assert provider.look(begun).billed_seconds == round(731.5)


def test_a_pause_whose_answer_is_lost_is_no_failure(standin: StandIn, start: Start) -> None:
    begun = start(moves=3)
    standin.fail("POST", "/pause$", 500, heard=True)
    OpenAI().pause(begun)
    assert OpenAI().look(begun).status == "pausing"


@pytest.mark.parametrize(
    ("moves", "cancelled", "order", "message"),
    [
        (0, False, "pause", "can't pause, it is validating_files"),
        (2, False, "resume", None),
        (0, True, "pause", "can't pause, it is over (cancelled)"),
        (0, True, "resume", "can't resume, it is over (cancelled)"),
        (0, True, "cancel", None),
        (6, False, "cancel", "can't cancel, it is over (succeeded)"),
    ],
)
def test_an_order_that_comes_too_late_is_refused_unless_it_was_obeyed(
    start: Start, moves: int, cancelled: bool, order: str, message: str | None
) -> None:
    provider, begun = OpenAI(), start(moves=moves)
    if cancelled:
        provider.cancel(begun)
    if message is None:
        getattr(provider, order)(begun)
        return
    with pytest.raises(JobRefused) as refused:
        getattr(provider, order)(begun)
    assert message in str(refused.value)


def test_a_service_without_pauses_says_so(standin: StandIn, start: Start) -> None:
    begun = start(moves=2)
    standin.fail("POST", "/pause$", 404)
    with pytest.raises(JobRefused, match="can't pause, it is running. OpenAI: 404"):
        OpenAI().pause(begun)


def test_a_job_that_is_gone_is_refused_for_good(start: Start) -> None:
    begun = start().model_copy(update={"place": "ftjob-none"})
    with pytest.raises(JobRefused, match="404 fine_tune_id: Could not find fine tune: ftjob-none"):
        OpenAI().look(begun)


def test_a_hiccup_passes_and_an_outage_may_pass(standin: StandIn, start: Start) -> None:
    begun = start(moves=2)
    standin.fail("GET", "/fine_tuning/jobs/", 500, times=2, headers={"retry-after-ms": "1"})
    assert OpenAI().look(begun).status == "running"
    standin.fail("GET", "/fine_tuning/jobs/", 503, times=9, headers={"retry-after-ms": "1"})
    with pytest.raises(JobError, match="OpenAI: 503 The server had an error") as failed:
        OpenAI().look(begun)
    assert not isinstance(failed.value, JobRefused)


def test_an_answer_without_what_every_job_has_is_no_crash(standin: StandIn, start: Start) -> None:
    begun = start(moves=2)
    standin.fail("GET", "/fine_tuning/jobs/", 200, content='{"status": "running", "error": "none"}')
    with pytest.raises(JobError, match="an answer that can't be read"):
        OpenAI().look(begun)


def test_the_sdk_warns_of_nothing(start: Start) -> None:
    endpoint = {"type": "endpoint", "url": "http://127.0.0.1:9/"}
    multi = {"type": "multi", "graders": {"a": EXACT, "b": endpoint}, "calculate_output": "a + b"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        begun = start(grader=multi)
        assert OpenAI().look(begun).said == "validating_files"
