"""Which rows say nearly the same, so that they stay on one side.

Rows are compared by the pairs of neighbouring words in what their prompts are made of: two with at least `threshold` of
their pairs in common (Jaccard) are near-duplicates. At 0.8, that is one word in about twenty exchanged. Case and
punctuation make no difference; the sign and the point of a number do.

The share is estimated by MinHash (Broder 1997) in 128 permutations, of each of which one byte is kept: b-bit minwise
hashing (Li and König 2010), 128 bytes a row. Rows that agree in one of sixteen bands of eight bytes are compared, which
99.9 % of pairs with 0.9 in common do. The estimate's standard error is 0.035: of pairs right at the threshold every
second one is found, of those 0.1 above it 99 %.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

BYTES = 128
"""Of a signature."""
_AT_ONCE = 1024
"""Pairs of words that are permuted at once: half a megabyte, however long the row."""
_CHANCE = 1 / 256
"""That two different words leave the same byte."""
_WORD = re.compile(r"-?\d+(?:\.\d+)?|\w+")

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


class Sketch:
    """Makes signatures; one is reused, since its permutations take longer to draw than a row to read."""

    def __init__(self) -> None:
        self._minhash = MinHash(BYTES, hashfunc=zlib.crc32)

    def signature(self, row: Mapping[str, Any]) -> bytes:
        """The row's words in 128 bytes."""
        self._minhash.clear()
        found = list(_shingles(row))
        for start in range(0, len(found), _AT_ONCE):
            self._minhash.update_batch(found[start : start + _AT_ONCE])
        return bytes(self._minhash.hashvalues.astype(np.uint8))


def _shingles(row: Mapping[str, Any]) -> set[bytes]:
    words = _WORD.findall(" ".join(_texts(row)).casefold())
    return {f"{one} {other}".encode() for one, other in pairwise(words)} or {" ".join(words).encode()}


def _texts(value: Any) -> Iterator[str]:
    """What a value says, whatever it is made of; objects in the order of their names."""
    if isinstance(value, Mapping):
        for name in sorted(value):
            yield from _texts(value[name])
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)


def groups(signatures: NDArray[np.uint8], threshold: float) -> NDArray[np.int64]:
    """The number of the group that each row is in: all that are near-duplicates, by however many steps."""
    return _connected((_confirmed(signatures, pairs, threshold) for pairs in _candidates(signatures)), len(signatures))


def joined(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """The number of the group that each row is in: all that agree in one of their keys, by however many steps."""
    return _connected((next(_equal(key)) for key in keys), len(keys[0]))


def _connected(links: Iterable[Pairs], count: int) -> NDArray[np.int64]:
    left, right = (np.concatenate(ends) for ends in zip(*links, strict=True))
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _candidates(signatures: NDArray[np.uint8]) -> Iterator[Pairs]:
    """For each band, rows that agree in it; a few pairs for each, since all there are may be their square."""
    for band in signatures.view(np.uint64).T:
        yield from _equal(band)


def _equal(keys: NDArray[np.uint64]) -> Iterator[Pairs]:
    """Each of the rows that have the same key with the one before it, then with the first."""
    order = np.argsort(keys, kind="stable")
    same = np.diff(keys[order]) == 0
    first = np.maximum.accumulate(np.where(np.r_[True, ~same], np.arange(len(order)), 0))
    yield order[:-1][same], order[1:][same]
    yield order[first[1:]][same], order[1:][same]


def _confirmed(signatures: NDArray[np.uint8], pairs: Pairs, threshold: float) -> Pairs:
    """Those of the pairs that have enough in common, by the estimate that takes chance out."""
    left, right = pairs
    share = np.empty(len(left))
    for start in range(0, len(left), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        share[part] = (signatures[left[part]] == signatures[right[part]]).mean(axis=1)
    enough = (share - _CHANCE) / (1 - _CHANCE) >= threshold
    return left[enough], right[enough]
