"""Processors by quota, from the kernel's files as containers, pods and machines have them."""

import math
import os
from pathlib import Path

import pytest

from fairmark_graders.cores import cores, quota

V2 = "30 23 0:26 {root} {mounted} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "33 32 0:29 {root} {mounted} rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
OTHER = "34 32 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"


class Machine:
    """A process's view of its groups, in files."""

    def __init__(self, folder: Path) -> None:
        self.process, self.mounted = folder / "proc", folder / "cgroup"
        self.process.mkdir()
        self.mounted.mkdir()

    def in_group(self, line: str, mounts: str, root: str = "/") -> "Machine":
        (self.process / "cgroup").write_text(f"4:memory:/elsewhere\n{line}\n")
        (self.process / "mountinfo").write_text(OTHER + mounts.format(root=root, mounted=self.mounted))
        return self

    def write(self, **files: str) -> None:
        """Files by their path, `/` as `__` and `.` as `_of_`."""
        for name, content in files.items():
            path = self.mounted / name.replace("__", "/").replace("_of_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_quota_of_version_2_counts(machine: Machine) -> None:
    machine.in_group("0::/a/b", V2).write(a__b__cpu_of_max="150000 100000")
    assert quota(machine.process) == 1.5


def test_the_lowest_quota_of_the_groups_above_counts(machine: Machine) -> None:
    machine.in_group("0::/a/b", V2).write(a__b__cpu_of_max="max 100000", a__cpu_of_max="300000 100000")
    assert quota(machine.process) == 3
    machine.write(cpu_of_max="50000 100000")
    assert quota(machine.process) == 0.5


def test_max_is_no_quota(machine: Machine) -> None:
    machine.in_group("0::/a", V2).write(a__cpu_of_max="max 100000")
    assert quota(machine.process) == math.inf


def test_a_quota_of_version_1_counts(machine: Machine) -> None:
    machine.in_group("3:cpu,cpuacct:/a", V1).write(a__cpu_of_cfs_quota_us="400000", a__cpu_of_cfs_period_us="200000")
    assert quota(machine.process) == 2


def test_minus_one_is_no_quota_in_version_1(machine: Machine) -> None:
    machine.in_group("3:cpu,cpuacct:/a", V1).write(a__cpu_of_cfs_quota_us="-1", a__cpu_of_cfs_period_us="100000")
    assert quota(machine.process) == math.inf


@pytest.mark.parametrize("line", ["3:cpu,cpuacct:/docker/abc", "3:cpu,cpuacct:/"])
def test_in_a_container_the_groups_directory_is_the_mounted_root(machine: Machine, line: str) -> None:
    machine.in_group(line, V1, root="/docker/abc")
    machine.write(cpu_of_cfs_quota_us="100000", cpu_of_cfs_period_us="100000")
    assert quota(machine.process) == 1


def test_a_group_below_the_containers_is_found_under_the_mount(machine: Machine) -> None:
    machine.in_group("0::/docker/abc/inner", V2, root="/docker/abc").write(inner__cpu_of_max="200000 100000")
    assert quota(machine.process) == 2


def test_a_group_outside_the_namespace_is_taken_for_its_root(machine: Machine) -> None:
    machine.in_group("0::/../other", V2).write(cpu_of_max="200000 100000")
    assert quota(machine.process) == 2


def test_files_of_another_hierarchy_do_not_count(machine: Machine) -> None:
    machine.in_group("3:cpuacct:/a", V1).write(a__cpu_of_cfs_quota_us="100000", a__cpu_of_cfs_period_us="100000")
    assert quota(machine.process) == math.inf


def test_without_the_kernels_files_there_is_no_quota(tmp_path: Path) -> None:
    assert quota(tmp_path) == math.inf


def test_cores_are_whole_and_no_more_than_may_be_run_on() -> None:
    assert 1 <= cores() <= len(os.sched_getaffinity(0))


def test_affinity_counts() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)
