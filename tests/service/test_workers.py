"""Several HTTP processes: how connections, news and resources are shared out, and what their ends cost."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.processes import children, descendants, gone
from tests.running import Running, Serve

RIGHT: dict[str, Any] = {"grader": "exact", "samples": [{"sample": "42", "item": {"reference_answer": "42"}}]}
FIRST, SECOND, THIRD = "fake-first-key-0001", "fake-second-key-0002", "fake-third-key-0003"
ENDPOINT = 'route="/endpoint/{grader}"'
STOP_SECONDS = 10

WaitUntil = Callable[..., None]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `two` is to log its verdicts."""
    return tmp_path_factory.mktemp("log") / "verdicts.jsonl"


@pytest.fixture(scope="module")
def two(log: Path) -> Iterator[Running]:
    """A service with two HTTP processes; whoever kills one waits until it is back."""
    parts = ("--grading-processes", "3", "--sandboxes", "2")
    running = Running("--workers", "2", "--probe-port", "0", "--verdict-log", str(log), *parts)
    yield running
    running.stop()


def http_processes(running: Running) -> list[int]:
    return [pid for pid in children(running.process.pid) if b"fairmark_service.process" in command(pid)]


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def server_of(answer: httpx.Response) -> str:
    """What tells the HTTP process that answered from the others: its request ids begin alike."""
    return answer.headers["x-request-id"].partition("-")[0]


def probes(running: Running) -> str:
    (url,) = [line.split()[1].removesuffix("/readyz") for line in running.printed if line.startswith("  probes")]
    return url


def counted(running: Running, *labels: str) -> float:
    """Requests that all processes have counted, those now dead included."""
    lines = httpx.get(f"{probes(running)}/metrics").text.splitlines()
    found = [
        line for line in lines if line.startswith("fairmark_requests_total{") and all(map(line.__contains__, labels))
    ]
    return sum(float(line.rpartition(" ")[2]) for line in found)


def test_of_eight_connections_each_of_two_processes_gets_four(two: Running) -> None:
    clients = [httpx.Client() for _ in range(8)]
    try:
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda client: client.post(f"{two.url}/v1/grade", json=RIGHT), clients))
    finally:
        for client in clients:
            client.close()
    assert sorted(Counter(map(server_of, answers)).values()) == [4, 4]


def test_a_connection_stays_with_its_process(two: Running) -> None:
    with httpx.Client() as client:
        assert len({server_of(client.post(f"{two.url}/v1/grade", json=RIGHT)) for _ in range(4)}) == 1


def test_what_there_is_to_judge_with_is_shared_out(two: Running) -> None:
    text = httpx.get(f"{probes(two)}/metrics").text
    assert 'fairmark_slots{place="workers"} 3.0' in text
    assert 'fairmark_slots{place="sandbox"} 2.0' in text


def test_what_any_process_has_counted_is_told_by_all(two: Running) -> None:
    line = 'fairmark_samples_total{grader="exact",outcome="graded"}'

    def told() -> float:
        """By the second, when both have settled what they had counted."""
        return [two.metric(line) for _ in range(2)][1]

    before = told()
    for _ in range(4):
        assert httpx.post(f"{two.url}/v1/grade", json=RIGHT).is_success
    assert [told(), told(), two.metric(line)] == [before + 4] * 3


def test_the_probe_port_tells_of_every_process(two: Running) -> None:
    ready = httpx.get(f"{probes(two)}/readyz")
    assert (ready.status_code, ready.json()["processes"]) == (200, {"1": True, "2": True})


def test_ten_thousand_connections_are_possible(two: Running) -> None:
    for pid in (two.process.pid, *http_processes(two)):
        (line,) = [x for x in Path(f"/proc/{pid}/limits").read_text().splitlines() if x.startswith("Max open files")]
        soft, hard = line.split()[3:5]
        assert int(soft) >= min(int(hard), 10_000)


def test_a_changed_catalog_and_changed_keys_reach_every_process(
    serve: Serve, tmp_path: Path, wait_until: WaitUntil
) -> None:
    catalog, keys = tmp_path / "catalog", tmp_path / "keys"
    catalog.mkdir()
    write_grader(catalog, "eq")
    keys.write_text(f"cluster: {FIRST}\n")
    running = serve("--workers", "2", "--catalog", catalog, "--keys", keys, FAIRMARK_KEY=THIRD)
    with two_clients(running, FIRST) as clients:
        before = versions(running, clients)
        write_grader(catalog, "ne")
        wait_until(lambda: not before & versions(running, clients))
        after = versions(running, clients)
        assert (len(before), len(after)) == (1, 1)
        assert {
            running.post("/v1/grade", RIGHT, Authorization=f"Bearer {FIRST}").json()["results"][0]["version"]
            for _ in range(4)
        } == after

        keys.write_text(f"cluster: {SECOND}\n")
        wait_until(lambda: {asked(running, client).status_code for client in clients} == {401})
        for client in clients:
            client.headers["Authorization"] = f"Bearer {SECOND}"
        assert versions(running, clients) == after
    assert_told_to_nobody(running, FIRST, SECOND, THIRD)


def assert_told_to_nobody(running: Running, *keys: str) -> None:
    """No argument, variable or line of the log holds a key."""
    seen = b"".join(command(pid) + Path(f"/proc/{pid}/environ").read_bytes() for pid in http_processes(running))
    assert b"fairmark_service" in seen
    running.stop()
    assert not [key for key in keys if key.encode() in seen or key in "".join(running.log)]


def write_grader(catalog: Path, operation: str) -> None:
    grader = {"type": "string_check", "input": "{{ sample.output_text }}", "reference": "42", "operation": operation}
    (catalog / "exact.tmp").write_text(json.dumps(grader))
    (catalog / "exact.tmp").rename(catalog / "exact.json")


@contextlib.contextmanager
def two_clients(running: Running, key: str) -> Iterator[list[httpx.Client]]:
    """Two with kept connections, one to each process."""
    with httpx.Client() as first, httpx.Client() as second:
        clients = [first, second]
        for client in clients:
            client.headers["Authorization"] = f"Bearer {key}"
        assert len({server_of(asked(running, client)) for client in clients}) == 2
        yield clients


def asked(running: Running, client: httpx.Client) -> httpx.Response:
    return client.post(f"{running.url}/v1/grade", json=RIGHT)


def versions(running: Running, clients: list[httpx.Client]) -> set[str]:
    return {asked(running, client).json()["results"][0]["version"] for client in clients}


class Load:
    """Callers that ask on a new connection each time, until the end."""

    def __init__(self, running: Running, callers: int = 4) -> None:
        self._url, self._over, self.callers = f"{running.url}/v1/grade", threading.Event(), callers
        self.answers: Counter[int] = Counter()
        self.failures: list[Exception] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(callers)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                self.answers[httpx.post(self._url, json=RIGHT, timeout=20).status_code] += 1
            except httpx.TransportError as error:
                self.failures.append(error)


def test_a_killed_process_comes_back_and_nobody_who_comes_after_is_refused(two: Running, wait_until: WaitUntil) -> None:
    with Load(two) as load:
        wait_until(lambda: load.answers[200] > 20)
        first, second = http_processes(two)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not complete(two))
        assert ready(two)
        wait_until(lambda: complete(two), seconds=40)
        reached = load.answers[200]
        wait_until(lambda: load.answers[200] > reached + 20)
    # What the killed one held is lost, one request of each caller; whoever came after was served by the other.
    assert len(load.failures) <= load.callers
    assert not [error for error in load.failures if isinstance(error, httpx.ConnectError)]
    assert set(load.answers) == {200}
    assert first not in http_processes(two)
    assert second in http_processes(two)


def test_what_a_killed_process_has_counted_stays(two: Running, wait_until: WaitUntil) -> None:
    before = settled(two, wait_until)
    restarts = two.metric("fairmark_worker_restarts_total")
    os.kill(http_processes(two)[0], signal.SIGKILL)
    wait_until(lambda: not complete(two))
    assert counted(two, ENDPOINT) == before
    wait_until(lambda: complete(two), seconds=40)
    assert counted(two, ENDPOINT) == before
    assert two.metric("fairmark_worker_restarts_total") == restarts + 1


def settled(running: Running, wait_until: WaitUntil) -> float:
    """What all have counted, once ten requests to both of them are in it."""
    before = counted(running, ENDPOINT)
    for _ in range(10):
        running.post("/endpoint/exact", RIGHT["samples"][0])
    wait_until(lambda: counted(running, ENDPOINT) == before + 10)
    return before + 10


def ready(running: Running) -> bool:
    return httpx.get(f"{probes(running)}/readyz").is_success


def test_sigterm_under_load_loses_no_request_that_was_taken(serve: Serve, wait_until: WaitUntil) -> None:
    running = serve("--workers", "2")
    with Load(running) as load:
        wait_until(lambda: load.answers[200] > 50)
        below = descendants(running.process.pid)
        began = time.monotonic()
        assert running.stop() in (0, -signal.SIGTERM)
        assert time.monotonic() - began < STOP_SECONDS
    assert set(load.answers) == {200}
    assert not [error for error in load.failures if not isinstance(error, httpx.ConnectError)]
    assert [pid for pid in below if not gone(pid)] == []


def test_it_goes_on_while_it_drains_and_says_so(serve: Serve, wait_until: WaitUntil) -> None:
    running = serve("--workers", "2", "--probe-port", "0", "--drain-seconds", "60")
    running.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not ready(running))
    assert goes_on_but_ends_connections(running)

    os.kill(http_processes(running)[0], signal.SIGKILL)  # the one in its place is told, too
    wait_until(lambda: processes(running) == {"1": False, "2": True})
    wait_until(lambda: processes(running) == {"1": True, "2": True}, seconds=40)
    assert not ready(running)
    assert goes_on_but_ends_connections(running)

    began = time.monotonic()
    running.stop()  # which is a second signal
    assert time.monotonic() - began < STOP_SECONDS


def processes(running: Running) -> dict[str, bool]:
    found: dict[str, bool] = httpx.get(f"{probes(running)}/readyz").json()["processes"]
    return found


def complete(running: Running) -> bool:
    return all(processes(running).values())


def goes_on_but_ends_connections(running: Running) -> bool:
    answers = [httpx.post(f"{running.url}/v1/grade", json=RIGHT) for _ in range(4)]
    return [(answer.status_code, answer.headers["connection"]) for answer in answers] == [(200, "close")] * 4


def test_a_request_in_flight_is_answered_before_the_end(serve: Serve, wait_until: WaitUntil) -> None:
    running = serve("--workers", "2", "--probe-port", "0")
    slow = {"grader": "code", "samples": [{"sample": "import time\ntime.sleep(3)\nprint(3)", "item": REFERENCE}]}
    with ThreadPoolExecutor(1) as callers:
        asked = callers.submit(running.post, "/v1/grade", slow)
        wait_until(lambda: in_flight(running))
        running.stop()
    assert asked.result().json()["results"][0]["score"] == 1.0


REFERENCE = {"reference_answer": [{"input": "", "output": "3"}]}


def in_flight(running: Running) -> bool:
    return "\nfairmark_requests_in_flight 1.0" in httpx.get(f"{probes(running)}/metrics").text


def test_a_connection_that_was_made_but_not_picked_up_is_served_at_the_end(serve: Serve) -> None:
    running = serve("--workers", "2")
    stopped = http_processes(running)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)  # they pick up nothing
    waiting = asking(running)
    running.process.send_signal(signal.SIGTERM)
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    assert all_are_answered(waiting)


def test_what_a_killed_process_has_not_picked_up_is_served_by_the_other(two: Running, wait_until: WaitUntil) -> None:
    first = http_processes(two)[0]
    os.kill(first, signal.SIGSTOP)
    waiting = asking(two)
    os.kill(first, signal.SIGKILL)
    assert all_are_answered(waiting)
    wait_until(lambda: len(set(http_processes(two)) - {first}) == 2 and complete(two), seconds=40)


def asking(running: Running) -> list[socket.socket]:
    """Connections, each with a request sent on it."""
    waiting = [socket.create_connection((httpx.URL(running.url).host, httpx.URL(running.url).port)) for _ in range(8)]
    body = json.dumps(RIGHT).encode()
    head = f"POST /v1/grade HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    for connection in waiting:
        connection.settimeout(20)
        connection.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
    return waiting


def all_are_answered(waiting: list[socket.socket]) -> bool:
    answers = []
    for connection in waiting:
        with connection:
            answers.append(connection.recv(1 << 16))
    return all(answer.startswith(b"HTTP/1.1 200") for answer in answers)


def test_connections_beyond_what_the_processes_take_wait_and_are_all_served(two: Running) -> None:
    stopped = http_processes(two)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    host, port = httpx.URL(two.url).host, httpx.URL(two.url).port
    waiting = [socket.create_connection((host, port), timeout=30) for _ in range(1000)]
    for connection in waiting:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    answers = []
    for connection in waiting:
        with connection:
            answers.append(connection.recv(1 << 16)[:12])
    assert Counter(answers) == {b"HTTP/1.1 200": 1000}


def test_no_process_outlives_the_supervisor(serve: Serve, wait_until: WaitUntil) -> None:
    running = serve("--workers", "2")
    below = descendants(running.process.pid)
    assert len(http_processes(running)) == 2
    running.process.kill()
    wait_until(lambda: all(map(gone, below)), seconds=STOP_SECONDS)


def test_each_process_has_a_verdict_log_of_its_own(two: Running, log: Path, wait_until: WaitUntil) -> None:
    for run in ("a", "a", "b", "b"):
        two.post("/v1/grade", RIGHT | {"run": run})
    logs = [log.with_stem(f"verdicts-{number}") for number in (1, 2)]
    wait_until(
        lambda: (
            [(one.read_text().count('"run":"a"'), one.read_text().count('"run":"b"')) for one in logs] == [(1, 1)] * 2
        )
    )
    assert not log.exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--catalog", "{}"], "broken.json: line 1"),
        (["--verdict-log", "no/such/folder/log"], "--verdict-log no/such/folder/log-"),
    ],
)
def test_what_can_not_be_served_ends_all_with_its_name(tmp_path: Path, options: list[str], complaint: str) -> None:
    (tmp_path / "broken.json").write_text("{")
    options = [option.format(tmp_path) for option in options]
    command = [sys.executable, "-m", "fairmark_service", "--port", "0", "--workers", "2", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert complaint in ended.stderr
    assert "Traceback" not in ended.stderr
