"""Labels: which one an answer commits to, and what it earns."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairmark_graders import InvalidGrader, grade, parse_grader
from fairmark_graders.labels import END, Labels
from fairmark_graders.types import Cell

ANOMALY = Labels([(label, label) for label in ("normal", "abnormal", "anomaly")])
SPAM = Labels([(label, label) for label in ("spam", "not spam", "ham")])


def grader(**more: Any) -> dict[str, Any]:
    given = {"input": "{{ sample.output_text }}", "reference": "{{ item.label }}", "labels": ["normal", "anomaly"]}
    return {"type": "classification", **given, **more}


def score(text: Any, label: Any, **more: Any) -> float | None:
    return grade(grader(**more), text, {"label": label}).score


@pytest.mark.parametrize(
    "text",
    [
        "anomaly",
        " Anomaly.\n",
        "**ANOMALY**",
        '"anomaly"',
        "It is an anomaly.",
        "Label: anomaly",
        "**Label:** anomaly",
        "**Label**: `Anomaly`.",
        "- Final answer: _anomaly_",
        "label = 'anomaly'",
        "Label：ａｎｏｍａｌｙ",
        "## Label\n\nanomaly",
        "**Answer**\nanomaly",
        "<answer>\nanomaly\n</answer>",
        "Label: <anomaly>",
        r"\boxed{anomaly}",
        r"So the label is $\boxed{\text{Anomaly}}$, not normal traffic.",
        '{"label": "anomaly"}',
        '{"reason": "not normal, \\"label\\": \\"normal\\" is wrong", "label": "Anomaly"}',
        'Here it is:\n```json\n{"label": "anomaly", "reason": "normal would be flat"}\n```\nAnything else normal?',
        'I say {"label": "anomaly", "confidence": "normal is unlikely"}.',
        "{'label': 'anomaly', 'reason': 'normal would be flat'}",
        "Normal traffic is flat. This isn't.\nLabel: anomaly, because normal traffic is flat",
        "Label: anomaly. The normal baseline is far below.",
        "Normal traffic is flat, so the correct label is **anomaly**.",
        "I first thought it was normal. So I would have classified this as an anomaly.",
        "Normal traffic is flat. I label this window as an anomaly.",
        "Normal traffic is flat, so this should be categorized as **Anomaly**.",
        "Category: Anomaly\n\nExplanation: normal traffic is flat.",
        "**Anomaly**\n\nNormal traffic is flat, and this isn't.",
        "There is no normal explanation for this anomaly",
        "Anomaly<|im_end|>",
        "First label: unsure.\nPredicted label: none yet\nFinal label: anomaly",
        "Normal traffic is flat; this isn't.\n\nAnomaly",
        "It's not normal, it's an anomaly.",
        "This isn't a normal pattern but an anomaly",
        "This does not look normal. It is an anomaly.",
        "This is an anomaly, since normal traffic uses fewer ports.",
        "Although some of it is normal, this is an anomaly.",
        "The values leave the normal range. Therefore, this is an anomaly.",
        "The normal range is 3-5. This value is 9. Anomaly.",
        "**Anomaly** – the values leave the normal range.",
        "It is an anomaly, although there are normal stretches.",
        "Sentiment: anomaly\nReason: nothing normal",
    ],
)
def test_an_answer_is_the_label_it_commits_to(text: str) -> None:
    assert ANOMALY.find(text) == ["anomaly"]


@pytest.mark.parametrize(
    "text",
    [
        "normal or anomaly",
        "normal/anomaly",
        "Label: normal\nLabel: anomaly",
        "Label: normal (80 %), anomaly (20 %)",
        "normal\nanomaly",
        "Normal. Anomaly.",
        "normal - anomaly",
        "Therefore, it is normal. Thus, it is an anomaly.",
        r"\boxed{normal} \boxed{anomaly}",
        '{"label": ["normal", "anomaly"]}',
        '{"label": {"normal": 0.5, "anomaly": 0.5}}',
        '{"label": "normal", "label": "anomaly"}',
        '```{"label": "normal"}``` ```{"label": "anomaly"}```',
        "The answer is normal. The answer is anomaly.",
        "Label: normal. Label: anomaly.",
        'Label: "normal" Label: "anomaly"',
        "It looks normal at first, and then like an anomaly.",
    ],
)
def test_an_answer_with_two_labels_is_refused(text: str) -> None:
    assert sorted(ANOMALY.find(text)) == ["anomaly", "normal"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I can't tell.",
        "not normal",
        "neither normal nor anomaly",
        "It isn't an anomaly",
        "non-normal",
        "abnormality",
        "Label: unclear\nIt may be normal.",
        '{"label": "unclear", "reason": "normal"}',
        r"\boxed{?} normal",
    ],
)
def test_an_answer_without_a_label_is_none(text: str) -> None:
    assert ANOMALY.find(text) == []


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("abnormal", "abnormal"),
        ("An abnormal one", "abnormal"),
        ("normal", "normal"),
    ],
)
def test_a_label_inside_a_word_is_not_that_label(text: str, label: str) -> None:
    assert ANOMALY.find(text) == [label]


@pytest.mark.parametrize(
    "text", ["not spam", "Not-Spam", "NOT_SPAM", "notspam", "it is not  spam", '{"label": "not spam"}']
)
def test_the_longest_label_is_meant_however_its_words_are_joined(text: str) -> None:
    assert SPAM.find(text) == ["not spam"]


@pytest.mark.parametrize(
    "text",
    ["This isn't spam.", "It is not a spam", "It's not considered spam.", "I'd never classify this mail as spam"],
)
def test_to_deny_a_label_is_to_name_its_negation(text: str) -> None:
    assert SPAM.find(text) == ["not spam"]
    assert ANOMALY.find(text.replace("spam", "normal")) == []


@pytest.mark.parametrize(
    ("labels", "text", "found"),
    [
        ("yes no", "Yes, because no one knows.", "yes"),
        ("yes no", "Yes. There is no doubt.", "yes"),
        ("yes no", "No it isn't.", "no"),
        ("yes no", "The answer is no.", "no"),
        ("C C++ C#", "It is written in C++.", "C++"),
        ("C C++ C#", "C", "C"),
        ("A B", "This is a case of the second kind.\nAnswer: B", "B"),
        ("A B", "a", "A"),
        ("-1 0 1", "Label: -1", "-1"),
        ("1 1.5", "1.5 of them", "1.5"),
        ("1 2", "there are 1.5 of them", None),
        ("true false", '{"label": true}', "true"),
        ("Straße Weg", "STRASSE", "Straße"),
        ("正常 异常", '{"label": ["异常"]}', "异常"),
        ("正常 异常", "我认为标签是异常。", "异常"),
        ("正常 异常", "这不正常", None),
        ("非正常 正常", "非正常", "非正常"),
        ("норма аномалия", "Ответ: АНОМАЛИЯ", "аномалия"),
    ],
)
def test_labels_may_be_symbols_letters_numbers_and_of_any_script(labels: str, text: str, found: str | None) -> None:
    known = Labels([(label, label) for label in labels.split()])
    assert known.find(text) == ([] if found is None else [found])


@pytest.mark.parametrize("text", ["Label: anomaly\n{}", "{}\nLabel: anomaly", '{{"why": "{}", "label": "anomaly"}}'])
def test_a_label_is_found_at_either_end_of_a_long_answer(text: str) -> None:
    assert ANOMALY.find(text.format("why not " * 1_000)) == ["anomaly"]


def test_the_middle_of_a_long_answer_is_not_read() -> None:
    assert ANOMALY.find("x" * END + " Label: anomaly " + "x" * END) == []


HOSTILE = [
    "label: ",
    'label:"',
    "\\boxed{",
    '```{"a":',
    '{"label":',
    "not ",
    "normal ",
    "a_",
    "* ",
    "# ",
    "ﷺ",
    "n't",
    "\u0316\u0301",
    "no ",
    "since ",
    "not classify it as ",
    "classify as ",
    "不",
    "\n",
]


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("length", [4_000, 10_000, 250_000])
def test_no_text_takes_long(piece: str, length: int) -> None:
    text = (piece * length)[:length]
    assert min(taken(text) for _ in range(3)) < 0.05  # 4 ms at the worst on an idle core; quadratic would be seconds


def taken(text: str) -> float:
    """Seconds of this thread; now and then they hold a collection of all that the tests before have left."""
    began = time.thread_time()
    ANOMALY.find(text)
    return time.thread_time() - began


def test_a_field_nested_too_deeply_holds_no_label() -> None:
    for depth in (100, 900, 990, 1_000, 4_000):
        assert grade(grader(), '{"label": ' + "[" * depth + "]" * depth + "}", {"label": "normal"}).score == 0


WORDS = [
    "normal",
    "anomaly",
    "label",
    "answer",
    "is",
    "not",
    ":",
    "{",
    "}",
    '"',
    "`",
    "\n",
    "\\boxed{",
    "-",
    "_",
    "*",
    " ",
]


@given(st.lists(st.sampled_from(WORDS)).map("".join) | st.text())
def test_whatever_is_said_gives_labels_each_once(text: str) -> None:
    found = ANOMALY.find(text)
    assert len(set(found)) == len(found)
    assert set(found) <= {"normal", "abnormal", "anomaly"}


@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=5))
def test_a_label_alone_is_found_in_any_case_and_every_place(names: list[str]) -> None:
    try:
        known = Labels([(name, name) for name in dict.fromkeys(names)])
    except ValueError:
        return
    for name in names:
        assert known.find(name) == known.find(name.casefold()) == [name]


@pytest.mark.parametrize(
    ("text", "label", "right"),
    [("normal", "normal", 1), ("normal", "anomaly", 0), ("normal or anomaly", "normal", 0), ("what?", "normal", 0)],
)
def test_a_right_answer_earns_1_and_every_other_0(text: str, label: str, right: float) -> None:
    assert score(text, label) == right


def test_the_thinking_is_not_the_answer() -> None:
    assert score("<think>Label: normal</think> anomaly", "anomaly") == 1


def test_an_answer_may_be_a_field_of_output_json() -> None:
    fields = {"output_json": {"verdict": {"kind": "anomaly"}}}
    assert score(fields, "anomaly", input="{{ sample.output_json.verdict.kind }}") == 1


def test_the_reference_may_be_in_any_case_or_a_synonym_but_nothing_else() -> None:
    synonyms = {"anomaly": ["attack", "break-in"]}
    assert [score("anomaly", label, synonyms=synonyms) for label in ("ANOMALY", " Break in ")] == [1, 1]
    assert [score("anomaly", label, synonyms=synonyms) for label in ("an anomaly", "odd", "", 3)] == [None] * 4


@pytest.mark.parametrize("text", ["anomaly", "what?", "<think>", {"output_text": None}])
@pytest.mark.parametrize("item", [{}, {"label": "odd"}])
def test_whether_a_sample_can_be_graded_depends_on_the_reference_alone(text: Any, item: dict[str, Any]) -> None:
    assert grade(grader(), text, item).outcome == "ungradable"


@pytest.mark.parametrize("text", ["It was an attack", "break_in", "Label: anomaly, an attack"])
def test_a_synonym_is_its_label(text: str) -> None:
    assert score(text, "anomaly", synonyms={"anomaly": ["attack", "break-in"]}) == 1


COSTS = {"normal": {"anomaly": -0.25}, "anomaly": {"anomaly": 2, "normal": -1}}


@pytest.mark.parametrize(
    ("text", "label", "reward"),
    [
        ("normal", "normal", 1),
        ("anomaly", "normal", -0.25),
        ("normal", "anomaly", -1),
        ("anomaly", "anomaly", 2),
    ],
)
def test_each_cell_has_its_reward(text: str, label: str, reward: float) -> None:
    assert score(text, label, rewards=COSTS) == reward


@pytest.mark.parametrize("text", ["", "no idea", "normal or anomaly", "<think>hm", {"output_text": None}])
def test_refusing_to_commit_earns_what_the_worst_mistake_does(text: Any) -> None:
    assert [score(text, label, rewards=COSTS) for label in ("normal", "anomaly")] == [-0.25, -1]


def test_refusing_earns_0_where_no_mistake_costs_anything() -> None:
    assert score("", "normal", rewards={"normal": {"anomaly": 0.5, "normal": 0.75}}) == 0


def test_whoever_may_abstain_earns_what_that_is_worth() -> None:
    abstain = {"label": "unsure", "reward": 0.25}
    synonyms = {"unsure": ["cannot tell"]}
    texts = ["Unsure.", "Label: cannot tell", "unsure, maybe normal", "no idea"]
    assert [score(text, "normal", abstain=abstain, synonyms=synonyms) for text in texts] == [0.25, 0.25, 0, 0]
    assert score("unsure", "normal") == 0


COUNTS = st.lists(st.integers(1, 10**6), min_size=2, max_size=6)


def mean(frequencies: dict[str, int], answer: Any) -> float:
    """What `answer(label)` earns on data in which the labels are as frequent as stated."""
    given = grader(labels=list(frequencies), frequencies=frequencies)
    loaded = parse_grader(given)
    scores = {label: grade(loaded, answer(label), {"label": label}).score or 0 for label in frequencies}
    return sum(frequencies[label] * scores[label] for label in frequencies) / sum(frequencies.values())


@given(COUNTS)
def test_under_frequencies_every_constant_answer_earns_nothing_and_the_truth_1(counts: list[int]) -> None:
    frequencies = {f"kind {number}": count for number, count in enumerate(counts)}
    for constant in frequencies:
        assert mean(frequencies, lambda label, constant=constant: constant) == pytest.approx(0, abs=1e-9)
    assert mean(frequencies, lambda label: label) == pytest.approx(1)


@given(COUNTS)
def test_under_frequencies_silence_earns_no_more_than_an_answer(counts: list[int]) -> None:
    frequencies = {f"kind {number}": count for number, count in enumerate(counts)}
    assert mean(frequencies, lambda label: "no idea") <= 1e-9


def test_a_miss_costs_more_than_a_false_alarm_where_anomalies_are_rare() -> None:
    frequencies = {"normal": 0.98, "anomaly": 0.02}
    assert score("normal", "anomaly", frequencies=frequencies) == pytest.approx(-49)
    assert score("anomaly", "normal", frequencies=frequencies) == pytest.approx(-0.02 / 0.98)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("normal", Cell("anomaly", "normal")),
        ("abstain", Cell("anomaly", "(abstained)")),
        ("normal or anomaly", Cell("anomaly", "(several)")),
        ("no idea", Cell("anomaly", "(none)")),
        ("<think>hm", Cell("anomaly", "(none)")),
        ("x" * 300_000, Cell("anomaly", "(none)")),
    ],
)
def test_a_verdict_says_which_cell_it_is(text: str, cell: Cell) -> None:
    assert grade(grader(abstain={"label": "abstain"}), text, {"label": "Anomaly"}).cells == (cell,)


def test_an_ungradable_sample_is_in_no_cell() -> None:
    assert grade(grader(), "normal", {}).cells == ()


@pytest.mark.parametrize("formula", ["label", "1 / (label - 1)", "other"])
def test_the_cells_of_parts_survive_whatever_becomes_of_the_whole(formula: str) -> None:
    missing = {"type": "string_check", "operation": "eq", "input": "x", "reference": "{{ item.missing }}"}
    parts = {"label": grader(), "twin": grader(), "other": missing}
    multi = {"type": "multi", "graders": parts, "calculate_output": formula}
    cells = grade(multi, "normal", {"label": "normal"}).cells
    assert cells == (Cell("normal", "normal", "label"), Cell("normal", "normal", "twin"))


def test_natural_shares_change_the_metrics_and_no_score() -> None:
    shares = {"normal": 98, "anomaly": 2}
    assert parse_grader(grader(natural_shares=shares)).version == parse_grader(grader()).version
    assert parse_grader(grader(frequencies=shares)).version != parse_grader(grader()).version


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"labels": ["normal"]}, "labels: tuple should have at least 2 items"),
        ({"labels": ["normal", "NORMAL"]}, "labels: 'NORMAL' reads like another label, 'normal'"),
        ({"labels": ["not spam", "not_spam"]}, "labels: 'not_spam' reads like another label, 'not spam'"),
        ({"labels": ["normal", " "]}, "labels: ' ' has nothing to read"),
        ({"labels": ["normal", "(none)"]}, "labels: '(none)' stands for an answer without a label"),
        ({"synonyms": {"anomaly": ["normal"]}}, "labels: 'normal' reads like another label, 'normal'"),
        ({"synonyms": {"odd": ["strange"]}}, "synonyms: 'odd' is none of the labels"),
        ({"abstain": {"label": "Normal"}}, "labels: 'Normal' reads like another label, 'normal'"),
        ({"abstain": {}}, "abstain.label: missing"),
        ({"rewards": {"odd": {"normal": 1}}}, "rewards: 'odd' is none of the labels"),
        ({"rewards": {"normal": {"odd": 1}}}, "rewards: 'odd' is none of the labels"),
        ({"rewards": {"normal": {"normal": float("inf")}}}, "rewards.normal.normal: input should be a finite number"),
        ({"frequencies": {"normal": 1}}, "frequencies: 'anomaly' has none; expected a share for each label"),
        ({"frequencies": {"normal": 1, "anomaly": 0}}, "frequencies.anomaly: input should be greater than"),
        ({"frequencies": {"normal": 1, "anomaly": 1, "odd": 1}}, "frequencies: 'odd' is none of the labels"),
        ({"natural_shares": {}}, "natural_shares: 'normal' has none; expected a share for each label"),
        (
            {"frequencies": {"normal": 1, "anomaly": 1}, "rewards": {"normal": {"normal": 1}}},
            "frequencies: set the rewards, so there can be no 'rewards' beside them",
        ),
        ({"reference": "{{ sample.output_text }}"}, "reference: expected the item's label, not what the sample says"),
    ],
)
def test_a_grader_that_makes_no_sense_is_refused_by_field(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader(grader(**changes))
    assert str(refused.value).startswith(problem)


def examples() -> list[tuple[str, str]]:
    """The answers in the table of docs/classification.md, and what they are read as."""
    page = Path(__file__).parents[2] / "docs" / "classification.md"
    rows = page.read_text().partition("| answer | label |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    return [(answer.strip("`"), label.strip("`")) for answer, label in (row[2:-2].split(" | ") for row in rows)]


@pytest.mark.parametrize(("answer", "label"), examples())
def test_the_page_says_how_answers_are_read(answer: str, label: str) -> None:
    known = Labels([(name, name) for name in ("normal", "abnormal", "spam", "not spam")])
    found = known.find(answer)
    assert (found[0] if len(found) == 1 else "several" if found else "none") == label
