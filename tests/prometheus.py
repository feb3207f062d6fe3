"""Prometheus and its tool, as Debian packs them; CI fails without them, elsewhere their tests are skipped."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
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

    def __init__(self, folder: Path, scraped: list[str], rules: list[Path]) -> None:
        """`scraped` are addresses, host and port; all of them are one job, `fairmark`."""
        self.url = f"http://127.0.0.1:{free_port()}"
        settings = folder / "prometheus.json"
        settings.write_text(json.dumps(configuration(scraped, rules)))
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

    def series(self, selector: str) -> list[dict[str, str]]:
        return self._ask("series", **{"match[]": selector})  # type: ignore[no-any-return]

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


def configuration(scraped: list[str], rules: list[Path]) -> dict[str, Any]:
    """As short as intervals go, so that a test waits seconds for a rate; JSON is YAML."""
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [{"job_name": "fairmark", "static_configs": [{"targets": scraped}]}],
    }


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    return Promtool()


@pytest.fixture(scope="module")
def start_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Starts servers that end with the module."""
    started: list[Prometheus] = []

    def start(*scraped: str, rules: list[Path]) -> Prometheus:
        started.append(Prometheus(tmp_path_factory.mktemp("prometheus"), list(scraped), rules))
        started[-1].wait()
        return started[-1]

    yield start
    for server in started:
        server.stop()
