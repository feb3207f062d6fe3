"""The chart, with helm unpacked once."""

import shutil
from pathlib import Path

import pytest
from tests.helm.chart import Chart, unpack_helm


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    return Chart(unpack_helm(tmp_path_factory.mktemp("helm")))


@pytest.fixture
def bare(chart: Chart, tmp_path: Path) -> Chart:
    """The chart without rules and dashboards."""
    folder = shutil.copytree(chart.folder, tmp_path / "fairmark", ignore=shutil.ignore_patterns("rules", "dashboards"))
    return Chart(chart.helm, folder)
