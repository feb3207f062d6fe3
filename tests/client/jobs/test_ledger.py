"""The ledger: nothing twice, nothing lost, several processes at once."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairmark_client.errors import JobError, JobRefused
from fairmark_client.jobs.job import Event, Job, Metrics, Spec
from fairmark_client.jobs.ledger import Decision, Ledger, default_path
from fairmark_client.jobs.provider import Look
from fairmark_client.jobs.watching import known

SPEC = Spec(provider="trl", method="sft", model="tiny", data="/data")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "jobs.sqlite")


@pytest.fixture
def job(ledger: Ledger) -> Job:
    job = Job(id="trl-3f9c2a", spec=SPEC, created_at=100.0)
    ledger.add(job)
    return job


def event(key: str, step: int | None = None) -> Event:
    return Event(key=key, at=1.0, metrics=None if step is None else Metrics(step=step))


def test_an_event_that_is_read_again_is_kept_once(ledger: Ledger, job: Job) -> None:
    assert ledger.add_events(job.id, [event("a", 1), event("b", 2)]) == [event("a", 1), event("b", 2)]
    assert ledger.add_events(job.id, [event("b", 2), event("c", 3)]) == [event("c", 3)]
    assert [found.key for found in ledger.events(job.id)] == ["a", "b", "c"]


def test_the_same_key_of_two_jobs_is_two_events(ledger: Ledger, job: Job) -> None:
    other = job.model_copy(update={"id": "trl-000000"})
    ledger.add(other)
    assert [len(ledger.add_events(id, [event("a")])) for id in (job.id, other.id)] == [1, 1]


def test_events_that_break_off_are_not_kept_in_part(ledger: Ledger, job: Job) -> None:
    def broken() -> Iterator[Event]:
        yield event("a")
        raise JobError("the line broke")

    with pytest.raises(JobError, match="the line broke"):
        ledger.add_events(job.id, broken())
    assert ledger.events(job.id) == []


def test_metrics_are_those_of_the_events_that_have_some(ledger: Ledger, job: Job) -> None:
    ledger.add_events(job.id, [event("a", 1), event("said"), event("b", 2)])
    assert [metrics.step for metrics in ledger.metrics(job.id)] == [1, 2]


def test_steps_that_are_made_again_count_as_reported_last(ledger: Ledger, job: Job) -> None:
    killed = [Event(key=f"run-1/step-{step}", at=1.0, metrics=Metrics(step=step, loss=1)) for step in (1, 2, 3, 4)]
    again = [Event(key=f"run-2/step-{step}", at=2.0, metrics=Metrics(step=step, loss=2)) for step in (3,)]
    ledger.add_events(job.id, [*killed, *again])
    assert [(metrics.step, metrics.loss) for metrics in ledger.metrics(job.id)] == [(1, 1), (2, 1), (3, 2)]
    assert known(ledger, job).metrics == ledger.metrics(job.id)


@pytest.mark.parametrize("named", ["trl-3f9c2a", "trl-3", "t"])
def test_a_job_is_found_by_how_its_id_begins(ledger: Ledger, job: Job, named: str) -> None:
    assert ledger.job(named) == job


def test_a_whole_id_is_found_though_another_begins_with_it(ledger: Ledger, job: Job) -> None:
    ledger.add(job.model_copy(update={"id": "trl-3f9c2a0"}))
    assert ledger.job("trl-3f9c2a").id == "trl-3f9c2a"


def test_a_beginning_of_several_ids_names_them(ledger: Ledger, job: Job) -> None:
    ledger.add(job.model_copy(update={"id": "trl-3f0000"}))
    with pytest.raises(JobRefused, match=r"job 'trl-3': could be trl-3f0000, trl-3f9c2a"):
        ledger.job("trl-3")


@pytest.mark.parametrize("named", ["openai-1", "%", "trl_"])
def test_a_job_that_is_not_there_is_refused(ledger: Ledger, job: Job, named: str) -> None:
    with pytest.raises(JobRefused, match="there is none"):
        ledger.job(named)


def test_an_id_is_taken_once(ledger: Ledger, job: Job) -> None:
    with pytest.raises(JobRefused, match="there is a job trl-3f9c2a already"):
        ledger.add(job)


def test_a_job_that_is_over_stays_over(ledger: Ledger, job: Job) -> None:
    ledger.saw(job.id, Look("cancelled"), 110)
    assert ledger.saw(job.id, Look("running"), 111).status == "cancelled"


def test_what_a_provider_says_after_the_end_is_kept(ledger: Ledger, job: Job) -> None:
    ledger.saw(job.id, Look("succeeded", started_at=101), 110)
    billed = ledger.saw(job.id, Look("succeeded", finished_at=109, billed_seconds=7.0), 120)
    assert (billed.billed_seconds, billed.finished_at, billed.runs) == (7.0, 109, [(101, 110)])


@pytest.mark.parametrize(
    ("looks", "runs"),
    [
        ([(110, Look("queued"))], []),
        ([(110, Look("queued")), (120, Look("running"))], [(110, None)]),
        ([(110, Look("running", started_at=104))], [(104, None)]),
        ([(110, Look("running"))], [(100, None)]),
        ([(110, Look("running")), (120, Look("pausing")), (130, Look("paused"))], [(100, 130)]),
        ([(110, Look("running")), (130, Look("paused", finished_at=121))], [(100, 121)]),
        ([(110, Look("running")), (130, Look("paused")), (150, Look("running"))], [(100, 130), (130, None)]),
        (
            [(110, Look("running")), (130, Look("paused")), (150, Look("running", started_at=140))],
            [(100, 130), (140, None)],
        ),
        # It ran between two looks, and nobody saw it.
        ([(110, Look("queued")), (120, Look("succeeded", started_at=112, finished_at=118))], [(112, 118)]),
        ([(110, Look("queued")), (120, Look("succeeded"))], [(110, 120)]),
        (
            [(110, Look("running")), (120, Look("paused")), (150, Look("paused", started_at=130, finished_at=140))],
            [(100, 120), (130, 140)],
        ),
        # It failed before it ran.
        ([(110, Look("queued")), (120, Look("failed"))], []),
        # What a provider says of an earlier run isn't counted twice.
        ([(110, Look("running", started_at=105)), (120, Look("paused", started_at=105))], [(105, 120)]),
        (
            [(110, Look("paused", started_at=105, finished_at=108)), (120, Look("running", started_at=105))],
            [(105, 108), (108, None)],
        ),
    ],
)
def test_runs_are_rather_too_long_than_too_short(
    ledger: Ledger, job: Job, looks: list[tuple[float, Look]], runs: list[Any]
) -> None:
    for now, look in looks:
        seen = ledger.saw(job.id, look, now)
    assert seen.runs == runs


def test_pauses_are_left_out_of_the_time_that_a_job_ran() -> None:
    job = Job(id="a", spec=SPEC, created_at=0, runs=[(10, 20), (40, None)])
    assert job.running_seconds(now=45) == 15


def test_a_rule_decides_once(ledger: Ledger, job: Job) -> None:
    decision = Decision(rule="budget 50", why="spent", action="pause", at=1)
    assert ledger.decide(job.id, decision)
    assert not ledger.decide(job.id, decision.model_copy(update={"why": "spent more"}))
    assert [found.why for found in ledger.decisions(job.id)] == ["spent"]


def test_a_resumed_job_overrules_what_paused_it_and_nothing_else(ledger: Ledger, job: Job) -> None:
    for rule, action in (("near", "say"), ("reached", "pause"), ("reached, unpausable", "cancel")):
        ledger.decide(job.id, Decision.model_validate({"rule": rule, "why": "", "action": action, "at": 1}))
    ledger.overrule(job.id)
    assert [found.overruled for found in ledger.decisions(job.id)] == [False, True, True]


WRITES = """
import sys
from fairmark_client.jobs.ledger import Ledger
from fairmark_client.jobs.job import Event, Job, Spec
ledger, me = Ledger(sys.argv[1]), sys.argv[2]
ledger.add(Job(id=me, spec=Spec(provider="trl", method="sft", model="tiny", data="/"), created_at=0))
sys.stdin.readline()
for n in range(20):
    ledger.add_events("shared", [Event(key=str(n), at=0, message=me)])
    ledger.change("shared", lambda job: job.model_copy(update={"created_at": job.created_at + 1}))
"""


def test_processes_that_write_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "jobs.sqlite"
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITES, str(path), str(n)], stdin=subprocess.PIPE) for n in range(3)
    ]
    ledger = Ledger(path)
    ledger.add(Job(id="shared", spec=SPEC, created_at=0))
    for process in processes:
        process.communicate(b"go\n", timeout=60)
    assert [process.returncode for process in processes] == [0] * 3
    assert sorted(int(event.key) for event in ledger.events("shared")) == list(range(20))
    assert ledger.job("shared").created_at == 60
    assert {job.id for job in ledger.jobs()} == {"shared", "0", "1", "2"}


HOLDS = """
import sys
from fairmark_client.jobs.ledger import Ledger
with Ledger(sys.argv[1]).alone("trl-3f9c2a"):
    print("holding", flush=True)
    sys.stdin.readline()
"""


def test_one_process_acts_on_a_job_and_lets_go_when_it_is_killed(ledger: Ledger, job: Job) -> None:
    command = [sys.executable, "-c", HOLDS, str(ledger.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(JobError, match="another process is just starting or stopping"), ledger.alone(job.id):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(20)
    with ledger.alone(job.id):
        pass


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("what I meant to do\n" * 100)
    with pytest.raises(JobError, match=r"notes\.txt: file is not a database"):
        Ledger(tmp_path / "notes.txt")


def test_the_ledger_of_a_newer_fairmark_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(JobError, match="written by a newer fairmark"):
        Ledger(tmp_path / "jobs.sqlite")


def test_a_row_of_another_shape_is_no_crash(ledger: Ledger, job: Job) -> None:
    ledger.add_events(job.id, [event("a")])
    with sqlite3.connect(ledger.path) as database:
        database.execute("UPDATE jobs SET job = '{}'")
        database.execute("UPDATE events SET event = '{}'")
    database.close()
    for read in (ledger.jobs, lambda: ledger.job(job.id), lambda: ledger.events(job.id)):
        with pytest.raises(JobError, match=r"jobs\.sqlite: a row of another fairmark's: Field required"):
            read()


def test_a_full_disk_is_named_and_loses_nothing(ledger: Ledger, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sqlite3.Connection):
        def __init__(self, *given: Any, **settings: Any) -> None:
            super().__init__(*given, **settings)
            self.execute("PRAGMA max_page_count = 1")  # or as many as there are

    ledger.add_events(job.id, [event("a")])
    monkeypatch.setattr(sqlite3, "connect", Full)
    with pytest.raises(JobError, match=r"jobs\.sqlite: database or disk is full"):
        ledger.add_events(job.id, [event(f"{n}" * 1000) for n in range(100)])
    assert [found.key for found in ledger.events(job.id)] == ["a"]


def test_a_lock_that_can_not_be_made_is_named(ledger: Ledger, job: Job) -> None:
    ledger.path.with_name(f"{ledger.path.name}.{job.id}").mkdir()
    with pytest.raises(JobError, match=r"jobs\.sqlite\.trl-3f9c2a: Is a directory"), ledger.alone(job.id):
        pass


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JobError, match=r"file/jobs\.sqlite: File exists"):
        Ledger(tmp_path / "file" / "jobs.sqlite")


def test_the_ledger_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert default_path() == Path("/home/someone/.local/state/fairmark/jobs.sqlite")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_path() == Path("/state/fairmark/jobs.sqlite")
    monkeypatch.setenv("FAIRMARK_LEDGER", "~/mine.sqlite")
    assert default_path() == Path("/home/someone/mine.sqlite")
