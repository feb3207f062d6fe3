"""Who may come in, and what never comes out."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.waiting import wait_until

from fairmark_service import reload
from fairmark_service.auth import InvalidKeys, Keys, Limit, loopback_host
from fairmark_service.loading import Files
from fairmark_service.settings import Settings

OLD, NEW, OTHER = "fake-key-for-tests-old", "fake-key-for-tests-new", "fake-key-for-tests-other=="


@pytest.fixture(autouse=True)
def _short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "POLL_SECONDS", 0.02)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"# fake keys\n\ncluster: {OLD}\nlaptop:{OTHER}\n")
    return path


def write(path: Path, text: str | None) -> None:
    """Puts the text there, or takes the file away."""
    if text is None:
        path.unlink()
    else:
        path.write_text(text)


def bearer(key: str) -> bytes:
    return f"Bearer {key}".encode()


@asynccontextmanager
async def watched(file: Path, key: str | None = None) -> AsyncIterator[Keys]:
    files = Files(Settings(catalog=file.parent, key=key and SecretStr(key), keys=file))
    watch = asyncio.create_task(files.watch())
    try:
        yield files.keys
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


def test_a_key_goes_by_its_name(file: Path) -> None:
    keys = Keys(NEW, file)
    assert [keys.name_of(bearer(key)) for key in (OLD, OTHER, NEW)] == ["cluster", "laptop", "default"]


@pytest.mark.parametrize("header", [f"bearer {OLD}", f"BEARER  {OLD} "])
def test_the_scheme_is_read_in_any_case(file: Path, header: str) -> None:
    assert Keys(file=file).name_of(header.encode()) == "cluster"


@pytest.mark.parametrize(
    "header",
    [None, b"", b"Bearer", b"Bearer ", OLD.encode(), bearer(OLD[:-1]), bearer(OLD + "x"), bearer(OLD.upper()),
     f"Basic {OLD}".encode(), b"Bearer \xff\x00", bearer(f"{OLD} {OTHER}"), bearer("cluster")],
)  # fmt: skip
def test_anything_else_is_refused(file: Path, header: bytes | None) -> None:
    assert Keys(file=file).name_of(header) is None


def test_a_key_is_taken_from_api_key_as_azures_clients_send_it(file: Path) -> None:
    keys = Keys(file=file)
    assert keys.name_of(None, OLD.encode()) == "cluster"
    assert keys.name_of(bearer("wrong"), OLD.encode()) == "cluster"
    assert keys.name_of(None, bearer(OLD)) is None
    assert keys.name_of(None, b"") is None


def test_without_keys_nobody_has_a_name() -> None:
    keys = Keys()
    assert not keys
    assert keys.name_of(bearer(OLD)) is None


def test_one_name_may_have_two_keys_during_a_rotation(file: Path) -> None:
    file.write_text(f"cluster: {OLD}\ncluster: {NEW}\n")
    keys = Keys(file=file)
    assert keys.name_of(bearer(OLD)) == keys.name_of(bearer(NEW)) == "cluster"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("", Limit()),
        ("rate=2000/s", Limit(rate=2000)),
        ("quota=50000000/day", Limit(quota=50_000_000)),
        ("quota=5/day  \trate=1/s ", Limit(1, 5)),
    ],
)
def test_limits_stand_behind_a_key(file: Path, limits: str, expected: Limit) -> None:
    file.write_text(f"cluster: {OLD} {limits}\nlaptop: {OTHER}\n")
    keys = Keys(file=file)
    assert keys.limit_of("cluster") == expected
    assert keys.limit_of("laptop") == keys.limit_of("nobody") == Limit()
    assert keys.name_of(bearer(OLD)) == "cluster"


def test_two_keys_of_one_name_share_its_limit(file: Path) -> None:
    file.write_text(f"cluster: {OLD} rate=5/s quota=7/day\ncluster: {NEW} quota=7/day rate=5/s\n")
    assert Keys(file=file).limit_of("cluster") == Limit(5, 7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "at least one 'name: key'"),
        ("# only a comment\n", "at least one 'name: key'"),
        (f"a: {OLD}\nci: shortsecret\n", "line 2: the key of 'ci' is too short: expected 16 characters or more"),
        (f"a: {OLD}\n{NEW}\n", "line 2: expected 'name: key'"),
        (f"two words: {OLD}\n", "line 1: expected 'name: key'"),
        (f'ci: "{OLD}"\n', "line 1: the key of 'ci' has other characters"),
        (f"{OLD}: ci\n", "line 1: the key is too short"),
        (f"a: {OLD}\nb: {OLD}\n", "'a' and 'b' have the same key"),
        ("a: \udcff", "expected UTF-8"),
        (f"a: {OLD} {NEW}\n", "line 1: expected 'name: key', and at most rate=2000/s and quota=50000000/day"),
        (f"a: {OLD} rate={NEW}\n", "line 1: expected 'name: key', and at most rate="),
        (f"a: {OLD} rate=5\n", "line 1: expected 'name: key', and at most rate="),
        (f"a: {OLD} rate=5/day\n", "line 1: expected 'name: key', and at most rate="),
        (f"a: {OLD} quota=5/s\n", "line 1: expected 'name: key', and at most rate="),
        (f"a: {OLD} rate=1.5/s\n", "line 1: expected 'name: key', and at most rate="),
        (f"a: {OLD} rate=5/s rate=5/s\n", "line 1: expected 'name: key', and at most rate="),
        (f"a: {OLD} rate=0/s\n", "line 1: expected a rate from 1 to 100000000000 samples"),
        (f"a: {OLD} quota=200000000000/day\n", "line 1: expected a quota from 1 to 100000000000 samples"),
        (f"a: {OLD} rate=5/s\n\na: {NEW}\n", "line 3: expected the limits of line 1, which has the same name"),
        (f"a: {OLD}\na: {NEW} quota=5/day\n", "line 2: expected the limits of line 1"),
    ],
)
def test_a_bad_file_is_refused_without_quoting_a_key(file: Path, text: str, expected: str) -> None:
    file.write_text(text, errors="surrogateescape")
    with pytest.raises(InvalidKeys, match=expected) as refused:
        Keys(file=file)
    assert not any(secret in str(refused.value) for secret in (OLD, NEW, "shortsecret"))


def test_a_missing_file_and_a_short_setting_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidKeys, match="No such file"):
        Keys(file=tmp_path / "none")
    with pytest.raises(InvalidKeys, match="the key in the settings is too short"):
        Keys("short-secret")
    with pytest.raises(InvalidKeys, match="the key in the settings is too short"):
        Keys("")


@pytest.mark.anyio
async def test_a_rotated_file_is_taken_up_and_the_key_of_the_settings_stays(file: Path) -> None:
    async with watched(file, key=OTHER + "=") as keys:
        write(file, f"cluster: {NEW}\n")
        await wait_until(lambda: keys.name_of(bearer(NEW)) == "cluster")
        assert keys.name_of(bearer(OLD)) is None
        assert keys.name_of(bearer(OTHER + "=")) == "default"


@pytest.mark.anyio
async def test_changed_limits_are_taken_up_and_broken_ones_are_not(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(file) as keys:
        write(file, f"cluster: {OLD} rate=9/s\n")
        await wait_until(lambda: keys.limit_of("cluster") == Limit(rate=9))
        write(file, f"cluster: {OLD} rate=9\n")
        await wait_until(lambda: "keys not reloaded" in caplog.text)
        assert keys.limit_of("cluster") == Limit(rate=9)


@pytest.mark.anyio
@pytest.mark.parametrize("slip", ["", "# nothing\n", "cluster: short\n", f"{NEW}\n", None])
async def test_a_broken_empty_or_missing_file_never_replaces_good_keys(
    file: Path, slip: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(file) as keys:
        write(file, slip)
        await wait_until(lambda: "keys not reloaded" in caplog.text)
        assert keys
        assert keys.name_of(bearer(OLD)) == "cluster"
        assert keys.name_of(bearer("")) is keys.name_of(None) is None
        write(file, f"cluster: {NEW}\n")
        await wait_until(lambda: keys.name_of(bearer(NEW)) == "cluster")


@pytest.mark.anyio
async def test_a_secret_swapped_behind_a_link_is_taken_up(tmp_path: Path) -> None:
    for revision, key in (("..1", OLD), ("..2", NEW)):
        (tmp_path / revision).mkdir()
        (tmp_path / revision / "keys").write_text(f"cluster: {key}\n")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "keys").symlink_to("..data/keys")
    async with watched(tmp_path / "keys") as keys:
        (tmp_path / "..tmp").symlink_to("..2")
        (tmp_path / "..tmp").rename(tmp_path / "..data")
        await wait_until(lambda: keys.name_of(bearer(NEW)) == "cluster")


@pytest.mark.anyio
async def test_no_key_stands_in_a_log_or_repr_or_attribute(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with watched(file) as keys:
        shown = ""
        keys.name_of(bearer(NEW))
        for text in (f"cluster: {NEW}\n", f"{OLD}\n", f"{NEW}: {OLD}\n{OLD}: x\n", f"cluster: {OTHER}\n"):
            caplog.clear()
            write(file, text)
            await wait_until(lambda: "reloaded" in caplog.text)
            shown += repr([record.__dict__ for record in caplog.records]) + caplog.text
        shown += repr(keys) + repr(vars(keys))
        assert not any(key in shown for key in (OLD, NEW, OTHER))
        assert repr(keys) == "Keys(cluster)"


def test_a_pipe_never_looks_changed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reload.signature(tmp_path / "pipe") is None


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"LocalHost:8000", b"127.0.0.1", b"127.0.0.1:80", b"127.255.0.7:65535", b"[::1]", b"[::1]:8000"],
)
def test_names_of_this_machine_are_loopback(host: bytes) -> None:
    assert loopback_host(host)


@pytest.mark.parametrize(
    "host",
    [b"", b"localhost.evil.example", b"evil.localhost", b"localhost.", b"127.0.0.1.evil.example", b"127.0.0.1@evil",
     b"127.0.0.256", b"127.1", b"128.0.0.1", b"0.0.0.0", b"[::]", b"::1", b"[::1].evil", b"[::ffff:127.0.0.1]",
     b"localhost:", b"localhost:80:80", b"localhost:8x", b"localhost\n", b" localhost", b"localhost/", b"192.168.0.1",
     b"\xd9\xa1\xd9\xa2\xd9\xa7.0.0.1"],
)  # fmt: skip
def test_every_other_host_is_not(host: bytes) -> None:
    assert not loopback_host(host)
