"""Hostile programs: none gets out, none learns or leaves anything, and the next run is as if it hadn't been.

The attacks are data, in attacks/; what isn't covered is told in docs/security.md.
"""

import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.graders.sandbox.conftest import SYSTEM_PYTHON, WORLDS
from tests.graders.sandbox.corpus import ATTACKS, GRADER, Attack
from tests.graders.sandbox.outside import Outside, outside
from tests.processes import descendants

from fairmark_graders.code_tests import CodeTests
from fairmark_graders.grader import Tools
from fairmark_graders.local import grade_with
from fairmark_graders.sample import Sample
from fairmark_graders.sandbox import Graders, Limits, NotLoaded, Outcome, Sandbox
from fairmark_graders.types import Verdict
from fairmark_graders.workers import Workers

pytestmark = pytest.mark.anyio

MiB = 1 << 20
HURRIED, PATIENT = 0.3, 10.0
"""Seconds for attacks that a limit on time may end, and for the others."""

AGAINST_WALLS = [
    attack
    for attack in ATTACKS
    if attack.family in ("processes", "network", "kernel") and "time_limit" not in attack.status
]
"""What may go further in a grader's import, where forks are allowed; each gets a zygote of its own."""

LOOK_ABOUT = """
import colorsys, gc, json, os, signal, sys, threading
print(json.dumps({
    "sum": sum(range(10)),
    "seven": 3 + 4,
    "word": sys.stdin.read(),
    "files": os.listdir("."),
    "folder": os.getcwd(),
    "environment": sorted(os.environ),
    "descriptors": [n for n in range(256) if os.path.exists(f"/dev/fd/{n}")],
    "modules": sorted(sys.modules),
    "planted": colorsys.__file__.startswith(os.getcwd()),
    "threads": threading.active_count(),
    "recursion": sys.getrecursionlimit(),
    "timer": signal.getitimer(signal.ITIMER_REAL)[0],
    "ignored": [n for n in range(1, 32) if signal.getsignal(n) == signal.SIG_IGN],
    "mask": os.umask(0o22),
    "collectors": len(gc.callbacks),
    "profiled": sys.getprofile() is not None,
}))
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def beyond() -> Iterator[Outside]:
    with outside() as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRMARK_API_KEYS", made.secret)
        yield made


@pytest.fixture(scope="module", params=["own"])
async def sandbox(
    beyond: Outside, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Sandbox]:
    """One place, so that every run is in the zygote of the one before; in one of the worlds."""
    made = Sandbox(size=1, python=python_in(request.param, tmp_path_factory.mktemp("python")))
    await made.start()
    assert ("pod" in request.param) == (made.report()["namespaces"] == [])
    yield made
    await made.close()


def python_in(world: str, folder: Path) -> Path | None:
    """An interpreter that starts in one of the worlds."""
    if (how := WORLDS[world]) is None:
        return None
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    script = folder / "python"
    launcher = Path(__file__).with_name("pod.py")
    script.write_text(f'#!/bin/sh\nexec {SYSTEM_PYTHON} {launcher} {how[0]} {how[1]} {SYSTEM_PYTHON} "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture(scope="module")
async def usual(sandbox: Sandbox) -> dict[str, object]:
    """What an honest program sees where nothing was before it."""
    return await look_about(sandbox)


async def look_about(sandbox: Sandbox) -> dict[str, object]:
    """What an honest program sees; its input is a word of its own each time, and comes back."""
    word = secrets.token_hex(16)
    outcome = await sandbox.program(LOOK_ABOUT, stdin=word.encode(), limits=Limits(seconds=5))
    assert outcome.status == "finished", outcome
    assert outcome.seconds < 1
    seen: dict[str, object] = json.loads(outcome.stdout)
    assert seen.pop("word") == word
    assert outcome.stderr == outcome.result == b""
    return seen


def limits(attack: Attack) -> Limits:
    return Limits(HURRIED if "time_limit" in attack.status else PATIENT, memory_bytes=256 * MiB, output_bytes=MiB)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def everything(outcome: Outcome) -> bytes:
    return outcome.stdout + outcome.stderr + outcome.result


def test_the_corpus_has_more_than_a_hundred_attacks_each_told_apart() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) > 100


@pytest.mark.parametrize("sandbox", ["own", "pod"], indirect=True)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_an_attack_as_a_program_fails_and_the_next_run_is_undisturbed(
    attack: Attack, sandbox: Sandbox, beyond: Outside, usual: dict[str, object]
) -> None:
    before = sorted(descendants(os.getpid())), descriptors()
    stdin = b"x" * 5 * MiB if attack.name == "stdin_never_read" else b"1\n2\n"
    outcome = await sandbox.program(attack.source(beyond.names()), stdin=stdin, limits=limits(attack))
    assert attack.ended_as_told(outcome), outcome
    assert attack.said(outcome) == set()
    assert outcome.seconds < limits(attack).seconds + 1.5
    assert beyond.secret.encode() not in everything(outcome)
    assert beyond.disturbed() == []
    assert (sorted(descendants(os.getpid())), descriptors()) == before
    assert await look_about(sandbox) == usual


SECRETS = secrets.randbelow(10**18), secrets.randbelow(10**18)
"""Drawn anew for every run of these tests, so that no attack can know a right answer."""
NUMBERS = range(3, 7)
RIGHT = f"""
def solve(n):
    return 10**17 + (n * {SECRETS[0]} + {SECRETS[1]}) % 10**18
if __name__ == "__main__":
    print(solve(int(input())))
"""


def right(n: int) -> int:
    return 10**17 + (n * SECRETS[0] + SECRETS[1]) % 10**18


CHECK = f"""
import colorsys
def check(candidate):
    for n, wanted in {[(n, right(n)) for n in NUMBERS]}:
        assert candidate(n) == wanted
"""
APART = {
    "stdin": [{"input": f"{n}\n", "output": f"{right(n)}\n"} for n in NUMBERS],
    "calls": [{"call": f"solve({n})", "expected": right(n)} for n in NUMBERS],
    "code": CHECK,
}
TOGETHER = "import inspect\n" + CHECK
CODE_TESTS = CodeTests.model_validate(
    {
        "type": "code_tests",
        "input": "{{ sample.output_text }}",
        "tests": "{{ item.tests }}",
        "score": "share",
        "seconds_per_test": HURRIED,
        "seconds": 2 * HURRIED,
        "memory_mb": 256,
        "output_mb": 1,
    }
)


@pytest.fixture(scope="module")
async def tools(sandbox: Sandbox) -> AsyncIterator[Tools]:
    made = Tools(workers=Workers(size=1), sandbox=sandbox)
    yield made
    await made.workers.close()


async def verdict(tools: Tools, program: str, tests: object) -> Verdict:
    return await grade_with(tools, CODE_TESTS, Sample(program), {"tests": tests, "entry_point": "solve"})


def can_be_sent(found: Verdict) -> bool:
    """Whether nothing in it breaks the answer that it goes into."""
    return all((text or "").encode() is not None for text in (found.reason, found.rule))


@pytest.mark.parametrize("form", APART)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_an_attack_as_a_solution_scores_nothing_and_the_next_is_undisturbed(
    attack: Attack, form: str, tools: Tools, beyond: Outside
) -> None:
    found = await verdict(tools, attack.answering(beyond.names()), APART[form])
    assert found.score == 0, found
    assert can_be_sent(found)
    assert beyond.disturbed() == []
    after = await verdict(tools, RIGHT, APART[form])
    assert after.score == 1, after


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_an_attack_beside_its_tests_scores_nothing_or_the_verdict_says_that_it_may_be_forged(
    attack: Attack, tools: Tools, beyond: Outside
) -> None:
    found = await verdict(tools, attack.answering(beyond.names()), TOGETHER)
    assert found.score is not None
    assert bool(found.score) == attack.together, found
    assert not found.score or found.rule == "code_tests.asserts_inside"
    assert can_be_sent(found)
    assert beyond.disturbed() == []
    after = await verdict(tools, RIGHT, TOGETHER)
    assert after.score == 1, after


@pytest.fixture(scope="module")
async def graders(beyond: Outside) -> AsyncIterator[Graders]:
    """The last of these tests to use it sees its processes end."""
    before = sorted(descendants(os.getpid()))
    made = Graders(size=1)
    yield made
    await made.close()
    assert sorted(descendants(os.getpid())) == before


def job(item: dict[str, str]) -> dict[str, object]:
    return {"answer": {"sample": {"output_text": ""}}, "item": item}


async def all_is_well(graders: Graders) -> bool:
    """Whether a grader that was imported before anything happened finds all as it should be."""
    outcome = await graders.call(GRADER, job({}), Limits())
    return bool(json.loads(outcome.result) == {"score": 1.0})


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_an_attack_in_a_call_of_a_grader_fails_and_the_next_call_is_undisturbed(
    attack: Attack, graders: Graders, beyond: Outside
) -> None:
    outcome = await graders.call(GRADER, job({"attack": attack.source(beyond.names())}), limits(attack))
    assert outcome.status in {"finished", *attack.status}
    assert beyond.secret.encode() not in everything(outcome)
    assert beyond.disturbed() == []
    assert await all_is_well(graders)


@pytest.mark.parametrize("attack", AGAINST_WALLS, ids=lambda attack: attack.name)
async def test_an_attack_in_the_import_of_a_grader_fails_and_another_grader_is_undisturbed(
    attack: Attack, graders: Graders, beyond: Outside
) -> None:
    assert await all_is_well(graders)
    with suppress(NotLoaded):
        await graders.load(attack.imported(beyond.names()))
    assert beyond.disturbed() == []
    assert await all_is_well(graders)
