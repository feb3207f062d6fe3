"""The private service: one for all the programs that need one, and gone after the last of them."""

import fcntl
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fairmark_client import Client, NoService, Refused, private_service

ITEMS = [{"reference_answer": "4"}]
RANK = """
import sys
from fairmark_client import private_service
from fairmark_client.hooks.trl import exact
assert exact(prompts=["2 + 2?"], completions=["4"], solution=["4"]) == [1.0]
print(private_service.address().url, flush=True)
sys.stdin.read()
"""

Start = Callable[[], "subprocess.Popen[str]"]
Wait = Callable[..., None]


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that private services of this test share."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "fairmark"


@pytest.fixture
def rank(runtime: Path, wait_until: Wait) -> Iterator[Start]:
    """Starts a program that grades by the hook, prints where, and stays until its input ends."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        started.append(subprocess.Popen([sys.executable, "-c", RANK], text=True, **pipes))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
    wait_until(lambda: not alive(runtime), 60)


def alive(runtime: Path) -> bool:
    """Whether a service holds the lock of an address in the folder."""
    for path in runtime.glob("*/address"):
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_ranks_that_start_together_share_one_service_which_ends_after_the_last(
    rank: Start, runtime: Path, wait_until: Wait
) -> None:
    ranks = [rank() for _ in range(3)]
    urls = {line(process) for process in ranks}
    assert len(urls) == 1
    assert urls.pop().startswith("http://127.0.0.1:")
    ranks[0].kill()
    ranks[1].communicate("")
    assert line(late := rank()).startswith("http://127.0.0.1:")
    assert len(list(runtime.glob("*/address"))) == 1
    assert alive(runtime)
    ranks[2].kill()
    late.kill()
    wait_until(lambda: not alive(runtime), 60)


def test_address_and_key_are_for_the_user_alone(rank: Start, runtime: Path) -> None:
    line(rank())
    (address,) = runtime.glob("*/address")
    assert stat.S_IMODE(address.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (runtime, address.parent)} == {0o700}
    with pytest.raises(Refused, match="401"):
        Client(json.loads(address.read_text())[0], "another-fake-key").grade("exact", ["4"], ITEMS)


def test_a_folder_of_somebody_elses_making_is_refused(runtime: Path) -> None:
    runtime.mkdir(mode=0o755)
    with pytest.raises(NoService, match="expected a folder of yours"):
        Client().grade("exact", ["4"], ITEMS)


def test_a_service_that_was_killed_is_started_again(runtime: Path) -> None:
    program = """
from fairmark_client import grade, private_service
for _ in range(3):
    print(grade("exact", ["4"], [{"reference_answer": "4"}])[0].score, private_service.address().url)
    private_service._started[-1].kill()
    private_service._started[-1].wait()
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    scores, urls = zip(*map(str.split, found.stdout.splitlines()), strict=True)
    assert scores == ("1.0",) * 3
    assert len(set(urls)) == 3


def test_without_the_service_extra_the_error_says_what_to_do(runtime: Path, tmp_path: Path) -> None:
    program = """
import sys
sys.modules["uvicorn"] = None
sys.modules["fastapi"] = None
from fairmark_client import NoService, grade
try:
    grade("exact", ["4"])
except NoService as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "FAIRMARK_URL" in found.stdout
    assert "pip install 'fairmark[service]'" in found.stdout
    assert not alive(runtime)


def test_a_service_that_does_not_start_shows_its_log(runtime: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "FAIRMARK_CATALOG": str(tmp_path / "nowhere")}
    program = "from fairmark_client import grade; grade('exact', ['4'])"
    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert "NoService" in found.stderr
    assert "nowhere" in found.stderr.rpartition("NoService")[2]


def test_calls_at_the_same_time_wait_for_one_start(runtime: Path, tmp_path: Path) -> None:
    program = """
from concurrent.futures import ThreadPoolExecutor
from fairmark_client import Client, NoService, private_service
client = Client()
def failure(_):
    try:
        client.grade("exact", ["4"])
    except NoService:
        return "NoService"
with ThreadPoolExecutor(8) as pool:
    print(set(pool.map(failure, range(8))), len(private_service._started))
"""
    environment = {**os.environ, "FAIRMARK_CATALOG": str(tmp_path / "nowhere")}
    found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert found.stdout == "{'NoService'} 1\n"


def test_an_interrupt_ends_a_program_that_waits_for_a_start(runtime: Path) -> None:
    program = """
import fcntl, os, signal, sys, threading, time
from fairmark_client import grade, private_service

def interrupt():
    while not any(frame.f_code.co_name == "_locked" for frame in sys._current_frames().values()):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

starter = (private_service._folder() / "starter").open("ab")
fcntl.flock(starter, fcntl.LOCK_EX)
threading.Thread(target=interrupt, daemon=True).start()
grade("exact", ["4"])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert found.stderr.endswith("KeyboardInterrupt\n")


def test_programs_share_a_service_unless_it_is_set_differently(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = private_service._folder()
    monkeypatch.setenv("FAIRMARK_RUN", "another")
    monkeypatch.setenv("FAIRMARK_EXPLAIN", "1")
    assert private_service._folder() == first
    monkeypatch.setenv("FAIRMARK_GRADING_PROCESSES", "1")
    assert private_service._folder() != first


def test_the_log_holds_no_warning(rank: Start, runtime: Path) -> None:
    line(rank())
    (log,) = runtime.glob("*/log")
    assert "Warning" not in log.read_text()
