"""`POST /run_code` as verl, Tinker and ROLL send it, against a real service with a real sandbox."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest
from tests.running import Running, Serve

VERL = {
    "compile_timeout": 10,
    "run_timeout": 10,
    "code": "print(int(input())+1)\n\n",
    "stdin": "1",
    "memory_limit_MB": 1024,
    "language": "python",
    "files": {},
    "fetch_files": [],
}


def post(service: Running, body: Any) -> httpx.Response:
    """As Python's own JSON writes it, which knows NaN and halves of surrogate pairs."""
    headers = {"content-type": "application/json"}
    return httpx.post(f"{service.url}/run_code", content=json.dumps(body), headers=headers, timeout=60)


def ran(service: Running, **body: Any) -> Any:
    answer = post(service, VERL | body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_verls_body_gets_what_sandbox_fusion_answers(service: Running) -> None:
    answer = ran(service)
    assert answer["run_result"].pop("execution_time") < 1
    assert answer == {
        "status": "Success",
        "message": "",
        "compile_result": None,
        "run_result": {"status": "Finished", "return_code": 0, "stdout": "2\n", "stderr": ""},
        "executor_pod_name": None,
        "files": {},
    }


def test_a_program_and_its_language_are_enough(service: Running) -> None:
    answer = post(service, {"code": "print('hi')", "language": "python"})
    assert answer.json()["run_result"]["stdout"] == "hi\n"


@pytest.mark.parametrize(
    ("code", "return_code"),
    [("1/0", 1), ("import sys; sys.exit(3)", 3), ("import os; os.abort()", -6), ("def", 1), ("'\ud800'.encode()", 1)],
)
def test_a_program_that_fails_is_a_failed_test_and_no_error(service: Running, code: str, return_code: int) -> None:
    answer = ran(service, code=code)
    assert (answer["status"], answer["run_result"]["status"]) == ("Failed", "Finished")
    assert answer["run_result"]["return_code"] == return_code


def test_a_traceback_names_the_programs_line(service: Running) -> None:
    stderr = ran(service, code="a = 1\nb = a / 0")["run_result"]["stderr"]
    assert "line 2" in stderr
    assert stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_program_over_its_time_keeps_what_it_printed(service: Running) -> None:
    answer = ran(service, code="print('so far', flush=True)\nwhile True: pass", run_timeout=0.3)
    assert answer["status"] == "Failed"
    assert answer["run_result"]["status"] == "TimeLimitExceeded"
    assert (answer["run_result"]["return_code"], answer["run_result"]["stdout"]) == (None, "so far\n")


def test_a_program_over_its_memory_fails(service: Running) -> None:
    answer = ran(service, code="print(len(bytearray(300 << 20)))", memory_limit_MB=100)
    assert (answer["status"], answer["run_result"]["stdout"]) == ("Failed", "")
    assert ran(service, code="print(len(bytearray(300 << 20)))", memory_limit_MB=-1)["status"] == "Success"


def test_files_lie_beside_the_program_and_come_back_when_fetched(service: Running) -> None:
    files = {"tests/cases.txt": base64.b64encode(b"1 2 3").decode(), "empty": None}
    code = "open('sum.txt', 'w').write(str(sum(map(int, open('tests/cases.txt').read().split()))))"
    answer = ran(service, code=code, files=files, fetch_files=["sum.txt", "tests/cases.txt", "none.txt"])
    assert {path: base64.b64decode(content) for path, content in answer["files"].items()} == {
        "sum.txt": b"6",
        "tests/cases.txt": b"1 2 3",
    }


def test_a_program_imports_what_lies_beside_it(service: Running) -> None:
    module = base64.b64encode(b"def double(n): return 2 * n").decode()
    answer = ran(service, code="import beside; print(beside.double(4))", files={"beside.py": module})
    assert answer["run_result"]["stdout"] == "8\n"


def test_a_key_that_sandbox_fusion_has_not_is_let_pass(service: Running) -> None:
    assert ran(service, expected_stdout="2")["status"] == "Success"


@pytest.mark.parametrize(
    ("broken", "param"),
    [
        ({"language": "cpp"}, "language"),
        ({"language": None}, "language"),
        ({"code": None}, "code"),
        ({"run_timeout": 0}, "run_timeout"),
        ({"run_timeout": float("nan")}, "run_timeout"),
        ({"memory_limit_MB": "1"}, "memory_limit_MB"),
        ({"files": {"a": "?"}}, "files"),
        ({"files": {"../a": None}}, "files"),
        ({"files": {"/etc/a": None}}, "files"),
        ({"fetch_files": ["../a"]}, "fetch_files"),
    ],
)
def test_what_can_not_be_run_is_refused_by_field(service: Running, broken: dict[str, Any], param: str) -> None:
    answer = post(service, VERL | broken)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


def test_a_ping_is_answered_with_pong(service: Running) -> None:
    answer = httpx.get(f"{service.url}/v1/ping")
    assert (answer.status_code, answer.json()) == (200, "pong")


LONG_OUTPUTS = pytest.mark.parametrize("printed", [b"\0", b"\xff", b'"', "\U0001f600".encode()])


def printing(printed: bytes) -> tuple[str, int]:
    """A program that prints 9 MB to each stream, and how often it repeats 25,001 times what it prints."""
    times = 9_000_000 // (25_001 * len(printed))
    return f"import os\nfor fd in (1, 2):\n    for _ in range({times}): os.write(fd, {printed!r} * 25_001)", times


@LONG_OUTPUTS
def test_a_long_output_comes_whole(service: Running, printed: bytes) -> None:
    code, times = printing(printed)
    assert ran(service, code=code)["run_result"]["stdout"] == (printed * 25_001 * times).decode(errors="replace")


@LONG_OUTPUTS
def test_a_long_output_holds_nobody_up(service: Running, printed: bytes) -> None:
    code, times = printing(printed)
    # 0.31 where all of it is encoded at once, 0.12 where piece by piece; a crowded machine adds to some tries only
    output = (printed * 25_001 * times).decode(errors="replace")
    assert any(longest_wait(service, code) < max(0.25, 0.7 * seconds_to_encode(output)) for _ in range(4))


def seconds_to_encode(output: str) -> float:
    began = time.perf_counter()
    msgspec.json.encode([output, output])
    return time.perf_counter() - began


def longest_wait(service: Running, code: str) -> float:
    """Seconds that others waited at most while a program ran."""
    with ThreadPoolExecutor(1) as others:
        answer = others.submit(post, service, VERL | {"code": code})
        return max(httpx.get(f"{service.url}/healthz").elapsed.total_seconds() for _ in iter(answer.done, True))


@pytest.fixture
def busy(serve: Serve, wait_until: Callable[..., None]) -> Iterator[Running]:
    """A service whose one place for programs is taken for some time, with room for one program before it."""
    running = serve(FAIRMARK_SANDBOXES="1", FAIRMARK_GRADING_PROCESSES="1", FAIRMARK_QUEUE="1")
    with ThreadPoolExecutor(1) as others:
        others.submit(ran, running, code="import time\ntime.sleep(11)", run_timeout=30)
        wait_until(lambda: running.metric("fairmark_requests_in_flight") == 1)
        yield running


def test_what_finds_no_room_waits_its_time_before_it_is_answered_with_504(busy: Running) -> None:
    brief = VERL | {"compile_timeout": 0.1, "run_timeout": 0.1}
    began = time.monotonic()
    with ThreadPoolExecutor(2) as callers:
        assert [answer.status_code for answer in callers.map(post, [busy] * 2, [brief] * 2)] == [504, 504]
    assert 8 < time.monotonic() - began < 11


def test_programs_leave_the_workers_to_other_graders(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve(FAIRMARK_SANDBOXES="1", FAIRMARK_GRADING_PROCESSES="1")
    sleeper = {"sample": "import time\ntime.sleep(3)", "item": {"reference_answer": [{"input": "", "output": ""}]}}
    texts = [" ".join(str(n * step % 997) for n in range(600)) for step in (7919, 7907)]
    long = {"sample": texts[0], "item": {"reference_answer": texts[1]}}
    with ThreadPoolExecutor(1) as others:
        slow = others.submit(running.post, "/v1/grade", {"grader": "code", "samples": [sleeper]})
        wait_until(lambda: running.metric("fairmark_requests_in_flight") == 1)
        quick = running.post("/v1/grade", {"grader": "similarity", "samples": [long]})
        assert not slow.done()
        assert quick.json()["results"][0]["outcome"] == slow.result().json()["results"][0]["outcome"] == "graded"
