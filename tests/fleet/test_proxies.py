"""Replicas behind a real nginx and a real haproxy, killed and replaced under load: no verdict is lost.

The callers don't come again where their trainer's client doesn't, so whatever a proxy can't make good is a failure.
"""

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.fleet import proxies
from tests.fleet.load import SIMILARITY, Caller, Load, Row, batch, endpoint, hook, program, rows
from tests.fleet.proxies import Proxy
from tests.fleet.replicas import Replicas
from tests.valkey import free_ports

CALLERS: dict[str, Caller] = {
    "batches": batch(16),
    "middling batches": batch(4, padding=200_000),
    "endpoint": endpoint,
    "programs": program,
    "hook": hook,
}
LARGE: dict[str, Caller] = {"large batches": batch(4, padding=1_000_000)}
"""More than haproxy holds to send it again."""

LONG_SECONDS = 10
PIECES_SECONDS = 1
"""Between two pieces of a request: haproxy 2.6 doesn't look after a caller whose request came in one."""

MakeProxy = Callable[[Path, list[int]], Proxy]


@pytest.fixture(scope="module")
def known() -> Sequence[Row]:
    return rows(200)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Three with a catalog that loads quickly, the last of them with two HTTP processes."""
    catalog = tmp_path_factory.mktemp("catalog")
    (catalog / "similarity.json").write_text(json.dumps(SIMILARITY))
    options = ["--catalog", str(catalog), "--drain-seconds", "5", "--grading-processes", "2", "--sandboxes", "2"]
    replicas = Replicas([[*options, "--workers", workers] for workers in ("1", "1", "2")])
    yield replicas
    replicas.close()


@pytest.mark.parametrize(
    ("number", "behind_haproxy"), [(signal.SIGKILL, CALLERS), (signal.SIGTERM, CALLERS | LARGE)], ids=["kill", "term"]
)
def test_no_verdict_is_lost(
    number: int,
    behind_haproxy: dict[str, Caller],
    replicas: Replicas,
    known: Sequence[Row],
    tmp_path: Path,
    wait_until: Callable[..., None],
) -> None:
    with (
        closing(proxies.nginx(tmp_path, replicas.ports)) as nginx,
        closing(proxies.haproxy(tmp_path, replicas.ports)) as haproxy,
        Load(nginx.url, CALLERS | LARGE, known) as one,
        Load(haproxy.url, behind_haproxy, known) as other,
    ):
        for place in (0, 2):
            wait_until(both(one.goes_on(), other.goes_on()), 30)
            replicas.end(place, number)
            wait_until(both(one.goes_on(), other.goes_on()), 30)
            replicas.start(place)
            wait_until(lambda place=place: replicas.served(place), 30)
    print(f"nginx: {dict(one.done)}, haproxy: {dict(other.done)}")
    assert {"nginx": one.wrong, "haproxy": other.wrong} == {"nginx": [], "haproxy": []}
    assert {"nginx": one.again.total(), "haproxy": other.again.total()} == {"nginx": 0, "haproxy": 0}


def both(one: Callable[[], bool], other: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: one() and other()


@pytest.mark.parametrize("proxy", [proxies.nginx, proxies.haproxy])
def test_a_caller_who_hangs_up_is_waited_for_no_more(
    proxy: MakeProxy, replicas: Replicas, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    body = json.dumps({"code": f"import time; time.sleep({LONG_SECONDS})", "language": "python", "run_timeout": 60})
    head = "POST /run_code HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with closing(proxy(tmp_path, replicas.ports)) as running:
        with socket.create_connection(("127.0.0.1", running.port)) as caller:
            caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body[:1]}".encode())
            time.sleep(PIECES_SECONDS)
            caller.sendall(body[1:].encode())
            wait_until(replicas.in_flight)
        wait_until(lambda: not replicas.in_flight(), LONG_SECONDS / 2)


@pytest.mark.parametrize(("proxy", "status"), [(proxies.nginx, 502), (proxies.haproxy, 503)], ids=["nginx", "haproxy"])
def test_programs_are_asked_for_again_where_no_replica_is(proxy: MakeProxy, status: int, tmp_path: Path) -> None:
    nobody = free_ports(3)
    with closing(proxy(tmp_path, nobody)) as running:
        answers = [httpx.post(running.url + path, json={}, timeout=30) for path in ("/v1/grade", "/run_code")]
    assert [answer.status_code for answer in answers] == [status, 504]
