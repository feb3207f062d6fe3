"""The chart's dashboard and rules on a real Prometheus, which scrapes real services under real traffic."""

import json
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.prometheus import Prometheus
from tests.running import Running
from tests.valkey import Valkey, free_ports

CHART = Path(__file__).parents[2] / "helm" / "fairmark"
DASHBOARD = json.loads((CHART / "dashboards" / "fairmark.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] not in ("row", "text")]
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']}, {target['legendFormat'] or 'all'}")
    for panel in PANELS
    for target in panel["targets"]
]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
PROCESSES = {"single": 1, "several": 2}
KEY = "example-key-of-the-dashboard"
PATIENCE_SECONDS = 60
UNITS = {"short", "ops", "reqps", "s", "bytes", "percentunit", "bool"}


class Traffic:
    """What a trainer sends, until it is stopped: a group with a spread and one without, known and new, good and bad."""

    def __init__(self, service: Running) -> None:
        self._service, self._over = service, threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _send(self) -> None:
        with httpx.Client(base_url=self._service.url, headers={"Authorization": f"Bearer {KEY}"}) as client:
            for number in count():
                client.post("/v1/grade", json={"grader": "exact", "run": "sums", "samples": short()})
                client.post("/v1/grade", json={"grader": "rouge", "run": "sums", "samples": long(number)})
                client.post("/v1/grade", json={"grader": "nobody", "samples": short()})
                if self._over.wait(0.2):
                    return


def short() -> list[dict[str, Any]]:
    """One of them has no reference."""
    right, wrong = {"reference_answer": "4"}, {"reference_answer": "5"}
    return [
        {"sample": "4", "item": right, "group": "easy"},
        {"sample": "4", "item": right, "group": "easy"},
        {"sample": "4", "item": right, "group": "mixed"},
        {"sample": "4", "item": wrong, "group": "mixed"},
        {"sample": "4", "item": {}},
    ]


def long(number: int) -> list[dict[str, Any]]:
    """Two that need a worker, one of them asked before."""
    text = "word " * 500
    return [{"sample": f"{text} {n}", "item": {"reference_answer": text}} for n in (0, number)]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Has scraped two services under traffic, whose Redis ended when both had found something there."""
    with ExitStack() as stack:
        valkey = Valkey(tmp_path_factory.mktemp("valkey"))
        valkey.start()
        stack.callback(valkey.client.close)
        stack.callback(valkey.kill)
        # First of all, since it scrapes no target for its first five seconds.
        ports = dict(zip(PROCESSES, free_ports(len(PROCESSES)), strict=True))
        probes = {job: f"http://127.0.0.1:{port}" for job, port in ports.items()}
        server = Prometheus(tmp_path_factory.mktemp("prometheus"), probes, (CHART / "rules").glob("*.yaml"))
        stack.callback(server.stop)
        for job, processes in PROCESSES.items():
            stack.callback(Traffic(started(processes, ports[job], valkey.url, stack)).stop)
        server.wait()
        until(lambda: len(server.query('rate(fairmark_cache_hits_total{tier="redis"}[60s]) > 0')) == len(PROCESSES))
        valkey.kill()
        yield server


def started(processes: int, probe_port: int, redis: str, stack: ExitStack) -> Running:
    options = ["--probe-port", str(probe_port), "--redis", redis, "--cache-megabytes", "0", "--rate", "100000"]
    options += ["--workers", str(processes), "--grading-processes", str(processes)]
    service = Running(*options, FAIRMARK_KEY=KEY)
    stack.callback(service.stop)
    return service


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def filled(query: str, job: str) -> str:
    """A query as Grafana sends it."""
    values = {"$__rate_interval": "60s", "$namespace": "training", "$job": job}
    return re.sub(r"\$\w+", lambda name: values[name[0]], query)


@pytest.mark.parametrize("job", PROCESSES)
@pytest.mark.parametrize("query", QUERIES)
def test_a_panel_shows_a_service_under_traffic(query: str, job: str, prometheus: Prometheus) -> None:
    def finite() -> bool:
        return any(math.isfinite(float(sample["value"][1])) for sample in prometheus.query(filled(query, job)))

    until(finite)


@pytest.mark.parametrize("query", QUERIES)
def test_a_panel_shows_nothing_of_other_services(query: str, prometheus: Prometheus) -> None:
    assert prometheus.query(filled(query, "another")) == []


@pytest.mark.parametrize(("name", "values"), [("namespace", {"training"}), ("job", set(PROCESSES))])
def test_a_variable_offers_what_there_is(name: str, values: set[str], prometheus: Prometheus) -> None:
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", VARIABLES[name]["query"]["query"])
    assert found
    assert set(prometheus.values_of(found[2], filled(found[1], ".*"))) == values


def test_every_rule_can_be_evaluated(prometheus: Prometheus) -> None:
    until(lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()))
    assert [(rule["name"], rule.get("lastError")) for rule in prometheus.rules() if rule["health"] != "ok"] == []


def test_no_panel_covers_another() -> None:
    covered = [place for panel in DASHBOARD["panels"] for place in places(panel["gridPos"])]
    assert max(Counter(covered).values()) == 1
    assert max(x for x, _ in covered) < 24


def places(grid: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(grid["x"], grid["x"] + grid["w"]):
        for y in range(grid["y"], grid["y"] + grid["h"]):
            yield x, y


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_a_panel_says_what_it_shows_and_in_what_unit(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"]["uid"] == "$datasource"
