"""The key of a verdict: a hash of everything that decides it, and of nothing else."""

import hashlib
import struct
from typing import Any

from fairmark_graders.grader import Leaf
from fairmark_graders.types import Case

SIZE = 20
"""Bytes of a digest: two cases that share one would take 2^80 tries to find."""


def cache_key(grader: Leaf, case: Case, runs_on: str = "") -> bytes:
    """The key of the grader's verdict on the case: `SIZE` bytes, the same in every process and under every Python.

    `runs_on` names the releases that decide where a grader runs programs.
    """
    answer, reference = case
    decides = grader.version + runs_on
    if type(answer) is str and type(reference) is str:
        return _hashed(_text(decides) + _text(answer) + _text(reference))
    return digest(decides, answer, reference)


def digest(*values: Any) -> bytes:
    """A hash of JSON values in their order; values of different kinds (1, 1.0, "1", true) never share one.

    Every value is written as its kind, its length and its content, so no two lists of values read alike. The order of
    an object's keys counts: a grader may see it. Nesting of any depth and integers of any size are taken. Raises
    `TypeError` for what JSON doesn't have.
    """
    parts: list[bytes] = []
    left = [*reversed(values)]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            parts.append(b"o%d:" % len(value))
            left += [part for pair in reversed(value.items()) for part in reversed(pair)]
        elif isinstance(value, list | tuple):
            parts.append(b"a%d:" % len(value))
            left += reversed(value)
        else:
            parts.append(_scalar(value))
    return _hashed(b"".join(parts))


def _hashed(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=SIZE, usedforsecurity=False).digest()


def _text(value: str) -> bytes:
    """Lone surrogates are kept as they are: two that differ stay different."""
    data = value.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(data), data)


def _scalar(value: Any) -> bytes:
    match value:
        case None:
            return b"n"
        case bool():
            return b"t" if value else b"f"
        case str():
            return _text(value)
        case int():
            # In hexadecimal, which takes linear time and knows no limit of digits, as decimal does.
            return b"i%x:" % value
        case float():
            return b"d" + struct.pack(">d", value)
    raise TypeError(f"case: expected JSON values, got {type(value).__name__}")
