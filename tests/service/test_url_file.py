"""The file that says where a service answers: all of it or nothing, for its owner alone."""

import os
import shlex
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.running import Serve

from fairmark_service import server, url_file
from fairmark_service.__main__ import serve as serve_here
from fairmark_service.settings import Settings

URL, KEY = "http://127.0.0.1:40213", "example-key-change-me"
ONE = {"grader": "exact", "samples": [{"sample": "4", "item": {"reference_answer": "4"}}]}


def held(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_it_holds_the_address_and_the_key(tmp_path: Path) -> None:
    url_file.write(tmp_path / "url", URL, KEY)
    assert held(tmp_path / "url") == {"FAIRMARK_URL": URL, "FAIRMARK_KEY": KEY}


@pytest.mark.parametrize("key", [KEY, "~expanded-by-a-shell~", "-begins-with-a-dash+/=="])
def test_a_shell_can_source_it(tmp_path: Path, key: str) -> None:
    url_file.write(tmp_path / "url", "http://[::1]:8000", key)
    script = f'set -eu; . {shlex.quote(str(tmp_path / "url"))}; printf \'%s %s\' "$FAIRMARK_URL" "$FAIRMARK_KEY"'
    sourced = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={"HOME": "/home"})
    assert sourced.stdout == f"http://[::1]:8000 {key}"


def test_without_one_key_for_all_it_holds_the_address_alone(tmp_path: Path) -> None:
    url_file.write(tmp_path / "url", URL, None)
    assert held(tmp_path / "url") == {"FAIRMARK_URL": URL}


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_a_service_on_all_addresses_is_named_by_its_node(tmp_path: Path, host: str) -> None:
    url_file.write(tmp_path / "url", f"http://{host}:8000", KEY)
    assert held(tmp_path / "url")["FAIRMARK_URL"] == f"http://{socket.gethostname()}:8000"


def test_only_its_owner_reads_it_whatever_the_umask(tmp_path: Path) -> None:
    (tmp_path / "url").touch(mode=0o644)
    before = os.umask(0)
    try:
        url_file.write(tmp_path / "url", URL, KEY)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "url").stat().st_mode) == 0o600


def test_a_reader_sees_the_old_or_the_new_and_never_half(tmp_path: Path, wait_until: Callable[..., None]) -> None:
    path, texts, done = tmp_path / "url", set[str](), threading.Event()
    urls = [f"http://127.0.0.1:{port}" for port in range(40_000, 40_300)]
    url_file.write(path, urls[0], KEY)

    def read() -> None:
        while not done.is_set():
            texts.add(path.read_text())

    def seen_to_change() -> bool:
        for url in urls:
            url_file.write(path, url, KEY)
        return len(texts) > 1

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(seen_to_change)
    done.set()
    reader.join()
    assert texts <= {f"FAIRMARK_URL={url}\nFAIRMARK_KEY={KEY}\n" for url in urls}


def test_nothing_else_stays_in_the_folder(tmp_path: Path) -> None:
    url_file.claim(tmp_path / "url")
    url_file.write(tmp_path / "url", URL, KEY)
    assert [path.name for path in tmp_path.iterdir()] == ["url"]
    url_file.remove(tmp_path / "url", URL, KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_stale_file_is_taken_away_before_the_service_warms_up(tmp_path: Path) -> None:
    url_file.write(tmp_path / "url", URL, KEY)
    url_file.claim(tmp_path / "url")
    assert not (tmp_path / "url").exists()


def test_a_file_that_another_service_has_written_stays(tmp_path: Path) -> None:
    url_file.write(tmp_path / "url", URL, "another-example-key")
    url_file.remove(tmp_path / "url", URL, KEY)
    assert (tmp_path / "url").exists()


def test_removing_a_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    url_file.remove(tmp_path / "url", URL, KEY)


@pytest.mark.parametrize("step", [url_file.claim, lambda path: url_file.write(path, URL, KEY)])
def test_a_file_that_cannot_be_written_is_named_with_its_setting(tmp_path: Path, step: object) -> None:
    (tmp_path / "folder").mkdir()
    for name, why in {"nowhere/url": "No such file", "folder": "Is a directory"}.items():
        with pytest.raises(OSError, match=f"--url-file: can't write {Path(name).name} in .*: {why}"):
            step(tmp_path / name)  # type: ignore[operator]


def test_a_key_is_made_where_none_is_set(tmp_path: Path) -> None:
    first, second = (Settings(url_file=tmp_path / "url").key for _ in range(2))
    assert first is not None
    assert len(first.get_secret_value()) > 40
    assert first != second


@pytest.mark.parametrize("field", [{"keys": Path("keys")}, {"open": True}, {"url_file": None}])
def test_no_key_is_made_where_others_are_set_or_none_is_wanted(field: dict[str, object]) -> None:
    assert Settings.model_validate({"url_file": Path("url"), **field}).key is None


def test_a_service_with_a_file_may_listen_beyond_loopback_for_it_cannot_be_without_a_key(tmp_path: Path) -> None:
    assert Settings(host="0.0.0.0", url_file=tmp_path / "url").guarded


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_writes_where_it_is_and_a_key_that_opens_it(serve: Serve, tmp_path: Path, workers: str) -> None:
    path = tmp_path / "url"
    running = serve("--url-file", path, "--workers", workers)
    url, key = held(path).values()
    assert url == running.url
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert running.post("/v1/grade", ONE).status_code == 401
    assert running.post("/v1/grade", ONE, Authorization=f"Bearer {key}").status_code == 200
    assert key not in "".join(running.log + running.printed)
    running.stop()
    assert not path.exists()


@pytest.fixture
def announced(tmp_path: Path) -> Iterator[Callable[..., dict[str, str]]]:
    """What a service with these settings writes when it answers."""
    opened: list[socket.socket] = []

    def write(**fields: object) -> dict[str, str]:
        settings = Settings.model_validate({"port": 0, "url_file": tmp_path / "url", **fields})
        opened.append((sockets := server.bind(settings)).main)
        server.Announcement(settings, sockets).make()
        return held(tmp_path / "url")

    yield write
    for listener in opened:
        listener.close()


def test_a_key_that_is_set_is_the_one_that_is_written(announced: Callable[..., dict[str, str]]) -> None:
    assert announced(key=KEY)["FAIRMARK_KEY"] == KEY


@pytest.mark.parametrize("field", [{"keys": Path("keys")}, {"open": True}])
def test_where_callers_have_keys_of_their_own_or_none_none_is_written(
    announced: Callable[..., dict[str, str]], field: dict[str, object]
) -> None:
    assert announced(**field).keys() == {"FAIRMARK_URL"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_folder_that_is_missing_ends_the_service_before_it_starts(tmp_path: Path, workers: str) -> None:
    options = ["--port", "0", "--url-file", str(tmp_path / "nowhere" / "url"), "--workers", workers]
    command = [sys.executable, "-m", "fairmark_service", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert f"--url-file: can't write url in {tmp_path / 'nowhere'}: No such file or directory" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "ready" not in ended.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service_that_cannot_start_leaves_the_file_of_the_one_that_runs(tmp_path: Path, workers: int) -> None:
    url_file.write(tmp_path / "url", URL, KEY)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(port=taken.getsockname()[1], url_file=tmp_path / "url", workers=workers)
        with pytest.raises(OSError, match="can't listen"):
            serve_here(settings)
    assert held(tmp_path / "url") == {"FAIRMARK_URL": URL, "FAIRMARK_KEY": KEY}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_folder_that_goes_while_the_service_warms_up_ends_it_and_is_named(tmp_path: Path, workers: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "url").touch()
    options = ["--port", "0", "--url-file", str(folder / "url"), "--workers", workers]
    command = [sys.executable, "-m", "fairmark_service", *options]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while (folder / "url").exists():  # taken away as stale: the service has begun to start
        assert time.monotonic() < deadline
        time.sleep(0.01)
    folder.rmdir()
    _, said = service.communicate(timeout=60)
    assert service.returncode == 1
    assert said.endswith(f"fairmark serve: --url-file: can't write url in {folder}: No such file or directory\n")
    assert "Traceback" not in said
