"""What a sample of rows keeps of a data set."""

from fairmark_client.checks.answers import Answers
from fairmark_client.checks.sampling import FEW, ROWS, Sampling
from fairmark_graders import parse_grader


def sampled(*answers: str) -> Sampling:
    sampling = Sampling()
    for line, answer in enumerate(answers, 1):
        sampling.add(line, {"answer": answer}, answer)
    return sampling


def test_a_rare_reference_is_in_the_sample_and_weighs_as_much_as_a_common_one() -> None:
    rows = sampled(*["normal"] * 5000, *["anomaly"] * 3).drawn()
    rare = [row for row in rows if row.reference == "anomaly"]
    assert (len(rare), len(rows)) == (3, 53)
    assert sum(row.weight for row in rare) == 0.5
    assert round(sum(row.natural for row in rare), 6) == round(3 / 5003, 6)


def test_of_many_references_rows_are_drawn_as_they_come() -> None:
    sampling = sampled(*map(str, range(5000)))
    rows = sampling.drawn()
    assert (sampling.few, len(rows)) == (False, ROWS)
    assert {row.weight for row in rows} == {1 / ROWS}
    assert len({row.line for row in rows if row.line > 2500}) > ROWS / 4


def test_the_same_rows_give_the_same_sample() -> None:
    answers = [str(n % FEW) for n in range(1000)]
    assert sampled(*answers).drawn() == sampled(*answers).drawn()


def test_case_and_spaces_make_no_other_reference() -> None:
    assert sampled("Yes", "yes ", "no").counts == {"yes": 2, "no": 1}


def test_json_is_answered_in_every_field_that_a_multi_reads() -> None:
    parts = {
        name: {
            "type": "string_check",
            "input": f"{{{{ sample.output_json.{path} }}}}",
            "reference": "{{ item.x }}",
            "operation": "eq",
        }
        for name, path in (("a", "a"), ("b", "in.b"))
    }
    grader = parse_grader({"type": "multi", "graders": parts, "calculate_output": "a * b"})
    assert Answers(grader).forms(1)["as JSON"] == '{"a": 1, "in": {"b": 1}}'


def test_what_is_full_is_said_by_the_whole_grader_and_not_by_a_part() -> None:
    part = {"type": "string_check", "input": "{{ sample.output_text }}", "reference": "x", "operation": "eq"}
    whole = {"type": "multi", "graders": {"a": {**part, "pass_threshold": 0.3}}, "calculate_output": "a"}
    assert Answers(parse_grader(whole)).full == 1
    assert Answers(parse_grader({**whole, "pass_threshold": 0.5})).full == 0.5
