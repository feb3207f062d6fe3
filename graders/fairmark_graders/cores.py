"""How many processors this process may use: by affinity, and by the CPU quotas of its control groups.

A container often gets a share of a large machine by quota alone, while its affinity names every core of it. Each group
above the process's own may have a quota, too, and the lowest holds. The kernel's files are described in its
admin-guide: cgroup-v2 (`cpu.max`), cgroup-v1 (`cpu.cfs_quota_us`), and proc(5) for those that say where a group is.
"""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath


def cores() -> int:
    """At least 1; a part of a core counts as one."""
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return math.ceil(min(usable, quota(Path("/proc/self"))))


def quota(process: Path) -> float:
    """The processors that the groups of a process may keep busy; infinite where none has a quota."""
    return min((found for group in _groups(process) for found in _quotas(group)), default=math.inf)


def _groups(process: Path) -> Iterator[Path]:
    """The directories of the groups that count processor time: the process's own and those above, as far as mounted."""
    with suppress(OSError):
        own = dict(_own(process))
        for hierarchy, root, mounted in _mounts(process):
            if hierarchy in own:
                path = PurePosixPath(own[hierarchy])
                # A container without a namespace of its own for groups has its group's directory mounted as the root.
                inside = path.relative_to(root) if path.is_relative_to(root) else PurePosixPath()
                yield from (mounted / above for above in (inside, *inside.parents))


def _own(process: Path) -> Iterator[tuple[str, str]]:
    """The path of the process's group in each hierarchy: `2:cpu,cpuacct:/a/b` in version 1, `0::/a/b` in version 2."""
    for line in (process / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield "cgroup2", path
        elif "cpu" in controllers.split(","):
            yield "cgroup", path


def _mounts(process: Path) -> Iterator[tuple[str, str, Path]]:
    """The version of each hierarchy that counts processor time, its root and where that is mounted."""
    for line in (process / "mountinfo").read_text().splitlines():
        place, _, source = line.partition(" - ")
        root, mounted = place.split()[3:5]
        version, *_, options = source.split()
        if version == "cgroup2" or (version == "cgroup" and "cpu" in options.split(",")):
            yield version, root, Path(mounted)


def _quotas(group: Path) -> Iterator[float]:
    with suppress(OSError):
        allowed, period = (group / "cpu.max").read_text().split()
        if allowed != "max":
            yield int(allowed) / int(period)
    with suppress(OSError):
        microseconds = int((group / "cpu.cfs_quota_us").read_text())
        if microseconds > 0:
            yield microseconds / int((group / "cpu.cfs_period_us").read_text())
