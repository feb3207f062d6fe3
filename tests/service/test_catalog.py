"""The catalog on real files: edited, swapped, broken and removed while it is watched."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import wait_until

from fairmark_graders import InvalidGrader
from fairmark_service import reload
from fairmark_service.catalog import INLINE_BYTES, Catalog, InvalidCatalog, UnknownGrader
from fairmark_service.loading import Files
from fairmark_service.settings import Settings

EXACT = {
    "type": "string_check",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
    "operation": "eq",
}
LIKE = {**EXACT, "operation": "like"}
FUNCTION = {"type": "function", "function": "rewards.short:fn", "packages": "."}
WRONG = json.dumps({**EXACT, "operation": "same"}, indent=2)


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "POLL_SECONDS", 0.02)


def write(path: Path, configuration: Any) -> None:
    """As editors do it: a new file in the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(configuration if isinstance(configuration, str) else json.dumps(configuration))
    new.replace(path)


def loaded(directory: Path, functions: Iterable[str] = ()) -> Catalog:
    catalog = Catalog(directory, functions)
    catalog.load()
    return catalog


@asynccontextmanager
async def watched(directory: Path, functions: Iterable[str] = ()) -> AsyncIterator[Catalog]:
    files = Files(Settings(catalog=directory, functions=",".join(functions)))
    watch = asyncio.create_task(files.watch())
    try:
        yield files.catalog
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


def test_files_are_served_under_their_stems(tmp_path: Path) -> None:
    write(tmp_path / "exact.json", EXACT)
    write(tmp_path / "v1.2_like-x.yaml", LIKE)
    (tmp_path / "README.md").write_text("not a grader")
    (tmp_path / ".draft.json").write_text("{")
    entries = loaded(tmp_path).snapshot.entries
    assert sorted(entries) == ["exact", "v1.2_like-x"]
    assert entries["exact"].version == f"exact@{entries['exact'].grader.version}"


def test_start_up_tells_every_problem_at_once(tmp_path: Path) -> None:
    write(tmp_path / "a.json", WRONG)
    write(tmp_path / "b.yaml", "type: [")
    write(tmp_path / "good.json", EXACT)
    write(tmp_path / "no good.json", EXACT)
    write(tmp_path / "inline.json", EXACT)
    with pytest.raises(InvalidCatalog) as refused:
        loaded(tmp_path)
    head, *lines = str(refused.value).splitlines()
    assert str(tmp_path) in head
    assert [line.split(": ")[0] for line in lines] == ["a.json", "b.yaml", "inline.json", "no good.json"]
    assert lines[0].startswith("a.json: line 5: operation: ")


def test_a_missing_directory_is_refused_at_start_up(tmp_path: Path) -> None:
    with pytest.raises(InvalidCatalog, match="No such file"):
        loaded(tmp_path / "nowhere")


def test_two_files_of_one_name_are_refused_naming_both(tmp_path: Path) -> None:
    write(tmp_path / "exact.json", EXACT)
    write(tmp_path / "exact.yaml", EXACT)
    with pytest.raises(InvalidCatalog) as refused:
        loaded(tmp_path)
    assert "exact.json: the name 'exact' is also given by exact.yaml" in str(refused.value)


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    for number in range(25):
        write(tmp_path / f"g{number:02}.json", EXACT)
    with pytest.raises(UnknownGrader, match=r"'exat'; there is g00, g01, .*, g19 and 5 more") as unknown:
        loaded(tmp_path).snapshot.get("exat")
    assert len(unknown.value.known) == 25


@pytest.mark.anyio
async def test_an_edit_is_taken_up_and_other_entries_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "edited.json", EXACT)
    write(tmp_path / "other.json", EXACT)
    async with watched(tmp_path) as catalog:
        before = catalog.snapshot
        write(tmp_path / "edited.json", LIKE)
        await wait_until(lambda: catalog.snapshot is not before)
        assert catalog.snapshot.get("edited").version != before.get("edited").version
        assert catalog.snapshot.get("other") is before.get("other")
        assert before.get("edited").grader.to_openai()["operation"] == "eq"


@pytest.mark.anyio
async def test_a_file_edited_in_place_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / "exact.json").write_text(json.dumps(EXACT))
    async with watched(tmp_path) as catalog:
        version = catalog.snapshot.get("exact").version
        (tmp_path / "exact.json").write_text(json.dumps(LIKE))
        await wait_until(lambda: catalog.snapshot.get("exact").version != version)


@pytest.mark.anyio
async def test_files_that_come_and_go_are_served_and_dropped(tmp_path: Path) -> None:
    write(tmp_path / "old.json", EXACT)
    async with watched(tmp_path) as catalog:
        write(tmp_path / "new.json", EXACT)
        await wait_until(lambda: "new" in catalog.snapshot.entries)
        (tmp_path / "old.json").unlink()
        await wait_until(lambda: "old" not in catalog.snapshot.entries)


@pytest.mark.anyio
async def test_a_config_map_swap_is_taken_up(tmp_path: Path) -> None:
    def project(revision: str, configuration: Any) -> None:
        """As kubelet does it: a fresh directory, then the link `..data` renamed over the old one."""
        (tmp_path / revision).mkdir()
        (tmp_path / revision / "exact.json").write_text(json.dumps(configuration))
        (tmp_path / "..data_tmp").symlink_to(revision)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    project("..2026_01", EXACT)
    (tmp_path / "exact.json").symlink_to("..data/exact.json")
    async with watched(tmp_path) as catalog:
        before = catalog.snapshot.get("exact")
        project("..2026_02", LIKE)
        await wait_until(lambda: catalog.snapshot.get("exact").version != before.version)
        assert not catalog.snapshot.broken


@pytest.mark.anyio
async def test_a_broken_edit_serves_the_old_grader_and_tells_the_line_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    write(tmp_path / "exact.json", EXACT)
    async with watched(tmp_path) as catalog:
        before = catalog.snapshot.get("exact")
        write(tmp_path / "exact.json", WRONG)
        await wait_until(lambda: bool(catalog.snapshot.broken))
        (broken,) = catalog.snapshot.broken
        assert (broken.file, broken.serving) == ("exact.json", True)
        assert broken.problems == ("line 5: operation: input should be 'eq', 'ne', 'like' or 'ilike'",)
        assert catalog.snapshot.get("exact") is before
        write(tmp_path / "another.json", EXACT)
        await wait_until(lambda: "another" in catalog.snapshot.entries)
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert record.__dict__["problems"] == broken.problems
        write(tmp_path / "exact.json", LIKE)
        await wait_until(lambda: not catalog.snapshot.broken)
        assert catalog.snapshot.get("exact").version != before.version


@pytest.mark.anyio
async def test_a_file_broken_from_the_first_is_reported_and_not_served(tmp_path: Path) -> None:
    async with watched(tmp_path) as catalog:
        write(tmp_path / "new.json", WRONG)
        await wait_until(lambda: bool(catalog.snapshot.broken))
        assert not catalog.snapshot.broken[0].serving
        assert "new" not in catalog.snapshot.entries


@pytest.mark.anyio
async def test_a_second_file_of_a_name_changes_nothing_until_one_is_gone(tmp_path: Path) -> None:
    write(tmp_path / "exact.json", EXACT)
    async with watched(tmp_path) as catalog:
        before = catalog.snapshot.get("exact")
        write(tmp_path / "exact.yaml", LIKE)
        await wait_until(lambda: len(catalog.snapshot.broken) == 2)
        assert catalog.snapshot.get("exact") is before
        (tmp_path / "exact.json").unlink()
        await wait_until(lambda: not catalog.snapshot.broken)
        assert catalog.snapshot.get("exact").grader.to_openai()["operation"] == "like"


@pytest.mark.anyio
async def test_a_directory_that_vanishes_leaves_its_graders_served(tmp_path: Path) -> None:
    directory = tmp_path / "catalog"
    directory.mkdir()
    write(directory / "exact.json", EXACT)
    async with watched(directory) as catalog:
        before = catalog.snapshot.get("exact")
        directory.rename(tmp_path / "away")
        await wait_until(lambda: bool(catalog.snapshot.broken))
        assert catalog.snapshot.get("exact") is before
        (tmp_path / "away").rename(directory)
        await wait_until(lambda: not catalog.snapshot.broken)


@pytest.mark.anyio
async def test_a_file_read_again_with_the_same_grader_keeps_its_entry(tmp_path: Path) -> None:
    write(tmp_path / "a.json", EXACT)
    async with watched(tmp_path) as catalog:
        before = catalog.snapshot
        write(tmp_path / "a.json", json.dumps(EXACT, indent=4))
        write(tmp_path / "b.json", EXACT)
        await wait_until(lambda: catalog.snapshot is not before)
        assert catalog.snapshot.get("a") is before.get("a")


@pytest.mark.anyio
async def test_the_watch_survives_a_reload_that_raises(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    calls = 0

    def reloading() -> None:
        nonlocal calls
        calls += 1
        raise ZeroDivisionError

    watch = asyncio.create_task(reload.poll(reloading))
    await wait_until(lambda: calls > 2)
    watch.cancel()
    assert "what was loaded before stays" in caplog.text


def test_a_file_that_fails_its_fixtures_is_refused_at_the_start(tmp_path: Path) -> None:
    write(tmp_path / "exact.json", EXACT)
    (tmp_path / "exact.tests.jsonl").write_text('{"sample": "a", "item": {"reference_answer": "b"}, "score": 1}')
    with pytest.raises(InvalidCatalog, match=r"exact.json: exact.tests.jsonl: line 1: expected 1, got 0"):
        loaded(tmp_path)


@pytest.mark.anyio
async def test_a_change_of_the_fixtures_alone_is_held_against_the_grader(tmp_path: Path) -> None:
    write(tmp_path / "exact.json", EXACT)
    async with watched(tmp_path) as catalog:
        before = catalog.snapshot.get("exact")
        write(tmp_path / "exact.tests.jsonl", {"sample": "a", "score": 1})
        await wait_until(lambda: bool(catalog.snapshot.broken))
        assert catalog.snapshot.get("exact") is before
        write(tmp_path / "exact.tests.jsonl", {"sample": "a", "outcome": "ungradable"})
        await wait_until(lambda: not catalog.snapshot.broken)


def rewards(directory: Path, code: str = "def fn(sample, item): return 1") -> Path:
    """A catalog with one function in a package `rewards`; the module that is called."""
    (directory / "rewards").mkdir()
    (directory / "rewards" / "__init__.py").touch()
    write(directory / "short.json", FUNCTION)
    write(directory / "rewards" / "short.py", code)
    return directory / "rewards" / "short.py"


@pytest.mark.parametrize("allowed", [["rewards"], ["rewards.short"], ["other", "rewards"]])
def test_a_function_of_an_allowed_module_is_served(tmp_path: Path, allowed: list[str]) -> None:
    rewards(tmp_path)
    assert "short" in loaded(tmp_path, allowed).snapshot.entries


@pytest.mark.parametrize("allowed", [[], ["reward"], ["rewards.s"], ["rewards.short.fn"], ["other"]])
def test_a_function_of_any_other_module_is_refused_and_never_imported(tmp_path: Path, allowed: list[str]) -> None:
    rewards(tmp_path, f"open({str(tmp_path / 'trace')!r}, 'w')")
    with pytest.raises(InvalidCatalog, match="FAIRMARK_FUNCTIONS"):
        loaded(tmp_path, allowed)
    assert not (tmp_path / "trace").exists()


@pytest.mark.anyio
async def test_an_edit_of_a_function_s_code_is_taken_up_and_a_broken_one_is_not(tmp_path: Path) -> None:
    module = rewards(tmp_path)
    async with watched(tmp_path, ["rewards"]) as catalog:
        before = catalog.snapshot.get("short")
        write(module, "def fn(sample): return 1")
        await wait_until(lambda: bool(catalog.snapshot.broken))
        assert catalog.snapshot.get("short") is before
        write(module, "def fn(sample, item): return 2")
        await wait_until(lambda: not catalog.snapshot.broken)
        assert catalog.snapshot.get("short").version != before.version


@pytest.mark.parametrize("allowed", [[], ["rewards"], ["os"]])
@pytest.mark.parametrize(
    "configuration",
    [
        {"type": "function", "function": "rewards.short:fn"},
        {"type": "function", "function": "os:system", "packages": "/tmp"},
        {"type": "multi", "calculate_output": "f", "graders": {"f": {"type": "function", "function": "os:system"}}},
    ],
)
def test_a_request_may_bring_no_function_whatever_is_allowed(
    tmp_path: Path, configuration: dict[str, Any], allowed: list[str]
) -> None:
    with pytest.raises(InvalidGrader, match="from the catalog alone"):
        Catalog(tmp_path, allowed).inline(configuration)


def test_an_inline_grader_is_parsed_once_whatever_the_order_of_its_keys() -> None:
    catalog = Catalog(Path("unused"))
    entry = catalog.inline(EXACT)
    assert entry.version == f"inline@{entry.grader.version}"
    assert catalog.inline(dict(reversed(EXACT.items()))) is entry
    assert catalog.inline(LIKE) is not entry


@pytest.mark.parametrize(
    "configuration", [None, [], "exact", 2**70, {"type": "\ud800"}, {1: 2, "a": {3}}, {"type": "no"}]
)
def test_what_is_no_configuration_is_refused(configuration: Any) -> None:
    with pytest.raises(InvalidGrader):
        Catalog(Path("unused")).inline(configuration)


def test_an_inline_grader_nested_too_deeply_or_too_large_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    catalog = Catalog(Path("unused"))
    with pytest.raises(InvalidGrader, match="nested too deeply"):
        catalog.inline({**EXACT, "reference": deep})
    with pytest.raises(InvalidGrader, match="1,000,000 bytes"):
        catalog.inline({**EXACT, "reference": "x" * 1_000_001})


def test_inline_graders_are_kept_up_to_a_bound_and_the_oldest_go_first() -> None:
    catalog = Catalog(Path("unused"))
    kept, dropped = catalog.inline(EXACT), catalog.inline(LIKE)
    for number in range(INLINE_BYTES // 900_000 + 1):
        catalog.inline({**EXACT, "reference": f"{number}" + "x" * 900_000})
        assert catalog.inline(EXACT) is kept
    assert catalog.inline(LIKE) is not dropped
