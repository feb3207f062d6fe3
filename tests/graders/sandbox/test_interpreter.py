"""Which releases decide what a program does."""

import platform
import sys
from importlib.metadata import version
from pathlib import Path

from fairmark_graders import Tools, parse_grader
from fairmark_graders.grader import Awaited
from fairmark_graders.sandbox import Graders, Sandbox
from fairmark_graders.sandbox.interpreter import release
from fairmark_graders.workers import Workers


def runs_on(tools: Tools, **configuration: str) -> str:
    grader = parse_grader(configuration)
    assert isinstance(grader, Awaited)
    return grader.runs_on(tools)


def test_a_python_is_named_with_its_libraries() -> None:
    names = release(Path(sys.executable)).split()
    assert names[0] == platform.python_version()
    assert f"pydantic=={version('pydantic')}" in names


def test_a_python_that_is_not_there_has_no_release() -> None:
    assert release(Path("/no/such/python")) == ""


def test_graders_that_run_programs_say_on_what() -> None:
    plain = Tools(Workers(1), Sandbox(), Graders())
    other = Tools(Workers(1), Sandbox(python=Path(sys.executable)), Graders(python=Path("/no/such/python")))
    code = {"type": "code_tests", "input": "{{ sample.output_text }}", "tests": "{{ item.tests }}"}
    python = {"type": "python", "source": "def grade(sample, item): return 1.0"}
    assert runs_on(plain, **code) == platform.python_version()
    assert runs_on(plain, **python) == runs_on(other, **code) == release(Path(sys.executable))
    assert runs_on(other, **python) == ""


def test_other_graders_run_on_nothing_of_the_kind() -> None:
    assert runs_on(Tools(Workers(1)), type="regex", input="{{ sample.output_text }}", pattern="a") == ""
