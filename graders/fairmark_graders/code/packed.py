"""Tests as open-instruct packs them: base64 of zlib of a pickle. A pickle can run anything; here it can't."""

import base64
import binascii
import io
import json
import pickle
import zlib
from typing import Any, NoReturn

LARGEST = 64 << 20
"""Bytes of a pickle: test cases of tens of megabytes are real."""


class Unpackable(ValueError):
    """A text that holds no packed tests; the message says what was expected."""


def unpacked(text: str) -> Any:
    """The plain data in a text: JSON, or a packed pickle. Raises `Unpackable`.

    To be called in a process of its own: a few bytes of pickle can ask for gigabytes.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return _Plain(io.BytesIO(_inflated(base64.b64decode(text, validate=True)))).load()
    except (binascii.Error, zlib.error) as error:
        raise Unpackable(f"expected a list, JSON, or base64 of a compressed pickle: {error}") from None
    except Unpackable:
        raise
    except Exception as error:
        raise Unpackable(f"the pickle can't be read: {type(error).__name__}") from None


def _inflated(content: bytes) -> bytes:
    inflater = zlib.decompressobj()
    inflated = inflater.decompress(content, LARGEST)
    if inflater.unconsumed_tail:
        raise Unpackable(f"the tests are larger than {LARGEST} bytes")
    return inflated


class _Plain(pickle.Unpickler):
    """Lists, tuples, dicts, strings, bytes, numbers, booleans and None: what needs no class to be looked up."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise Unpackable(f"the pickle asks for {module}.{name}; expected plain data")

    def persistent_load(self, pid: object) -> NoReturn:
        raise Unpackable("the pickle asks for an object from elsewhere; expected plain data")
