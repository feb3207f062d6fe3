"""Two releases side by side on one Valkey: each answers what it would say alone, and they share what they agree on."""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from tests.running import Running
from tests.valkey import Valkey

ROOT = Path(__file__).parents[2]
SAMPLES = [f"{number} and {number * 7} make {number * 8}" for number in range(40)]
ITEM = {"reference_answer": "3 and 21 make 24"}
TEMPLATES = {"input": "{{ sample.output_text }}"}
SIMILARITY = {
    "type": "text_similarity",
    "reference": "{{ item.reference_answer }}",
    "evaluation_metric": "fuzzy_match",
    **TEMPLATES,
}
REGEX = {"type": "regex", "pattern": "[02468]$", **TEMPLATES}
GRADERS = [SIMILARITY, REGEX]
TOLD = ("score", "outcome", "reason")
ALONE = """
import json, sys
from fairmark_graders import grade
graders, samples, item, told = json.load(sys.stdin)
print(json.dumps([[[getattr(grade(g, s, item), name) for name in told] for s in samples] for g in graders]))
"""

Edit = tuple[str, str, str]
"""A file, a text that is in it once, and what another release has there."""
STRICTER: Edit = (
    "graders/fairmark_graders/text_similarity.py",
    'return Verdict(score, rule=f"text_similarity.{self.evaluation_metric}")',
    'return Verdict(score / 2, reason="halved", rule=f"text_similarity.{self.evaluation_metric}")',
)
REVISED: Edit = (
    "graders/fairmark_graders/text_similarity.py",
    'type: Literal["text_similarity"]',
    'revision = 2\n    type: Literal["text_similarity"]',
)
ANOTHER_FIELD: Edit = (
    "graders/fairmark_graders/types.py",
    "    cells: tuple[Cell, ...] = ()\n",
    '    cells: tuple[Cell, ...] = ()\n    shade: str = "grey"\n',
)
ANOTHER_ORDER: Edit = (
    "graders/fairmark_graders/types.py",
    "    reason: str | None = None\n",
    "    shade: str | None = None\n    reason: str | None = None\n",
)
ANOTHER_FORMAT: Edit = ("service/fairmark_service/cache.py", "FORMAT = 2\n", "FORMAT = 3\n")


class Release(NamedTuple):
    """A state of the source code, and what its graders say on their own: by grader, by sample."""

    environment: dict[str, str]
    alone: list[list[list[Any]]]

    @classmethod
    def at(cls, folder: Path) -> "Release":
        path = os.pathsep.join(str(folder / name) for name in ("graders", "service", "client"))
        asked = json.dumps([GRADERS, SAMPLES, ITEM, TOLD])
        environment = {"PYTHONPATH": path}
        ran = subprocess.run(
            [sys.executable, "-c", ALONE],
            input=asked,
            env=os.environ | environment,
            capture_output=True,
            check=True,
            text=True,
        )
        return cls(environment, json.loads(ran.stdout))


@pytest.fixture(scope="module")
def old() -> Release:
    return Release.at(ROOT)


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A catalog that loads quickly."""
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "regex.json").write_text(json.dumps(REGEX))
    return str(tmp_path / "catalog")


def edited(folder: Path, *edits: Edit) -> Release:
    """The release that these edits make of this one."""
    for name in ("graders", "service", "client"):
        shutil.copytree(ROOT / name, folder / name)
    for name, before, after in edits:
        text = (folder / name).read_text()
        assert text.count(before) == 1
        (folder / name).write_text(text.replace(before, after))
    return Release.at(folder)


class Pair:
    """Both releases at work at the same time, until each has been asked everything several times."""

    def __init__(self, old: Release, new: Release, valkey: Valkey, catalog: str) -> None:
        self.releases = (old, new)
        # Without a memory tier every look-up is one in Valkey.
        options = ("--redis", valkey.url, "--catalog", catalog, "--cache-megabytes", "0")
        with ThreadPoolExecutor() as starting:
            self.running = list(starting.map(lambda release: Running(*options, **release.environment), self.releases))
        self._http = [httpx.Client(base_url=running.url, timeout=60) for running in self.running]
        self.wrong: list[str] = []

    def close(self) -> None:
        for running, http in zip(self.running, self._http, strict=True):
            http.close()
            running.stop()

    def work(self, rounds: int = 30) -> None:
        threads = [threading.Thread(target=self._ask, args=(place, rounds)) for place in (0, 1) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _ask(self, place: int, rounds: int) -> None:
        chance = random.Random(place)
        for _ in range(rounds):
            picked = [(chance.randrange(len(GRADERS)), chance.randrange(len(SAMPLES))) for _ in range(16)]
            rows = [{"grader": GRADERS[g], "sample": SAMPLES[s], "item": ITEM} for g, s in picked]
            results = self._http[place].post("/v1/grade", json={"samples": rows}).json()["results"]
            said = [[result[name] for name in TOLD] for result in results]
            if said != [self.releases[place].alone[g][s] for g, s in picked]:
                self.wrong.append(f"release {place}: {results}")

    def count(self, name: str) -> list[int]:
        return [int(running.metric(f"fairmark_cache_{name}")) for running in self.running]

    def hits(self, grader: dict[str, Any], by: int) -> int:
        """How many verdicts one release takes from the other, of all samples of one grader."""
        rows = [{"grader": grader, "sample": sample, "item": ITEM} for sample in SAMPLES]
        results = self._http[by].post("/v1/grade", json={"samples": rows}).json()["results"]
        return sum(result["cached"] for result in results)


def test_a_grader_that_scores_otherwise_shares_nothing_and_the_others_all(
    old: Release, valkey: Valkey, small: str, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    new = edited(tmp_path, STRICTER, REVISED)
    assert new.alone[0] != old.alone[0]
    with closing(Pair(old, new, valkey, small)) as pair:
        assert pair.hits(SIMILARITY, by=0) == pair.hits(REGEX, by=0) == 0
        wait_until(lambda: valkey.client.dbsize() == 2 * len(SAMPLES))
        assert pair.hits(SIMILARITY, by=1) == 0
        assert pair.hits(REGEX, by=1) == len(SAMPLES)
        pair.work()
        assert pair.wrong == []
        assert pair.count('errors_total{kind="decode"}') == [0, 0]


def test_another_format_shares_nothing_and_fails_nothing(
    old: Release, valkey: Valkey, small: str, tmp_path: Path
) -> None:
    with closing(Pair(old, edited(tmp_path, ANOTHER_ORDER, ANOTHER_FORMAT), valkey, small)) as pair:
        assert pair.hits(REGEX, by=0) == pair.hits(REGEX, by=1) == 0
        pair.work()
        assert pair.wrong == []
        assert pair.hits(REGEX, by=0) == pair.hits(REGEX, by=1) == len(SAMPLES)
        assert pair.count('errors_total{kind="decode"}') == [0, 0]


def test_a_value_of_a_newer_release_that_kept_the_format_is_judged_anew(
    old: Release, valkey: Valkey, small: str, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    with closing(Pair(old, edited(tmp_path, ANOTHER_FIELD), valkey, small)) as pair:
        assert pair.hits(REGEX, by=1) == 0
        wait_until(lambda: valkey.client.dbsize() == len(SAMPLES))
        assert pair.hits(REGEX, by=0) == 0
        assert pair.count('errors_total{kind="decode"}') == [len(SAMPLES), 0]
        pair.work()
        assert pair.wrong == []
