"""`python`: OpenAI's contract, what a user's code may do, and whose fault is what."""

import os
import signal
from typing import Any, TypeVar

import pytest

from fairmark_graders import InvalidGrader, Verdict, parse_grader
from fairmark_graders.grader import Tools
from fairmark_graders.local import grade_with, run
from fairmark_graders.python_grader import Python
from fairmark_graders.sample import Sample
from fairmark_graders.sandbox.graders import KEPT, Graders
from fairmark_graders.workers import Workers

T = TypeVar("T")

WRATIO = """
from rapidfuzz import fuzz, utils

def grade(sample, item):
    return fuzz.WRatio(sample["output_text"], item["reference_answer"], processor=utils.default_process) / 100
"""
ANSWER = """
def extract(sample, item):
    print("extracting")
    return sample["output_text"].split()[-1]

def grade(sample, item):
    print("grading")
    return extract(sample, item) == item["answer"]
"""


@pytest.fixture(scope="module")
def tools() -> Any:
    made = Tools(Workers(1), graders=Graders(1))
    yield made
    run(made.close())


def python(source: str, **fields: Any) -> Python:
    grader = parse_grader({"type": "python", "source": source, **fields})
    assert isinstance(grader, Python)
    return grader


def graded(tools: Tools, source: str, text: str = "", item: dict[str, Any] | None = None) -> Verdict:
    return run(grade_with(tools, python(source), Sample(text), item or {}))


def returning(expression: str) -> str:
    return f"def grade(sample, item):\n    return {expression}\n"


def refusal(tools: Tools, source: str) -> str:
    with pytest.raises(InvalidGrader) as refused:
        run(python(source).check(tools))
    return str(refused.value)


def test_the_answer_that_openai_gave_is_reproduced(tools: Tools) -> None:
    item = {"reference_answer": "fuzzy wuzzy had no hair"}
    assert graded(tools, WRATIO, "fuzzy wuzzy was a bear", item).score == 0.7555555555555555


@pytest.mark.parametrize(
    ("expression", "score"),
    [
        ("0.25", 0.25),
        ("-3", -3.0),
        ("True", 1.0),
        ("__import__('fractions').Fraction(1, 4)", 0.25),
        ("__import__('numpy').float32(0.5)", 0.5),
    ],
)
def test_a_number_of_any_kind_is_the_score(tools: Tools, expression: str, score: float) -> None:
    verdict = graded(tools, returning(expression))
    assert (verdict.score, verdict.outcome, verdict.repeatable) == (score, "graded", True)


@pytest.mark.parametrize("expression", ["None", "'0.5'", "[1.0]", "float('nan')", "1e400", "1j", "{}"])
def test_what_is_no_finite_number_scores_0_and_is_counted_apart(tools: Tools, expression: str) -> None:
    verdict = graded(tools, returning(expression))
    assert (verdict.score, verdict.outcome, verdict.error) == (0.0, "grader_error", "grader_runtime")
    assert "expected a finite number" in (verdict.reason or "")


def test_an_exception_scores_0_with_its_line_and_shows_prints_and_traceback(tools: Tools) -> None:
    verdict = graded(tools, "def grade(sample, item):\n    print('looking')\n    return item['answer']\n")
    assert (verdict.score, verdict.outcome, verdict.repeatable) == (0.0, "grader_error", False)
    assert verdict.reason == "line 3: KeyError: 'answer'"
    assert (verdict.prints or "").startswith('looking\nTraceback (most recent call last):\n  File "grader.py", line 3')
    assert "inside" not in (verdict.prints or "")


def test_half_a_surrogate_pair_can_be_printed_and_raised(tools: Tools) -> None:
    verdict = graded(tools, "def grade(sample, item):\n    print('\\ud800')\n    raise ValueError('\\udc00')\n")
    assert verdict.reason == "line 3: ValueError: \\udc00"
    assert (verdict.prints or "").startswith("\\ud800\nTraceback")


def test_the_sample_has_the_fields_of_openai_and_the_item_all_of_the_row(tools: Tools) -> None:
    source = returning(
        "sample['output_json']['a'] + len(sample['choices']) + len(sample['output_tools'] or []) + item['b']"
    )
    assert graded(tools, source, '{"a": 10}', {"b": 100}).score == 111


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x =", 'source: File "grader.py", line 1'),
        ("import nowhere_to_be_found", "line 1: ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("x = 1", "expected a function grade(sample, item)"),
        ("grade = 1", "expected a function grade(sample, item)"),
        ("def grade(sample): return 1", "two positional parameters; got grade(sample)"),
        ("def grade(sample, item, trace_id): return 1", "two positional parameters; got grade(sample, item, trace_id)"),
        ("def grade(sample, item=None): return 1", "two positional parameters; got grade(sample, item=None)"),
        ("def grade(sample, *, item): return 1", "two positional parameters; got grade(sample, *, item)"),
        ("def grade(*both): return 1", "two positional parameters; got grade(*both)"),
        ("async def grade(sample, item): return 1", "expected a plain function"),
        ("import os\nos._exit(0)", "importing it ends its process"),
        ("raise SystemExit", "line 1: SystemExit"),
        ("open('/etc/passwd')", "line 1: FileNotFoundError"),
        ("import socket\nsocket.socket()", "line 2: PermissionError"),
    ],
)
def test_a_source_that_gives_no_grader_is_refused_when_it_is_loaded(tools: Tools, source: str, said: str) -> None:
    assert said in refusal(tools, source)


def test_a_source_of_256_kb_is_refused_and_a_shorter_one_is_not(tools: Tools) -> None:
    shell = returning("1.0") + "#"
    assert graded(tools, shell.ljust(255_999, "x")).score == 1
    with pytest.raises(InvalidGrader, match="source: expected less than 256,000 bytes, got 256,000"):
        python(shell.ljust(256_000, "x"))


ONCE = """
import os

made, seen = os.getpid(), []

def grade(sample, item):
    seen.append(1)
    open("left", "a").write("x")
    return [os.getppid() == made, len(seen), len(open("left").read())] == [True, 1, 1]
"""


def test_the_source_is_imported_once_and_no_sample_sees_another(tools: Tools) -> None:
    assert [graded(tools, ONCE, str(sample)).score for sample in range(3)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "attempt",
    [
        "__import__('socket').socket()",
        "__import__('os').fork()",
        "__import__('subprocess').run(['true'])",
        "open('/proc/self/environ').read()",
        "__import__('os').kill(__import__('os').getppid(), 9)",
        "__import__('os').execv('/bin/true', ['true'])",
        "open('/etc/hostname').read()",
    ],
)
def test_a_grader_gets_nowhere(tools: Tools, attempt: str) -> None:
    assert graded(tools, returning(f"[{attempt}] and 1.0")).outcome == "grader_error"


@pytest.mark.parametrize("call", ["os.execv('/bin/true', ['true'])", "os.setuid(0)", "os.mkdir('/usr/lib/own')"])
def test_nor_does_importing_it(tools: Tools, call: str) -> None:
    assert "line 2: " in refusal(tools, f"import os\n{call}\n{returning('1.0')}")


def test_a_fork_made_by_importing_answers_for_nobody(tools: Tools) -> None:
    assert graded(tools, "import os\nos.fork()\n" + returning("1.0")).score == 1


@pytest.mark.parametrize("way", ["__import__('os')._exit(0)", "__import__('os').abort()"])
def test_a_grader_that_ends_its_process_is_to_blame(tools: Tools, way: str) -> None:
    verdict = graded(tools, returning(way))
    assert (verdict.score, verdict.outcome) == (0.0, "grader_error")
    assert "the grader's process ended" in (verdict.reason or "")


def test_too_much_memory_is_the_graders_fault(tools: Tools) -> None:
    verdict = graded(tools, returning("len(bytearray(3 << 30))"))
    assert (verdict.outcome, verdict.reason) == ("grader_error", "grade takes more than 2 GB of memory")


def test_too_much_output_is_the_graders_fault(tools: Tools) -> None:
    verdict = graded(tools, returning("print('x' * (11 << 20)) or 1.0"))
    assert verdict.outcome == "grader_error"


def test_samples_that_agree_in_what_extract_finds_come_down_to_one_case(tools: Tools) -> None:
    grader, item = python(ANSWER), {"answer": "42"}
    first, second = (
        run(grader.judge(grader.read(Sample(text), item), tools)) for text in ("so it is 42", "I believe 42")
    )
    assert first == second
    assert not isinstance(first, Verdict)
    verdict = run(grader.judge(first, tools))
    assert isinstance(verdict, Verdict)
    assert (verdict.score, verdict.prints) == (1.0, "grading\n")


def test_with_an_extract_the_verdict_is_that_of_grade(tools: Tools) -> None:
    assert [graded(tools, ANSWER, text, {"answer": "42"}).score for text in ("it is 42", "it is 43")] == [1.0, 0.0]


def test_a_grade_that_looks_past_extract_is_told_so(tools: Tools) -> None:
    verdict = graded(tools, ANSWER.replace("return extract(sample, item)", "return sample['output_text']"), "42")
    assert verdict.outcome == "grader_error"
    assert "grade sees of the sample what extract(sample, item) returns" in (verdict.reason or "")


def test_what_json_would_change_is_nothing_to_extract(tools: Tools) -> None:
    verdict = graded(tools, "def extract(sample, item): return 1, 2\n" + returning("1.0"))
    assert verdict.outcome == "grader_error"
    assert "extract returned (1, 2); expected what JSON keeps as it is" in (verdict.reason or "")


def test_a_function_for_the_graders_own_use_may_be_called_extract(tools: Tools) -> None:
    source = "def extract(text): return text.split()[-1]\n" + returning("extract(sample['output_text']) == '42'")
    assert graded(tools, source, "it is 42").score == 1


def test_a_zygote_that_is_killed_is_replaced(tools: Tools) -> None:
    source = returning("1.0") + "# killed"
    assert graded(tools, source).score == 1
    ((_, zygote),) = [kept for kept in tools.graders._idle if kept[0] == source]
    os.kill(zygote.pid, signal.SIGKILL)
    assert graded(tools, source).score == 1


def test_only_the_zygotes_used_last_are_kept(tools: Tools) -> None:
    for number in range(KEPT + 2):
        assert graded(tools, returning(f"{number}.0")).score == number
    kept = [source for source, _ in tools.graders._idle]
    assert len(kept) == KEPT
    assert kept[-1] == returning(f"{KEPT + 1}.0")


def test_the_version_follows_the_source_and_not_the_name() -> None:
    one, same, other = python("x = 1", name="a"), python("x = 1", name="b"), python("x = 2")
    assert one.version == same.version != other.version
