"""The command itself: help, missing extras, and `fairmark serve`."""

import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from .cli import FAIRMARK, fairmark, surroundings


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        ["grade"],
        ["regrade"],
        *(["graders", name] for name in ("list", "show", "new", "import", "validate", "test", "diff")),
        *(["check", name] for name in ("grader", "endpoint")),
    ],
)
def test_help_names_every_command(command: list[str]) -> None:
    assert command[-1] in fairmark(*command[:-1], "--help").stdout


def test_help_loads_what_no_command_does() -> None:
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "fairmark_client", "--help"], capture_output=True, text=True
    )
    assert finished.returncode == 0
    assert "fairmark_client.cli" in finished.stderr
    assert "fairmark_client.commands" not in finished.stderr


def test_without_the_cli_extra_the_command_names_it() -> None:
    finished = without("typer", "graders", "list")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr == "fairmark: the command line needs typer: pip install 'fairmark[cli]'\n"


def test_serve_without_the_service_extra_names_it() -> None:
    finished = without("uvicorn", "serve")
    assert finished.returncode == 2
    assert finished.stderr == "fairmark: the service needs uvicorn: pip install 'fairmark[service]'\n"


def test_the_help_of_serve_is_the_service_s_own() -> None:
    ours = fairmark("serve", "--help")
    command = [sys.executable, "-m", "fairmark_service", "--help"]
    theirs = subprocess.run(command, capture_output=True, text=True, env=surroundings())
    assert (ours.returncode, ours.stdout) == (0, theirs.stdout)
    assert "--catalog" in ours.stdout


def test_serve_hands_a_wrong_option_to_the_service() -> None:
    finished = fairmark("serve", "--port", "seven")
    assert finished.returncode == 2
    assert "fairmark serve: --port" in finished.stderr


def test_serve_becomes_the_service() -> None:
    process = subprocess.Popen(
        [FAIRMARK, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        assert process.stdout
        url = next(found[1] for line in process.stdout if (found := re.match(r"  fairmark +(http\S+)", line)))
        assert httpx.get(f"{url}/readyz").status_code == 200
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)


def without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a Python that has no such module."""
    program = f"import sys; sys.modules[{module!r}] = None; from fairmark_client.__main__ import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
