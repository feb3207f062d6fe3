"""Real GRPO runs of TRL on the CPU: what the trainer logged is what the service scored."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as parquet
import pytest
from tests.running import Running, Serve

from fairmark_client import Client

PROGRAM = Path(__file__).with_name("training.py")
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # With two threads on shared cores the same work takes ten times as long.
    "OMP_NUM_THREADS": "1",
}
WORDS = [{"prompt": f"{n} + {n} = ", "solution": None if n == 3 else str(2 * n) * 8, "level": n} for n in range(1, 7)]
SUMS = [
    {
        "prompt": [{"role": "user", "content": f"{a} + {b}? Answer like this: 1 + 2 = 3"}],
        "answer": f"{a} + {b} = {a + b}",
    }
    for a in range(2, 5)
    for b in range(3, 6)
]

Table = list[dict[str, Any]]


def write(rows: Table, folder: Path) -> Path:
    folder.mkdir()
    file = folder / "train.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def run(command: list[str], **environment: str) -> str:
    """What a program says; fails with it when the program does."""
    done = subprocess.run(command, env={**os.environ, **OFFLINE, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
    return done.stdout + done.stderr


def tables(out: Path) -> list[Table]:
    """The tables of completions that TRL wrote, one for each step."""
    return [parquet.read_table(path).to_pylist() for path in sorted(out.glob("completions/*.parquet"))]


def scored(client: Client, grader: str, rows: Table, table: Table, column: str) -> list[float | None]:
    """What the service says of the completions in a table, asked apart from the training."""
    references = {json.dumps(row["prompt"]): row[column] for row in rows}
    items = [{"reference_answer": references[json.dumps(row["prompt"])]} for row in table]
    return [result.score for result in client.grade(grader, [row["completion"] for row in table], items)]


def logged(table: Table, name: str) -> list[float | None]:
    """A column of a table; pandas may write what has no score as null or as NaN."""
    return [None if row[name] is None or math.isnan(row[name]) else row[name] for row in table]


def mean(scores: list[float | None]) -> float:
    graded = [score for score in scores if score is not None]
    return sum(graded) / len(graded)


def test_trl_logs_what_the_service_scored(service: Running, tmp_path: Path) -> None:
    data = write(WORDS, tmp_path / "data")
    said = run([sys.executable, str(PROGRAM), "tiny", str(data), str(tmp_path), "similarity"], FAIRMARK_URL=service.url)
    assert "similarity grades rows such as" in said
    steps = tables(tmp_path)
    scores = [scored(Client(service.url), "similarity", WORDS, table, "solution") for table in steps]
    assert len(steps) == 3
    assert [len(table) for table in steps] == [8, 8, 8]
    for table, expected in zip(steps, scores, strict=True):
        assert logged(table, "similarity") == pytest.approx(expected)
    assert len({score for step in scores for score in step}) > 3, "scores that are all alike prove nothing"
    assert any(None in step for step in scores), "no step met the row without a reference"
    log = json.loads((tmp_path / "log.json").read_text())
    means = [entry["rewards/similarity/mean"] for entry in log if "rewards/similarity/mean" in entry]
    assert means == pytest.approx([mean(step) for step in scores])


def test_an_async_function_trains_as_well(service: Running, tmp_path: Path) -> None:
    data = write(WORDS, tmp_path / "data")
    run([sys.executable, str(PROGRAM), "tiny", str(data), str(tmp_path), "similarity_async"], FAIRMARK_URL=service.url)
    for table in tables(tmp_path):
        expected = scored(Client(service.url), "similarity", WORDS, table, "solution")
        assert logged(table, "similarity_async") == pytest.approx(expected)


@pytest.mark.slow
def test_trl_from_the_command_line_needs_variables_alone(serve: Serve, tmp_path: Path) -> None:
    model = tmp_path / "tiny"
    run([sys.executable, str(PROGRAM), "make", str(model)])
    service = serve(FAIRMARK_KEY="fake-key-for-tests-only")
    write(WORDS, tmp_path / "data")
    options = {
        "model_name_or_path": model,
        "dataset_name": tmp_path / "data",
        "reward_funcs": "fairmark_client.hooks.trl.reward",
        "output_dir": tmp_path / "out",
        "use_cpu": True,
        "bf16": False,
        "max_steps": 2,
        "per_device_train_batch_size": 4,
        "num_generations": 4,
        "max_completion_length": 8,
        "logging_steps": 1,
        "log_completions": True,
        "report_to": "none",
        "save_strategy": "no",
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
    }
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    said = run(
        [str(Path(sys.executable).with_name("trl")), "grpo", *arguments],
        FAIRMARK_URL=service.url,
        FAIRMARK_KEY="fake-key-for-tests-only",
        FAIRMARK_GRADER="similarity",
        FAIRMARK_REFERENCE="solution",
        FAIRMARK_RUN="by-command",
        ACCELERATE_USE_CPU="true",
    )
    steps = tables(tmp_path / "out")
    assert len(steps) == 2
    with httpx.Client(headers={"authorization": "Bearer fake-key-for-tests-only"}) as http:
        assert 'run="by-command"' in http.get(f"{service.url}/metrics").text
    client = Client(service.url, "fake-key-for-tests-only")
    for table in steps:
        assert logged(table, "reward") == pytest.approx(scored(client, "similarity", WORDS, table, "solution"))
    assert "fake-key" not in said


@pytest.mark.slow
def test_a_real_model_is_trained_on_a_real_task(service: Running, tmp_path: Path) -> None:
    data = write(SUMS, tmp_path / "data")
    command = [sys.executable, str(PROGRAM), "smollm2", str(data), str(tmp_path), "exact_or_similar"]
    run(command, FAIRMARK_URL=service.url, FAIRMARK_RUN="sums-of-a-real-model", FAIRMARK_EXPLAIN="1")
    steps = tables(tmp_path)
    scores = [scored(Client(service.url), "exact_or_similar", SUMS, table, "answer") for table in steps]
    assert len(steps) == 3
    for table, expected in zip(steps, scores, strict=True):
        assert logged(table, "exact_or_similar") == pytest.approx(expected)
        parts = [json.loads(row["exact_or_similar_sub_scores"]) for row in table]
        assert [max(part["exact"], 0.5 * part["similar"]) for part in parts] == pytest.approx(expected)
    assert len({score for step in scores for score in step}) > 3
    log = json.loads((tmp_path / "log.json").read_text())
    rewards = [entry for entry in log if "reward" in entry]
    assert [entry["reward"] for entry in rewards] == pytest.approx([mean(step) for step in scores])
    assert any(entry["grad_norm"] > 0 for entry in rewards), "nothing was learnt from"
    assert "sums-of-a-real-model" in httpx.get(f"{service.url}/metrics").text
