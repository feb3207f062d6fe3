"""`POST /test_program` and `/test_program_stdio`, with the bodies of open-instruct's client."""

import base64
import json
import pickle
import zlib
from typing import Any

import httpx
import pytest
from tests.running import Running

ADD = "def add(a,b): return a+b"
ASSERTS = ["assert add(1,2)==3", "assert add(0,0)==1", "assert add(-1,1)==0"]
DOUBLE = "print(2 * int(input()))"


def post(service: Running, path: str, **body: Any) -> httpx.Response:
    return service.post(path, {"max_execution_time": 1.0} | body)


def results(service: Running, path: str = "/test_program", **body: Any) -> list[int]:
    answer = post(service, path, **body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def test_each_assertion_has_a_result_and_a_runtime(service: Running) -> None:
    answer = post(service, "/test_program", program=ADD, tests=ASSERTS).json()
    assert answer.keys() == {"results", "runtimes"}
    assert answer["results"] == [1, 0, 1]
    assert answer["runtimes"][1] == -1
    assert 0 < answer["runtimes"][0] < 1


def test_each_input_has_a_result(service: Running) -> None:
    tests = [{"input": "1\n", "output": "2\n"}, {"input": "2\n", "output": "5\n"}, {"input": "x\n", "output": "2\n"}]
    assert results(service, "/test_program_stdio", program=DOUBLE, tests=tests) == [1, 0, 0]


def test_no_tests_give_no_results(service: Running) -> None:
    assert post(service, "/test_program", program=ADD, tests=[]).json() == {"results": [], "runtimes": []}


@pytest.mark.parametrize(
    "pack", [json.dumps, lambda tests: base64.b64encode(zlib.compress(pickle.dumps(tests))).decode()]
)
def test_tests_may_come_as_json_or_packed(service: Running, pack: Any) -> None:
    assert results(service, program=ADD, tests=pack(ASSERTS)) == [1, 0, 1]


def test_tests_see_nothing_of_one_another(service: Running) -> None:
    program = "seen = []\ndef first(): seen.append(1); return len(seen) == 1"
    assert results(service, program=program, tests=["assert first() == True"] * 2) == [1, 1]


def test_a_test_that_hangs_fails_alone(service: Running) -> None:
    program = "def f(n):\n    while n: pass\n    return 0"
    assert results(
        service, program=program, tests=["assert f(1) == 0", "assert f(0) == 0"], max_execution_time=0.3
    ) == [0, 1]


@pytest.mark.parametrize("program", ["def", "1/0", "import sys; sys.exit(0)", "while True: pass"])
def test_a_program_that_can_not_be_loaded_fails_every_test(service: Running, program: str) -> None:
    assert results(service, program=program, tests=ASSERTS[:2], max_execution_time=0.3) == [0, 0]


def test_a_program_can_not_write_its_own_results(service: Running) -> None:
    program = "class Same:\n    def __eq__(self, other): return True\ndef add(a, b): return Same()"
    assert results(service, program=program, tests=ASSERTS) == [0, 0, 0]


class Evil:
    def __reduce__(self) -> Any:
        return print, ("here",)


@pytest.mark.parametrize(
    ("tests", "param", "says"),
    [
        (["assert (("], "tests[0]", ""),
        (base64.b64encode(zlib.compress(pickle.dumps([Evil()]))).decode(), "tests", "builtins.print"),
        ("assert add(1, 2) == 3", "tests", "expected"),
        ("{}", "tests", "expected a list"),
        (3, "tests", ""),
    ],
)
def test_tests_that_nobody_can_read_are_refused_by_field(service: Running, tests: Any, param: str, says: str) -> None:
    answer = post(service, "/test_program", program=ADD, tests=tests)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (422, param)
    assert says in error["message"]


def test_its_health_page_is_there(service: Running) -> None:
    assert httpx.get(f"{service.url}/health").json() == {"status": "healthy"}
