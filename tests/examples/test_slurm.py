"""The SLURM example, with a real service and a real trainer's client; only the scheduler is a few lines of shell."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "slurm" / "train.sbatch"
SRUN = """#!/bin/sh
# One task on the first node, or one on each: what srun makes of the example's options.
everywhere=yes
while :; do
    case $1 in
    --nodes=1) everywhere=no ;;
    --overlap | --relative=0 | --ntasks=1 | --ntasks-per-node=1 | --cpus-per-task=* | --gres=none) ;;
    --*) echo "srun: unrecognized option '$1'" >&2; exit 1 ;;
    *) break ;;
    esac
    shift
done
[ $everywhere = yes ] || exec "$@"
[ "$SLURM_JOB_NUM_NODES" -gt 1 ] || SLURM_PROCID=0 exec "$@"
SLURM_PROCID=0 "$@" & SLURM_PROCID=1 "$@" & wait
"""

Job = Callable[..., "subprocess.Popen[str]"]
Wait = Callable[..., None]


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """Starts the script as SLURM does, on so many nodes."""
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "srun").write_text(SRUN)
    (tmp_path / "srun").chmod(0o755)

    def start(*trainer: str, nodes: int = 1, **environment: str) -> "subprocess.Popen[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRMARK_")}
        slurm = {"JOB_ID": "17", "JOB_NUM_NODES": str(nodes), "SUBMIT_DIR": str(tmp_path), "CPUS_ON_NODE": "2"}
        kept |= {f"SLURM_{name}": value for name, value in slurm.items()}
        kept["PATH"] = os.pathsep.join([str(tmp_path), str(Path(sys.executable).parent), kept["PATH"]])
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
        script = ["bash", str(SCRIPT), *trainer]
        started.append(subprocess.Popen(script, cwd=ROOT, env=kept | environment, text=True, **pipes))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("nodes", [1, 2])
def test_trainers_of_all_nodes_grade_on_the_service_of_the_first(job: Job, tmp_path: Path, nodes: int) -> None:
    done = job(nodes=nodes)
    printed, complaints = done.communicate(timeout=100)
    assert done.returncode == 0, complaints
    assert sorted(printed.splitlines()) == [f"{rank} [1.0, 1.0, 0.0]" for rank in range(nodes)]
    assert not (tmp_path / "fairmark-17" / "url").exists()


def test_a_trainer_that_fails_ends_the_job_with_its_code(job: Job) -> None:
    done = job("sh", "-c", "exit 3")
    done.communicate(timeout=100)
    assert done.returncode == 3


def test_a_job_that_is_cancelled_takes_the_service_along(job: Job, tmp_path: Path, wait_until: Wait) -> None:
    running, url = job("sleep", "600"), tmp_path / "fairmark-17" / "url"
    wait_until(url.exists, 60)
    address = url.read_text().splitlines()[0].removeprefix("FAIRMARK_URL=")
    assert httpx.get(f"{address}/healthz").is_success
    running.terminate()
    assert running.wait(30) == 143
    assert not url.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/healthz")


def test_a_service_that_does_not_start_ends_the_job_and_says_why(job: Job, tmp_path: Path) -> None:
    done = job("sleep", "600", FAIRMARK_CATALOG="/nowhere")
    done.communicate(timeout=100)
    assert done.returncode not in (0, None)
    assert "/nowhere" in (tmp_path / "fairmark-17" / "service.log").read_text()


def test_the_folder_of_the_job_is_the_users_alone(job: Job, tmp_path: Path) -> None:
    job("true").communicate(timeout=100)
    assert (tmp_path / "fairmark-17").stat().st_mode & 0o077 == 0
