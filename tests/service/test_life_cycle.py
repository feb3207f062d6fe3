"""Starting, stopping, and what the settings refuse."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.processes import descendants
from tests.running import Running, Serve

LONG = " ".join(str(n * 7919 % 997) for n in range(1500))
OTHER = " ".join(str(n * 104729 % 991) for n in range(900))
SLOW = {
    "type": "text_similarity",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.reference_answer }}",
    "evaluation_metric": "fuzzy_match",
}
"""Most of a second on these texts."""
SLEEPING = "import time; time.sleep(3); print(3)"


def refusal(*options: str, **environment: str) -> str:
    """What the service prints when it won't start."""
    command = [sys.executable, "-m", "fairmark_service", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_it_prints_its_address_the_docs_and_a_curl_line_that_works(serve: Serve) -> None:
    running = serve()
    printed = "".join(running.printed)
    assert f"{running.url}/docs" in printed
    command = printed[printed.index("curl") :]
    answer = json.loads(subprocess.check_output(["sh", "-c", command], stderr=subprocess.DEVNULL))
    assert answer["results"][0]["score"] == 1.0


def test_the_curl_line_of_a_guarded_service_works_too(serve: Serve) -> None:
    printed = "".join(serve(FAIRMARK_KEY="fake-key-for-curl").printed)
    command = printed[printed.index("curl") :]
    environment = {"FAIRMARK_KEY": "fake-key-for-curl", "PATH": "/usr/bin:/bin"}
    answer = subprocess.check_output(["sh", "-c", command], stderr=subprocess.DEVNULL, env=environment)
    assert json.loads(answer)["results"][0]["score"] == 1.0


def test_a_variable_and_an_option_are_the_same_setting(serve: Serve, tmp_path: Path) -> None:
    grader = '{"type": "string_check", "input": "a", "reference": "a", "operation": "eq"}'
    (tmp_path / "same.json").write_text(grader)
    for running in (serve("--catalog", tmp_path), serve(FAIRMARK_CATALOG=str(tmp_path))):
        assert [g["name"] for g in httpx.get(f"{running.url}/v1/graders").json()["graders"]] == ["same"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_without_keys_it_refuses_to_listen_beyond_this_machine(host: str) -> None:
    assert "only loopback is served" in refusal("--host", host)


def test_an_empty_key_is_no_key() -> None:
    assert "only loopback is served" in refusal("--host", "0.0.0.0", FAIRMARK_KEY="")


def test_a_key_on_the_command_line_is_refused_without_being_repeated() -> None:
    assert "too short" in refusal(FAIRMARK_KEY="fake-short")
    assert "fake-short" not in refusal(FAIRMARK_KEY="fake-short")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--port", "99999"], "--port: Input should be less than or equal to 65535"),
        (["--cache-namespace", "a b"], "--cache-namespace: String should match pattern"),
        (["--nope", "1"], "--nope"),
        (["--keys", "no/such/file"], "no/such/file: can't be read"),
        (["--catalog", "no/such/folder"], "no/such/folder"),
        (["--redis", "http://127.0.0.1"], "redis"),
        (["--verdict-log", "no/such/folder/log"], "--verdict-log no/such/folder/log: No such file"),
    ],
)
def test_a_bad_setting_is_refused_by_name(options: list[str], complaint: str) -> None:
    assert complaint in refusal(*options)


def test_a_broken_catalog_is_refused_at_the_start_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"type": "string_check",\n "operation": "has"}')
    (tmp_path / "b.json").write_text("{")
    said = refusal("--catalog", str(tmp_path))
    assert "a.json: line 1: input: missing" in said
    assert "line 2: operation: input should be 'eq'" in said
    assert "b.json: line 1" in said


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "can't listen on 127.0.0.1 port" in refusal("--port", str(taken.getsockname()[1]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_when_it_is_idle(serve: Serve, number: int) -> None:
    running = serve()
    began = time.monotonic()
    assert running.stop(number) in (0, -number)
    assert time.monotonic() - began < 5


def test_what_is_in_flight_at_sigterm_is_answered(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve()
    # It sleeps, so that it takes as long on a crowded machine, where work might not be done before the service ends.
    tests = [{"input": "", "output": "3"}]
    body = {"grader": "code", "samples": [{"sample": SLEEPING, "item": {"reference_answer": tests}}]}
    with ThreadPoolExecutor(1) as callers:
        asked = callers.submit(running.post, "/v1/grade", body)
        wait_until(lambda: running.metric("fairmark_requests_in_flight"))
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refused(f"{running.url}/healthz"))
        assert not asked.done()
    assert [result["score"] for result in asked.result().json()["results"]] == [1.0]


def test_more_work_than_there_is_time_for_does_not_hold_up_the_end(
    serve: Serve, wait_until: Callable[..., None]
) -> None:
    assert any(seconds_to_stop_at_work(serve(), wait_until) < 10 for _ in range(3))  # a busy machine adds to some


def seconds_to_stop_at_work(running: Running, wait_until: Callable[..., None]) -> float:
    rows = [{"sample": f"{LONG} {n}", "item": {"reference_answer": OTHER}} for n in range(100)]
    with ThreadPoolExecutor(1) as callers:
        asked = callers.submit(running.post, "/v1/grade", {"grader": SLOW, "samples": rows})
        wait_until(lambda: running.metric("fairmark_requests_in_flight"))
        began = time.monotonic()
        running.stop()
        took = time.monotonic() - began
    assert (asked.result().status_code, asked.result().json()["error"]["code"]) == (503, "overloaded")
    return took


def test_work_that_started_is_kept_for_a_caller_who_hung_up(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve()
    body = {"grader": SLOW, "samples": [{"sample": f"{LONG} more", "item": {"reference_answer": OTHER}}]}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{running.url}/v1/grade", json=body, timeout=0.3)
    wait_until(lambda: running.metric('fairmark_work_seconds_count{grader="inline"}') == 1)
    assert running.post("/v1/grade", body).json()["results"][0]["cached"]


def test_new_callers_are_refused_while_it_stops(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve()
    rows = [{"sample": f"{LONG} {n}", "item": {"reference_answer": OTHER}} for n in range(60)]
    with ThreadPoolExecutor(1) as callers:
        callers.submit(running.post, "/v1/grade", {"grader": SLOW, "samples": rows})
        wait_until(lambda: running.metric("fairmark_requests_in_flight"))
        running.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refused(f"{running.url}/healthz"))
        assert running.process.poll() is None


def refused(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.TransportError:
        return True
    return False


def test_no_process_is_left_behind(serve: Serve) -> None:
    running = serve()
    body = {"grader": SLOW, "samples": [{"sample": LONG, "item": {"reference_answer": OTHER}}]}
    running.post("/v1/grade", body)
    below = descendants(running.process.pid)
    assert len(below) >= 4  # the zygotes of workers and sandbox, and a child of each
    running.stop()
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]


def test_the_verdict_log_holds_every_verdict(serve: Serve, tmp_path: Path) -> None:
    log = tmp_path / "verdicts.jsonl"
    running = serve("--verdict-log", log)
    samples = [{"sample": "42", "item": {"reference_answer": "42"}}, {"sample": "41", "item": {}}]
    running.post("/v1/grade", {"grader": "exact", "samples": samples, "run": "r", "step": 7})
    running.stop()
    first, second = map(json.loads, log.read_text().splitlines())
    assert first["case"] == {"answer": "42", "reference": "42"}
    assert (first["score"], first["run"], first["step"]) == (1.0, "r", 7)
    assert (second["outcome"], second["reason"]) == ("ungradable", "the item has no 'item.reference_answer'")
    assert "sample" not in first


def test_the_verdict_log_holds_whole_samples_where_that_is_asked_for(serve: Serve, tmp_path: Path) -> None:
    log = tmp_path / "verdicts.jsonl"
    running = serve("--verdict-log", log, "--verdict-log-samples")
    sent = {"output_text": "<think>6 * 7</think>42", "seed": 3}
    samples = [{"sample": sent, "item": {"reference_answer": "42"}}, {"sample": 5}]
    running.post("/v1/grade", {"grader": "exact", "samples": samples})
    running.stop()
    first, second = map(json.loads, log.read_text().splitlines())
    assert (first["sample"], first["item"]) == (sent, {"reference_answer": "42"})
    assert second["outcome"] == "invalid"
    assert "sample" not in second


def test_where_no_program_can_be_run_it_serves_all_other_graders_and_says_so(serve: Serve) -> None:
    running = serve(FAIRMARK_SANDBOX_PYTHON="/bin/true")
    samples = [
        {"grader": "exact", "sample": "3", "item": {"reference_answer": "3"}},
        {"grader": "code", "sample": "print(3)", "item": {"reference_answer": [{"input": "", "output": "3"}]}},
        {"grader": "code", "sample": "no program", "item": {"reference_answer": 3}},
    ]
    results = running.post("/v1/grade", {"samples": samples}).json()["results"]
    assert [(result["score"], result["outcome"]) for result in results] == [(1, "graded"), *[(None, "ungradable")] * 2]
    assert "the program couldn't be run" in results[1]["reason"]
    assert "grader code is served untried: programs can't be run" in "".join(running.log)
    ready = httpx.get(f"{running.url}/readyz")
    assert ready.status_code == 200
    assert "unavailable" in ready.json()["sandbox"]
