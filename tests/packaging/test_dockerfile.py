"""The Dockerfile, as far as that goes without an engine to build it."""

import re
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    run = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def test_it_ends_as_a_user_known_by_number() -> None:
    users = re.findall(r"^USER (.*)", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1])


def test_every_install_is_hashed_or_our_own_source() -> None:
    installs = re.findall(r"pip install (?:\\\n|[^\n&])*", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in install or " . " in f"{install} " for install in installs)
    assert all("--no-deps" in install for install in installs)


def test_everything_copied_is_in_the_build_context() -> None:
    kept = set(re.findall(r"^!(.*)", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {
        source.split("/")[0]
        for words in re.findall(r"^COPY (?!--from)(.*)", DOCKERFILE, re.MULTILINE)
        for source in words.split()[:-1]
    }
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)
