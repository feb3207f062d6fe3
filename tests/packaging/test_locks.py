"""What requirements/ promises: one version, its hashes, no address, for every Python from 3.11 to 3.13."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
HASHED = ["build.txt", "service.txt", "test.txt", "openai-image.txt", "openai-image-2025-05-08.txt"]


def locked(name: str) -> dict[str, list[Requirement]]:
    """The pins of a lock by canonical name; one name may have several, told apart by markers."""
    pins: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^[^\s#].*", (ROOT / "requirements" / name).read_text(), re.MULTILINE):
        pin = Requirement(line.removesuffix("\\"))
        pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    return pins


def chosen(name: str, python: str) -> dict[str, str]:
    """What a lock installs on one Python."""
    here = {"python_version": python, "python_full_version": f"{python}.9"}
    return {
        package: str(pin.specifier)
        for package, pins in locked(name).items()
        for pin in pins
        if pin.marker is None or pin.marker.evaluate(here)
    }


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda path: path.name)
def test_no_lock_holds_an_address(path: Path) -> None:
    assert "://" not in path.read_text()


@pytest.mark.parametrize("name", HASHED)
def test_every_pin_is_one_version_with_hashes(name: str) -> None:
    blocks = re.split(r"^(?=[^\s#])", (ROOT / "requirements" / name).read_text(), flags=re.MULTILINE)[1:]
    assert blocks
    for block in blocks:
        assert re.match(r"[\w.-]+==[\w.]+( ; .+)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+", block), block


def test_torch_stands_apart_and_alone() -> None:
    assert {name: str(pins[0].specifier) for name, pins in locked("torch.txt").items()} == {"torch": "==2.13.0"}
    assert "torch" not in locked("test.txt")


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_test_lock_holds_the_service_lock(python: str) -> None:
    assert chosen("service.txt", python).items() <= chosen("test.txt", python).items()


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("name", HASHED)
def test_a_lock_gives_each_python_one_version(name: str, python: str) -> None:
    here = {"python_version": python, "python_full_version": f"{python}.9"}
    for package, pins in locked(name).items():
        assert sum(pin.marker is None or pin.marker.evaluate(here) for pin in pins) <= 1, package


def test_versions_that_differ_by_python_are_told_apart_by_markers() -> None:
    assert chosen("test.txt", "3.11")["numpy"] != chosen("test.txt", "3.13")["numpy"]


def test_the_locks_hold_all_that_the_extras_ask_for() -> None:
    wanted = {
        (extra, canonicalize_name(requirement.name))
        for line in distribution("fairmark").requires or []
        for requirement in [Requirement(line)]
        for extra in ["service", "all"]
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
    }
    lock = {"service": locked("service.txt").keys(), "all": locked("test.txt").keys()}
    assert {(extra, name) for extra, name in wanted if name not in lock[extra] | {"fairmark"}} == set()
