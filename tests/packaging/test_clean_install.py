"""fairmark as a training environment gets it: the wheel, the base dependencies and nothing else."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ["fastapi", "starlette", "uvicorn", "redis", "prometheus_client", "typer", "rich", "nltk", "numpy", "torch"]
PIP = ["-m", "pip", "--disable-pip-version-check"]

pytestmark = pytest.mark.slow


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def done(*command: str | Path) -> str:
    finished = run(*command)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done(sys.executable, *PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    return next(folder.glob("fairmark-*.whl"))


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a virtual environment that holds the wheel and its base dependencies, at the locked versions."""
    folder = tmp_path_factory.mktemp("clean")
    pins = re.findall(r"^[^\s#][^\\\n]*", (ROOT / "requirements" / "service.txt").read_text(), re.MULTILINE)
    (folder / "pins.txt").write_text("\n".join(pins))
    done(sys.executable, "-m", "venv", folder / "venv")
    programs = folder / "venv" / "bin"
    done(programs / "python", *PIP, "install", "--quiet", "--only-binary=:all:", "-c", folder / "pins.txt", wheel)
    return programs


def test_the_wheel_holds_the_three_packages_typed_and_nothing_else(wheel: Path) -> None:
    names = {Path(name).parts[:2] for name in zipfile.ZipFile(wheel).namelist()}
    packages = {"fairmark_graders", "fairmark_service", "fairmark_client"}
    assert {top for top, *_ in names if not top.endswith(".dist-info")} == packages
    assert {(package, "py.typed") for package in packages} <= names


def test_graders_and_client_import_with_the_base_alone(clean: Path) -> None:
    done(clean / "python", "-c", "import fairmark_graders, fairmark_client")


def test_the_base_grades_in_process(clean: Path) -> None:
    program = """
from fairmark_graders import grade, parse_grader
grader = parse_grader({"type": "string_check", "name": "exact", "operation": "eq",
                       "input": "{{sample.output_text}}", "reference": "{{item.answer}}"})
print(grade(grader, "42", {"answer": "42"}).score)
"""
    assert float(done(clean / "python", "-c", program)) == 1


def test_the_base_brings_nothing_heavy(clean: Path) -> None:
    program = f"import importlib.util as u; print([m for m in {HEAVY} if u.find_spec(m)])"
    assert done(clean / "python", "-c", program).strip() == "[]"


def test_the_command_names_the_extra_it_needs(clean: Path) -> None:
    finished = run(clean / "fairmark", "--help")
    assert finished.returncode != 0
    assert "fairmark[cli]" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("extra", ["", "[openai]", "[text]"])
def test_installing_beside_trl_changes_no_pin(wheel: Path, extra: str) -> None:
    assert "trl" in {entry["name"] for entry in json.loads(done(sys.executable, *PIP, "list", "--format=json"))}
    asked = [*PIP, "install", "--quiet", "--dry-run", "--report=-", f"{wheel}{extra}"]
    report = json.loads(done(sys.executable, *asked))
    assert {entry["metadata"]["name"] for entry in report["install"]} == {"fairmark"}
