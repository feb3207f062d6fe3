"""`POST /endpoint/{grader}` as OpenAI and Azure call it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.running import Running, Serve

MESSAGE = {"role": "assistant", "content": "42", "tool_calls": []}
FULL = {
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
    "output_text": "42",
    "output_json": None,
    "output_tools": [],
    "output_reasoning_summary": None,
}
ITEM = {
    "messages": [{"name": None, "role": "user", "content": "6 * 7?"}],
    "tools": None,
    "parallel_tool_calls": True,
    "reference_answer": "42",
}


@pytest.mark.parametrize(
    ("sample", "score"),
    [
        (FULL, 1.0),
        ({**FULL, "output_text": "41"}, 0.0),
        ({**FULL, "output_text": ""}, 0.0),
        ({**FULL, "output_text": None}, 1.0),
        ({"output_text": "42"}, 1.0),
        ({"choices": FULL["choices"]}, 1.0),
        ({"output_json": {"n": 42}}, 0.0),
        ({}, 0.0),
        (None, 0.0),
        ({**FULL, "output_tools": [{"id": "call_1", "type": "function", "function": {"name": "f"}}]}, 1.0),
        ({**FULL, "something_new": {"a": 1}}, 1.0),
    ],
)
def test_every_shape_gets_exactly_a_score(service: Running, sample: Any, score: float) -> None:
    answer = service.post("/endpoint/exact", {"sample": sample, "item": ITEM, "trace_id": "trace_1"})
    assert (answer.status_code, answer.json()) == (200, {"score": score})


def test_a_null_output_json_falls_back_to_the_text(serve: Serve, tmp_path: Path) -> None:
    grader = '{"type": "string_check", "input": "{{sample.output_json.n}}", "reference": "42", "operation": "eq"}'
    (tmp_path / "n.json").write_text(grader)
    answer = serve("--catalog", tmp_path).post(
        "/endpoint/n", {"sample": {"output_text": '{"n": 42}', "output_json": None}}
    )
    assert answer.json() == {"score": 1.0}


@pytest.mark.parametrize("trace", [5, None, ["trace_1"], "t" * 10_000])
def test_a_strange_trace_id_costs_no_rollout(service: Running, trace: Any) -> None:
    assert service.post("/endpoint/exact", {"sample": FULL, "item": ITEM, "trace_id": trace}).json() == {"score": 1.0}


def test_the_same_body_gets_the_same_answer_again(service: Running) -> None:
    body = {"sample": {**FULL, "output_text": "forty"}, "item": ITEM, "trace_id": "trace_2"}
    assert len({service.post("/endpoint/similarity", body).text for _ in range(4)}) == 1


def test_a_missing_reference_is_503_so_that_the_rollout_is_dropped(service: Running) -> None:
    answer = service.post("/endpoint/exact", {"sample": FULL, "item": {"messages": []}})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["error"]["message"] == "ungradable: the item has no 'item.reference_answer'"


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("/endpoint/nope", {"sample": FULL, "item": ITEM}, 404, "grader"),
        ("/endpoint/exact", {"sample": 3, "item": ITEM}, 422, "sample"),
        ("/endpoint/exact", {"sample": FULL, "item": [1]}, 422, "item"),
        ("/endpoint/exact", {"sample": {"output_text": 3}, "item": ITEM}, 422, "sample.output_text"),
    ],
)
def test_a_bad_body_is_refused_by_field(service: Running, path: str, body: Any, status: int, param: str) -> None:
    answer = service.post(path, body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_a_nan_is_refused_rather_than_scored(service: Running) -> None:
    body = '{"sample": {"output_text": "42"}, "item": {"reference_answer": "42", "x": NaN}}'
    answer = httpx.post(f"{service.url}/endpoint/exact", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "item.x")


def test_the_log_names_the_trace_of_a_refusal(service: Running, wait_until: Callable[..., None]) -> None:
    service.post("/endpoint/exact", {"sample": FULL, "item": {}, "trace_id": "trace_to_find"})
    wait_until(lambda: any('"trace_id":"trace_to_find"' in line for line in service.log))
