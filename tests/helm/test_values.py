"""The chart's values: the schema refuses what isn't one, and table, defaults and schema say the same."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helm.chart import CHART, KEY, KEYS, Chart, Values, container, only

from fairmark_service.settings import Settings

DEFAULTS: Values = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
PAGE = (CHART.parents[1] / "docs" / "kubernetes.md").read_text()
SNIPPETS = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
OF_THE_CHART = {"host", "port", "probe-port", "drain-seconds", "catalog", "keys", "open"} | {
    "redis",
    "redis-password",
    "redis-ca",
}
"""Settings that the chart makes of its other values."""
OF_OTHERS = {"key", "url-file"}
"""Settings for those who have no chart: one key by variable, and where a service on a node can be found."""


def nested(path: str, value: object) -> Values:
    """Sound values with one more, at a path with dots."""
    names = path.split(".")
    for name in reversed(names):
        value = {name: value}
    assert isinstance(value, dict)
    first = names[0]
    return KEYS | {first: {**KEYS.get(first, {}), **value[first]} if isinstance(value[first], dict) else value[first]}


# The schema


@pytest.mark.parametrize(
    "path",
    [
        "replica",
        "image.tags",
        "auth.key",
        "catalog.directory",
        "settings.quue",
        "settings.drain-seconds",
        "redis.password",
        "resources.limit",
        "service.ports",
        "ingress.hosts",
        "autoscaling.targetCPUUtilizationPercentage",
        "autoscaling.behavior.scaleSideways",
        "podDisruptionBudget.minAvailable",
        "serviceMonitor.namespace",
        "prometheusRule.rules",
        "dashboard.folder",
        "networkPolicy.ingress",
        "serviceAccount.token",
        "affinity.podAffinities",
    ],
)
def test_an_unknown_value_is_refused(chart: Chart, path: str) -> None:
    parent, _, name = path.rpartition(".")
    where = f"at '/{parent.replace('.', '/')}'" if parent else "at ''"
    refusal = chart.refusal(nested(path, "x"))
    assert f"{where}: additional properties '{name}' not allowed" in refusal


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", "two"),
        ("replicas", -1),
        ("image.pullPolicy", "Sometimes"),
        ("image.repository", ""),
        ("auth.open", "yes"),
        ("auth.keys", ["trainer"]),
        ("auth.keys", {"two words": KEY}),
        ("auth.existingSecret", "Not A Name"),
        ("catalog.files", {"exact.jsn": "{}"}),
        ("catalog.files", {"exact.json": {"type": "string_check"}}),
        ("settings.queue", 0),
        ("settings.queue", "many"),
        ("settings.log-level", "loud"),
        ("settings.verdict-log-share", 2),
        ("resources.limits", {"cpu": "two"}),
        ("scratchSize", 256),
        ("drainSeconds", 1.5),
        ("drainSeconds", 3601),
        ("service.type", "ExternalName"),
        ("service.port", 70000),
        ("service.annotations", {"example.com/a": True}),
        ("ingress.host", "https://grader.example.com"),
        ("autoscaling.cpuPercent", 0),
        ("autoscaling.metrics", [{"pods": {}}]),
        ("podDisruptionBudget.maxUnavailable", "half"),
        ("serviceMonitor.interval", "often"),
        ("dashboard.labels", {"grafana_dashboard": 1}),
        ("networkPolicy.callers", [{"podSelectors": {}}]),
        ("networkPolicy.egress", [{"from": []}]),
        ("topologySpreadConstraints", [{"maxSkew": 1, "topologyKey": "zone"}]),
        ("tolerations", [{"kay": "graders"}]),
        ("podLabels", {"team": 1}),
        ("env", [{"value": "x"}]),
        ("volumes", [{"emptyDir": {}}]),
        ("volumeMounts", [{"name": "log"}]),
        ("fullnameOverride", "Not A Name"),
    ],
)
def test_a_value_of_another_kind_is_refused_where_it_stands(chart: Chart, path: str, value: object) -> None:
    assert f"at '/{path.replace('.', '/')}" in chart.refusal(nested(path, value))


def objects(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of the schema that describes an object, with where it stands."""
    if schema.get("type") == "object" and schema.keys() > {"type"}:
        yield path, schema
    for name in ("properties", "definitions"):
        for key, inner in schema.get(name, {}).items():
            yield from objects(inner, f"{path}/{key}")
    if isinstance(schema.get("items"), dict):
        yield from objects(schema["items"], f"{path}[]")


OF_KUBERNETES = {"/global", "/autoscaling/metrics[]", "/named[]", "/volumeMounts[]"}
"""Objects that are handed on as they are: the API server knows them better."""


def test_every_object_is_closed_or_a_map_of_one_type() -> None:
    opened = [path for path, schema in objects(SCHEMA) if "additionalProperties" not in schema]
    assert set(opened) <= OF_KUBERNETES


# What only the templates can say


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "auth: give keys or existingSecret; without either the service starts only where auth.open"),
        (nested("auth.existingSecret", "team-keys"), "auth: give keys or existingSecret, not both"),
        ({"auth": {"keys": {"a": "too-short"}}}, "auth.keys.a: expected a key of 16 or more"),
        ({"auth": {"keys": {"a": f"{KEY}\nb: {KEY}"}}}, "auth.keys.a: expected a key of 16 or more"),
        ({"auth": {"keys": {"a": [KEY, f"{KEY} rate=fast"]}}}, "auth.keys.a: expected a key of 16 or more"),
        (
            nested("catalog", {"files": {"a.json": "{}"}, "existingConfigMap": "b"}),
            "catalog: give files or existingConfigMap, not both",
        ),
        (nested("redis.url", "valkey:6379"), "redis.url: expected redis://HOST:PORT or rediss://HOST:PORT"),
        (nested("redis.url", "redis://:fake-password@valkey"), "redis.url: expected redis://HOST:PORT"),
        (nested("redis.url", "redis://valkey?password=fake-password"), "redis.url: expected redis://HOST:PORT"),
        (nested("redis.existingSecret", "valkey"), "redis: existingSecret is for a url"),
        (nested("redis", {"url": "redis://valkey", "caSecret": "a"}), "redis: caSecret is for a url with rediss://"),
        (nested("ingress.enabled", True), "ingress: give the host that callers use"),
        (
            nested("autoscaling.enabled", True) | {"resources": {"requests": {"cpu": None}, "limits": {"cpu": None}}},
            "autoscaling: give resources.requests.cpu",
        ),
    ],
)
def test_values_that_cannot_be_together_are_refused_in_words(chart: Chart, values: Values, expected: str) -> None:
    refusal = chart.refusal(values)
    assert expected in refusal
    assert "fake-password" not in refusal
    assert KEY not in refusal


def test_a_chart_that_depends_on_it_may_have_global_values(chart: Chart, tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: platform\nversion: 1.0.0\n")
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "fairmark").symlink_to(chart.folder)
    platform = Chart(chart.helm, tmp_path)
    assert only(platform.render({"global": {"region": "x"}, "fairmark": KEYS}), "Deployment")


# Settings


def test_settings_are_those_of_the_service() -> None:
    described = Settings.model_json_schema()["properties"]
    settings = {name.replace("_", "-"): described[name] for name in described}
    assert settings.keys() >= OF_THE_CHART | OF_OTHERS
    assert SCHEMA["properties"]["settings"]["properties"] == {
        name: bounds(schema) for name, schema in settings.items() if name not in OF_THE_CHART | OF_OTHERS
    }


def bounds(schema: dict[str, Any]) -> dict[str, Any]:
    """What a setting's schema says of its value, whether or not it may be left out."""
    (given,) = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
    return {word: given[word] for word in given if word not in {"title", "description", "default", "format"}}


@pytest.mark.parametrize(
    ("option", "value"),
    [("queue", 1_000_000), ("cache-seconds", 1.5), ("verdict-log-samples", True), ("log-level", "debug")],
)
def test_a_setting_reaches_the_service_as_it_was_given(
    chart: Chart, option: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = only(chart.render(KEYS | {"settings": {option: value}}), "Deployment")
    for variable in container(deployment)["env"]:
        monkeypatch.setenv(variable["name"], variable["value"])
    assert getattr(Settings(), option.replace("-", "_")) == value


# The pages


@pytest.mark.parametrize("values", SNIPPETS, ids=lambda values: ", ".join(values))
def test_the_values_that_the_page_shows_are_taken(chart: Chart, values: Values) -> None:
    assert only(chart.render(KEYS | values), "Deployment")


def test_the_table_shows_every_value_with_its_default_and_meaning() -> None:
    lines = (CHART / "README.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert rows == [f"| `{path}` | `{json.dumps(default)}` | {meaning} |" for path, default, meaning in values()]


def test_the_schema_knows_every_value_and_no_other() -> None:
    assert sorted(schemed(SCHEMA)) == sorted([*(path for path, _, _ in values()), "global"])


def values() -> Iterator[tuple[str, object, str]]:
    """Every value that can be given, with its default and the comment above it, as values.yaml has them."""
    text = (CHART / "values.yaml").read_text()
    yield from _values(yaml.compose(text), DEFAULTS, text.splitlines())


def _values(node: Any, default: Any, lines: list[str], path: str = "") -> Iterator[tuple[str, object, str]]:
    for key, inner in node.value:
        below = f"{path}.{key.value}" if path else key.value
        if isinstance(inner, yaml.MappingNode) and not inner.flow_style:
            yield from _values(inner, default[key.value], lines, below)
        else:
            yield below, default[key.value], comment(lines, key.start_mark.line)


def comment(lines: list[str], line: int) -> str:
    """What stands above a line, up to one that is no comment."""
    found: list[str] = []
    while (above := lines[line - len(found) - 1].strip()).startswith("#"):
        found.insert(0, above.removeprefix("#").strip())
    return " ".join(found)


def schemed(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The values of the schema, as deep as values.yaml lists them."""
    for name, inner in schema["properties"].items():
        below = f"{path}.{name}" if path else name
        listed = isinstance(default := given(below), dict) and default
        if listed and "properties" in inner:
            yield from schemed(inner, below)
        else:
            yield below


def given(path: str) -> object:
    """The default of a value; None where there is none."""
    found: Any = DEFAULTS
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
