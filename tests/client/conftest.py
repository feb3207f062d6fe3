"""What the client's tests share: an environment in which nothing is configured, and a catalog to change."""

import os
import shutil
from pathlib import Path

import pytest

from fairmark_graders.grader_file import shipped_catalog


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FAIRMARK_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A copy of the catalog that ships."""
    return Path(shutil.copytree(shipped_catalog(), tmp_path / "catalog"))
