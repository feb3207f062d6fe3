"""Jobs of the provider `trl`: real GRPO and SFT by TRL of a tiny model on the CPU, started, paused, killed and resumed.

Each trainer takes about ten seconds to import what it needs, so tests share jobs where they can, and run the trainer
in this process, which has imported it all, where nothing is to be killed.
"""

import fcntl
import json
import math
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
import torch
from tests.client import trl_jobs
from tests.client.cli import FAIRMARK, fairmark, surroundings
from tests.client.trl_jobs import GRADER, OFFLINE, job, prepared, rows
from tests.running import Running

from fairmark_client import Client
from fairmark_client.errors import JobRefused
from fairmark_client.jobs.job import FINAL, Budget, Job, Metrics
from fairmark_client.jobs.ledger import Ledger, measured
from fairmark_client.jobs.provider import Look
from fairmark_client.jobs.trl import Trl, train
from fairmark_client.jobs.trl.folder import Folder, Run, State

RunHere = Callable[..., tuple[Job, Look]]
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
    wait_for(lambda: not any(folder(one).holds("supervisor") for one in made if folder(one).path.exists()))


@pytest.fixture(scope="module")
def run_here(model: Path, data: Path, service: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunHere]:
    """Runs jobs in this process, one run each, and says how they are then."""

    def run(method: str = "rft", url: str = service.url, **spec: Any) -> tuple[Job, Look]:
        one = job(model, data, tmp_path_factory.mktemp("here"), method, **spec)
        now = time.time()
        folder(one).write("job.json", one)
        folder(one).write("state.json", State(status="running", runs=[Run(number=1, started_at=now, seen_at=now)]))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FAIRMARK_URL", url)
            train.main(one.spec.options["folder"], "1", str(os.getppid()))
        return one, TRL.look(one)

    threads, told = torch.get_num_threads(), signal.getsignal(signal.SIGTERM)
    torch.set_num_threads(1)
    yield run
    torch.set_num_threads(threads)
    signal.signal(signal.SIGTERM, told)


def wait_for(condition: Callable[[], object]) -> None:
    """As the fixture `wait_until`, for what tests share."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def folder(job: Job) -> Folder:
    return Folder(job.place or job.spec.options["folder"])


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


@pytest.fixture(scope="module")
def finished(run_here: RunHere) -> Job:
    """A GRPO job that nobody disturbed."""
    one, look = run_here(hyperparameters=LONG | {"log_completions": True})
    assert look.status == "succeeded", look
    return one


def test_each_step_is_reported_once_with_what_there_is_to_know_of_it(finished: Job) -> None:
    reported = metrics(finished)
    assert [metric.step for metric in reported] == list(range(1, 25))
    assert {metric.total_steps for metric in reported} == {24}
    for metric in reported:
        assert metric.graders["close"]["train"] == metric.train_reward
        assert metric.errors == {"ungradable": 0}
        assert metric.completion_tokens
        assert metric.step_seconds
    assert {metric.step for metric in reported if metric.valid_reward is not None} == {12, 24}


@pytest.mark.slow
def test_validation_does_not_change_how_it_trains(run_here: RunHere) -> None:
    settings = LONG | {"max_steps": 4}
    often, _ = run_here(hyperparameters=settings | {"eval_steps": 1})
    once, _ = run_here(hyperparameters=settings | {"eval_steps": 4})
    assert len([metric for metric in metrics(often) if metric.valid_reward is not None]) == 4
    assert [metric.train_reward for metric in metrics(often)] == [metric.train_reward for metric in metrics(once)]


def test_it_says_what_validation_takes_beside_training(finished: Job) -> None:
    (said,) = [event for event in TRL.events(finished, 0) if event.key.endswith("/validation")]
    assert said.level == "info"
    assert said.message == "validation makes 10 completions (2 times 5 rows), training 192"


def test_the_rewards_are_what_the_service_says(finished: Job, service: Running) -> None:
    tables = sorted((folder(finished).saved / "completions").glob("*.parquet"))
    references = {row["prompt"]: row["reference_answer"] for row in rows(9)}
    trained = 0
    # The table of a step with a validation holds that.
    for metric in (metric for metric in metrics(finished) if metric.valid_reward is None):
        (table,) = [table for table in tables if table.stem.endswith(f"_{metric.step:05d}")]
        said = parquet.read_table(table).to_pylist()
        items = [{"reference_answer": references[row["prompt"][0]["content"]]} for row in said]
        samples = [{"output_text": row["completion"][0]["content"]} for row in said]
        scores = [result.score for result in Client(service.url).grade(GRADER, samples, items)]
        assert [row["close"] for row in said] == pytest.approx(scores)
        assert metric.train_reward == pytest.approx(sum(filter(None, scores)) / 8)
        trained += len(set(scores)) > 1
    assert trained > 3, "scores that are all alike prove nothing"


def test_the_order_of_rows_goes_through_all_of_them_in_each_pass(finished: Job) -> None:
    tables = sorted((folder(finished).saved / "completions").glob("*.parquet"))
    prompts = [parquet.read_table(table).to_pylist()[place]["prompt"] for table in tables for place in (0, 4)]
    named = [prompt[0]["content"] for prompt in prompts]
    assert set(named[:9]) == set(named[9:18]) == {row["prompt"] for row in rows(9)}
    assert named[:9] != named[9:18]


class Interrupted:
    """The same job from the command line and graded by a private service: its watcher killed, paused, its supervisor
    killed, its trainer killed; resumed each time."""

    def __init__(self, place: Path, model: Path, data: Path) -> None:
        (place / "close.json").write_text(json.dumps(GRADER))
        self.environment = {**OFFLINE, "FAIRMARK_LEDGER": str(place / "jobs.sqlite"), "XDG_STATE_HOME": str(place)}
        words = ["create", data, "--provider", "trl", "--method", "rft", "--model", model]
        words += ["--grader", place / "close.json", "--dollars-per-hour", "3600"]
        settings = [word for name, value in LONG.items() for word in ("--set", f"{name}={value}")]
        created = fairmark("jobs", *words, *settings, **self.environment)
        assert created.returncode == 0, created.stderr
        self.job = Ledger(place / "jobs.sqlite").job(created.stdout.split()[-1])
        assert self.job.place
        self.folder = Folder(self.job.place)
        self.status_when_watcher_was_killed = self._kill_a_watcher()
        self.paused = self._stopped(3, lambda: TRL.pause(self.job))
        self.resumed = TRL.look(self.job)
        self.left = self._stopped(8, lambda: os.kill(self._supervisor(), signal.SIGKILL))
        self.killed = self._stopped(14, lambda: os.kill(self._trainer(), signal.SIGKILL), half=True)
        wait_for(is_now(self.job, "succeeded"))

    def _kill_a_watcher(self) -> str:
        watcher = subprocess.Popen(
            [FAIRMARK, "jobs", "watch", self.job.id, "--every", "0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=surroundings(**self.environment),
        )
        wait_for(reached(self.job, 1))
        watcher.kill()
        watcher.wait()
        return TRL.look(self.job).status

    def _stopped(self, step: int, stop: Callable[[], None], half: bool = False) -> "Stopped":
        wait_for(reached(self.job, step))
        stop()
        wait_for(lambda: TRL.look(self.job).status == "paused")
        if half:  # as a kill in the midst of saving leaves it
            (self.folder.saved / "checkpoint-23").mkdir()
            (self.folder.saved / "checkpoint-23" / "model.safetensors").write_bytes(b"half")
        found = Stopped(self.job)
        TRL.resume(self.job)
        return found

    def _trainer(self) -> int:
        pid = self.folder.state().runs[-1].pid
        assert pid
        return pid

    def _supervisor(self) -> int:
        return int(Path(f"/proc/{self._trainer()}/stat").read_text().rpartition(")")[2].split()[1])


class Stopped:
    """What is known of a job that was stopped on its way."""

    def __init__(self, one: Job) -> None:
        self.look, self.run = TRL.look(one), folder(one).state().runs[-1]
        self.reported = [metric.step for metric in metrics(one)]
        self.saved = TRL.checkpoints(one)[-1].step
        self.last_event_at = list(TRL.events(one, 0))[-1].at


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(scope="module")
def interrupted(model: Path, data: Path, services: Path, tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(services))
        return Interrupted(tmp_path_factory.mktemp("interrupted"), model, data)


@pytest.mark.slow
def test_a_job_goes_on_when_its_watcher_is_killed(interrupted: Interrupted) -> None:
    assert interrupted.status_when_watcher_was_killed == "running"
    shown = fairmark("jobs", "show", interrupted.job.id, "--json", **interrupted.environment)
    assert json.loads(shown.stdout)["job"]["status"] == "succeeded", shown.stdout


@pytest.mark.slow
def test_a_pause_saves_the_step_it_stops_after(interrupted: Interrupted) -> None:
    paused = interrupted.paused
    assert paused.reported == list(range(1, len(paused.reported) + 1))
    assert 3 <= len(paused.reported) < 24
    assert paused.saved == len(paused.reported)
    assert paused.look.error == ""


@pytest.mark.slow
def test_a_resumed_job_runs_from_then_on(interrupted: Interrupted) -> None:
    assert interrupted.resumed.status == "running"


@pytest.mark.slow
def test_a_trainer_whose_supervisor_was_killed_saves_and_stops(interrupted: Interrupted) -> None:
    left = interrupted.left
    assert left.saved == left.reported[-1] >= 8
    assert left.run.ended_at
    assert left.run.ended_at >= left.last_event_at


@pytest.mark.slow
def test_a_killed_trainer_is_said_to_be_and_half_a_checkpoint_is_none(interrupted: Interrupted) -> None:
    assert interrupted.killed.saved <= interrupted.killed.reported[-1] < 24
    assert interrupted.killed.look.error == (
        "the trainer was killed by signal 9, as by the system when memory runs out; "
        f"resume goes on after step {interrupted.killed.saved}"
    )


@pytest.mark.slow
def test_a_job_that_was_stopped_and_killed_ends_as_if_it_had_not_been(finished: Job, interrupted: Interrupted) -> None:
    counted = measured(TRL.events(interrupted.job, 0))
    assert [metric.step for metric in counted] == list(range(1, 25))
    timeless = [metric.model_dump(exclude={"step_seconds"}) for metric in counted]
    expected = [metric.model_dump(exclude={"step_seconds"}) for metric in metrics(finished)]
    for ours, theirs in zip(timeless, expected, strict=True):
        if ours["valid_reward"] is None:  # the validation of the step it was paused at is left out
            theirs["valid_reward"] = None
            theirs["graders"]["close"].pop("valid", None)
    assert timeless == expected
    keys = [event.key for event in TRL.events(interrupted.job, 0)]
    assert len(keys) == len(set(keys))


@pytest.mark.slow
def test_only_the_time_that_trainers_ran_is_paid_for(interrupted: Interrupted) -> None:
    runs = interrupted.folder.state().runs
    stopped = [interrupted.paused, interrupted.left, interrupted.killed]
    assert runs[:-1] == [one.run for one in stopped]
    assert [run.from_step for run in runs[1:]] == [one.saved for one in stopped]
    ended = [run.ended_at or 0 for run in runs]
    assert all(end < after.started_at for end, after in zip(ended, runs[1:], strict=False))
    paid = sum(end - run.started_at for end, run in zip(ended, runs, strict=True))
    assert TRL.look(interrupted.job).billed_seconds == pytest.approx(paid)


@pytest.mark.slow
@pytest.mark.usefixtures("interrupted")
def test_the_private_service_ends_with_the_job(services: Path) -> None:
    # One for each environment that the job was started and resumed in.
    addresses = list(services.glob("fairmark/*/address"))
    assert addresses

    def free(address: Path) -> bool:
        with address.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    wait_for(lambda: all(map(free, addresses)))


def test_at_the_cap_it_pauses_though_nobody_watches(make: Callable[..., Job]) -> None:
    # A dollar a second, which the trainer spends on imports.
    one = make(hyperparameters=LONG | {"max_steps": 10_000}, budget=Budget(dollars_per_hour=3600, cap_dollars=1))
    wait_for(is_now(one, "paused"))
    assert TRL.look(one).error == "the budget of $1 is spent; no step was saved: resume starts over"
    assert folder(one).state().seconds() >= 1
    assert [event.key for event in TRL.events(one, 0) if event.level == "warn"] == ["run-1/budget", "run-1/ended"]
    with pytest.raises(JobRefused, match=r"has spent \$\d+\.\d\d of \$1; raise the cap first"):
        TRL.resume(one)
    TRL.cancel(one)
    assert TRL.look(one).status == "cancelled"


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
    assert TRL.look(one).status == "cancelled"
    assert not folder(one).holds("trainer")
    wait_for(lambda: not folder(one).holds("supervisor"))
    with pytest.raises(JobRefused, match="is cancelled; only what is paused can go on"):
        TRL.resume(one)
    shutil.rmtree(folder(one).path)
    assert TRL.look(one).status == "failed"
    assert TRL.look(one).error == f"{folder(one).path}: the job's folder was removed"
    assert [*TRL.events(one, 0), *TRL.checkpoints(one)] == []


def test_creating_a_job_again_finds_it(make: Callable[..., Job]) -> None:
    one = make(hyperparameters=LONG)
    assert TRL.create(one) == str(folder(one).path)
    wait_for(lambda: folder(one).state().runs)
    assert TRL.create(one) == str(folder(one).path)
    assert len(folder(one).state().runs) == 1
    with pytest.raises(JobRefused, match=f"is the folder of job {one.id}"):
        TRL.create(one.model_copy(update={"id": "trl-other"}))


def test_a_folder_with_other_files_is_refused(model: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoints" / "checkpoint-5").mkdir(parents=True)
    with pytest.raises(JobRefused, match=f"options.folder: {tmp_path} holds other files"):
        TRL.create(job(model, data, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]


def test_a_trainer_that_fails_ends_the_job_with_its_reason(make: Callable[..., Job]) -> None:
    one = make("sft", options={"unsloth": True})  # which isn't here, and comes before all other imports
    wait_for(lambda: TRL.look(one).status == "failed")
    assert TRL.look(one).error == (
        f"ModuleNotFoundError: No module named 'unsloth'; the trainer's log is {folder(one).log}"
    )
    with pytest.raises(JobRefused, match="is failed; only what is paused can go on"):
        TRL.resume(one)


def test_an_adapter_is_trained_by_sft_and_loads(run_here: RunHere) -> None:
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoTokenizer

    settings = {"num_train_epochs": 2, "per_device_train_batch_size": 3, "save_steps": 3}
    one, look = run_here("sft", hyperparameters=settings, options={"lora": {"r": 4, "alpha": 8}})
    assert look.status == "succeeded", look
    made = look.model_made
    assert made
    assert AutoPeftModelForCausalLM.from_pretrained(made).peft_config["default"].r == 4
    assert AutoTokenizer.from_pretrained(made).chat_template == trl_jobs.CHAT
    reported = metrics(one)
    assert [metric.step for metric in reported] == [1, 2, 3, 4, 5, 6]
    assert all(metric.loss and math.isfinite(metric.loss) and metric.train_reward is None for metric in reported)
    assert reported[-1].valid_loss
    assert [checkpoint.step for checkpoint in TRL.checkpoints(one)] == [3, 6]


def test_a_grader_that_can_not_grade_ends_the_job_with_the_reason(run_here: RunHere) -> None:
    one, look = run_here(hyperparameters=LONG, grader=GRADER | {"reference": "{{ item.missing }}"})
    assert look.status == "failed"
    assert look.error
    assert look.error.startswith("8 of the last 8 samples have no true score (allowed: 20%")
    assert look.error.endswith(f"the trainer's log is {folder(one).log}")
    assert "\n" not in look.error


def test_without_its_service_a_job_pauses_with_the_reason(run_here: RunHere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_TIMEOUT_SECONDS", "1")
    # Another grader, since a process asks for each where it first did.
    _, look = run_here(url="http://127.0.0.1:9", hyperparameters=LONG, grader=GRADER | {"name": "lost"})
    assert look.status == "paused"
    assert look.error
    assert "http://127.0.0.1:9" in look.error
    assert look.error.endswith("no step was saved: resume starts over")
