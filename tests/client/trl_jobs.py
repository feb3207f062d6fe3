"""What a job of the provider `trl` needs: a tiny model that chats, a prepared data set, and the job itself."""

import json
import time
from pathlib import Path
from typing import Any

from fairmark_client.data import format
from fairmark_client.data.prepared import MANIFEST, Manifest
from fairmark_client.jobs.job import Budget, Job, Spec

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    # With two threads on shared cores the same work takes ten times as long.
    "OMP_NUM_THREADS": "1",
}
CHAT = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
GRADER = {
    "type": "text_similarity",
    "name": "close",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
    "evaluation_metric": "fuzzy_match",
}


def chatty_model(folder: Path) -> Path:
    """The tiny random Llama, with a chat template."""
    from tests.client.training import make_tiny  # takes as long as importing TRL does

    make_tiny(folder)
    (folder / "chat_template.jinja").write_text(CHAT)
    return folder


def prepared(folder: Path, train: list[dict[str, Any]], validation: list[dict[str, Any]]) -> Path:
    """A folder as `fairmark data prepare` writes it; a row is its prompt's text and the columns."""
    folder.mkdir()
    for side, rows in {"train": train, "validation": validation, "test": validation}.items():
        lines = [{**row, "prompt": [{"role": "user", "content": row["prompt"]}]} for row in rows]
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    targets, files = format.targets(folder, ["trl"], ["sft", "rft"])
    manifest = Manifest(fairmark="0.1.0", source={}, settings={}, files=files, targets=targets)
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    return folder


def rows(count: int) -> list[dict[str, Any]]:
    """Words to repeat; the references hold letters that a random model says now and then."""
    return [{"prompt": f"Repeat {n}", "reference_answer": "e ta oin shr"[: 3 + n % 9] * 2} for n in range(count)]


def job(model: Path, data: Path, folder: Path, method: str = "rft", budget: Budget | None = None, **spec: Any) -> Job:
    """A job of few steps, in that folder."""
    options = {"folder": str(folder)} | spec.pop("options", {})
    grader = {"grader": GRADER} if method == "rft" else {}
    known = {"provider": "trl", "method": method, "model": str(model), "data": str(data), "options": options}
    made = Spec.model_validate({**known, **grader, **spec})
    return Job(id=f"trl-{folder.name}", spec=made, budget=budget or Budget(), created_at=time.time())
