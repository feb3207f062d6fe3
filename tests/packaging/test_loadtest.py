"""scripts/loadtest on the service as it is: bounds loose enough for a crowded machine, tight enough for a blunder.

The command itself fails when a neighbour of poison is answered with anything but the right score and 200.
"""

import json
import os
import random
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loadtests.answers import ALGEBRA, HARD, PLAIN, Answer
from loadtests.costs import ROWS
from loadtests.markdown import BURSTS, CROWDS, NEWCOMERS, TRAFFIC
from loadtests.shapes.bursts import BESIDE
from loadtests.shapes.math import GRADER
from tests.running import Running

from fairmark_graders import Case
from fairmark_graders.load import TYPES
from fairmark_graders.sample import Sample

KEY = "example-key-change-me"
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a short run of every shape leaves its figures."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    """What that run prints."""
    finished = loadtest("--short", "--save", str(folder))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def saved(printed: str, folder: Path) -> Path:
    (file,) = folder.glob("*.json")
    return file


@pytest.fixture(scope="module")
def results(saved: Path) -> Any:
    return json.loads(saved.read_text())


def loadtest(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / "loadtest"), *options]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=300, env=os.environ | environment)


def figure(results: Any, shape: str, name: str) -> float:
    rows = results["shapes"][shape]["figures"]
    return next(float(row["median"]) for row in rows if row["name"] == name)


def test_every_shape_is_measured(results: Any) -> None:
    ratios = ["endpoint", "batch", "similarity", "long_texts", "math", "poison"]
    assert list(results["shapes"]) == ["a", "b", "c", "d", "e", "f", *ratios]


def test_a_plot_is_drawn(saved: Path) -> None:
    assert saved.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("shape", ["a", "b", "c", "d", "e", "f"])
def test_neighbours_of_poison_are_all_graded(results: Any, shape: str) -> None:
    assert results["shapes"][shape]["statuses"]["neighbours"].keys() == {"200"}


@pytest.mark.parametrize("shape", ["a", "b", "e", "f"])  # one caller may not come to a second one in a second
def test_poison_is_sent_and_answered(results: Any, shape: str) -> None:
    statuses = results["shapes"][shape]["statuses"]
    poisons = [counts.keys() for group, counts in statuses.items() if group.startswith("poison")]
    assert poisons
    assert all(counts <= {"200", "503", "504"} for counts in poisons)


def test_what_a_burst_costs_service_and_driver_is_told(results: Any) -> None:
    assert figure(results, "c", "code: CPU, all processes") > figure(results, "c", "code: CPU, the driver") > 0


def test_a_newcomer_does_not_wait_for_another_runs_burst(results: Any) -> None:
    waited = figure(results, "c", f"a newcomer, {BESIDE}: median")
    assert 0 < waited < figure(results, "c", "code: the last result")


def test_a_crowd_leaves_memory_bounded(results: Any) -> None:
    assert 50 < figure(results, "e", "500 open: memory at its peak") < 4000


def test_a_crowd_is_accepted(results: Any) -> None:
    assert figure(results, "e", "500 open: accepted") > 50
    assert 0 < figure(results, "e", "500 open: backlog at its peak") <= 500


@pytest.mark.parametrize("port", ["/healthz", "/healthz on the probe port"])
def test_health_is_asked_beside_a_crowd_on_both_ports(results: Any, port: str) -> None:
    assert 0 < figure(results, "e", f"500 open: {port} meanwhile, median") < 5000  # what a kubelet waits


def test_the_tables_of_the_capacity_page_are_printed(printed: str) -> None:
    rows = re.findall(r"^\| `([a-f])` [^|]", printed, re.MULTILINE)
    assert Counter(rows) == {"a": 2, "b": 2, "d": 2, "e": 2, "f": 1}
    for columns in (TRAFFIC, BURSTS, NEWCOMERS, CROWDS):
        assert f"\n| {' | '.join(columns)} |\n|---" in printed


def test_one_rollout_costs_at_most_four_times_a_bare_application(results: Any) -> None:
    assert figure(results, "endpoint", "server CPU time, the bare application's over fairmark's") >= 0.25


def test_a_batch_costs_at_most_eight_times_its_parsing(results: Any) -> None:
    assert figure(results, "batch", "server CPU time, in times of orjson.loads") <= 8


def test_known_texts_are_graded_faster_than_new_ones(results: Any) -> None:
    assert figure(results, "similarity", "cached, server CPU") < figure(results, "similarity", "cold, server CPU")


def test_long_texts_do_not_hold_up_the_service(results: Any) -> None:
    assert figure(results, "long_texts", "/healthz meanwhile, median") < 1000


def test_mathematics_is_far_ahead_of_math_verify(results: Any) -> None:
    assert figure(results, "math", "decided in place: math-verify's time over fairmark's") >= 10
    assert figure(results, "math", "realistic mix: math-verify's time over fairmark's") >= 5
    assert figure(results, "math", "left to sympy: math-verify's time over fairmark's") >= 0.5


def test_long_reasoning_costs_nothing(results: Any) -> None:
    assert figure(results, "math", "30 kB of reasoning, in times of 1 to 2 kB") < 5  # where it was read through, 20


def test_poison_does_not_hold_up_its_neighbours(results: Any) -> None:
    assert figure(results, "poison", "median with poison") < 1000


def test_what_is_saved_names_no_host(results: Any) -> None:
    assert socket.gethostname() not in map(str, results["machine"].values())


def test_what_is_saved_names_no_path(saved: Path) -> None:
    assert str(ROOT) not in saved.read_text()


def test_an_unknown_shape_is_named() -> None:
    finished = loadtest("--shape", "no-such-shape")
    assert finished.returncode == 2
    assert "invalid choice: 'no-such-shape'" in finished.stderr


@pytest.fixture(scope="module")
def keyed() -> Iterator[Running]:
    running = Running(FAIRMARK_KEY=KEY)
    yield running
    running.stop()


def test_a_service_that_runs_already_is_asked_with_its_key(keyed: Running) -> None:
    there = ["--url", keyed.url, "--key-env", "LOADTEST_KEY"]
    finished = loadtest("--short", "--shape", "d", *there, LOADTEST_KEY=KEY)
    assert finished.returncode == 0, finished.stderr
    assert re.search("^neighbours: 200 × [0-9,]+$", finished.stdout, re.MULTILINE)


def test_an_answer_that_should_not_be_ends_in_a_failure(keyed: Running) -> None:
    finished = loadtest("--short", "--shape", "d", "--url", keyed.url, FAIRMARK_KEY="wrong-example-key")
    assert finished.returncode == 1
    assert "were answered with 401" in finished.stderr


def test_the_costs_have_a_row_for_every_type_of_grader() -> None:
    assert {row.grader["type"] for row in ROWS} == {*TYPES}


def test_the_table_of_costs_has_every_row() -> None:
    finished = loadtest("costs", "--seconds", "0.01")
    assert finished.returncode == 0, finished.stderr
    rows = re.findall(r"^\| (.+) \| [\d,]* \| ([\d,]+) \|$", finished.stdout, re.MULTILINE)
    assert [name for name, _ in rows] == [row.name for row in ROWS]
    costs = {name: int(cost.replace(",", "")) for name, cost in rows}
    assert costs["`math_equivalence`, left to sympy"] > 10 * costs["`math_equivalence`, algebra"]


def judged(made: Answer, reference: str) -> bool | None:
    """What mathematics says at once; None where it has to ask sympy."""
    case = GRADER.start(Sample(f"$\\boxed{{{made.answer}}}$"), {"answer": reference})
    assert isinstance(case, Case)
    verdict = GRADER.quick(case)
    return None if verdict is None else verdict.score == 1.0


@pytest.mark.parametrize("kind", [*PLAIN, *ALGEBRA])
def test_answers_in_numbers_and_algebra_are_decided_in_place(kind: Callable[[random.Random], Answer]) -> None:
    made = [kind(random.Random(seed)) for seed in range(50)]
    assert {(judged(one, one.right), judged(one, one.wrong)) for one in made} == {(True, False)}


@pytest.mark.parametrize("kind", HARD)
def test_hard_answers_are_left_to_sympy(kind: Callable[[random.Random], Answer]) -> None:
    made = [kind(random.Random(seed)) for seed in range(50)]
    assert {judged(one, reference) for one in made for reference in (one.right, one.wrong)} == {None}
