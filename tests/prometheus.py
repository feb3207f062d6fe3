"""Prometheus and its tool, as Debian packs them; CI fails without them, elsewhere their tests are skipped."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.valkey import free_port


def found(program: str) -> str:
    path = shutil.which(program)
    if path is None and not os.environ.get("CI"):
        pytest.skip(f"{program} is missing; on Debian and Ubuntu: apt install prometheus")
    assert path, f"{program} is missing; on Debian and Ubuntu: apt install prometheus"
    return path


class Promtool:
    """What it says of rules and metrics; a test fails where it isn't content."""

    def __init__(self) -> None:
        self._program = found("promtool")

    def check_rules(self, file: Path) -> str:
        return self._run("check", "rules", str(file))

    def check_metrics(self, text: bytes) -> str:
        return self._run("check", "metrics", standard_input=text)

    def test_rules(self, file: Path) -> str:
        return self._run("test", "rules", str(file))

    def _run(self, *options: str, standard_input: bytes | None = None) -> str:
        done = subprocess.run(
            [self._program, *options], input=standard_input, capture_output=True, timeout=60, check=False
        )
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, said
        return said


class Prometheus:
    """A server that scrapes every second."""

    def __init__(self, folder: Path, jobs: Mapping[str, str], rules: Iterable[Path]) -> None:
        """`jobs` are the URLs of services by the name of the job that scrapes each."""
        self.url = f"http://127.0.0.1:{free_port()}"
        settings = folder / "prometheus.json"
        settings.write_text(json.dumps(configuration(jobs, rules)))
        self.process = subprocess.Popen(
            [
                found("prometheus"),
                f"--config.file={settings}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--log.level=error",
            ]
        )

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result of an instant query, which has to be one that Prometheus can read."""
        return self._ask("query", query=expression)["result"]  # type: ignore[no-any-return]

    def values_of(self, label: str, selector: str) -> list[str]:
        """The values that a label has in the series of a selector."""
        return self._ask(f"label/{label}/values", **{"match[]": selector})  # type: ignore[no-any-return]

    def rules(self) -> list[dict[str, Any]]:
        """Every rule, and how its evaluation went."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def _ask(self, what: str, **parameters: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{what}", params=parameters, timeout=30).json()
        assert answer["status"] == "success", f"{parameters}: {answer}"
        return answer["data"]

    def wait(self, seconds: float = 30) -> None:
        """Until it answers."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            assert self.process.poll() is None, "prometheus ended"
            assert time.monotonic() < deadline, "prometheus does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def configuration(jobs: Mapping[str, str], rules: Iterable[Path]) -> dict[str, Any]:
    """As short as intervals go, so that a test waits seconds for a rate; JSON is YAML."""
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [{"targets": [url.removeprefix("http://")], "labels": {"namespace": "training"}}],
            }
            for job, url in jobs.items()
        ],
    }


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    return Promtool()
