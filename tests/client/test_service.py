"""The plain client against a running service, and against peers that misbehave."""

import asyncio
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.running import Running, Serve

from fairmark_client import BrokenAnswer, Client, Refused, ServiceError, Unreachable, agrade, grade
from fairmark_client.address import Address

KEY = "fake-key-for-tests-only"
ONE = {"results": [{"score": 1.0, "outcome": "graded"}]}


@pytest.fixture
def client(service: Running) -> Client:
    return Client(service.url)


class Peer:
    """A server that gives its answers in turn, the last one for ever: (status, body, headers), or None to hang up."""

    def __init__(self, *answers: tuple[int, Any, dict[str, str]] | None) -> None:
        self.answers, self.requests, self.times = list(answers), list[dict[str, Any]](), list[float]()
        self.headers = list[dict[str, str]]()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                peer.times.append(time.monotonic())
                peer.headers.append(dict(self.headers))
                peer.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                answer = peer.answers.pop(0) if len(peer.answers) > 1 else peer.answers[0]
                if answer is None:
                    self.close_connection = True
                    return
                status, body, headers = answer
                text = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    peers: list[Peer] = []

    def start(*answers: Any) -> Peer:
        peers.append(Peer(*answers))
        return peers[-1]

    yield start
    for peer in peers:
        peer.close()


def test_results_come_in_the_order_of_the_samples_over_several_requests(client: Client) -> None:
    items = [{"reference_answer": str(n)} for n in range(300)]
    results = client.grade("exact", [str(n) if n % 3 == 0 else "?" for n in range(300)], items)
    assert [result.score for result in results] == [float(n % 3 == 0) for n in range(300)]


def test_no_samples_are_no_results_and_no_request(peer: Callable[..., Peer]) -> None:
    server = peer((200, ONE, {}))
    assert Client(server.url).grade("exact", []) == []
    assert server.requests == []


def test_a_batch_is_split_by_bytes(client: Client) -> None:
    texts = [str(n % 10) * 200_000 for n in range(12)]
    results = client.grade("exact", texts, [{"reference_answer": text} for text in texts])
    assert [result.score for result in results] == [1.0] * 12


def test_samples_may_be_texts_messages_and_objects(client: Client) -> None:
    samples = ["4", [{"role": "assistant", "content": "4"}], {"output_text": "4"}]
    assert [r.score for r in client.grade("exact", samples, [{"reference_answer": "4"}] * 3)] == [1.0, 1.0, 1.0]


def test_a_sample_that_is_none_is_invalid_alone(client: Client) -> None:
    results = client.grade("exact", ["4", 17], [{"reference_answer": "4"}] * 2)
    assert [(r.score, r.outcome) for r in results] == [(1.0, "graded"), (None, "invalid")]


@pytest.mark.parametrize("broken", [float("nan"), "\ud800"])
def test_what_json_does_not_have_faults_its_sample_alone(client: Client, broken: Any) -> None:
    results = client.grade("exact", ["4", "4"], [{"reference_answer": "4"}, {"reference_answer": broken}])
    assert [(r.score, r.outcome) for r in results] == [(1.0, "graded"), (None, "invalid")]


def test_integers_beyond_64_bits_stay_exact(client: Client) -> None:
    big = 2**80 + 1
    results = client.grade("exact", [str(big), str(big - 1)], [{"reference_answer": big}] * 2)
    assert [result.score for result in results] == [1.0, 0.0]


def test_items_must_be_as_many_as_samples(client: Client) -> None:
    with pytest.raises(ValueError, match="one for each of the 2 samples, got 1"):
        client.grade("exact", ["a", "b"], [{}])


@pytest.mark.anyio
async def test_both_kinds_of_call_work_where_a_loop_is_running(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRMARK_URL", service.url)
    items = [{"reference_answer": "4"}]
    many = await asyncio.gather(*(agrade("exact", [str(n)], items) for n in range(20)))
    assert [results[0].score for results in many] == [float(n == 4) for n in range(20)]
    assert grade("exact", ["4"], items)[0].score == 1.0


def test_threads_share_a_client(client: Client) -> None:
    def score(n: int) -> float | None:
        return client.grade("exact", [str(n)], [{"reference_answer": "7"}])[0].score

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(score, range(64))) == [float(n == 7) for n in range(64)]


def test_threads_whose_first_calls_meet_share_one_loop(service: Running) -> None:
    program = """
import sys, threading, fairmark_client
from concurrent.futures import ThreadPoolExecutor
client, ready = fairmark_client.Client(sys.argv[1]), threading.Barrier(16)
def call(number):
    ready.wait()
    return client.grade("exact", [str(number)], [{"reference_answer": "3"}])[0].score
with ThreadPoolExecutor(16) as threads:
    assert sum(threads.map(call, range(16))) == 1
assert [thread.name for thread in threading.enumerate()].count("fairmark") == 1
"""
    subprocess.run([sys.executable, "-c", program, service.url], check=True, timeout=60)


def test_a_forked_child_grades_with_its_parents_client(service: Running) -> None:
    program = """
import os, sys, warnings
warnings.simplefilter("ignore")
from fairmark_client import Client
client = Client(sys.argv[1])
score = lambda: client.grade("exact", ["4"], [{"reference_answer": "4"}])[0].score
assert score() == 1.0
if child := os.fork():
    assert os.waitpid(child, 0)[1] == 0
    assert score() == 1.0
else:
    os._exit(0 if score() == 1.0 else 1)
"""
    subprocess.run([sys.executable, "-c", program, service.url], check=True, timeout=60)


def test_what_may_pass_is_tried_again(peer: Callable[..., Peer]) -> None:
    server = peer((503, "", {}), None, (429, "", {}), (502, "", {}), (504, "", {}), (200, ONE, {}))
    assert Client(server.url).grade("exact", ["4"])[0].score == 1.0
    assert len(server.requests) == 6
    assert all(request == server.requests[0] for request in server.requests)


def test_a_retry_waits_as_long_as_it_is_asked_to(peer: Callable[..., Peer]) -> None:
    server = peer((503, "", {"retry-after": "1"}), (200, ONE, {}))
    Client(server.url).grade("exact", ["4"])
    assert server.times[1] - server.times[0] >= 1


def test_a_service_that_stays_away_is_named_with_its_last_word(peer: Callable[..., Peer]) -> None:
    server = peer((503, {"error": {"message": "no room"}}, {}))
    with pytest.raises(Unreachable, match=f"{server.url}.*no room"):
        Client(server.url, timeout_seconds=2).grade("exact", ["4"])
    assert len(server.requests) > 1


def test_a_service_that_wants_patience_beyond_the_deadline_is_told_as_it_is(peer: Callable[..., Peer]) -> None:
    server = peer((429, {"error": {"message": "slow down"}}, {"retry-after": "3600"}))
    with pytest.raises(Unreachable, match=r"no result after \S+ s and 1 try \(3 s allowed\); last: 429 slow down"):
        Client(server.url, timeout_seconds=3).grade("exact", ["4"])


@pytest.mark.anyio
async def test_a_wait_that_ends_before_the_deadline_is_kept(peer: Callable[..., Peer]) -> None:
    server = peer((429, "", {"retry-after": "100"}))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(Client(server.url, timeout_seconds=103).agrade("exact", ["4"]), 0.5)


def test_a_quota_that_is_used_up_is_not_asked_for_again(peer: Callable[..., Peer]) -> None:
    server = peer((429, {"error": {"message": "come tomorrow", "code": "quota_exceeded"}}, {"retry-after": "1"}))
    with pytest.raises(Refused, match="answers 429: come tomorrow"):
        Client(server.url).grade("exact", ["4"])
    assert len(server.requests) == 1


def test_nobody_listening_is_unreachable_by_the_deadline(peer: Callable[..., Peer]) -> None:
    server = peer(None)
    server.close()
    began = time.monotonic()
    with pytest.raises(Unreachable, match=server.url):
        Client(server.url, timeout_seconds=1).grade("exact", ["4"])
    assert time.monotonic() - began < 10


def test_a_silent_peer_is_unreachable_by_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match=url):
            Client(url, timeout_seconds=0.5).grade("exact", ["4"])


def test_a_refusal_is_not_tried_again(peer: Callable[..., Peer]) -> None:
    server = peer((422, {"error": {"message": "grader: unknown"}}, {}))
    with pytest.raises(Refused, match="422: grader: unknown"):
        Client(server.url).grade("exact", ["4"])
    assert len(server.requests) == 1


def test_an_unknown_grader_is_refused_by_name(client: Client) -> None:
    with pytest.raises(Refused, match="nonsuch"):
        client.grade("nonsuch", ["4"])


@pytest.mark.parametrize(
    "body",
    ["<html>", {"detail": "hello"}, {"results": []}, {"results": ONE["results"] * 2}, {"results": [{"score": 1}]}]
    + [
        '{"results": [{"score": NaN, "outcome": "graded"}]}',
        '{"results": [{"score": 1e999, "outcome": "graded"}]}',
        {"results": [{"score": None, "outcome": "graded"}]},
        {"results": [{"score": 1, "outcome": "fine"}]},
    ],
)
def test_an_answer_that_is_not_one_result_a_sample_is_an_error(peer: Callable[..., Peer], body: Any) -> None:
    server = peer((200, body, {}))
    with pytest.raises(BrokenAnswer, match=server.url):
        Client(server.url).grade("exact", ["4"])


def test_the_key_opens_a_guarded_service(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    url = serve(FAIRMARK_KEY=KEY).url
    monkeypatch.setenv("FAIRMARK_KEY", KEY)
    assert Client(url).grade("exact", ["4"], [{"reference_answer": "4"}])[0].score == 1.0
    with pytest.raises(Refused) as refused:
        Client(url, f"{KEY}-no-more").grade("exact", ["4"])
    assert refused.value.status == 401


def test_the_key_is_in_no_message_and_no_log(peer: Callable[..., Peer], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = peer((503, "", {}), (403, "", {}))
    with pytest.raises(Refused) as refused:
        Client(server.url, KEY).grade("exact", ["4"])
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(refused.value)
    assert "trying again" in caplog.text
    assert KEY not in caplog.text


NO_URLS = [
    "localhost:8000",
    "ftp://host",
    "http://",
    "http://me:secret@host",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:1\n",
    "http://[bad",
    "http://me:secret@[bad",
    "http://a b",
    "http://.",
    f"http://{'a' * 64}",
    "http://host?a=b",
    "http://host/v1",
    "http://host/v1/grade",
]


@pytest.mark.parametrize("url", NO_URLS)
def test_an_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ServiceError, match="^url: ") as refused:
        Client(url)
    assert "secret" not in str(refused.value)


def test_an_url_that_is_none_is_named_after_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_URL", "http://127.0.0.1:8000/v1/grade")
    with pytest.raises(ServiceError, match="FAIRMARK_URL: expected the service's root, without /v1"):
        Client()


def test_a_key_in_a_variable_may_end_in_a_newline(peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_KEY", f"{KEY}\n")
    server = peer((200, ONE, {}))
    Client(server.url).grade("exact", ["4"])
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("broken", ["fake\nkey", "fake-kéy", "fake\x7fkey"])
def test_a_key_that_no_header_holds_is_refused_at_once_and_not_shown(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServiceError, match="^key: expected printable ASCII") as refused:
        Client("http://127.0.0.1:1", broken)
    assert "fake" not in str(refused.value)
    monkeypatch.setenv("FAIRMARK_KEY", broken)
    with pytest.raises(ServiceError, match="^FAIRMARK_KEY: expected printable ASCII"):
        Client("http://127.0.0.1:1")


def test_an_address_does_not_show_its_key() -> None:
    assert KEY not in repr(Address("http://127.0.0.1:1", KEY))


def test_a_timeout_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRMARK_TIMEOUT_SECONDS", "soon")
    with pytest.raises(ValueError, match="FAIRMARK_TIMEOUT_SECONDS: expected a number"):
        Client("http://127.0.0.1:1")


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_timeout_without_time_is_refused(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="^timeout_seconds: expected a number above 0"):
        Client("http://127.0.0.1:1", timeout_seconds=seconds)
    monkeypatch.setenv("FAIRMARK_TIMEOUT_SECONDS", "0")
    with pytest.raises(ValueError, match="^FAIRMARK_TIMEOUT_SECONDS: expected a number above 0"):
        Client("http://127.0.0.1:1")


@pytest.mark.parametrize("odd", [object(), b"4", {4}])
def test_a_sample_that_json_cannot_carry_is_named(client: Client, odd: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^samples\[1\]: expected a sample and an item that JSON can carry: .*serializable"
    ):
        client.grade("exact", ["4", odd])


def test_explain_shows_the_case_as_read(client: Client) -> None:
    result = client.grade("exact", [" 4 "], [{"reference_answer": "4"}], explain=True)[0]
    assert result.explain
    assert result.explain["case"]["reference"] == "4"
