"""Endpoints that are fine, and those that a job could not rely on."""

import asyncio
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.running import Serve

from fairmark_client.checks.endpoint import EndpointCheck, Load, Problem
from fairmark_client.checks.rollouts import LARGEST, Rollout, large, of_prepared, of_row
from fairmark_client.commands.check_endpoint import LATE_SECONDS, Options, check
from fairmark_client.data.prepared import Manifest

from ..cli import fairmark, fairmark_here, rows

KEY = "example-key-change-me"
ROWS = [of_row(n, {"reference_answer": str(n), "question": f"{n} = ?"}, "reference_answer") for n in range(1, 7)]
RESPONSE_FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "a", "schema": {"type": "object", "properties": {"label": {"type": "string"}}}},
}

Body = dict[str, Any]
Answering = Callable[[Body], tuple[int, bytes]]


def exact(body: Body) -> float:
    return float((body["sample"] or {}).get("output_text") == body["item"]["reference_answer"])


def scored(body: Body) -> tuple[int, bytes]:
    return 200, json.dumps({"score": exact(body)}).encode()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *of: object) -> None:
        """Callers hang up here on purpose; by default each prints a traceback."""


class Endpoint:
    """A server that answers as it is told to, and keeps what it was sent."""

    def __init__(self, answering: Answering) -> None:
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.largest = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["content-length"]))
                endpoint.largest = max(endpoint.largest, len(data))
                endpoint.headers.append(dict(self.headers.items()))
                endpoint.bodies.append(json.loads(data))
                status, answer = answering(endpoint.bodies[-1])
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: object) -> None: ...

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/grade"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


Listen = Callable[[Answering], Endpoint]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed comes again without much of a wait."""
    monkeypatch.setattr("fairmark_client.checks.endpoint.BETWEEN_SECONDS", (0.01, 0.02, 0.03))


@pytest.fixture
def listen() -> Iterator[Listen]:
    started: list[Endpoint] = []

    def start(answering: Answering) -> Endpoint:
        started.append(Endpoint(answering))
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.stop()


def checked(
    endpoint: Endpoint, rollouts: int = 12, rate: float = 200, timeout: float = 20, **headers: str
) -> tuple[EndpointCheck, list[Problem]]:
    check, problems = EndpointCheck(endpoint.url, ROWS, Load(rate, rollouts, timeout), headers), list[Problem]()
    asyncio.run(check.run(problems.append, lambda: None))
    return check, problems


def failing(check: EndpointCheck) -> set[str]:
    return {name for name in check.made if check.fails(name) and name != "rate"}


def test_an_endpoint_that_grades_passes_and_its_times_are_known(listen: Listen) -> None:
    check, problems = checked(listen(scored))
    assert (failing(check), [problem for problem in problems if problem.check != "rate"]) == (set(), [])
    assert (check.right, check.wrong) == (1.0, 0.0)
    assert len(check.seconds) == 12
    assert check.statuses == {"200": 8 + 6 * 5 + 12}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"score": "1.0"}', "score: expected a number, got a string"),
        (b'{"score": true}', "score: expected a number, got a boolean"),
        (b'{"score": null}', "score: expected a number, got null"),
        (b'{"score": NaN}', "score: expected a finite number, got NaN"),
        (b'{"score": -Infinity}', "score: expected a finite number, got -Infinity"),
        (b'{"score": 1e999}', "score: expected a finite number, got one beyond 1.8e308"),
        (b'{"reward": 1}', 'expected {"score": x}, got {"reward": 1}'),
        (b"[1]", 'expected {"score": x}, got [1]'),
        (b"1.0 ok", 'expected {"score": x}, got "1.0 ok"'),
        (b"", 'expected {"score": x}, got ""'),
    ],
)
def test_what_is_no_score_is_named(listen: Listen, answer: bytes, said: str) -> None:
    check, problems = checked(listen(lambda body: (200, answer)))
    assert failing(check) == {"shapes", "number"}
    assert {problem.said for problem in problems if problem.check == "number"} == {said}
    assert check.made["first"] == 0


def test_an_endpoint_that_always_fails_is_not_loaded(listen: Listen) -> None:
    endpoint = listen(lambda body: (500, b'{"error": {"message": "oops"}}'))
    check, problems = checked(endpoint)
    assert (failing(check), len(endpoint.bodies)) == ({"shapes"}, 8)
    assert "HTTP 500" in problems[0].said
    assert "oops" in problems[0].said


def test_what_fails_now_and_then_comes_again_and_is_counted(listen: Listen) -> None:
    tries = itertools.count()
    endpoint = listen(lambda body: (503, b"") if next(tries) in (40, 45) else scored(body))
    check, _ = checked(endpoint)
    assert failing(check) == {"first"}
    assert check.statuses["503"] > 0
    assert check.failed["lost"] == 0


def test_what_fails_four_times_is_lost_and_was_the_same_body_each_time(listen: Listen) -> None:
    endpoint = listen(lambda body: (500, b"") if body["item"]["reference_answer"] == "6" else scored(body))
    check, problems = checked(endpoint, rollouts=6)
    assert failing(check) == {"first", "lost"}
    assert [(problem.line, problem.said) for problem in problems if problem.check == "lost"] == [
        (6, 'lost: HTTP 500: ""')
    ]
    sent = [body["trace_id"] for body in endpoint.bodies if body["item"]["reference_answer"] == "6"]
    assert len({*sent[-4:]}) == 1
    assert len(sent) == 4 + 1 + 4  # in turns, with a wrong answer, and under load


def test_another_score_for_the_same_body_is_named(listen: Listen) -> None:
    dice = itertools.cycle([0.25, 0.5])
    check, problems = checked(listen(lambda body: (200, json.dumps({"score": next(dice)}).encode())))
    assert "again" in failing(check)
    assert "the same body four times scores 0.25, 0.5, 0.25, 0.5" in {problem.said for problem in problems}


def test_an_endpoint_that_pays_for_anything_is_named(listen: Listen) -> None:
    check, problems = checked(listen(lambda body: (200, b'{"score": 1}')))
    assert failing(check) == {"right"}
    assert "right answers earn 1 on average, other rows' 1" in {problem.said for problem in problems}


def test_rollouts_leave_when_they_are_due_however_long_the_earlier_ones_take(listen: Listen) -> None:
    all_there, before = threading.Barrier(20), itertools.count()

    def together(body: Body) -> tuple[int, bytes]:
        if next(before) >= 38:  # eight shapes, and six rows five times
            all_there.wait(15)
        return scored(body)

    check, _ = checked(listen(together), rollouts=20, rate=100)
    assert (failing(check), check.failed["first"]) == (set(), 0)
    assert max(check.seconds) > 0.19  # the first waits for the last, which is due 19 / 100 s later


def test_an_endpoint_that_is_too_slow_for_the_rate_is_named(listen: Listen) -> None:
    one_at_a_time, never = threading.Lock(), threading.Event()

    def slow(body: Body) -> tuple[int, bytes]:
        with one_at_a_time:
            never.wait(0.02)
        return scored(body)

    check, problems = checked(listen(slow), rollouts=30, rate=200)
    assert check.fails("rate")
    assert check.rate is not None
    assert check.rate < 100
    assert any("a second were answered, of 200" in problem.said for problem in problems)


def test_what_does_not_answer_in_time_is_a_timeout(listen: Listen) -> None:
    never = threading.Event()

    def stuck(body: Body) -> tuple[int, bytes]:
        never.wait(2)
        return scored(body)

    check, problems = checked(listen(stuck), timeout=0.1)
    assert check.statuses == {"timeout": 8}
    assert "no answer within 0.1 s" in problems[0].said
    never.set()


def test_bodies_have_the_shape_that_azure_sends(listen: Listen) -> None:
    endpoint = listen(scored)
    checked(endpoint, rollouts=1)
    assert endpoint.bodies[0]["trace_id"].startswith("trace_")
    assert endpoint.bodies[0] == {
        "sample": {
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "1", "tool_calls": []},
                    "finish_reason": "stop",
                }
            ],
            "output_text": "1",
            "output_json": None,
            "output_tools": [],
            "output_reasoning_summary": None,
        },
        "item": {
            "messages": [{"name": None, "role": "user", "content": "1 = ?"}],
            "tools": None,
            "parallel_tool_calls": True,
            "reference_answer": "1",
            "question": "1 = ?",
        },
        "trace_id": endpoint.bodies[0]["trace_id"],
    }
    assert 0.95 * LARGEST < endpoint.largest <= LARGEST


@pytest.mark.parametrize("answer", ["é" * 50, '"\\' * 40, "x"])
def test_the_largest_body_is_within_the_limit_whatever_the_answer(answer: str) -> None:
    size = len(json.dumps(large(Rollout(1, {"messages": []}, answer)), ensure_ascii=False).encode())
    assert 0.9 * LARGEST < size <= LARGEST


def test_a_prepared_row_is_sent_as_the_platform_has_it() -> None:
    prompt = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "Well?"}]
    row = {"prompt": prompt, "reference_answer": "normal", "weight": 2}
    body = of_prepared(1, row, RESPONSE_FORMAT).body()
    assert (body["sample"]["output_text"], body["sample"]["output_json"]) == (
        '{"label": "normal"}',
        {"label": "normal"},
    )
    assert [message["role"] for message in body["item"]["messages"]] == ["developer", "user"]
    assert "weight" not in body["item"]


def test_a_real_service_passes_with_its_key_from_a_variable(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(
        Manifest(fairmark="0", source={}, settings={}, files={}, targets={}).model_dump_json()
    )
    asked = [{"role": "user", "content": "?"}]
    rows(tmp_path / "train.jsonl", *({"prompt": asked, "reference_answer": str(n)} for n in range(50)))
    url = serve(FAIRMARK_KEY=KEY).url + "/endpoint/exact"
    command = ("check", "endpoint", url, "--data", tmp_path, "--requests", 1)
    done = fairmark(*command, "--header", "Authorization: Bearer env:GRADER_KEY", GRADER_KEY=KEY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scores: 1 for right answers, 0 for those of other rows" in done.stdout
    assert "tries by status: 59 × 200" in done.stdout
    assert "! the platforms call https alone" in done.stdout
    refused = fairmark_here(*command)
    assert refused.returncode == 1
    assert "HTTP 401" in refused.stdout


@pytest.mark.parametrize("status", [401, 200])
@pytest.mark.parametrize("words", ["no such key: {} of ?code={}", '{{"error": "{} {}"}}', 90 * " " + "{}{}"])
def test_no_secret_is_printed_though_the_endpoint_repeats_it(
    listen: Listen, tmp_path: Path, status: int, words: str
) -> None:
    code = "another-example-key"
    endpoint = listen(lambda body: (status, words.format(KEY, code).encode()))
    source = rows(tmp_path / "rows.jsonl", {"reference_answer": "1"})
    header = ("--header", "Authorization: Bearer env:GRADER_KEY")
    done = fairmark_here("check", "endpoint", f"{endpoint.url}?code={code}", "--data", source, *header, GRADER_KEY=KEY)
    assert done.returncode == 1
    assert endpoint.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "***" in done.stdout
    assert not [start for secret in (KEY, code) for start in (secret, secret[:6]) if start in done.stdout + done.stderr]


@pytest.mark.parametrize(
    ("url", "changed", "said"),
    [
        ("http://example.com/grade", {}, "expected https"),
        ("https://a:b@example.com/", {}, "holds a user or a password"),
        ("example.com/grade", {}, "expected https://host/path"),
        ("http://127.0.0.1:1/", {"headers": ["X-Key: 123"]}, "--header X-Key: expected env:VARIABLE"),
        ("http://127.0.0.1:1/", {"headers": ["X-Key: env:NO_SUCH"]}, "the environment variable NO_SUCH is not set"),
        ("http://127.0.0.1:1/", {"headers": ["123"]}, "expected 'NAME: env:VARIABLE'"),
        ("http://127.0.0.1:1/", {"reference": "label"}, "line 1: label: missing; expected the right answer"),
        ("http://127.0.0.1:1/", {"data": "/no/such/file"}, "/no/such/file: No such file or directory"),
    ],
)
def test_what_can_not_be_sent_is_refused_before_anything_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, url: str, changed: dict[str, Any], said: str
) -> None:
    source = rows(tmp_path / "rows.jsonl", {"reference_answer": "1"})
    options = Options(url, str(source), "train", "reference_answer", [], rate=50, seconds=1, requests=None, timeout=1)
    with pytest.raises(typer.Exit) as end:
        check(options._replace(**changed))
    printed = capsys.readouterr()
    assert (end.value.exit_code, printed.out) == (2, "")
    assert said in printed.err


def test_nobody_there_is_an_error_by_its_name(tmp_path: Path) -> None:
    source = rows(tmp_path / "rows.jsonl", {"reference_answer": "1"})
    done = fairmark_here("check", "endpoint", "http://127.0.0.1:1/", "--data", source)
    assert done.returncode == 1
    assert "tries by status: 8 × ConnectError" in done.stdout


def test_without_rows_made_up_ones_are_sent_and_right_answers_are_not_looked_for(listen: Listen) -> None:
    endpoint = listen(lambda body: (200, json.dumps({"score": 0.5}).encode()))
    command = ("check", "endpoint", endpoint.url, "--requests", 1)
    done = fairmark_here(*command, "--reference", "gold")
    assert done.returncode == 0, done.stdout
    assert endpoint.bodies[0]["item"] | {"messages": None} == {
        "question": "What is 1 + 1?",
        "gold": "2",
        "messages": None,
        "tools": None,
        "parallel_tool_calls": True,
    }
    assert "right answers earn more" not in done.stdout
    assert "! the rows were made up, and right answers not looked for: --data sends your own" in done.stdout


def test_rollouts_that_this_process_sends_too_late_are_told_from_a_slow_endpoint(listen: Listen) -> None:
    check, _ = checked(listen(scored), rollouts=150, rate=1e6)
    assert check.late > LATE_SECONDS
