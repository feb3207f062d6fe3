"""The key of a verdict."""

import importlib.metadata
import json
import math
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairmark_graders import Case, Shared, parse_grader
from fairmark_service.cache_key import SIZE, cache_key, digest

SIMILARITY = {
    "type": "text_similarity",
    "name": "similarity",
    "input": "{{sample.output_text}}",
    "reference": "{{item.reference_answer}}",
    "evaluation_metric": "fuzzy_match",
}
CASE = Case("the cat sat", "on the mat")


def similarity(**changes: Any) -> Shared:
    grader = parse_grader(SIMILARITY | changes)
    assert isinstance(grader, Shared)
    return grader


def test_another_name_is_a_hit() -> None:
    assert cache_key(similarity(name="other"), CASE) == cache_key(similarity(), CASE)


def test_another_configuration_is_a_miss() -> None:
    assert cache_key(similarity(evaluation_metric="rouge_l"), CASE) != cache_key(similarity(), CASE)


def test_another_revision_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache_key(similarity(), CASE)
    monkeypatch.setattr(type(similarity()), "revision", similarity().revision + 1)
    assert cache_key(similarity(), CASE) != before


def test_another_release_of_a_library_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cache_key(similarity(), CASE)
    real = importlib.metadata.version
    library = similarity().libraries()[0]
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.0.1" if name == library else real(name))
    assert cache_key(similarity(), CASE) != before


def test_another_python_for_programs_is_a_miss() -> None:
    assert cache_key(similarity(), CASE, "3.11.2") != cache_key(similarity(), CASE, "3.13.0")


@pytest.mark.parametrize("seed", ["0", "1", "12345"])
def test_every_process_makes_the_same_key(seed: str) -> None:
    program = (
        "import sys, json; from fairmark_graders import Case, parse_grader;"
        "from fairmark_service.cache_key import cache_key;"
        "print(cache_key(parse_grader(json.loads(sys.argv[1])), Case('the cat sat', {'b': 1, 'a': [None, 2.5]})).hex())"
    )
    arguments = [sys.executable, "-c", program, json.dumps(SIMILARITY)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    printed = subprocess.run(arguments, env=environment, check=True, capture_output=True, text=True).stdout
    assert printed.strip() == cache_key(similarity(), Case("the cat sat", {"b": 1, "a": [None, 2.5]})).hex()


def test_a_digest_never_changes_between_releases() -> None:
    """It is part of what is stored: a change here empties every cache, which only a bug may be worth."""
    value = {"text": "pi ≈ 3.14\ud800", "list": [1, -1, 2**70, 1.0, True, False, None, ""], "object": {}}
    assert digest("0123456789ab", "4", value).hex() == "7d9e56e4e7d5f066d433242d110f9cc66c89f6bb"


def test_two_strings_take_a_short_way_to_the_same_key() -> None:
    grader = similarity()
    assert cache_key(grader, CASE) == digest(grader.version, *CASE)


DIFFERENT: list[list[Any]] = [
    ["a", "bc"], ["ab", "c"], ["abc"], ["abc", ""], ["", "abc"], [["a", "bc"]], [["a"], "bc"],
    [1], ["1"], [1.0], [True], [0], [False], [None], [""], [[]], [{}], [0.0], [-0.0], [-1],
    [{"a": 1, "b": 2}], [{"b": 2, "a": 1}], [{"a": {"b": 2}}], [["a", 1, "b", 2]],
    [10**5000], [10**5000 + 1], [-(10**5000)], ["\ud800"], ["\ud801"], ["?"], ["é"], ["e\u0301"],
    [math.nan], [math.inf], [-math.inf], ["s1:a"], ["a", "s1:a"], [[[]]], [[], []], [[[], []]],
]  # fmt: skip


def test_different_values_have_different_digests() -> None:
    assert len({digest(*values) for values in DIFFERENT}) == len(DIFFERENT)
    assert {len(digest(*values)) for values in DIFFERENT} == {SIZE}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=3), st.lists(JSON, max_size=3))
def test_digests_are_equal_exactly_where_the_json_is(one: list[Any], other: list[Any]) -> None:
    assert (digest(*one) == digest(*other)) == (json.dumps(one) == json.dumps(other))


def test_nesting_of_any_depth_has_a_digest() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert digest(deep) != digest([deep])


def test_what_json_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="expected JSON values, got set"):
        digest({"a": {1, 2}})
