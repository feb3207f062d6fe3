"""Real tasks, their tests in every form that data sets have: right programs pass, programs with a mistake don't."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.graders.sandbox.problem_set import FUNCTIONS, PROGRAMS, FunctionProblem, Problem, ProgramProblem

from fairmark_graders.code_tests import CodeTests
from fairmark_graders.grader import Tools
from fairmark_graders.local import judge_with
from fairmark_graders.sample import Sample
from fairmark_graders.sandbox import Limits, Sandbox
from fairmark_graders.types import Item, Verdict
from fairmark_graders.workers import Workers

pytestmark = pytest.mark.anyio

SECONDS = 0.5
GRADER = CodeTests.model_validate(
    {
        "type": "code_tests",
        "input": "{{ sample.output_text }}",
        "tests": "{{ item.tests }}",
        "function": "{{ item.function }}",
        "seconds_per_test": SECONDS,
        "seconds": SECONDS,
    }
)


def forms() -> Iterator[tuple[Problem, str]]:
    yield from ((problem, form) for problem in (*FUNCTIONS, *PROGRAMS) for form in problem.forms)


EVERY_FORM = pytest.mark.parametrize(
    ("problem", "form"), [pytest.param(*case, id=f"{case[0].name}-{case[1]}") for case in forms()]
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def tools() -> AsyncIterator[Tools]:
    made = Tools(workers=Workers(size=1), sandbox=Sandbox(size=1))
    yield made
    await made.close()


@pytest.fixture(scope="module")
async def honest(tools: Tools) -> dict[str, bool]:
    """Whether each program with a mistake does what the tests ask for, found without any grader."""
    return {
        mutant: await passes(tools.sandbox, problem, mutant)
        for problem in (*FUNCTIONS, *PROGRAMS)
        for mutant in problem.mutants
    }


async def verdict(tools: Tools, program: str, item: Item) -> Verdict:
    case = GRADER.start(Sample(f"Here it is:\n\n```python\n{program}\n```\n"), item)
    return case if isinstance(case, Verdict) else await judge_with(tools, GRADER, case)


async def passes(sandbox: Sandbox, problem: Problem, program: str) -> bool:
    """Whether a program, run as an honest one would be, does what the tests ask for."""
    limits = Limits(SECONDS)
    match problem:
        case FunctionProblem():
            outcome = await sandbox.program(problem.as_script(program), limits=limits)
            return outcome.stdout.split() == [b"True"] * len(problem.tests)
        case ProgramProblem():
            outcomes = [await sandbox.program(program, given.encode(), limits=limits) for given, _ in problem.tests]
            wanted = [expected.encode() for _, expected in problem.tests]
            return [o.stdout if o.status == "finished" else None for o in outcomes] == wanted
    raise TypeError(problem)


def test_there_are_problems_of_both_kinds_and_mistakes_to_be_found() -> None:
    assert len(FUNCTIONS) >= 24
    assert len(PROGRAMS) >= 12
    assert sum(len(problem.mutants) for problem in (*FUNCTIONS, *PROGRAMS)) >= 200


@EVERY_FORM
async def test_a_right_program_passes(problem: Problem, form: str, tools: Tools) -> None:
    assert await verdict(tools, problem.solution, problem.forms[form]) == Verdict(1.0, rule=rule(form))


@EVERY_FORM
async def test_a_program_with_a_mistake_fails_if_the_mistake_shows(
    problem: Problem, form: str, tools: Tools, honest: dict[str, bool]
) -> None:
    scores = [(await verdict(tools, mutant, problem.forms[form])).score for mutant in problem.mutants]
    assert scores == [float(honest[mutant]) for mutant in problem.mutants]
    assert 0.0 in scores


def rule(form: str) -> str:
    return {"pairs": "code_tests.inputs", "lists": "code_tests.inputs", "check": "code_tests.asserts"}.get(
        form, "code_tests.calls"
    )
