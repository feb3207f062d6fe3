"""The processes that a test has started, told from those of the fixtures that outlive it."""

import contextlib
import os
from pathlib import Path

import pytest

_others: set[int] = set()
"""This process's children when the test began: services that other tests share, which nobody may kill."""


@pytest.fixture(autouse=True)
def others() -> None:
    _others.clear()
    _others.update(children(os.getpid()))


def children(pid: int) -> list[int]:
    """The children of all its threads; one that ends while it is looked at has none any more."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (task / "children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    return [*children(pid), *(below for child in children(pid) for below in descendants(child))]


def started() -> list[int]:
    """The children that this process has had since the test began."""
    return [child for child in children(os.getpid()) if child not in _others]


def state(pid: int) -> str:
    """One letter as in proc(5): R runs, S sleeps, T stands still, Z is dead and not yet waited for."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def gone(pid: int) -> bool:
    try:
        return state(pid) == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
