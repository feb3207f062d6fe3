"""What one process reads and hands to others: it arrives as it was."""

import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairmark_service import channel
from fairmark_service.loading import Files, Handed, Loaded
from fairmark_service.settings import Settings

KEY, NEXT = "fake-key-to-hand-over-1", "fake-key-to-hand-over-2"
TEXT, REFERENCE = "{{ sample.output_text }}", "{{ item.reference_answer }}"
GRADERS: dict[str, dict[str, Any]] = {
    "pattern": {"type": "regex", "input": TEXT, "pattern": r"Answer: (\w)", "group": 1, "reference": REFERENCE},
    "shape": {"type": "json_schema", "json_schema": {"type": "object"}, "reference": REFERENCE},
    "calls": {"type": "tool_calls", "reference": REFERENCE},
    "mine": {"type": "function", "function": "handed_rewards:one"},
    "scaled": {
        "type": "multi",
        "graders": {"a": {"type": "function", "function": "handed_rewards:one", "name": "a"}},
        "calculate_output": "a * 2",
    },
    "both": {
        "type": "multi",
        "graders": {
            "a": {"type": "string_check", "input": TEXT, "reference": REFERENCE, "operation": "eq", "name": "a"}
        },
        "calculate_output": "a * 2",
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("loading")


@pytest.fixture(scope="module")
def settings(folder: Path) -> Iterator[Settings]:
    catalog, code = folder / "catalog", folder / "code"
    catalog.mkdir()
    code.mkdir()
    for name, grader in GRADERS.items():
        (catalog / f"{name}.json").write_text(json.dumps(grader))
    (catalog / "own.py").write_text("def grade(sample, item):\n    return 1.0\n")
    (code / "handed_rewards.py").write_text("def one(sample, item):\n    return 1.0\n")
    (folder / "keys").write_text(f"cluster: {KEY} rate=50/s\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(code)
        yield Settings(catalog=catalog, keys=folder / "keys", functions="handed_rewards")


@pytest.fixture(scope="module")
def files(settings: Settings) -> Files:
    """Read once: to try `own` in a sandbox takes seconds. The last test changes them."""
    return Files(settings)


def handed(loaded: Loaded) -> Loaded:
    """The same, by way of memory that another process reads."""
    found: Loaded = channel.unpack(channel.pack(loaded))
    return found


def test_every_kind_of_grader_arrives_with_its_version(files: Files) -> None:
    entries = files.loaded.snapshot.entries
    assert set(entries) == {*GRADERS, "own"}
    arrived = handed(files.loaded).snapshot.entries
    assert {name: entry.grader.version for name, entry in arrived.items()} == {
        name: entry.grader.version for name, entry in entries.items()
    }
    assert dict(arrived) == dict(entries)


def test_a_functions_code_is_not_read_again(files: Files, folder: Path) -> None:
    loaded = files.loaded
    arrived = pickle.loads(pickle.dumps(loaded))
    (folder / "code" / "handed_rewards.py").write_text("def one(sample, item):\n    return 0.0\n")
    for name in ("mine", "scaled"):
        assert arrived.snapshot.get(name).grader.version == loaded.snapshot.get(name).grader.version


def test_keys_hold_with_their_limits_where_they_arrive(settings: Settings, files: Files) -> None:
    rules = Handed(settings, handed(files.loaded))
    assert rules.keys.name_of(f"Bearer {KEY}".encode()) == "cluster"
    assert rules.keys.limit_of("cluster").rate == 50


def test_keys_are_handed_over_as_digests(files: Files) -> None:
    assert KEY.encode() not in pickle.dumps(files.loaded)


def test_what_has_changed_is_taken_up(settings: Settings, files: Files, folder: Path) -> None:
    rules = Handed(settings, handed(files.loaded))
    (folder / "keys").write_text(f"cluster: {NEXT}\n")
    (folder / "catalog" / "calls.json").unlink()
    files.look()
    rules.take_up(handed(files.loaded))
    assert rules.keys.name_of(f"Bearer {KEY}".encode()) is None
    assert rules.keys.name_of(f"Bearer {NEXT}".encode()) == "cluster"
    assert "calls" not in rules.catalog.snapshot.entries


def test_all_who_are_handed_the_same_memory_read_all_of_it() -> None:
    memory = channel.pack(["news"])
    another = os.dup(memory)
    assert [channel.unpack(memory), channel.unpack(another)] == [["news"], ["news"]]
