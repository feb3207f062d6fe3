"""The metrics of text_similarity against values reckoned by hand and against their libraries, and the grader on top."""

import asyncio
import importlib.metadata
import importlib.util
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer
from tests.cpu import cpu_at_most

from fairmark_graders import Fault, InvalidGrader, TextSimilarity, parse_grader
from fairmark_graders.grader import Tools
from fairmark_graders.sample import Sample
from fairmark_graders.text_metrics import METRICS, compare
from fairmark_graders.types import Case, Verdict
from fairmark_graders.wordnet import FILES, WordNet, find
from fairmark_graders.wordnet.__main__ import fetch, install, unpack
from fairmark_graders.workers import Workers

ROUGE = {"rouge1": "rouge_1", "rouge2": "rouge_2", "rouge3": "rouge_3", "rouge4": "rouge_4", "rouge5": "rouge_5"}
SCORER = rouge_scorer.RougeScorer([*ROUGE, "rougeL"], use_stemmer=False)
WORDS = ["a", "b", "c", "the", "The", "22", "é", "."]
TEXTS = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(WORDS)).map(" ".join))


def configuration(metric: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "text_similarity",
        "name": "similarity",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.reference_answer }}",
        "evaluation_metric": metric,
        **more,
    }


def grader(metric: str, **more: Any) -> TextSimilarity:
    loaded = parse_grader(configuration(metric, **more))
    assert isinstance(loaded, TextSimilarity)
    return loaded


@pytest.fixture(scope="session")
def wordnet() -> Path:
    """WordNet as a user sets it up; CI fails without it, elsewhere its tests are skipped where it can't be had."""
    done = subprocess.run(
        [sys.executable, "-m", "fairmark_graders.wordnet"], capture_output=True, text=True, check=False
    )
    found = find()
    if found is None and not os.environ.get("CI"):
        pytest.skip(done.stderr)
    assert found, done.stderr
    return found


@pytest.fixture
async def tools() -> AsyncIterator[Tools]:
    workers = Workers(size=1)
    yield Tools(workers=workers)
    await workers.close()


async def judged(loaded: TextSimilarity, answer: str, reference: str, tools: Tools) -> Verdict:
    case = loaded.start(Sample(answer), {"reference_answer": reference})
    return case if isinstance(case, Verdict) else await loaded.judge(case, tools)


@pytest.mark.parametrize(
    ("metric", "answer", "reference", "score"),
    [
        # OpenAI's live API gave this reward to a python grader that calls WRatio with default_process.
        ("fuzzy_match", "fuzzy wuzzy was a bear", "fuzzy wuzzy had no hair", 0.7555555555555555),
        ("fuzzy_match", "Hello World!", "hello world", 1.0),
        ("fuzzy_match", "abc", "xyz", 0.0),
        # 4 of 5 words and 1 of 4 pairs match; none of 3 triples and 2 quadruples, smoothed to 1/2 and 1/4 match.
        (
            "bleu",
            "the cat sat on mats",
            "the cat lay on the mats",
            (4 / 5 * 1 / 4 * (1 / 2) / 3 * (1 / 4) / 2) ** (1 / 4) * math.exp(1 - 6 / 5),
        ),
        ("bleu", "the cat sat on the mat", "the cat sat on the mat", 1.0),
        # "b c d" of "a b c d": the three precisions are 1, and brevity costs exp(1 - 4/3).
        ("bleu", "b c d", "a b c d", math.exp(1 - 4 / 3)),
        # 1- to 4-grams: 3 + 2 + 1 + 0 match of 4 + 3 + 2 + 1 in each text.
        ("gleu", "a b c x", "a b c y", 0.6),
        ("gleu", "b c d", "a b c d", 0.6),
        # Two of three words of the answer are among the four of the reference: F1 of 2/3 and 2/4.
        ("rouge_1", "the cat sat", "The cat, he lay", 4 / 7),
        # One of two pairs against one of three.
        ("rouge_2", "the cat sat", "The cat, he lay", 0.4),
        ("rouge_3", "a b c d", "a b c e", 0.5),
        ("rouge_4", "a b c d e", "a b c d f", 0.5),
        ("rouge_5", "a b c d e f", "a b c d e g", 0.5),
        # "police the gunman" of Lin 2004, section 3: the longest common subsequence has 2 words of 4, or 3 of 4.
        ("rouge_l", "the gunman kill police", "police killed the gunman", 0.5),
        ("rouge_l", "police kill the gunman", "police killed the gunman", 0.75),
        ("rouge_1", "Москва", "Москва", 0.0),
    ],
)
def test_a_metric_gives_the_value_reckoned_by_hand(metric: str, answer: str, reference: str, score: float) -> None:
    assert compare(metric, answer, reference) == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("metric", sorted(METRICS.keys() - {"meteor"}))
def test_empty_texts_are_like_each_other_and_like_no_other(metric: str) -> None:
    assert compare(metric, "", " \n") == 1
    assert compare(metric, "", "word") == compare(metric, "word", "") == 0


@given(TEXTS, TEXTS)
@pytest.mark.parametrize("metric", sorted(METRICS.keys() - {"meteor"}))
def test_every_score_lies_between_0_and_1(metric: str, answer: str, reference: str) -> None:
    assert 0 <= compare(metric, answer, reference) <= 1


@given(TEXTS, TEXTS)
def test_rouge_equals_rouge_score_to_the_last_bit(answer: str, reference: str) -> None:
    if answer.strip() and reference.strip():
        theirs = SCORER.score(reference, answer)
        ours = {name: compare(metric, answer, reference) for name, metric in {**ROUGE, "rougeL": "rouge_l"}.items()}
        assert ours == {name: score.fmeasure for name, score in theirs.items()}


def test_rouge_l_of_long_texts_equals_rouge_score() -> None:
    answer, reference = (" ".join(str(n * n % prime) for n in range(700)) for prime in (89, 97))
    assert compare("rouge_l", answer, reference) == SCORER.score(reference, answer)["rougeL"].fmeasure


def test_meteor_gives_the_value_reckoned_by_hand(wordnet: Path) -> None:
    # Six words match in one run of each text: the penalty is 0.5 / 6**3.
    assert compare("meteor", "the cat sat on the mat", "the cat sat on the mat") == pytest.approx(1 - 0.5 / 6**3)
    # 3 of 4 words match in a single run: precision and recall 3/4, penalty 0.5 / 3**3.
    assert compare("meteor", "a b c x", "a b c y") == pytest.approx(0.75 * (1 - 0.5 / 27))


def test_meteor_knows_synonyms_and_stems(wordnet: Path) -> None:
    same = compare("meteor", "close the door", "close the door")
    assert compare("meteor", "shut the door", "close the door") == same
    assert compare("meteor", "closing the doors", "close the door") == same
    assert compare("meteor", "paint the door", "close the door") < same


@pytest.mark.filterwarnings("ignore:The multilingual functions")
def test_synonyms_are_those_nltk_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against NLTK's own reader, which also needs the index files that the set-up leaves behind."""
    nltk_wordnet = _nltk_wordnet(tmp_path, monkeypatch)
    irregular = ["geese", "went", "men", "ran", "running", "boxes", "shut", "us", "children", "larger", "asdf", "Paris"]
    lemmas = sorted(lemma for lemma in nltk_wordnet.all_lemma_names() if "_" not in lemma)[::151]
    ours = WordNet(tmp_path / "corpora" / "wordnet")
    for word in [*irregular, *lemmas, *(f"{lemma}{end}" for lemma in lemmas for end in ("s", "es", "ing", "ed", "er"))]:
        assert _names(ours, word) == _names(nltk_wordnet, word), word


def _names(reader: Any, word: str) -> set[str]:
    return {lemma.name() for synset in reader.synsets(word) for lemma in synset.lemmas() if "_" not in lemma.name()}


def _nltk_wordnet(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    import nltk
    from nltk.corpus.reader import WordNetCorpusReader

    if not os.environ.get("CI") and not Path("/usr/bin/apt-get").exists():
        pytest.skip("needs Debian's wordnet-base")
    place = folder / "corpora" / "wordnet"
    place.mkdir(parents=True)
    unpacked = unpack(fetch(folder), folder)
    for path in unpacked.rglob("share/wordnet/*"):
        (place / path.name).write_bytes(path.read_bytes())
    (place / "lexnames").write_text("".join(f"{n:02}\tany.kind\t1\n" for n in range(45)))
    (place / "index.sense").touch()
    monkeypatch.setattr(nltk.data, "path", [str(folder)])
    return WordNetCorpusReader(nltk.data.find("corpora/wordnet"), None)


def test_wordnet_is_set_up_from_a_folder_or_an_archive(wordnet: Path, tmp_path: Path) -> None:
    place = install(wordnet, tmp_path / "share")
    assert find([tmp_path / "elsewhere", place]) == place
    assert sorted(path.name for path in place.iterdir()) == sorted(FILES)


def test_another_release_of_wordnet_is_not_taken(wordnet: Path, tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes((wordnet / name).read_bytes().replace(b"WordNet 3.0", b"WordNet 3.1"))
    assert find([tmp_path]) is None
    with pytest.raises(SystemExit, match=r"no WordNet 3\.0 here"):
        install(tmp_path, tmp_path / "share")


def test_meteor_without_wordnet_is_refused_with_the_command_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairmark_graders.text_similarity.find", lambda: None)
    with pytest.raises(InvalidGrader, match=r"evaluation_metric: .*python -m fairmark_graders\.wordnet"):
        grader("meteor")


def test_a_metric_without_its_library_is_refused_with_the_extra_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == "sacrebleu" else found(name))
    with pytest.raises(InvalidGrader, match=r"'gleu' needs sacrebleu; install fairmark\[text\]"):
        grader("gleu")
    assert grader("rouge_1").evaluation_metric == "rouge_1"


def test_cosine_is_refused_since_it_needs_a_judge() -> None:
    with pytest.raises(InvalidGrader, match="evaluation_metric: 'cosine' compares embeddings and needs a judge"):
        grader("cosine")


def test_an_unknown_metric_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidGrader, match="evaluation_metric: .*'fuzzy_match'.*'rouge_l'"):
        grader("rouge_6")


def test_the_version_holds_the_libraries_of_its_own_metric_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {metric: grader(metric).version for metric in ("fuzzy_match", "bleu")}
    releases = {"rapidfuzz": "99.0"}
    release = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: releases.get(name) or release(name))
    after = {metric: grader(metric).version for metric in before}
    assert after["fuzzy_match"] != before["fuzzy_match"]
    assert after["bleu"] == before["bleu"]


def test_openais_fields_come_back_on_export() -> None:
    given = configuration("rouge_l", pass_threshold=0.5)
    assert parse_grader(given).to_openai() == given


@pytest.mark.anyio
@pytest.mark.parametrize("metric", sorted(METRICS))
async def test_a_text_is_like_itself_in_place_and_in_a_worker(metric: str, tools: Tools, request: Any) -> None:
    if metric == "meteor":
        request.getfixturevalue("wordnet")
    for text in ("the cat sat on the mat", "the cat sat on the mat " * 200):
        verdict = await judged(grader(metric), text, text, tools)
        assert verdict.rule == f"text_similarity.{metric}"
        assert verdict.score == pytest.approx(1, abs=0.01)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("metric", "module"), [("gleu", "fairmark_graders.nltk_metrics"), ("meteor", "fairmark_graders.wordnet.loaded")]
)
async def test_what_a_metric_imports_and_reads_is_there_in_later_workers(
    metric: str, module: str, tools: Tools, request: Any
) -> None:
    if metric == "meteor":
        request.getfixturevalue("wordnet")
    await judged(grader(metric), "the cat sat on the mat", "a cat sat on a mat", tools)
    await tools.workers.settle()
    first = await tools.workers.run(os.getpid, cpu_seconds=5)
    os.kill(first, signal.SIGKILL)
    assert await tools.workers.run(eval, f"{module!r} in __import__('sys').modules", cpu_seconds=5)


@pytest.mark.anyio
@pytest.mark.parametrize("metric", ["fuzzy_match", "rouge_1", "rouge_l"])
async def test_a_worker_gives_the_score_given_in_place(metric: str, tools: Tools) -> None:
    answer, reference = "the cat sat on the mat", "a cat lay on that mat"
    in_worker = await tools.workers.run(compare, metric, answer, reference, cpu_seconds=20)
    assert in_worker == (await judged(grader(metric), answer, reference, tools)).score


@pytest.mark.anyio
async def test_an_answer_that_is_too_long_scores_0_with_the_reason(tools: Tools) -> None:
    verdict = await judged(grader("fuzzy_match"), "x" * 10_001, "x", tools)
    assert (verdict.score, verdict.outcome, verdict.error) == (0, "graded", "limit")
    assert verdict.reason == "the text is 10,001 characters long; fuzzy_match takes 10,000"


@pytest.mark.anyio
@pytest.mark.parametrize("answer", ["x", "x" * 10_001, "<think>endless"])
async def test_a_reference_that_is_too_long_is_ungradable_whatever_the_answer(answer: str, tools: Tools) -> None:
    verdict = await judged(grader("fuzzy_match"), answer, "x" * 10_001, tools)
    assert (verdict.score, verdict.outcome, verdict.repeatable) == (None, "ungradable", True)


@pytest.mark.anyio
async def test_a_reference_made_of_the_sample_is_the_models_to_keep_short(tools: Tools) -> None:
    loaded = grader("fuzzy_match", input="{{ item.reference_answer }}", reference="{{ sample.output_text }}")
    assert (await judged(loaded, "x" * 10_001, "x", tools)).score == 0


@pytest.mark.anyio
async def test_a_comparison_over_its_limit_scores_0_and_is_not_repeatable(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairmark_graders.text_similarity.CPU_SECONDS", 0.2)
    verdict = await _faulted(Case("ab" * 3000, "abc" * 3300), tools)
    assert (verdict.score, verdict.error, verdict.repeatable) == (0, "limit", False)


@pytest.mark.anyio
async def test_a_lost_worker_makes_the_case_ungradable_and_not_repeatable(tools: Tools) -> None:
    await tools.workers.close()
    verdict = await _faulted(Case("ab" * 3000, "abc" * 3300), tools)
    assert (verdict.score, verdict.outcome, verdict.repeatable) == (None, "ungradable", False)


async def _faulted(case: Case, tools: Tools) -> Verdict:
    with pytest.raises(Fault) as caught:
        await grader("fuzzy_match").judge(case, tools)
    return caught.value.verdict


@pytest.mark.anyio
async def test_long_texts_leave_the_event_loop_free(tools: Tools) -> None:
    texts = "ab" * 1600, "abc" * 1700
    await tools.workers.start()
    compare("fuzzy_match", "a", "a")  # imports
    began = time.process_time()
    compare("fuzzy_match", *texts)
    here = time.process_time() - began
    turns = [0]
    turning = asyncio.create_task(turn(turns))
    with cpu_at_most(here / 2):
        await grader("fuzzy_match").judge(Case(*texts), tools)
    turning.cancel()
    assert turns[0] > 2


async def turn(turns: list[int]) -> None:
    while True:
        turns[0] += 1
        await asyncio.sleep(0.01)
