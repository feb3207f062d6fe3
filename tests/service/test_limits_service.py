"""Limits as callers of a real service meet them, and what trainers' clients make of them."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from openai import OpenAI
from tests.running import Running, Serve
from tests.valkey import Valkey

from fairmark_client import Refused
from fairmark_client.service import Client

CLUSTER, LAPTOP = "fake-key-for-tests-cluster", "fake-key-for-tests-laptop"
CHECK = {"type": "string_check", "name": "same", "input": "{{sample.output_text}}", "reference": "4", "operation": "eq"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"cluster: {CLUSTER} rate=1/s\nlaptop: {LAPTOP} quota=100/day\n")
    return path


def ask(running: Running, key: str, samples: int) -> httpx.Response:
    body = {"grader": CHECK, "samples": [{"sample": "4"}] * samples}
    return running.post("/v1/grade", body, authorization=f"Bearer {key}")


def metric(running: Running, line: str) -> float:
    text = httpx.get(f"{running.url}/metrics", headers={"authorization": f"Bearer {CLUSTER}"}).text
    return float(dict(row.rsplit(" ", 1) for row in text.splitlines())[line])


def test_a_key_over_its_rate_is_told_when_to_come_again_and_then_passes(serve: Serve, file: Path) -> None:
    running = serve("--keys", file)
    assert ask(running, CLUSTER, 64).status_code == 200
    refused = ask(running, CLUSTER, 1)
    assert refused.status_code == 429
    assert refused.json()["error"] == {
        "message": f"over the rate of 1 samples a second; come again in {refused.headers['retry-after']} s",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limited",
    }
    assert ask(running, LAPTOP, 1).status_code == 200
    time.sleep(int(refused.headers["retry-after"]))
    assert ask(running, CLUSTER, 1).status_code == 200
    assert metric(running, 'fairmark_key_samples_total{key="cluster"}') == 65
    assert metric(running, 'fairmark_rejected_total{by="rate"}') == 1


def test_a_grader_that_is_refused_costs_nothing(serve: Serve, file: Path) -> None:
    running = serve("--keys", file)
    broken = {"type": "python", "name": "broken", "source": "import nothing_of_that_name"}
    body = {"grader": broken, "samples": [{"sample": "4"}] * 100}
    assert running.post("/v1/grade", body, authorization=f"Bearer {LAPTOP}").status_code == 422
    assert ask(running, LAPTOP, 100).status_code == 200


def test_openais_sdk_and_our_client_come_again_and_succeed(serve: Serve, file: Path) -> None:
    running = serve("--keys", file)
    assert ask(running, CLUSTER, 64).status_code == 200
    with OpenAI(base_url=f"{running.url}/v1", api_key=CLUSTER) as client:
        assert client.fine_tuning.alpha.graders.run(grader=CHECK, model_sample="4").reward == 1  # type: ignore[arg-type]
    while ask(running, CLUSTER, 5).status_code == 429:
        time.sleep(0.1)
    before = metric(running, 'fairmark_rejected_total{by="rate"}')
    assert [result.score for result in Client(running.url, CLUSTER).grade(CHECK, ["4", "5"])] == [1, 0]
    assert metric(running, 'fairmark_rejected_total{by="rate"}') > before


def test_a_quota_that_is_used_up_isnt_waited_for_by_our_client(serve: Serve, file: Path) -> None:
    running = serve("--keys", file)
    client = Client(running.url, LAPTOP)
    assert len(client.grade(CHECK, ["4"] * 99)) == 99
    with pytest.raises(Refused, match="429: over the quota of 100 samples a UTC day: 1 left, and this request has 2"):
        client.grade(CHECK, ["4"] * 2)
    assert metric(running, 'fairmark_rejected_total{by="quota"}') == 1
    refused = ask(running, LAPTOP, 2)
    assert refused.json()["error"]["code"] == "quota_exceeded"
    assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600
    assert "retry-after" not in ask(running, LAPTOP, 101).headers


def test_a_new_limit_in_the_file_holds_within_a_second_or_so(
    serve: Serve, file: Path, wait_until: Callable[..., None]
) -> None:
    running = serve("--keys", file)
    assert ask(running, LAPTOP, 100).status_code == 200
    assert ask(running, LAPTOP, 1).status_code == 429
    file.write_text(f"cluster: {CLUSTER} rate=1/s\nlaptop: {LAPTOP} quota=103/day\n")
    wait_until(lambda: ask(running, LAPTOP, 2).status_code == 200)
    assert ask(running, LAPTOP, 2).status_code == 429


def test_the_settings_limit_everybody_together_without_keys(serve: Serve) -> None:
    running = serve(FAIRMARK_QUOTA="5")
    assert running.post("/v1/grade", {"grader": CHECK, "samples": [{"sample": "4"}] * 5}).status_code == 200
    assert running.post("/v1/grade", {"grader": CHECK, "samples": [{"sample": "4"}]}).status_code == 429


def test_http_processes_count_together(serve: Serve, file: Path) -> None:
    running = serve("--keys", file, "--workers", "2")
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: ask(running, LAPTOP, 1).status_code, range(120)))
    assert statuses.count(200) == 100
    assert statuses.count(429) == 20


def test_replicas_count_a_day_together_across_restarts(serve: Serve, file: Path, valkey: Valkey) -> None:
    one = serve("--keys", file, "--redis", valkey.url)
    assert ask(one, LAPTOP, 100).status_code == 200
    one.stop()
    other = serve("--keys", file, "--redis", valkey.url)
    assert ask(other, LAPTOP, 1).status_code == 429
    assert LAPTOP not in str(valkey.client.keys("*"))
