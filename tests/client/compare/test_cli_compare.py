"""`fairmark compare` through files, a real endpoint and the ledger, and what it says when something is wrong."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.client.cli import fairmark
from tests.client.outputs.model_server import ModelServer, completion, running, trouble
from typer.testing import CliRunner, Result

from fairmark_client.cli import app
from fairmark_client.compare.results import Comparison
from fairmark_client.data.prepared import Manifest
from fairmark_client.jobs.job import Budget, Job, Spec
from fairmark_client.jobs.ledger import Ledger
from fairmark_client.outputs.output import Output, read, write

from .models import folder, held_out

NAMED = ["base=base.jsonl", "sft=sft.jsonl", "rft=rft.jsonl"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rows and the outputs of three models, which the command runs in."""
    monkeypatch.chdir(folder(tmp_path / "here", held_out(60, 4)))
    return Path.cwd()


def ran(*arguments: object) -> Result:
    """The command in this process, which has scipy imported already; the first test runs the program itself."""
    return CliRunner().invoke(app, ["compare", *map(str, arguments)], env={"COLUMNS": "300"})


def compared(*arguments: object) -> Comparison:
    done = ran(*arguments, "--json", "out.json")
    assert done.exit_code == 0, done.output
    return Comparison.model_validate_json(Path("out.json").read_text())


def test_files_are_compared_in_a_table_and_a_verdict() -> None:
    graders = ["--grader", "label", "--held-out", "contains", "--rare", "anomaly"]
    cost = ["--cost", "sft=3.1", "--cost", "rft=41", "--time", "rft=0.4"]
    done = fairmark("compare", "rows.jsonl", *NAMED, *graders, *cost, "--report", "report.html", COLUMNS="120")
    assert done.returncode == 0, done.stderr
    assert "60 rows · labels are read by the label grader" in done.stdout
    assert "F1 of anomaly" in done.stdout
    assert "$41.00" in done.stdout
    assert "24 min" in done.stdout
    assert "• rft beats base by" in done.stdout
    assert Path("report.html").read_text().startswith("<!doctype html>")


def test_the_first_grader_is_the_one_trained_on_and_versions_are_kept() -> None:
    found = compared("rows.jsonl", *NAMED, "--grader", "contains", "--held-out", "label")
    assert found.graders == ["contains", "label"]
    assert all("@" in version for version in found.versions)
    assert found.headline == "accuracy"


def test_a_prepared_folder_says_its_label_and_its_rare_class(here: Path) -> None:
    (here / "prepared").mkdir()
    (here / "rows.jsonl").rename(here / "prepared" / "test.jsonl")
    settings = {"label": "label", "rare": "anomaly"}
    manifest = Manifest(fairmark="0", source={}, settings=settings, files={}, targets={})
    (here / "prepared" / "manifest.json").write_text(manifest.model_dump_json())
    found = compared("prepared", *NAMED, "--grader", "contains")
    assert (found.rare, found.headline) == ("anomaly", "F1 of anomaly")
    assert found.labels_read == "labels are read by a plain match of the values of label"


def test_what_was_forgotten_shows_on_other_rows(here: Path) -> None:
    sums = [{"prompt": [{"role": "user", "content": f"{n} + {n}"}], "reference_answer": str(2 * n)} for n in range(40)]
    (here / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in sums))
    items = [{"messages": row["prompt"], "reference_answer": row["reference_answer"]} for row in sums]
    for model, knows in {"base": 38, "rft": 12}.items():
        said = [str(2 * n) if n < knows else "Label: normal" for n in range(40)]
        write(here / f"{model}.ood.jsonl", [Output(sample=said[n], item=items[n], row=n) for n in range(40)])
    done = ran("rows.jsonl", NAMED[0], NAMED[2], "--grader", "label", "--ood", "sums.jsonl")
    assert "• Out of the domain rft has forgotten: 0.650 of reward by exact (40 rows, −0.650" in done.stdout


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with running() as server:
        yield server


def test_what_a_report_lacks_is_said_before_anything_is_sampled(
    model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = ran("rows.jsonl", f"base={model.url}", "rft=rft.jsonl", "--grader", "label", "--report", "report.html")
    assert (done.exit_code, "a report takes jinja2: pip install 'fairmark[compare]'" in done.stderr) == (2, True)
    assert model.bodies == []


def test_what_was_sampled_is_kept_and_never_sampled_again(model: ModelServer, here: Path) -> None:
    options = ["--grader", "label", "--seeds", 2, "--samples", "kept", "--max-tokens", 16]
    arguments = ["rows.jsonl", f"base={model.url}", "rft=rft.jsonl", *options]
    assert ran(*arguments).exit_code == 0
    assert len(model.bodies) == 120
    assert {output.seed for _, output in read(here / "kept" / "base.jsonl")} == {0, 1}
    assert ran(*arguments).exit_code == 0
    assert len(model.bodies) == 120


def test_what_was_sampled_before_a_failure_is_kept_unasked(model: ModelServer, here: Path) -> None:
    arguments = ["rows.jsonl", f"base={model.url}", "rft=rft.jsonl", "--grader", "label", "--seeds", 1]
    model.troubles = [*(completion("normal") for _ in range(20)), trouble(400, "too long")]
    done = ran(*arguments)
    (samples,) = here.glob("samples-little-*.jsonl")
    assert (done.exit_code, f"what was sampled of base is in {samples.name}; the same" in done.stderr) == (2, True)
    kept, before = len(list(read(samples))), len(model.bodies)
    assert kept >= 20
    again = ran(*arguments)
    assert (again.exit_code, f"base: takes up what is in {samples.name}; remove it" in again.stderr) == (0, True)
    assert len(model.bodies) - before == 60 - kept


def test_models_of_one_name_at_two_endpoints_are_two(model: ModelServer, here: Path) -> None:
    with running() as other:
        done = ran("rows.jsonl", f"base={model.url}", f"rft={other.url}", "--grader", "label", "--seeds", 1)
    assert (done.exit_code, len(model.bodies), len(other.bodies)) == (0, 60, 60)


def test_a_job_of_the_ledger_says_its_cost_and_time(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_LEDGER", str(here / "jobs.sqlite"))
    spec = Spec(provider="trl", method="rft", model="m", data="d", grader="label")
    lasted: dict[str, Any] = {"created_at": 0.0, "finished_at": 7_200.0, "billed_seconds": 7_200.0}
    Ledger().add(Job(id="trl-1", spec=spec, budget=Budget(dollars_per_hour=20), status="succeeded", **lasted))
    cost = compared("rows.jsonl", *NAMED, "--grader", "label", "--job", "rft=trl-1").model("rft").cost
    assert (cost.dollars, cost.hours) == (40, 2)


def problem(*arguments: object) -> str:
    done = ran(*arguments)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rows.jsonl", "base.jsonl", "rft=rft.jsonl"], "SOURCE: expected NAME=…, got 'base.jsonl'"),
        (["rows.jsonl", "a=base.jsonl", "a=rft.jsonl"], "SOURCE: a is there twice"),
        (["rows.jsonl", "a=base.jsonl"], "expected at least two models to compare, got 1"),
        (["rows.jsonl", *NAMED, "--cost", "x=1"], "--cost: no model is called 'x'; there are base, sft, rft"),
        (["rows.jsonl", *NAMED, "--cost", "rft=much"], "--cost or --time of rft: dollars: Input should be a valid"),
        (["rows.jsonl", *NAMED, "--cost", "rft=inf"], "--cost or --time of rft: dollars: Input should be a finite"),
        (["rows.jsonl", *NAMED, "--time", "rft=-1"], "--cost or --time of rft: hours: Input should be greater than"),
        (["none.jsonl", *NAMED], "none.jsonl: No such file or directory"),
        (["rows.jsonl", *NAMED, "--rare", "odd"], "rare: expected one of the labels (normal, anomaly), got 'odd'"),
        (["rows.jsonl", "a=base.jsonl", "b=none.jsonl"], "b: none.jsonl: no such file, folder or job"),
        (["rows.jsonl", *NAMED, "--ood", "rows.jsonl"], "base.ood.jsonl: no such file"),
        (["rows.jsonl", *NAMED, "--held-out", "label"], "--held-out: expected graders other than --grader, each once"),
        (["rows.jsonl", *NAMED, "--report", "none/report.html"], "none/report.html: there is no folder none"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], said: str) -> None:
    assert said in problem(*arguments, "--grader", "label")


def test_a_broken_line_is_named_with_its_field(here: Path) -> None:
    lines = (here / "rft.jsonl").read_text().splitlines()
    broken = json.loads(lines[4]) | {"seed": "first"}
    (here / "rft.jsonl").write_text("\n".join([*lines[:4], json.dumps(broken), *lines[5:]]))
    said = problem("rows.jsonl", *NAMED, "--grader", "label")
    assert "rft.jsonl: line 5: seed: Input should be a valid integer" in said


def test_missing_rows_are_counted(here: Path) -> None:
    lines = (here / "rft.jsonl").read_text().splitlines()
    (here / "rft.jsonl").write_text("\n".join(lines[:-6]))
    said = problem("rows.jsonl", *NAMED, "--grader", "label")
    assert "rft: 2 of 60 rows have no output: rows 58, 59" in said
