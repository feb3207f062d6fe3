"""The numbers and the verdict of learnability, on outputs whose statistics are known."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from scipy import stats

from fairmark_client.checks.learnability import Estimate, Learnability, mean, measure, share
from fairmark_client.checks.learnability_verdict import judge
from fairmark_client.outputs.output import Output
from fairmark_client.service import Result

WRONG, RIGHT, MIXED, LEAKING = (0, 0, 0, 0), (1, 1, 1, 1), (1, 0, 0, 0), (0.2, 0, 0.2, 0)


def outputs(groups: Sequence[Sequence[float | None]], **fields: Any) -> Iterator[tuple[Output, Result]]:
    """Outputs with these rewards, a group for each row; None is one that could not be graded."""
    for row, rewards in enumerate(groups):
        for seed, reward in enumerate(rewards):
            outcome = "ungradable" if reward is None else "graded"
            result = Result.model_validate({"score": reward, "outcome": outcome})
            yield Output(sample="x" * (seed + 1), item={}, row=row, seed=seed, **fields), result


def measured(*groups: Sequence[float | None], right: float = 1.0, **fields: Any) -> Learnability:
    labels = {row: "even" if row % 2 == 0 else "odd" for row in range(len(groups))}
    return of(outputs(groups, **fields), labels, right)


def of(
    pairs: Iterable[tuple[Output, Result]], labels: Mapping[int, str] | None = None, right: float = 1.0
) -> Learnability:
    both = list(pairs)
    return measure([output for output, _ in both], [result for _, result in both], labels or {}, right)


FOUR = measured(RIGHT, WRONG, MIXED, LEAKING)


def test_the_mean_reward_counts_every_prompt_the_same() -> None:
    assert FOUR.reward.value == pytest.approx((1 + 0 + 0.25 + 0.1) / 4)
    assert measured((1, 1, 1, 1), (0, 0)).reward.value == 0.5


@pytest.mark.parametrize(
    ("which", "rows"),
    [("signal", [2, 3]), ("always_right", [0]), ("always_wrong", [1]), ("wrong_but_varies", [3])],
)
def test_a_prompt_is_told_by_whether_its_rewards_vary_and_any_is_right(which: str, rows: list[int]) -> None:
    assert [prompt.row for prompt in FOUR.prompts if getattr(prompt, which)] == rows


def test_a_reward_that_is_high_enough_is_right() -> None:
    assert [prompt.right for prompt in measured(RIGHT, WRONG, MIXED, LEAKING, right=0.2).prompts] == [4, 0, 1, 2]


def test_pass_at_k_is_the_share_of_ways_to_take_k_outputs_among_which_one_is_right() -> None:
    groups = [(1, 0, 0, 0, 0), (1, 1, 0, 0, 0), (0, 0, 0, 0, 0), (1, 1, 1, 1, 0)]
    found = measured(*groups).passes
    assert list(found) == [1, 2, 4, 5]
    for k, estimate in found.items():
        ways = [[any(some) for some in itertools.combinations(group, k)] for group in groups]
        assert estimate.value == pytest.approx(sum(sum(way) / len(way) for way in ways) / len(groups))


def test_outputs_without_a_true_score_are_counted_and_left_out() -> None:
    found = measured((1, None, 0), (None, 1), (1, 1))
    assert (found.outcomes, found.graded) == ({"graded": 5, "ungradable": 2}, 5 / 7)
    assert [(prompt.row, prompt.rewards) for prompt in found.prompts] == [(0, (1.0, 0.0)), (2, (1.0, 1.0))]


def test_an_output_that_breaks_the_grader_is_no_wrong_answer() -> None:
    (output, _), *rest = outputs([(0, 1, 0)])
    broken = Result(score=0.0, outcome="grader_error")
    found = measure([output, *(o for o, _ in rest)], [broken, *(r for _, r in rest)], {})
    assert found.prompts[0].rewards == (1.0, 0.0)


def test_the_share_cut_off_is_of_those_of_which_that_is_known() -> None:
    pairs = [*outputs([(1, 0)], truncated=True), *outputs([(1, 0)], truncated=False), *outputs([(1, 0, 0, 0)])]
    assert of(pairs).truncated == 0.5
    assert FOUR.truncated is None


def test_prompts_are_parted_by_class() -> None:
    assert {name: [prompt.row for prompt in own] for name, own in FOUR.classes.items()} == {
        "even": [0, 2],
        "odd": [1, 3],
    }


@pytest.mark.parametrize(("count", "of"), [(0, 10), (1, 4), (50, 100), (97, 100), (10, 10)])
def test_a_share_has_wilsons_interval(count: int, of: int) -> None:
    prompts = measured(*[RIGHT] * count, *[WRONG] * (of - count)).prompts
    expected = stats.binomtest(count, of).proportion_ci(method="wilson")
    assert share(prompts, lambda prompt: prompt.always_right) == pytest.approx((count / of, *expected))


def test_a_mean_has_the_bootstraps_interval() -> None:
    values = [n % 7 / 7 for n in range(200)]
    expected = stats.bootstrap((values,), lambda v, axis: v.mean(axis=axis), method="percentile", rng=0)
    assert mean(values) == pytest.approx((math.fsum(values) / 200, *expected.confidence_interval), abs=0.005)


def test_a_mean_of_equal_values_is_not_taken_for_certain() -> None:
    expected = stats.binomtest(9, 9).proportion_ci(method="wilson")
    assert mean([1.0] * 9) == pytest.approx((1, *expected))
    assert mean([2.0] * 9) == Estimate(2, 2, 2)


def test_length_is_held_against_reward_among_outputs_to_one_prompt() -> None:
    """The longer outputs earn more to either prompt, though the prompt with the longer ones earns less."""
    pairs = []
    for row, (base, length) in enumerate([(0.5, 10), (0.0, 100)]):
        for n in range(4):
            output = Output(sample="", item={}, row=row, seed=n, completion_tokens=length + n)
            pairs.append((output, Result(score=base + n / 10, outcome="graded")))
    lengths = of(pairs).lengths
    assert lengths is not None
    assert lengths.unit == "tokens"
    assert lengths.correlation == pytest.approx(1.0)
    assert [(q.shortest, q.longest, q.outputs, round(q.reward, 3)) for q in lengths.quartiles] == [
        (10, 11, 2, 0.55),
        (12, 13, 2, 0.75),
        (100, 101, 2, 0.05),
        (102, 103, 2, 0.25),
    ]


def test_length_is_in_characters_where_a_count_of_tokens_is_missing() -> None:
    pairs = [*outputs([(0, 1, 0)]), *outputs([(0, 1, 0)], completion_tokens=5)]
    lengths = of(pairs).lengths
    assert lengths is not None
    assert (lengths.unit, [(q.shortest, q.longest) for q in lengths.quartiles]) == (
        "characters",
        [(1, 1), (2, 2), (3, 3)],
    )


def test_rewards_that_never_vary_have_no_correlation() -> None:
    lengths = measured(RIGHT, RIGHT).lengths
    assert lengths is not None
    assert lengths.correlation is None


@pytest.mark.parametrize(
    ("groups", "word", "because"),
    [
        ([RIGHT] * 97 + [MIXED] * 3, "no", "97% of the prompts are always right"),
        ([WRONG] * 95 + [MIXED] * 5, "no", "too hard, 95% of the prompts are never right"),
        ([WRONG] * 50 + [RIGHT] * 46 + [MIXED] * 4, "no", "46% of the prompts are always right and 50% never"),
        ([MIXED] * 30 + [RIGHT] * 70, "partly", "30% of the prompts have signal"),
        ([LEAKING] * 60 + [WRONG] * 40, "partly", "60% of the prompts have signal, but no answer is ever right"),
        ([MIXED] * 60 + [RIGHT] * 40, "yes", "60% of the prompts have signal"),
        ([(1, None, None, 0)] * 10, "no", "50% of the outputs have no true score"),
        ([(1, 0)] * 9 + [(1,)], "yes", "100% of the prompts have signal"),
        ([(1,), (0,)], "no", "no prompt has two graded outputs to compare"),
    ],
)
def test_the_verdict_follows_from_where_there_is_signal(groups: Any, word: str, because: str) -> None:
    verdict = judge(measured(*groups))
    assert (verdict.word, verdict.because) == (word, because)
    assert verdict.advice


def test_answers_that_are_cut_off_are_no_proof_of_too_hard_a_task() -> None:
    verdict = judge(measured(*[WRONG] * 20, truncated=True))
    assert verdict.because == "100% of the prompts are never right, and 100% of the outputs are cut off"
    assert "--max-tokens" in verdict.advice


@pytest.mark.parametrize(
    ("groups", "remark"),
    [
        ([MIXED, RIGHT] * 30, "nothing to learn in class odd: 30 prompts, always right"),
        ([MIXED, WRONG] * 30, "nothing to learn in class odd: 30 prompts, never right"),
        (
            [RIGHT, MIXED, WRONG, MIXED],
            "nothing to learn in class even: the rewards to each of its 2 prompts are the same",
        ),
        ([MIXED, LEAKING] * 3, "never right and yet of varying reward, by shaping or noise: rows 1, 3, 5"),
        ([MIXED] * 11 + [LEAKING], "never right and yet of varying reward, by shaping or noise: row 11"),
        ([LEAKING] * 1200, "by shaping or noise: rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,190 more"),
        ([MIXED, RIGHT], "the share with signal may be 9% to 91%: more rows would tell (--rows)"),
        ([(0, 0, 1, 1)] * 20, "longer answers earn more (r = 0.89): watch the length"),
        ([(1, 1, 0, 0)] * 20, "shorter answers earn more (r = -0.89): watch the length"),
        ([(1, 0, 0, 1, 0, None)] * 20, "16.7% of the outputs have no true score, and are left out"),
    ],
)
def test_what_else_is_to_be_known_is_remarked(groups: Any, remark: str) -> None:
    assert any(remark in said for said in judge(measured(*groups)).remarks)


def test_what_is_as_it_should_be_is_not_remarked() -> None:
    assert judge(measured(*[(1, 0, 0, 1)] * 20)).remarks == []


def test_the_advice_keeps_every_prompt_with_signal() -> None:
    groups = [(-3, 0, 0), (0.25, 0, 0.5), (1, 1, 1), (-9, -9, -9), (1, 1, 1)]
    assert "--keep -1:0.25 --out FILE" in judge(measured(*groups)).advice
