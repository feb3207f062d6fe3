"""The chart's rules, in Prometheus' own tool: each alert fires on what it is about, and keeps still just below."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from tests.prometheus import Promtool

from fairmark_service.metrics import Metrics

RULES = Path(__file__).parents[2] / "helm" / "fairmark" / "rules"
WORKED = Path(__file__).parent / "rules" / "classification.test.yaml"
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((RULES / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
SERVICE = {"namespace": "training", "job": "fairmark", "instance": "10.0.0.7:8001"}
BUILD = 'fairmark_build_info{version="1.0"}'
ALIVE = {"up": "1x120", BUILD: "1x120"}
STARTED = "fairmark_started_timestamp_seconds"
MINUTES = 120


class Case(NamedTuple):
    """What sets an alert off, one value a minute; and what is nearly as bad, and no alert."""

    loud: Mapping[str, str]
    calm: Mapping[str, str]
    about: Mapping[str, str] = SERVICE
    """The labels of the alert, beyond its name and severity."""


def of(**labels: str) -> dict[str, str]:
    """What an alert on the whole service is about."""
    return {name: SERVICE[name] for name in ("namespace", "job")} | labels


def samples(outcome: str, per_minute: int) -> dict[str, str]:
    return {
        f'fairmark_samples_total{{grader="math",outcome="{outcome}"}}': f"0+{per_minute}x120",
        'fairmark_samples_total{grader="math",outcome="graded"}': f"0+{1000 - per_minute}x120",
    }


def few(outcome: str) -> dict[str, str]:
    """Eight samples of somebody who tries a grader out, each of which ends so."""
    return {f'fairmark_samples_total{{grader="inline",outcome="{outcome}"}}': "0x30 0+2x4 8x90"}


def refusals(by: str, per_minute: int) -> dict[str, str]:
    return {
        f'fairmark_rejected_total{{by="{by}"}}': f"0+{per_minute}x120",
        'fairmark_requests_total{route="/v1/grade",key="a",status="200"}': f"0+{1000 - per_minute}x120",
        'fairmark_requests_total{route="/v1/grade",key="a",status="503"}': f"0+{per_minute}x120",
    }


def waits(slow_per_minute: int) -> dict[str, str]:
    """A thousand judgements a minute, of which so many waited for 10 to 30 seconds."""
    counts = {"1.0": 900, "10.0": 1000 - slow_per_minute, "30.0": 1000, "+Inf": 1000}
    return {f'fairmark_queue_seconds_bucket{{grader="math",le="{le}"}}': f"0+{n}x120" for le, n in counts.items()}


def flat(per_minute: int) -> dict[str, str]:
    return {
        'fairmark_run_groups_total{run="sums"}': "0+100x120",
        'fairmark_run_groups_zero_variance_total{run="sums"}': f"0+{per_minute}x120",
    }


CASES = {
    "FairmarkGone": Case(
        {BUILD: "1x60 stale", 'fairmark_build_info{job="another"}': "1x120"}, {BUILD: "1x60 stale _x3 1x60"}, of()
    ),
    "FairmarkDown": Case(
        {"up": "1x60 0x60", 'up{instance="10.0.0.8:8001"}': "1x120"},
        {"up": "1x60 0x2 1x60", 'up{job="another"}': "0x120"},
    ),
    "FairmarkNotReady": Case({"fairmark_ready": "0x4 stale"}, {"fairmark_ready": "0x2 1x30 0x8 stale"}),
    "FairmarkUngradable": Case(
        samples("ungradable", 60), samples("ungradable", 40) | few("ungradable"), of(grader="math")
    ),
    "FairmarkGraderErrors": Case(
        samples("grader_error", 12), samples("grader_error", 8) | few("grader_error"), of(grader="math")
    ),
    "FairmarkRefusesWork": Case(refusals("queue", 12), refusals("queue", 8), of(by="queue")),
    "FairmarkFails": Case(
        {'fairmark_requests_total{route="/v1/grade",key="a",status="500"}': "0+1x120"},
        {'fairmark_requests_total{route="/v1/grade",key="a",status="500"}': "0x60 1x60"},
        of(route="/v1/grade"),
    ),
    "FairmarkQueueSlow": Case(waits(slow_per_minute=12), waits(slow_per_minute=8), of()),
    "FairmarkLoopLags": Case({"fairmark_loop_lag_seconds": "0.3x120"}, {"fairmark_loop_lag_seconds": "0.2x60 2x4 0x9"}),
    "FairmarkLoopFull": Case(
        {"fairmark_loop_busy_ratio": "0.95x120"}, {"fairmark_loop_busy_ratio": "0.85x60 1x8 0.5x9"}
    ),
    "FairmarkHangs": Case(
        {"fairmark_loop_turned_timestamp_seconds": "0+60x60 3600x60"},
        {"fairmark_loop_turned_timestamp_seconds": "0+60x60 3600x4 3900+60x55"},
    ),
    "FairmarkCacheLeftAlone": Case(
        {"fairmark_cache_breaker_open": "1x120"}, {"fairmark_cache_breaker_open": "1x4 0x9"}
    ),
    "FairmarkCatalogBroken": Case(
        {"fairmark_catalog_broken_files": "0x60 1x60"}, {"fairmark_catalog_broken_files": "0x60 1x1 0x60"}
    ),
    "FairmarkRestarts": Case(
        {"fairmark_worker_restarts_total": "0x60 0+1x9"},
        {"fairmark_worker_restarts_total": "0x60 1x30 2x30", STARTED: "100x60 3700x4 3900x60"},
    ),
    "FairmarkNothingToLearn": Case(flat(90), flat(70), of(run="sums")),
}


def fired(series: Mapping[str, str], page: Path, expected: list[dict[str, str]], promtool: Promtool) -> None:
    """Hold what fires within two hours against what should."""
    test = {
        "interval": "1m",
        "input_series": [{"series": labelled(name), "values": values} for name, values in {**ALIVE, **series}.items()],
        "promql_expr_test": [
            {
                "expr": f'max_over_time(ALERTS{{alertstate="firing"}}[{MINUTES}m])',
                "eval_time": f"{MINUTES}m",
                "exp_samples": [
                    {"labels": selector({"alertstate": "firing"} | alert), "value": 1} for alert in expected
                ],
            }
        ],
    }
    page.write_text(json.dumps({"rule_files": [str(RULES / "alerts.yaml")], "tests": [test]}))
    promtool.test_rules(page)


def labelled(series: str) -> str:
    """A series as it comes from the one replica of the service, unless it says that it is another's."""
    name, _, labels = series.partition("{")
    own = [f'{label}="{value}"' for label, value in SERVICE.items() if f"{label}=" not in labels]
    return f"{name}{{{','.join([*own, *filter(None, [labels.removesuffix('}')])])}}}"


def selector(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}"


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_fires_alone(alert: str, promtool: Promtool, tmp_path: Path) -> None:
    case = CASES[alert]
    fired(case.loud, tmp_path / "test.json", firing(alert, case.about), promtool)


@pytest.mark.parametrize("alert", CASES)
def test_what_is_nearly_as_bad_is_no_alert(alert: str, promtool: Promtool, tmp_path: Path) -> None:
    fired(CASES[alert].calm, tmp_path / "test.json", [], promtool)


def firing(alert: str, about: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"alertname": alert, "severity": ALERTS[alert]["labels"]["severity"], **about}]


def test_a_prometheus_that_never_saw_a_service_says_so(promtool: Promtool, tmp_path: Path) -> None:
    fired({BUILD: "_x120"}, tmp_path / "test.json", firing("FairmarkGone", {}), promtool)


def test_a_new_replica_that_never_answers_is_down(promtool: Promtool, tmp_path: Path) -> None:
    new = "10.0.0.8:8001"
    expected = firing("FairmarkDown", {**SERVICE, "instance": new})
    fired({f'up{{instance="{new}"}}': "0x120"}, tmp_path / "test.json", expected, promtool)


def test_a_replica_that_stays_unready_does_not_drain(promtool: Promtool, tmp_path: Path) -> None:
    fired({"fairmark_ready": "1x60 0x11 stale"}, tmp_path / "test.json", firing("FairmarkNotReady", SERVICE), promtool)


def test_a_replica_whose_only_process_is_killed_again_and_again_restarts(promtool: Promtool, tmp_path: Path) -> None:
    fired(
        {STARTED: "100x60 _x1 3800x4 _x1 4100x4 _x1 4600x40"},
        tmp_path / "test.json",
        firing("FairmarkRestarts", SERVICE),
        promtool,
    )


def test_every_alert_is_tested() -> None:
    assert ALERTS.keys() == CASES.keys()


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"].keys() == {"summary", "description"}
    assert len(rule["annotations"]["description"]) > 100


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_asks_for_metrics_that_the_service_has(alert: str) -> None:
    has = re.findall(r"^# TYPE (\w+)", Metrics().expose().decode(), re.MULTILINE)
    asked = re.findall(r"fairmark_\w+", ALERTS[alert]["expr"])
    assert asked
    assert {name.removesuffix("_bucket") for name in asked} <= set(has)


@pytest.mark.parametrize(("file", "rules"), [("alerts.yaml", len(ALERTS)), ("classification.yaml", 10)])
def test_the_rules_are_rules(file: str, rules: int, promtool: Promtool) -> None:
    assert f"SUCCESS: {rules} rules found" in promtool.check_rules(RULES / file)


def test_the_ratios_of_a_classification_are_the_worked_numbers(promtool: Promtool) -> None:
    promtool.test_rules(WORKED)
