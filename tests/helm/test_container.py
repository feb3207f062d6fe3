"""The service as the container of the rendered Deployment starts it: a real process, its volumes folders."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis
from tests.helm.chart import KEY, KEYS, Chart, Values, container, only
from tests.helm.pod import Pod
from tests.running import Running, Serve
from tests.valkey import Tls, Valkey

from fairmark_service.metrics import SETTLE_SECONDS
from fairmark_service.settings import Settings

ROOT = Path(__file__).parents[2]

OTHER_KEY = "example-key-0000002"
PASSWORD = "fake-password"
GRADER = (
    '{"type": "string_check", "name": "exact", "input": "{{ sample.output_text }}",'
    ' "reference": "{{ item.reference_answer }}", "operation": "eq"}'
)
FIXTURES = '{"sample": "a", "item": {"reference_answer": "a"}, "score": 1}\n'
QUICK: Values = KEYS | {"drainSeconds": 0}
"""Nobody waits for the drains of the tests."""
CATALOG: Values = QUICK | {"catalog": {"files": {"exact.json": GRADER, "exact.tests.jsonl": FIXTURES}}}
EXISTING: Values = {
    "drainSeconds": 0,
    "auth": {"existingSecret": "team", "secretKey": "keys.txt"},
    "catalog": {"existingConfigMap": "graders"},
}
SUM = (
    '{"type": "math_equivalence", "name": "sum", "input": "{{ sample.output_text }}",'
    ' "reference": "{{ item.reference_answer }}"}'
)
SAMPLE = {"sample": "42", "item": {"reference_answer": "42"}}


class Replica:
    """A service started from a pod."""

    def __init__(self, pod: Pod, running: Running) -> None:
        self.pod, self.running = pod, running

    @property
    def probes(self) -> str:
        """The address of the probe port, as the service prints it."""
        found = re.search(r"^  probes +(\S+)/readyz$", "".join(self.running.printed), re.MULTILINE)
        assert found, self.running.printed
        return found[1]

    def grade(self, grader: str, key: str = KEY) -> httpx.Response:
        return self.running.post("/v1/grade", {"grader": grader, "samples": [SAMPLE]}, authorization=f"Bearer {key}")


@pytest.fixture(scope="module")
def replica(chart: Chart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    """A service with a key and a catalog of the values."""
    pod = Pod(chart.render(CATALOG), tmp_path_factory.mktemp("pod"))
    running = Running(*pod.options(), **pod.environment)
    yield Replica(pod, running)
    running.stop()


def test_the_probes_answer_on_their_own_port_without_a_key(replica: Replica) -> None:
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert httpx.get(replica.probes + replica.pod.container[probe]["httpGet"]["path"]).status_code == 200
    assert "fairmark_requests_total" in httpx.get(f"{replica.probes}/metrics").text
    assert httpx.get(f"{replica.probes}/v1/graders").status_code == 404


def test_the_time_its_loop_turned_is_not_the_time_it_is_asked(replica: Replica) -> None:
    """Or one that hangs would never be seen to."""
    began = time.monotonic()
    told = "".join(httpx.get(f"{replica.probes}/metrics").text for _ in range(10))
    turned = re.findall(r"^fairmark_loop_turned_timestamp_seconds (\S+)$", told, re.MULTILINE)
    assert len(turned) == 10
    assert len(set(turned)) <= 2 + (time.monotonic() - began) / SETTLE_SECONDS


def test_the_keys_of_the_secret_open_the_service_and_no_others(replica: Replica) -> None:
    assert replica.grade("exact").status_code == 200
    assert replica.grade("exact", "example-key-of-nobody").status_code == 401


def test_the_catalog_of_the_values_is_served_and_no_other(replica: Replica) -> None:
    assert replica.grade("exact").json()["results"][0]["score"] == 1.0
    assert replica.grade("math").status_code == 404


def test_the_line_to_try_in_the_notes_works(chart: Chart, replica: Replica) -> None:
    (line,) = re.findall(r"^  curl .*?\n\n", chart.notes(CATALOG), re.MULTILINE | re.DOTALL)
    command = line.replace("http://127.0.0.1:8000", replica.running.url)
    done = subprocess.run(
        ["sh", "-euc", command], env=os.environ | {"FAIRMARK_KEY": KEY}, capture_output=True, text=True
    )
    assert '"score":1.0' in done.stdout, done


def test_a_swapped_secret_and_catalog_are_taken_up_without_a_restart(
    replica: Replica, wait_until: Callable[[Callable[[], object]], None]
) -> None:
    replica.pod.update("/etc/fairmark/keys", keys=f"trainer: {KEY}\ntrainer: {OTHER_KEY}\n")
    replica.pod.update("/etc/fairmark/catalog", **{"new.json": GRADER})
    wait_until(lambda: replica.grade("new", OTHER_KEY).status_code == 200)
    assert replica.grade("exact").status_code == 200


def test_no_keys_are_wanted_where_the_values_say_open(chart: Chart) -> None:
    arguments = container(only(chart.render({"auth": {"open": True}}), "Deployment"))["args"]
    assert not Settings(_cli_parse_args=arguments).guarded


def test_the_service_takes_the_very_arguments_and_variables(
    chart: Chart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every address too, which only keys or --open allow."""
    values = CATALOG | {
        "drainSeconds": 375,
        "settings": {"queue": 30000, "workers": 2, "cache-seconds": 60},
        "redis": {"url": "rediss://valkey:6380/1", "existingSecret": "valkey", "caSecret": "valkey"},
    }
    documents = chart.render(values)
    pod = Pod(documents, tmp_path, {"valkey": {"password": PASSWORD, "ca.crt": ""}})
    for name, value in pod.environment.items():
        assert name.removeprefix("FAIRMARK_").lower() in Settings.model_fields
        monkeypatch.setenv(name, value)
    settings = Settings(_cli_parse_args=container(only(documents, "Deployment"))["args"])
    assert (settings.host, settings.port, settings.probe_port) == ("0.0.0.0", 8000, 8001)
    assert settings.redis_password is not None
    assert settings.redis_password.get_secret_value() == PASSWORD
    assert (settings.queue, settings.workers, settings.cache_seconds) == (30000, 2, 60)
    assert settings.keys == Path("/etc/fairmark/keys/keys")
    assert settings.drain_seconds == 375


def test_pods_share_verdicts_through_a_redis_with_tls_and_a_password(
    chart: Chart, serve: Serve, valkey: Valkey, tls: Tls, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    valkey.kill()
    valkey.start("--requirepass", PASSWORD)
    documents = chart.render(EXISTING | {"redis": {"url": tls.url, "existingSecret": "valkey", "caSecret": "tls"}})
    secrets = {"valkey": {"password": PASSWORD}, "tls": {"ca.crt": tls.certificate.read_text()}}
    pod = Pod(
        documents,
        tmp_path / "pod",
        {**secrets, "team": {"keys.txt": f"trainer: {KEY}\n"}, "graders": {"sum.json": SUM}},
    )
    one, other = (Replica(pod, serve(*pod.options(), **pod.environment)) for _ in range(2))
    assert one.grade("sum").json()["results"][0]["score"] == 1.0
    with Redis(port=valkey.port, password=PASSWORD) as client:
        wait_until(client.dbsize)
    assert other.grade("sum").json()["results"][0]["cached"] is True


@pytest.mark.parametrize("workers", [1, 2])
def test_what_begins_late_in_a_drain_is_answered_whole_and_ends_its_connection(
    chart: Chart, serve: Serve, tmp_path: Path, wait_until: Callable[..., None], workers: int
) -> None:
    pod = Pod(chart.render(KEYS | {"drainSeconds": 4, "settings": {"workers": workers}}), tmp_path)
    running = serve(*pod.options(), **pod.environment)
    program = {"code": "import time; time.sleep(3); print(7)", "language": "python"}
    headers = {"Authorization": f"Bearer {KEY}"}
    with (
        httpx.Client(base_url=running.url, headers=headers, timeout=20) as kept,
        httpx.Client(base_url=running.url, headers=headers, timeout=20) as new,
        ThreadPoolExecutor() as pool,
    ):
        assert "connection" not in kept.get("/v1/graders").headers
        running.process.terminate()
        late = time.monotonic() + 2.5
        wait_until(lambda: time.monotonic() > late)
        answers = [pool.submit(client.post, "/run_code", json=program) for client in (kept, new)]
        wait_until(lambda: not running.listens)
        assert not any(answer.done() for answer in answers)
        for answer in answers:
            assert answer.result().headers["connection"] == "close"
            assert answer.result().json()["run_result"]["stdout"] == "7\n"


CONFINE = """
set -eu
mount --bind "$1" /mnt
mount -o remount,bind,ro /mnt
exec 3< "$3"  # by descriptor, or mount would look the path up again, below the scratch
for scratch in $2; do mount -t tmpfs -o size=256m scratch "$scratch"; done
mkdir -p "$3"
mount --no-canonicalize --bind /proc/self/fd/3 "$3"
mount -o remount,bind,ro "$3"
exec 3<&-
mount -o remount,bind,ro /
cd /
! touch /etc/written 2>/dev/null
shift 3
unset HOME
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
"""
"""A pod's file system and privileges: all is read-only but the scratch volumes, and no capability is left or comes.

The checkout stays in sight where it lies below a scratch volume, as clones in /tmp do.
"""


def confinable() -> bool:
    return subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not confinable(), reason="needs user namespaces")
@pytest.mark.parametrize("workers", [1, 2])
def test_it_runs_programs_that_see_no_key_and_stops_on_a_read_only_root_without_privileges(
    chart: Chart, serve: Serve, tmp_path: Path, workers: int
) -> None:
    pod = Pod(chart.render(CATALOG | {"settings": {"workers": workers}}), tmp_path / "pod")
    given = [str(tmp_path / "pod"), " ".join(pod.scratch), str(ROOT)]
    before = ["unshare", "-Urm", "sh", "-c", CONFINE, "sh", *given]
    replica = Replica(pod, serve(*pod.options(seen=Path("/mnt")), before=before, **pod.environment))
    assert replica.grade("exact").json()["results"][0]["score"] == 1.0
    keys = f"/mnt/{pod.folder('/etc/fairmark/keys').name}/keys"
    assert printed(replica, "print(open('a.txt').read())") == "42\n"
    assert (
        printed(replica, f"try: open({keys!r})\nexcept OSError as error: print(error.strerror)")
        == "Permission denied\n"
    )
    assert '"namespaces":[]' in "".join(replica.running.log)
    assert replica.running.stop(seconds=10) in {0, -signal.SIGTERM}


def printed(replica: Replica, code: str) -> Any:
    """What a program prints that has a file beside it."""
    body = {"code": code, "language": "python", "files": {"a.txt": "NDI="}}
    answer = replica.running.post("/run_code", body, authorization=f"Bearer {KEY}")
    return answer.json()["run_result"]["stdout"]
