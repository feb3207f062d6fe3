"""The systemd unit: systemd takes it, and the command in it is one that serves."""

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.running import Serve

UNIT = Path(__file__).parents[2] / "examples" / "systemd" / "fairmark.service"
KEY = "example-key-change-me"


def options(credentials: Path) -> list[str]:
    """Of the service, as systemd starts it."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(UNIT)
    python, *command = shlex.split(unit["Service"]["ExecStart"].replace("${CREDENTIALS_DIRECTORY}", str(credentials)))
    assert python == "/opt/fairmark/bin/python"
    assert command[:2] == ["-m", "fairmark_service"]
    return command[2:]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_has_nothing_against_it(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/fairmark/bin/python", sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_its_command_serves_whoever_has_a_key(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"trainers: {KEY}\n")
    url = serve(*["0" if option == "8000" else option for option in options(tmp_path)]).url
    url = url.replace("0.0.0.0", "127.0.0.1")
    assert httpx.get(f"{url}/v1/graders").status_code == 401
    assert httpx.get(f"{url}/v1/graders", headers={"Authorization": f"Bearer {KEY}"}).is_success
