"""What counts as choosing, whose fault what is, and how long hostile texts take."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cpu import cpu_at_most

from fairmark_graders import InvalidGrader, Verdict, grade, parse_grader
from fairmark_graders.choices import folded, unknown

LETTERS = {"type": "multiple_choice", "input": "{{ sample.output_text }}", "reference": "{{ item.answer }}"}
WITH_OPTIONS = {**LETTERS, "options": "{{ item.options }}"}
CITIES = ["Paris", "London", "Berlin", "Madrid"]

ALONE = [
    *["B", "b", " B\n", "(B)", "B.", "B)", "**B**", "[B]", "`B`", '"B"', "$B$", "Option B", "option (b)"],
    *[r"\boxed{B}", r"\boxed{\text{B}}", r"$\boxed{\textbf{(B)}}$", r"so it is \boxed{B}.", "<answer>B</answer>"],
    *["Ｂ", "ⓑ", "Ⓑ", "🅑", "⒝", "Б", "б", "Β", "β", "ב", "ب", "ख", "খ", "ข", "イ", "い", "乙", "나"],
]
MARKED = [
    *["The answer is B.", "The answer is (B) because A is too small", "the answer is b", "Answer: B", "ANSWER: B"],
    *[
        "**Answer:** B",
        "**Answer**: (B)",
        "Answer: **B**",
        "Answer - B",
        "Final Answer\n\nB",
        "#### B",
        "answer is: b)",
    ],
    *["The correct option is B", "The correct answer is option B.", "The best choice is (B).", "The answer is: \n\nB"],
    *[
        "The answer to the question is B",
        "The answer is therefore B",
        r"The answer is \textbf{B}.",
        "The answer is `B`.",
    ],
    *["A is wrong, so the answer is B", "The answer is not A but B.", "We eliminate A, C and D. The answer is B"],
    "Suppose the answer is A. Then 1 = 2, a contradiction. So the answer is B.",
    *[
        "So the answer has to be B.",
        "The answer must be B",
        "Result: B",
        "**Prediction:** B",
        "The answer is B for sure.",
    ],
    *['{"why": "A is wrong", "answer": "B"}', '```json\n{"answer": "B"}\n```', "应该选择 B 选项。 答案是 B 选项。"],
    *[
        "The answer is B) Paris, not C) Rome.",
        "The answer is B) Paris, since C) Rome lies south.",
        "Answer: B) Paris is big",
    ],
    *["While A is tempting, the answer is B.", "The answer is (B) False.", "The answer is B then."],
    *["The answer is B. A, C and D are not capitals.", "Answer: B\nExplanation: although A seems right, C is worse."],
    *[
        "The answer is B. It is odd that A is correct only for primes.",
        "The answer is:\n\n(B) Paris\n\n(A) is in France",
    ],
    *[
        "Grade A is the best. The answer is B",
        "Both (A) and (C) are true, so the answer is (B).",
        "[ANSWER] B",
        "【答案】B",
    ],
    *["A, C and D are all correct, so the answer is B.", "Answer: B\n\nA: too small\nC: too big\nD: unrelated"],
    "The answer is (B). Options (A), (C) and (D) are wrong.",
    "The answer is A. Wait, that's wrong. Actually the answer is B.",
    *[
        "答案是B。",
        "答案：B",
        "正确答案是：乙。",
        "故选B。",
        "所以选 B",
        "正解はBです。",
        "答えはイです。",
        "정답은 B입니다.",
        "정답: B",
    ],
    *["Ответ: Б", "Правильный ответ — Б.", "Ответ: B", "الإجابة هي ب", "الإجابة الصحيحة هي (ب)", "उत्तर: ख"],
    *["सही उत्तर ख है", "সঠিক উত্তর হলো খ।", "La réponse est B.", "La respuesta correcta es B.", "Die Antwort ist B."],
]
ANYWHERE = [
    *[
        "I choose B.",
        "Looking at the options, B seems to be the best answer.",
        "选项B正确",
        "i think its b",
        "B, because A is wrong",
        "B: it is the largest",
        "The statement in B is correct",
        "We conclude that B is correct.",
        "I'm going with B",
        "I would go with (B)",
        "I'd pick option B",
        "So B.",
        "I think it's B",
        "It's not A, so it must be B.",
        "Only B works.",
        "B\n\nA: too small\nD: unrelated",
        "A and C are correct, so B.",
        "B is most likely.",
        "B makes the most sense.",
        "Option B satisfies all conditions.",
        "The word that best fits the blank is B.",
        "The correct sequence is B.",
        "B it is.",
        "It should be B.",
        "I'd say B.",
        "The most accurate one is B.",
        "The only one that fits is B.",
        "The statement that is false is B.",
        "All of them are true except B.",
        "In summary, B.",
        "Although A seems right, B is correct.",
        "Best guess: B",
        "My vote is B.",
        "I'm leaning towards B.",
        "应该选择 B 选项。",
        "The answer is A. Wait, no: B is correct.",
    ],
    *["B is correct.", "(B) is the right answer", "Option B is correct because A fails", "only (B) remains."],
    *[
        "A is wrong. C is wrong. B.",
        "B) 42",
        "B. Because the sky is blue",
        "B\n\nBecause of the sky.",
        "Thinking.\n\nB",
    ],
    *[
        "Thinking …\n**(B) 42**",
        "After eliminating (A) and (C), only (B) remains.",
        "Hence, option (B).",
        r"\boxed{\text{(B) }42}",
    ],
]
NOT_CHOSEN = [
    *["The answer is B. Or C.", "Answer: B... or C", "B, no wait, C", "B. Actually, C.", "B (maybe C)", "B, then C"],
    *[
        "A or B",
        "(A) or (B)",
        "The answer is A or B",
        "The answer is A and B.",
        "Answer: A, B",
        "Answer: A/B",
        "A, B or C",
    ],
    *[
        "So both (A) and (B)",
        "Answer: A Answer: B",
        "Final answer: A. Final answer: B.",
        "A is correct. B is correct.",
        "I choose A. I choose B.",
        "A is correct and so is B.",
        "Hepatitis B is the most likely diagnosis.",
        "A: no. B: no. C: yes.",
        "A. B. C.",
        "First choice: A. Second choice: B.",
        "The answer is A. Also B.",
        "The answer is A. If not, B.",
        "The answer is A; alternatively, B.",
        "The answer is A. B would also be acceptable.",
        '{"answer": "A", "answer": "B"}',
        "<answer>A</answer><answer>B</answer>",
        "The answer is A. The answer is B.",
        "Answer: A\nAnswer: B",
        "The answer is either A or B",
    ],
    *[r"\boxed{A} or \boxed{B}", r"\boxed{A, B}", "It could be (A), (B) or (C)", "A and B are correct", "(A) … (B)"],
    *[
        "The answer is B, but A is also correct.",
        "Neither A nor B is correct",
        "A is wrong",
        "not (A)",
        "I am sure",
        "",
    ],
    *[
        "A big dog",
        "A) 1\nB) 2\nC) 3",
        "I would not choose B",
        "I don't think the answer is B",
        "The answer cannot be B.",
        "The answer isn't B",
        "I rule out B",
        "Answer: B (or C)",
        "Answer: A|B",
        "Answer: <A|B|C>",
        "Answer:\nA\nB\nC",
        "Let's look at each option:\nA. Paris\nB. London",
        "A\nB\nC",
        "- A\n- B",
        "**A**\n**B**",
        "A) Paris B) London",
        "B: 0.4, C: 0.6",
        "1. A\n2. B",
        r"\boxed{B}\boxed{C}",
        "Answer: ABC",
        "The answer is B?",
        "Plan B",
        "Vitamin B is important",
        "A is better than B",
        "Answer: A lot of people",
        "That's a wrap",
        "The answer is between B and C",
        "The answer begins with B",
        "The answer is a prime",
        "Answer: I think so",
        "The answer is unknown",
        "The answer is B-cells",
        "B++",
    ],
    *[
        "The answer is C major",
        "The answer is 42",
        "Is the answer B?",
        r"\boxed{42}, so B",
        r"\boxed{}",
        "The answer is Berlin",
    ],
    *["If the answer were B, all would be lost", "A's complement", "The answer is U.S.", "2"],
]


def letters(text: str, answer: Any, **more: Any) -> Verdict:
    return grade({**LETTERS, **more}, text, {"answer": answer})


def cities(text: str, answer: Any, options: Any = CITIES, **more: Any) -> Verdict:
    return grade({**WITH_OPTIONS, **more}, text, {"answer": answer, "options": options})


@pytest.mark.parametrize("text", [*ALONE, *MARKED, *ANYWHERE])
def test_b_is_chosen(text: str) -> None:
    assert letters(text, "B").score == 1
    assert letters(text, "C").score == letters(text, "A").score == 0


@pytest.mark.parametrize("text", NOT_CHOSEN)
def test_nothing_is_chosen(text: str) -> None:
    for answer in "ABC":
        verdict = letters(text, answer)
        assert (verdict.score, verdict.outcome) == (0, "graded")
        assert verdict.reason


@pytest.mark.parametrize(("mode", "texts"), [("strict", ALONE), ("marked", ALONE + MARKED)])
def test_a_mode_takes_what_is_named_for_it(mode: str, texts: list[str]) -> None:
    assert [text for text in texts if letters(text, "B", mode=mode).score != 1] == []


@pytest.mark.parametrize(("mode", "texts"), [("strict", MARKED + ANYWHERE[:-1]), ("marked", ANYWHERE[:-1])])
def test_a_mode_takes_nothing_else(mode: str, texts: list[str]) -> None:
    assert [text for text in texts if letters(text, "B", mode=mode).score != 0] == []


@pytest.mark.parametrize(
    "text",
    [
        *[
            "B",
            "London",
            "london",
            '"London"',
            "**London**",
            r"\boxed{London}",
            r"\boxed{B. London}",
            "B) London",
            "2",
            "(2)",
        ],
        *[
            "The answer is London.",
            "the answer is London, because",
            "The answer is (B) London",
            "The answer is B London",
        ],
        *["The answer is 2", "Answer: 2. London", "London (B)", "I think it is London.", "London is correct"],
        *["Paris? No. London.", "The capital is London."],
        "The answer is B. Paris (A) is in France; Berlin (C) is in Germany.",
    ],
)
def test_an_option_is_chosen_by_label_text_or_place(text: str) -> None:
    for answer in ("B", "London", "(b)", "B) London"):
        assert cities(text, answer).score == 1
    assert cities(text, "C").score == 0


@pytest.mark.parametrize(
    "text",
    [
        *[
            "B) Paris",
            "The answer is (B) Paris",
            "London (A)",
            "Paris and London",
            "The answer is Paris or London",
            "Rome",
        ],
        *["The answer is London Bridge", "The answer is E", "5", "0", "Paris London Berlin"],
        *["A) Paris\nB) London\nC) Berlin\nD) Madrid"],
        "Which is it? A) Paris B) London C) Berlin D) Madrid Answer:",
        "Option by option:\nA. Paris: Incorrect.\nB. London: Correct.\nC. Berlin: Incorrect.\nD. Madrid: Incorrect.",
    ],
)
def test_a_letter_with_another_options_text_chooses_neither(text: str) -> None:
    assert [cities(text, answer).score for answer in "ABCD"] == [0, 0, 0, 0]


@pytest.mark.parametrize("text", ["Anything but London.", "London isn't right.", "None of London or Rome"])
def test_an_option_that_is_denied_by_its_text_isnt_chosen(text: str) -> None:
    assert cities(text, "London").score == 0


@pytest.mark.parametrize(
    ("options", "text", "chosen", "not_chosen"),
    [
        (["B cells", "T cells"], "The answer is B cells", "A", "B"),
        (["B cells", "T cells"], "B", "B", "A"),
        (["iron", "iron oxide"], "The answer is iron oxide", "B", "A"),
        (["a prokaryote", "a eukaryote"], "It is a prokaryote, not a eukaryote.", "A", "B"),
        (["increases", "decreases", "cannot be determined"], "It cannot be determined.", "C", "A"),
        (["Yes", "No"], "No, it isn't.", "B", "A"),
        (["A", "B", "AB", "O"], "The answer is AB", "C", "A"),
        (["1/2", "2/3", "1"], "The answer is 1/2", "A", "C"),
        (["iron", "iron oxide"], "The answer is iron.", "A", "B"),
        (["x", "y", "z", "Both A and C"], "The answer is both A and C", "D", "A"),
        (["12", "15", "2"], "The answer is 15", "B", "A"),
        (["12", "15", "2"], "2", "C", "B"),
        ([r"$\frac{1}{2}$", "(0, 1)"], r"The answer is $\frac{1}{2}$.", "A", "B"),
        ([r"$\frac{1}{2}$", "(0, 1)"], "The answer is (0, 1).", "B", "A"),
    ],
)
def test_the_text_of_an_option_wins_over_what_looks_like_a_label(
    options: list[str], text: str, chosen: str, not_chosen: str
) -> None:
    assert cities(text, chosen, options).score == 1
    assert cities(text, not_chosen, options).score == 0


@pytest.mark.parametrize(
    "options",
    [
        *[{"A": "Paris", "B": "London"}, {"label": ["A", "B"], "text": ["Paris", "London"]}, "A) Paris\nB) London"],
        *['["Paris", "London"]', [{"key": "A", "value": "Paris"}, {"label": "B", "text": "London"}]],
    ],
)
def test_options_may_be_written_in_several_ways(options: Any) -> None:
    assert cities("London", "B", options).score == 1
    assert cities("Paris", "B", options).score == 0


def test_options_may_have_a_field_each() -> None:
    fields = {**LETTERS, "options": ["{{ item.opa }}", "{{ item.opb }}"]}
    item = {"answer": "B", "opa": "Paris", "opb": 7}
    assert grade(fields, "7", item).score == 1
    assert grade(fields, "Paris", item).score == 0


@pytest.mark.parametrize(
    ("labels", "text", "answer", "score"),
    [
        ("12", "2", "2", 1),
        ("12", "B", "2", 1),
        ("01", "1", "1", 1),
        ("01", "2", "1", 0),
        (["I", "II"], "The answer is II.", "II", 1),
        ("ABD", "C", "D", 0),
        ("ABD", "Б", "B", 1),
        ("АБВ", "В", "В", 1),
        ("АБВ", "C", "В", 1),
    ],
)
def test_the_items_labels_count_before_the_place_in_an_alphabet(
    labels: Any, text: str, answer: str, score: int
) -> None:
    options = {label: f"option {label}…" for label in labels}
    assert cities(text, answer, options).score == score


def test_a_number_is_a_place_only_from_where_counting_is_said_to_begin() -> None:
    assert cities("B", 1, count_from=0).score == cities("B", "2", count_from=1).score == 1
    assert letters("B", 1, count_from=0).score == 1
    assert cities("B", 1).outcome == cities("B", 0, count_from=1).outcome == "ungradable"


def test_without_options_a_number_is_a_label() -> None:
    assert letters("2", "2").score == letters("The answer is (2).", 2).score == 1
    assert letters("2", "B").score == 0


def test_without_options_a_text_is_the_only_option_that_is_known() -> None:
    assert letters("The answer is Paris.", "Paris").score == 1
    assert letters("A", "Paris").score == letters("The answer is Rome", "Paris").score == 0


@pytest.mark.parametrize(
    "text", ["A, C", "AC", "C and A", "The answers are A, C.", r"\boxed{AC}", "(A) and (C)", "答案：AC"]
)
@pytest.mark.parametrize("answer", ["A, C", "AC", ["A", "C"]])
def test_several_want_all_of_them_and_no_other(text: str, answer: Any) -> None:
    assert letters(text, answer, several=True).score == cities(text, answer, several=True).score == 1
    assert letters(text, "A", several=True).score == letters(text, "A, B, C", several=True).score == 0


@pytest.mark.parametrize("text", ["B", "", "<think>endless", "x" * 250_001])
@pytest.mark.parametrize(
    ("answer", "options"),
    [
        *[("E", CITIES), ("Rome", CITIES), ("", CITIES), ("3", CITIES), ("A or B", CITIES), (None, CITIES)],
        *[("A", None), ("A", []), ("A", ["Paris"]), ("A", "Paris or London"), ("A", ["Paris", None]), ("A", 5)],
        *[("A", ["x"] * 27), ("A", {"A": "Paris", "a": "London"}), ("A", ["x" * 15_000, "y" * 15_000])],
    ],
)
def test_an_unreadable_question_is_ungradable_whatever_the_answer(text: str, answer: Any, options: Any) -> None:
    verdict = cities(text, answer, options)
    assert (verdict.score, verdict.outcome) == (None, "ungradable")


def test_the_reason_names_the_choices() -> None:
    assert letters("A or C", "A").reason == "the text names several choices: A, C"
    assert letters("B", "A, C").reason == "the reference 'A, C' is A, C, which is more than one; `several` takes that"


def test_an_explanation_shows_what_was_chosen() -> None:
    grader = parse_grader(WITH_OPTIONS)
    from fairmark_graders.sample import Sample

    case = grader.read(Sample("I'd say London."), {"answer": "C", "options": CITIES})  # type: ignore[union-attr]
    assert case == ("B", "C")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"mode": "loose"}, "mode: input should be 'strict', 'marked' or 'anywhere'"),
        ({"count_from": 2}, "count_from: input should be 0 or 1"),
        ({"options": []}, "options: value should have at least 1 item"),
        ({"options": "{{ sample.output_text }}"}, "options.0: expected variables of the item only"),
    ],
)
def test_a_bad_configuration_is_refused_by_field(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidGrader) as refused:
        parse_grader({**LETTERS, **change})
    assert str(refused.value).startswith(problem)


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.lists(st.sampled_from(["A", "(B)", "or", "is", "the answer", "correct", "not", ":", "\n", "so", "**", "C."])))
def test_one_answer_is_right_for_one_reference_at_most(words: list[str]) -> None:
    text = " ".join(words)
    assert sum(letters(text, answer).score or 0 for answer in "ABC") <= 1


def test_without_options_the_letters_a_to_j_are_choices() -> None:
    assert [unknown().place(letter) for letter in "AJK"] == [0, 9, None]
    assert letters("K", "K").score == 1


@pytest.mark.parametrize(
    "unit",
    [
        *[
            "A B C D ",
            r"\boxed{A}",
            r"\boxed{",
            "answer is ",
            "The answer is A or ",
            "(A)",
            "1",
            ",",
            "so A ",
            " ",
            "\n",
        ],
        *["*", "$", "A is correct ", "not (A) ", "if the answer is B ", "Paris or ", "'", "answer to ", "A or ", "\\"],
        *[
            "A|",
            "A) B) ",
            "A\n",
            "also A ",
            "one that is ",
            "<answer>",
            "答案是",
            "ⓑ",
            "a\u0301\u0316",
            "\u0316\u0301",
            "\ufdfa",
            "answer: the the the ",
        ],
    ],
)
def test_hostile_texts_take_milliseconds(unit: str) -> None:
    text = (unit * 250_000)[:250_000]
    cities("warm", "B")
    with cpu_at_most(0.2):
        letters(text, "B")
        cities(text, "B")
