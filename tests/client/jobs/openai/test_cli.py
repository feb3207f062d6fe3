"""The real command on the stand-in: a job from its creation to its end, killed on the way, too dear, too late."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.running import Running

from fairmark_client import jobs
from fairmark_client.data.prepared import Prepared
from fairmark_client.jobs.job import Budget, Job
from fairmark_client.jobs.ledger import Ledger
from fairmark_client.jobs.openai import OpenAI
from fairmark_client.jobs.watching import look

from ...cli import FAIRMARK, surroundings
from ..conftest import invoked
from .conftest import GRADER_KEY
from .standin import KEY, MODEL, StandIn

GRADER = "exact_or_similar"
QUICK = ("--every", "0.01")


class Hosted:
    """The command with a ledger and keys, and the options of a job whose rollouts a service grades."""

    def __init__(self, standin: StandIn, service: Running, data: Path, ledger: Path) -> None:
        self.environment = {"OPENAI_API_KEY": KEY, "GRADER_KEY": GRADER_KEY, "FAIRMARK_LEDGER": str(ledger)}
        grader = ("--grader", GRADER, "--option", f"endpoint_url={service.url}/endpoint/{GRADER}")
        where = ("--base-url", standin.url, "--option", "endpoint_key_env=GRADER_KEY")
        self.create = ("create", data, "--provider", "openai", "--method", "rft", "--model", MODEL, *grader, *where)

    def __call__(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        return invoked("jobs", *arguments, **self.environment)

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """The same in a process of its own, to be killed."""
        command = [FAIRMARK, "jobs", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=surroundings(**self.environment))

    def id(self) -> str:
        """The one job of the ledger."""
        [job] = Ledger(Path(self.environment["FAIRMARK_LEDGER"])).jobs()
        return job.id


@pytest.fixture
def hosted(standin: StandIn, guarded: Running, prepared: Prepared, tmp_path: Path) -> Hosted:
    return Hosted(standin, guarded, prepared.folder, tmp_path / "jobs.sqlite")


@pytest.fixture
def begun(hosted: Hosted, standin: StandIn, prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job that may cost 70 dollars, created from Python in the command's ledger."""
    monkeypatch.setenv("FAIRMARK_LEDGER", hosted.environment["FAIRMARK_LEDGER"])
    budget = Budget.model_validate({"cap_dollars": 70, "dollars_per_hour": 100})
    options = {"base_url": standin.url}
    return jobs.create(prepared.folder, "openai", "rft", MODEL, grader="exact", options=options, budget=budget)


def test_a_job_is_created_watched_to_its_end_and_shown(standin: StandIn, hosted: Hosted) -> None:
    created = hosted(*hosted.create, "--suffix", "sums", "--set", "eval_samples=2")
    assert created.returncode == 0, created.stderr
    assert created.stdout.split()[-1] == hosted.id()
    watched = hosted("watch", hosted.id(), *QUICK)
    assert watched.returncode == 0, watched.stderr
    assert "step 3/3" in watched.stdout
    shown = json.loads(hosted("show", hosted.id(), "--json").stdout)
    [remote] = standin.jobs.values()
    assert shown["job"]["status"] == "succeeded"
    assert shown["job"]["place"] == remote.id
    assert shown["job"]["model_made"] == remote.shown()["fine_tuned_model"]
    assert [event["key"] for event in shown["events"]] == [event["id"] for event in remote.events]
    assert shown["spent"]["dollars"] == pytest.approx(round(3 * 731.5 / 3600, 2) * 100)
    assert GRADER_KEY not in json.dumps(shown)
    assert KEY not in Path(hosted.environment["FAIRMARK_LEDGER"]).read_bytes().decode(errors="replace")


@pytest.mark.parametrize("path", ["graders/validate$", "^/files$", "^/fine_tuning/jobs$"])
def test_a_command_that_is_killed_while_it_creates_leaves_one_job(standin: StandIn, hosted: Hosted, path: str) -> None:
    with standin.gate("POST", path) as gate:
        killed = hosted.start(*hosted.create)
        assert gate.reached.wait(60)
        killed.kill()
        killed.communicate(timeout=60)
    again = hosted("watch", hosted.id(), *QUICK)
    assert again.returncode == 0, again.stderr
    assert [job.status for job in standin.jobs.values()] == ["succeeded"]
    assert len(standin.files) == 2


def test_a_watch_that_is_killed_loses_and_doubles_nothing(standin: StandIn, hosted: Hosted, begun: Job) -> None:
    with standin.gate("GET", "/checkpoints$") as gate:
        killed = hosted.start("watch", begun.id, *QUICK)
        assert gate.reached.wait(60)
        killed.kill()
        killed.communicate(timeout=60)
    assert hosted("watch", begun.id, *QUICK).returncode == 0
    [remote] = standin.jobs.values()
    assert [event.key for event in Ledger().events(begun.id)] == [event["id"] for event in remote.events]
    assert [checkpoint.step for checkpoint in Ledger().checkpoints(begun.id)] == [1, 2, 3]


def test_an_organization_that_is_wound_down_is_told_what_to_run_instead(standin: StandIn, hosted: Hosted) -> None:
    standin.wound_down = True
    refused = hosted(*hosted.create)
    assert refused.returncode == 2
    said = " ".join(refused.stderr.split())
    assert "takes no new training jobs from this organization any more" in said
    assert "fairmark jobs create" in said
    assert "--provider trl --method rft" in said
    assert "Traceback" not in refused.stderr
    [job] = Ledger(Path(hosted.environment["FAIRMARK_LEDGER"])).jobs()
    assert job.status == "failed"


def test_a_job_is_paused_resumed_and_cancelled_by_command(standin: StandIn, hosted: Hosted, begun: Job) -> None:
    [remote] = standin.jobs.values()
    standin.advance(3)
    standin.hold = True
    assert hosted("pause", begun.id).returncode == 0
    assert remote.status == "pausing"
    standin.advance()
    assert hosted("resume", begun.id).returncode == 0
    standin.advance(2)
    assert hosted("cancel", begun.id).returncode == 0
    assert remote.status == "cancelled"


Clock = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets this process's clock forward."""
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])

    def forward(seconds: float) -> None:
        ahead[0] += seconds

    return forward


def test_a_hung_job_is_paused_at_its_cap_although_nothing_is_reported_any_more(
    standin: StandIn, begun: Job, later: Clock
) -> None:
    next(iter(standin.jobs.values())).hangs_at = 1
    ledger, provider = Ledger(), OpenAI()
    for _ in range(5):
        seen = look(ledger, provider, begun)
    assert (seen.job.status, len(seen.metrics)) == ("running", 1)
    later(40 * 60)
    assert look(ledger, provider, begun).job.status == "running"
    later(4 * 60)
    look(ledger, provider, begun)
    seen = look(ledger, provider, begun)
    assert (seen.job.status, len(seen.metrics)) == ("paused", 1)
    [remote] = standin.jobs.values()
    assert remote.status == "paused"
    assert standin.calls["POST /fine_tuning/jobs/*/cancel"] == 0
