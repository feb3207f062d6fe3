"""scripts/loadtest on the service as it is: bounds loose enough for a crowded machine, tight enough for a blunder."""

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a short run of every shape leaves."""
    folder = tmp_path_factory.mktemp("results")
    subprocess.run([ROOT / "scripts" / "loadtest", "--short", "--save", folder], cwd="/", check=True, timeout=500)
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def results(saved: Path) -> Any:
    return json.loads(saved.read_text())


def figure(results: Any, shape: str, name: str) -> float:
    return next(float(row["median"]) for row in results["shapes"][shape] if row["name"] == name)


def test_every_shape_is_measured(results: Any) -> None:
    assert list(results["shapes"]) == ["endpoint", "batch", "similarity", "long_texts", "math", "poison"]


def test_one_rollout_costs_at_most_four_times_a_bare_application(results: Any) -> None:
    assert figure(results, "endpoint", "server CPU time, the bare application's over fairmark's") >= 0.25


def test_a_batch_costs_at_most_eight_times_its_parsing(results: Any) -> None:
    assert figure(results, "batch", "server CPU time, in times of orjson.loads") <= 8


def test_known_texts_are_graded_faster_than_new_ones(results: Any) -> None:
    assert figure(results, "similarity", "cached, server CPU") < figure(results, "similarity", "cold, server CPU")


def test_long_texts_do_not_hold_up_the_service(results: Any) -> None:
    assert figure(results, "long_texts", "/healthz meanwhile, median") < 100


def test_mathematics_is_far_ahead_of_math_verify(results: Any) -> None:
    assert figure(results, "math", "decided in place: math-verify's time over fairmark's") >= 10
    assert figure(results, "math", "realistic mix: math-verify's time over fairmark's") >= 5
    assert figure(results, "math", "left to sympy: math-verify's time over fairmark's") >= 0.5


def test_long_reasoning_costs_nothing(results: Any) -> None:
    assert figure(results, "math", "30 kB of reasoning, in times of 1 to 2 kB") < 2


def test_poison_does_not_hold_up_its_neighbours(results: Any) -> None:
    assert figure(results, "poison", "median with poison") < 1000


def test_what_is_saved_names_no_host(results: Any) -> None:
    assert socket.gethostname() not in map(str, results["machine"].values())


def test_what_is_saved_names_no_path(saved: Path) -> None:
    assert str(ROOT) not in saved.read_text()


def test_an_unknown_shape_is_named() -> None:
    finished = subprocess.run([ROOT / "scripts" / "loadtest", "no-such-shape"], capture_output=True, text=True)
    assert finished.returncode == 2
    assert "no shape is called 'no-such-shape'" in finished.stderr
