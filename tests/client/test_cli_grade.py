"""`fairmark grade`, in process and against a real service."""

import contextlib
import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.running import Running, Serve

from fairmark_graders.grader_file import read_grader, shipped_catalog

from .cli import FAIRMARK, fairmark, row, rows, surroundings

EXACT = f"exact@{read_grader(shipped_catalog() / 'exact.json').version}"
GRADED: dict[str, Any] = {"score": 1.0, "outcome": "graded", "reason": None, "sub_scores": {}, "cached": False}
MIXED = (
    row("42"),
    row("41"),
    {"sample": "42", "item": {}},
    {"sample": 42, "item": {}},
    row("<think>it is 42"),
    row("12345678901234567890123", 12345678901234567890123),
)


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return rows(tmp_path / "rows.jsonl", *MIXED)


def test_rows_that_are_all_graded_exit_with_0(tmp_path: Path) -> None:
    graded = fairmark("grade", rows(tmp_path / "rows.jsonl", row("42"), row("41")), "--grader", "exact")
    assert (graded.returncode, graded.stderr) == (0, "")
    assert EXACT in graded.stdout


def test_results_come_in_order_with_the_fields_of_v1_grade(table: Path, tmp_path: Path) -> None:
    graded = fairmark("grade", table, "--grader", "exact", "--out", tmp_path / "out.jsonl")
    assert graded.returncode == 1
    written = results(tmp_path / "out.jsonl")
    assert written[0] == GRADED | {"version": EXACT}
    assert [r["outcome"] for r in written] == ["graded", "graded", "ungradable", "invalid", "graded", "graded"]
    assert [r["score"] for r in written] == [1.0, 0.0, None, None, 0.0, 1.0]


@pytest.mark.parametrize("grader", ["exact", "exact_or_similar", "file"])
def test_a_service_and_this_process_give_the_same_results(
    grader: str, table: Path, tmp_path: Path, service: Running
) -> None:
    if grader == "file":
        grader = str(shipped_catalog() / "contains.json")
    for name, url in {"here": [], "there": ["--url", service.url]}.items():
        assert fairmark("grade", table, "--grader", grader, "--out", tmp_path / name, *url).returncode == 1
    here, there = (
        [
            {key: value for key, value in result.items() if key not in ("version", "cached")}
            for result in results(tmp_path / name)
        ]
        for name in ("here", "there")
    )
    assert here == there


def test_more_rows_than_a_batch_stay_in_order(tmp_path: Path, service: Running) -> None:
    source = rows(tmp_path / "rows.jsonl", *(row(str(n), str(n - n % 3)) for n in range(3000)))
    graded = fairmark("grade", source, "--grader", "exact", "--url", service.url, "--out", tmp_path / "out.jsonl")
    assert graded.returncode == 0, graded.stderr
    assert [r["score"] for r in results(tmp_path / "out.jsonl")] == [float(n % 3 == 0) for n in range(3000)]


def test_the_summary_counts_outcomes_scores_and_reasons(table: Path) -> None:
    shown = fairmark("grade", table, "--grader", "exact").stdout
    words = " ".join(shown.replace("│", " ").split())
    for fact in (
        "rows 6",
        "graded 4",
        "ungradable 1",
        "invalid 1",
        "grader_error 0",
        "mean 0.5",
        "std 0.5",
        "median 0.5",
    ):
        assert fact in words
    assert "share of 1 50.0%" in words
    assert "the item has no 'item.reference_answer'" in words


def test_the_summary_fits_80_columns(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", *(row("x" * n, "x" * 40) for n in range(40)))
    shown = fairmark("grade", source, "--grader", "similarity", COLUMNS="80").stdout
    assert "…" not in shown
    assert "0.9–1" in shown


def test_a_narrow_terminal_gets_the_numbers_without_the_histogram(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", *(row("x" * n, "x" * 40) for n in range(40)))
    shown = fairmark("grade", source, "--grader", "similarity", COLUMNS="60").stdout
    assert "median" in shown
    assert not {"…", "█"} & set(shown)


@pytest.mark.parametrize("options", [["--out", "-"], ["--explain"]])
def test_a_reader_that_has_seen_enough_is_no_ungraded_row(options: list[str], tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", *[row("42")] * 3_000)
    command = [FAIRMARK, "grade", str(source), "--grader", "exact", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings()) as grading:
        assert grading.stdout
        assert grading.stderr
        grading.stdout.readline()
        grading.stdout.close()
        assert grading.stderr.read() == b""
        assert grading.wait(30) == 128 + signal.SIGPIPE


def test_plain_dataset_rows_name_the_column_of_the_sample(tmp_path: Path) -> None:
    chat = [{"role": "assistant", "content": "42"}]
    source = rows(
        tmp_path / "data.jsonl",
        {"prompt": "6*7", "reference_answer": "42", "completion": "42"},
        {"prompt": "6*7", "reference_answer": "42", "completion": chat},
    )
    graded = fairmark("grade", source, "--grader", "exact", "--sample", "completion", "--out", tmp_path / "out.jsonl")
    assert graded.returncode == 0
    assert [r["score"] for r in results(tmp_path / "out.jsonl")] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"sample": "42",', "expected JSON, got"),
        ('["42"]', "expected an object, got"),
        ('{"sample": NaN}', "NaN is not JSON"),
        ('{"sample": 1e999}', "expected finite numbers"),
        ('{"sample": "\\ud800"}', "expected Unicode text"),
        ('{"prompt": "6*7"}', 'no "sample" here, only "prompt"'),
        ('{"sample": "42", "itme": {}}', "itme: unknown field"),
        ('{"sample": "42", "grader": "similarity"}', "grader: expected none in a row"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_line_is_named_and_the_rest_is_graded(line: str, reason: str, tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", row("42"), "", line, row("42"))
    graded = fairmark("grade", source, "--grader", "exact", "--out", tmp_path / "out.jsonl")
    assert graded.returncode == 1
    assert graded.stderr.startswith(f"fairmark: {source}: line 3: {reason}")
    assert len(graded.stderr.splitlines()) == 1
    assert [r["outcome"] for r in results(tmp_path / "out.jsonl")] == ["graded", "invalid", "graded"]


def test_a_file_of_something_else_is_not_complained_about_line_by_line(tmp_path: Path) -> None:
    graded = fairmark("grade", rows(tmp_path / "rows.jsonl", *["nothing"] * 500), "--grader", "exact")
    assert graded.returncode == 1
    assert len(graded.stderr.splitlines()) == 21


def test_results_go_down_a_pipe_and_the_summary_beside_it() -> None:
    graded = fairmark("grade", "-", "--grader", "exact", "--out", "-", stdin=json.dumps(row("42")))
    assert json.loads(graded.stdout) == GRADED | {"version": EXACT}
    assert "stdin" in graded.stderr


def test_a_stream_without_end_is_read_only_as_far_as_the_limit() -> None:
    endless = subprocess.Popen(["yes", json.dumps(row("42"))], stdout=subprocess.PIPE)
    with endless:
        command = [FAIRMARK, "grade", "-", "--grader", "exact", "--limit", "1000", "--out", "-"]
        graded = subprocess.run(command, stdin=endless.stdout, capture_output=True, env=surroundings(), timeout=60)
        endless.kill()
    assert graded.returncode == 0
    assert len(graded.stdout.splitlines()) == 1000


def test_explain_shows_what_was_read_and_what_decided(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", row("<think>hm</think>41"))
    shown = fairmark("grade", source, "--grader", "exact", "--explain").stdout
    lines = dict(line.split(maxsplit=1) for line in shown.splitlines() if len(line.split()) > 1)
    assert lines["answer"].strip() == '"41"'
    assert lines["reference"].strip() == '"42"'
    assert lines["rule"].strip() == "string_check.eq"
    assert lines["version"].strip() == EXACT
    assert "ms" in lines["took"]


def test_explain_shows_the_parts_of_a_multi_the_same_here_and_on_a_service(table: Path, service: Running) -> None:
    asked = ("grade", table, "--grader", "exact_or_similar", "--explain", "--limit", 2)
    here, there = (
        [
            line.rstrip()
            for line in fairmark(*asked, *url).stdout.splitlines()
            if line.startswith(("exact.", "similar.", "score"))
        ]
        for url in ([], ["--url", service.url])
    )
    assert here == there
    assert [line.split() for line in here[:3]] == [
        ["exact.answer", '"42"'],
        ["exact.reference", '"42"'],
        ["similar.answer", '"42"'],
    ]


def test_what_a_model_wrote_cannot_steer_the_terminal(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", row("\x1b[2J\x9b2J[bold]:smile:"))
    shown = fairmark("grade", source, "--grader", "exact", "--explain").stdout
    assert not {"\x1b", "\x9b"} & set(shown)
    assert "[bold]:smile:" in shown


def test_a_url_in_the_environment_is_used_and_said(table: Path, service: Running) -> None:
    graded = fairmark("grade", table, "--grader", "exact", FAIRMARK_URL=service.url)
    assert f"grading on {service.url}, as FAIRMARK_URL says" in graded.stderr
    assert f"on {service.url}" in " ".join(graded.stdout.split())


def test_a_key_comes_from_the_variable_that_is_named(table: Path, serve: Serve) -> None:
    url = serve(FAIRMARK_KEY="not-a-real-key-0123456789").url
    without = fairmark("grade", table, "--grader", "exact", "--url", url)
    assert (without.returncode, len(without.stderr.splitlines())) == (2, 1)
    with_key = fairmark(
        "grade", table, "--grader", "exact", "--url", url, "--key-env", "MY_KEY", MY_KEY="not-a-real-key-0123456789"
    )
    assert with_key.returncode == 1
    assert "not-a-real-key" not in with_key.stdout + with_key.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--grader", "exat"], "the shipped catalog has no grader 'exat'; did you mean exact?"),
        (["--grader", "none.json"], "none.json: can't be read: No such file or directory"),
        (["--grader", "exact", "--url", "http://127.0.0.1:1"], "no service at http://127.0.0.1:1: "),
        (["--grader", "exact", "--url", "localhost:8000"], "--url: expected http://host:port"),
        (["--grader", "exact", "--url", "http://me:fake@127.0.0.1:1"], "--url: holds a user or a password"),
        (["--grader", "exact", "--url", "http://[::1"], "--url: expected http://host:port"),
        (
            ["--grader", "exact", "--url", "http://127.0.0.1:1", "--key-env", "NOT_SET"],
            "--key-env: the environment variable",
        ),
        (["--grader", "exact", "--out", "/dev/full"], "/dev/full: No space left on device"),
        (["--grader", "exact", "--out", "none/out.jsonl"], "none/out.jsonl: No such file or directory"),
    ],
)
def test_what_cannot_work_is_one_line_and_exits_with_2(options: list[str], message: str, table: Path) -> None:
    graded = fairmark("grade", table, *options)
    assert graded.returncode == 2
    assert graded.stderr.startswith(f"fairmark: {message}")
    assert len(graded.stderr.splitlines()) == 1


def test_a_grader_that_the_service_lacks_is_refused_with_those_it_has(table: Path, service: Running) -> None:
    graded = fairmark("grade", table, "--grader", "exat", "--url", service.url)
    assert graded.returncode == 2
    assert "'exat'; there is" in graded.stderr


def test_the_rows_are_never_overwritten_by_their_results(table: Path) -> None:
    before = table.read_text()
    assert fairmark("grade", table, "--grader", "exact", "--out", table).returncode == 2
    assert table.read_text() == before


@pytest.mark.parametrize("source", ["none.jsonl", "/dev/null", "/"])
def test_a_source_without_rows_exits_with_2(source: str) -> None:
    graded = fairmark("grade", source, "--grader", "exact")
    assert (graded.returncode, len(graded.stderr.splitlines())) == (2, 1)


def test_a_terminal_sees_progress(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    source = rows(tmp_path / "rows.jsonl", *[row("42")] * 500)
    command = [FAIRMARK, "grade", str(source), "--grader", "exact"]
    graded = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=slave, env=surroundings(TERM="xterm"), timeout=60
    )
    os.close(slave)
    seen = os.read(master, 1 << 16).decode(errors="replace")
    os.close(master)
    assert graded.returncode == 0
    assert "500 rows" in seen


def test_a_service_that_goes_away_ends_the_run_and_keeps_what_was_graded(
    tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    out = tmp_path / "out.jsonl"
    lines = (json.dumps(row("42")) + "\n").encode() * 2000
    with subprocess.Popen([FAIRMARK, "serve", "--port", "0"], stdout=subprocess.PIPE, env=surroundings()) as server:
        assert server.stdout
        url = next(line.split()[1] for line in server.stdout if line.startswith(b"  fairmark")).decode()
        command = [FAIRMARK, "grade", "-", "--grader", "exact", "--url", url, "--out", str(out)]
        surrounded = surroundings(FAIRMARK_TIMEOUT_SECONDS="5")
        with subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=surrounded
        ) as grading:
            assert grading.stdin
            assert grading.stderr
            grading.stdin.write(lines)
            grading.stdin.flush()
            wait_until(lambda: out.exists() and out.stat().st_size > 0)
            server.kill()
            server.wait()
            with contextlib.suppress(BrokenPipeError):  # the command may have given up by now
                grading.stdin.write(lines)
            grading.stdin.close()
            complaint = grading.stderr.read().decode()
            assert grading.wait(30) == 2
    assert f"{url}: no result after" in complaint
    assert f"({len(results(out)):,} rows were graded before)" in complaint
    assert "Traceback" not in complaint
    assert {r["score"] for r in results(out)} == {1.0}


def test_an_interrupt_ends_a_run_that_waits_for_input_with_a_summary(
    tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    out = tmp_path / "out.jsonl"
    command = [FAIRMARK, "grade", "-", "--grader", "exact", "--out", str(out)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings()
    )
    with process:
        assert process.stdin
        assert process.stdout
        process.stdin.write((json.dumps(row("42")) + "\n").encode() * 1000)
        process.stdin.flush()
        wait_until(lambda: out.exists() and out.stat().st_size > 0)
        process.send_signal(signal.SIGINT)
        summary = process.stdout.read().decode()
        assert process.wait(20) == 130
    assert "graded" in summary
