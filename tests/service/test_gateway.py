"""What the gateway lets in, refuses and answers."""

import contextlib
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.running import Running, Serve

KEY = "fake-key-number-one"
OTHER = "fake-key-number-two"
BODY = {"grader": "exact", "samples": [{"sample": "42", "item": {"reference_answer": "42"}}]}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service with two named keys."""
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text(f"cluster: {KEY}\nlaptop: {OTHER}\n")
    running = Running("--keys", str(keys))
    yield running
    running.stop()


@pytest.mark.parametrize("headers", [{}, bearer("fake-key-number-ten"), bearer("x"), {"authorization": KEY}])
@pytest.mark.parametrize("path", ["/v1/grade", "/endpoint/exact"])
def test_without_a_key_that_holds_nothing_is_graded(guarded: Running, path: str, headers: dict[str, str]) -> None:
    answer = guarded.post(path, BODY, **headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("path", ["/metrics", "/v1/graders", "/docs", "/openapi.json", "/nothing"])
def test_a_key_is_needed_to_look_around_too(guarded: Running, path: str) -> None:
    assert httpx.get(guarded.url + path).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_needs_no_key(guarded: Running, path: str) -> None:
    assert httpx.get(guarded.url + path).status_code == 200


@pytest.mark.parametrize("headers", [bearer(KEY), bearer(OTHER), {"api-key": KEY}, {"authorization": f"bearer {KEY}"}])
def test_every_key_opens(guarded: Running, headers: dict[str, str]) -> None:
    assert guarded.post("/v1/grade", BODY, **headers).status_code == 200


def test_requests_are_counted_under_the_name_of_their_key(guarded: Running) -> None:
    guarded.post("/v1/grade", BODY, **bearer(OTHER))
    metrics = httpx.get(f"{guarded.url}/metrics", headers=bearer(KEY)).text
    assert 'fairmark_requests_total{key="laptop",route="/v1/grade",status="200"}' in metrics


def test_no_key_and_no_header_is_ever_logged_or_sent_back(guarded: Running, wait_until: Callable[..., None]) -> None:
    secret = "fake-key-nobody-may-see"
    answers = [
        guarded.post("/endpoint/nope", BODY, **bearer(secret)),
        guarded.post("/endpoint/nope", BODY, cookie=secret, **bearer(KEY)),
    ]
    wait_until(lambda: any('"status":404' in line for line in guarded.log))
    seen = "".join(guarded.log) + "".join(answer.text + str(answer.headers) for answer in answers)
    assert secret not in seen
    assert KEY not in seen


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""])
@pytest.mark.parametrize("path", ["/v1/grade", "/metrics"])
def test_without_keys_a_page_from_elsewhere_gets_nothing(service: Running, path: str, host: str) -> None:
    answer = httpx.request("POST" if "grade" in path else "GET", service.url + path, headers={"host": host}, json=BODY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "host_refused")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_without_keys_a_body_a_page_could_send_is_refused(service: Running, content_type: str) -> None:
    headers = {"content-type": content_type}
    answer = httpx.post(f"{service.url}/v1/grade", content=json.dumps(BODY), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "content_type_refused")


def test_another_method_is_refused(service: Running) -> None:
    answer = httpx.get(f"{service.url}/v1/grade")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_an_unknown_path_is_answered_in_the_same_envelope(service: Running) -> None:
    answer = httpx.get(f"{service.url}/v2/grade")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_body_too_large_is_refused_before_it_is_read(service: Running) -> None:
    with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2]))) as caller:
        head = "POST /endpoint/exact HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        caller.sendall(f"{head}Content-Length: 5000000\r\n\r\n".encode())
        caller.settimeout(10)
        assert caller.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_too_large_is_refused_where_it_grows_too_large(service: Running) -> None:
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{service.url}/endpoint/exact", content=(b" " * 65536 for _ in range(80)), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_a_chunked_body_is_read_whole(service: Running) -> None:
    text = json.dumps(BODY).encode()
    chunks = (text[n : n + 10] for n in range(0, len(text), 10))
    headers = {"content-type": "application/json"}
    assert httpx.post(f"{service.url}/v1/grade", content=chunks, headers=headers).json()["results"][0]["score"] == 1


HEAD = (
    b"POST /v1/grade HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
)


def test_bodies_beyond_the_bytes_held_are_told_to_come_again(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve("--body-megabytes", "1")
    with socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2]))) as slow:
        slow.sendall(HEAD + b" " * 100_000)
        wait_until(lambda: running.metric("fairmark_body_bytes_in_flight") == 1_000_000)
        answer = running.post("/v1/grade", {"grader": "exact", "samples": [{"sample": "x" * 200_000}]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    wait_until(lambda: running.metric("fairmark_body_bytes_in_flight") == 0)


def test_a_body_that_is_only_promised_takes_nobodys_place(serve: Serve, wait_until: Callable[..., None]) -> None:
    running = serve("--body-megabytes", "1")
    with socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2]))) as idle:
        idle.sendall(HEAD)
        wait_until(lambda: running.metric("fairmark_requests_in_flight") == 1)
        assert running.post("/v1/grade", BODY).status_code == 200


def test_a_request_id_comes_back(service: Running) -> None:
    assert service.post("/v1/grade", BODY, **{"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert (
        service.post("/v1/grade", BODY).headers["x-request-id"]
        != service.post("/v1/grade", BODY).headers["x-request-id"]
    )


def test_a_request_id_that_could_forge_a_log_line_is_replaced(service: Running) -> None:
    assert service.post("/v1/grade", BODY, **{"x-request-id": 'a"b'}).headers["x-request-id"] != 'a"b'


def test_the_docs_load_nothing_from_elsewhere(service: Running) -> None:
    page = httpx.get(f"{service.url}/docs").text
    assert "swagger-ui" in page
    assert "http://" not in page
    assert "https://" not in page


def test_every_protocol_is_described(service: Running) -> None:
    described = httpx.get(f"{service.url}/openapi.json").json()
    assert {"/v1/grade", "/endpoint/{grader}", "/v1/fine_tuning/alpha/graders/run", "/v1/graders"} <= set(
        described["paths"]
    )
    assert "sample" in described["components"]["schemas"]["Row"]["properties"]


def test_the_catalog_shows_each_graders_version(service: Running) -> None:
    listed = {grader["name"]: grader for grader in httpx.get(f"{service.url}/v1/graders").json()["graders"]}
    shown = httpx.get(f"{service.url}/v1/graders/exact").json()
    assert (
        shown["version"]
        == listed["exact"]["version"]
        == service.post("/v1/grade", BODY).json()["results"][0]["version"]
    )
    assert shown["configuration"]["operation"] == "eq"


def test_a_grader_nobody_knows_is_not_found(service: Running) -> None:
    assert httpx.get(f"{service.url}/v1/graders/nope").status_code == 404


def test_an_edited_grader_serves_without_a_restart(
    serve: Serve, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    grader = {"type": "string_check", "input": "{{sample.output_text}}", "reference": "42", "operation": "eq"}
    (tmp_path / "g.json").write_text(json.dumps(grader))
    running = serve("--catalog", tmp_path)
    body = {"grader": "g", "samples": [{"sample": "so 42"}]}
    before = running.post("/v1/grade", body).json()["results"][0]
    (tmp_path / "g.json").write_text(json.dumps({**grader, "operation": "like"}))
    wait_until(lambda: running.post("/v1/grade", body).json()["results"][0]["score"] == 1)
    assert running.post("/v1/grade", body).json()["results"][0]["version"] != before["version"]


def test_a_broken_edit_leaves_the_grader_serving_and_is_shown(
    serve: Serve, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    grader = {"type": "string_check", "input": "{{sample.output_text}}", "reference": "42", "operation": "eq"}
    (tmp_path / "g.json").write_text(json.dumps(grader))
    running = serve("--catalog", tmp_path)
    (tmp_path / "g.json").write_text(json.dumps({**grader, "operation": "has"}, indent=1))
    wait_until(lambda: httpx.get(f"{running.url}/v1/graders").json()["broken"])
    assert "line 5: operation" in httpx.get(f"{running.url}/v1/graders").json()["broken"][0]["problems"][0]
    assert running.post("/v1/grade", {"grader": "g", "samples": [{"sample": "42"}]}).json()["results"][0]["score"] == 1
    assert running.metric("fairmark_catalog_broken_files") == 1


def test_headers_without_end_are_cut_off(service: Running) -> None:
    with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2]))) as caller:
        caller.settimeout(10)
        caller.sendall(b"POST /v1/grade HTTP/1.1\r\nX: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                caller.sendall(b"x" * 65536)
        assert caller.recv(100).startswith(b"HTTP/1.1 431 ")


def test_a_connection_takes_many_requests_however_long_their_heads_add_up_to(service: Running) -> None:
    with httpx.Client() as client:
        for _ in range(20):
            answer = client.post(f"{service.url}/v1/grade", json=BODY, headers={"x-long": "x" * 10_000})
            assert answer.status_code == 200
