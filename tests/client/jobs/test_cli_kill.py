"""kill -9 of the command at random moments: whatever it was doing, the next one finds all of it."""

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fairmark_client.jobs.job import Job
from fairmark_client.jobs.ledger import Ledger

from .conftest import Command

STEPS = 60


def killed(command: "subprocess.Popen[str]", seconds: float) -> bool:
    """End a command by SIGKILL after so long; whether it was still there."""
    try:
        command.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        command.kill()
        command.communicate()
        return True
    return False


def walked(job: Job) -> list[str]:
    """The steps as the job itself wrote them."""
    assert job.place
    return [json.loads(line)["key"] for line in Path(job.place, "events.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("seed", range(2))
def test_watches_that_are_killed_lose_and_double_nothing(
    fairmark: Command, prepared: Path, ledger: Ledger, seed: int
) -> None:
    chance = random.Random(seed)
    created = fairmark.create(prepared, "--set", f"steps={STEPS}", "--set", "seconds=0.03", "--dollars-per-hour", 3600)
    assert created.returncode == 0, created.stderr
    for _ in range(3):
        killed(fairmark.start("jobs", "watch", "trl", "--every", 0.01), chance.uniform(0.3, 1.5))
    assert fairmark("jobs", "watch", "trl", "--every", 0.05).returncode == 0
    job = ledger.job("trl")
    assert [event.key for event in ledger.events(job.id)] == walked(job) == [str(n + 1) for n in range(STEPS)]
    assert job.place
    began, state = Path(job.place, "began").read_text(), json.loads(Path(job.place, "state.json").read_text())
    cost = json.loads(fairmark("costs", "--json").stdout)["jobs"][0]
    assert cost["spent"] == pytest.approx(state["finished_at"] - float(began))


@pytest.mark.parametrize("seed", range(4))
def test_a_job_whose_creation_is_killed_is_started_once(
    fairmark: Command, prepared: Path, ledger: Ledger, wait_until: Callable[..., None], seed: int
) -> None:
    """Killed between the ledger's row and the end of `create`, which starts a process meanwhile."""
    options = ("--provider", "trl", "--method", "sft", "--model", "tiny", "--set", "steps=2")
    create = fairmark.start("jobs", "create", prepared, *options)
    wait_until(ledger.jobs, 60)
    killed(create, random.Random(seed).uniform(0, 0.15))
    (job,) = ledger.jobs()
    assert fairmark("jobs", "watch", job.id, "--every", 0.05).returncode == 0
    assert ledger.job(job.id).status == "succeeded"
    (starts,) = prepared.parent.glob("walks/*/starts")
    assert len(starts.read_text().splitlines()) == 1


def test_a_watch_that_is_killed_at_the_cap_leaves_a_decision_that_is_carried_out(
    fairmark: Command, prepared: Path, ledger: Ledger
) -> None:
    """Killed at many moments around the cap, the job is paused in the end, and the cap spoken of once."""
    chance = random.Random(0)
    forever = ("--set", "steps=100000", "--set", "seconds=0.02", "--set", "silent_from=1")
    fairmark.create(prepared, *forever, "--cap", 2, "--dollars-per-hour", 3600)
    longest = 1.0
    while killed(fairmark.start("jobs", "watch", "trl", "--every", 0.01), chance.uniform(0.4, longest)):
        longest += 0.5
    job = ledger.job("trl")
    assert job.status == "paused"
    assert [decision.rule for decision in ledger.decisions(job.id)].count("budget 2") == 1
    assert job.place
    paused = json.loads(Path(job.place, "state.json").read_text())["finished_at"]
    assert job.runs[-1][1] == paused
