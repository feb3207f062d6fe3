"""What the chart renders: valid for Kubernetes over a matrix of values, and as safe as its README says."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from tests.helm.chart import KEY, KEYS, Chart, Document, Values, container, kinds, only, pod

from fairmark_graders import __version__
from fairmark_service.probes import STUCK_SECONDS

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OLDEST, NEWEST = "1.30", "1.37"
TEN_SECONDS = 10
"""What the service takes at most to stop, as service/README.md promises."""

EXISTING: Values = {
    "auth": {"existingSecret": "team-keys", "secretKey": "keys.txt"},
    "catalog": {"existingConfigMap": "team-graders"},
}
REDIS: Values = {
    "url": "rediss://fairmark@valkey.cache.svc:6380/2",
    "existingSecret": "valkey",
    "passwordKey": "valkey-password",
    "caSecret": "valkey-tls",
}
ADDED_EGRESS = [
    {"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": 443}]},
    {"ports": [{"port": 1053, "protocol": "UDP"}, {"port": 1053}]},
]
EVERYTHING: Values = {
    "image": {"repository": "images.example.com/fairmark", "tag": "1.2.3", "pullSecrets": ["pull"]},
    "auth": {"keys": {"trainer": [f"{KEY} rate=2000/s", "example-key-0000002"], "laptop": "example-key-0000003"}},
    "catalog": {"files": {"mine.json": '  {"type": "numeric"}\n', "mine.tests.jsonl": "{}\n{}", "own.py": "x = 1\n"}},
    "settings": {"queue": 1000000, "verdict-log-samples": True, "log-level": "debug", "workers": 2},
    "redis": REDIS,
    "drainSeconds": 375,
    "service": {"type": "LoadBalancer", "port": 80, "annotations": {"example.com/a": "b"}},
    "ingress": {"enabled": True, "className": "web", "host": "grader.example.com", "tlsSecret": "certificate"},
    "autoscaling": {
        "enabled": True,
        "metrics": [
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": "fairmark_requests_in_flight"},
                    "target": {"type": "AverageValue", "averageValue": "100"},
                },
            }
        ],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}},
    },
    "podDisruptionBudget": {"maxUnavailable": "25%"},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "dashboard": {"enabled": True},
    "networkPolicy": {
        "enabled": True,
        "callers": [{"podSelector": {"matchLabels": {"role": "trainer"}}}],
        "scrapers": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        "egress": ADDED_EGRESS,
    },
    "serviceAccount": {"annotations": {"example.com/a": "b"}},
    "tolerations": [{"key": "graders", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"podAntiAffinity": {}},
    "priorityClassName": "high",
    "podLabels": {"team": "rl"},
    "podAnnotations": {"example.com/a": "b"},
    "env": [{"name": "TZ", "value": "UTC"}],
    "volumes": [{"name": "log", "emptyDir": {}}],
    "volumeMounts": [{"name": "log", "mountPath": "/log"}],
    "fullnameOverride": "graders",
}
MATRIX: dict[str, Values] = {
    "keys": KEYS,
    "open": {"auth": {"open": True}},
    "existing": EXISTING,
    "redis": KEYS | {"redis": {"url": "redis://valkey"}},
    "redis, TLS and password": KEYS | {"redis": REDIS},
    "autoscaling": KEYS | {"autoscaling": {"enabled": True}},
    "bare": KEYS
    | {"podDisruptionBudget": {"enabled": False}, "serviceAccount": {"create": False}, "drainSeconds": 0}
    | {"resources": {"requests": None, "limits": None}, "nodeSelector": None, "topologySpreadConstraints": []},
    "everything": EVERYTHING,
}
CUSTOM = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, which Kubernetes' schemas don't have."""


@pytest.fixture(scope="module")
def everything(chart: Chart) -> list[Document]:
    return chart.render(EVERYTHING)


@pytest.fixture(scope="module")
def deployed(chart: Chart) -> Document:
    return only(chart.render(KEYS), "Deployment")


@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)
def test_helm_finds_no_fault(chart: Chart, values: Values) -> None:
    assert chart.lint(values) == ""


@pytest.mark.parametrize("kubernetes", [OLDEST, NEWEST])
@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)
def test_kubernetes_takes_every_document(chart: Chart, values: Values, kubernetes: str) -> None:
    documents = chart.render(values, kubernetes)
    for document in documents:
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, kubernetes, strict=True)


def test_a_release_of_kubernetes_before_the_oldest_is_refused(chart: Chart) -> None:
    assert "incompatible with Kubernetes v1.29" in chart.refusal(KEYS, "1.29")


def test_everything_is_made_when_everything_is_on(everything: list[Document]) -> None:
    assert kinds(everything) == sorted(
        ["ConfigMap", "ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy"]
        + ["PodDisruptionBudget", "PrometheusRule", "Secret", "Service", "Service", "ServiceAccount", "ServiceMonitor"]
    )


def test_little_is_made_by_default(chart: Chart) -> None:
    assert kinds(chart.render(KEYS)) == ["Deployment", "PodDisruptionBudget", "Secret", "Service", "ServiceAccount"]


def test_every_document_carries_the_labels_of_kubernetes(everything: list[Document]) -> None:
    common = {
        "app.kubernetes.io/name": "fairmark",
        "app.kubernetes.io/instance": Chart.release,
        "app.kubernetes.io/version": __version__,
        "app.kubernetes.io/managed-by": "Helm",
    }
    assert all(common.items() <= document["metadata"]["labels"].items() for document in everything)


def test_every_selector_finds_the_pods(everything: list[Document]) -> None:
    labels = only(everything, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        only(everything, "Deployment")["spec"]["selector"]["matchLabels"],
        only(everything, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        only(everything, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        pod(only(everything, "Deployment"))["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        *(document["spec"]["selector"] for document in everything if document["kind"] == "Service"),
    ]
    assert all(selector and selector.items() <= labels.items() for selector in selectors)


def test_two_releases_in_one_namespace_share_neither_names_nor_pods(chart: Chart) -> None:
    values = EVERYTHING | {"fullnameOverride": ""}
    one, other = chart.render(values), Chart(chart.helm, release="evaluation").render(values)
    assert not names(one) & names(other)
    selector = only(one, "Deployment")["spec"]["selector"]["matchLabels"]
    assert not selector.items() <= only(other, "Deployment")["spec"]["template"]["metadata"]["labels"].items()


def names(documents: list[Document]) -> set[tuple[str, str]]:
    return {(document["kind"], document["metadata"]["name"]) for document in documents}


def test_no_upgrade_changes_the_selector_of_the_deployment(everything: list[Document]) -> None:
    """Kubernetes would refuse it."""
    assert only(everything, "Deployment")["spec"]["selector"]["matchLabels"] == {
        "app.kubernetes.io/name": "fairmark",
        "app.kubernetes.io/instance": Chart.release,
    }


def test_a_long_release_name_stays_a_name(chart: Chart) -> None:
    documents = chart.render(EVERYTHING | {"fullnameOverride": "a" * 70})
    assert max(len(document["metadata"]["name"]) for document in documents) <= 63


# Versions and the image


def test_the_chart_deploys_the_fairmark_it_comes_with(deployed: Document) -> None:
    assert yaml.safe_load((ROOT / "helm/fairmark/Chart.yaml").read_text())["appVersion"] == __version__
    assert container(deployed)["image"] == f"fairmark:{__version__}"


def test_an_image_can_be_pinned_by_its_digest(chart: Chart) -> None:
    digits = "0123456789abcdef" * 4
    image = {"repository": "images.example.com/fairmark@sha256", "tag": digits}
    deployment = only(chart.render(KEYS | {"image": image}), "Deployment")
    assert container(deployment)["image"] == f"images.example.com/fairmark@sha256:{digits}"


def test_the_pod_runs_as_the_user_of_the_image(deployed: Document) -> None:
    user, group = re.findall(r"^USER (\d+):(\d+)", DOCKERFILE, re.MULTILINE)[-1]
    security = pod(deployed)["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (int(user), int(group))


def test_the_pod_starts_the_entry_point_of_the_image_with_arguments_alone(deployed: Document) -> None:
    assert 'ENTRYPOINT ["python", "-m", "fairmark_service"]' in DOCKERFILE
    assert "command" not in container(deployed)
    assert all(word.startswith("--") for word in container(deployed)["args"])


def test_callers_reach_the_port_of_the_image(deployed: Document) -> None:
    ports = {port["name"]: port["containerPort"] for port in container(deployed)["ports"]}
    assert [str(ports["http"])] == re.findall(r"^EXPOSE (\d+)", DOCKERFILE, re.MULTILINE)


# Security


def test_the_pod_has_no_privileges(deployed: Document) -> None:
    assert container(deployed)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    security = pod(deployed)["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod(deployed)["automountServiceAccountToken"] is False


def test_no_variable_of_a_service_is_taken_for_a_setting(deployed: Document) -> None:
    """A Service called fairmark would have kubelet set FAIRMARK_PORT to tcp://10.0.0.1:8000."""
    assert pod(deployed)["enableServiceLinks"] is False


def test_only_bounded_memory_can_be_written_to(deployed: Document) -> None:
    writable = {mount["name"]: mount["mountPath"] for mount in container(deployed)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(deployed)["volumes"]}
    scratch = {path for name, path in writable.items() if "emptyDir" in volumes[name]}
    assert scratch == {"/tmp", "/dev/shm"}
    assert all(
        volume["emptyDir"] == {"medium": "Memory", "sizeLimit": "256Mi"}
        for volume in volumes.values()
        if "emptyDir" in volume
    )
    assert all(mount.get("readOnly") for mount in container(deployed)["volumeMounts"] if mount["name"] == "keys")


def test_no_secret_stands_outside_a_secret(everything: list[Document]) -> None:
    keys = only(everything, "Secret")["stringData"]["keys"].split()
    others = [document for document in everything if document["kind"] != "Secret"]
    assert KEY in keys
    assert KEY not in yaml.safe_dump_all(others)


def test_keys_are_lines_of_a_file(everything: list[Document]) -> None:
    assert only(everything, "Secret")["stringData"]["keys"].splitlines() == [
        "laptop: example-key-0000003",
        f"trainer: {KEY} rate=2000/s",
        "trainer: example-key-0000002",
    ]


def test_the_network_policy_lets_out_dns_redis_and_what_is_added(everything: list[Document]) -> None:
    policy = only(everything, "NetworkPolicy")["spec"]
    assert policy["egress"] == [
        {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
        {"ports": [{"port": 6380}]},
        *ADDED_EGRESS,
    ]
    assert [rule["ports"][0]["port"] for rule in policy["ingress"]] == ["http", "probes"]
    assert all(rule["from"] for rule in policy["ingress"])


def test_metrics_are_not_on_the_service_of_the_callers(everything: list[Document]) -> None:
    services = {
        document["metadata"]["name"]: document["spec"] for document in everything if document["kind"] == "Service"
    }
    assert [port["name"] for port in services["graders"]["ports"]] == ["http"]
    assert services["graders-metrics"]["clusterIP"] == "None"


# Life


def test_probes_are_asked_on_their_own_port(deployed: Document) -> None:
    probes = {name: container(deployed)[f"{name}Probe"] for name in ("startup", "readiness", "liveness")}
    assert {probe["httpGet"]["port"] for probe in probes.values()} == {"probes"}
    assert {name: probe["httpGet"]["path"] for name, probe in probes.items()} == {
        "startup": "/readyz",
        "readiness": "/readyz",
        "liveness": "/healthz",
    }


def test_a_pod_that_hangs_is_restarted_after_a_minute_and_a_half(deployed: Document) -> None:
    probe = container(deployed)["livenessProbe"]
    assert STUCK_SECONDS + probe["periodSeconds"] * probe["failureThreshold"] == 90


@pytest.mark.parametrize("seconds", [0, 15, 375])
def test_a_pod_has_time_to_leave_the_endpoints_to_drain_and_then_to_stop(chart: Chart, seconds: int) -> None:
    deployment = only(chart.render(KEYS | {"drainSeconds": seconds}), "Deployment")
    assert f"--drain-seconds={seconds}" in container(deployment)["args"]
    leaves = container(deployment)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod(deployment)["terminationGracePeriodSeconds"] >= leaves + seconds + TEN_SECONDS + 5


def test_an_upgrade_takes_no_pod_away_before_there_is_another(deployed: Document) -> None:
    assert deployed["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0}


def test_a_change_of_catalog_or_keys_restarts_nothing(chart: Chart) -> None:
    """The service takes both up by itself."""
    before, after = (
        {"auth": {"keys": {"trainer": KEY + digit}}, "catalog": {"files": {"mine.json": digit}}} for digit in "12"
    )
    assert only(chart.render(before), "Deployment") == only(chart.render(after), "Deployment")


@pytest.mark.parametrize("enabled", [True, False])
def test_either_the_autoscaler_or_replicas_decides(chart: Chart, enabled: bool) -> None:
    documents = chart.render(KEYS | {"replicas": 5, "autoscaling": {"enabled": enabled, "cpuPercent": 60}})
    assert only(documents, "Deployment")["spec"].get("replicas") == (None if enabled else 5)
    assert kinds(documents).count("HorizontalPodAutoscaler") == enabled


def test_the_autoscaler_scales_the_deployment_by_cpu_and_what_is_added(everything: list[Document]) -> None:
    spec = only(everything, "HorizontalPodAutoscaler")["spec"]
    assert spec["scaleTargetRef"]["name"] == only(everything, "Deployment")["metadata"]["name"]
    assert [metric["type"] for metric in spec["metrics"]] == ["Resource", "Pods"]


# The Prometheus operator and Grafana


def test_the_monitor_scrapes_the_probe_port_of_the_metrics_service(everything: list[Document]) -> None:
    monitor = only(everything, "ServiceMonitor")
    (service,) = (document for document in everything if document["metadata"]["name"] == "graders-metrics")
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint == {"port": service["spec"]["ports"][0]["name"], "path": "/metrics", "interval": "15s"}


def test_each_service_is_a_job_of_its_own(everything: list[Document]) -> None:
    """Even two in one release: where no label is named, the operator takes the Service's name."""
    assert "jobLabel" not in only(everything, "ServiceMonitor")["spec"]


def test_only_the_metrics_service_is_scraped(everything: list[Document]) -> None:
    selector = only(everything, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    services = [document["metadata"] for document in everything if document["kind"] == "Service"]
    found = [meta["name"] for meta in services if selector.items() <= meta["labels"].items()]
    assert found == ["graders-metrics"]


def test_the_rules_are_those_of_the_folder(everything: list[Document]) -> None:
    rule = only(everything, "PrometheusRule")
    assert rule["apiVersion"] == "monitoring.coreos.com/v1"
    files = sorted((ROOT / "helm/fairmark/rules").glob("*.yaml"))
    assert rule["spec"]["groups"] == [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    assert any("alert" in entry for group in rule["spec"]["groups"] for entry in group["rules"])


def test_the_dashboard_is_the_one_of_the_folder(everything: list[Document]) -> None:
    (found,) = (document for document in everything if document["metadata"]["name"] == "graders-dashboard")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    files = (ROOT / "helm/fairmark/dashboards").glob("*.json")
    assert {name: yaml.safe_load(text) for name, text in found["data"].items()} == {
        file.name: yaml.safe_load(file.read_text()) for file in files
    }


@pytest.mark.parametrize(("value", "folder"), [("prometheusRule", "rules"), ("dashboard", "dashboards")])
def test_a_chart_without_its_files_says_so(bare: Chart, value: str, folder: str) -> None:
    assert f"{value}: this chart was packed without its {folder}/" in bare.refusal(KEYS | {value: {"enabled": True}})


# What a person reads


def test_the_notes_say_what_to_do_next(chart: Chart) -> None:
    notes = chart.notes(KEYS)
    assert "kubectl --namespace training port-forward service/grading-fairmark 8000:8000" in notes
    assert "export FAIRMARK_URL=http://grading-fairmark.training:8000" in notes
    assert "Authorization: Bearer" in notes
    assert KEY not in notes


def test_the_notes_warn_of_a_service_without_keys(chart: Chart) -> None:
    assert "whoever reaches the pods may grade" in chart.notes({"auth": {"open": True}})


def test_the_notes_have_the_endpoint_grader_where_there_is_tls(chart: Chart) -> None:
    ingress = {"enabled": True, "host": "grader.example.com", "tlsSecret": "certificate"}
    assert '"url": "https://grader.example.com/endpoint/exact"' in chart.notes(KEYS | {"ingress": ingress})
