"""What a program earns, whose fault what is, and what a program can't do about its verdict. In the real sandbox."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fairmark_graders import InvalidGrader, Verdict, grade, parse_grader
from fairmark_graders.grader import Tools
from fairmark_graders.local import grade_with, run
from fairmark_graders.sample import Sample
from fairmark_graders.workers import Workers

GRADER = {"type": "code_tests", "input": "{{ sample.output_text }}", "tests": "{{ item.tests }}"}
SUMS = [{"input": "1 2\n", "output": "3\n"}, {"input": "3 4\n", "output": "7\n"}, {"input": "5 6\n", "output": "11\n"}]
ADD = ["assert add(1, 2) == 3", "assert add('a', 'b') == 'ab'", "assert add([], [1]) == [1]"]
CHECK = """
def check(candidate):
    for number in range(5):
        assert candidate(number) == number * number
    assert abs(candidate(0.5) - 0.25) < 1e-9
"""


def rows(name: str) -> list[dict[str, Any]]:
    """The programs of a file; what they do to each other's process is best seen unescaped."""
    (found,) = tomllib.loads((Path(__file__).parent / "code_tests" / name).read_text()).values()
    return list(found)


def judged(program: str, tests: Any, *, item: dict[str, Any] | None = None, **fields: Any) -> Verdict:
    return grade(GRADER | fields, f"```python\n{program}\n```", {"tests": tests} | (item or {}))


def share(program: str, tests: Any, **fields: Any) -> float | None:
    return judged(program, tests, score="share", **fields).score


class TestInputs:
    """Programs that read and print."""

    @pytest.mark.parametrize("case", rows("adders.toml"), ids=lambda case: case["program"][:60])
    @pytest.mark.parametrize("isolation", ["submission", "test"])
    def test_a_right_program_passes_however_it_reads_and_writes(self, case: dict[str, Any], isolation: str) -> None:
        verdict = judged(case["program"], SUMS, isolation=isolation)
        assert (verdict.score, verdict.rule, verdict.reason) == (1.0, "code_tests.inputs", None)

    def test_each_input_finds_the_program_as_if_newly_started(self) -> None:
        program = "try:\n    seen += 1\nexcept NameError:\n    seen = 0\nprint(sum(map(int, input().split())) + seen)"
        assert judged(program, SUMS).score == 1.0

    def test_an_input_may_hold_anything(self) -> None:
        tests = [{"input": text, "output": ascii(text)} for text in ("", "é\u2028\x00", "a" * 300_000, "1\r\n2")]
        assert judged("import sys\nprint(ascii(open(0, newline='').read()))", tests).score == 1.0

    def test_all_or_nothing_names_the_first_test_that_failed(self) -> None:
        verdict = judged("print(3)", SUMS)
        assert (verdict.score, verdict.reason) == (0.0, "test 2: wrong output")

    def test_no_test_answers_for_the_output_of_another(self) -> None:
        tests = [{"input": "", "output": "x" * 600_000}] * 3
        assert judged("print('x' * 600_000)", tests, output_mb=1).score == 1.0

    def test_the_share_that_passed(self) -> None:
        assert share("print(3)", SUMS) == pytest.approx(1 / 3)

    @pytest.mark.parametrize("score", ["all", "share"])
    def test_the_reason_tells_nothing_of_what_was_expected_and_explain_does(self, score: str) -> None:
        verdict = judged("print('mine')", [{"input": "", "output": "4711"}], score=score)
        assert "4711" not in str(verdict.reason)
        assert verdict.prints == "expected '4711'\ngot      'mine\\n'"

    @pytest.mark.parametrize(
        ("program", "reason"),
        [
            ("print(3)\nraise ValueError('x')", "test 1: error: ValueError in line 2"),
            ("def f():\n    return 1 / 0\nf()", "test 1: error: ZeroDivisionError in line 2"),
            ("print(3)\nraise SystemExit(2)", "test 1: error: exit code 2"),
            ("print(3)\nraise SystemExit('no')", "test 1: error: exit code 1"),
            ("import os\nos._exit(7)", "test 1: error: exit code 7"),
            ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "test 1: signalled: 11"),
            ("input()\ninput()", "test 1: error: EOFError in line 2"),
            ("print(", "the program can't be run: SyntaxError in line 1"),
            ("print(3)\n  print(4)", "the program can't be run: IndentationError in line 2"),
        ],
    )
    def test_how_a_program_fails(self, program: str, reason: str) -> None:
        verdict = judged(program, SUMS, score="share")
        assert (verdict.score, verdict.outcome, verdict.reason) == (0.0, "graded", reason)

    def test_output_is_compared_by_the_rule(self) -> None:
        tests = [{"input": "", "output": "b 1.0\na 2.0"}]
        program = "print(' a   2.001')\nprint('b 1')"
        rule = {"whitespace": "words", "line_order": "any"}
        assert judged(program, tests, output=rule, tolerance={"absolute": 0.01}).score == 1.0
        assert judged(program, tests, output=rule).score == 0.0

    @pytest.mark.parametrize(("changed", "score"), [("", 1.0), ("x", 0.0)])
    def test_long_outputs_are_compared_to_the_last_byte(self, changed: str, score: float) -> None:
        tests = [{"input": "", "output": "line \n" * 500_000 + changed}]
        assert judged("print('line\\n' * 500_000, end='')", tests).score == score


class TestLimits:
    """Each is the program's own fault, and none is kept."""

    @pytest.mark.parametrize(
        ("program", "limit"),
        [
            ("while True:\n    pass", "time_limit"),
            ("import time\ntime.sleep(60)", "time_limit"),
            ("print(9**9**9)", "time_limit"),
            ("import re\nre.match('(a+)+b', 'a' * 50)", "time_limit"),
            ("x = [0] * 10**9", "memory_limit"),
            ("print('x' * 3_000_000)", "output_limit"),
        ],
    )
    def test_a_test_over_a_limit_fails(self, program: str, limit: str) -> None:
        verdict = judged(program, SUMS, seconds_per_test=0.3, output_mb=1, memory_mb=128)
        assert (verdict.score, verdict.reason, verdict.repeatable) == (0.0, f"test 1: {limit}", False)

    def test_the_tests_after_one_over_a_limit_are_run(self) -> None:
        program = "a, b = map(int, input().split())\nwhile a == 3:\n    pass\nprint(a + b)"
        verdict = judged(program, SUMS, score="share", seconds_per_test=0.3)
        assert verdict.score == pytest.approx(2 / 3)
        assert verdict.reason == "test 2: time_limit"

    def test_no_test_answers_for_the_memory_of_another(self) -> None:
        program = "import builtins\nprint(sum(map(int, input().split())))\nbuiltins.kept = 'x' * 90_000_000"
        assert judged(program, SUMS, memory_mb=128).score == 1.0

    def test_the_limit_of_all_tests_ends_what_each_would_allow(self) -> None:
        verdict = judged("while True:\n    pass", SUMS, score="share", seconds_per_test=0.4, seconds=0.5)
        assert (verdict.score, verdict.repeatable) == (0.0, False)

    def test_a_program_that_never_gets_to_its_tests_is_not_tried_for_each(self) -> None:
        verdict = judged("while True:\n    pass", ADD * 30, score="share", seconds_per_test=0.3)
        assert (verdict.score, verdict.reason) == (0.0, "loading the program: time_limit")


class TestCalls:
    """Functions that are called with literals."""

    @pytest.mark.parametrize(
        "tests",
        [
            ADD,
            "\n".join(ADD),
            json.dumps(ADD),
            [{"call": "add", "args": [1, 2], "expected": 3}, {"call": "add('a', b='b')", "expected": "ab"}],
            {"inputs": [[1, 2], ["a", "b"]], "outputs": [3, ["ab"]], "fn_name": "add"},
            {"inputs": ["1\n2", '"a"\n"b"'], "outputs": ["3", '"ab"'], "fn_name": "add"},
        ],
    )
    @pytest.mark.parametrize("isolation", ["submission", "test"])
    def test_a_right_function_passes(self, tests: Any, isolation: str) -> None:
        verdict = judged("def add(a, b):\n    return a + b", tests, isolation=isolation)
        assert (verdict.score, verdict.rule) == (1.0, "code_tests.calls")

    def test_the_share_that_passed(self) -> None:
        assert share("def add(a, b):\n    return 3", ADD) == pytest.approx(1 / 3)

    def test_the_item_may_name_the_function(self) -> None:
        tests = [{"args": [1], "kwargs": {"b": 2}, "expected": 3}]
        assert judged("def add(a, b):\n    return a + b", tests, item={"entry_point": "add"}).score == 1.0
        assert judged("def add(a, b):\n    return a + b", tests).outcome == "ungradable"

    def test_a_function_may_be_a_method_of_solution(self) -> None:
        program = "class Solution:\n    def add(self, a, b):\n        return a + b"
        assert judged(program, ADD).score == 1.0

    @pytest.mark.parametrize(
        ("tests", "score"), [(["assert f() == [1, (2,)]"], 0.0), ([{"call": "f", "expected": [1, [2]]}], 1.0)]
    )
    def test_json_has_no_tuples_and_python_has(self, tests: Any, score: float) -> None:
        assert judged("def f():\n    return (1, (2,))", tests).score == score

    @pytest.mark.parametrize(
        ("program", "reason"),
        [
            ("def add(a, b):\n    return a - b", "test 1: wrong value"),
            ("def add(a, b):\n    return c", "test 1: error: NameError in line 2"),
            ("def plus(a, b):\n    return a + b", "test 1: error: no function add"),
            ("def add(a, b):\n    return object()", "test 1: error: returned an object of class object"),
            ("def add(a, b):\n    x = []\n    x.append(x)\n    return x", "nested more than"),
            ("import os\ndef add(a, b):\n    os._exit(0)", "test 1: error: the program ended itself"),
            ("def add(a, b):\n    return add(a, b)", "test 1: error: RecursionError in line 2"),
            ("x = 1 / 0", "the program can't be run: ZeroDivisionError in line 1"),
            ("import sys\nsys.exit(0)", "the program can't be run: SystemExit in line 2"),
        ],
    )
    def test_how_a_function_fails(self, program: str, reason: str) -> None:
        verdict = judged(program, ADD, score="share")
        assert (verdict.score, verdict.outcome) == (0.0, "graded")
        assert reason in str(verdict.reason)

    @pytest.mark.parametrize(
        ("test", "score"),
        [("f('abc')", 1.0), ("not f('xyz')", 1.0), ("f('abc') != None", 1.0), ("not f('abc')", 0.0)],
    )
    def test_what_is_no_plain_data_is_true_or_not(self, test: str, score: float) -> None:
        assert judged("import re\ndef f(text):\n    return re.match('a', text)", [f"assert {test}"]).score == score

    @pytest.mark.parametrize(
        ("value", "score"), [("0.1 + 0.2", 1.0), ("[0.3]", 0.0), ("0.4", 0.0), ("True", 0.0), ("'0.3'", 0.0)]
    )
    def test_numbers_may_be_off_by_the_tolerance(self, value: str, score: float) -> None:
        tests = ["assert f() == 0.3"]
        assert judged(f"def f():\n    return {value}", tests, tolerance={"absolute": 1e-6}).score == score


class TestAsserts:
    """Test code that is more than calls: it runs apart from the program."""

    @pytest.mark.parametrize("case", rows("asserts.toml"), ids=lambda case: case["tests"][:60])
    def test_right_programs_pass(self, case: dict[str, Any]) -> None:
        verdict = judged(case["program"], {"tests": case["tests"], "function": case.get("function")})
        assert (verdict.reason, verdict.score, verdict.rule) == (None, 1.0, "code_tests.asserts")

    def test_check_is_one_test(self) -> None:
        item = {"entry_point": "square"}
        assert judged("def square(x):\n    return x * x", CHECK, item=item).score == 1.0
        assert judged("def square(x):\n    return abs(x) * x + 1e-6", CHECK, item=item).score == 0.0

    def test_each_assertion_function_and_method_is_a_test(self) -> None:
        tests = (
            "import unittest\nx = f(0)\nassert x == 0\nassert f(1) == 2\n"
            "def test_two():\n    assert f(2) == 2\n"
            "class Cases(unittest.TestCase):\n    def setUp(self):\n        self.n = 3\n"
            "    def test_three(self):\n        self.assertEqual(f(self.n), 3)\n"
            "    def test_four(self):\n        self.assertEqual(f(4), 5)\n"
            "if __name__ == '__main__':\n    unittest.main()\n"
        )
        verdict = judged("def f(x):\n    return x", tests, score="share")
        assert (verdict.score, verdict.reason) == (3 / 5, "test 2: an assertion doesn't hold")

    @pytest.mark.parametrize("isolation", ["submission", "test"])
    def test_the_tests_after_one_that_ends_the_program_are_run(self, isolation: str) -> None:
        program = "import os\ndef f(x):\n    if x == 1:\n        os._exit(0)\n    return x"
        tests = [f"y = {x}\nassert f(y) == y" for x in range(3)]
        verdict = judged(program, tests, score="share", isolation=isolation)
        assert verdict.score == pytest.approx(2 / 3)
        assert "test 2: error" in str(verdict.reason)

    @pytest.mark.parametrize(
        ("program", "reason"),
        [
            ("def f(x):\n    while True:\n        pass", "test 1: time_limit"),
            ("def f(x):\n    return 'x' * 10**9", "test 1: memory_limit"),
            ("def f(x):\n    return x + 1", "test 1: an assertion doesn't hold"),
            ("def f(x):\n    raise KeyError", "test 1: error: KeyError"),
            ("g = 1", "test 1: error: NameError"),
            ("1 / 0", "the program can't be run: ZeroDivisionError in line 1"),
            ("while True:\n    pass", "loading the program: time_limit"),
        ],
    )
    def test_how_a_program_fails(self, program: str, reason: str) -> None:
        verdict = judged(program, "y = 1\nassert f(y) == y", seconds_per_test=0.4, memory_mb=128)
        assert (verdict.score, verdict.outcome, verdict.reason) == (0.0, "graded", reason)

    def test_code_that_is_too_long_to_be_read_here_is_read_there(self) -> None:
        tests = [f"assert f({number}) == {number}" for number in range(900)]
        assert judged("def f(x):\n    return x", tests).score == 1.0
        assert share("def f(x):\n    return min(x, 449)", tests) == 0.5

    @pytest.mark.parametrize(
        "tests", ["x = 1", "assert f(" + " " * 5000, "import no_such_module\nassert f(1) == y", "\0" * 5000]
    )
    @pytest.mark.parametrize(
        "program", ["def f(x):\n    return x", "def f(x): 1 / 0", "import os\nos._exit(0)", "while True: pass"]
    )
    def test_tests_that_can_not_be_run_are_not_the_programs_fault(self, program: str, tests: str) -> None:
        assert judged(program, tests, seconds_per_test=0.3).outcome == "ungradable"


class TestShared:
    """Tests that can't be told apart from the program run in its process, and the verdict says so."""

    PRINTS = """
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as out:
    f()
assert out.getvalue() == "hi\\n"
"""
    HANDS = "class Node:\n    def __init__(self, value):\n        self.value = value\nassert f(Node(3)) == 3"

    @pytest.mark.parametrize(
        ("program", "tests"), [("def f():\n    print('hi')", PRINTS), ("def f(node):\n    return node.value", HANDS)]
    )
    def test_they_are_run_together_and_the_verdict_says_so(self, program: str, tests: str) -> None:
        verdict = judged(program, tests)
        assert (verdict.score, verdict.rule) == (1.0, "code_tests.asserts_inside")
        assert verdict.reason == "the program takes part in this verdict, and could have forged it"

    def test_what_an_object_is_an_instance_of_is_the_programs_word(self) -> None:
        program = "class C:\n    pass\ndef f():\n    return C()"
        assert judged(program, "assert isinstance(f(), C)").rule == "code_tests.asserts_inside"

    def test_tests_that_lean_on_more_of_the_program_than_what_they_test_say_so(self) -> None:
        program = "def helper(x):\n    return 0\ndef f(x):\n    return 1"
        tests = {"test": "def check(candidate):\n    assert abs(helper(candidate(1))) < 1", "entry_point": "f"}
        assert judged(program, tests).rule == "code_tests.asserts_inside"

    @pytest.mark.parametrize("tests", [PRINTS, HANDS])
    @pytest.mark.parametrize("program", ["def f(*args):\n    print('hi')", "1 / 0", "def f(*a): raise MemoryError"])
    def test_they_are_ungradable_where_that_is_forbidden(self, program: str, tests: str) -> None:
        assert judged(program, tests, asserts_inside="forbid").outcome == "ungradable"

    @pytest.mark.parametrize("line", ['{"unreadable": "x"}', '{"beside": "x"}', '{"tests": 1000000000}', "[]", ""])
    def test_no_program_makes_itself_ungradable(self, line: str) -> None:
        program = f"import os\nos.ftruncate(3, 0)\nos.pwrite(3, {line.encode()!r} + b'\\n', 0)\nos._exit(0)"
        verdict = judged(program, self.PRINTS, score="share")
        assert (verdict.score, verdict.outcome) == (0.0, "graded")

    def test_no_program_brings_them_about(self) -> None:
        tests = {"test": "def check(candidate):\n    assert candidate(type, 3) == candidate(lambda x: type(x), 3)"}
        program = "class A:\n    __eq__ = lambda *_: True\ndef f(g, x):\n    g(A())\n    return A()"
        verdict = judged(program, tests, function="f")
        assert (verdict.score, verdict.rule) == (0.0, "code_tests.asserts")

    def test_what_a_function_of_the_tests_makes_may(self) -> None:
        program = "def f(g):\n    return sum(g(3))"
        tests = {"test": "def check(candidate):\n    assert candidate(lambda n: (x for x in range(n))) == 3"}
        assert judged(program, tests, function="f").score == 1.0

    def test_objects_of_the_program_are_compared_by_the_program_and_the_verdict_says_so(self) -> None:
        program = """
class V:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return self.x == other.x
    def __add__(self, other): return V(self.x + other.x)
    def __mul__(self, number): return V(self.x * number)
"""
        verdict = judged(program, "assert V(1) + V(2) == V(3)\nassert (V(2) * 3).x == 6")
        assert (verdict.score, verdict.rule) == (1.0, "code_tests.asserts_inside")


TESTS = {
    "calls": ["assert f(4) == 16", "assert f('a') == 'xyzzy'", "assert f(0) == [1]"],
    "json": [{"call": "f", "args": [4], "expected": 16}, {"call": "f", "args": [0], "expected": ["xyzzy"]}],
    "asserts": [
        "x = 4\nassert f(x) == 16",
        "assert abs(f(4) - 16) < 1e-6",
        "assert math.isclose(f(4), 16)",
        "assert sorted(f(4)) == [1, 2]",
        "assert 'xyzzy' == f(x)",
        "assert f(f(x)) == 3",
        "assert [f(x)] == [16]",
        "assert 17 > f(x) > 15",
        "assert f(x) in (16, 17)",
        "assert 17 in f(x)",
        "assert isinstance(f(x), int) and f(x) == 16",
        "y = f(x)\nz = [y]\nassert f(z) == 16",
    ],
    "check": "def check(candidate):\n    assert candidate(4) == 16\n    assert candidate(5) == 'xyzzy'\n",
}


@pytest.mark.parametrize("form", TESTS)
@pytest.mark.parametrize("forgery", rows("forgeries.toml"), ids=lambda forgery: forgery["name"])
def test_no_forgery_passes_a_test(forgery: dict[str, Any], form: str) -> None:
    verdict = judged(forgery["program"], {"tests": TESTS[form], "function": "f"}, score="share", seconds_per_test=0.4)
    assert (verdict.score, verdict.outcome) == (0.0, "graded")
    assert verdict.rule in (None, "code_tests.calls", "code_tests.asserts")


class TestFaults:
    """Whether a sample is ungradable depends on the tests alone."""

    @pytest.mark.parametrize("text", ["```python\nprint(3)\n```", "no code", "", "```cpp\n```", "<think>never ends"])
    @pytest.mark.parametrize("tests", [3, [], {}, "assert f(", [{"input": 1, "output": "1"}], "[1"])
    def test_unreadable_tests_make_every_text_ungradable(self, text: str, tests: Any) -> None:
        verdict = grade(GRADER, text, {"tests": tests})
        assert (verdict.outcome, verdict.repeatable) == ("ungradable", True)

    def test_a_reason_can_be_sent_whatever_the_program_wrote(self) -> None:
        program = 'import os\nos.write(3, b\'{"output": 0, "exit": 1, "error": "\\\\ud800"}\\n\')\nos._exit(0)'
        assert judged(program, SUMS).reason == "test 1: error: \\ud800"

    @pytest.mark.parametrize("tests", [SUMS, ADD, "y = 3\nassert add(1, 2) == y"])
    def test_a_sandbox_that_fails_is_not_the_programs_fault(self, tests: Any) -> None:
        async def closed() -> Verdict:
            tools = Tools(Workers(1))
            await tools.sandbox.close()
            try:
                return await grade_with(tools, parse_grader(GRADER), Sample("```python\n1 / 0\n```"), {"tests": tests})
            finally:
                await tools.workers.close()

        verdict = run(closed())
        assert (verdict.outcome, verdict.repeatable) == ("ungradable", False)

    def test_missing_tests_are_named(self) -> None:
        assert grade(GRADER, "x", {}).reason == "the item has no 'item.tests'"

    @pytest.mark.parametrize("text", ["no code", "", "```cpp\nint x;\n```", "<think>```python\nprint(3)\n```"])
    def test_a_text_without_a_program_scores_0(self, text: str) -> None:
        verdict = grade(GRADER, text, {"tests": [{"input": "", "output": "3"}]})
        assert (verdict.score, verdict.outcome) == (0.0, "graded")

    def test_a_prelude_stands_before_the_program(self) -> None:
        fields = {"prelude": "{{ item.prompt }}", "function": "{{ item.name }}"}
        item = {"prompt": 'from typing import List\n\ndef f(x: List[int]) -> int:\n    """Add."""\n', "name": "f"}
        check = "def check(candidate):\n    assert candidate([1, 2]) == 3"
        assert judged("    return sum(x)", check, item=item, **fields).score == 1.0
        assert judged("def f(x: List[int]):\n    return sum(x)", check, item=item, **fields).score == 1.0

    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            ({"score": "some"}, "score"),
            ({"tests": "{{ sample.output_text }}"}, "tests"),
            ({"seconds_per_test": 0}, "seconds_per_test"),
            ({"output": {"whitespace": "none"}}, "output.whitespace"),
            ({"tolerance": {"absolute": -1}}, "tolerance.absolute"),
            ({"language": "cpp"}, "language"),
        ],
    )
    def test_a_wrong_field_is_named(self, fields: dict[str, Any], problem: str) -> None:
        with pytest.raises(InvalidGrader, match=problem):
            parse_grader(GRADER | fields)
