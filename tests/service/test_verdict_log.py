"""The verdict log: what gets in, how much it may take, and that nothing waits for it."""

import contextlib
import json
import logging
import math
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fairmark_service import verdict_log
from fairmark_service.verdict_log import VerdictLog


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
    case = {"answer": str(number), "reference": "4"}
    fields = {"score": 0.0, "outcome": "graded", "reason": None, "version": "exact@3f9c", "run": "run-1", "step": 7}
    return {"case": case} | fields | changes


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "verdicts.jsonl"


@pytest.fixture
def pipe(path: Path) -> Iterator[int]:
    """In the place of the file, a pipe that takes 64 KiB until it is read from: a disk that hangs."""
    os.mkfifo(path)
    end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield end
    os.close(end)


def test_every_row_is_one_line_in_order(path: Path) -> None:
    log = VerdictLog(path)
    log.write([row(1), row(2)])
    log.write(iter([row(3)]))
    log.close()
    assert lines(path) == [row(1), row(2), row(3)]


def test_a_sample_that_json_can_not_hold_is_left_out_of_its_row(path: Path) -> None:
    log = VerdictLog(path, samples=True)
    log.write([row(1, sample="1", item={"n": 10**5000}), row(2, sample="2", item={})])
    log.close()
    assert lines(path) == [row(1, case=None), row(2, sample="2", item={})]


def test_a_log_goes_on_where_the_last_one_ended(path: Path) -> None:
    for number in range(3):
        log = VerdictLog(path)
        log.write([row(number)])
        log.close()
    assert lines(path) == [row(0), row(1), row(2)]


def test_a_line_cut_short_spoils_no_other(path: Path) -> None:
    path.write_bytes(b'{"case": "half a li')
    log = VerdictLog(path)
    log.write([row(1)])
    log.close()
    assert path.read_bytes().splitlines()[0] == b'{"case": "half a li'
    assert json.loads(path.read_bytes().splitlines()[1]) == row(1)


def test_only_the_owner_reads_the_log(path: Path) -> None:
    VerdictLog(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_path_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        VerdictLog(tmp_path / "missing" / "verdicts.jsonl")


@pytest.mark.parametrize("count", [1, 3])
def test_the_files_are_as_many_and_as_long_as_said(path: Path, count: int) -> None:
    log = VerdictLog(path, max_bytes=2000, files=count)
    log.write(map(row, range(200)))
    log.close()
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["verdicts.jsonl", "verdicts.jsonl.1", "verdicts.jsonl.2"][:count]
    assert all(1700 < file.stat().st_size <= 2000 for file in files[1:])
    assert path.stat().st_size <= 2000


def test_the_newest_rows_are_those_that_stay(path: Path) -> None:
    log = VerdictLog(path, max_bytes=2000, files=3)
    log.write(map(row, range(200)))
    log.close()
    kept = [line for number in (".2", ".1", "") for line in lines(path.with_name(path.name + number))]
    assert kept == [row(number) for number in range(200 - len(kept), 200)]
    assert len(kept) > 25


def test_a_row_longer_than_a_file_is_dropped(path: Path) -> None:
    log = VerdictLog(path, max_bytes=2000)
    log.write([row(1), row(reason="x" * 2000), row(2)])
    log.close()
    assert lines(path) == [row(1), row(2)]
    assert log.dropped == 1


def test_a_share_of_the_cases_is_logged(path: Path) -> None:
    log = VerdictLog(path, share=0.25)
    log.write(map(row, range(2000)))
    log.close()
    assert 400 < len(lines(path)) < 600


def test_a_case_is_always_in_or_always_out(tmp_path: Path) -> None:
    kept = []
    for name, version in (("one", "exact@1"), ("other", "similarity@2")):
        log = VerdictLog(tmp_path / name, share=0.5)
        log.write(row(number, version=version, score=len(name)) for number in range(200))
        log.close()
        kept.append([line["case"] for line in lines(tmp_path / name)])
    assert kept[0] == kept[1]


def test_a_row_without_a_case_is_sampled_too(path: Path) -> None:
    log = VerdictLog(path, share=0.5)
    log.write(row(case=None, reason=f"fault {number}") for number in range(200))
    log.close()
    assert 60 < len(lines(path)) < 140


@pytest.mark.parametrize("value", ["lone \ud800 surrogate", 2**70, -(10**4000), ["é", "\u2028", "a\nb"]])
def test_what_json_has_is_logged_as_it_is(path: Path, value: Any) -> None:
    log = VerdictLog(path, share=0.999999)
    log.write([row(case={"answer": value})])
    log.close()
    assert lines(path) == [row(case={"answer": value})]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_json_lacks_is_null(path: Path, value: float) -> None:
    log = VerdictLog(path)
    log.write([row(case={"answer": value})])
    log.close()
    assert lines(path) == [row(case={"answer": None})]


def deep() -> Any:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize("value", [10**5000, deep(), ["\ud800", math.nan]], ids=["digits", "depth", "both"])
def test_a_case_that_no_json_holds_is_null_and_its_verdict_is_logged(path: Path, value: Any) -> None:
    log = VerdictLog(path, share=0.999999)
    log.write([row(case={"answer": value}), row(1)])
    log.close()
    assert lines(path) == [row(case=None), row(1)]


def test_a_disk_that_hangs_holds_nobody_up_and_may_come_back(
    path: Path, pipe: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def read() -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(pipe, 1 << 20)

    def takes_rows() -> bool:
        read()
        before = log.dropped
        log.write([row()])
        return log.dropped == before

    def ended() -> bool:
        read()
        return all(thread.name != "verdict-log" for thread in threading.enumerate())

    monkeypatch.setattr(verdict_log, "QUEUED_BYTES", 1 << 20)
    monkeypatch.setattr(verdict_log, "CLOSE_PATIENCE", 0.1)
    caplog.set_level(logging.INFO, "fairmark.verdict_log")
    log = VerdictLog(path)
    began = time.perf_counter()
    log.write([row(number, reason="x" * 10_000) for number in range(200)])
    assert time.perf_counter() - began < 10
    assert 60 < log.dropped < 140
    until(takes_rows)
    log.close()
    assert [record.message for record in caplog.records] == [
        "the verdict log drops rows",
        "the verdict log takes rows again",
    ]
    until(ended)


def test_a_disk_that_fails_loses_rows_and_no_more(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = VerdictLog(path, max_bytes=300)
    path.with_name(f"{path.name}.4").mkdir()
    log.write([row(1), row(2), row(3)])
    until(lambda: log.dropped > 0)
    path.with_name(f"{path.name}.4").rmdir()
    log.write([row(4)])
    log.close()
    assert row(4) in lines(path)
    assert vars(caplog.records[0])["fault"] == "Is a directory"
