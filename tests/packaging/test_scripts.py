"""scripts/serve on a new clone, and the set-up that the scripts share.

A whole set-up is made once, from a folder of wheels; over the network .ci/run itself makes one on a new clone.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files as they are now, in a folder whose name has a space."""
    folder = tmp_path_factory.mktemp("a clone")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# pip's compiling takes longer than all else together, and Python does it anyway for what it imports.
SET_UP = {name: value for name, value in os.environ.items() if not name.startswith("FAIRMARK_")} | {
    "PIP_NO_COMPILE": "1"
}
UNREACHABLE = {"PIP_CONFIG_FILE": os.devnull, "PIP_PROXY": "http://127.0.0.1:9", "PIP_NO_CACHE_DIR": "1"}


@contextmanager
def served(clone: Path, patience: float, *options: str | Path, **environment: str) -> Iterator[float]:
    """Starts scripts/serve from another folder; gives the seconds until /healthz answered, but for those it starved."""
    port = free_port()
    begun = time.monotonic()
    service = subprocess.Popen(
        [clone / "scripts" / "serve", *options, "--port", str(port)],
        cwd="/",
        env=SET_UP | environment,
        start_new_session=True,
    )
    try:
        while not answers(port):
            assert service.poll() is None, "scripts/serve ended"
            assert time.monotonic() - begun < patience, "no answer"
            time.sleep(0.05)
        yield time.monotonic() - begun - starved(service.pid)
        service.terminate()
        assert service.wait(10) in {0, -signal.SIGTERM}
    finally:
        if service.poll() is None:
            os.killpg(service.pid, signal.SIGKILL)
            service.wait()


def starved(session: int) -> float:
    """Seconds for which the processes of a session were ready to run and had no processor."""
    waited = 0
    for status in Path("/proc").glob("[0-9]*/schedstat"):
        with suppress(OSError):  # of processes that end meanwhile
            if os.getsid(int(status.parent.name)) == session:
                waited += int(status.read_text().split()[1])
    return waited / 1e9


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What scripts/wheels fetches where all is set up: here, by the Python of these tests."""
    root = project(tmp_path_factory.mktemp("set up"), f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    stamp = 'root=$0; . "$root/scripts/venv.sh"; state service >"$venv/service.stamp"'
    subprocess.run(["sh", "-euc", stamp, root], check=True)
    folder = tmp_path_factory.mktemp("the wheels")
    subprocess.run([root / "scripts" / "wheels", folder], check=True, timeout=500)
    return folder


@pytest.fixture(scope="module")
def ready(clone: Path, wheels: Path) -> Path:
    """The clone after its first start, which set it up without a network."""
    with served(clone, 500, "--wheels", wheels, **UNREACHABLE):
        return clone


@pytest.mark.slow
def test_a_new_clone_is_set_up_without_a_network_and_then_starts_in_under_three_seconds(ready: Path) -> None:
    assert (ready / ".venv" / "share" / "wordnet" / "data.noun").exists()
    assert any(seconds_to_serve(ready) < 3 for _ in range(4))  # a busy machine's disk may make one of them wait


def seconds_to_serve(clone: Path) -> float:
    with served(clone, patience=60) as seconds:
        return seconds


@pytest.fixture
def offline(ready: Path, tmp_path: Path) -> Path:
    """Another clone, whose environment came along from elsewhere and lacks the package that is wanted first."""
    other = Path(shutil.copytree(ready, tmp_path / "off line", symlinks=True, copy_function=os.link))
    for folder in (other / ".venv").glob("lib/python*/site-packages/editables*"):
        shutil.rmtree(folder)
    return other


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kept", "said"),
    [(None, "No matching distribution found for editables"), (b"another wheel", "DO NOT MATCH THE HASHES")],
    ids=["missing", "changed"],
)
def test_a_wheel_that_is_missing_or_changed_is_refused(
    wheels: Path, offline: Path, tmp_path: Path, kept: bytes | None, said: str
) -> None:
    folder = tmp_path / "wheels"
    shutil.copytree(wheels, folder, copy_function=os.symlink)
    (editables,) = folder.glob("editables-*")
    editables.unlink()
    if kept is not None:
        editables.write_bytes(kept)
    serve = [str(offline / "scripts" / "serve"), "--wheels", str(folder)]
    finished = subprocess.run(serve, env=SET_UP | UNREACHABLE, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 1
    assert said in finished.stderr
    assert f"what {folder} lacks, scripts/wheels fetches" in finished.stderr


def project(folder: Path, python: str) -> Path:
    """What the set-up reads of a project, whose .venv has this program for its Python."""
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").write_text(python)
    (folder / ".venv" / "bin" / "python").chmod(0o755)
    return folder


PYTHON = '#!/bin/sh\n[ "$2" = pip ] || exit 0\necho "$@" >>"$(dirname "$0")/../calls"\n[ ! -e "$0.broken" ]\n'


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A project whose .venv has a python that writes down how pip is called, and takes no other part."""
    return project(tmp_path, PYTHON)


def test_a_folder_of_wheels_that_is_none_is_named(bench: Path) -> None:
    finished = subprocess.run(
        [bench / "scripts" / "serve", "--wheels", "/nowhere"], capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 2
    assert "--wheels: expected a folder that scripts/wheels has filled, got '/nowhere'" in finished.stderr


def need(bench: Path, *sets: str, path: str = os.environ["PATH"]) -> list[str]:
    """What pip was asked to install, in order."""
    calls = bench / ".venv" / "calls"
    calls.write_text("")
    steps = "; ".join(f"need {name}" for name in sets)
    script = f'root=$0; . "$root/scripts/venv.sh"; {steps}'
    subprocess.run(["sh", "-euc", script, bench], env=os.environ | {"PATH": path}, check=False)
    return [Path(call.split()[-1]).name for call in calls.read_text().splitlines()]


def test_a_set_is_installed_once(bench: Path) -> None:
    assert need(bench, "service") == ["build.txt", "service.txt", bench.name]
    assert need(bench, "service") == []


def test_the_test_set_serves_too(bench: Path) -> None:
    assert need(bench, "test") == ["build.txt", "test.txt", "torch.txt", bench.name]
    assert need(bench, "service", "test") == []


def test_the_service_set_grows_into_the_test_set_and_stays(bench: Path) -> None:
    need(bench, "service", "test")
    assert need(bench, "service", "test", "service") == []


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements/service.txt", "requirements/build.txt"])
def test_a_changed_file_makes_the_set_stale(bench: Path, file: str) -> None:
    need(bench, "service")
    with (bench / file).open("a") as opened:
        opened.write("# changed\n")
    assert need(bench, "service") == ["build.txt", "service.txt", bench.name]


def test_a_moved_project_installs_itself_again(bench: Path) -> None:
    need(bench, "service")
    moved = bench.rename(bench.with_name("moved"))
    assert need(moved, "service") == ["build.txt", "service.txt", "moved"]


def test_a_failed_install_is_tried_again(bench: Path) -> None:
    broken = bench / ".venv" / "bin" / "python.broken"
    need(bench, "service")
    (bench / ".venv" / "service.stamp").unlink()
    broken.touch()
    assert need(bench, "service") == ["build.txt"]
    broken.unlink()
    assert need(bench, "service") == ["build.txt", "service.txt", bench.name]


def test_a_half_made_environment_is_made_anew(bench: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bin")
    (folder / "python").write_text(PYTHON)
    (folder / "python").chmod(0o755)
    (folder / "python3").write_text(
        '#!/bin/sh\n[ "$1" = -c ] && exit\n'
        f'[ "$2 $3" = "venv --clear" ] && rm -r "$4" && mkdir -p "$4/bin" && cp "{folder}/python" "$4/bin"\n'
    )
    (folder / "python3").chmod(0o755)
    for name in ("half", "unfinished"):
        (bench / ".venv" / name).touch()
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    assert need(bench, "service", path=path) == ["build.txt", "service.txt", bench.name]
    assert not any((bench / ".venv" / name).exists() for name in ("half", "unfinished"))


def old_python(folder: Path) -> dict[str, str]:
    """A PATH whose only Python is too old."""
    for tool in ["sh", "cat", "cksum", "dirname", "flock"]:
        if found := shutil.which(tool):
            (folder / tool).symlink_to(found)
    python = folder / "python3"
    python.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2\n')
    python.chmod(0o755)
    return {"PATH": str(folder)}


def test_an_old_python_is_named(bench: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    shutil.rmtree(bench / ".venv")
    path = old_python(tmp_path_factory.mktemp("bin"))
    finished = subprocess.run([bench / "scripts" / "serve"], env=path, capture_output=True, text=True)
    assert finished.returncode == 1
    assert "needs Python 3.11 or newer with the venv module, found Python 3.9.2" in finished.stderr
    assert not (bench / ".venv").exists()


def test_a_newer_python_under_another_name_is_found(bench: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bin")
    path = old_python(folder)
    (folder / "python3.12").symlink_to(sys.executable)
    found = ["sh", "-euc", f'root="{bench}"; . "$root/scripts/venv.sh"; find_python']
    assert subprocess.run(found, env=path, capture_output=True, text=True).stdout == "python3.12\n"
