"""The whole way, as docs/worked_example.md tells it: real rows, a real model, SFT, GRPO, and whether it helped."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .training import smollm2

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "worked_example.md"
HUB_NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
SECONDS = 1200
"""Six minutes on two quiet cores."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands of the page were run, one after the other in one shell; the hub's model is a local folder."""
    folder = tmp_path_factory.mktemp("worked")
    (folder / "examples").symlink_to(ROOT / "examples")
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    commands = [block for block in blocks if not block.startswith("pip ")]
    script = "set -eu -o pipefail\n" + "".join(commands).replace(HUB_NAME, str(smollm2()))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRMARK_")}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=kept
        | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / "state"),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            # With two threads on shared cores the same work takes ten times as long.
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    (folder / "said.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return folder


def fairmark(folder: Path, *arguments: str) -> Any:
    """What a command says as JSON."""
    command = [str(Path(sys.executable).parent / "fairmark"), *arguments, "--json"]
    environment = os.environ | {"XDG_STATE_HOME": str(folder / "state")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def share_of_anomalies(file: Path) -> float:
    labels = [json.loads(line)["label"] for line in file.read_text().splitlines()]
    return labels.count("anomaly") / len(labels)


def test_two_in_a_hundred_rows_are_anomalies_and_one_in_five_trained_on(folder: Path) -> None:
    assert share_of_anomalies(folder / "rows.jsonl") == 0.02
    assert share_of_anomalies(folder / "data" / "train.jsonl") == 0.2


def test_both_jobs_succeed_and_the_second_trains_what_the_first_has_made(folder: Path) -> None:
    sft, rft = fairmark(folder, "jobs", "list")
    assert [sft["status"], rft["status"]] == ["succeeded", "succeeded"]
    assert rft["spec"]["model"] == sft["model_made"]


def test_every_step_of_grpo_has_a_reward_within_the_graders_range(folder: Path) -> None:
    (_, rft) = fairmark(folder, "jobs", "list")
    events = fairmark(folder, "jobs", "show", rft["id"])["events"]
    rewards = [event["metrics"]["train_reward"] for event in events if "metrics" in event]
    assert len(rewards) == 4
    assert all(-4 <= reward <= 1 for reward in rewards)


def test_the_three_models_are_measured_on_the_same_rows(folder: Path) -> None:
    comparison = json.loads((folder / "comparison.json").read_text())
    assert [model["name"] for model in comparison["models"]] == ["base", "sft", "rft"]


def test_the_report_shows_what_the_page_tells(folder: Path) -> None:
    report = (folder / "report.html").read_text()
    assert all(f">{name}<" in report for name in ("base", "sft", "rft"))
