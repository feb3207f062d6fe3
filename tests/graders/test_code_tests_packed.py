"""Tests that come as base64 of a compressed pickle."""

import base64
import os
import pickle
import zlib
from fractions import Fraction
from typing import Any

import pytest

from fairmark_graders.code.packed import LARGEST, Unpackable, unpacked

PLAIN = [{"input": "1\n", "output": "2\n"}, ("a", b"b", 1, 2.5, True, None, 10**30)]


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_out_of_a_pickle_of_any_protocol(protocol: int) -> None:
    if protocol < 3:  # these write bytes as a call
        plain: Any = [PLAIN[0], ("a", 1, 2.5, True, None, 10**30)]
    else:
        plain = PLAIN
    assert unpacked(packed(pickle.dumps(plain, protocol))) == plain


def test_json_is_taken_as_it_is() -> None:
    assert unpacked('["assert f(1) == 2"]') == ["assert f(1) == 2"]


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch fairmark-was-here",)


@pytest.mark.parametrize("value", [Evil(), Fraction(1, 2), print, Evil])
def test_a_pickle_that_asks_for_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(Unpackable, match="expected plain data"):
        unpacked(packed(pickle.dumps([value])))
    assert not os.path.exists("fairmark-was-here")


@pytest.mark.parametrize("opcodes", [b"cposix\nsystem\n(S'true'\ntR.", b"Pname\n.", b"\x82\x01."])
def test_no_opcode_reaches_a_class(opcodes: bytes) -> None:
    with pytest.raises(Unpackable):
        unpacked(packed(opcodes))


def test_what_unpacks_to_more_than_the_bound_is_refused_before_it_is_read() -> None:
    with pytest.raises(Unpackable, match="larger than"):
        unpacked(packed(pickle.dumps("0" * (LARGEST + 1))))


@pytest.mark.parametrize("text", ["", "assert f(1) == 2", "AAAA", packed(b"")])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(Unpackable):
        unpacked(text)
