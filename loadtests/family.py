"""A process and all it has started, as Linux tells of them: who they are, what they have used, what they hold."""

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    return [pid, *(one for child in children(pid) for one in family(child))]


def children(pid: int) -> list[int]:
    """The processes that any thread of this one has started; none where it has ended."""
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for task in tasks for child in task.split()]


def cpu_seconds(pid: int) -> float:
    """Processor time of the family, with members that have ended and were waited for (those by the clock tick)."""
    return sum(own_seconds(one) + _ended_seconds(one) for one in family(pid))


def resident_bytes(pid: int) -> int:
    """Resident memory of the family; a page that several share counts several times."""
    return sum(_resident_pages(one) for one in family(pid)) * _PAGE


def own_seconds(pid: int) -> float:
    """Processor time of one process and its threads; 0 where it has ended."""
    try:
        # Linux's id of another process's CPU clock, as in clock_getcpuclockid(3).
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _ended_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[13:15])) / _TICKS


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
