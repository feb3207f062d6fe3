"""The stand-in, a prepared data set of twelve and ten rows, and the job that most tests begin with."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.running import Running

from fairmark_client.data.prepared import MANIFEST, File, Manifest, Prepared, digest
from fairmark_client.jobs.job import Job, Spec

from .standin import KEY, MODEL, StandIn

GRADER_KEY = "example-grader-key"
MakeSpec = Callable[..., Spec]
EXACT = {
    "type": "string_check",
    "name": "exact",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
    "operation": "eq",
}
RESPONSE_FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "label",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"label": {"type": "string"}},
            "required": ["label"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="session")
def platform() -> Iterator[StandIn]:
    """One server for all tests."""
    with StandIn() as running:
        yield running


@pytest.fixture
def standin(platform: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """An empty account of the test's own, and its key in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield platform
    platform.reset()


@pytest.fixture(scope="session")
def guarded() -> Iterator[Running]:
    """A fairmark service that wants a key."""
    running = Running(FAIRMARK_KEY=GRADER_KEY)
    yield running
    running.stop()


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """Sums to do: twelve rows to train on and ten to evaluate."""
    return prepare(tmp_path / "data", range(12), range(100, 110))


def prepare(folder: Path, train: range, validation: range, **manifest: Any) -> Prepared:
    """A folder as `fairmark data prepare` leaves it."""
    files = {"openai/rft/train.jsonl": train, "openai/rft/validation.jsonl": validation}
    supervised = {"openai/sft/train.jsonl": train, "openai/sft/validation.jsonl": validation}
    for name, numbers in (files | supervised).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row(number, "sft" in name)) + "\n" for number in numbers))
    for side, numbers in {"train": train, "validation": validation, "test": range(0)}.items():
        (folder / f"{side}.jsonl").write_text("".join(json.dumps(row(number)) + "\n" for number in numbers))
    described = Manifest(
        fairmark="0.1.0",
        source={"name": "sums.jsonl", "sha256": "", "rows": len(train) + len(validation)},
        settings={},
        files={name: described_file(folder / name, len(numbers)) for name, numbers in (files | supervised).items()},
        targets={
            "openai": {
                "rft": {"train": "openai/rft/train.jsonl", "validation": "openai/rft/validation.jsonl"},
                "sft": {"train": "openai/sft/train.jsonl", "validation": "openai/sft/validation.jsonl"},
            }
        },
        **manifest,
    )
    (folder / MANIFEST).write_text(described.model_dump_json())
    return Prepared.open(folder)


def rewrite(prepared: Prepared, name: str, lines: list[str]) -> None:
    """Other lines in one file of a folder, whose manifest says so."""
    path = prepared.folder / name
    path.write_text("".join(f"{line}\n" for line in lines))
    prepared.manifest.files[name] = described_file(path, len(lines))
    (prepared.folder / MANIFEST).write_text(prepared.manifest.model_dump_json())


def row(number: int, answered: bool = False) -> dict[str, Any]:
    """A row as the platform takes it; one with its answer for supervised training."""
    messages = [{"role": "user", "content": f"{number} + 1 = ?"}]
    if answered:
        return {"messages": [*messages, {"role": "assistant", "content": str(number + 1)}]}
    return {"messages": messages, "reference_answer": str(number + 1)}


def described_file(path: Path, rows: int) -> File:
    return File(rows=rows, bytes=path.stat().st_size, sha256=digest(path) or "")


@pytest.fixture
def make_spec(standin: StandIn, prepared: Prepared) -> MakeSpec:
    """The spec of a job on the stand-in; what is given replaces what is usual."""

    def make(**given: Any) -> Spec:
        options = {"base_url": standin.url, **given.pop("options", {})}
        usual = {"provider": "openai", "method": "rft", "model": MODEL, "data": str(prepared.folder), "grader": EXACT}
        return Spec.model_validate({**usual, **given, "options": options})

    return make


def job(spec: Spec, place: str | None = None, id: str = "openai-1a2b3c") -> Job:
    """A job as the ledger has it."""
    return Job(id=id, spec=spec, created_at=time.time(), place=place)
