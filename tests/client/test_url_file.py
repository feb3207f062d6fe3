"""`file:F` in place of a URL, with real services that come, move and go."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.cpu import cpu_at_most
from tests.running import Running, Serve

from fairmark_client import Client, Refused, ServiceError, Unreachable, agrade, grade
from fairmark_client.hooks.trl import exact
from fairmark_client.url_file import absolute
from fairmark_service import url_file

from .cli import fairmark_here, row, rows

KEY, OTHER = "example-key-change-me", "another-example-key"
ITEMS = [{"reference_answer": "4"}]

Wait = Callable[..., None]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    running = Running(FAIRMARK_KEY=KEY)
    yield running
    running.stop()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "url"


@pytest.fixture
def written(path: Path, guarded: Running) -> Path:
    url_file.write(path, guarded.url, KEY)
    return path


@pytest.fixture
def stranger() -> Iterator[str]:
    """Somebody else's service, which knows none of our keys."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_error(401)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def right(client: Client) -> bool:
    return client.grade("exact", ["4"], ITEMS)[0].score == 1.0


@pytest.mark.parametrize("url", ["file:{}", "file://{}"])
def test_the_file_leads_to_the_service_and_opens_it(written: Path, url: str) -> None:
    assert right(Client(url.format(written)))


def test_a_relative_file_is_the_same_in_another_folder(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written.parent)
    client = Client("file:url")
    assert absolute("file:url") == f"file:{written}"
    monkeypatch.chdir("/")
    assert right(client)


@pytest.mark.anyio
async def test_the_variable_may_name_a_file_for_every_kind_of_caller(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRMARK_URL", f"file:{written}")
    assert grade("exact", ["4"], ITEMS)[0].score == 1.0
    assert (await agrade("exact", ["4"], ITEMS))[0].score == 1.0
    assert exact(prompts=["2 + 2?"], completions=["4"], solution=["4"]) == [1.0]


def test_a_file_that_is_not_there_yet_is_waited_for_and_said_once(
    path: Path, guarded: Running, caplog: pytest.LogCaptureFixture, wait_until: Wait
) -> None:
    client, found = Client(f"file:{path}"), list[bool]()
    ranks = [threading.Thread(target=lambda: found.append(right(client))) for _ in range(4)]
    for rank in ranks:
        rank.start()
    wait_until(lambda: "waiting" in caplog.text)
    path.touch(mode=0o600)  # as mktemp does; nothing in it is not there yet
    url_file.write(path, guarded.url, KEY)
    for rank in ranks:
        rank.join()
    assert found == [True] * 4
    assert [record.getMessage() for record in caplog.records] == [f"waiting for a service to write {path}"]


def test_a_file_that_never_comes_is_named_by_the_deadline(path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(Unreachable, match=f"file:{path}: no service has written it within 0.6 s"):
        Client(f"file:{path}", timeout_seconds=0.6).grade("exact", ["4"])
    assert time.monotonic() - began < 5


def test_waiting_costs_next_to_no_processor_time(path: Path) -> None:
    with cpu_at_most(0.5), pytest.raises(Unreachable):
        Client(f"file:{path}", timeout_seconds=2).grade("exact", ["4"])


def test_a_service_that_is_started_again_elsewhere_is_found(serve: Serve, path: Path, guarded: Running) -> None:
    first = serve(FAIRMARK_KEY=OTHER)
    url_file.write(path, first.url, OTHER)
    client = Client(f"file:{path}", timeout_seconds=60)
    assert right(client)
    first.stop(signal.SIGKILL)
    url_file.write(path, guarded.url, KEY)
    assert right(client)


def test_a_stranger_at_the_old_address_is_left_for_the_service_at_the_new_one(
    path: Path, guarded: Running, stranger: str, wait_until: Wait
) -> None:
    url_file.write(path, stranger, OTHER)
    client = Client(f"file:{path}")
    assert client.address().url == stranger
    url_file.write(path, guarded.url, KEY)
    assert right(client)


def test_a_refusal_by_the_service_that_the_file_still_names_is_final(path: Path, guarded: Running) -> None:
    url_file.write(path, guarded.url, OTHER)
    with pytest.raises(Refused, match=f"file:{path}.* answers 401"):
        Client(f"file:{path}").grade("exact", ["4"])


def test_an_unreachable_service_is_named_with_its_file(path: Path) -> None:
    url_file.write(path, "http://127.0.0.1:9", KEY)
    with pytest.raises(Unreachable, match=rf"http://127\.0\.0\.1:9 \(file:{path}\): no result"):
        Client(f"file:{path}", timeout_seconds=0.5).grade("exact", ["4"])


def test_where_the_file_holds_no_key_the_variable_does(
    path: Path, guarded: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    url_file.write(path, guarded.url, None)
    monkeypatch.setenv("FAIRMARK_KEY", KEY)
    assert right(Client(f"file:{path}"))


def test_a_key_in_the_file_wins_over_the_variable_and_one_that_is_given_over_both(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRMARK_KEY", OTHER)
    assert right(Client(f"file:{written}"))
    with pytest.raises(Refused, match="401"):
        right(Client(f"file:{written}", OTHER))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_can_read_or_write_is_refused(written: Path, mode: int) -> None:
    written.chmod(mode)
    with pytest.raises(ServiceError, match=f"file:{written}: expected a file of yours .*mode 600"):
        right(Client(f"file:{written}"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_refused(written: Path) -> None:
    os.chown(written, 12345, 12345)
    with pytest.raises(ServiceError, match="expected a file of yours"):
        right(Client(f"file:{written}"))


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:8000", "FAIRMARK_KEY=example-key-change-me", "FAIRMARK_URL='http://127.0.0.1:8000", "\x00=\x00"],
)
def test_a_file_with_something_else_in_it_is_refused_by_name(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(ServiceError, match=f"file:{path}: expected FAIRMARK_URL=") as refused:
        right(Client(f"file:{path}"))
    assert KEY not in str(refused.value)


def test_an_address_in_the_file_that_is_none_is_refused_by_name(path: Path) -> None:
    url_file.write(path, "ftp://host", KEY)
    with pytest.raises(ServiceError, match=f"FAIRMARK_URL in {path}: expected http://host:port"):
        right(Client(f"file:{path}"))


def test_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=f"file:{tmp_path}: can't be read: Is a directory"):
        right(Client(f"file:{tmp_path}"))


def test_a_pipe_is_refused_by_name_instead_of_waited_for(path: Path) -> None:
    os.mkfifo(path, mode=0o600)
    with pytest.raises(ServiceError, match=f"file:{path}: expected a file of yours"):
        Client(f"file:{path}", timeout_seconds=5).address()


@pytest.mark.parametrize("url", ["file:", "file:/", "file://", "file:///", "file://node7/url"])
def test_an_url_that_names_no_file_is_refused_at_once(url: str) -> None:
    with pytest.raises(ServiceError, match="^url: expected file:/path/of/a/file"):
        Client(url)


def test_the_key_is_in_no_message_and_no_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url_file.write(path, "http://127.0.0.1:9", KEY)
    client = Client(f"file:{path}", KEY, timeout_seconds=0.5)
    with pytest.raises(Unreachable) as unreachable:
        right(client)
    assert KEY not in str(unreachable.value) + caplog.text + repr(client.__dict__)


def test_a_forked_child_waits_for_itself(path: Path, guarded: Running) -> None:
    program = """
import os, sys, time, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from fairmark_client import Client
client = Client(f"file:{sys.argv[1]}", timeout_seconds=30)
score = lambda: client.grade("exact", ["4"], [{"reference_answer": "4"}])[0].score
print("ready", flush=True)
if child := os.fork():
    assert score() == 1.0
    assert os.waitpid(child, 0)[1] == 0
else:
    os._exit(0 if score() == 1.0 else 1)
"""
    trainer = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, text=True)
    assert trainer.stdout
    assert trainer.stdout.readline() == "ready\n"
    url_file.write(path, guarded.url, KEY)
    assert trainer.wait(60) == 0
    trainer.stdout.close()


def test_the_commands_take_it(written: Path) -> None:
    data, url = rows(written.parent / "rows.jsonl", row("42")), f"file:{written}"
    graded = fairmark_here("grade", data, "--grader", "exact", FAIRMARK_URL=url)
    assert "as FAIRMARK_URL says" in graded.stderr
    assert graded.returncode == 0
    assert "exact" in fairmark_here("graders", "list", "--url", url).stdout


def test_a_service_that_a_file_leads_to_is_not_asked_through_a_proxy(path: Path, guarded: Running) -> None:
    path.touch(mode=0o600)
    url = guarded.url.replace("127.0.0.1", "0.0.0.0")  # here, but not by its name
    path.write_text(f"FAIRMARK_URL={url}\nFAIRMARK_KEY={KEY}\n")
    data, proxy = rows(path.parent / "rows.jsonl", row("42")), {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
    assert fairmark_here("grade", data, "--grader", "exact", "--url", f"file:{path}", **proxy).returncode == 0
    assert fairmark_here("graders", "list", "--url", url, FAIRMARK_KEY=KEY, **proxy).returncode == 2


def test_a_command_names_the_file_that_never_comes(path: Path) -> None:
    listed = fairmark_here("graders", "list", "--url", f"file:{path}", FAIRMARK_TIMEOUT_SECONDS="0.3")
    assert listed.returncode == 2
    assert f"file:{path}: no service has written it within 0.3 s" in listed.stderr


def test_a_command_names_its_option_where_the_url_names_no_file() -> None:
    listed = fairmark_here("graders", "list", "--url", "file:")
    assert listed.returncode == 2
    assert "--url: expected file:/path/of/a/file" in listed.stderr
