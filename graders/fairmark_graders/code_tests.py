"""fairmark's `code_tests`: a program against its tests, judged where the program can't reach.

The program is found in the text (code/program.py), the tests in the item (code/forms.py). What the program prints or
returns comes out of the sandbox as plain data and is compared here, by rules that are fields; test code that is more
than calls with their results runs in a process of its own, which asks the program's. docs/code.md has it all.

Failures of the program score 0, or what share of the tests passed. Whether a sample is ungradable depends on the tests
and on us: they are read first, also where the text holds no program.
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from .code import forms, running
from .code.program import NoProgram, program
from .code.rules import OutputRule, Tolerance, ValueRule
from .code.running import CallTests, InputTests, Result, Tests, TogetherNeeded, Way, run
from .errors import ModelFault, Ungradable
from .from_item import ItemTemplate
from .grader import Place, Shared, Tools
from .sample import Sample
from .template import LONGEST, Template, too_long
from .template_value import value
from .types import Case, Item, Verdict


class CodeTests(Shared):
    """Run the program that `input` holds against `tests`."""

    runs_in: ClassVar[Place] = "sandbox"

    type: Literal["code_tests"]
    input: Template
    tests: ItemTemplate
    """A list, an object, or a text: see code/forms.py."""
    function: ItemTemplate = Template("{{ item.entry_point }}")
    """The name of the function under test, for tests that need one and don't give it themselves."""
    prelude: ItemTemplate | None = None
    """Code that stands before the program: imports that a problem promises, the head of a function to be continued."""
    score: Literal["all", "share"] = "all"
    """1 for a program that passes all tests and else 0, or the share of tests that it passes."""
    isolation: Literal["submission", "test"] = "submission"
    """Whether one process runs all tests, or each test has its own."""
    output: OutputRule = OutputRule()
    tolerance: Tolerance | None = None
    """How far numbers may be off that are printed or returned; test code has its own rules."""
    asserts_inside: Literal["allow", "forbid"] = "allow"
    """What becomes of test code that has to share a process with the program, which could then forge its verdict.

    `allow`: the verdict's rule is `code_tests.asserts_inside`. `forbid`: the sample is ungradable.
    """
    seconds_per_test: float = Field(4.0, gt=0, le=600)
    seconds: float = Field(20.0, gt=0, le=3600)
    """Of all tests together; like the former in processor time, or asleep."""
    memory_mb: int = Field(512, ge=16, le=16_384)
    output_mb: float = Field(10.0, gt=0, le=64)
    """Of what is printed, and of what is returned, by all tests together."""

    def read(self, sample: Sample, item: Item) -> Case:
        if self.fairmark.thinking is not None:
            sample = self.fairmark.thinking.strip(sample, item)
        tests = self._tests(sample, item)
        prelude = "" if self.prelude is None else self.prelude.render(sample, item) + "\n"
        text = self.input.render(sample, item)
        if len(text) > LONGEST:
            raise too_long(self.input, "the text")
        try:
            return Case(prelude + program(text), tests)
        except NoProgram as error:
            raise ModelFault(str(error)) from None

    def runs_on(self, tools: Tools) -> str:
        return tools.sandbox.release()

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        tests = case.reference
        try:
            return self._verdict(await run(tools, self._run(tests), case.answer, self._way()), tests)
        except TogetherNeeded as error:
            if self.asserts_inside == "forbid":
                raise _inside(str(error)) from None
        tests = {**tests, "beside": True}
        return self._verdict(await run(tools, self._run(tests), case.answer, self._way()), tests)

    def _tests(self, sample: Sample, item: Item) -> dict[str, Any]:
        """The tests, found to be readable as far as that can be told without running them. Raises `Ungradable`."""
        found = value(self.tests, sample, item)
        try:
            tests = forms.suite(found, self._function(sample, item))
        except forms.Unreadable as error:
            raise Ungradable(f"the tests '{self.tests.source}' can't be read: {error}", repeatable=True) from None
        if self.asserts_inside == "forbid" and (tests.get("beside") or tests.get("has_classes")):
            raise _inside("they have classes of their own, or reach into its streams or names")
        return tests

    def _function(self, sample: Sample, item: Item) -> str | None:
        try:
            return self.function.render(sample, item)
        except Ungradable:
            return None  # most tests name it themselves

    def _run(self, tests: dict[str, Any]) -> Tests:
        match tests["form"]:
            case "inputs":
                return InputTests(tests["inputs"], tests["outputs"], self.output, self.tolerance)
            case "calls":
                from_json = tests["written_in"] == "json"
                return CallTests(tests["calls"], ValueRule(tolerance=self.tolerance, lists_as_tuples=from_json))
        return running.CodeTests(tests["pieces"], tests["function"], tests["beside"])

    def _way(self) -> Way:
        return Way(
            seconds_per_test=self.seconds_per_test,
            seconds=self.seconds,
            memory_bytes=self.memory_mb << 20,
            output_bytes=int(self.output_mb * (1 << 20)),
            apart=self.isolation == "test",
            stop=self.score == "all",
        )

    def _verdict(self, results: list[Result], tests: dict[str, Any]) -> Verdict:
        passed = sum(result.passed for result in results)
        failed = next(((place, r) for place, r in enumerate(results, 1) if not r.passed), None)
        score = passed / len(results) if self.score == "share" else float(failed is None)
        return Verdict(
            score,
            reason=_reason(results, failed),
            rule=_rule(results, tests),
            repeatable=all(result.repeatable for result in results),
            prints=failed[1].detail if failed else None,
        )


def _reason(results: list[Result], failed: tuple[int, Result] | None) -> str | None:
    inside = "the program takes part in this verdict, and could have forged it" if _asked(results) else None
    if failed is None:
        return inside
    place, result = failed
    return f"test {place}: {result.reason}" + (f"; {inside}" if inside else "")


def _rule(results: list[Result], tests: dict[str, Any]) -> str:
    if tests["form"] == "code":
        return "code_tests.asserts_inside" if _asked(results) else "code_tests.asserts"
    return f"code_tests.{tests['form']}"


def _asked(results: list[Result]) -> bool:
    return any(result.asked for result in results)


def _inside(why: str) -> Ungradable:
    return Ungradable(f"the tests would have to share a process with the program: {why}", repeatable=True)
