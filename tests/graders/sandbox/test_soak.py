"""A short soak; `python -m loadtests.soak` is the long one."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_thousand_runs_with_hostile_ones_and_killed_zygotes_lose_and_leave_nothing() -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "loadtests.soak", "1200"]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
