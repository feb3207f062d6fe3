"""Grading in this process."""

import asyncio
import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairmark_graders import InvalidGrader, InvalidSample, agrade, grade, parse_grader

SIMILAR = {
    "type": "text_similarity",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.answer }}",
    "evaluation_metric": "rouge_l",
}
LONG = "a quick brown fox " * 200


def test_a_short_text_and_a_long_one_score_alike() -> None:
    assert grade(SIMILAR, "fox", {"answer": "fox"}).score == grade(SIMILAR, LONG, {"answer": LONG}).score == 1


def test_it_works_while_an_event_loop_runs() -> None:
    async def notebook() -> float | None:
        return grade(SIMILAR, "fox", {"answer": "fox"}).score

    assert asyncio.run(notebook()) == 1


@pytest.mark.anyio
async def test_it_can_be_awaited() -> None:
    assert (await agrade(SIMILAR, LONG, {"answer": LONG})).score == 1


def test_it_works_from_several_threads_at_once() -> None:
    with ThreadPoolExecutor(4) as threads:
        verdicts = threads.map(lambda text: grade(SIMILAR, text, {"answer": LONG}), [LONG] * 4)
    assert [verdict.score for verdict in verdicts] == [1, 1, 1, 1]


def test_a_forked_child_grades_for_itself() -> None:
    grade(SIMILAR, LONG, {"answer": LONG})
    child = os.fork()
    if not child:
        os._exit(grade(SIMILAR, LONG, {"answer": LONG}).score != 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_grader_survives_a_pickle() -> None:
    multi = parse_grader({"type": "multi", "graders": {"s": SIMILAR}, "calculate_output": "s"})
    grade(multi, "fox", {"answer": "fox"})
    assert pickle.loads(pickle.dumps(multi)) == multi


def test_what_is_no_grader_or_no_sample_raises() -> None:
    with pytest.raises(InvalidGrader):
        grade({"type": "nope"}, "fox")
    with pytest.raises(InvalidSample):
        grade(SIMILAR, 3)  # type: ignore[arg-type]
