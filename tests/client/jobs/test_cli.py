"""`fairmark jobs` and `fairmark costs`, the commands."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fairmark_client import jobs
from fairmark_client.jobs.job import Budget
from fairmark_client.jobs.ledger import Ledger

from .conftest import ROOT, Command

FOREVER = {"steps": 100_000, "seconds": 0.01}
Create = Callable[..., str]


@pytest.fixture
def create(ledger: Ledger, prepared: Path) -> Create:
    """The id of a new job with these hyperparameters."""

    def make(dollars_per_hour: float = 0, cap: float | None = None, **hyperparameters: Any) -> str:
        budget = Budget(dollars_per_hour=dollars_per_hour, cap_dollars=cap, warn_share=0.8)
        return jobs.create(prepared, "trl", "sft", "tiny", hyperparameters=hyperparameters, budget=budget).id

    return make


def finished(job: str) -> str:
    """The job, once it is over."""
    for _ in jobs.watch(job, every_seconds=0.02):
        pass
    return job


def test_a_job_is_created_watched_and_shown(fairmark: Command, prepared: Path) -> None:
    done = fairmark.create(prepared, "--set", "steps=3")
    assert done.returncode == 0, done.stderr
    job = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"trl-[0-9a-f]{6}", job)
    watched = fairmark("jobs", "watch", job[:6], "--every", 0.05)
    assert (watched.returncode, watched.stderr) == (0, "")
    lines = watched.stdout.splitlines()
    steps = [line for line in lines if line.startswith("step ")]
    assert steps[0] == "step 1/3  reward 0.010  validation 0.005  spread 0.200  tokens 30  seconds 0.0"
    assert [line.split()[1] for line in steps] == ["1/3", "2/3", "3/3"]
    assert re.fullmatch(rf"{job} succeeded; \$0\.00; the model is \S+/model", lines[-1])
    shown = fairmark("jobs", "show", job)
    assert shown.returncode == 0
    assert all(text in shown.stdout for text in (job, "succeeded", "3/3", "checkpoint of step 3", "validation"))


@pytest.mark.parametrize(("priced", "told"), [((), True), (("--dollars-per-hour", 2), False)])
def test_a_cap_on_what_has_no_price_is_said_not_to_hold(
    fairmark: Command, prepared: Path, priced: tuple[object, ...], told: bool
) -> None:
    done = fairmark.create(prepared, "--set", "steps=1", "--cap", 5, *priced)
    assert done.returncode == 0
    assert ("the cap of $5.00 doesn't count time" in done.stderr) == told


def test_show_has_everything_as_json(fairmark: Command, create: Create) -> None:
    job = finished(create(dollars_per_hour=2.5, cap=5, steps=2))
    told = json.loads(fairmark("jobs", "show", job, "--json").stdout)
    assert told.keys() == {"job", "spent", "remarks", "decisions", "checkpoints", "events"}
    assert told["job"]["spec"]["hyperparameters"] == {"steps": 2}
    assert told["job"]["budget"] == {"dollars_per_hour": 2.5, "cap_dollars": 5, "warn_share": 0.8}
    assert [event["metrics"]["step"] for event in told["events"]] == [1, 2]
    ((began, ended),) = told["job"]["runs"]
    assert told["spent"]["dollars"] == pytest.approx((ended - began) / 3600 * 2.5)


def test_a_cap_ends_a_watch_with_1_and_says_how_to_go_on(fairmark: Command, create: Create) -> None:
    job = create(dollars_per_hour=36_000, cap=1, **FOREVER)
    watched = fairmark("jobs", "watch", job, "--every", 0.05)
    assert watched.returncode == 1
    assert re.search(r"! the cap is reached: at most \$\S+ of \$1\.00 spent; pausing", watched.stdout)
    assert watched.stdout.endswith(f"fairmark jobs resume {job} lets it go on\n")
    refused = fairmark("jobs", "resume", job)
    assert refused.returncode == 2
    assert "name a higher cap" in refused.stderr
    assert fairmark("jobs", "resume", job, "--cap", 10_000).returncode == 0


def test_ctrl_c_leaves_the_job_running_and_says_how_to_come_back(
    fairmark: Command, create: Create, ledger: Ledger, wait_until: Callable[..., None]
) -> None:
    job = create(**FOREVER)
    watch = fairmark.start("jobs", "watch", job, "--every", 0.05)
    wait_until(lambda: ledger.events(job), 60)
    watch.send_signal(signal.SIGINT)
    _, stderr = watch.communicate(timeout=60)
    assert watch.returncode == 130
    assert f"the job goes on: fairmark jobs watch {job}" in stderr
    assert "running" in fairmark("jobs", "list").stdout


def test_on_a_terminal_the_watch_draws_curves(fairmark: Command, create: Create) -> None:
    job = create(steps=40)
    ours, theirs = pty.openpty()
    watch = fairmark.start("jobs", "watch", job, "--every", 0.05, stdout=theirs)
    os.close(theirs)
    drawn = b""
    with suppress(OSError):  # the terminal is gone with the command
        while part := os.read(ours, 65536):
            drawn += part
    os.close(ours)
    watch.communicate(timeout=60)
    assert watch.returncode == 0
    screen = drawn.decode()
    assert re.search(r"reward .*0\.400.*▁▁▂.*▇█", screen)
    assert "40/40" in screen
    assert "succeeded; $0.00; the model is" in screen


def test_once_looks_once_and_holds_the_job_to_its_budget(fairmark: Command, create: Create, ledger: Ledger) -> None:
    job = create(dollars_per_hour=360_000, cap=0.01, **FOREVER)
    once = fairmark("jobs", "watch", job, "--once")
    assert once.returncode == 1
    assert "the cap is reached" in once.stdout
    assert ledger.job(job).status == "paused"


def test_pause_resume_and_cancel_answer_by_the_state(fairmark: Command, create: Create) -> None:
    job = create(**FOREVER)
    assert "paused" in fairmark("jobs", "pause", job).stdout
    assert "running" in fairmark("jobs", "resume", job).stdout
    assert "cancelled" in fairmark("jobs", "cancel", job).stdout
    over = fairmark("jobs", "pause", job)
    assert (over.returncode, over.stderr) == (2, f"fairmark: {job} can't be paused: it is cancelled\n")
    assert fairmark("jobs", "show", job).returncode == 1


def test_list_and_costs_sum_up_all_jobs(fairmark: Command, create: Create) -> None:
    ids = [finished(create(dollars_per_hour=3600, steps=2)) for _ in range(2)]
    listed = json.loads(fairmark("jobs", "list", "--json").stdout)
    assert [job["id"] for job in listed] == ids
    costs = json.loads(fairmark("costs", "--json").stdout)
    ran = [run[1] - run[0] for job in listed for run in job["runs"]]
    assert [cost["spent"] for cost in costs["jobs"]] == pytest.approx(ran)
    assert costs["spent"] == pytest.approx(sum(ran))
    table = fairmark("costs").stdout
    assert re.search(rf"{ids[0]} .*succeeded", table)
    assert re.search(rf"all .*\${sum(ran):.2f}", table)


def test_the_page_names_what_scripts_are_told(fairmark: Command, create: Create) -> None:
    job = finished(create(steps=1))
    (listed,) = json.loads(fairmark("jobs", "list", "--json").stdout)
    shown = json.loads(fairmark("jobs", "show", job, "--json").stdout)
    costs = json.loads(fairmark("costs", "--json").stdout)
    told = [listed, listed["spent"], shown, *shown["checkpoints"], *shown["events"], costs, *costs["jobs"]]
    page = (ROOT / "docs" / "jobs.md").read_text().partition("### For scripts")[2].partition("## From Python")[0]
    assert {key for keys in told for key in keys} <= set(re.findall(r"`(\w+)`", page))


def test_an_empty_ledger_says_what_to_do(fairmark: Command) -> None:
    for command in (["jobs", "list"], ["costs"]):
        assert fairmark(*command).stdout == "no jobs yet: fairmark jobs create\n"
    assert json.loads(fairmark("jobs", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--set", "steps"], "--set: expected NAME=VALUE, got 'steps'"),
        (["--set", "strides=2"], "hyperparameters.strides: unknown here"),
        (["--grader", "exact"], "grader: sft has none"),
        (["--option", "api_key=abc"], "options.api_key holds a secret"),
        (["--base-url", "https://me:word@example.com"], "options.base_url holds a secret"),
        (["--provider", "bedrock"], "provider: expected one of trl, openai, azure, got 'bedrock'"),
        (["--method", "dpo"], "method: Input should be 'sft' or 'rft'"),
    ],
)
def test_what_can_not_work_is_refused_before_it_is_started(
    fairmark: Command, prepared: Path, ledger: Ledger, options: list[str], problem: str
) -> None:
    refused = fairmark.create(prepared, *options)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert problem in refused.stderr
    assert "Traceback" not in refused.stderr
    assert ledger.jobs() == []


def test_a_folder_that_was_not_prepared_is_named(fairmark: Command, tmp_path: Path) -> None:
    refused = fairmark.create(tmp_path)
    assert refused.returncode == 2
    assert "manifest.json: No such file or directory; expected a folder made by fairmark data prepare" in refused.stderr


def test_a_missing_extra_is_named(tmp_path: Path, fairmark: Command, prepared: Path) -> None:
    program = "import sys; sys.modules['openai'] = None; from fairmark_client.__main__ import main; main()"
    options = ["--provider", "openai", "--method", "sft", "--model", "m"]
    command = [sys.executable, "-c", program, "jobs", "create", str(prepared), *options]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "openai jobs need openai: pip install 'fairmark[openai]'" in refused.stderr


GRADERS: dict[str, tuple[str, Any]] = {
    "mine.json": ('{"type": "endpoint", "url": "https://x.example"}', {"type": "endpoint", "url": "https://x.example"}),
    "mine.yaml": (
        "type: string_check\ninput: '{{ sample.output_text }}'\nreference: '42'\noperation: eq\n",
        {"type": "string_check", "input": "{{ sample.output_text }}", "reference": "42", "operation": "eq"},
    ),
}


@pytest.mark.parametrize("name", GRADERS)
def test_a_grader_s_file_becomes_its_configuration(
    fairmark: Command, prepared: Path, tmp_path: Path, ledger: Ledger, name: str
) -> None:
    text, configuration = GRADERS[name]
    (tmp_path / name).write_text(text)
    done = fairmark.create(prepared, "--method", "rft", "--grader", tmp_path / name, "--set", "steps=1")
    assert done.returncode == 0, done.stderr
    assert ledger.job("trl").spec.grader == configuration


def test_a_broken_grader_s_file_is_named_by_its_line(fairmark: Command, prepared: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("type: string_check\ncolour: red\n")
    refused = fairmark.create(prepared, "--method", "rft", "--grader", tmp_path / "bad.yaml")
    assert refused.returncode == 2
    assert "bad.yaml: line 2: colour: unknown field" in refused.stderr
