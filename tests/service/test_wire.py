"""JSON as it is."""

from typing import Any

import msgspec
import pytest

from fairmark_service.errors import Refusal
from fairmark_service.wire import decode, unjson

DEEP = b'{"n": ' + b"[" * 900 + b"NaN" + b"]" * 900 + b"}"


class Body(msgspec.Struct):
    n: Any
    name: str = ""


@pytest.mark.parametrize("number", [2**63, 2**64 + 1, -(2**80), 10**30])
def test_an_integer_beyond_64_bits_stays_exact(number: int) -> None:
    assert decode(b'{"n": %d}' % number, Body)[0].n == number


def test_an_integer_stays_exact_where_a_body_is_salvaged() -> None:
    body, strict = decode(b'{"n": [NaN, %d]}' % 2**80, Body, lambda data: Body(data["n"]))
    assert (body.n[1], strict) == (2**80, False)


@pytest.mark.parametrize(
    ("text", "param", "found"),
    [
        (b'{"n": {"a": [1, NaN]}}', "n.a[1]", "expected a finite number, got nan"),
        (b'{"n": -Infinity}', "n", "expected a finite number, got -inf"),
        (b'{"n": [1e999]}', "n[0]", "expected a finite number, got inf"),
        (b'{"n": "\\ud800"}', "n", "expected Unicode text, got a lone surrogate"),
        (b'{"n": {"\\udfff": 1}}', "n", "expected Unicode text in every key, got a lone surrogate"),
        (
            b'{"n": [' + b"[" * 900 + b"NaN" + b"]" * 900 + b", 1]}",
            "n[0]" + "[0]" * 900,
            "expected a finite number, got nan",
        ),
    ],
)
def test_what_json_has_no_word_for_is_refused_by_its_path(text: bytes, param: str, found: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode(text, Body)
    assert (refused.value.status, refused.value.param, refused.value.message) == (422, param, f"{param}: {found}")


def test_strict_json_has_nothing_to_be_found() -> None:
    body, strict = decode('{"n": ["é", 1.5, null, {"a": true}]}'.encode(), Body)
    assert strict
    assert unjson(body.n, "n") is None


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        (b"", 400, "the body is not JSON: Expecting value"),
        (b'{"n":', 400, "the body is not JSON"),
        (b'{"n": 1} x', 400, "the body is not JSON: Extra data"),
        (b"\xff", 400, "the body is not "),
        (b"[" * 200_000, 400, "the body is nested too deeply"),
        (b'{"n": 1' + b"0" * 5000 + b"}", 400, "the body is not JSON"),
        (b"[]", 422, "body: expected `object`, got `array`"),
        (b"{}", 422, "body: object missing required field `n`"),
        (b'{"n": 1, "name": 2}', 422, "name: expected `str`, got `int`"),
    ],
)
def test_a_bad_body_is_refused_with_the_reason(text: bytes, status: int, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode(text, Body)
    assert refused.value.status == status
    assert refused.value.message.startswith(message)
