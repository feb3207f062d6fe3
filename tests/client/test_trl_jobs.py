"""Jobs of the provider `trl`: real GRPO and SFT by TRL of a tiny model on the CPU, started, paused, killed and resumed.

Each trainer takes about ten seconds to import what it needs, so tests share jobs where they can.
"""

import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from tests.client import trl_jobs
from tests.client.cli import FAIRMARK, fairmark, surroundings
from tests.client.trl_jobs import GRADER, OFFLINE, job, prepared, rows
from tests.running import Running

from fairmark_client import Client
from fairmark_client.errors import JobRefused
from fairmark_client.jobs.job import FINAL, Budget, Job, Metrics
from fairmark_client.jobs.trl import Trl
from fairmark_client.jobs.trl.folder import Folder

TRL = Trl()
SECONDS = 240
"""On busy cores a trainer may import for a minute."""
LONG: dict[str, Any] = {
    "max_steps": 24,
    "num_generations": 4,
    "max_completion_length": 24,
    "learning_rate": 1e-3,
    "save_steps": 4,
    "eval_steps": 12,
}


@pytest.fixture(scope="module", autouse=True)
def _offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in OFFLINE.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trl_jobs.chatty_model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("prepared") / "data", rows(9), rows(5))


@pytest.fixture
def make(model: Path, data: Path, service: Running, tmp_path: Path) -> Iterator[Callable[..., Job]]:
    """Creates jobs that are ended with the test."""
    made: list[Job] = []

    def create(method: str = "rft", **spec: Any) -> Job:
        options = {"service_url": service.url} | spec.pop("options", {})
        made.append(job(model, data, tmp_path / f"job{len(made)}", method, options=options, **spec))
        TRL.create(made[-1])
        return made[-1]

    yield create
    for one in made:
        if TRL.look(one).status not in FINAL:
            TRL.cancel(one)
    wait_for(lambda: not any(folder(one).holds("supervisor") for one in made))


def wait_for(condition: Callable[[], object]) -> None:
    """As the fixture `wait_until`, for what tests share."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def folder(job: Job) -> Folder:
    return Folder(job.spec.options["folder"])


def metrics(job: Job) -> list[Metrics]:
    return [event.metrics for event in TRL.events(job, 0) if event.metrics]


def reached(job: Job, step: int) -> Callable[[], bool]:
    """Whether a step is over; fails at once when the job is."""

    def over() -> bool:
        look = TRL.look(job)
        assert look.status in ("creating", "running"), look
        return any(metric.step >= step for metric in metrics(job))

    return over


def is_now(job: Job, status: str) -> Callable[[], bool]:
    def settled() -> bool:
        look = TRL.look(job)
        assert look.status == status or look.status not in FINAL, look
        return look.status == status

    return settled


class Finished:
    """A GRPO job that was created from the command line, and whose watcher was killed while it ran."""

    def __init__(self, place: Path, model: Path, data: Path, url: str) -> None:
        (place / "close.json").write_text(json.dumps(GRADER))
        self.environment = {**OFFLINE, "FAIRMARK_LEDGER": str(place / "jobs.sqlite"), "XDG_STATE_HOME": str(place)}
        settings = {**LONG, "log_completions": True}
        words = ["create", data, "--provider", "trl", "--method", "rft", "--model", model, "--url", url]
        words += ["--grader", place / "close.json", "--dollars-per-hour", "3600"]
        created = fairmark(
            "jobs", *words, *(word for name, value in settings.items() for word in ("--set", f"{name}={value}")),
            **self.environment,
        )  # fmt: skip
        assert created.returncode == 0, created.stderr
        self.id = created.stdout.split()[-1]
        self.folder = Folder(place / "fairmark" / "jobs" / self.id)
        watcher = subprocess.Popen(
            [FAIRMARK, "jobs", "watch", self.id, "--every", "0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=surroundings(**self.environment),
        )
        wait_for(lambda: any(event.metrics for event in self.folder.events()))
        watcher.kill()
        watcher.wait()
        self.status_when_killed = self.folder.state().status
        wait_for(lambda: self.folder.state().status not in ("creating", "running"))
        self.metrics = [event.metrics for event in self.folder.events() if event.metrics]


@pytest.fixture(scope="module")
def finished(model: Path, data: Path, service: Running, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return Finished(tmp_path_factory.mktemp("finished"), model, data, service.url)


def test_a_job_goes_on_when_its_watcher_is_killed(finished: Finished) -> None:
    assert finished.status_when_killed == "running"
    shown = fairmark("jobs", "show", finished.id, "--json", **finished.environment)
    assert json.loads(shown.stdout)["job"]["status"] == "succeeded", shown.stdout


def test_each_step_is_reported_once_with_what_there_is_to_know_of_it(finished: Finished) -> None:
    assert [metric.step for metric in finished.metrics] == list(range(1, 25))
    assert {metric.total_steps for metric in finished.metrics} == {24}
    for metric in finished.metrics:
        assert metric.graders["close"]["train"] == metric.train_reward
        assert metric.errors == {"ungradable": 0}
        assert metric.completion_tokens
        assert metric.step_seconds
    assert {metric.step for metric in finished.metrics if metric.valid_reward is not None} == {12, 24}


def test_the_rewards_are_what_the_service_says(finished: Finished, service: Running) -> None:
    tables = sorted((finished.folder.saved / "completions").glob("*.parquet"))
    references = {row["prompt"]: row["reference_answer"] for row in rows(9)}
    trained = 0
    # The table of a step with a validation holds that.
    for metric in (metric for metric in finished.metrics if metric.valid_reward is None):
        (table,) = [table for table in tables if table.stem.endswith(f"_{metric.step:05d}")]
        said = parquet.read_table(table).to_pylist()
        items = [{"reference_answer": references[row["prompt"][0]["content"]]} for row in said]
        samples = [{"output_text": row["completion"][0]["content"]} for row in said]
        scores = [result.score for result in Client(service.url).grade(GRADER, samples, items)]
        assert [row["close"] for row in said] == pytest.approx(scores)
        assert metric.train_reward == pytest.approx(sum(filter(None, scores)) / 8)
        trained += len(set(scores)) > 1
    assert trained > 3, "scores that are all alike prove nothing"


def test_the_order_of_rows_goes_through_all_of_them_in_each_pass(finished: Finished) -> None:
    tables = sorted((finished.folder.saved / "completions").glob("*.parquet"))
    prompts = [parquet.read_table(table).to_pylist()[place]["prompt"] for table in tables for place in (0, 4)]
    named = [prompt[0]["content"] for prompt in prompts]
    assert set(named[:9]) == set(named[9:18]) == {row["prompt"] for row in rows(9)}
    assert named[:9] != named[9:18]


class Resumed:
    """The job of `Finished` once more, from Python, graded by a private service, paused on the way and resumed."""

    def __init__(self, one: Job) -> None:
        self.job, self.folder = one, folder(one)
        TRL.create(one)
        wait_for(reached(one, 3))
        TRL.pause(one)
        wait_for(is_now(one, "paused"))
        self.look, self.paused = TRL.look(one), self.folder.state()
        self.steps = [metric.step for metric in metrics(one)]
        self.checkpoint = TRL.checkpoints(one)[-1].step
        TRL.resume(one)
        self.resumed = TRL.look(one)
        wait_for(is_now(one, "succeeded"))


@pytest.fixture(scope="module")
def resumed(model: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resumed]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield Resumed(job(model, data, tmp_path_factory.mktemp("resumed") / "job", hyperparameters=LONG))


@pytest.mark.slow
def test_a_pause_saves_the_step_it_stops_after(resumed: Resumed) -> None:
    assert resumed.steps == list(range(1, len(resumed.steps) + 1))
    assert 3 <= len(resumed.steps) < 24
    assert resumed.checkpoint == len(resumed.steps)
    assert resumed.look.error == ""


@pytest.mark.slow
def test_a_resumed_job_runs_from_then_on(resumed: Resumed) -> None:
    assert resumed.resumed.status == "running"


@pytest.mark.slow
def test_a_paused_job_goes_on_as_if_it_had_not_been(finished: Finished, resumed: Resumed) -> None:
    timeless = [metric.model_dump(exclude={"step_seconds"}) for metric in metrics(resumed.job)]
    expected = [metric.model_dump(exclude={"step_seconds"}) for metric in finished.metrics]
    for ours, theirs in zip(timeless, expected, strict=True):
        if ours["valid_reward"] is None:  # the validation of the step it was paused at is left out
            theirs["valid_reward"] = None
            theirs["graders"]["close"].pop("valid", None)
    assert timeless == expected


@pytest.mark.slow
def test_a_pause_is_not_paid_for(resumed: Resumed) -> None:
    first, second = resumed.folder.state().runs
    assert [first] == resumed.paused.runs
    assert first.ended_at
    assert second.ended_at
    assert second.started_at > first.ended_at
    assert second.from_step == resumed.checkpoint
    paid = first.ended_at - first.started_at + second.ended_at - second.started_at
    assert TRL.look(resumed.job).billed_seconds == pytest.approx(paid)


@pytest.mark.slow
def test_a_killed_trainer_is_said_to_be_and_resume_goes_on(make: Callable[..., Job]) -> None:
    one = make(hyperparameters=LONG)
    wait_for(reached(one, 6))
    pid = folder(one).state().runs[-1].pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_for(is_now(one, "paused"))
    saved = TRL.checkpoints(one)[-1].step
    assert TRL.look(one).error == (
        "the trainer was killed by signal 9, as by the system when memory runs out; "
        f"resume goes on after step {saved}"
    )  # fmt: skip
    # What a kill in the midst of saving leaves behind.
    half = folder(one).saved / "checkpoint-23"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    assert TRL.checkpoints(one)[-1].step == saved
    TRL.resume(one)
    wait_for(is_now(one, "succeeded"))
    again = [event for event in TRL.events(one, 0) if event.metrics and event.key.startswith("run-2/")]
    assert [event.metrics.step for event in again if event.metrics] == list(range(saved + 1, 25))
    keys = [event.key for event in TRL.events(one, 0)]
    assert len(keys) == len(set(keys))


@pytest.mark.slow
def test_a_trainer_whose_supervisor_was_killed_saves_and_stops(make: Callable[..., Job]) -> None:
    one = make(hyperparameters=LONG)
    wait_for(reached(one, 2))
    pid = folder(one).state().runs[-1].pid
    assert pid
    supervisor = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(supervisor, signal.SIGKILL)
    wait_for(lambda: TRL.look(one).status == "paused")
    assert TRL.checkpoints(one)[-1].step == metrics(one)[-1].step
    (run,) = folder(one).state().runs
    assert run.ended_at
    assert run.ended_at >= list(TRL.events(one, 0))[-1].at
    TRL.resume(one)
    wait_for(lambda: len(folder(one).state().runs) == 2)
    assert folder(one).state().runs[0] == run
    assert folder(one).state().runs[1].from_step == metrics(one)[-1].step


@pytest.mark.slow
def test_at_the_cap_it_pauses_though_nobody_watches(make: Callable[..., Job]) -> None:
    # A dollar a second, and more steps than that buys.
    one = make(hyperparameters=LONG | {"max_steps": 10_000}, budget=Budget(dollars_per_hour=3600, cap_dollars=14))
    wait_for(is_now(one, "paused"))
    look = TRL.look(one)
    assert look.error
    assert look.error.startswith("the budget of $14 is spent; ")
    assert 14 <= folder(one).state().seconds() < 24
    assert [event.key for event in TRL.events(one, 0) if event.level == "warn"] == ["run-1/budget", "run-1/ended"]
    with pytest.raises(JobRefused, match=r"has spent \$\d+\.\d\d of \$14; raise the cap first"):
        TRL.resume(one)


def test_a_trainer_that_does_not_stop_is_killed(make: Callable[..., Job]) -> None:
    one = make(hyperparameters=LONG, options={"pause_seconds": 0.5})
    wait_for(lambda: folder(one).state().runs and folder(one).state().runs[-1].pid)
    pid = folder(one).state().runs[-1].pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    TRL.pause(one)
    wait_for(is_now(one, "paused"))
    assert TRL.look(one).error == (
        "it didn't stop within 0.5 s of being asked to, and was killed; no step was saved: resume starts over"
    )
    assert not folder(one).holds("trainer")


def test_cancel_ends_what_it_started(make: Callable[..., Job]) -> None:
    one = make(hyperparameters=LONG)
    wait_for(lambda: folder(one).state().runs and folder(one).state().runs[-1].pid)
    TRL.cancel(one)
    wait_for(lambda: TRL.look(one).status == "cancelled")
    wait_for(lambda: not folder(one).holds("supervisor"))
    assert not folder(one).holds("trainer")
    with pytest.raises(JobRefused, match="is cancelled; only what is paused or has failed can go on"):
        TRL.resume(one)


def test_creating_a_job_again_finds_it(make: Callable[..., Job]) -> None:
    one = make(hyperparameters=LONG)
    assert TRL.create(one) == str(folder(one).path)
    wait_for(lambda: folder(one).state().runs)
    assert TRL.create(one) == str(folder(one).path)
    assert len(folder(one).state().runs) == 1
    with pytest.raises(JobRefused, match=f"is the folder of job {one.id}"):
        TRL.create(one.model_copy(update={"id": "trl-other"}))


@pytest.mark.slow
def test_an_adapter_is_trained_by_sft_and_loads(make: Callable[..., Job]) -> None:
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoTokenizer

    settings = {"num_train_epochs": 2, "per_device_train_batch_size": 3, "save_steps": 3}
    one = make("sft", hyperparameters=settings, options={"lora": {"r": 4, "alpha": 8}})
    wait_for(is_now(one, "succeeded"))
    made = TRL.look(one).model_made
    assert made
    assert AutoPeftModelForCausalLM.from_pretrained(made).peft_config["default"].r == 4
    assert AutoTokenizer.from_pretrained(made).chat_template == trl_jobs.CHAT
    reported = metrics(one)
    assert [metric.step for metric in reported] == [1, 2, 3, 4, 5, 6]
    assert all(metric.loss and math.isfinite(metric.loss) and metric.train_reward is None for metric in reported)
    assert reported[-1].valid_loss
    assert [checkpoint.step for checkpoint in TRL.checkpoints(one)] == [3, 6]


@pytest.mark.slow
def test_a_grader_that_can_not_grade_ends_the_job_with_the_reason(make: Callable[..., Job]) -> None:
    one = make(hyperparameters=LONG, grader=GRADER | {"reference": "{{ item.missing }}"})
    wait_for(lambda: TRL.look(one).status == "failed")
    error = TRL.look(one).error
    assert error
    assert error.startswith("8 of the last 8 samples have no true score (allowed: 20%")
    assert error.endswith(f"the trainer's log is {folder(one).log}")
    assert "\n" not in error


@pytest.mark.slow
def test_without_its_service_a_job_pauses_with_the_reason(
    make: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRMARK_TIMEOUT_SECONDS", "1")
    one = make(hyperparameters=LONG, options={"service_url": "http://127.0.0.1:9"})
    wait_for(is_now(one, "paused"))
    error = TRL.look(one).error
    assert error
    assert "http://127.0.0.1:9" in error
    assert error.endswith("no step was saved: resume starts over")
