"""Two services behind one real Valkey."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.running import Running, Serve
from tests.valkey import Valkey

ITEM = {"reference_answer": "a reference of some words"}


def grade(running: Running, *texts: str) -> list[dict[str, Any]]:
    rows = [{"sample": text, "item": ITEM} for text in texts]
    answer = running.post("/v1/grade", {"grader": "similarity", "samples": rows})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


@pytest.fixture
def pair(serve: Serve, valkey: Valkey) -> tuple[Running, Running]:
    """Two services that share a Valkey."""
    return serve("--redis", valkey.url), serve(FAIRMARK_REDIS=valkey.url)


def test_what_one_has_judged_the_other_knows(
    pair: tuple[Running, Running], valkey: Valkey, wait_until: Callable[..., None]
) -> None:
    first, second = pair
    [judged] = grade(first, "some words of a reference")
    wait_until(lambda: valkey.client.dbsize() == 1)
    [known] = grade(second, "some words of a reference")
    assert (judged["cached"], known["cached"]) == (False, True)
    assert (known["score"], known["version"]) == (judged["score"], judged["version"])
    assert second.metric('fairmark_cache_hits_total{tier="redis"}') == 1


def test_a_batch_asks_once(pair: tuple[Running, Running], valkey: Valkey) -> None:
    before = valkey.calls("mget")
    grade(pair[0], *(f"words {n}" for n in range(64)))
    assert valkey.calls("mget") == before + 1


def test_no_grade_fails_while_it_is_killed_and_started_again(
    pair: tuple[Running, Running], valkey: Valkey, wait_until: Callable[..., None]
) -> None:
    stop, graded, failed = threading.Event(), [0, 0], []

    def load(number: int) -> None:
        with httpx.Client(base_url=pair[number].url) as client:
            while not stop.is_set():
                rows = [{"sample": f"word {number} {graded[number]} {n}", "item": ITEM} for n in range(8)]
                answer = client.post("/v1/grade", json={"grader": "similarity", "samples": rows})
                results = answer.json().get("results", [])
                if [result["outcome"] for result in results] != ["graded"] * 8:
                    failed.append(answer.text)
                graded[number] += 1

    callers = [threading.Thread(target=load, args=(number,)) for number in (0, 1)]
    for caller in callers:
        caller.start()
    try:
        for _ in range(2):
            target = min(graded) + 20
            wait_until(lambda target=target: min(graded) > target)
            valkey.kill()
            wait_until(lambda: all(running.metric("fairmark_cache_breaker_open") for running in pair))
            target = min(graded) + 20
            wait_until(lambda target=target: min(graded) > target)
            valkey.start()
            wait_until(lambda: not any(running.metric("fairmark_cache_breaker_open") for running in pair))
    finally:
        stop.set()
        for caller in callers:
            caller.join()
    assert not failed
    wait_until(lambda: valkey.client.dbsize() > 0)


def test_a_password_is_neither_logged_nor_shown(serve: Serve, valkey: Valkey) -> None:
    running = serve("--redis", valkey.url.replace("//", "//:fake-password@"))
    grade(running, "some words")
    shown = httpx.get(f"{running.url}/readyz").text + httpx.get(f"{running.url}/metrics").text
    assert "fake-password" not in shown + "".join(running.log)
