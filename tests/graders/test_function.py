"""`function`: the operator's own code, called in real workers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairmark_graders import InvalidGrader, Sample, Tools, Verdict, grade, parse_grader
from fairmark_graders.fixtures import prove
from fairmark_graders.grader_file import read_grader
from fairmark_graders.local import grade_with
from fairmark_graders.workers import Workers

Judge = Callable[..., Verdict]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Grades with the body of a function `fn`; its module has a name of its own, as workers outlive a test."""

    def judge(code: str, sample: Any = "42", item: Any = None, **fields: Any) -> Verdict:
        name = f"own_{tmp_path.name}"
        (tmp_path / f"{name}.py").write_text(code)
        grader = {"type": "function", "function": f"{name}:fn", "packages": str(tmp_path), **fields}
        return grade(grader, sample, item)

    return judge


def test_a_function_of_sample_and_item_gives_the_score(judge: Judge) -> None:
    code = "def fn(sample, item): return len(sample['output_text']) / item['most']"
    assert judge(code, "four", {"most": 16}).score == 0.25


def test_a_sample_has_openai_s_fields_and_what_the_caller_sent(judge: Judge) -> None:
    code = "import json\ndef fn(sample, item): print(json.dumps(sample)); return 1"
    sent = {"output_text": '{"a": 1}', "finish_reason": "stop", "seed": 7}
    seen = judge(code, sent).prints
    assert seen == (
        '{"output_text": "{\\"a\\": 1}", "finish_reason": "stop", "seed": 7, "output_json": {"a": 1}, '
        '"output_tools": [], "choices": [{"index": 0, "message": {"role": "assistant", "content": "{\\"a\\": 1}"}, '
        '"finish_reason": "stop"}], "completion_tokens": null}\n'
    )


def test_a_function_sees_the_thinking_unless_it_is_told_apart(judge: Judge) -> None:
    code = "def fn(sample, item): return len(sample['output_text'])"
    assert judge(code, "<think>hm</think> 42").score == 20
    assert judge(code, "<think>hm</think> 42", fairmark={}).score == 20
    assert judge(code, "<think>hm</think> 42", fairmark={"thinking": {}}).score == 2
    assert judge(code, "<think>hm", fairmark={"thinking": {}}).reason == "the text is thinking that never ends"


@pytest.mark.parametrize(
    ("sample", "item", "completion"),
    [
        ("42", {"prompt": "6*7", "answer": 42}, "42"),
        ("42", {"prompt": [{"role": "user", "content": "6*7"}]}, [{"role": "assistant", "content": "42"}]),
        ([{"role": "assistant", "content": "42"}], {}, [{"role": "assistant", "content": "42"}]),
    ],
)
def test_a_reward_function_of_trl_is_called_with_one_sample(
    judge: Judge, sample: Any, item: dict[str, Any], completion: Any
) -> None:
    code = "def fn(prompts, completions, **columns):\n    print([prompts, completions, columns])\n    return [0.5]"
    verdict = judge(code, sample, item, style="trl")
    columns = {"answer": [42]} if "answer" in item else {}
    assert verdict.prints == f"{[[item.get('prompt')], [completion], columns]}\n"
    assert verdict.score == 0.5


def test_an_async_function_is_awaited(judge: Judge) -> None:
    assert judge("async def fn(completions, **columns): return [1]", style="trl").score == 1


def test_what_raises_scores_0_as_a_grader_error_and_its_traceback_is_in_the_prints_alone(judge: Judge) -> None:
    verdict = judge("def fn(sample, item):\n    print('so far')\n    return 1 / 0")
    assert (verdict.score, verdict.outcome, verdict.repeatable) == (0, "grader_error", False)
    assert verdict.reason == "the function raised ZeroDivisionError: division by zero"
    assert verdict.prints
    assert verdict.prints.startswith("so far\nTraceback (most recent call last):\n")
    assert "line 3, in fn" in verdict.prints
    assert "function_call" not in verdict.prints


def test_what_ends_its_process_scores_0_too(judge: Judge) -> None:
    assert judge("def fn(sample, item): raise SystemExit(3)").outcome == "grader_error"


@pytest.mark.parametrize(
    ("crash", "end"),
    [("os._exit(7)", "exit status 7"), ("ctypes.string_at(0)", "signal 11 (Segmentation fault)")],
)
def test_what_crashes_its_process_scores_0_as_a_grader_error(judge: Judge, crash: str, end: str) -> None:
    verdict = judge(f"import ctypes, os\ndef fn(sample, item): {crash}")
    assert (verdict.score, verdict.outcome, verdict.repeatable) == (0, "grader_error", False)
    assert verdict.reason == f"the function ended its process: {end}"


def test_what_is_killed_from_outside_has_no_score(judge: Judge) -> None:
    verdict = judge("import os\ndef fn(sample, item): os.kill(os.getpid(), 9)")  # as the kernel does for want of memory
    assert (verdict.score, verdict.outcome) == (None, "ungradable")
    assert verdict.reason == "a worker was lost: signal 9 (Killed)"


@pytest.mark.parametrize("text", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900])
def test_no_nesting_of_an_answer_makes_it_ungradable(judge: Judge, text: str) -> None:
    assert judge("def fn(sample, item): return 1", text).score is not None


@pytest.mark.parametrize("value", ["float('nan')", "float('inf')", "'1'", "[1]", "{}", "1j"])
def test_what_is_no_finite_number_scores_0_as_a_grader_error(judge: Judge, value: str) -> None:
    verdict = judge(f"def fn(sample, item): return {value}")
    assert (verdict.score, verdict.outcome) == (0, "grader_error")
    assert "expected a finite number" in (verdict.reason or "")


@pytest.mark.parametrize("value", ["[]", "[1, 2]", "1", "None"])
def test_a_reward_function_returns_a_list_of_one(judge: Judge, value: str) -> None:
    verdict = judge(f"def fn(completions, **columns): return {value}", style="trl")
    assert verdict.outcome == "grader_error"
    assert "expected a list of one reward" in (verdict.reason or "")


@pytest.mark.parametrize(("style", "value"), [("fairmark", "None"), ("trl", "[None]")])
def test_none_is_no_score(judge: Judge, style: str, value: str) -> None:
    verdict = judge(f"def fn(*samples, **columns): return {value}", style=style)
    assert (verdict.score, verdict.outcome) == (None, "ungradable")


def test_a_number_of_another_library_counts(judge: Judge) -> None:
    assert judge("from fractions import Fraction\ndef fn(sample, item): return Fraction(1, 2)").score == 0.5
    assert judge("def fn(sample, item): return True").score == 1


def test_a_function_over_its_limit_scores_0_as_a_grader_error(judge: Judge) -> None:
    verdict = judge("def fn(sample, item):\n    while True: pass", cpu_seconds=0.2)
    assert (verdict.score, verdict.outcome, verdict.repeatable) == (0, "grader_error", False)
    assert verdict.reason == "the function needed more than 0.2 s of processor time"


def test_importing_does_not_count_against_the_limit(judge: Judge) -> None:
    code = "import time\nwhile time.process_time() < 1.5: pass\ndef fn(sample, item): return 1"
    assert judge(code, cpu_seconds=0.1).score == 1


@pytest.mark.parametrize(
    "code",
    [
        "import os\ndef fn(sample, item):\n    return 1 if not os.fork() else 0.5",
        "import os\ndef fn(sample, item):\n    if os.fork(): return 0.5\n    raise KeyError",
        "import os\nos.fork()\ndef fn(sample, item): return 0.5",
    ],
)
@pytest.mark.anyio
async def test_a_fork_answers_for_nobody(tmp_path: Path, code: str) -> None:
    (tmp_path / "forks.py").write_text(code)
    (tmp_path / "quiet.py").write_text("def fn(sample, item): return 0.25")
    forks, quiet = (
        parse_grader({"type": "function", "function": f"{name}:fn", "packages": str(tmp_path)})
        for name in ("forks", "quiet")
    )
    tools = Tools(Workers(1))
    try:
        # Of one worker; an answer too many would be taken for the next task's.
        for grader, score in [(forks, 0.5), (quiet, 0.25)] * 5:
            assert (await grade_with(tools, grader, Sample("42"), {})).score == score
    finally:
        await tools.workers.close()


def test_a_flood_of_prints_is_cut(judge: Judge) -> None:
    verdict = judge("def fn(sample, item):\n    for _ in range(10_000): print('x' * 1000)\n    return 1")
    assert verdict.score == 1
    assert len(verdict.prints or "") == 10_000


def test_a_changed_module_is_another_version_and_is_imported_anew(tmp_path: Path) -> None:
    module = tmp_path / "changes.py"
    configuration = {"type": "function", "function": "changes:fn", "packages": str(tmp_path)}
    versions = []
    for score in (1, 2):
        module.write_text(f"def fn(sample, item): return {score}")
        grader = parse_grader(configuration)
        assert {grade(grader, "").score for _ in range(4)} == {score}
        versions.append(grader.version)
    assert versions[0] != versions[1]


def test_a_version_is_that_of_the_code_wherever_it_lies(tmp_path: Path) -> None:
    versions = set()
    for place in ("here", "there"):
        (tmp_path / place / "pack").mkdir(parents=True)
        (tmp_path / place / "pack" / "__init__.py").touch()
        (tmp_path / place / "pack" / "mod.py").write_text("def fn(sample, item): return 1")
        grader = parse_grader({"type": "function", "function": "pack.mod:fn", "packages": str(tmp_path / place)})
        versions.add(grader.version)
    assert len(versions) == 1
    (tmp_path / "there" / "pack" / "other.py").write_text("A = 1")
    grader = parse_grader({"type": "function", "function": "pack.mod:fn", "packages": str(tmp_path / "there")})
    assert grader.version not in versions


def test_two_modules_of_one_name_stay_apart(tmp_path: Path) -> None:
    graders = []
    for score in (1, 2):
        place = tmp_path / str(score)
        place.mkdir()
        (place / "twin.py").write_text(f"def fn(sample, item): return {score}")
        graders.append(parse_grader({"type": "function", "function": "twin:fn", "packages": str(place)}))
    assert [grade(grader, "").score for grader in graders * 3] == [1, 2] * 3


def test_a_function_comes_with_packages_of_its_own_and_replaces_none_of_fairmark_s(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import brought, json\ndef fn(sample, item): return brought.n + (json.n or 0)")
    (tmp_path / "brought.py").write_text("n = 3")
    (tmp_path / "json.py").write_text("n = 100")
    verdict = grade({"type": "function", "function": "mine:fn", "packages": str(tmp_path)}, "")
    assert verdict.reason == "the function raised AttributeError: module 'json' has no attribute 'n'"


@pytest.mark.anyio
async def test_what_other_graders_have_imported_is_never_imported_anew(tmp_path: Path) -> None:
    (tmp_path / "same.py").write_text(
        "import json\nfrom fairmark_graders import sample\ndef fn(_, item): return sample.json is json"
    )
    tools = Tools(Workers(1))
    lost, same = ({"type": "function", "function": function} for function in ("json:nothing", "same:fn"))
    verdicts = [
        await grade_with(tools, parse_grader(grader), Sample("x"), {})
        for grader in (lost, same | {"packages": str(tmp_path)})
    ]
    await tools.workers.close()
    assert [verdict.score for verdict in verdicts] == [None, 1.0]


def test_nothing_is_imported_or_written_where_the_grader_is_held(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(
        f"import os\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nfn = abs"
    )
    grade({"type": "function", "function": "loud:fn", "packages": str(tmp_path)}, "")
    assert int((tmp_path / "pid").read_text()) != os.getpid()
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"function": "mod"}, "function: expected package.module:name, such as rewards.short:fn"),
        ({"function": "mod:fn.x"}, "function: expected package.module:name"),
        ({"function": "mod:fn\n"}, "function: expected package.module:name"),
        ({"function": "mod:fn", "packages": "rel"}, "packages: expected an absolute path"),
        ({"function": "mod:fn", "cpu_seconds": 0}, "cpu_seconds: input should be greater than 0"),
        ({"function": "mod:fn", "style": "verl"}, "style: input should be 'fairmark' or 'trl'"),
    ],
)
def test_a_bad_configuration_is_refused_by_field(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({"type": "function", **change})
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    ("function", "code", "problem"),
    [
        ("none:fn", "", "function: no file of a module 'none' in"),
        ("json.tool:main", "", "function: 'json.tool' is "),
        ("odd:fn", "import no_such_module", "can't be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("odd:fn", "def fn(:", "SyntaxError: invalid syntax"),
        ("odd:fn", "raise SystemExit", "can't be imported: SystemExit"),
        ("odd:fn", "import os; os._exit(3)", "while it was imported a worker was lost before it began: exit status 3"),
        ("odd:fn", "", "has no attribute 'fn'"),
        ("odd:fn", "fn = 3", "odd:fn is 3, no function"),
        ("odd:fn", "def fn(sample): pass", "expected a function of (sample, item), got (sample)"),
    ],
    ids=lambda value: value if ":" in value else None,
)
def test_what_can_not_be_imported_is_refused_when_its_file_is_loaded(
    tmp_path: Path, function: str, code: str, problem: str
) -> None:
    (tmp_path / "odd.py").write_text(code)
    path = tmp_path / "grader.yaml"
    path.write_text(f"type: function\nfunction: {function}\npackages: .\n")
    with pytest.raises(InvalidGrader) as refused:
        prove(path, read_grader(path))
    assert problem in str(refused.value)


def test_an_import_that_hangs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairmark_graders.fixtures.SECONDS", 1.0)
    (tmp_path / "hangs.py").write_text("while True: pass")
    path = tmp_path / "grader.yaml"
    path.write_text("type: function\nfunction: hangs:fn\npackages: .\n")
    with pytest.raises(InvalidGrader, match="importing its function takes longer than 1 s"):
        prove(path, read_grader(path))


def test_a_function_that_hangs_on_its_fixtures_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairmark_graders.fixtures.SECONDS", 3.0)
    (tmp_path / "slow.py").write_text("def fn(sample, item):\n    while True: pass")
    path = tmp_path / "grader.yaml"
    path.write_text("type: function\nfunction: slow:fn\npackages: .\n")
    (tmp_path / "grader.tests.jsonl").write_text('{"sample": "", "score": 1}')
    with pytest.raises(InvalidGrader, match="^grading its fixtures takes longer than 3 s"):
        prove(path, read_grader(path))


def test_a_reward_function_must_take_completions(tmp_path: Path) -> None:
    (tmp_path / "named.py").write_text("def fn(answers): pass")
    path = tmp_path / "grader.yaml"
    path.write_text("type: function\nfunction: named:fn\nstyle: trl\npackages: .\n")
    with pytest.raises(InvalidGrader, match="expected a function of .prompts, completions, "):
        prove(path, read_grader(path))


def test_a_part_that_raises_makes_the_whole_a_grader_error(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("def fn(sample, item): raise KeyError('x')")
    part = {"type": "function", "function": "part:fn", "packages": str(tmp_path)}
    verdict = grade({"type": "multi", "graders": {"f": part}, "calculate_output": "1 + f"}, "")
    assert (verdict.score, verdict.outcome) == (1, "grader_error")
