"""The tables and links of the pages, held against what they speak of."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pydantic_core import PydanticUndefined
from tests.running import Running

from fairmark_graders import __version__
from fairmark_service.protocols import PROTOCOLS
from fairmark_service.protocols.native import NATIVE, SAMPLES
from fairmark_service.protocols.protocol import Running as Runs
from fairmark_service.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "service" / "README.md"
CLIENT = ROOT / "client" / "README.md"
CHART = ROOT / "helm" / "fairmark" / "README.md"
PAGES = [ROOT / "README.md", SERVICE, CLIENT, ROOT / "graders" / "README.md", CHART, *sorted(ROOT.glob("docs/**/*.md"))]


def section(page: Path, title: str) -> str:
    """What stands under a heading, up to the next of its level."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {title}"
    return found[1]


def table(page: Path, title: str) -> list[list[str]]:
    """The cells of the first table in a section, less its head; code marks dropped."""
    found = re.search(r"(?:^\|.*\n)+", section(page, title), re.MULTILINE)
    assert found, f"{page.name} has no table under {title}"
    rows = [line[1:-1].split("|") for line in found[0].splitlines()]
    return [[cell.strip().replace("`", "") for cell in row] for row in rows[2:]]


def options() -> Iterator[list[str]]:
    """The settings as the table is to show them; a default that is computed is described in words."""
    words = {"catalog": "the examples", "sandboxes": "one for each core", "grading_processes": "one for each core"}
    for name, field in Settings.model_fields.items():
        computed = field.default is PydanticUndefined
        default = words[name] if computed else "" if field.default is None else str(field.default)
        meaning = (field.description or "").replace("`", "")
        yield [f"--{name.replace('_', '-')}", f"FAIRMARK_{name.upper()}", default, meaning]


def test_the_settings_are_those_of_the_service() -> None:
    assert table(SERVICE, "Settings") == list(options())


def test_the_metrics_are_those_of_the_service(service: Running) -> None:
    service.post("/v1/grade", {"grader": "exact", "run": "a", "samples": [{"sample": "42", "group": "b"}]})
    text = httpx.get(f"{service.url}/metrics").text
    families = [family for family in text_string_to_metric_families(text) if not family.name.endswith("_created")]
    shown = {name: (kind, meaning) for name, kind, _, meaning in table(SERVICE, "Metrics")}
    assert shown == {exposed(family): (family.type, family.documentation) for family in families}
    labels = {name: set(filter(None, labels.split(", "))) for name, _, labels, _ in table(SERVICE, "Metrics")}
    seen = {exposed(family): sample.labels.keys() - {"le"} for family in families for sample in family.samples}
    assert len(seen) > 12
    assert {name: labels[name] for name in seen} == seen


def exposed(family: Metric) -> str:
    """The name that queries use."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_the_limits_are_those_of_the_protocols() -> None:
    shown = {route: (body, wait) for route, _, body, wait in table(SERVICE, "Endpoints") if route.startswith("POST")}
    assert shown == {
        f"POST {protocol.path}": (
            f"{protocol.body_bytes >> 20} MiB" + (f", {SAMPLES:,} samples" if protocol is NATIVE else ""),
            f"{protocol.patience_seconds:g} s" + (" and its own timeouts" if isinstance(protocol, Runs) else ""),
        )
        for protocol in PROTOCOLS
    }


def test_every_route_is_described(service: Running) -> None:
    shown = {path for row in table(SERVICE, "Endpoints") for path in re.findall(r"(?:GET|POST) (\S+?)(?:,|$)", row[0])}
    described = httpx.get(f"{service.url}/openapi.json").json()["paths"].keys()
    assert shown - {"/docs", "/openapi.json"} == described


def test_the_error_codes_are_those_of_the_service() -> None:
    sources = (ROOT / "service").rglob("*.py")
    raised = {code for path in sources for code in re.findall(r'\bcode="(\w+)"', path.read_text())}
    assert {code for row in table(SERVICE, "Errors") for code in row[1].split(", ")} == raised


def test_the_variables_are_those_the_client_reads() -> None:
    sources = (ROOT / "client").rglob("*.py")
    read = {name for path in sources for name in re.findall(r'"(FAIRMARK_[A-Z_]+)"', path.read_text())}
    of_the_service = {f"FAIRMARK_{name}" for name in ("CATALOG", "KEYS", "OPEN", "PROBE_PORT", "URL_FILE")}
    assert {row[0] for row in table(CLIENT, "Variables")} == read - of_the_service


def test_the_changelog_begins_with_this_version() -> None:
    first = re.search(
        r"^## (\S+) \((?:unreleased, )?\d{4}-\d\d-\d\d\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert first
    assert first[1] == __version__


def anchors(page: Path) -> set[str]:
    """The headings of a page, as its links name them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / link).resolve() for page in PAGES for link in re.findall(r"\]\(([\w./-]+)", page.read_text())
    }
    linked |= set((ROOT / "docs" / "decisions").glob("*.md"))  # README.md links the folder
    assert [str(page.relative_to(ROOT)) for page in PAGES[1:] if page not in linked] == []
