"""`fairmark check price` on a prepared folder."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from fairmark_client.cli import app
from fairmark_client.data.format import targets
from fairmark_client.data.prepared import MANIFEST, File, Manifest
from fairmark_client.jobs.job import Budget, Event, Job, Metrics, Spec
from fairmark_client.jobs.ledger import Ledger

from ..cli import fairmark

KNOWN = ["n_epochs=1", "batch_size=32", "step_seconds=600"]
EVALUATED = ["eval_interval=5", "eval_samples=100", "eval_seconds_per_row=1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as `fairmark data prepare` leaves it: 640 rows to train on, 100 to validate."""
    for side, count in {"train": 640, "validation": 100}.items():
        row = {"prompt": [{"role": "user", "content": "CPU 97 %"}], "reference_answer": "anomaly"}
        (tmp_path / f"{side}.jsonl").write_text((json.dumps(row) + "\n") * count)
    made, files = targets(tmp_path, ["openai", "trl"], ["rft", "sft"])
    files["validation.jsonl"] = File(rows=100, bytes=0, sha256="")
    manifest = Manifest(fairmark="0", source={}, settings={}, files=files, targets=made)
    (tmp_path / MANIFEST).write_text(manifest.model_dump_json())
    return tmp_path


def price(folder: Path, *arguments: object, **environment: str) -> Result:
    """What the command prints and returns, run in this process: a process each would take seconds each."""
    return CliRunner(env=environment).invoke(app, ["check", "price", str(folder), *map(str, arguments)])


def told(folder: Path, *arguments: object, **environment: str) -> dict[str, Any]:
    """The jobs by provider and method."""
    done = price(folder, *arguments, "--json", **environment)
    assert done.exit_code == 0, done.stderr
    return {f"{job['provider']} {job['method']}": job for job in json.loads(done.stdout)["jobs"]}


def known() -> list[str]:
    return [word for value in [*KNOWN, *EVALUATED] for word in ("--set", value)]


def test_all_jobs_stand_in_one_table_with_what_would_save_and_what_is_assumed(folder: Path) -> None:
    done = fairmark("check", "price", folder, *known(), "--dollars-per-hour", "2.5")
    assert done.returncode == 0, done.stderr
    assert "640 training rows, 100 for validation · prices of 2026-11-22" in done.stdout
    lines = {line.split("│")[1].strip(): line for line in reversed(done.stdout.splitlines()) if line[0] == "│"}
    assert "$344" in lines["openai rft"]
    assert "$344" in lines["azure rft"]
    assert "$8.61" in lines["trl rft"]
    assert lines["openai sft"].count("?") == 3
    assert "$172.00" in lines["half of the training rows"]
    assert "given" in lines["batch_size"]
    assert "openai sft: ? is the price of openai's training tokens" in done.stdout


def test_a_terminal_of_80_columns_suffices(folder: Path) -> None:
    done = fairmark("check", "price", folder, COLUMNS="80")
    tables = [line for line in done.stdout.splitlines() if line[0] in "╭│╰"]
    assert max(map(len, tables)) == 80
    assert "…" not in "".join(tables)


def test_json_has_what_the_tables_have(folder: Path) -> None:
    openai = told(folder, *known(), "--provider", "openai", "--method", "rft")["openai rft"]
    assert openai["expected"]["dollars"] == 344.0
    assert openai["assumptions"]["dollars_per_hour"]["from"] == "OpenAI's help page on RFT billing, 2026-11-22"
    assert openai["savings"][0] == {"change": "half of the training rows", "seconds": 6200.0, "dollars": 172.0}


def test_only_the_named_provider_and_method_are_told(folder: Path) -> None:
    assert told(folder, "--provider", "azure").keys() == {"azure rft", "azure sft"}
    assert told(folder, "--method", "sft").keys() == {"openai sft", "azure sft", "trl sft"}


def test_a_timed_step_and_an_hours_price_are_the_local_runs_unless_a_provider_is_named(folder: Path) -> None:
    jobs = told(folder, "--step-seconds", "7", "--dollars-per-hour", "3")
    assert jobs["trl rft"]["assumptions"]["step_seconds"] == {"low": 7, "expected": 7, "high": 7, "from": "given"}
    assert jobs["openai rft"]["assumptions"]["step_seconds"]["expected"] == 629.8
    jobs = told(folder, "--step-seconds", "7", "--dollars-per-hour", "3", "--provider", "openai")
    assert jobs["openai rft"]["assumptions"]["step_seconds"]["expected"] == 7
    assert jobs["openai rft"]["assumptions"]["dollars_per_hour"]["expected"] == 3


def test_a_file_of_prices_is_used(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text("as_of = 2027-02-03\n[providers.openai]\nsft_dollars_per_million_tokens = 25\n")
    sft = told(folder, "--prices", file, "--set", "n_epochs=1", "--set", "characters_per_token=5")["openai sft"]
    assert sft["expected"]["tokens"] == 640 * 15 / 5
    assert sft["expected"]["dollars"] == pytest.approx(1920 * 25 / 1e6)
    assert sft["assumptions"]["dollars_per_million_tokens"]["from"] == "the price table, 2027-02-03"


def test_a_judge_is_paid_by_the_token(folder: Path) -> None:
    tokens = ["--set", "judge_prompt_tokens=1000", "--set", "judge_completion_tokens=100", "--set", "rollouts=8"]
    judge = ["--judge", "a-judge", "--judge-price", "1.1:4.4", "--provider", "openai", "--method", "rft"]
    judged = told(folder, *known(), *tokens, *judge)["openai rft"]["expected"]
    assert judged["judge_dollars"] == pytest.approx((640 * 8 + 400) * 1540 / 1e6)


def test_a_job_of_the_ledger_gives_its_time_its_price_and_its_batch(folder: Path, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    batch = {"per_device_train_batch_size": 32, "gradient_accumulation_steps": 2, "num_generations": 8, "max_steps": 3}
    spec = Spec(provider="trl", method="rft", model="m", data=str(folder), hyperparameters=batch)
    ledger.add(Job(id="trl-1", spec=spec, budget=Budget(dollars_per_hour=2), created_at=0))
    reports = [Metrics(step=step, step_seconds=seconds) for step, seconds in enumerate([9, 4, 5], 1)]
    reports.append(Metrics(step=4, step_seconds=30, valid_reward=0.5))
    ledger.add_events("trl-1", [Event(key=str(report.step), at=0, metrics=report) for report in reports])
    local = told(folder, "--like", "trl-1", FAIRMARK_LEDGER=str(ledger.path))["trl rft"]
    assert local["assumptions"]["step_seconds"] == {"low": 4, "expected": 5, "high": 9, "from": "given"}
    assert local["assumptions"]["eval_seconds_per_row"]["expected"] == (30 - 5) / 100
    assert local["expected"]["steps"] == 640 / (32 * 2 / 8)
    assert local["assumptions"]["dollars_per_hour"]["expected"] == 2


def test_a_supervised_jobs_batch_is_of_rows(folder: Path, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    batch = {"per_device_train_batch_size": 16, "num_train_epochs": 2, "eval_steps": 10}
    spec = Spec(provider="trl", method="sft", model="m", data=str(folder), hyperparameters=batch)
    ledger.add(Job(id="trl-2", spec=spec, created_at=0))
    ledger.add_events("trl-2", [Event(key="1", at=0, metrics=Metrics(step=1, step_seconds=3))])
    local = told(folder, "--like", "trl-2", FAIRMARK_LEDGER=str(ledger.path))["trl sft"]
    assert (local["expected"]["steps"], local["expected"]["evaluations"]) == (2 * 640 / 16, 8)


def test_a_job_without_a_timed_step_is_refused(folder: Path, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    ledger.add(Job(id="trl-1", spec=Spec(provider="trl", method="rft", model="m", data=str(folder)), created_at=0))
    done = price(folder, "--like", "trl-1", FAIRMARK_LEDGER=str(ledger.path))
    assert (done.exit_code, done.stderr) == (
        2,
        "fairmark: --like trl-1: none of its steps has said its time yet\n",
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ["--set", "epochs=3"],
            "--set epochs=3: expected NAME=VALUE or NAME=CHEAP:EXPECTED:DEAR with numbers; names are",
        ),
        (["--set", "n_epochs"], "--set n_epochs: expected NAME=VALUE"),
        (["--set", "n_epochs=1:2"], "--set n_epochs=1:2: expected NAME=VALUE"),
        (["--set", "n_epochs=nan"], "--set n_epochs=nan: expected NAME=VALUE"),
        (["--set", "batch_size=0"], "batch_size: expected more than 0, got 0"),
        (
            ["--judge", "j", "--judge-price", "1"],
            "--judge-price 1: expected dollars per million tokens read and written",
        ),
        (["--judge", "j", "--judge-price=-1:2"], "--judge-price -1:2: expected dollars per million tokens"),
        (["--judge-price", "1:2"], "--judge-price: whose? Name the judge with --judge MODEL"),
        (["--step-seconds", "inf"], "step_seconds: expected a finite number"),
        (["--prices", "none.toml"], "none.toml: No such file or directory; expected a file of prices"),
    ],
)
def test_what_cant_be_read_is_refused_in_one_line(folder: Path, arguments: list[str], complaint: str) -> None:
    done = price(folder, *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"fairmark: {complaint}")
    assert done.stderr.count("\n") == 1


def test_a_folder_that_isnt_prepared_is_refused(tmp_path: Path) -> None:
    done = price(tmp_path)
    assert done.exit_code == 2
    assert "manifest.json: No such file or directory; expected a folder made by fairmark data prepare" in done.stderr


def test_a_provider_without_files_is_refused(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["targets"]["openai"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert told(folder).keys() == {"trl rft", "trl sft"}
    done = price(folder, "--provider", "azure")
    assert done.exit_code == 2
    assert "no files for azure; prepare them with fairmark data prepare" in done.stderr


def test_a_row_that_cant_be_read_is_refused(folder: Path) -> None:
    (folder / "train.jsonl").write_text('{"prompt": 3}\n')
    done = price(folder)
    assert done.exit_code == 2
    assert "the rows can't be read" in done.stderr
